//! Actions of an accountant on QuickBooks' own pages: receiving a payment, giving a credit, changing, voiding, deleting. The
//! web pages and the control port use them.

use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    fault::Fault,
    writes::{Verb, carry_out},
};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Value, json};

fn applied_line(amount: Decimal, id: &Value, kind: &str) -> Value {
    json!({ "Amount": number(amount), "LinkedTxn": [{ "TxnId": id, "TxnType": kind }] })
}

/// Receives a payment for an invoice. Without an amount, the payment covers the whole balance.
pub(crate) fn receive_payment(
    company: &mut Company,
    invoice: &str,
    amount: Option<Decimal>,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let invoice = company.read(Entity::Invoice, invoice)?.value();
    let amount = amount.or_else(|| decimal(&invoice["Balance"])).unwrap_or_default();
    let body = json!({
        "CustomerRef": invoice["CustomerRef"], "CurrencyRef": invoice["CurrencyRef"], "TotalAmt": number(amount),
        "Line": [applied_line(amount, &invoice["Id"], "Invoice")],
    });
    carry_out(company, Entity::Payment, Verb::Write, &body, context)
}

/// Creates a credit memo without tax and applies it to an invoice. Without an amount, the memo covers the whole
/// balance.
pub(crate) fn give_credit(
    company: &mut Company,
    invoice: &str,
    amount: Option<Decimal>,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let invoice = company.read(Entity::Invoice, invoice)?.value();
    let amount = amount.or_else(|| decimal(&invoice["Balance"])).unwrap_or_default();
    let lines = invoice["Line"].as_array().into_iter().flatten();
    let item = lines.map(|line| &line["SalesItemLineDetail"]["ItemRef"]).find(|item| item["value"].is_string());
    let mut detail = json!({ "ItemRef": item });
    let mut body = json!({ "CustomerRef": invoice["CustomerRef"], "CurrencyRef": invoice["CurrencyRef"] });
    if company.country() == "US" {
        detail["TaxCodeRef"] = json!({ "value": "NON" });
    } else {
        body["GlobalTaxCalculation"] = json!("NotApplicable");
    }
    body["Line"] = json!([{ "DetailType": "SalesItemLineDetail", "Description": "Credit", "Amount": number(amount), "SalesItemLineDetail": detail }]);
    let memo = carry_out(company, Entity::CreditMemo, Verb::Write, &body, context)?;
    let body = json!({
        "CustomerRef": invoice["CustomerRef"], "CurrencyRef": invoice["CurrencyRef"], "TotalAmt": 0,
        "Line": [applied_line(amount, &invoice["Id"], "Invoice"), applied_line(amount, &memo["Id"], "CreditMemo")],
    });
    carry_out(company, Entity::Payment, Verb::Write, &body, context)?;
    company.read(Entity::CreditMemo, memo["Id"].as_str().unwrap_or_default()).map(|row| row.value())
}

/// Changes, voids or deletes an object in its current version. Without an id, creates one.
pub(crate) fn change(
    company: &mut Company,
    entity: Entity,
    id: Option<&str>,
    verb: Verb,
    changes: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let mut body = if changes.is_object() { changes.clone() } else { json!({}) };
    if let Some(id) = id {
        body["Id"] = json!(id);
        body["SyncToken"] = company.read(entity, id)?.value()["SyncToken"].clone();
        body["sparse"] = json!(true);
    }
    carry_out(company, entity, verb, &body, context)
}

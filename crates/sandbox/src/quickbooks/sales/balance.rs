//! What is owed: payments and credits applied to invoices, and each customer's balance.

use super::{amount, payment};
use crate::{
    decimal::{decimal, number, round},
    quickbooks::{
        company::{Act, Company},
        entity::Entity,
        fault::Fault,
        objects::touch,
        webhooks::Operation,
    },
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// How much of an invoice is paid, or of a credit used.
pub(super) fn applied(entity: Entity, row: &Value) -> Decimal {
    match entity {
        Entity::Invoice => amount(row, "TotalAmt") - amount(row, "Deposit") - amount(row, "Balance"),
        Entity::CreditMemo => amount(row, "TotalAmt") - amount(row, "Balance"),
        _ => Decimal::ZERO,
    }
}

/// What one transaction adds to its customer's balance.
fn weight(entity: Entity, row: &Value) -> Decimal {
    match entity {
        Entity::Invoice => amount(row, "Balance"),
        Entity::CreditMemo => -amount(row, "Balance"),
        Entity::Payment => -amount(row, "UnappliedAmt"),
        _ => Decimal::ZERO,
    }
}

/// Brings the customer's balance after a transaction from what it was to what it is.
pub(super) fn owed(company: &mut Company, entity: Entity, before: Option<&Value>, after: Option<&Value>) {
    for (row, sign) in [(before, -Decimal::ONE), (after, Decimal::ONE)] {
        if let Some(row) = row {
            add_to_customer(company, &row["CustomerRef"]["value"], weight(entity, row) * sign);
        }
    }
}

fn add_to_customer(company: &mut Company, id: &Value, change: Decimal) {
    let mut next = id.as_str().map(str::to_owned).filter(|_| !change.is_zero());
    let mut own = true;
    while let Some(mut row) = next.take().and_then(|id| company.get(Entity::Customer, &id)) {
        if own {
            row["Balance"] = number(amount(&row, "Balance") + change);
        }
        row["BalanceWithJobs"] = number(amount(&row, "BalanceWithJobs") + change);
        company.put_quietly(Entity::Customer, &row);
        own = false;
        next = row["ParentRef"]["value"].as_str().map(str::to_owned);
    }
}

/// Applies `change` (negative: gives back) of a payment to an invoice or a credit memo; its `SyncToken` moves.
pub(super) fn settle(company: &mut Company, entity: Entity, id: &str, change: Decimal, payment: &str, act: &Act) {
    let Some(before) = company.get(entity, id) else { return };
    let mut row = before.clone();
    let open = amount(&row, "Balance") - change;
    row["Balance"] = number(open);
    if entity == Entity::CreditMemo {
        row["RemainingCredit"] = number(open);
    }
    if let Some(rate) = decimal(&row["ExchangeRate"]) {
        row["HomeBalance"] = number(round(open * rate, company.decimals(company.home_currency())));
    }
    let mut links = row["LinkedTxn"].as_array().cloned().unwrap_or_default();
    links.retain(|link| !(link["TxnId"] == json!(payment) && link["TxnType"] == json!("Payment")));
    if change > Decimal::ZERO {
        links.push(json!({ "TxnId": payment, "TxnType": "Payment" }));
    }
    row["LinkedTxn"] = Value::Array(links);
    let row = touch(company, entity, row, Operation::Update, act);
    owed(company, entity, Some(&before), Some(&row));
}

/// Takes payments off a transaction that has come to less than they are, the last first.
pub(super) fn release(company: &mut Company, entity: Entity, id: &str, mut excess: Decimal, act: &Act) {
    let links = company.get(entity, id).and_then(|row| row["LinkedTxn"].as_array().cloned()).unwrap_or_default();
    for link in links.iter().rev().filter(|link| link["TxnType"] == json!("Payment")) {
        let Some(mut row) = company.get(Entity::Payment, link["TxnId"].as_str().unwrap_or_default()) else { continue };
        let before = row.clone();
        for line in row["Line"].as_array_mut().into_iter().flatten() {
            if payment::links_to(line, entity, id) {
                let taken = amount(line, "Amount").min(excess);
                line["Amount"] = number(amount(line, "Amount") - taken);
                excess -= taken;
            }
        }
        if let Some(lines) = row["Line"].as_array_mut() {
            lines.retain(|line| decimal(&line["Amount"]).is_some_and(|amount| !amount.is_zero()));
        }
        row["UnappliedAmt"] = number(payment::unapplied(&row));
        let row = touch(company, Entity::Payment, row, Operation::Update, act);
        owed(company, Entity::Payment, Some(&before), Some(&row));
    }
}

/// An invoice that is made of an estimate closes it.
pub(super) fn close_estimate(company: &mut Company, estimate: &str, invoice: &str, act: &Act) {
    if let Some(mut row) = company.get(Entity::Estimate, estimate) {
        row["TxnStatus"] = json!("Closed");
        let mut links = row["LinkedTxn"].as_array().cloned().unwrap_or_default();
        links.push(json!({ "TxnId": invoice, "TxnType": "Invoice" }));
        row["LinkedTxn"] = Value::Array(links);
        touch(company, Entity::Estimate, row, Operation::Update, act);
    }
}

/// A customer's invoices with something open, the oldest first.
pub(super) fn open_invoices(company: &Company, customer: &str) -> Vec<Value> {
    open(company, Entity::Invoice, customer)
}

fn open(company: &Company, entity: Entity, customer: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = company
        .all(entity)
        .filter(|row| row["CustomerRef"]["value"] == json!(customer) && amount(row, "Balance") > Decimal::ZERO)
        .collect();
    rows.sort_by_key(|row| row["TxnDate"].as_str().unwrap_or_default().to_owned());
    rows
}

/// `AutoApplyCredit`: open credits go to open invoices, by payments of nothing, as QuickBooks itself does it.
pub(super) fn apply_credits(company: &mut Company, customer: &str, act: &Act) -> Result<(), Fault> {
    while let (Some(credit), Some(invoice)) = (
        open(company, Entity::CreditMemo, customer).into_iter().next(),
        open(company, Entity::Invoice, customer).into_iter().next(),
    ) {
        let part = number(amount(&credit, "Balance").min(amount(&invoice, "Balance")));
        let line =
            |row: &Value, kind: &str| json!({ "Amount": part, "LinkedTxn": [{ "TxnId": row["Id"], "TxnType": kind }] });
        let body = json!({
            "CustomerRef": { "value": customer }, "CurrencyRef": invoice["CurrencyRef"], "TotalAmt": 0,
            "Line": [line(&invoice, "Invoice"), line(&credit, "CreditMemo")],
        });
        payment::write(company, &body, act)?;
    }
    Ok(())
}

//! Balances of invoices, credit memos and customers.

use super::{
    links::{links_to, unapplied},
    row::amount,
};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    objects::draft::store_changed,
};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number, round};
use serde_json::{Value, json};

/// Returns the paid part of an invoice, or the used part of a credit memo.
pub(super) fn applied_amount(entity: Entity, row: &Value) -> Decimal {
    match entity {
        Entity::Invoice => amount(row, "TotalAmt") - amount(row, "Deposit") - amount(row, "Balance"),
        Entity::CreditMemo => amount(row, "TotalAmt") - amount(row, "Balance"),
        _ => Decimal::ZERO,
    }
}

/// Returns the share of a transaction in its customer's balance.
fn balance_share(entity: Entity, row: &Value) -> Decimal {
    match entity {
        Entity::Invoice => amount(row, "Balance"),
        Entity::CreditMemo => -amount(row, "Balance"),
        Entity::Payment => -amount(row, "UnappliedAmt"),
        _ => Decimal::ZERO,
    }
}

/// Updates the customer's balance after a transaction has changed.
pub(super) fn update_customer(company: &mut Company, entity: Entity, before: Option<&Value>, after: Option<&Value>) {
    for (row, sign) in [(before, -Decimal::ONE), (after, Decimal::ONE)] {
        if let Some(row) = row {
            add_to_customer(company, &row["CustomerRef"]["value"], balance_share(entity, row) * sign);
        }
    }
}

fn add_to_customer(company: &mut Company, id: &Value, change: Decimal) {
    let mut next = id.as_str().map(str::to_owned).filter(|_| !change.is_zero());
    let mut is_first = true;
    while let Some(mut row) = next.take().and_then(|id| company.get(Entity::Customer, &id)) {
        if is_first {
            row["Balance"] = number(amount(&row, "Balance") + change);
        }
        row["BalanceWithJobs"] = number(amount(&row, "BalanceWithJobs") + change);
        company.put_without_event(Entity::Customer, &row);
        is_first = false;
        next = row["ParentRef"]["value"].as_str().map(str::to_owned);
    }
}

/// Applies a payment to an invoice or a credit memo. A negative change reverses this. The `SyncToken` advances.
pub(super) fn apply_payment(
    company: &mut Company,
    entity: Entity,
    id: &str,
    change: Decimal,
    payment: &str,
    context: &WriteContext,
) {
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
    let row = store_changed(company, entity, row, Operation::Update, context);
    update_customer(company, entity, Some(&before), Some(&row));
}

/// Unapplies the payments that exceed the total of a transaction, the last payment first.
pub(super) fn unapply_payments(
    company: &mut Company,
    entity: Entity,
    id: &str,
    mut excess: Decimal,
    context: &WriteContext,
) {
    let links = company.get(entity, id).and_then(|row| row["LinkedTxn"].as_array().cloned()).unwrap_or_default();
    for link in links.iter().rev().filter(|link| link["TxnType"] == json!("Payment")) {
        let Some(mut row) = company.get(Entity::Payment, link["TxnId"].as_str().unwrap_or_default()) else { continue };
        let before = row.clone();
        for line in row["Line"].as_array_mut().into_iter().flatten() {
            if links_to(line, entity, id) {
                let released = amount(line, "Amount").min(excess);
                line["Amount"] = number(amount(line, "Amount") - released);
                excess -= released;
            }
        }
        if let Some(lines) = row["Line"].as_array_mut() {
            lines.retain(|line| decimal(&line["Amount"]).is_some_and(|amount| !amount.is_zero()));
        }
        row["UnappliedAmt"] = number(unapplied(&row));
        let row = store_changed(company, Entity::Payment, row, Operation::Update, context);
        update_customer(company, Entity::Payment, Some(&before), Some(&row));
    }
}

/// Closes an estimate for which an invoice was created.
pub(super) fn close_estimate(company: &mut Company, estimate: &str, invoice: &str, context: &WriteContext) {
    if let Some(mut row) = company.get(Entity::Estimate, estimate) {
        row["TxnStatus"] = json!("Closed");
        let mut links = row["LinkedTxn"].as_array().cloned().unwrap_or_default();
        links.push(json!({ "TxnId": invoice, "TxnType": "Invoice" }));
        row["LinkedTxn"] = Value::Array(links);
        store_changed(company, Entity::Estimate, row, Operation::Update, context);
    }
}

/// Lists a customer's invoices or credit memos with an open balance, the oldest first.
pub(super) fn list_open(company: &Company, entity: Entity, customer: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = company
        .all(entity)
        .filter(|row| row["CustomerRef"]["value"] == json!(customer) && amount(row, "Balance") > Decimal::ZERO)
        .collect();
    rows.sort_by_key(|row| row["TxnDate"].as_str().unwrap_or_default().to_owned());
    rows
}

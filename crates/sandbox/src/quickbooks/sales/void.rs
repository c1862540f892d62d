//! Taking back: void, and what a deletion undoes first.

use super::{amount, balance, open_period, payment, stock};
use crate::quickbooks::{
    company::{Act, Company, PaidInvoice},
    entity::Entity,
    fault::Fault,
    objects::{current, touch},
    webhooks::Operation,
};
use serde_json::{Value, json};

/// Voids: the amounts become zero, the note says so, the number and the date stay.
pub(in crate::quickbooks) fn void(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    act: &Act,
) -> Result<Value, Fault> {
    if !entity.is_transaction() || entity == Entity::Estimate {
        return Err(Fault::unsupported(&format!("void {}", entity.name())));
    }
    let mut row = current(company, entity, body)?;
    open_period(company, row["TxnDate"].as_str().unwrap_or_default())?;
    if entity == Entity::Payment {
        let before = row.clone();
        payment::take_back(company, &row, act);
        row["Line"] = json!([]);
        row["UnappliedAmt"] = json!(0);
        row["TotalAmt"] = json!(0);
        balance::owed(company, entity, Some(&before), None);
    } else {
        if entity == Entity::Invoice && is_paid(&row) && company.quirks.void_paid == PaidInvoice::Refused {
            return Err(Fault::is_paid("voiding"));
        }
        let id = row["Id"].as_str().unwrap_or_default().to_owned();
        balance::release(company, entity, &id, balance::applied(entity, &row), act);
        balance::owed(company, entity, Some(&row), None);
        stock::moved(company, entity, Some(&row), None);
        for line in row["Line"].as_array_mut().into_iter().flatten() {
            zero(line);
            for line in line.pointer_mut("/GroupLineDetail/Line").and_then(Value::as_array_mut).into_iter().flatten() {
                zero(line);
            }
        }
        for member in ["TotalAmt", "Balance", "RemainingCredit", "HomeTotalAmt", "HomeBalance", "Deposit"] {
            if row[member].is_number() {
                row[member] = json!(0);
            }
        }
        row["TxnTaxDetail"] = json!({ "TotalTax": 0 });
    }
    row["LinkedTxn"] = json!([]);
    row["PrivateNote"] = match row["PrivateNote"].as_str() {
        Some(note) if note.starts_with("Voided") => json!(note),
        Some(note) if !note.is_empty() => json!(format!("Voided - {note}")),
        _ => json!("Voided"),
    };
    Ok(touch(company, entity, row, Operation::Void, act))
}

fn zero(line: &mut Value) {
    if line["Amount"].is_number() {
        line["Amount"] = json!(0);
    }
    if line["SalesItemLineDetail"]["Qty"].is_number() {
        line["SalesItemLineDetail"]["Qty"] = json!(0);
    }
    if line["SalesItemLineDetail"]["TaxInclusiveAmt"].is_number() {
        line["SalesItemLineDetail"]["TaxInclusiveAmt"] = json!(0);
    }
}

fn is_paid(row: &Value) -> bool {
    row["LinkedTxn"].as_array().into_iter().flatten().any(|link| link["TxnType"] == json!("Payment"))
}

/// Undoes what a transaction did to others.
pub(in crate::quickbooks) fn before_delete(
    company: &mut Company,
    entity: Entity,
    row: &Value,
    act: &Act,
) -> Result<(), Fault> {
    open_period(company, row["TxnDate"].as_str().unwrap_or_default())?;
    let links = row["LinkedTxn"].as_array().cloned().unwrap_or_default();
    if is_paid(row) {
        if entity != Entity::Invoice {
            return Err(Fault::business("You must unlink the payments before deleting this transaction."));
        }
        if company.quirks.delete_paid == PaidInvoice::Refused {
            return Err(Fault::is_paid("deleting"));
        }
        let id = row["Id"].as_str().unwrap_or_default();
        balance::release(company, entity, id, balance::applied(entity, row), act);
    }
    if entity == Entity::Payment {
        payment::take_back(company, row, act);
    }
    for link in links.iter().filter(|link| entity == Entity::Invoice && link["TxnType"] == json!("Estimate")) {
        if let Some(mut estimate) = company.get(Entity::Estimate, link["TxnId"].as_str().unwrap_or_default()) {
            estimate["TxnStatus"] = json!("Pending");
            estimate["LinkedTxn"] = json!([]);
            touch(company, Entity::Estimate, estimate, Operation::Update, act);
        }
    }
    debug_assert!(entity == Entity::Payment || amount(row, "TotalAmt") >= rust_decimal::Decimal::ZERO);
    balance::owed(company, entity, Some(row), None);
    stock::moved(company, entity, Some(row), None);
    Ok(())
}

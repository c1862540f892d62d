//! Voids, and the effects of a deletion on other transactions.

use super::{
    balance, payment,
    row::{amount, check_open_period},
    stock,
};
use crate::{
    company::{Company, PaidInvoice, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    objects::draft::{current_row, store_changed},
};
use serde_json::{Value, json};

/// Voids a transaction. Its amounts become zero, and its note begins with "Voided". Number and date stay.
pub(crate) fn void(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    if !entity.is_transaction() || entity == Entity::Estimate {
        return Err(Fault::unsupported(&format!("void {}", entity.name())));
    }
    let mut row = current_row(company, entity, body)?;
    check_open_period(company, row["TxnDate"].as_str().unwrap_or_default())?;
    if entity == Entity::Payment {
        let before = row.clone();
        payment::unapply(company, &row, context);
        row["Line"] = json!([]);
        row["UnappliedAmt"] = json!(0);
        row["TotalAmt"] = json!(0);
        balance::update_customer(company, entity, Some(&before), None);
    } else {
        if entity == Entity::Invoice && is_paid(&row) && company.quirks.void_paid == PaidInvoice::Refused {
            return Err(Fault::has_payments("voiding"));
        }
        let id = row["Id"].as_str().unwrap_or_default().to_owned();
        balance::unapply_payments(company, entity, &id, balance::applied_amount(entity, &row), context);
        balance::update_customer(company, entity, Some(&row), None);
        stock::update(company, entity, Some(&row), None);
        for line in row["Line"].as_array_mut().into_iter().flatten() {
            clear_amounts(line);
            for line in line.pointer_mut("/GroupLineDetail/Line").and_then(Value::as_array_mut).into_iter().flatten() {
                clear_amounts(line);
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
    Ok(store_changed(company, entity, row, Operation::Void, context))
}

fn clear_amounts(line: &mut Value) {
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

/// Reverses the effects of a transaction on others, before it is deleted.
pub(crate) fn reverse_effects(
    company: &mut Company,
    entity: Entity,
    row: &Value,
    context: &WriteContext,
) -> Result<(), Fault> {
    check_open_period(company, row["TxnDate"].as_str().unwrap_or_default())?;
    let links = row["LinkedTxn"].as_array().cloned().unwrap_or_default();
    if is_paid(row) {
        if entity != Entity::Invoice {
            return Err(Fault::business("You must unlink the payments before deleting this transaction."));
        }
        if company.quirks.delete_paid == PaidInvoice::Refused {
            return Err(Fault::has_payments("deleting"));
        }
        let id = row["Id"].as_str().unwrap_or_default();
        balance::unapply_payments(company, entity, id, balance::applied_amount(entity, row), context);
    }
    if entity == Entity::Payment {
        payment::unapply(company, row, context);
    }
    for link in links.iter().filter(|link| entity == Entity::Invoice && link["TxnType"] == json!("Estimate")) {
        if let Some(mut estimate) = company.get(Entity::Estimate, link["TxnId"].as_str().unwrap_or_default()) {
            estimate["TxnStatus"] = json!("Pending");
            estimate["LinkedTxn"] = json!([]);
            store_changed(company, Entity::Estimate, estimate, Operation::Update, context);
        }
    }
    debug_assert!(entity == Entity::Payment || amount(row, "TotalAmt") >= rust_decimal::Decimal::ZERO);
    balance::update_customer(company, entity, Some(row), None);
    stock::update(company, entity, Some(row), None);
    Ok(())
}

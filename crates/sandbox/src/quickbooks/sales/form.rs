//! Writing a sales form: from the request to the row that QuickBooks keeps.

use super::{amount, balance, header, lines, open_period, stock, tax, terms, totals};
use crate::quickbooks::{
    company::{Act, Company},
    entity::Entity,
    fault::Fault,
    objects::{addresses, begin, finish, today_or},
    webhooks::Operation,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Members that make QuickBooks compute taxes and totals anew.
const COUNTED: [&str; 4] = ["Line", "TxnTaxDetail", "GlobalTaxCalculation", "ApplyTaxAfterDiscount"];

/// References that do so when they change. Sent as they are, they leave taxes that a request stated itself.
const COUNTED_IF_CHANGED: [&str; 2] = ["CurrencyRef", "CustomerRef"];

/// Creates or updates a sales form.
pub(in crate::quickbooks) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    act: &Act,
) -> Result<Value, Fault> {
    let mut draft = begin(company, entity, body)?;
    let before = draft.before.take();
    if let Some(before) = &before {
        open_period(company, before["TxnDate"].as_str().unwrap_or_default())?;
    }
    let date = today_or(&draft.row, "TxnDate", act).to_string();
    open_period(company, &date)?;
    draft.row.insert("TxnDate".into(), json!(date));
    let customer = header::customer(company, entity, &mut draft.row)?;
    header::currency(company, &mut draft, customer.as_ref(), &date)?;
    header::references(company, &mut draft.row)?;
    if entity == Entity::Invoice || entity == Entity::Estimate {
        terms::due(company, entity, &mut draft, customer.as_ref())?;
    }
    let recount = before.is_none()
        || draft.sent.get("sparse") != Some(&json!(true))
        || COUNTED.iter().any(|member| draft.sent.contains_key(*member))
        || COUNTED_IF_CHANGED.iter().any(|member| {
            let before = before.as_ref().map_or(&Value::Null, |before| &before[*member]["value"]);
            draft.sent.get(*member).is_some_and(|sent| sent["value"] != *before)
        });
    if recount {
        let form = lines::read(company, entity, &draft.row, before.as_ref())?;
        let taxed = tax::compute(company, &mut draft, &form, customer.as_ref())?;
        totals::write(company, entity, &mut draft.row, form, taxed)?;
    }
    let applied = before.as_ref().map_or(Decimal::ZERO, |before| balance::applied(entity, before));
    let excess = totals::balance(company, entity, &mut draft.row, applied);
    header::number(company, entity, &mut draft, before.as_ref(), act)?;
    header::email(&draft)?;
    header::custom_fields(company, &mut draft.row);
    header::defaults(company, entity, &mut draft.row, customer.as_ref());
    addresses(company, &mut draft.row);
    let estimate = header::links(company, entity, &mut draft, before.as_ref())?;

    let operation = if before.is_some() { Operation::Update } else { Operation::Create };
    let row = finish(company, entity, draft.row, operation, act);
    balance::owed(company, entity, before.as_ref(), Some(&row));
    stock::moved(company, entity, before.as_ref(), Some(&row));
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    if let Some(estimate) = estimate {
        balance::close_estimate(company, &estimate, &id, act);
    }
    if !excess.is_zero() {
        balance::release(company, entity, &id, excess, act);
    }
    if before.is_none()
        && matches!(entity, Entity::Invoice | Entity::CreditMemo)
        && company.prefers("SalesFormsPrefs", "AutoApplyCredit")
    {
        balance::apply_credits(company, row["CustomerRef"]["value"].as_str().unwrap_or_default(), act)?;
    }
    let row = company.get(entity, &id).unwrap_or(row);
    debug_assert!(amount(&row, "TotalAmt") >= Decimal::ZERO);
    Ok(row)
}

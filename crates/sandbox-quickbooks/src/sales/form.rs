//! Writes of a sales form, from the request to the stored row.

use super::{
    balance, header, lines, payment,
    row::{amount, check_open_period},
    stock, tax, terms, totals,
};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    objects::draft::{assign_address_ids, begin_write, date_or_today, finish_write},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Members whose presence in a request causes taxes and totals to be computed again.
const TAX_INPUTS: [&str; 4] = ["Line", "TxnTaxDetail", "GlobalTaxCalculation", "ApplyTaxAfterDiscount"];

/// References that cause this only if they change. Otherwise, taxes that an earlier request stated are kept.
const TAX_INPUT_REFERENCES: [&str; 2] = ["CurrencyRef", "CustomerRef"];

/// Creates or updates a sales form.
pub(crate) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let mut draft = begin_write(company, entity, body)?;
    let before = draft.before.take();
    if let Some(before) = &before {
        check_open_period(company, before["TxnDate"].as_str().unwrap_or_default())?;
    }
    let date = date_or_today(&draft.row, "TxnDate", context).to_string();
    check_open_period(company, &date)?;
    draft.row.insert("TxnDate".into(), json!(date));
    let customer = header::set_customer(company, entity, &mut draft.row)?;
    header::set_currency(company, &mut draft, customer.as_ref(), &date)?;
    header::resolve_references(company, &mut draft.row)?;
    if entity == Entity::Invoice || entity == Entity::Estimate {
        terms::set_due_date(company, entity, &mut draft, customer.as_ref())?;
    }
    let needs_recount = before.is_none()
        || draft.request.get("sparse") != Some(&json!(true))
        || TAX_INPUTS.iter().any(|member| draft.request.contains_key(*member))
        || TAX_INPUT_REFERENCES.iter().any(|member| {
            let before = before.as_ref().map_or(&Value::Null, |before| &before[*member]["value"]);
            draft.request.get(*member).is_some_and(|reference| reference["value"] != *before)
        });
    if needs_recount {
        let form = lines::read_lines(company, entity, &draft.row, before.as_ref())?;
        let taxes = tax::compute(company, &mut draft, &form, customer.as_ref())?;
        totals::write(company, entity, &mut draft.row, form, taxes)?;
    }
    let applied = before.as_ref().map_or(Decimal::ZERO, |before| balance::applied_amount(entity, before));
    let excess = totals::write_balance(company, entity, &mut draft.row, applied);
    header::set_number(company, entity, &mut draft, before.as_ref(), context)?;
    header::check_email(&draft)?;
    header::set_custom_fields(company, &mut draft.row);
    header::fill_defaults(company, entity, &mut draft.row, customer.as_ref());
    assign_address_ids(company, &mut draft.row);
    let estimate = header::check_links(company, entity, &mut draft, before.as_ref())?;

    let operation = if before.is_some() { Operation::Update } else { Operation::Create };
    let row = finish_write(company, entity, draft.row, operation, context);
    balance::update_customer(company, entity, before.as_ref(), Some(&row));
    stock::update(company, entity, before.as_ref(), Some(&row));
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    if let Some(estimate) = estimate {
        balance::close_estimate(company, &estimate, &id, context);
    }
    if !excess.is_zero() {
        balance::unapply_payments(company, entity, &id, excess, context);
    }
    if before.is_none()
        && matches!(entity, Entity::Invoice | Entity::CreditMemo)
        && company.has_preference("SalesFormsPrefs", "AutoApplyCredit")
    {
        payment::apply_credits(company, row["CustomerRef"]["value"].as_str().unwrap_or_default(), context)?;
    }
    let row = company.get(entity, &id).unwrap_or(row);
    debug_assert!(amount(&row, "TotalAmt") >= Decimal::ZERO);
    Ok(row)
}

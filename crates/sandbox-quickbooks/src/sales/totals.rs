//! Totals and balances of forms.

use super::{lines::Form, tax::FormTaxes};
use crate::{company::Company, entity::Entity, fault::Fault};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number, round};
use serde_json::{Map, Value, json};

/// Writes lines, taxes and the total to `row`. Lines are in QuickBooks' order: sales, subtotal, discount, shipping and
/// tip.
pub(super) fn write(
    company: &Company,
    entity: Entity,
    row: &mut Map<String, Value>,
    form: Form,
    taxes: FormTaxes,
) -> Result<(), Fault> {
    let Form { body, discount_line, extras, decimals, .. } = form;
    let subtotal: Decimal = taxes.nets.iter().sum();
    let mut lines = body;
    lines.push(json!({ "Amount": number(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }));
    if let Some(mut line) = discount_line {
        line["Amount"] = number(taxes.discount);
        lines.push(line);
    }
    let mut extra = Decimal::ZERO;
    for (line, price, _) in extras {
        extra += price.net;
        lines.push(line);
    }
    let total = round(subtotal - taxes.discount + extra + taxes.total, decimals);
    if total < Decimal::ZERO {
        return Err(Fault::negative("TotalAmt"));
    }
    row.insert("Line".into(), Value::Array(lines));
    row.insert("TxnTaxDetail".into(), taxes.detail);
    row.insert("TotalAmt".into(), number(total));
    let deposit = row.get("Deposit").and_then(decimal).unwrap_or_default();
    if deposit.is_zero() || entity != Entity::Invoice {
        row.remove("Deposit");
    } else if !company.has_preference("SalesFormsPrefs", "AllowDeposit") {
        return Err(Fault::feature("Deposit"));
    } else if deposit < Decimal::ZERO {
        return Err(Fault::negative("Deposit"));
    } else if deposit > total {
        return Err(Fault::amount("Deposit", "The deposit is greater than the total"));
    }
    Ok(())
}

/// Writes the balance after `applied` payments and credits. Returns the amount by which they exceed the total.
pub(super) fn write_balance(
    company: &Company,
    entity: Entity,
    row: &mut Map<String, Value>,
    applied: Decimal,
) -> Decimal {
    let amount = |row: &Map<String, Value>, member: &str| row.get(member).and_then(decimal).unwrap_or_default();
    let total = amount(row, "TotalAmt");
    let open = total - amount(row, "Deposit") - applied;
    let excess = (-open).max(Decimal::ZERO);
    let open = open.max(Decimal::ZERO);
    match entity {
        Entity::Invoice => {
            row.insert("Balance".into(), number(open));
        }
        Entity::CreditMemo => {
            row.insert("Balance".into(), number(open));
            row.insert("RemainingCredit".into(), number(open));
        }
        Entity::SalesReceipt | Entity::RefundReceipt => {
            row.insert("Balance".into(), json!(0));
        }
        _ => {}
    }
    if company.multicurrency() {
        let rate = row.get("ExchangeRate").and_then(decimal).unwrap_or(Decimal::ONE);
        let decimals = company.decimals(company.home_currency());
        row.insert("HomeTotalAmt".into(), number(round(total * rate, decimals)));
        if matches!(entity, Entity::Invoice | Entity::CreditMemo) {
            row.insert("HomeBalance".into(), number(round(open * rate, decimals)));
        }
    }
    excess
}

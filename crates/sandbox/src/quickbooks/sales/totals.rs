//! Totals and balances: what the lines, the discount, shipping and the taxes come to.

use super::{lines::Form, lines::includes_tax, tax::Taxed};
use crate::{
    decimal::{decimal, number, round},
    quickbooks::{company::Company, entity::Entity, fault::Fault},
};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Writes lines, taxes and the total into `row`. Lines stand in QuickBooks' order: what is sold, the subtotal, the
/// discount, shipping and tip.
pub(super) fn write(
    company: &Company,
    entity: Entity,
    row: &mut Map<String, Value>,
    form: Form,
    taxed: Taxed,
) -> Result<(), Fault> {
    let including = includes_tax(company, row);
    let Form { mut body, sales, discount_line, extras, decimals, .. } = form;
    if including {
        for (sale, net) in sales.iter().zip(&taxed.nets) {
            let line = match sale.at {
                (at, None) => &mut body[at],
                (at, Some(inner)) => &mut body[at]["GroupLineDetail"]["Line"][inner],
            };
            line["Amount"] = number(*net);
            line["SalesItemLineDetail"]["TaxInclusiveAmt"] = number(sale.entered);
            if line["SalesItemLineDetail"]["UnitPrice"].is_number() && !sale.quantity.is_zero() {
                line["SalesItemLineDetail"]["UnitPrice"] = number(round(net / sale.quantity, 7));
            }
        }
        for line in body.iter_mut().filter(|line| line["GroupLineDetail"].is_object()) {
            let inner = line["GroupLineDetail"]["Line"].as_array().into_iter().flatten();
            line["Amount"] = number(inner.filter_map(|line| decimal(&line["Amount"])).sum());
        }
    }
    let subtotal: Decimal = taxed.nets.iter().sum();
    let mut lines = body;
    lines.push(json!({ "Amount": number(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }));
    if let Some(mut line) = discount_line {
        line["Amount"] = number(taxed.discount);
        lines.push(line);
    }
    let mut extra = Decimal::ZERO;
    for (line, amount, _) in extras {
        extra += amount;
        lines.push(line);
    }
    let total = round(subtotal - taxed.discount + extra + taxed.total, decimals);
    if total < Decimal::ZERO {
        return Err(Fault::negative("TotalAmt"));
    }
    row.insert("Line".into(), Value::Array(lines));
    row.insert("TxnTaxDetail".into(), taxed.detail);
    row.insert("TotalAmt".into(), number(total));
    let deposit = row.get("Deposit").and_then(decimal).unwrap_or_default();
    if deposit.is_zero() || entity != Entity::Invoice {
        row.remove("Deposit");
    } else if !company.prefers("SalesFormsPrefs", "AllowDeposit") {
        return Err(Fault::feature("Deposit"));
    } else if deposit < Decimal::ZERO {
        return Err(Fault::negative("Deposit"));
    } else if deposit > total {
        return Err(Fault::amount("Deposit", "The deposit is greater than the total"));
    }
    Ok(())
}

/// Writes the balance that `applied` payments and credits leave open. Gives back how much of them is too much now.
pub(super) fn balance(company: &Company, entity: Entity, row: &mut Map<String, Value>, applied: Decimal) -> Decimal {
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
        row.insert("HomeTotalAmt".into(), number(round(total * rate, 2)));
        if matches!(entity, Entity::Invoice | Entity::CreditMemo) {
            row.insert("HomeBalance".into(), number(round(open * rate, 2)));
        }
    }
    excess
}

//! Tax codes as lists of rates, and the taxes that they put on one amount.

use crate::{
    company::{Company, TaxInclusiveAmount},
    entity::Entity,
};
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::{decimal, round};
use serde_json::Value;

/// One rate of a tax code.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    pub(super) id: String,
    pub(super) percent: Decimal,
    /// Base of the rate.
    base: Base,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Amount,
    AmountAndTax,
    Tax,
}

/// Price of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) net: Decimal,
    /// Equal to `net` if the form's prices do not include tax.
    pub(super) gross: Decimal,
}

pub(super) fn rates(company: &Company, code: &str) -> Vec<Rate> {
    let code = company.get(Entity::TaxCode, code).unwrap_or_default();
    let mut details: Vec<Value> = code["SalesTaxRateList"]["TaxRateDetail"].as_array().cloned().unwrap_or_default();
    details.sort_by_key(|detail| detail["TaxOrder"].as_i64().unwrap_or(0));
    details
        .iter()
        .filter_map(|detail| {
            let rate = company.get(Entity::TaxRate, detail["TaxRateRef"]["value"].as_str()?)?;
            let base = match detail["TaxTypeApplicable"].as_str() {
                Some("TaxOnAmountPlusTax") => Base::AmountAndTax,
                Some("TaxOnTax") => Base::Tax,
                _ => Base::Amount,
            };
            Some(Rate { id: rate["Id"].as_str()?.to_owned(), percent: decimal(&rate["RateValue"])?, base })
        })
        .collect()
}

/// Returns the base and the tax of each rate on an amount, without rounding.
pub(super) fn taxes_on(amount: Decimal, rates: &[Rate]) -> Vec<(Decimal, Decimal)> {
    let mut taxes: Vec<(Decimal, Decimal)> = Vec::new();
    for rate in rates {
        let previous_taxes: Decimal = taxes.iter().map(|(_, tax)| *tax).sum();
        let base = match rate.base {
            Base::Amount => amount,
            Base::AmountAndTax => amount + previous_taxes,
            Base::Tax => previous_taxes,
        };
        taxes.push((base, base * rate.percent / dec!(100)));
    }
    taxes
}

/// Returns the price of a line of a form that includes tax.
///
/// Recorded answers, and requests of clients in production, have a net `Amount` with a gross `TaxInclusiveAmt`. Such a
/// pair is accepted unchanged, so that an answer can be sent back. Any other request has two readings.
pub(super) fn inclusive_price(
    company: &Company,
    code: Option<&str>,
    amount: Decimal,
    stated: Option<Decimal>,
    decimals: u32,
) -> Price {
    let rates = code.map(|code| rates(company, code)).unwrap_or_default();
    let tax: Decimal = taxes_on(amount, &rates).iter().map(|(_, tax)| round(*tax, decimals)).sum();
    let is_taxed = rates.iter().any(|rate| !rate.percent.is_zero());
    // Clients round the tax of a line in different ways.
    let is_close = |gross: &Decimal| is_taxed && (*gross - amount - tax).abs() <= Decimal::new(2, decimals);
    match (stated, company.quirks.tax_inclusive_amount) {
        (Some(gross), _) if gross != amount && is_close(&gross) => Price { net: amount, gross },
        (_, TaxInclusiveAmount::Net) => Price { net: amount, gross: amount + tax },
        (stated, TaxInclusiveAmount::Gross) => {
            let gross = stated.unwrap_or(amount);
            Price { net: net_from_gross(gross, &rates, decimals), gross }
        }
    }
}

/// Returns the net part of a gross price.
fn net_from_gross(gross: Decimal, rates: &[Rate], decimals: u32) -> Decimal {
    let tax_on_one: Decimal = taxes_on(Decimal::ONE, rates).iter().map(|(_, tax)| *tax).sum();
    round(gross / (Decimal::ONE + tax_on_one), decimals)
}

//! What QuickBooks can hold.

use super::{FormField, Problem};
use crate::{
    number::NotAnAmount,
    totals::{LineAmounts, is_within_limit},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// Why an amount cannot be taken, beside the invoice's currency.
pub(super) fn not_an_amount(not: NotAnAmount, currency: Option<Currency>) -> Problem {
    match (not, currency) {
        (NotAnAmount::OtherCurrency, Some(currency)) => Problem::OtherCurrency(currency.code().to_owned()),
        _ => Problem::NotANumber,
    }
}

/// The field of a line that makes it too large. What is negative or no percentage has been named already.
pub(super) fn too_large(at: usize, line: &LineAmounts, amount: Option<Decimal>) -> Option<FormField> {
    let is_too_large = |value: Decimal| value > Decimal::ZERO && !is_within_limit(value);
    let is_valid = line.quantity > Decimal::ZERO
        && line.unit_price >= Decimal::ZERO
        && (Decimal::ZERO..=dec!(100)).contains(&line.discount_percent);
    if is_too_large(line.quantity) {
        Some(FormField::Quantity(at))
    } else if is_too_large(line.unit_price) || (is_valid && amount.is_none()) {
        Some(FormField::UnitPrice(at))
    } else {
        None
    }
}

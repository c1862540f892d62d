//! Amounts of a sales row, and the check of its date.

use crate::{company::Company, fault::Fault};
use jiff::civil::Date;
use rust_decimal::Decimal;
use sandbox_core::decimal::decimal;
use serde_json::Value;

/// Refuses a change to a transaction in a closed period.
pub(super) fn check_open_period(company: &Company, date: &str) -> Result<(), Fault> {
    let closed = company.preferences()["AccountingInfoPrefs"]["BookCloseDate"]
        .as_str()
        .and_then(|text| text.parse::<Date>().ok());
    match (closed, date.parse::<Date>()) {
        (Some(closed), Ok(date)) if date <= closed => Err(Fault::closed_books(&closed.to_string())),
        _ => Ok(()),
    }
}

/// Returns an amount member, or zero if it is absent.
pub(super) fn amount(row: &Value, member: &str) -> Decimal {
    decimal(&row[member]).unwrap_or_default()
}

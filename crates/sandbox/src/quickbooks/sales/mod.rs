//! Sales: invoices, estimates, sales receipts, credit memos and refund receipts (one kind of form), and payments.

mod balance;
mod form;
mod header;
mod lines;
mod payment;
pub(super) mod pdf;
mod send;
mod stock;
mod tax;
mod terms;
mod totals;
mod void;

pub(super) use form::write as form;
pub(super) use payment::write as payment;
pub(super) use send::{is_sent_by_email, send};
pub(super) use void::{before_delete, void};

use super::{company::Company, fault::Fault};
use crate::decimal::decimal;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// Refuses to touch a transaction of a period whose books are closed.
fn open_period(company: &Company, date: &str) -> Result<(), Fault> {
    let closed = company.preferences()["AccountingInfoPrefs"]["BookCloseDate"]
        .as_str()
        .and_then(|text| text.parse::<Date>().ok());
    match (closed, date.parse::<Date>()) {
        (Some(closed), Ok(date)) if date <= closed => Err(Fault::closed_books(&closed.to_string())),
        _ => Ok(()),
    }
}

/// An amount member; zero when it is not there.
fn amount(row: &Value, member: &str) -> Decimal {
    decimal(&row[member]).unwrap_or_default()
}

//! The rules of billing: money, dates, tax, totals, status, field mapping, customer matching, and validation of
//! the invoice form.
//!
//! Invariant: the crate is pure. It has no I/O, no async code, no clock (`today` and `now` are parameters) and no
//! database or provider types. Money is [`rust_decimal::Decimal`], never a float.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod address;
pub mod billing;
pub mod catalogue;
pub mod customer;
pub mod deal;
pub mod deal_fields;
pub mod form;
pub mod ids;
pub mod invoice;
pub mod invoice_number;
pub mod invoice_request;
pub mod mapping;
pub mod mark;
pub mod money;
pub mod number;
pub mod operation;
pub mod refusal;
pub mod search;
pub mod settings;
pub mod sums;
pub mod tax;
pub mod terms;
pub mod totals;

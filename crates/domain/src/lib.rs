//! What Fatura knows about billing, and nothing else: money, dates, tax, totals, status, field mapping,
//! customer matching, and what makes an invoice complete.
//!
//! Invariant: pure. No I/O, no async, no clock of its own ("today" and "now" are parameters), no database or
//! provider types. Money is [`rust_decimal::Decimal`], never a float.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod address;
pub mod billing;
pub mod catalogue;
pub mod customer;
pub mod deal;
pub mod deal_fields;
pub mod draft;
pub mod ids;
pub mod invoice;
pub mod mapping;
pub mod mark;
pub mod money;
pub mod number;
pub mod refusal;
pub mod search;
pub mod sums;
pub mod tax;
pub mod terms;
pub mod totals;

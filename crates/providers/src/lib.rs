//! The clients of the two providers, QuickBooks Online and Pipedrive.
//!
//! Invariant: the providers' wire types stay in here; what leaves is the domain's. Every call goes through one
//! `send`, which says what the caller may do next.

mod classify;
mod error;
mod gate;
mod http;
mod json;
mod metering;
pub mod oauth;
pub mod pipedrive;
pub mod quickbooks;

pub use error::{Fault, ProviderError, Refusal};
pub use gate::{Allowance, Closures, Gate, Lane};
pub use http::{Http, counted};
pub use metering::{Cost, Meter};

/// A decimal as a JSON number.
pub fn number(value: rust_decimal::Decimal) -> serde_json::Value {
    #[derive(serde::Serialize)]
    struct Number(#[serde(with = "rust_decimal::serde::float")] rust_decimal::Decimal);
    serde_json::to_value(Number(value)).unwrap_or_default()
}

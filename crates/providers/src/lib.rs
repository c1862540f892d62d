//! Clients of the two providers, QuickBooks Online and Pipedrive.
//!
//! Invariant: the providers' wire types are private to this crate; its API uses the domain's types. Every call goes
//! through [`Http`], whose errors say what the caller does next.

mod classify;
mod error;
mod http;
mod json;
mod metering;
pub mod oauth;
pub mod pipedrive;
pub mod quickbooks;
mod rate_limiter;

pub use error::{Fault, ProviderError, Refusal};
pub use http::{Http, count_calls};
pub use metering::{Cost, Meter};
pub use rate_limiter::{CallLimits, Pauses, Priority, RateLimiter};

/// Converts a decimal to a JSON number.
pub fn to_json_number(value: rust_decimal::Decimal) -> serde_json::Value {
    #[derive(serde::Serialize)]
    struct Number(#[serde(with = "rust_decimal::serde::float")] rust_decimal::Decimal);
    serde_json::to_value(Number(value)).unwrap_or_default()
}

//! The clients of the two providers, QuickBooks Online and Pipedrive.
//!
//! Invariant: the providers' wire types stay in here; what leaves is the domain's. Every call goes through one
//! `send`, which says what the caller may do next.

mod error;
mod http;
pub mod oauth;
pub mod pipedrive;
pub mod quickbooks;

pub use error::{ProviderError, Refusal};
pub use http::Http;

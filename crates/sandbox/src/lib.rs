//! A local simulation of the two providers that Fatura talks to: QuickBooks Online (Intuit's OAuth, the v3
//! Accounting API, a little web page) and Pipedrive (OAuth, REST API, the web page that embeds apps).
//!
//! Invariant: written from the providers' contracts, not from our clients. This crate depends on none of ours,
//! so that no misreading can agree with itself.

mod calls;
mod clock;
mod control;
mod decimal;
mod faults;
mod mishap;
mod multipart;
mod mutation;
mod oauth;
mod origins;
mod pipedrive;
mod quickbooks;
mod server;
mod tokens;
mod world;

pub use origins::Origins;
pub use server::{Options, Sandbox, start};

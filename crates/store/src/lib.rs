//! Fatura's storage: the database with one SQL text for SQLite and PostgreSQL, the vault for secrets, and the durable queue.
//!
//! Invariant: no SQL outside this crate, and no call to a provider inside it. Every function that touches a
//! tenant's data takes the tenant first.

pub mod audit;
pub mod changes;
pub mod clock_correction;
mod copy;
mod db;
pub mod deals;
pub mod drafts;
mod error;
pub mod grants;
pub mod history;
pub mod invoice_actions;
pub mod invoices;
pub mod keys;
pub mod leases;
pub mod links;
mod live;
pub mod merges;
pub mod one_time_tokens;
pub mod parked;
pub mod queue;
pub mod quickbooks;
pub mod replicas;
pub mod revocations;
pub mod settings;
pub mod tenants;
mod time;
mod tokens;
pub mod unreadable;
pub mod usage;
pub mod vault;

pub use db::{Db, Tx};
pub use error::Error;
pub use tokens::Tokens;

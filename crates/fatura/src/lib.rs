//! Fatura: bills a Pipedrive deal in QuickBooks Online.
//!
//! `web` answers requests and contains no rules. `flows` are the use cases, called by pages and jobs. `jobs` is the durable work. They use
//! `store` (the database), `domain` (the rules) and `providers` (the clients of Pipedrive and QuickBooks).

mod budget;
mod clock;
pub mod config;
mod connections;
mod event_streams;
mod flows;
mod format;
mod jobs;
mod keys;
mod language;
mod locale;
mod metering;
mod operate;
mod operations;
mod rate_limiters;
mod security;
mod serve;
mod state;
mod telemetry;
mod web;

pub use keys::{keys, rotate_keys};
pub use operate::{backup, copy, list_parked, migrate, retry};
pub use serve::serve;

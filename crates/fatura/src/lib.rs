//! Fatura: bills a Pipedrive deal in QuickBooks Online.
//!
//! `web` answers requests and holds no rule; `flows` are the use cases, called by pages and jobs alike; `jobs` is
//! the durable work. What they remember is in `store`, what they know in `domain`, whom they call in `providers`.

mod admission;
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
mod rate_limiters;
mod security;
mod serve;
mod state;
mod telemetry;
mod web;

pub use keys::{keys, rotate_keys};
pub use operate::{backup, copy, migrate, retry, stuck};
pub use serve::serve;

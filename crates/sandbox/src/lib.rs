//! A local simulation of QuickBooks Online and Pipedrive, the two providers of Fatura.
//!
//! `sandbox-quickbooks` and `sandbox-pipedrive` simulate the providers. This crate runs both: it binds a port for each of
//! their hosts, injects faults, saves the state, and serves the control port.

mod control;
mod effect;
mod faults;
mod origins;
mod seeds;
mod server;
mod world;

pub use origins::Origins;
pub use server::{Options, Sandbox, start};

//! Carries out durable operations exactly once: writes to a provider that must not be lost and must not happen twice.
//!
//! An operation is a row of the store. A worker takes its [`Lease`], and [`attempt`] asks [`domain::operation::decide`] what to do, lets the
//! [`Kind`] of the operation do it, and stores the outcome. [`reclaim`] finds what a crash left, and [`Admission`] limits what one company
//! occupies.
//!
//! The crate knows the rules and the store. It knows no provider: a kind of operation is written by the program that uses it.

mod admission;
mod attempt;
mod lease;
mod recovery;

pub use admission::{Admission, FirstAttemptPermit, Permit};
pub use attempt::{Attempt, Kind, attempt};
pub use lease::{HEARTBEAT_INTERVAL, LEASE_DURATION, Lease, while_leased};
pub use recovery::reclaim;

use jiff::Timestamp;
use store::Db;

/// The program that carries out operations.
pub trait Host: Sync {
    /// The database of the operations.
    fn db(&self) -> &Db;
    /// The time, by the clock that all replicas share.
    fn now(&self) -> Timestamp;
    /// Minutes after which an operation that fails is parked.
    fn give_up_minutes(&self) -> u32;
}

//! How much each QuickBooks company is called: below what Intuit allows, by all replicas together.

use domain::ids::ConnectionId;
use moka::future::Cache;
use providers::{Allowance, Gate};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Intuit allows a company ten calls at a time.
const AT_ONCE: u32 = 9;
/// Of a minute's calls, this part may come at once: Intuit allows ten in a second as well.
const BURST: u32 = 230;
/// Of a minute's calls, one of so many may be a batch: Intuit allows 40 beside 500 calls.
const BATCHES: u32 = 13;

/// Of a company that nobody has called for so long, nothing has to be remembered.
const QUIET: Duration = Duration::from_hours(1);

/// The gate of each company that is called, for each number of replicas.
pub(crate) struct Gates {
    gates: Cache<(ConnectionId, u32), Gate>,
    replicas: AtomicU32,
    allowed: Allowance,
}

impl Gates {
    /// For companies that may be called so often in a minute.
    pub(crate) fn new(calls_a_minute: u32) -> Self {
        // In no minute more than the burst and a minute's worth are made.
        let burst = (calls_a_minute / BURST).max(1);
        let allowed = Allowance {
            a_minute: calls_a_minute - burst.min(calls_a_minute - 1),
            burst,
            at_once: AT_ONCE,
            batches_a_minute: calls_a_minute / BATCHES,
        };
        Self {
            gates: Cache::builder().max_capacity(100_000).time_to_idle(QUIET).build(),
            replicas: AtomicU32::new(1),
            allowed,
        }
    }

    /// So many replicas share what is allowed.
    pub(crate) fn share(&self, replicas: u32) {
        self.replicas.store(replicas.max(1), Ordering::Relaxed);
    }

    /// How many share it.
    pub(crate) fn replicas(&self) -> u32 {
        self.replicas.load(Ordering::Relaxed)
    }

    /// The others do not share yet: one call at a time is what they leave.
    pub(crate) fn take_the_least(&self) {
        self.share(AT_ONCE);
    }

    /// The way to a company.
    pub(crate) async fn of(&self, connection: ConnectionId) -> Gate {
        let replicas = self.replicas();
        self.gates.get_with((connection, replicas), async { Gate::new(self.allowed.shared(replicas)) }).await
    }
}

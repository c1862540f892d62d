//! How much each QuickBooks company is called: below what Intuit allows, by all replicas together.

use domain::ids::ConnectionId;
use moka::future::Cache;
use providers::{Allowance, Gate};
use std::sync::atomic::{AtomicU32, Ordering};

/// Intuit allows a company 500 requests a minute and 10 at a time. In no minute more than the burst and a minute's worth
/// are made; the rest is for what others do with the same company's quota, and for clocks.
const ALLOWED: Allowance = Allowance { a_minute: 400, burst: 60, at_once: 9 };

/// The gate of each company that is called.
pub(crate) struct Gates {
    gates: Cache<(ConnectionId, u32), Gate>,
    replicas: AtomicU32,
}

impl Gates {
    pub(crate) fn new() -> Self {
        Self { gates: Cache::builder().max_capacity(100_000).build(), replicas: AtomicU32::new(1) }
    }

    /// So many replicas share what is allowed.
    pub(crate) fn share(&self, replicas: u32) {
        if self.replicas.swap(replicas.max(1), Ordering::Relaxed) != replicas.max(1) {
            self.gates.invalidate_all();
        }
    }

    /// The way to a company.
    pub(crate) async fn of(&self, connection: ConnectionId) -> Gate {
        let replicas = self.replicas.load(Ordering::Relaxed);
        self.gates.get_with((connection, replicas), async { Gate::new(ALLOWED.shared(replicas)) }).await
    }
}

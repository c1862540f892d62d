//! Whose turn it is: one company's flood takes a part of the workers, never all.

use domain::ids::TenantId;
use moka::future::Cache;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Jobs of one kind and company at a time in one process. More would only wait for its QuickBooks.
const AT_ONCE: usize = 12;

/// The turns of each company, for each kind of job.
pub(crate) struct Turns(Cache<(TenantId, &'static str), Arc<Semaphore>>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(100_000).build())
    }

    /// A turn, given back when it is dropped; `None` where the company has enough.
    pub(crate) async fn take(&self, tenant: TenantId, kind: &'static str) -> Option<OwnedSemaphorePermit> {
        let turns = self.0.get_with((tenant, kind), async { Arc::new(Semaphore::new(AT_ONCE)) }).await;
        turns.try_acquire_owned().ok()
    }
}

/// When to ask for a turn again. Those that were turned away together do not come back together.
pub(crate) fn again() -> Duration {
    Duration::from_millis(fastrand::u64(300..=1500))
}

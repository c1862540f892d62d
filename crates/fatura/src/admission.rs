//! How many jobs of one company run at a time: one company's flood takes a part of the workers, never all.

use domain::ids::TenantId;
use moka::future::Cache;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Jobs of one kind and company at a time in one process. More would only wait for its QuickBooks.
const MAX_JOBS: usize = 12;

/// The permits of each company, for each kind of job.
pub(crate) struct Admission(Cache<(TenantId, &'static str), Arc<Semaphore>>);

impl Admission {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(100_000).build())
    }

    /// A permit for one job, given back when it is dropped; `None` while the company has all of its own in use.
    pub(crate) async fn try_admit(&self, tenant: TenantId, kind: &'static str) -> Option<OwnedSemaphorePermit> {
        let permits = self.0.get_with((tenant, kind), async { Arc::new(Semaphore::new(MAX_JOBS)) }).await;
        permits.try_acquire_owned().ok()
    }
}

/// When to ask for admission again. Jobs that were turned away together do not come back together.
pub(crate) fn retry_delay() -> Duration {
    Duration::from_millis(fastrand::u64(300..=1500))
}

//! Limits the concurrent jobs of one company, so that a flood of them leaves workers for the other companies.

use domain::ids::TenantId;
use moka::future::Cache;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Concurrent jobs of one kind and company in one process. More would only wait for the rate limiter.
const MAX_CONCURRENT_JOBS: usize = 12;

/// The permits of each company, for each kind of job.
pub(crate) struct Admission(Cache<(TenantId, &'static str), Arc<Semaphore>>);

impl Admission {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(100_000).build())
    }

    /// Returns a permit for one job, which is released when dropped. `None` while all permits of the company are in use.
    pub(crate) async fn try_admit(&self, tenant: TenantId, kind: &'static str) -> Option<OwnedSemaphorePermit> {
        let permits = self.0.get_with((tenant, kind), async { Arc::new(Semaphore::new(MAX_CONCURRENT_JOBS)) }).await;
        permits.try_acquire_owned().ok()
    }
}

/// The delay until a rejected job asks again. Its jitter separates jobs that were rejected together.
pub(crate) fn retry_delay() -> Duration {
    Duration::from_millis(fastrand::u64(300..=1500))
}

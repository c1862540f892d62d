//! Limits the concurrent attempts at operations of one company, so that a flood of them leaves workers for the other companies.

use domain::ids::TenantId;
use moka::future::Cache;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Concurrent attempts at operations of one kind and company in one process. More would only wait for the rate limiter.
const MAX_CONCURRENT_OF_COMPANY: usize = 12;
/// Concurrent first attempts in one process. Operations beyond it are enqueued.
const MAX_FIRST_ATTEMPTS: usize = 48;

/// The permits of each company, for each kind of operation, and those for first attempts.
pub(crate) struct Admission {
    companies: Cache<(TenantId, &'static str), Arc<Semaphore>>,
    first_attempts: Arc<Semaphore>,
}

/// Permission for one attempt, released when dropped.
pub(crate) struct Permit(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

/// Permission for a first attempt, released when dropped.
pub(crate) struct FirstAttemptPermit(
    #[expect(dead_code, reason = "held until it is dropped")] [OwnedSemaphorePermit; 2],
);

impl Admission {
    pub(crate) fn new() -> Self {
        Self {
            companies: Cache::builder().max_capacity(100_000).build(),
            first_attempts: Arc::new(Semaphore::new(MAX_FIRST_ATTEMPTS)),
        }
    }

    async fn try_acquire(&self, tenant: TenantId, kind: &'static str) -> Option<OwnedSemaphorePermit> {
        let semaphore = async { Arc::new(Semaphore::new(MAX_CONCURRENT_OF_COMPANY)) };
        let permits = self.companies.get_with((tenant, kind), semaphore).await;
        permits.try_acquire_owned().ok()
    }

    /// Returns a permit for one job. `None` while all permits of the company are in use.
    pub(crate) async fn try_admit(&self, tenant: TenantId, kind: &'static str) -> Option<Permit> {
        Some(Permit(self.try_acquire(tenant, kind).await?))
    }

    /// Returns a permit for a first attempt. `None` while all permits of the company or of this process are in use.
    pub(crate) async fn try_admit_first(&self, tenant: TenantId, kind: &'static str) -> Option<FirstAttemptPermit> {
        let of_company = self.try_acquire(tenant, kind).await?;
        let of_process = Arc::clone(&self.first_attempts).try_acquire_owned().ok()?;
        Some(FirstAttemptPermit([of_company, of_process]))
    }
}

/// The delay until a rejected job asks again. Its jitter separates jobs that were rejected together.
pub(crate) fn retry_delay() -> Duration {
    Duration::from_millis(fastrand::u64(300..=1500))
}

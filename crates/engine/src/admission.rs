//! Limits the concurrent attempts at operations of one company, so that a flood of them leaves workers for the other companies.

use domain::ids::TenantId;
use moka::future::Cache;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Concurrent attempts at operations of one kind and company in one process. More would only wait for the rate limiter.
const MAX_CONCURRENT_OF_COMPANY: usize = 12;
/// Submissions of one company that are checked and stored at the same time, in one process. More of them would occupy the processors and the
/// database, and delay those of all other companies.
const MAX_CONCURRENT_SUBMISSIONS: usize = 4;
/// Longest wait of a submission for its turn. The others may wait for a provider that does not answer.
const MAX_TURN_WAIT: Duration = Duration::from_secs(4);
/// Concurrent first attempts in one process. Operations beyond it are enqueued.
const MAX_FIRST_ATTEMPTS: usize = 48;
/// Shortest delay until a rejected job asks again.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(300);
/// Time between two rejected jobs of a company that ask again. Each of them writes to the database, so that a long queue of one company
/// must not ask more often than a short one.
const RETRY_SPACING: Duration = Duration::from_millis(50);

/// The permits of each company, for each kind of operation, and those for first attempts.
#[derive(Debug)]
pub struct Admission {
    companies: Cache<(TenantId, &'static str), Arc<Company>>,
    submissions: Cache<TenantId, Arc<Semaphore>>,
    first_attempts: Arc<Semaphore>,
}

#[derive(Debug)]
struct Company {
    permits: Arc<Semaphore>,
    /// The time at which the last of the rejected jobs asks again.
    last_retry: Mutex<Option<Instant>>,
}

impl Company {
    fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Whether rejected jobs wait.
    fn has_waiting(&self, now: Instant) -> bool {
        self.last_retry.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at > now)
    }

    /// The delay until a job that is rejected now asks again, after those that were rejected before.
    fn delay_retry(&self, now: Instant) -> Duration {
        let mut last = self.last_retry.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now + MIN_RETRY_DELAY;
        let at = last.map_or(earliest, |last| earliest.max(last + RETRY_SPACING));
        *last = Some(at);
        at - now
    }
}

/// Permission for one attempt, released when dropped.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

/// Permission for a first attempt, released when dropped.
#[derive(Debug)]
pub struct FirstAttemptPermit(#[expect(dead_code, reason = "held until it is dropped")] [OwnedSemaphorePermit; 2]);

impl Default for Admission {
    fn default() -> Self {
        Self {
            companies: Cache::builder().max_capacity(100_000).build(),
            submissions: Cache::builder().max_capacity(100_000).build(),
            first_attempts: Arc::new(Semaphore::new(MAX_FIRST_ATTEMPTS)),
        }
    }
}

impl Admission {
    async fn find_company(&self, tenant: TenantId, kind: &'static str) -> Arc<Company> {
        let company = async {
            let permits = Arc::new(Semaphore::new(MAX_CONCURRENT_OF_COMPANY));
            Arc::new(Company { permits, last_retry: Mutex::default() })
        };
        self.companies.get_with((tenant, kind), company).await
    }

    /// Waits for the turn of a submission among those of its company, for [`MAX_TURN_WAIT`] at most. Hold the permit until the submission is
    /// stored.
    pub async fn wait_for_turn(&self, tenant: TenantId) -> Option<Permit> {
        let permits = async { Arc::new(Semaphore::new(MAX_CONCURRENT_SUBMISSIONS)) };
        let turn = self.submissions.get_with(tenant, permits).await.acquire_owned();
        tokio::time::timeout(MAX_TURN_WAIT, turn).await.ok()?.ok().map(Permit)
    }

    /// Returns a permit for one job; while all permits of the company are in use, the delay until the job asks again.
    ///
    /// # Errors
    ///
    /// The delay.
    pub async fn try_admit(&self, tenant: TenantId, kind: &'static str) -> Result<Permit, Duration> {
        let company = self.find_company(tenant, kind).await;
        company.try_acquire().map(Permit).ok_or_else(|| company.delay_retry(Instant::now()))
    }

    /// Returns a permit for a first attempt. `None` while all permits of the company or of this process are in use, or jobs of the company
    /// wait: those were requested earlier.
    pub async fn try_admit_first(&self, tenant: TenantId, kind: &'static str) -> Option<FirstAttemptPermit> {
        let company = self.find_company(tenant, kind).await;
        if company.has_waiting(Instant::now()) {
            return None;
        }
        let of_company = company.try_acquire()?;
        let of_process = Arc::clone(&self.first_attempts).try_acquire_owned().ok()?;
        Some(FirstAttemptPermit([of_company, of_process]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    const KIND: &str = "kind";

    fn tenant(id: u128) -> TenantId {
        TenantId(Uuid::from_u128(id))
    }

    #[tokio::test]
    async fn a_company_has_a_share_of_the_workers() {
        let admission = Admission::default();
        let mut held = Vec::new();
        while let Ok(permit) = admission.try_admit(tenant(1), KIND).await {
            held.push(permit);
        }
        assert_eq!(held.len(), MAX_CONCURRENT_OF_COMPANY);
        assert!(admission.try_admit(tenant(1), "other").await.is_ok());
        assert!(admission.try_admit(tenant(2), KIND).await.is_ok());
        held.pop();
        assert!(admission.try_admit(tenant(1), KIND).await.is_ok());
    }

    #[tokio::test]
    async fn a_long_queue_asks_no_more_often_than_a_short_one() {
        let admission = Admission::default();
        let mut held = Vec::new();
        let mut delays = Vec::new();
        for _ in 0..MAX_CONCURRENT_OF_COMPANY + 400 {
            match admission.try_admit(tenant(1), KIND).await {
                Ok(permit) => held.push(permit),
                Err(delay) => delays.push(delay),
            }
        }
        assert_eq!(delays.len(), 400);
        assert!(delays[0] >= MIN_RETRY_DELAY && delays[0] < MIN_RETRY_DELAY * 2);
        let spread = delays[399].saturating_sub(delays[0]);
        assert!(spread > RETRY_SPACING * 380 && spread < RETRY_SPACING * 420, "{spread:?}");
    }

    #[tokio::test]
    async fn a_first_attempt_does_not_overtake_jobs_that_wait() {
        let admission = Admission::default();
        let mut held = Vec::new();
        while let Some(permit) = admission.try_admit_first(tenant(1), KIND).await {
            held.push(permit);
        }
        assert_eq!(held.len(), MAX_CONCURRENT_OF_COMPANY);
        let delay = admission.try_admit(tenant(1), KIND).await.expect_err("all permits are in use");
        held.clear();
        assert!(admission.try_admit_first(tenant(1), KIND).await.is_none(), "a job waits");
        assert!(admission.try_admit(tenant(1), KIND).await.is_ok());
        tokio::time::sleep(delay).await;
        assert!(admission.try_admit_first(tenant(1), KIND).await.is_some());
    }

    #[tokio::test]
    async fn submissions_of_a_company_take_turns_and_delay_no_other_company() {
        let admission = Admission::default();
        let mut held = Vec::new();
        for _ in 0..MAX_CONCURRENT_SUBMISSIONS {
            held.extend(admission.wait_for_turn(tenant(1)).await);
        }
        assert!(admission.wait_for_turn(tenant(1)).now_or_never().is_none());
        assert!(admission.wait_for_turn(tenant(2)).await.is_some());
        held.pop();
        assert!(admission.wait_for_turn(tenant(1)).await.is_some());
    }

    #[tokio::test]
    async fn first_attempts_of_all_companies_are_limited() {
        let admission = Admission::default();
        let mut held = Vec::new();
        for id in 0..100 {
            held.extend(admission.try_admit_first(tenant(id), KIND).await);
        }
        assert_eq!(held.len(), MAX_FIRST_ATTEMPTS);
    }
}

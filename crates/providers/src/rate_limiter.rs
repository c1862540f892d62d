//! Rate limiter for calls to one company: bounds concurrent calls and calls per minute, and sends none while the
//! provider asks to wait.
//!
//! Background calls get two fifths of each limit, so that interactive calls find free permits.

use crate::ProviderError;
use governor::{DefaultDirectRateLimiter, Quota};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Call limits of a provider for one company, or the share of one replica.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Calls per minute after the burst is used up.
    pub calls_per_minute: u32,
    /// Calls that may be sent without a pause.
    pub burst_calls: u32,
    /// Concurrent calls.
    pub concurrent_calls: u32,
    /// Batches per minute, among the calls per minute.
    pub batches_per_minute: u32,
}

impl CallLimits {
    /// Divides the limits by the number of replicas. Each replica gets at least one call, but may get no batch.
    #[must_use]
    pub fn divided_by(self, replicas: u32) -> Self {
        let part = |whole: u32| (whole / replicas.max(1)).max(1);
        Self {
            calls_per_minute: part(self.calls_per_minute),
            burst_calls: part(self.burst_calls),
            concurrent_calls: part(self.concurrent_calls),
            batches_per_minute: self.batches_per_minute / replicas.max(1),
        }
    }
}

/// Whether a person waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A person waits.
    Interactive,
    /// Nobody waits.
    Background,
}

/// The rate limiter of one company. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all: Permits,
    background: Permits,
    /// `None` if the limits allow no batch.
    batches: Option<DefaultDirectRateLimiter>,
    pauses: Pauses,
}

/// The pauses that a provider asks for. All rate limiters of one company share them.
#[derive(Debug, Clone, Default)]
pub struct Pauses(Arc<PausedUntil>);

#[derive(Debug, Default)]
struct PausedUntil {
    calls: Mutex<Option<Instant>>,
    reads: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Permits {
    concurrent: Arc<Semaphore>,
    rate: DefaultDirectRateLimiter,
}

fn build_call_limiter(calls_per_minute: NonZeroU32, burst: u32) -> DefaultDirectRateLimiter {
    governor::RateLimiter::direct(
        Quota::per_minute(calls_per_minute).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)),
    )
}

impl Permits {
    fn new(limits: CallLimits) -> Self {
        let calls_per_minute = NonZeroU32::new(limits.calls_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            concurrent: Arc::new(Semaphore::new(limits.concurrent_calls as usize)),
            rate: build_call_limiter(calls_per_minute, limits.burst_calls),
        }
    }

    async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.concurrent).acquire_owned().await.ok();
        self.rate.until_ready().await;
        permit
    }
}

/// How long a permit is kept after its call was cancelled. The provider may still work on the call for about this time.
const UNANSWERED_PERMIT_DURATION: Duration = Duration::from_secs(2);

/// How long no reads are sent after the provider refused reads. A read after this pause tests the provider again.
const READS_PAUSE: Duration = Duration::from_secs(30);

/// The time left until an instant, unless it has passed.
fn time_left(until: &Mutex<Option<Instant>>) -> Option<Duration> {
    let until = *until.lock().unwrap_or_else(PoisonError::into_inner);
    until.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

/// The permit for one call. It is released when it is dropped; without an answer, it is released 2 seconds later.
#[derive(Debug, Default)]
pub(crate) struct Permit {
    permits: [Option<OwnedSemaphorePermit>; 2],
    is_answered: bool,
}

impl Permit {
    /// Notes that the provider no longer works on the call.
    pub(crate) fn mark_answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let permits = std::mem::take(&mut self.permits);
        if let (false, Some(_), Ok(runtime)) = (self.is_answered, &permits[1], Handle::try_current()) {
            runtime.spawn(async move {
                tokio::time::sleep(UNANSWERED_PERMIT_DURATION).await;
                drop(permits);
            });
        }
    }
}

impl RateLimiter {
    /// Makes a rate limiter with these limits.
    pub fn new(limits: CallLimits) -> Self {
        Self::with_pauses(limits, Pauses::default())
    }

    /// Makes a rate limiter that shares the pauses of others of the same company.
    pub fn with_pauses(limits: CallLimits, pauses: Pauses) -> Self {
        let background = CallLimits {
            calls_per_minute: (limits.calls_per_minute * 2 / 5).max(1),
            burst_calls: (limits.burst_calls * 2 / 5).max(1),
            concurrent_calls: (limits.concurrent_calls * 2 / 5).max(1),
            ..limits
        };
        // A minute admits the burst on top of the calls per minute.
        let burst = limits.batches_per_minute.div_ceil(8);
        let batches = NonZeroU32::new(limits.batches_per_minute - burst)
            .map(|calls_per_minute| build_call_limiter(calls_per_minute, burst));
        Self(Arc::new(Shared { all: Permits::new(limits), background: Permits::new(background), batches, pauses }))
    }

    /// Takes a permit for a batch if one is free. It does not wait, because the queries can be sent one by one.
    pub(crate) fn try_acquire_batch(&self) -> bool {
        self.0.batches.as_ref().is_some_and(|batches| batches.check().is_ok())
    }

    /// Waits for a permit. Returns [`ProviderError::Busy`] while calls are paused.
    pub(crate) async fn acquire(&self, priority: Priority) -> Result<Permit, ProviderError> {
        self.check_calls()?;
        let background = if priority == Priority::Background { self.0.background.acquire().await } else { None };
        let all = self.0.all.acquire().await;
        self.check_calls()?;
        Ok(Permit { permits: [background, all], is_answered: false })
    }

    fn check_calls(&self) -> Result<(), ProviderError> {
        time_left(&self.0.pauses.0.calls).map_or(Ok(()), |left| Err(ProviderError::Busy(left)))
    }

    /// Returns [`ProviderError::ReadsRefused`] while reads are paused.
    pub(crate) fn check_reads(&self) -> Result<(), ProviderError> {
        time_left(&self.0.pauses.0.reads).map_or(Ok(()), |_| Err(ProviderError::ReadsRefused))
    }

    /// Pauses reads of any priority, after the provider refused reads. Writes continue.
    pub(crate) fn pause_reads(&self) {
        *self.0.pauses.0.reads.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(READS_PAUSE);
    }

    /// Pauses all calls, after the provider asked to wait.
    pub(crate) fn pause_calls(&self, pause: Duration) {
        *self.0.pauses.0.calls.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const ALLOWED: CallLimits =
        CallLimits { calls_per_minute: 60, burst_calls: 10, concurrent_calls: 5, batches_per_minute: 8 };

    #[tokio::test]
    async fn rate_limiters_of_one_company_share_pauses() {
        let pauses = Pauses::default();
        let one = RateLimiter::with_pauses(ALLOWED, pauses.clone());
        one.pause_calls(Duration::from_secs(30));
        one.pause_reads();
        let other = RateLimiter::with_pauses(ALLOWED.divided_by(2), pauses);
        assert!(matches!(other.acquire(Priority::Interactive).await, Err(ProviderError::Busy(_))));
        assert!(matches!(other.check_reads(), Err(ProviderError::ReadsRefused)));
        assert!(RateLimiter::new(ALLOWED).acquire(Priority::Interactive).await.is_ok());
    }

    #[tokio::test]
    async fn background_calls_leave_permits_free() {
        let rate_limiter = RateLimiter::new(ALLOWED);
        let first = rate_limiter.acquire(Priority::Background).now_or_never().expect("free").expect("open");
        let second = rate_limiter.acquire(Priority::Background).now_or_never().expect("free").expect("open");
        assert!(
            rate_limiter.acquire(Priority::Background).now_or_never().is_none(),
            "background calls get two of five"
        );
        let others: Vec<_> =
            (0..3).map(|_| rate_limiter.acquire(Priority::Interactive).now_or_never().expect("free")).collect();
        assert!(rate_limiter.acquire(Priority::Interactive).now_or_never().is_none(), "five at a time");
        for mut permit in others.into_iter().chain([Ok(first), Ok(second)]).flatten() {
            permit.mark_answered();
        }
        assert!(rate_limiter.acquire(Priority::Interactive).now_or_never().is_some());
    }

    #[tokio::test]
    async fn admits_no_more_than_the_burst_at_once() {
        let rate_limiter = RateLimiter::new(ALLOWED);
        let try_acquire = || rate_limiter.acquire(Priority::Interactive).now_or_never()?.ok();
        let admitted = (0..20).filter_map(|_| try_acquire()).map(|mut permit| permit.mark_answered()).count();
        assert_eq!(admitted, 10);
    }

    #[test]
    fn limits_batches_separately() {
        let rate_limiter = RateLimiter::new(ALLOWED);
        assert!(rate_limiter.try_acquire_batch());
        assert!(!rate_limiter.try_acquire_batch(), "a burst of one, and seven in the following minute");
        assert!(!RateLimiter::new(ALLOWED.divided_by(9)).try_acquire_batch(), "eight batches for nine replicas");
    }

    #[tokio::test]
    async fn a_paused_rate_limiter_returns_the_time_left() {
        let rate_limiter = RateLimiter::new(ALLOWED);
        rate_limiter.pause_calls(Duration::from_secs(30));
        let refused = rate_limiter.acquire(Priority::Interactive).await;
        assert!(matches!(refused, Err(ProviderError::Busy(left)) if left.as_secs() >= 29));
    }

    #[tokio::test]
    async fn refused_reads_do_not_pause_writes() {
        let rate_limiter = RateLimiter::new(ALLOWED);
        assert!(rate_limiter.check_reads().is_ok());
        rate_limiter.pause_reads();
        assert!(matches!(rate_limiter.check_reads(), Err(ProviderError::ReadsRefused)));
        assert!(rate_limiter.acquire(Priority::Interactive).now_or_never().is_some_and(|permit| permit.is_ok()));
    }

    #[test]
    fn divides_limits_by_replicas() {
        let shared = CallLimits { calls_per_minute: 420, burst_calls: 60, concurrent_calls: 8, batches_per_minute: 40 }
            .divided_by(3);
        assert_eq!(
            (shared.calls_per_minute, shared.burst_calls, shared.concurrent_calls, shared.batches_per_minute),
            (140, 20, 2, 13)
        );
    }
}

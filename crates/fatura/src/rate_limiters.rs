//! Limits the calls of all replicas to each QuickBooks company, below Intuit's limits, and the share of a company's daily Pipedrive calls that
//! one user may use.

use domain::ids::{ConnectionId, TenantId, UserId};
use governor::{
    DefaultDirectRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use moka::future::Cache;
use providers::{CallLimits, Pauses, RateLimiter};
use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Concurrent calls to a company. Intuit allows ten.
const MAX_CONCURRENT_CALLS: u32 = 9;
/// The calls of a burst are the calls per minute divided by this number, because Intuit also allows only ten calls per second.
const CALLS_PER_BURST_CALL: u32 = 230;
/// The batches per minute are the calls per minute divided by this number. Intuit allows 40 batches and 500 calls.
const CALLS_PER_BATCH: u32 = 13;

/// A rate limiter is dropped after this time without calls. Its limits have recovered by then.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);
/// A quarter of a user's daily share may be used at once, so that a busy morning is not slowed down.
const SHARE_BURST_DIVISOR: u32 = 4;

/// The rate limiters of all companies, for each number of replicas, and the daily shares of users.
pub(crate) struct RateLimiters {
    shares: Cache<(TenantId, UserId), Arc<DefaultDirectRateLimiter>>,
    daily_share: NonZeroU32,
    limiters: Cache<(ConnectionId, u32), RateLimiter>,
    /// Pauses outlive a change of the number of replicas.
    pauses: Cache<ConnectionId, Pauses>,
    replicas: AtomicU32,
    limits: CallLimits,
}

impl RateLimiters {
    /// Creates rate limiters for companies with `calls_per_minute`, and users with `daily_share` calls to Pipedrive per
    /// day.
    pub(crate) fn new(calls_per_minute: u32, daily_share: u32) -> Self {
        // A minute admits the burst and the calls per minute, so the burst is subtracted.
        let burst = (calls_per_minute / CALLS_PER_BURST_CALL).max(1);
        let limits = CallLimits {
            calls_per_minute: calls_per_minute - burst.min(calls_per_minute - 1),
            burst_calls: burst,
            concurrent_calls: MAX_CONCURRENT_CALLS,
            batches_per_minute: calls_per_minute / CALLS_PER_BATCH,
        };
        Self {
            shares: Cache::builder().max_capacity(100_000).time_to_idle(DAY).build(),
            daily_share: NonZeroU32::new(daily_share).unwrap_or(NonZeroU32::MIN),
            limiters: Cache::builder().max_capacity(100_000).time_to_idle(IDLE_TIMEOUT).build(),
            pauses: Cache::builder().max_capacity(100_000).build(),
            replicas: AtomicU32::new(1),
            limits,
        }
    }

    /// Takes a call to Pipedrive from the user's daily share. A quarter of the share is available at once, the rest
    /// evenly over the day. If the share is used up, the error is the time to wait.
    pub(crate) async fn try_take_call(&self, tenant: TenantId, user: UserId) -> Result<(), Duration> {
        let checked = self.share_of(tenant, user).await.check();
        checked.map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()))
    }

    /// Takes the calls that were made from the user's share, except the first, which [`Self::try_take_call`] has taken.
    pub(crate) async fn take_further_calls(&self, tenant: TenantId, user: UserId, calls: u32) {
        let share = self.share_of(tenant, user).await;
        for _ in 1..calls {
            if share.check().is_err() {
                return;
            }
        }
    }

    /// A user's share in this replica. Replicas do not divide it, because during the start of a replica beside others a
    /// user would have nearly no share for some seconds.
    async fn share_of(&self, tenant: TenantId, user: UserId) -> Arc<DefaultDirectRateLimiter> {
        let share = self.shares.get_with((tenant, user), async {
            let part = |calls: u32| NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(DAY / self.daily_share.get()).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
            Arc::new(governor::RateLimiter::direct(
                quota.allow_burst(part(self.daily_share.get() / SHARE_BURST_DIVISOR)),
            ))
        });
        share.await
    }

    /// Sets the number of replicas that divide the limits.
    pub(crate) fn set_replicas(&self, replicas: u32) {
        self.replicas.store(replicas.max(1), Ordering::Relaxed);
    }

    /// Number of replicas that divide the limits.
    pub(crate) fn replicas(&self) -> u32 {
        self.replicas.load(Ordering::Relaxed)
    }

    /// Uses the smallest share, one concurrent call. The other replicas have not adjusted their shares yet at the
    /// start.
    pub(crate) fn use_minimum_share(&self) {
        self.set_replicas(MAX_CONCURRENT_CALLS);
    }

    /// The rate limiter of a company.
    pub(crate) async fn limiter_for(&self, connection: ConnectionId) -> RateLimiter {
        let replicas = self.replicas();
        let new = async {
            let pauses = self.pauses.get_with(connection, async { Pauses::default() }).await;
            RateLimiter::with_pauses(self.limits.divided_by(replicas), pauses)
        };
        self.limiters.get_with((connection, replicas), new).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const OTHER_TENANT: TenantId = TenantId(Uuid::from_u128(2));
    const USER: UserId = UserId(1);
    const COLLEAGUE: UserId = UserId(2);

    #[tokio::test]
    async fn users_have_separate_shares() {
        let limiters = RateLimiters::new(500, 40);
        for _ in 0..10 {
            assert!(limiters.try_take_call(TENANT, USER).await.is_ok());
        }
        assert!(limiters.try_take_call(TENANT, USER).await.is_err());
        // Another company may have another user with the same id.
        assert!(limiters.try_take_call(OTHER_TENANT, USER).await.is_ok());
        assert!(limiters.try_take_call(TENANT, COLLEAGUE).await.is_ok());
        limiters.take_further_calls(TENANT, COLLEAGUE, 10).await;
        assert!(limiters.try_take_call(TENANT, COLLEAGUE).await.is_err());
        assert!(limiters.try_take_call(OTHER_TENANT, COLLEAGUE).await.is_ok());
        assert!(limiters.try_take_call(OTHER_TENANT, USER).await.is_ok());
    }
}

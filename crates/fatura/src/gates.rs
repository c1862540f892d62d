//! How much each QuickBooks company is called: below what Intuit allows, by all replicas together. And how much of what Pipedrive
//! allows a company one of its users may take.

use domain::ids::{ConnectionId, TenantId, UserId};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use moka::future::Cache;
use providers::{Allowance, Closures, Gate};
use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
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

const DAY: Duration = Duration::from_hours(24);
/// The part of a user's share of a day that may be used at once: a busy morning is not slowed down.
const AT_ONCE_OF_SHARE: u32 = 4;

/// The gate of each company that is called, for each number of replicas.
pub(crate) struct Gates {
    shares: Cache<(TenantId, UserId), Arc<DefaultDirectRateLimiter>>,
    share_a_day: NonZeroU32,
    gates: Cache<(ConnectionId, u32), Gate>,
    /// A company that asks to be left alone asks all of its gates.
    closures: Cache<ConnectionId, Closures>,
    replicas: AtomicU32,
    allowed: Allowance,
}

impl Gates {
    /// For companies that may be called so often in a minute, and users who may have Pipedrive called so often in a day.
    pub(crate) fn new(calls_a_minute: u32, share_a_day: u32) -> Self {
        // In no minute more than the burst and a minute's worth are made.
        let burst = (calls_a_minute / BURST).max(1);
        let allowed = Allowance {
            a_minute: calls_a_minute - burst.min(calls_a_minute - 1),
            burst,
            at_once: AT_ONCE,
            batches_a_minute: calls_a_minute / BATCHES,
        };
        Self {
            shares: Cache::builder().max_capacity(100_000).time_to_idle(DAY).build(),
            share_a_day: NonZeroU32::new(share_a_day).unwrap_or(NonZeroU32::MIN),
            gates: Cache::builder().max_capacity(100_000).time_to_idle(QUIET).build(),
            closures: Cache::builder().max_capacity(100_000).build(),
            replicas: AtomicU32::new(1),
            allowed,
        }
    }

    /// Whether Pipedrive may be called for a user, whose share of the day is one part at once and the rest evenly. How long to wait where it
    /// is used up.
    pub(crate) async fn may_call(&self, tenant: TenantId, user: UserId) -> Result<(), Duration> {
        let checked = self.share_of(tenant, user).await.check();
        checked.map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()))
    }

    /// Takes the calls that were made out of the user's share. The first was taken by [`Self::may_call`].
    pub(crate) async fn count_calls(&self, tenant: TenantId, user: UserId, calls: u32) {
        let share = self.share_of(tenant, user).await;
        for _ in 1..calls {
            if share.check().is_err() {
                return;
            }
        }
    }

    /// A user's share in this replica. Replicas do not divide it: a start beside others would leave a user nearly nothing for some seconds.
    async fn share_of(&self, tenant: TenantId, user: UserId) -> Arc<DefaultDirectRateLimiter> {
        let share = self.shares.get_with((tenant, user), async {
            let part = |calls: u32| NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(DAY / self.share_a_day.get()).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
            Arc::new(RateLimiter::direct(quota.allow_burst(part(self.share_a_day.get() / AT_ONCE_OF_SHARE))))
        });
        share.await
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
        let made = async {
            let closures = self.closures.get_with(connection, async { Closures::default() }).await;
            Gate::closing_with(self.allowed.shared(replicas), closures)
        };
        self.gates.get_with((connection, replicas), made).await
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
    async fn a_users_share_is_used_up_by_nobody_else() {
        let gates = Gates::new(500, 40);
        for _ in 0..10 {
            assert!(gates.may_call(TENANT, USER).await.is_ok());
        }
        assert!(gates.may_call(TENANT, USER).await.is_err());
        // In the other company it is another user with the same number.
        assert!(gates.may_call(OTHER_TENANT, USER).await.is_ok());
        assert!(gates.may_call(TENANT, COLLEAGUE).await.is_ok());
        gates.count_calls(TENANT, COLLEAGUE, 10).await;
        assert!(gates.may_call(TENANT, COLLEAGUE).await.is_err());
        assert!(gates.may_call(OTHER_TENANT, COLLEAGUE).await.is_ok());
        assert!(gates.may_call(OTHER_TENANT, USER).await.is_ok());
    }
}

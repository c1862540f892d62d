//! Leases: a worker that has lost its lease sends and stores nothing more.

use crate::Host;
use domain::ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicI64, Ordering},
    task::Poll,
    time::Duration,
};
use store::{
    Tx,
    leases::{self, Leased},
};
use uuid::Uuid;

/// Duration of a lease without a heartbeat.
pub const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(10);
/// Interval of extending a lease.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);

/// The lease of one worker on an operation.
#[derive(Debug, Clone, Copy)]
pub struct Lease<Id> {
    /// The tenant of the operation.
    pub tenant: TenantId,
    /// The id of its row.
    pub id: Id,
    /// The lease owner: a new id for each worker.
    pub owner: Uuid,
    /// The start of the lease.
    pub since: Timestamp,
}

impl<Id: Leased> Lease<Id> {
    /// A lease that starts at `now`. Take the time after the transaction has begun, because that may wait.
    pub fn new(tenant: TenantId, id: Id, now: Timestamp) -> Self {
        Self { tenant, id, owner: Uuid::new_v4(), since: now }
    }

    /// The end of the lease, unless a heartbeat extends it.
    pub fn until(&self) -> Timestamp {
        self.since + LEASE_DURATION
    }

    /// Runs `work` under the lease, which a heartbeat extends. If the lease is lost or the process was suspended past its end, drops `work`
    /// and returns `None`.
    pub(crate) async fn run_while_leased<T>(&self, host: &impl Host, work: impl Future<Output = T>) -> Option<T> {
        while_leased(self.until(), HEARTBEAT_INTERVAL, || host.now(), |now| self.extend(host, now), work).await
    }

    async fn extend(&self, host: &impl Host, now: Timestamp) -> Result<bool, store::Error> {
        let mut tx = host.db().begin().await?;
        let is_extended = leases::extend(&mut tx, self.tenant, self.id, self.owner, now, now + LEASE_DURATION).await?;
        tx.commit().await?;
        Ok(is_extended)
    }

    /// Marks the operation as sending. Commit before the request is sent. False if the lease was lost.
    pub(crate) async fn mark_sending(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, store::Error> {
        leases::mark_sending(tx, self.tenant, self.id, self.owner, now).await
    }
}

/// Polls `work` until `until`, or longer if a heartbeat extends the lease. `None` if the lease was lost: `work` is then not polled again.
pub async fn while_leased<T, Extended>(
    until: Timestamp,
    heartbeat: Duration,
    now: impl Fn() -> Timestamp,
    extend: impl Fn(Timestamp) -> Extended,
    work: impl Future<Output = T>,
) -> Option<T>
where
    Extended: Future<Output = Result<bool, store::Error>>,
{
    let until = AtomicI64::new(until.as_microsecond());
    let heartbeats = async {
        loop {
            tokio::time::sleep(heartbeat).await;
            let at = now();
            match extend(at).await {
                Ok(true) => until.store((at + LEASE_DURATION).as_microsecond(), Ordering::Relaxed),
                Ok(false) => return,
                // If the database does not respond, the end of the lease stays.
                Err(error) => tracing::warn!(%error, "a lease was not extended"),
            }
        }
    };
    let mut work = pin!(work);
    let guarded = poll_fn(|context| {
        if now().as_microsecond() > until.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    tokio::select! {
        biased;
        result = guarded => result,
        () = heartbeats => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::ready, sync::atomic::AtomicBool};
    use tokio::time::{sleep, timeout};

    const BEAT: Duration = Duration::from_millis(5);
    /// Longer than many heartbeats.
    const STEP: Duration = Duration::from_millis(100);
    const NEVER: Duration = Duration::from_hours(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[tokio::test]
    async fn work_whose_lease_was_lost_takes_no_further_step() {
        let was_sent = AtomicBool::new(false);
        let work = async {
            sleep(STEP).await;
            was_sent.store(true, Ordering::Relaxed);
        };
        assert_eq!(while_leased(at(10), BEAT, || at(0), |_| ready(Ok(false)), work).await, None);
        sleep(STEP * 2).await;
        assert!(!was_sent.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn work_that_was_suspended_past_the_end_of_its_lease_takes_no_further_step() {
        let clock = AtomicI64::new(0);
        let was_sent = AtomicBool::new(false);
        let work = async {
            // The process is suspended here, and others take the lease over.
            clock.store(11, Ordering::Relaxed);
            sleep(BEAT).await;
            was_sent.store(true, Ordering::Relaxed);
        };
        let now = || at(clock.load(Ordering::Relaxed));
        let outcome = while_leased(at(10), NEVER, now, |_| ready(Ok(true)), work);
        assert_eq!(timeout(STEP * 10, outcome).await, Ok(None));
        assert!(!was_sent.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn work_whose_lease_cannot_be_extended_runs_until_its_end_and_no_longer() {
        let unanswered = |_: Timestamp| ready(Err(store::Error::Unreadable("no answer")));
        let work = async { sleep(STEP).await };
        assert_eq!(while_leased(at(10), BEAT, || at(9), unanswered, work).await, Some(()));
        let clock = AtomicI64::new(0);
        // A second passes with each heartbeat.
        let extend = |now| {
            clock.fetch_add(1, Ordering::Relaxed);
            unanswered(now)
        };
        let work = async {
            loop {
                sleep(BEAT).await;
            }
        };
        let outcome = while_leased(at(10), BEAT, || at(clock.load(Ordering::Relaxed)), extend, work);
        assert_eq!(timeout(STEP * 20, outcome).await, Ok(None::<()>));
    }

    #[tokio::test]
    async fn work_continues_while_its_lease_is_extended() {
        let clock = AtomicI64::new(0);
        let extend = |_| {
            clock.fetch_add(3, Ordering::Relaxed);
            ready(Ok(true))
        };
        let work = async {
            while clock.load(Ordering::Relaxed) < 60 {
                sleep(BEAT).await;
            }
        };
        let outcome = while_leased(at(10), BEAT, || at(clock.load(Ordering::Relaxed)), extend, work);
        assert_eq!(timeout(STEP * 50, outcome).await, Ok(Some(())));
    }
}

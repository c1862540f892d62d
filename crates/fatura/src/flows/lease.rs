//! Works on operations under a lease. A worker that has lost its lease sends and stores nothing more.

use super::{Error, context::TenantContext};
use crate::state::App;
use aws_lc_rs::digest;
use domain::ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use providers::ProviderError;
use riverqueue::JobArgs;
use std::{
    fmt::Write as _,
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicI64, Ordering},
    task::Poll,
    time::Duration,
};
use store::{
    Tx,
    leases::{self, Leased},
    parked::ParkReason,
    queue,
};
use uuid::Uuid;

/// Duration of a lease without a heartbeat.
pub(super) const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(10);
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
/// Upper bound for a request to wait for the outcome of an operation. The page then shows that it is under way.
pub(crate) const OUTCOME_TIMEOUT: Duration = Duration::from_secs(8);
/// Pause between two attempts of an operation whose company has to be connected again.
const RECONNECT_POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Minutes until an operation of a disconnected company is parked. It continues if the company is connected again before.
const MAX_DISCONNECTED_MINUTES: u32 = 60;
/// Attempts before an operation may be parked.
const MIN_ATTEMPTS: i32 = 5;
/// Longest pause between two attempts, before jitter. Everything should be done 30 seconds after the last fault, also where a follow-up, such
/// as the entry in the deal history, waits as long as the invoice did.
const MAX_BACK_OFF: Duration = Duration::from_secs(8);

/// Time after which an operation that is due and has no lease is reclaimed.
const RECLAIM_DELAY: SignedDuration = SignedDuration::from_secs(5);
/// Minimum time between two reclaims of an operation.
const RECLAIM_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// A request that was sent less than this ago may still be under way.
pub(crate) const UNDER_WAY_DURATION: SignedDuration = SignedDuration::from_secs(10);
/// Time before the creation of an operation at which a lookup begins, because the clock may have been ahead at the creation.
pub(crate) const LOOKUP_WINDOW: SignedDuration = SignedDuration::from_hours(48);

/// The outcome of one attempt.
pub(crate) enum Attempt {
    /// Nothing is left to do.
    Done,
    /// Try again after this pause.
    Later(Duration),
}

/// The name of an attempt's outcome in the metrics.
pub(crate) fn name_outcome(attempt: &Result<Attempt, Error>) -> &'static str {
    match attempt {
        Ok(Attempt::Done) => "done",
        Ok(Attempt::Later(_)) => "later",
        Err(_) => "failed",
    }
}

/// The lease of one worker on an operation.
pub(crate) struct OperationLease<'a, Id> {
    context: &'a TenantContext,
    id: Id,
    /// The lease owner: a new id for each worker.
    pub(crate) owner: Uuid,
    /// The start of the lease.
    pub(crate) since: Timestamp,
}

/// Owner and start of a lease, passed from the transaction that takes the lease to the task that works under it.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    owner: Uuid,
    since: Timestamp,
}

impl<'a, Id: Leased> OperationLease<'a, Id> {
    /// Starts a lease now. Call it after the transaction has begun, because that may wait.
    pub(crate) fn new(context: &'a TenantContext, id: Id) -> Self {
        Self { context, id, owner: Uuid::new_v4(), since: context.app.clock.now() }
    }

    /// The lease of a worker that has claimed the operation.
    pub(crate) fn held(context: &'a TenantContext, id: Id, Holder { owner, since }: Holder) -> Self {
        Self { context, id, owner, since }
    }

    /// Returns owner and start of the lease.
    pub(crate) fn holder(&self) -> Holder {
        Holder { owner: self.owner, since: self.since }
    }

    /// The end of the lease.
    pub(crate) fn until(&self) -> Timestamp {
        self.since + LEASE_DURATION
    }

    /// Runs `work` under the lease, which a heartbeat extends. If the lease is lost or the process was suspended past its end, drops `work`
    /// and returns `None`.
    pub(crate) async fn run_while_leased<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        while_leased(self.until(), HEARTBEAT_INTERVAL, || self.context.app.clock.now(), |now| self.extend(now), work)
            .await
    }

    async fn extend(&self, now: Timestamp) -> Result<bool, store::Error> {
        let mut tx = self.context.app.db.begin().await?;
        let is_extended =
            leases::extend(&mut tx, self.context.tenant, self.id, self.owner, now, now + LEASE_DURATION).await?;
        tx.commit().await?;
        Ok(is_extended)
    }

    /// Marks the operation as sending. Commit before the request is sent. Fails if the lease was lost.
    pub(crate) async fn mark_sending(&self, tx: &mut Tx) -> Result<(), Error> {
        if leases::mark_sending(tx, self.context.tenant, self.id, self.owner, self.context.app.clock.now()).await? {
            Ok(())
        } else {
            Err(Error::NotYet(HEARTBEAT_INTERVAL))
        }
    }

    /// Releases the lease after an error: schedules another attempt or parks the operation, by its age and its attempts.
    pub(crate) async fn release_after_error(
        &self,
        tx: &mut Tx,
        error: &Error,
        attempts: i32,
        since: Timestamp,
    ) -> Result<Attempt, Error> {
        let Self { context, id, owner, .. } = *self;
        match decide_next(&context.app, error, attempts, since) {
            Next::Again(wait) => {
                let at = context.app.clock.now() + SignedDuration::try_from(wait).unwrap_or(LEASE_DURATION);
                leases::postpone(tx, context.tenant, id, owner, at).await?;
                Ok(Attempt::Later(wait))
            }
            Next::Park(reason) => {
                leases::park(tx, context.tenant, id, owner, &reason).await?;
                Ok(Attempt::Done)
            }
        }
    }
}

/// Polls `work` until `until`, or longer if a heartbeat extends the lease. `None` if the lease was lost: `work` is then not polled again.
pub(super) async fn while_leased<T, Extended>(
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

/// Enqueues a job for each operation that a crash left without a worker, unless one is enqueued already, and returns their number.
pub(crate) async fn reclaim<Id: Leased, Args: JobArgs>(
    app: &App,
    job: impl Fn(TenantId, Id) -> Args,
) -> Result<usize, Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut abandoned =
        leases::claim_abandoned::<Id>(&mut tx, now - RECLAIM_DELAY, now, now + RECLAIM_INTERVAL).await?;
    if !abandoned.is_empty() {
        let waiting = queue::list_waiting::<Args, Id>(&mut tx).await?;
        abandoned.retain(|(_, id)| !waiting.contains(&id.get()));
    }
    for (tenant, id) in &abandoned {
        app.db.enqueue(&mut tx, job(*tenant, *id)).await?;
    }
    tx.commit().await?;
    Ok(abandoned.len())
}

/// How an operation continues after an attempt that failed.
enum Next {
    /// Try again after this pause.
    Again(Duration),
    /// Park it for this reason.
    Park(ParkReason),
}

/// Decides how an operation continues after an error.
fn decide_next(app: &App, error: &Error, attempts: i32, since: Timestamp) -> Next {
    match error {
        Error::Parked(reason) => Next::Park(reason.clone()),
        Error::NotYet(after) | Error::ShareUsed(after) => Next::Again(*after),
        Error::QuickBooks(ProviderError::Busy(after)) => Next::Again((*after).max(back_off(attempts))),
        // Not the operation's fault: it continues when reads are allowed again.
        Error::QuickBooks(ProviderError::ReadsRefused | ProviderError::HeldBack) => {
            let now = app.clock.now();
            let wait = app.metering.retry_at(now).duration_since(now);
            Next::Again(Duration::try_from(wait).unwrap_or(MAX_BACK_OFF))
        }
        // Not the operation's fault: it continues when an administrator has connected again.
        Error::NeedsReconnect => Next::Again(RECONNECT_POLL_INTERVAL),
        // The company was disconnected or replaced on purpose. The operation must not run unexpectedly when it is connected again months
        // later.
        Error::NotConnected => {
            let minutes = app.config.give_up_minutes.min(MAX_DISCONNECTED_MINUTES);
            if must_park(minutes, attempts, since, app.clock.now()) {
                Next::Park(ParkReason::Disconnected)
            } else {
                Next::Again(RECONNECT_POLL_INTERVAL)
            }
        }
        // The sources of an error may quote the request, so only its own text is stored.
        error if must_park(app.config.give_up_minutes, attempts, since, app.clock.now()) => {
            Next::Park(ParkReason::Failed(error.to_string()))
        }
        _ => Next::Again(back_off(attempts)),
    }
}

/// Whether a failing operation has to be parked. The clock may be ahead for a while, so one attempt for each minute is required as well;
/// [`MAX_BACK_OFF`] allows more than two.
fn must_park(minutes: u32, attempts: i32, since: Timestamp, now: Timestamp) -> bool {
    let least = i32::try_from(minutes).unwrap_or(i32::MAX).max(MIN_ATTEMPTS);
    attempts >= least && now >= since + SignedDuration::from_mins(minutes.into())
}

/// The pause after this number of attempts, with jitter.
fn back_off(attempts: i32) -> Duration {
    let pause = MAX_BACK_OFF.min(Duration::from_millis(500 << attempts.clamp(0, 9)));
    pause + pause * fastrand::u32(0..=50) / 100
}

/// Computes a `requestid`, which is the same for the same step of the same intent on every attempt and replica.
pub(crate) fn request_id(tenant: TenantId, step: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{}/{step}", tenant.0).as_bytes());
    hash.as_ref()[..16].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
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

    #[test]
    fn parking_depends_on_the_clock_and_on_the_attempts() {
        let since = Timestamp::UNIX_EPOCH;
        let is_parked =
            |minutes, attempts, hours| must_park(minutes, attempts, since, since + SignedDuration::from_hours(hours));
        assert!(!is_parked(720, 6, 26), "the clock has jumped");
        assert!(!is_parked(720, 719, 26));
        assert!(is_parked(720, 720, 12));
        assert!(!is_parked(720, 720, 11));
        assert!(!is_parked(1, 4, 1), "too few attempts");
        assert!(is_parked(1, 5, 1));
    }
}

//! Working under a lease: a row says who works on it and until when; who has lost it sends and keeps nothing more.

use super::Error;
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

/// A worker that says nothing for so long is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long a person waits before being told that we are still at it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(60);
/// How soon it is noticed that a company was connected again.
const RECONNECTED_WITHIN: Duration = Duration::from_secs(15);
/// Work of a company that is not connected any more is left to a person after so long. Connected again before, it goes on by itself.
const MAX_DISCONNECTED_MINUTES: u32 = 60;
/// Nothing is given up before so many attempts.
const MIN_ATTEMPTS: i32 = 5;
/// Somebody waits for it: half a minute after the last fault it should be done.
const BACK_OFF_MOST: Duration = Duration::from_secs(16);

/// What should have gone on so long ago was left behind.
const LEFT: SignedDuration = SignedDuration::from_secs(5);
/// What was handed out again is not handed out once more for so long.
const HANDED_OUT: SignedDuration = SignedDuration::from_secs(30);

/// What was sent so short a time ago may be under way yet.
pub(crate) const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);
/// What may have been written is looked for from so long before it was wanted: the clock may have been ahead then.
pub(crate) const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(48);

/// What became of one attempt.
pub(crate) enum Attempt {
    /// Nothing is left to do.
    Done,
    /// To be tried again after a while.
    Later(Duration),
}

/// One worker's hold on a row.
pub(crate) struct Hold<'a, Id> {
    app: &'a App,
    tenant: TenantId,
    id: Id,
    /// This worker, and nobody else.
    pub(crate) owner: Uuid,
    /// When the lease is taken.
    pub(crate) since: Timestamp,
}

impl<'a, Id: Leased> Hold<'a, Id> {
    /// A worker that takes the lease now: make it when the transaction has begun, which may wait for others.
    pub(crate) fn new(app: &'a App, tenant: TenantId, id: Id) -> Self {
        Self { app, tenant, id, owner: Uuid::new_v4(), since: app.clock.now() }
    }

    /// Until when the lease is taken.
    pub(crate) fn until(&self) -> Timestamp {
        self.since + LEASE
    }

    /// Works while the lease that was taken is kept; `None` when it was lost, and then the work was broken off. Who was asleep
    /// past the end of the lease does not take another step.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        while_leased(self.until(), HEARTBEAT, || self.app.clock.now(), |now| self.extend(now), work).await
    }

    async fn extend(&self, now: Timestamp) -> Result<bool, store::Error> {
        let mut tx = self.app.db.begin().await?;
        let kept = leases::extend(&mut tx, self.tenant, self.id, self.owner, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Notes that it is about to be sent, to be committed before the first byte goes out. An error where the lease was lost.
    pub(crate) async fn sending(&self, tx: &mut Tx) -> Result<(), Error> {
        if leases::mark_sending(tx, self.tenant, self.id, self.owner, self.app.clock.now()).await? {
            Ok(())
        } else {
            Err(Error::NotYet(HEARTBEAT))
        }
    }

    /// Gives back after an error what was wanted since then and tried so often: to be tried again, or for a person to look at.
    pub(crate) async fn give_back(
        &self,
        tx: &mut Tx,
        error: &Error,
        attempts: i32,
        since: Timestamp,
    ) -> Result<Attempt, Error> {
        let Self { app, tenant, id, owner, .. } = *self;
        match next(app, error, attempts, since) {
            Next::Again(wait) => {
                let at = app.clock.now() + SignedDuration::try_from(wait).unwrap_or(LEASE);
                leases::postpone(tx, tenant, id, owner, at).await?;
                Ok(Attempt::Later(wait))
            }
            Next::Park(reason) => {
                leases::park(tx, tenant, id, owner, &reason).await?;
                Ok(Attempt::Done)
            }
        }
    }
}

/// Works until `until`, or longer while `extend` says at each heartbeat that the lease is kept. `None` where it was lost: then the work
/// takes no further step.
async fn while_leased<T, Extended>(
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
    let heart = async {
        loop {
            tokio::time::sleep(heartbeat).await;
            let at = now();
            match extend(at).await {
                Ok(true) => until.store((at + LEASE).as_microsecond(), Ordering::Relaxed),
                Ok(false) => return,
                // The database does not answer: the lease goes on as long as it did.
                Err(error) => tracing::warn!(%error, "a lease was not extended"),
            }
        }
    };
    let mut work = pin!(work);
    let awake = poll_fn(|context| {
        if now().as_microsecond() > until.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    tokio::select! {
        biased;
        done = awake => done,
        () = heart => None,
    }
}

/// Hands out again what a crash left behind, as the job that works on it; how many. Not what only waits for its turn.
pub(crate) async fn recover<Id: Leased, Args: JobArgs>(
    app: &App,
    job: impl Fn(TenantId, Id) -> Args,
) -> Result<usize, Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut abandoned = leases::claim_abandoned::<Id>(&mut tx, now - LEFT, now, now + HANDED_OUT).await?;
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

/// How work goes on that did not come to its end.
enum Next {
    /// Again, after a pause.
    Again(Duration),
    /// Not without a person.
    Park(ParkReason),
}

/// How work goes on after an error: wanted since then, and tried so often.
fn next(app: &App, error: &Error, attempts: i32, since: Timestamp) -> Next {
    match error {
        Error::Parked(reason) => Next::Park(reason.clone()),
        Error::NotYet(after) | Error::ShareUsed(after) => Next::Again(*after),
        Error::QuickBooks(ProviderError::Busy(after)) => Next::Again((*after).max(back_off(attempts))),
        // Nothing is wrong with the work: it goes on when QuickBooks is read again.
        Error::QuickBooks(ProviderError::ReadsRefused | ProviderError::HeldBack) => {
            let now = app.clock.now();
            let wait = app.metering.retry_at(now).duration_since(now);
            Next::Again(Duration::try_from(wait).unwrap_or(BACK_OFF_MOST))
        }
        // Nothing is wrong with the work: it goes on when they have connected again.
        Error::NeedsReconnect => Next::Again(RECONNECTED_WITHIN),
        // The company was disconnected or replaced on purpose. Months later, its invoice would surprise whoever connects it again.
        Error::NotConnected => {
            let minutes = app.config.give_up_minutes.min(MAX_DISCONNECTED_MINUTES);
            if is_to_be_given_up(minutes, attempts, since, app.clock.now()) {
                Next::Park(ParkReason::Disconnected)
            } else {
                Next::Again(RECONNECTED_WITHIN)
            }
        }
        // What lies behind an error may quote what was sent: it is not kept.
        error if is_to_be_given_up(app.config.give_up_minutes, attempts, since, app.clock.now()) => {
            Next::Park(ParkReason::Failed(error.to_string()))
        }
        _ => Next::Again(back_off(attempts)),
    }
}

/// Whether failing work is left to a person. The clock alone does not say so, because it may be ahead for a while: there has also been an
/// attempt for each of the minutes, of which [`BACK_OFF_MOST`] allows more than two.
fn is_to_be_given_up(minutes: u32, attempts: i32, since: Timestamp, now: Timestamp) -> bool {
    let least = i32::try_from(minutes).unwrap_or(i32::MAX).max(MIN_ATTEMPTS);
    attempts >= least && now >= since + SignedDuration::from_mins(minutes.into())
}

/// How long to wait after so many attempts. Those that failed together do not come back together.
fn back_off(attempts: i32) -> Duration {
    let pause = BACK_OFF_MOST.min(Duration::from_millis(500 << attempts.clamp(0, 9)));
    pause + pause * fastrand::u32(0..=50) / 100
}

/// A `requestid`: the same for the same step of the same intent, however often and wherever it is made.
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
    async fn work_that_was_asleep_past_the_end_of_its_lease_takes_no_further_step() {
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
    async fn work_whose_lease_cannot_be_extended_goes_on_to_its_end_and_no_longer() {
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
    async fn work_goes_on_while_its_lease_is_extended() {
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
    fn work_is_given_up_by_the_clock_and_by_its_attempts() {
        let since = Timestamp::UNIX_EPOCH;
        let is_given_up = |minutes, attempts, hours| {
            is_to_be_given_up(minutes, attempts, since, since + SignedDuration::from_hours(hours))
        };
        assert!(!is_given_up(720, 6, 26), "the clock has jumped");
        assert!(!is_given_up(720, 719, 26));
        assert!(is_given_up(720, 720, 12));
        assert!(!is_given_up(720, 720, 11));
        assert!(!is_given_up(1, 4, 1), "hardly tried");
        assert!(is_given_up(1, 5, 1));
    }
}

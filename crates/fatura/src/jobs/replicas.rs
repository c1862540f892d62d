//! Heartbeats of the replicas on one database. They share the database's clock and the limits of each QuickBooks company.

use crate::{clock, flows::Error, state::App};
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};
use store::clock_correction;
use uuid::Uuid;

/// Time without a heartbeat after which a replica counts as ended.
const REPLICA_TIMEOUT: SignedDuration = SignedDuration::from_secs(20);

/// Interval of the heartbeats.
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
/// Upper bound for a reading of the database's clock. A slower one is not used.
const MAX_CLOCK_READ_DURATION: Duration = Duration::from_secs(1);
/// Time after the start of a replica in which the others may not have counted it yet.
const ANNOUNCEMENT_PERIOD: Duration = HEARTBEAT_INTERVAL.saturating_add(Duration::from_secs(1));

/// This process among the replicas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica {
    id: Uuid,
    started: Instant,
}

/// Difference between the clocks of two replicas. A timestamp in the future by less than this is correct.
const MAX_REPLICA_SKEW: SignedDuration = SignedDuration::from_secs(2);

impl Replica {
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), started: Instant::now() }
    }

    /// Whether the heartbeat at the start was sent. Assumes that it was sent within an interval after the start.
    fn has_sent_heartbeat(self) -> bool {
        self.started.elapsed() > HEARTBEAT_INTERVAL
    }
}

/// Sets the clock to the database's, records a heartbeat of this replica and divides the limits by the number of replicas. On SQLite there
/// is one replica; other rows are from processes that were killed.
pub(crate) async fn record_heartbeat(app: &App, replica: Replica) -> Result<(), Error> {
    let asked_at = Instant::now();
    let database_time = app.db.now().await?;
    // After a suspension of this process or the database, the time in the response is old.
    let machine_time = clock::system_time();
    let was_ahead = asked_at.elapsed() < MAX_CLOCK_READ_DURATION
        && app.clock.set(database_time.unwrap_or(machine_time), asked_at, machine_time);
    let mut tx = app.db.begin().await?;
    // After the transaction has begun, because that may wait: what others store meanwhile is not in the future.
    let now = app.clock.now();
    let mut corrected = clock_correction::correct_available_jobs(&mut tx, now).await?;
    if was_ahead {
        corrected += clock_correction::correct_waiting_jobs(&mut tx, now).await?;
    }
    // Work that began while a clock was ahead may have stored its timestamps after the first correction.
    if app.clock.may_have_stale_work() || !replica.has_sent_heartbeat() {
        corrected += clock_correction::correct_future_timestamps(&mut tx, now + MAX_REPLICA_SKEW).await?;
    }
    tx.commit().await?;
    if corrected > 0 {
        tracing::warn!(corrected, "a clock was ahead; its timestamps in the database were corrected");
    }
    if !replica.has_sent_heartbeat() {
        expect_changes_after_outage(app, now).await?;
    }
    let mut tx = app.db.begin().await?;
    let replicas = store::replicas::record_heartbeat(&mut tx, replica.id, now, now - REPLICA_TIMEOUT).await?;
    tx.commit().await?;
    if database_time.is_none() {
        return Ok(());
    }
    // The other replicas have not counted this one yet.
    if replicas > 1 && replica.started.elapsed() < ANNOUNCEMENT_PERIOD {
        app.rate_limiters.use_minimum_share();
    } else {
        app.rate_limiters.set_replicas(replicas);
    }
    Ok(())
}

/// Makes every company's sweep due if no replica ran for longer than a polling interval, or if the database is a restored backup, because
/// webhooks may have been lost.
async fn expect_changes_after_outage(app: &App, now: Timestamp) -> Result<(), Error> {
    let interval = SignedDuration::from_secs(i64::from(app.config.quickbooks_poll_seconds));
    let mut tx = app.db.begin().await?;
    let last = store::replicas::find_last_heartbeat(&mut tx).await?;
    if last.is_none_or(|last| now.duration_since(last) > interval) {
        store::changes::expect_changes(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Records that this replica ends, so that the others stop counting it.
pub(crate) async fn end_replica(app: &App, replica: Replica) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    store::replicas::mark_ended(&mut tx, replica.id).await?;
    Ok(tx.commit().await?)
}

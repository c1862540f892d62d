//! What the replicas on one database have in common: the time, and what each company's QuickBooks allows.

use crate::{clock, flows::Error, state::App};
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};
use store::clock_correction;
use uuid::Uuid;

/// A replica that nobody has seen for so long is not there.
const GONE: SignedDuration = SignedDuration::from_secs(20);

/// How often the replicas see each other.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long the database may take to tell the time.
const ANSWERED: Duration = Duration::from_secs(1);
/// Until then the others have seen one that has just started.
const SEEN: Duration = HEARTBEAT.saturating_add(Duration::from_secs(1));

/// This process among the replicas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica {
    id: Uuid,
    started: Instant,
}

impl Replica {
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), started: Instant::now() }
    }

    /// Whether this is not its first look any more.
    fn has_looked(self) -> bool {
        self.started.elapsed() > HEARTBEAT
    }
}

/// Sets the clock by the database's, notes that this replica runs, and shares with the others. On SQLite there are none: whom it has seen
/// was killed before.
pub(crate) async fn look(app: &App, replica: Replica) -> Result<(), Error> {
    let asked = Instant::now();
    let told = app.db.now().await?;
    // Where somebody slept, or the database did, what was told is no time of now.
    let was_ahead = asked.elapsed() < ANSWERED && app.clock.set(told.unwrap_or_else(clock::of_this_machine), asked);
    let now = app.clock.now();
    if was_ahead || !replica.has_looked() {
        let mut tx = app.db.begin().await?;
        let corrected = clock_correction::correct_future_timestamps(&mut tx, now).await?;
        tx.commit().await?;
        if corrected > 0 {
            tracing::warn!(corrected, "the clock was ahead: what it has kept was put right");
        }
    }
    if !replica.has_looked() {
        expect_changes_after_outage(app, now).await?;
    }
    let mut tx = app.db.begin().await?;
    let replicas = store::replicas::record_heartbeat(&mut tx, replica.id, now, now - GONE).await?;
    tx.commit().await?;
    if told.is_none() {
        return Ok(());
    }
    // The others do not share yet with one that they have not seen.
    if replicas > 1 && replica.started.elapsed() < SEEN {
        app.rate_limiters.use_minimum_share();
    } else {
        app.rate_limiters.set_replicas(replicas);
    }
    Ok(())
}

/// Has every company read soon if no replica ran for longer than a polling interval, or if the database is a restored backup: webhooks may
/// have been lost.
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

/// Tells the others that this one ends.
pub(crate) async fn leave(app: &App, replica: Replica) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    store::replicas::mark_ended(&mut tx, replica.id).await?;
    Ok(tx.commit().await?)
}

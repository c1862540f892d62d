//! What the replicas on one database have in common: the time, and what each company's QuickBooks allows.

use crate::{clock, flows::Error, state::App};
use jiff::SignedDuration;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A replica that nobody has seen for so long is not there.
const GONE: SignedDuration = SignedDuration::from_secs(20);

/// How often the replicas see each other.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
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
}

/// Sets the clock by the database's, notes that this replica runs, and shares with the others. On SQLite there are none.
pub(crate) async fn look(app: &App, replica: Replica) -> Result<(), Error> {
    let Some(now) = app.db.now().await? else {
        app.clock.set(clock::of_this_machine());
        return Ok(());
    };
    app.clock.set(now);
    let mut tx = app.db.begin().await?;
    let replicas = store::replicas::seen(&mut tx, replica.id, now, now - GONE).await?;
    tx.commit().await?;
    // The others do not share yet with one that they have not seen.
    if replicas > 1 && replica.started.elapsed() < SEEN {
        app.gates.take_the_least();
    } else {
        app.gates.share(replicas);
    }
    Ok(())
}

/// Tells the others that this one ends.
pub(crate) async fn leave(app: &App, replica: Replica) -> Result<(), Error> {
    if app.db.now().await?.is_some() {
        let mut tx = app.db.begin().await?;
        store::replicas::gone(&mut tx, replica.id).await?;
        tx.commit().await?;
    }
    Ok(())
}

//! What the replicas on one database have in common: the time, and what each company's QuickBooks allows.

use crate::{clock, flows::Error, state::App};
use jiff::SignedDuration;
use uuid::Uuid;

/// A replica that nobody has seen for so long is not there.
const GONE: SignedDuration = SignedDuration::from_secs(20);

/// Sets the clock by the database's, notes that this replica runs, and shares with the others. On SQLite there are none.
pub(crate) async fn look(app: &App, replica: Uuid) -> Result<(), Error> {
    let Some(now) = app.db.now().await? else {
        app.clock.set(clock::of_this_machine());
        return Ok(());
    };
    app.clock.set(now);
    let mut tx = app.db.begin().await?;
    let replicas = store::replicas::seen(&mut tx, replica, now, now - GONE).await?;
    tx.commit().await?;
    app.gates.share(replicas);
    Ok(())
}

/// Tells the others that this one ends.
pub(crate) async fn leave(app: &App, replica: Uuid) -> Result<(), Error> {
    if app.db.now().await?.is_some() {
        let mut tx = app.db.begin().await?;
        store::replicas::gone(&mut tx, replica).await?;
        tx.commit().await?;
    }
    Ok(())
}

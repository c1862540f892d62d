//! The replicas of the service that run on one database. They share what each company's QuickBooks allows.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use jiff::Timestamp;
use uuid::Uuid;

/// Records a heartbeat of `replica`, deletes replicas without one since `since`, and returns how many run.
pub async fn record_heartbeat(tx: &mut Tx, replica: Uuid, now: Timestamp, since: Timestamp) -> Result<u32, Error> {
    on!(tx, c => sqlx::query("INSERT INTO replica (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at")
        .bind(replica).bind(micros(now)).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query("DELETE FROM replica WHERE seen_at < $1").bind(micros(since)).execute(c).await.map(drop))?;
    let count: i64 =
        on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM replica WHERE NOT has_ended").fetch_one(c).await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Finds the last heartbeat of any replica, also of one that has ended: the service ran on this database until then.
pub async fn find_last_heartbeat(tx: &mut Tx) -> Result<Option<Timestamp>, Error> {
    let last: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT MAX(seen_at) FROM replica").fetch_one(c).await)?;
    last.map(instant).transpose()
}

/// Records that a replica has ended.
pub async fn mark_ended(tx: &mut Tx, replica: Uuid) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE replica SET has_ended = TRUE WHERE id = $1").bind(replica).execute(c).await.map(drop))?;
    Ok(())
}

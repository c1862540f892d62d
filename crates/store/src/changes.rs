//! Which connected companies have changed in QuickBooks, and up to when their changes are known.
//!
//! A company is marked as changed; whoever has its lease reads everything since the mark in one call.

use crate::{
    Error, Tx,
    db::on,
    time::{beyond, instant, micros},
};
use domain::ids::{ConnectionId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// How far a company's changes are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// All changes before this are known; `None` when they were never read.
    pub until: Option<Timestamp>,
    /// Since when QuickBooks does not answer, if it does not.
    pub silent_since: Option<Timestamp>,
}

/// Notes that something changed. True when this is news: then enqueue the reading. Else somebody is about to read, or
/// reads and is told by [`read`] to do so once more.
pub async fn mark(tx: &mut Tx, tenant: TenantId, connection: ConnectionId, now: Timestamp) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET changed_at = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND changed_at <= changes_until")
        .bind(tenant.0).bind(connection.0).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?;
    if rows == 0 {
        on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET changed_at = $3 WHERE tenant_id = $1 AND id = $2 AND changed_at < $3")
            .bind(tenant.0).bind(connection.0).bind(micros(now)).execute(c).await.map(drop))?;
    }
    Ok(rows == 1)
}

/// Takes the right to read a company's changes until `until`: up to when they are known.
pub async fn lease(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Known>, Error> {
    let row: Option<(i64, Option<i64>)> = on!(tx, c => sqlx::query_as(
        "UPDATE quickbooks_connection SET changes_lease_until = $4, swept_until = 0 WHERE tenant_id = $1 AND id = $2 AND state = 'active' \
         AND (changes_lease_until <= $3 OR changes_lease_until > $5) RETURNING changes_until, silent_since")
        .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(micros(until)).bind(beyond(until)).fetch_optional(c).await)?;
    row.map(known).transpose()
}

fn known((until, silent_since): (i64, Option<i64>)) -> Result<Known, Error> {
    let until = (until > 0).then(|| instant(until)).transpose()?;
    Ok(Known { until, silent_since: silent_since.map(instant).transpose()? })
}

/// How far a company's changes are known.
pub async fn find(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<Option<Known>, Error> {
    let row: Option<(i64, Option<i64>)> = on!(tx, c => sqlx::query_as(
        "SELECT changes_until, silent_since FROM quickbooks_connection WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(connection.0).fetch_optional(c).await)?;
    row.map(known).transpose()
}

/// All changes before `until` are known. True when the company was marked again since, and has to be read again.
pub async fn read(tx: &mut Tx, tenant: TenantId, connection: ConnectionId, until: Timestamp) -> Result<bool, Error> {
    let changed_at: i64 = on!(tx, c => sqlx::query_scalar(
        "UPDATE quickbooks_connection SET changes_until = $3, changes_lease_until = 0, silent_since = NULL \
         WHERE tenant_id = $1 AND id = $2 RETURNING changed_at")
        .bind(tenant.0).bind(connection.0).bind(micros(until)).fetch_one(c).await)?;
    Ok(changed_at >= micros(until))
}

/// QuickBooks did not answer; the lease goes on until `again`, so that nobody asks before.
pub async fn silent(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    now: Timestamp,
    again: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET changes_lease_until = $4, silent_since = COALESCE(silent_since, $3) WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(micros(again)).execute(c).await.map(drop))?;
    Ok(())
}

/// What is overdue to be read: companies whose changes are known up to before these moments only.
#[derive(Debug, Clone, Copy)]
pub struct Overdue {
    /// Where an invoice is to be paid.
    pub open: Timestamp,
    /// Where none is.
    pub idle: Timestamp,
    /// Where something was marked as changed before this, in vain.
    pub marked: Timestamp,
}

/// Takes companies that nobody reads and that are overdue, the longest unread first. No other sweep takes them before `until`,
/// unless somebody has begun to read them.
pub async fn unread(
    tx: &mut Tx,
    overdue: &Overdue,
    now: Timestamp,
    until: Timestamp,
    most: i64,
) -> Result<Vec<(TenantId, ConnectionId)>, Error> {
    // Two sweeps at the same time take different ones; SQLite has one at a time.
    let skip = if matches!(tx, Tx::Postgres(_)) { "FOR UPDATE SKIP LOCKED" } else { "" };
    let statement = format!(
        "UPDATE quickbooks_connection SET swept_until = $7 WHERE id IN (SELECT id FROM quickbooks_connection AS q WHERE state = 'active' \
         AND (changes_lease_until <= $4 OR changes_lease_until > $6) AND (swept_until <= $4 OR swept_until > $6) \
         AND (changes_until < $2 OR (changed_at > changes_until AND changed_at < $3) OR (changes_until < $1 AND EXISTS \
         (SELECT 1 FROM invoice WHERE connection_id = q.id AND state = 'issued' AND balance_minor > 0))) \
         ORDER BY changes_until LIMIT $5 {skip}) RETURNING tenant_id, id"
    );
    let rows: Vec<(Uuid, Uuid)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(micros(overdue.open)).bind(micros(overdue.idle)).bind(micros(overdue.marked)).bind(micros(now)).bind(most).bind(beyond(until))
        .bind(micros(until)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), ConnectionId(id))).collect())
}

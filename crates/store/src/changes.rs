//! Which connected companies have changed in QuickBooks, and up to when their changes are known.
//!
//! A company is marked as changed; whoever has its lease reads everything since the mark in one call.

use crate::{
    Error, Tx,
    db::on,
    time::{beyond, instant, micros},
};
use domain::ids::{ConnectionId, TenantId};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// How far a company's changes are known, and what its webhooks have shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// All changes before this are known; `None` when they were never read.
    pub until: Option<Timestamp>,
    /// Since when QuickBooks does not answer, if it does not.
    pub silent_since: Option<Timestamp>,
    /// QuickBooks refuses reads; they are tried again then.
    pub refused_until: Option<Timestamp>,
    /// When the last webhook arrived.
    pub webhook_at: Option<Timestamp>,
    /// What the sweeps go by.
    pub pace: Pace,
}

/// How often a company is read without a webhook, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Polling intervals between two readings.
    pub steps: i32,
    /// When a reading last confirmed what a webhook had told of.
    pub confirmed_at: Option<Timestamp>,
    /// When a reading found a change that no webhook had told of, if it matters still.
    pub missed_at: Option<Timestamp>,
    /// When something last changed.
    pub active_at: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { steps: 1, confirmed_at: None, missed_at: None, active_at: None }
    }
}

/// Why a company may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// QuickBooks' webhook said so.
    Webhook,
    /// Somebody opened a page that should not be old.
    Look,
}

/// Notes that something changed. True when this is news: then enqueue the reading. Else somebody is about to read, or
/// reads and is told by [`read`] to do so once more.
pub async fn mark(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    sign: Sign,
    now: Timestamp,
) -> Result<bool, Error> {
    let webhook = if sign == Sign::Webhook { micros(now) } else { 0 };
    let rows = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET changed_at = $3, webhook_at = CASE WHEN webhook_at < $4 THEN $4 ELSE webhook_at END \
         WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND changed_at <= changes_until")
        .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(webhook).execute(c).await.map(|done| done.rows_affected()))?;
    if rows == 0 {
        on!(tx, c => sqlx::query(
            "UPDATE quickbooks_connection SET changed_at = $3, webhook_at = CASE WHEN webhook_at < $4 THEN $4 ELSE webhook_at END \
             WHERE tenant_id = $1 AND id = $2 AND changed_at < $3")
            .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(webhook).execute(c).await.map(drop))?;
    }
    Ok(rows == 1)
}

/// A webhook is to be expected, because something was created: without one the company is read after one polling interval.
pub async fn expect_webhook(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET sweep_steps = 1 WHERE tenant_id = $1 AND id = $2 AND sweep_steps > 1")
        .bind(tenant.0).bind(connection.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Reads every company after one polling interval, whatever its pace: webhooks may have been lost since its last reading.
pub async fn expect_changes(tx: &mut Tx) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET sweep_steps = 1 WHERE state = 'active' AND sweep_steps > 1")
        .execute(c).await.map(drop))?;
    Ok(())
}

type Row = (i64, Option<i64>, i64, i64, i32, i64, i64, i64);
const KNOWN: &str = "changes_until, silent_since, reads_refused_until, webhook_at, sweep_steps, webhook_confirmed_at, \
                     webhook_missed_at, active_at";

/// Takes the right to read a company's changes until `until`: up to when they are known. Not while it refuses reads.
pub async fn lease(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Known>, Error> {
    let statement = format!(
        "UPDATE quickbooks_connection SET changes_lease_until = $4, swept_until = 0 WHERE tenant_id = $1 AND id = $2 AND state = 'active' \
         AND (changes_lease_until <= $3 OR changes_lease_until > $5) AND reads_refused_until <= $3 RETURNING {KNOWN}"
    );
    let row: Option<Row> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(micros(until)).bind(beyond(until)).fetch_optional(c).await)?;
    row.map(known).transpose()
}

fn known((until, silent, refused, webhook, steps, confirmed, missed, active): Row) -> Result<Known, Error> {
    let moment = |micros: i64| (micros > 0).then(|| instant(micros)).transpose();
    Ok(Known {
        until: moment(until)?,
        silent_since: silent.map(instant).transpose()?,
        refused_until: moment(refused)?,
        webhook_at: moment(webhook)?,
        pace: Pace { steps, confirmed_at: moment(confirmed)?, missed_at: moment(missed)?, active_at: moment(active)? },
    })
}

/// How far a company's changes are known.
pub async fn find(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<Option<Known>, Error> {
    let statement = format!("SELECT {KNOWN} FROM quickbooks_connection WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(connection.0).fetch_optional(c).await)?;
    row.map(known).transpose()
}

/// Whether an invoice of the connection is to be paid.
pub async fn has_open(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<bool, Error> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT balance_minor FROM invoice WHERE tenant_id = $1 AND connection_id = $2 AND state = 'issued' AND balance_minor > 0 AND NOT deleted LIMIT 1")
        .bind(tenant.0).bind(connection.0).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// All changes before `until` are known, and the next reading follows the pace. True when the company was marked again since, and has to
/// be read again.
pub async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    until: Timestamp,
    pace: &Pace,
) -> Result<bool, Error> {
    let moment = |at: Option<Timestamp>| at.map_or(0, micros);
    let changed_at: i64 = on!(tx, c => sqlx::query_scalar(
        "UPDATE quickbooks_connection SET changes_until = $3, changes_lease_until = 0, silent_since = NULL, reads_refused_until = 0, \
         sweep_steps = $4, webhook_confirmed_at = $5, webhook_missed_at = $6, active_at = $7 \
         WHERE tenant_id = $1 AND id = $2 RETURNING changed_at")
        .bind(tenant.0).bind(connection.0).bind(micros(until)).bind(pace.steps).bind(moment(pace.confirmed_at))
        .bind(moment(pace.missed_at)).bind(moment(pace.active_at)).fetch_one(c).await)?;
    Ok(changed_at >= micros(until))
}

/// Nothing was read, because our own budget holds it back: the right to read is given back, and a mark stays.
pub async fn release(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET changes_lease_until = 0 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(connection.0).execute(c).await.map(drop))?;
    Ok(())
}

/// QuickBooks refuses reads; nothing is read until `again`, and a mark stays.
pub async fn mark_refused(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    again: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET changes_lease_until = 0, reads_refused_until = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(connection.0).bind(micros(again)).execute(c).await.map(drop))?;
    Ok(())
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

/// What is overdue to be read.
#[derive(Debug, Clone, Copy)]
pub struct Overdue {
    /// The polling interval: a company is overdue after as many of them as its pace says.
    pub interval: SignedDuration,
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
        "UPDATE quickbooks_connection SET swept_until = $6 WHERE id IN (SELECT id FROM quickbooks_connection WHERE state = 'active' \
         AND (changes_lease_until <= $3 OR changes_lease_until > $5) AND (swept_until <= $3 OR swept_until > $5) \
         AND reads_refused_until <= $3 \
         AND EXISTS (SELECT 1 FROM tenant WHERE tenant.id = tenant_id AND uninstalled_at IS NULL) \
         AND (changes_until + sweep_steps * $1 < $3 OR (changed_at > changes_until AND changed_at < $2)) \
         ORDER BY changes_until LIMIT $4 {skip}) RETURNING tenant_id, id"
    );
    let interval = i64::try_from(overdue.interval.as_micros()).unwrap_or(i64::MAX / 1_000_000);
    let rows: Vec<(Uuid, Uuid)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(interval).bind(micros(overdue.marked)).bind(micros(now)).bind(most).bind(beyond(until))
        .bind(micros(until)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), ConnectionId(id))).collect())
}

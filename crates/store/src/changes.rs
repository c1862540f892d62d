//! The sync state of each connected company: whether it is marked as changed, its cursor, its lease and its pace.
//!
//! A mark enqueues one sync; the sync that holds the lease reads everything since the cursor in one call.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, max_lease_end, micros},
};
use domain::ids::{ConnectionId, TenantId};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A company's cursor, and the history of its webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncState {
    /// The cursor: all changes before it are stored. `None` where changes were never read.
    pub until: Option<Timestamp>,
    /// The time of the first of the consecutive failed syncs, if the last one failed.
    pub failing_since: Option<Timestamp>,
    /// The time of the next read, while QuickBooks refuses reads.
    pub refused_until: Option<Timestamp>,
    /// The arrival of the last webhook.
    pub webhook_at: Option<Timestamp>,
    /// How often sweeps sync the company.
    pub pace: Pace,
}

/// How often a company is synced without a webhook, and the observations that determine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Polling intervals between two syncs.
    pub steps: i32,
    /// The time of the last sync that found the change that a webhook announced.
    pub confirmed_at: Option<Timestamp>,
    /// The time of the last sync that found a change without a webhook, while it still counts against the webhooks.
    pub missed_at: Option<Timestamp>,
    /// The time of the last change.
    pub active_at: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { steps: 1, confirmed_at: None, missed_at: None, active_at: None }
    }
}

/// Why a company may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSource {
    /// A webhook of QuickBooks.
    Webhook,
    /// A person opened a page that shows the company's invoices.
    PageView,
}

/// Marks a company as changed. Returns true for the first mark since the cursor: enqueue a sync then. Otherwise a sync is enqueued already,
/// or a running sync will enqueue another one because [`mark_synced`] returns true.
pub async fn mark_changed(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    source: ChangeSource,
    now: Timestamp,
) -> Result<bool, Error> {
    let webhook = if source == ChangeSource::Webhook { micros(now) } else { 0 };
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

/// Makes the next sweep due after one polling interval. Call it after a write, which a webhook should announce.
pub async fn expect_webhook(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET sweep_steps = 1 WHERE tenant_id = $1 AND id = $2 AND sweep_steps > 1")
        .bind(tenant.0).bind(connection.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Makes every company's next sweep due after one polling interval, because webhooks may have been lost since its last sync.
pub async fn expect_changes(tx: &mut Tx) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET sweep_steps = 1 WHERE state = 'active' AND sweep_steps > 1")
        .execute(c).await.map(drop))?;
    Ok(())
}

type Row = (i64, Option<i64>, i64, i64, i32, i64, i64, i64);
const SYNC_COLUMNS: &str = "changes_until, silent_since, reads_refused_until, webhook_at, sweep_steps, webhook_confirmed_at, \
                     webhook_missed_at, active_at";

/// Takes the sync lease of a company until `until` and returns its sync state. `None` if another sync holds the lease, QuickBooks refuses
/// reads, or the connection is not active.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<SyncState>, Error> {
    let statement = format!(
        "UPDATE quickbooks_connection SET changes_lease_until = $4, swept_until = 0 WHERE tenant_id = $1 AND id = $2 AND state = 'active' \
         AND (changes_lease_until <= $3 OR changes_lease_until > $5) AND reads_refused_until <= $3 RETURNING {SYNC_COLUMNS}"
    );
    let row: Option<Row> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(connection.0).bind(micros(now)).bind(micros(until)).bind(max_lease_end(until)).fetch_optional(c).await)?;
    row.map(read_sync_state).transpose()
}

/// Extends the sync lease that ends at `held` until `until`. False if it was lost: another sync may hold it.
pub async fn extend(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    held: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET changes_lease_until = $4 WHERE tenant_id = $1 AND id = $2 AND changes_lease_until = $3")
        .bind(tenant.0).bind(connection.0).bind(micros(held)).bind(micros(until)).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

fn read_sync_state(
    (until, silent, refused, webhook, steps, confirmed, missed, active): Row,
) -> Result<SyncState, Error> {
    let timestamp = |micros: i64| (micros > 0).then(|| instant(micros)).transpose();
    Ok(SyncState {
        until: timestamp(until)?,
        failing_since: silent.map(instant).transpose()?,
        refused_until: timestamp(refused)?,
        webhook_at: timestamp(webhook)?,
        pace: Pace {
            steps,
            confirmed_at: timestamp(confirmed)?,
            missed_at: timestamp(missed)?,
            active_at: timestamp(active)?,
        },
    })
}

/// Finds a company's sync state.
pub async fn find(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<Option<SyncState>, Error> {
    let statement = format!("SELECT {SYNC_COLUMNS} FROM quickbooks_connection WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(connection.0).fetch_optional(c).await)?;
    row.map(read_sync_state).transpose()
}

/// Whether an invoice of the connection has a balance.
pub async fn has_open(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<bool, Error> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT balance_minor FROM invoice WHERE tenant_id = $1 AND connection_id = $2 AND state = 'issued' AND balance_minor > 0 AND NOT deleted LIMIT 1")
        .bind(tenant.0).bind(connection.0).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Moves the cursor to `until`, stores the pace and releases the lease. Returns true where the company was marked as changed since:
/// enqueue another sync then.
pub async fn mark_synced(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    until: Timestamp,
    pace: &Pace,
) -> Result<bool, Error> {
    let to_micros = |at: Option<Timestamp>| at.map_or(0, micros);
    let changed_at: i64 = on!(tx, c => sqlx::query_scalar(
        "UPDATE quickbooks_connection SET changes_until = $3, changes_lease_until = 0, silent_since = NULL, reads_refused_until = 0, \
         sweep_steps = $4, webhook_confirmed_at = $5, webhook_missed_at = $6, active_at = $7 \
         WHERE tenant_id = $1 AND id = $2 RETURNING changed_at")
        .bind(tenant.0).bind(connection.0).bind(micros(until)).bind(pace.steps).bind(to_micros(pace.confirmed_at))
        .bind(to_micros(pace.missed_at)).bind(to_micros(pace.active_at)).fetch_one(c).await)?;
    Ok(changed_at >= micros(until))
}

/// Releases the lease without a sync, because the monthly budget is used up. A mark stays.
pub async fn release(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET changes_lease_until = 0 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(connection.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Records that QuickBooks refuses reads: no sync starts before `again`. A mark stays.
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

/// Records a failed sync. The lease is kept until `again`, so that no other sync starts before.
pub async fn record_failure(
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

/// When a company counts as overdue.
#[derive(Debug, Clone, Copy)]
pub struct Overdue {
    /// The polling interval. A company is overdue once [`Pace::steps`] of them have passed.
    pub interval: SignedDuration,
    /// A company that was marked as changed before this time, and was not synced since, is overdue as well.
    pub marked: Timestamp,
}

/// Claims up to `most` overdue companies without a sync lease, the oldest cursor first. No other sweep claims them before `until`,
/// unless a sync starts meanwhile.
pub async fn claim_overdue(
    tx: &mut Tx,
    overdue: &Overdue,
    now: Timestamp,
    until: Timestamp,
    most: i64,
) -> Result<Vec<(TenantId, ConnectionId)>, Error> {
    // Concurrent sweeps claim different companies. SQLite has one writer at a time.
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
        .bind(interval).bind(micros(overdue.marked)).bind(micros(now)).bind(most).bind(max_lease_end(until))
        .bind(micros(until)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), ConnectionId(id))).collect())
}

//! What a deal's own history is to be told of its invoices: made in the transaction of the change, written to
//! Pipedrive once.

use crate::{
    Error, Tx,
    db::on,
    leases::{self, Progress},
    time::{instant, micros},
};
use domain::{
    ids::{DealId, EntryId, InvoiceId, TenantId, UserId},
    invoice::{Snapshot, Status},
};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Ours.
    pub id: EntryId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// In which deal's history.
    pub deal: DealId,
    /// On whose behalf, where that user still has the app.
    pub user: UserId,
    /// What it tells: `created`, or the name of a badge.
    pub told: String,
    /// The invoice as it was then.
    pub snapshot: Snapshot,
    /// When.
    pub made_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    invoice_id: Uuid,
    deal_id: i64,
    user_id: i64,
    told: String,
    snapshot: String,
    made_at: i64,
    state: String,
    attempts: i32,
}

/// Makes an entry; enqueue its writing in the same transaction.
pub async fn add(tx: &mut Tx, tenant: TenantId, entry: &Entry) -> Result<(), Error> {
    let snapshot = serde_json::to_string(&entry.snapshot).map_err(|_| Error::Unreadable("history entry"))?;
    on!(tx, c => sqlx::query(
        "INSERT INTO history_entry (id, tenant_id, invoice_id, deal_id, user_id, told, snapshot, made_at, state, lease_until, attempts, \
         next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, 0, $8)")
        .bind(entry.id.0).bind(tenant.0).bind(entry.invoice.0).bind(entry.deal.0).bind(entry.user.0).bind(&entry.told)
        .bind(snapshot).bind(micros(entry.made_at)).execute(c).await.map(drop))?;
    Ok(())
}

/// Takes the right to write an entry until `until`: the entry, how far it came, and the attempts so far.
pub async fn lease(
    tx: &mut Tx,
    tenant: TenantId,
    id: EntryId,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<(Entry, Progress, i32)>, Error> {
    let Some(held_until) = leases::claim(tx, tenant, id, owner, now, until).await? else { return Ok(None) };
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, invoice_id, deal_id, user_id, told, snapshot, made_at, state, attempts FROM history_entry WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let progress = Progress::of(row.state == "sending", held_until);
    let entry = Entry {
        id: EntryId(row.id),
        invoice: InvoiceId(row.invoice_id),
        deal: DealId(row.deal_id),
        user: UserId(row.user_id),
        told: row.told,
        snapshot: serde_json::from_str(&row.snapshot).map_err(|_| Error::Unreadable("history entry"))?,
        made_at: instant(row.made_at)?,
    };
    Ok(Some((entry, progress, row.attempts)))
}

/// The entry stands in Pipedrive as this note; `None` where it never will. Nothing when the lease was lost.
pub async fn written(tx: &mut Tx, tenant: TenantId, id: EntryId, owner: Uuid, note: Option<i64>) -> Result<(), Error> {
    let state = if note.is_some() { "written" } else { "dropped" };
    on!(tx, c => sqlx::query(
        "UPDATE history_entry SET state = $4, note_id = $5, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3")
        .bind(tenant.0).bind(id.0).bind(owner).bind(state).bind(note).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether a note is that of an entry already.
pub async fn is_ours(tx: &mut Tx, tenant: TenantId, note: i64) -> Result<bool, Error> {
    let found: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM history_entry WHERE tenant_id = $1 AND note_id = $2")
        .bind(tenant.0).bind(note).fetch_one(c).await)?;
    Ok(found > 0)
}

/// Notes which badge the deal's history tells; false when it told this one already.
pub async fn tell(tx: &mut Tx, tenant: TenantId, id: InvoiceId, status: Status) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query("UPDATE invoice SET told = $3 WHERE tenant_id = $1 AND id = $2 AND told <> $3")
        .bind(tenant.0).bind(id.0).bind(status.name()).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// An invoice that is not paid and whose history does not tell that it is overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaid {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub invoice: InvoiceId,
    /// When it is due.
    pub due: Date,
    /// The time zone of its QuickBooks company.
    pub time_zone: String,
}

/// Unpaid invoices that are due before a date, the longest due first, from the one after `after` on; at most so many.
pub async fn fallen_due(tx: &mut Tx, before: Date, after: Option<&Unpaid>, most: i64) -> Result<Vec<Unpaid>, Error> {
    let (after_due, after_id) =
        after.map_or((String::new(), Uuid::nil()), |after| (after.due.to_string(), after.invoice.0));
    let rows: Vec<(Uuid, Uuid, String, String)> = on!(tx, c => sqlx::query_as(
        "SELECT i.tenant_id, i.id, i.due, q.time_zone FROM invoice AS i JOIN quickbooks_connection AS q ON q.id = i.connection_id \
         WHERE i.state = 'issued' AND i.balance_minor > 0 AND i.due < $1 AND (i.due, i.id) > ($2, $3) \
         AND i.told NOT IN ('overdue', 'voided', 'deleted') ORDER BY i.due, i.id LIMIT $4")
        .bind(before.to_string()).bind(after_due).bind(after_id).bind(most).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(tenant, id, due, time_zone)| {
            let due = due.parse().map_err(|_| Error::Unreadable("date"))?;
            Ok(Unpaid { tenant: TenantId(tenant), invoice: InvoiceId(id), due, time_zone })
        })
        .collect()
}

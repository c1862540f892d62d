//! The entries of deal histories: inserted in the transaction of the change, written to Pipedrive as notes, each once.

use crate::{
    Error, Tx,
    db::on,
    leases,
    time::{instant, micros},
};
use domain::{
    ids::{DealId, EntryId, InvoiceId, TenantId, UserId},
    invoice::{Snapshot, Status},
    operation::Phase,
};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

/// The event of the first entry. The other events are badges.
pub const CREATED: &str = "created";

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id of the row.
    pub id: EntryId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The deal whose history gets the note.
    pub deal: DealId,
    /// The user who writes the note, if they still have the app.
    pub user: UserId,
    /// The announced event: [`CREATED`], or the name of a badge.
    pub event: String,
    /// The snapshot of the invoice at that time.
    pub snapshot: Snapshot,
    /// The time of the event.
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

/// Inserts an entry. Enqueue its job in the same transaction.
pub async fn add(tx: &mut Tx, tenant: TenantId, entry: &Entry) -> Result<(), Error> {
    let snapshot = serde_json::to_string(&entry.snapshot).map_err(|_| Error::Unreadable("history entry"))?;
    on!(tx, c => sqlx::query(
        "INSERT INTO history_entry (id, tenant_id, invoice_id, deal_id, user_id, told, snapshot, made_at, state, lease_until, attempts, \
         next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, 0, $8)")
        .bind(entry.id.0).bind(tenant.0).bind(entry.invoice.0).bind(entry.deal.0).bind(entry.user.0).bind(&entry.event)
        .bind(snapshot).bind(micros(entry.made_at)).execute(c).await.map(drop))?;
    Ok(())
}

/// Takes the lease of an entry until `until`. Returns the entry, its phase and the number of attempts; `None` where another owner holds
/// the lease, or the entry is finished or parked.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: EntryId,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<(Entry, Phase, i32)>, Error> {
    let Some(previous_until) = leases::claim(tx, tenant, id, owner, now, until).await? else { return Ok(None) };
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, invoice_id, deal_id, user_id, told, snapshot, made_at, state, attempts FROM history_entry WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let phase = leases::find_phase(row.state == "sending", previous_until);
    let entry = Entry {
        id: EntryId(row.id),
        invoice: InvoiceId(row.invoice_id),
        deal: DealId(row.deal_id),
        user: UserId(row.user_id),
        event: row.told,
        snapshot: serde_json::from_str(&row.snapshot).map_err(|_| Error::Unreadable("history entry"))?,
        made_at: instant(row.made_at)?,
    };
    Ok(Some((entry, phase, row.attempts)))
}

/// Marks an entry as written with the id of its note, or as dropped. Has no effect where the lease was lost.
pub async fn mark_written(
    tx: &mut Tx,
    tenant: TenantId,
    id: EntryId,
    owner: Uuid,
    note: Option<i64>,
) -> Result<(), Error> {
    let state = if note.is_some() { "written" } else { "dropped" };
    on!(tx, c => sqlx::query(
        "UPDATE history_entry SET state = $4, note_id = $5, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3")
        .bind(tenant.0).bind(id.0).bind(owner).bind(state).bind(note).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether Fatura wrote this note.
pub async fn is_ours(tx: &mut Tx, tenant: TenantId, note: i64) -> Result<bool, Error> {
    let found: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM history_entry WHERE tenant_id = $1 AND note_id = $2")
        .bind(tenant.0).bind(note).fetch_one(c).await)?;
    Ok(found > 0)
}

/// Stores the badge that the deal history announces. False if it announces this badge already.
pub async fn set_announced_status(tx: &mut Tx, tenant: TenantId, id: InvoiceId, status: Status) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query("UPDATE invoice SET told = $3 WHERE tenant_id = $1 AND id = $2 AND told <> $3")
        .bind(tenant.0).bind(id.0).bind(status.name()).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// An overdue invoice that its deal history does not announce as overdue yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaid {
    /// The tenant.
    pub tenant: TenantId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The due date.
    pub due: Date,
    /// The time zone of its QuickBooks company.
    pub time_zone: String,
}

/// Lists unpaid invoices of all companies that are due before a date and not announced as overdue, the oldest due date first, from the
/// one after `after` on, `most` at most.
pub async fn list_overdue(tx: &mut Tx, before: Date, after: Option<&Unpaid>, most: i64) -> Result<Vec<Unpaid>, Error> {
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

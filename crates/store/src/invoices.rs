//! The ledger: a row for each invoice, inserted before the request to QuickBooks, later with the last snapshot from QuickBooks.
//!
//! Invariant: an attempt changes the state of a row only from the state that it saw, and while it holds the lease.

mod row;

use crate::{Error, Tx, db::on, leases, parked::ParkReason, time::micros};
use domain::{
    form::{FieldError, Form},
    ids::{ConnectionId, DealId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::{Snapshot, Status},
    invoice_request::InvoiceRequest,
    money::Money,
};
use jiff::Timestamp;
use row::Row;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The state of a refused invoice that a person removed. It is not listed, but the row stays: when its form is submitted again, it needs
/// a new generation, or QuickBooks would treat the new content as a repetition of the refused request.
const REMOVED: &str = "removed";

/// The state of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No request was sent yet.
    Queued,
    /// A request may have been sent: look it up before sending again.
    Sending,
    /// It exists in QuickBooks.
    Issued(Snapshot),
    /// QuickBooks refused it, with the reasons, for the person to correct.
    Refused(Vec<FieldError>),
}

/// One invoice.
#[derive(Debug, Clone)]
pub struct Invoice {
    /// The id of the row.
    pub id: InvoiceId,
    /// The connection to the QuickBooks company.
    pub connection: ConnectionId,
    /// The form's intent key.
    pub intent: IntentKey,
    /// Counts the corrections after a refusal; part of every `requestid`.
    pub generation: i32,
    /// The deal.
    pub deal: DealId,
    /// The deal's organization.
    pub organization: Option<i64>,
    /// The deal's person.
    pub person: Option<i64>,
    /// The user who submitted the form.
    pub created_by: UserId,
    /// The time of the submission.
    pub created_at: Timestamp,
    /// The validated content of the form.
    pub request: InvoiceRequest,
    /// The customer's name: from the form, later from QuickBooks.
    pub customer_name: String,
    /// The state.
    pub state: State,
    /// The id of the customer that was created for this invoice.
    pub customer: Option<String>,
    /// The number of attempts.
    pub attempts: i32,
    /// The last time it was sent, while the outcome is unknown.
    pub sent_at: Option<Timestamp>,
    /// The last time it was read from QuickBooks.
    pub read_at: Option<Timestamp>,
    /// The time of the first of the consecutive unreadable responses, if the last one was unreadable. The snapshot is older then.
    pub unreadable_since: Option<Timestamp>,
    /// Name of the badge that the deal history has already; empty without an entry.
    pub announced_status: String,
    /// The reason why it is parked, if it is.
    pub park_reason: Option<ParkReason>,
    /// A person has confirmed that the last request did not arrive.
    pub may_resend: bool,
}

impl Invoice {
    /// Whether it will be settled without a person.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, State::Queued | State::Sending) && self.park_reason.is_none()
    }
}

/// A new intent.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The id for a new row.
    pub id: InvoiceId,
    /// The form's intent key.
    pub key: IntentKey,
    /// The connection to the QuickBooks company.
    pub connection: ConnectionId,
    /// The deal.
    pub deal: DealId,
    /// The deal's organization.
    pub organization: Option<i64>,
    /// The deal's person.
    pub person: Option<i64>,
    /// The user who submits the form.
    pub by: UserId,
    /// The form, as typed.
    pub form: Form,
    /// The validated content of the form.
    pub request: InvoiceRequest,
    /// The customer's name, until the first snapshot.
    pub customer_name: String,
}

/// The outcome of [`place`].
#[derive(Debug, Clone)]
pub enum PlaceOutcome {
    /// The intent is new, or corrects a refused one: issue it.
    New(InvoiceId),
    /// The same intent was placed before.
    Known(Box<Invoice>),
    /// The key was used for other content, which is not changed.
    Different(Box<Invoice>),
}

/// A query of all columns that an [`Invoice`] needs. The form is not among them, because it is long.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, connection_id, intent, generation, deal_id, organization_id, person_id, created_by, created_at, draft, state, \
             refusal, attempts, sent_at, customer_id, quickbooks_id, sync_token, doc_number, customer_name, quickbooks_customer_id, \
             bill_email, told, trouble, may_resend, currency, total_minor, balance_minor, issued, due, sent, voided, deleted, read_at, tax_minor, unreadable_since \
             FROM invoice ",
            $rest
        )
    };
}

/// Inserts an intent, once for each key. Call it before anything is sent, and enqueue the job in the same transaction.
pub async fn place(tx: &mut Tx, tenant: TenantId, intent: &Intent, now: Timestamp) -> Result<PlaceOutcome, Error> {
    let json = |value: &dyn Fn() -> serde_json::Result<String>| value().map_err(|_| Error::Unreadable("invoice"));
    let form = json(&|| serde_json::to_string(&intent.form))?;
    let request = json(&|| serde_json::to_string(&intent.request))?;
    let total =
        Money::rounded(intent.request.total, intent.request.currency).to_minor().ok_or(Error::Unreadable("total"))?;
    let inserted = on!(tx, c => sqlx::query(
        "INSERT INTO invoice (id, tenant_id, connection_id, intent, generation, deal_id, organization_id, person_id, created_by, \
         created_at, form, draft, state, lease_until, attempts, next_attempt_at, customer_name, currency, total_minor, balance_minor, \
         issued, due, sent, voided, deleted) \
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, 'queued', 0, 0, $9, $12, $13, $14, $14, $15, $16, $17, $17, $17) \
         ON CONFLICT (tenant_id, intent) DO NOTHING")
        .bind(intent.id.0).bind(tenant.0).bind(intent.connection.0).bind(intent.key.0).bind(intent.deal.0)
        .bind(intent.organization).bind(intent.person).bind(intent.by.0).bind(micros(now)).bind(&form).bind(&request)
        .bind(&intent.customer_name).bind(intent.request.currency.code()).bind(total)
        .bind(intent.request.issued.to_string()).bind(intent.request.due.to_string()).bind(false)
        .execute(c).await.map(|done| done.rows_affected()))?;
    if inserted == 1 {
        return Ok(PlaceOutcome::New(intent.id));
    }
    let known = find_by_intent(tx, tenant, intent.key).await?.ok_or(Error::Unreadable("invoice"))?;
    if known.deal == intent.deal
        && let State::Refused(_) = known.state
    {
        // A customer that was created before the refusal is kept, unless the form names another one. In another QuickBooks company the
        // id belongs to another customer.
        let is_same_customer =
            known.connection == intent.connection && known.request.customer == intent.request.customer;
        let customer = known.customer.as_deref().filter(|_| is_same_customer);
        let requeued = on!(tx, c => sqlx::query(
            "UPDATE invoice SET connection_id = $3, generation = generation + 1, form = $4, draft = $5, state = 'queued', refusal = NULL, \
             lease_until = 0, attempts = 0, trouble = NULL, may_resend = $13, next_attempt_at = $6, customer_name = $7, currency = $8, total_minor = $9, \
             balance_minor = $9, issued = $10, due = $11, customer_id = $12 WHERE tenant_id = $1 AND id = $2 AND state IN ('refused', 'removed')")
            .bind(tenant.0).bind(known.id.0).bind(intent.connection.0).bind(&form).bind(&request).bind(micros(now))
            .bind(&intent.customer_name).bind(intent.request.currency.code()).bind(total)
            .bind(intent.request.issued.to_string()).bind(intent.request.due.to_string())
            .bind(customer).bind(false)
            .execute(c).await.map(|done| done.rows_affected()))?;
        if requeued == 1 {
            return Ok(PlaceOutcome::New(known.id));
        }
    }
    let is_same_content = known.request == intent.request && known.deal == intent.deal;
    Ok(if is_same_content { PlaceOutcome::Known(Box::new(known)) } else { PlaceOutcome::Different(Box::new(known)) })
}

/// Adopts an invoice that was created in QuickBooks at `created`, with the badge that the deal history has already. A refused or removed row
/// becomes the adopted invoice, because a later attempt, or a proxy, may have caused the refusal. False if the row is in another state: the
/// worker of an operation that is under way finds the invoice.
pub async fn adopt(
    tx: &mut Tx,
    tenant: TenantId,
    intent: &Intent,
    created: Timestamp,
    snapshot: &Snapshot,
    announced: Option<Status>,
    now: Timestamp,
) -> Result<bool, Error> {
    if find_by_intent(tx, tenant, intent.key).await?.is_some_and(|known| !matches!(known.state, State::Refused(_))) {
        return Ok(false);
    }
    let PlaceOutcome::New(id) = place(tx, tenant, intent, created).await? else { return Ok(false) };
    on!(tx, c => sqlx::query("UPDATE invoice SET state = 'issued', told = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).bind(announced.map(Status::name)).execute(c).await.map(drop))?;
    update_snapshot(tx, tenant, id, snapshot, now, now).await?;
    Ok(true)
}

const SELECT_BY_INTENT: &str = select!("WHERE tenant_id = $1 AND intent = $2");
const SELECT_BY_ID: &str = select!("WHERE tenant_id = $1 AND id = $2");

/// Selects the invoices of one Pipedrive record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceScope {
    /// The invoices of a deal.
    Deal(DealId),
    /// The invoices of all deals of a person.
    Person(i64),
    /// The invoices of all deals of an organization.
    Organization(i64),
}

/// Finds the invoice of an intent key, in any state.
pub async fn find_by_intent(tx: &mut Tx, tenant: TenantId, key: IntentKey) -> Result<Option<Invoice>, Error> {
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SELECT_BY_INTENT).bind(tenant.0).bind(key.0).fetch_optional(c).await)?;
    row.map(Invoice::try_from).transpose()
}

/// Finds an invoice.
pub async fn find(tx: &mut Tx, tenant: TenantId, id: InvoiceId) -> Result<Option<Invoice>, Error> {
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SELECT_BY_ID).bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
    row.map(Invoice::try_from).transpose()
}

/// Lists the invoices of a deal, a person or an organization, newest first.
pub async fn list(tx: &mut Tx, tenant: TenantId, scope: InvoiceScope) -> Result<Vec<Invoice>, Error> {
    let (statement, id) = match scope {
        InvoiceScope::Deal(deal) => (
            select!("WHERE tenant_id = $1 AND deal_id = $2 AND state <> 'removed' ORDER BY created_at DESC, id DESC"),
            deal.0,
        ),
        InvoiceScope::Person(person) => (
            select!("WHERE tenant_id = $1 AND person_id = $2 AND state <> 'removed' ORDER BY created_at DESC, id DESC"),
            person,
        ),
        InvoiceScope::Organization(organization) => (
            select!(
                "WHERE tenant_id = $1 AND organization_id = $2 AND state <> 'removed' ORDER BY created_at DESC, id DESC"
            ),
            organization,
        ),
    };
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(statement).bind(tenant.0).bind(id).fetch_all(c).await)?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// Lists up to `most` issued invoices of a connection that were not read within `period`, ordered by their ids in QuickBooks, from the id
/// after `after` on. `period` ends now: a later read time was set by a clock that was ahead, and does not count.
pub async fn list_not_read_within(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    period: RangeInclusive<Timestamp>,
    after: &str,
    most: i64,
) -> Result<Vec<Invoice>, Error> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(
        select!("WHERE tenant_id = $1 AND connection_id = $2 AND state = 'issued' AND NOT deleted \
         AND (read_at IS NULL OR read_at NOT BETWEEN $3 AND $4) AND quickbooks_id > $5 ORDER BY quickbooks_id LIMIT $6"))
        .bind(tenant.0).bind(connection.0).bind(micros(*period.start())).bind(micros(*period.end())).bind(after).bind(most).fetch_all(c).await)?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// Takes the lease of an unfinished invoice until `until`. `None` where it is finished or parked, or another owner holds the lease.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvoiceId,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Invoice>, Error> {
    if leases::claim(tx, tenant, id, owner, now, until).await?.is_some() {
        find(tx, tenant, id).await
    } else {
        Ok(None)
    }
}

/// Allows another request for a parked invoice, because a person confirmed that the last one did not arrive.
pub async fn allow_resending(tx: &mut Tx, tenant: TenantId, id: InvoiceId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE invoice SET may_resend = $3 WHERE tenant_id = $1 AND id = $2 AND trouble IS NOT NULL")
        .bind(tenant.0).bind(id.0).bind(true).execute(c).await.map(drop))?;
    Ok(())
}

/// Revokes the permission to resend. Call it before the request, so that the permission is used once.
pub async fn revoke_resending(tx: &mut Tx, tenant: TenantId, id: InvoiceId, owner: Uuid) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE invoice SET may_resend = $4 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3")
        .bind(tenant.0).bind(id.0).bind(owner).bind(false).execute(c).await.map(drop))?;
    Ok(())
}

/// Stores the id of the customer that was created for the invoice.
pub async fn set_customer(tx: &mut Tx, tenant: TenantId, id: InvoiceId, customer: &str) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE invoice SET customer_id = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).bind(customer).execute(c).await.map(drop))?;
    Ok(())
}

/// Marks an invoice as issued and stores its snapshot. False where the lease was lost and another owner settled it.
pub async fn mark_issued(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvoiceId,
    owner: Uuid,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE invoice SET state = 'issued', lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')")
        .bind(tenant.0).bind(id.0).bind(owner).execute(c).await.map(|done| done.rows_affected()))?;
    if rows == 1 {
        update_snapshot(tx, tenant, id, snapshot, now, now).await?;
    }
    Ok(rows == 1)
}

/// Marks an invoice as refused by QuickBooks. False where the lease was lost.
pub async fn mark_refused(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvoiceId,
    owner: Uuid,
    errors: &[FieldError],
) -> Result<bool, Error> {
    let refusal = serde_json::to_string(errors).map_err(|_| Error::Unreadable("refusal"))?;
    let rows = on!(tx, c => sqlx::query(
        "UPDATE invoice SET state = 'refused', refusal = $4, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')")
        .bind(tenant.0).bind(id.0).bind(owner).bind(refusal).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Removes a refused invoice, or a parked one that was never sent, from all lists. False where it is in another state.
pub async fn remove_unsent(tx: &mut Tx, tenant: TenantId, id: InvoiceId) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE invoice SET state = $3, trouble = NULL, refusal = COALESCE(refusal, '[]') WHERE tenant_id = $1 AND id = $2 \
         AND (state = 'refused' OR (state = 'queued' AND trouble IS NOT NULL))")
        .bind(tenant.0).bind(id.0).bind(REMOVED).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Stores a snapshot of an issued invoice that was requested at `requested_at`, unless a newer one is stored. A snapshot is newer if its
/// `SyncToken` is higher, or if the `SyncToken` is equal and the request was later: a deletion or an e-mail may keep the `SyncToken`. A stored
/// snapshot with a request after `now` was read while the clock was ahead, and is replaced unless its `SyncToken` is higher.
/// A deletion is replaced by a later request only.
pub async fn update_snapshot(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvoiceId,
    snapshot: &Snapshot,
    requested_at: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let total = snapshot.total.to_minor().ok_or(Error::Unreadable("total"))?;
    let balance = snapshot.balance.to_minor().ok_or(Error::Unreadable("balance"))?;
    let tax = snapshot.tax.and_then(Money::to_minor);
    on!(tx, c => sqlx::query(
        "UPDATE invoice SET quickbooks_id = $3, sync_token = $4, doc_number = $5, customer_name = $6, currency = $7, total_minor = $8, \
         balance_minor = $9, issued = $10, due = $11, sent = $12, voided = $13, deleted = $14, read_at = $15, \
         quickbooks_customer_id = $16, bill_email = $17, tax_minor = $18, unreadable_since = NULL \
         WHERE tenant_id = $1 AND id = $2 AND state = 'issued' \
         AND (sync_token IS NULL OR (CAST(sync_token AS BIGINT) < CAST($4 AS BIGINT) AND NOT deleted) \
         OR (CAST(sync_token AS BIGINT) <= CAST($4 AS BIGINT) AND (read_at IS NULL OR read_at <= $15 OR read_at > $19)))")
        .bind(tenant.0).bind(id.0).bind(&snapshot.quickbooks_id).bind(&snapshot.sync_token).bind(&snapshot.doc_number)
        .bind(&snapshot.customer_name).bind(snapshot.total.currency().code()).bind(total).bind(balance)
        .bind(snapshot.issued.to_string()).bind(snapshot.due.to_string()).bind(snapshot.sent).bind(snapshot.voided)
        .bind(snapshot.deleted).bind(micros(requested_at)).bind(&snapshot.customer_id).bind(&snapshot.email)
        .bind(tax).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// Finds an invoice of a connection by its id in QuickBooks.
pub async fn find_by_quickbooks_id(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    quickbooks_id: &str,
) -> Result<Option<Invoice>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        select!("WHERE tenant_id = $1 AND connection_id = $2 AND quickbooks_id = $3"))
        .bind(tenant.0).bind(connection.0).bind(quickbooks_id).fetch_optional(c).await)?;
    row.map(Invoice::try_from).transpose()
}

//! Actions on issued invoices: void, delete, send, correct. A row is inserted before the request to QuickBooks and kept afterwards.
//!
//! Invariant: an invoice has one unfinished action at most, and only the lease owner finishes an action.

use crate::{
    Error, Tx,
    db::on,
    leases,
    parked::ParkReason,
    time::{instant, micros},
};
use domain::{
    ids::{ActionId, InvoiceId, TenantId, UserId},
    invoice::InvoiceAction,
    operation::Phase,
    refusal::RefusalCause,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The state of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent yet.
    Queued,
    /// A request may have been sent: look it up before sending again.
    Sending,
    /// QuickBooks has carried out the action.
    Done,
    /// The action was not carried out, for this reason.
    Refused(Reason),
}

/// Why an action was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The invoice has changed since the person saw it.
    Changed,
    /// The invoice no longer allows the action.
    NotNow,
    /// No e-mail address is known.
    NoAddress,
    /// QuickBooks refused because the invoice has payments; with QuickBooks' message.
    HasPayments(String),
    /// QuickBooks refused for a known cause; with QuickBooks' message.
    Explained(RefusalCause, String),
    /// QuickBooks refused; with QuickBooks' message.
    Refused(String),
}

/// A request for an action.
#[derive(Debug, Clone)]
pub struct ActionRequest {
    /// The id for the row.
    pub id: ActionId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The action.
    pub action: InvoiceAction,
    /// The state that the person saw, see [`domain::invoice::Snapshot::seen`].
    pub seen: String,
    /// The recipient of the e-mail; empty for the address of the invoice.
    pub recipient: String,
    /// The user who requests it.
    pub by: UserId,
}

/// One action.
#[derive(Debug, Clone)]
pub struct StoredAction {
    /// The request.
    pub request: ActionRequest,
    /// The time of the request.
    pub at: Timestamp,
    /// The state.
    pub state: State,
    /// The number of attempts.
    pub attempts: i32,
    /// The reason why it is parked, if it is.
    pub park_reason: Option<ParkReason>,
}

impl StoredAction {
    /// Whether it will be settled without a person.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, State::Queued | State::Sending) && self.park_reason.is_none()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    invoice_id: Uuid,
    kind: String,
    seen: String,
    recipient: String,
    requested_by: i64,
    requested_at: i64,
    state: String,
    refusal: Option<String>,
    attempts: i32,
    trouble: Option<String>,
}

impl TryFrom<Row> for StoredAction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let unreadable = || Error::Unreadable("act");
        Ok(Self {
            request: ActionRequest {
                id: ActionId(row.id),
                invoice: InvoiceId(row.invoice_id),
                action: InvoiceAction::from_name(&row.kind).ok_or_else(unreadable)?,
                seen: row.seen,
                recipient: row.recipient,
                by: UserId(row.requested_by),
            },
            at: instant(row.requested_at)?,
            state: match row.state.as_str() {
                "queued" => State::Queued,
                "sending" => State::Sending,
                "done" => State::Done,
                "refused" => {
                    State::Refused(serde_json::from_str(&row.refusal.unwrap_or_default()).map_err(|_| unreadable())?)
                }
                _ => return Err(unreadable()),
            },
            attempts: row.attempts,
            park_reason: ParkReason::from_text(row.trouble),
        })
    }
}

/// Inserts a request. False where another action on the invoice is unfinished.
pub async fn request(tx: &mut Tx, tenant: TenantId, request: &ActionRequest, now: Timestamp) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO act (id, tenant_id, invoice_id, kind, seen, recipient, requested_by, requested_at, state, lease_until, attempts, \
         next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, 0, $8) ON CONFLICT DO NOTHING")
        .bind(request.id.0).bind(tenant.0).bind(request.invoice.0).bind(request.action.name()).bind(&request.seen).bind(&request.recipient)
        .bind(request.by.0).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Finds an action.
pub async fn find(tx: &mut Tx, tenant: TenantId, id: ActionId) -> Result<Option<StoredAction>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as("SELECT * FROM act WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
    row.map(StoredAction::try_from).transpose()
}

/// Lists the actions of a company that are unfinished or were requested since a time, the last one of each invoice.
pub async fn list_recent(tx: &mut Tx, tenant: TenantId, since: Timestamp) -> Result<Vec<StoredAction>, Error> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(
        "SELECT * FROM act WHERE tenant_id = $1 AND (requested_at >= $2 OR state IN ('queued', 'sending')) ORDER BY requested_at, id")
        .bind(tenant.0).bind(micros(since)).fetch_all(c).await)?;
    let mut last: BTreeMap<Uuid, StoredAction> = BTreeMap::new();
    for row in rows {
        last.insert(row.invoice_id, row.try_into()?);
    }
    Ok(last.into_values().collect())
}

/// Takes the lease of an unfinished action until `until`. Returns the action and its phase; `None` where another owner holds the lease, or the
/// action is finished or parked.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: ActionId,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<(StoredAction, Phase)>, Error> {
    let Some(previous_until) = leases::claim(tx, tenant, id, owner, now, until).await? else { return Ok(None) };
    let Some(action) = find(tx, tenant, id).await? else { return Ok(None) };
    let phase = leases::find_phase(action.state == State::Sending, previous_until);
    Ok(Some((action, phase)))
}

/// Marks an action as done, or as refused with a reason. False where the lease was lost.
pub async fn finish(
    tx: &mut Tx,
    tenant: TenantId,
    id: ActionId,
    owner: Uuid,
    refusal: Option<&Reason>,
) -> Result<bool, Error> {
    let state = if refusal.is_some() { "refused" } else { "done" };
    let refusal = refusal.map(serde_json::to_string).transpose().map_err(|_| Error::Unreadable("refusal"))?;
    let rows = on!(tx, c => sqlx::query(
        "UPDATE act SET state = $4, refusal = $5, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')")
        .bind(tenant.0).bind(id.0).bind(owner).bind(state).bind(refusal).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

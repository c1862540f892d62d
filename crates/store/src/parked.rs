//! Parked operations: operations that wait for a person, with the reason, and their retry.
//!
//! A parked row keeps its state, so that a request that may have been sent is looked up before it is sent again.

use crate::{Error, Tx, db::on, time::instant, time::micros};
use domain::ids::TenantId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// The reason why an operation is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParkReason {
    /// An invoice was sent without a response and was not found: a person has to decide whether to send it again.
    Doubt,
    /// The QuickBooks company is no longer connected.
    Disconnected,
    /// The operation failed for too long; the last error, in English, without customers' data.
    Failed(String),
}

const DOUBT: &str = "doubt";
const DISCONNECTED: &str = "disconnected";

impl ParkReason {
    /// The text in the database.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Doubt => DOUBT,
            Self::Disconnected => DISCONNECTED,
            Self::Failed(error) => error,
        }
    }

    pub(crate) fn from_text(text: Option<String>) -> Option<Self> {
        text.map(|text| match text.as_str() {
            DOUBT => Self::Doubt,
            DISCONNECTED => Self::Disconnected,
            _ => Self::Failed(text),
        })
    }
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// Issuing an invoice.
    Invoice,
    /// An action on an invoice.
    Action,
    /// An entry of a deal history.
    Entry,
}

impl OperationKind {
    /// The name of the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Action => "act",
            Self::Entry => "history_entry",
        }
    }

    /// Finds the kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Invoice, Self::Action, Self::Entry].into_iter().find(|kind| kind.name() == name)
    }
}

/// A parked operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedOperation {
    /// The tenant.
    pub tenant: TenantId,
    /// The kind.
    pub kind: OperationKind,
    /// The id of the row.
    pub id: Uuid,
    /// The deal.
    pub deal: i64,
    /// The time of the request.
    pub since: Timestamp,
    /// The number of attempts.
    pub attempts: i32,
    /// The reason.
    pub park_reason: ParkReason,
}

type Row = (Uuid, String, Uuid, i64, i64, i32, String);

const SELECT_ALL: &str = "\
    SELECT tenant_id, 'invoice', id, deal_id, created_at AS since, attempts, trouble FROM invoice WHERE trouble IS NOT NULL \
    UNION ALL SELECT a.tenant_id, 'act', a.id, i.deal_id, a.requested_at, a.attempts, a.trouble FROM act AS a \
    JOIN invoice AS i ON i.id = a.invoice_id WHERE a.trouble IS NOT NULL \
    UNION ALL SELECT tenant_id, 'history_entry', id, deal_id, made_at, attempts, trouble FROM history_entry WHERE trouble IS NOT NULL \
    ORDER BY since";
const SELECT_OF_TENANT: &str = "\
    SELECT tenant_id, 'invoice', id, deal_id, created_at AS since, attempts, trouble FROM invoice WHERE tenant_id = $1 AND trouble IS NOT NULL \
    UNION ALL SELECT a.tenant_id, 'act', a.id, i.deal_id, a.requested_at, a.attempts, a.trouble FROM act AS a \
    JOIN invoice AS i ON i.id = a.invoice_id WHERE a.tenant_id = $1 AND a.trouble IS NOT NULL \
    UNION ALL SELECT tenant_id, 'history_entry', id, deal_id, made_at, attempts, trouble FROM history_entry \
    WHERE tenant_id = $1 AND trouble IS NOT NULL ORDER BY since";

fn read_rows(rows: Vec<Row>) -> Result<Vec<ParkedOperation>, Error> {
    rows.into_iter()
        .map(|(tenant, kind, id, deal, since, attempts, trouble)| {
            Ok(ParkedOperation {
                tenant: TenantId(tenant),
                kind: OperationKind::named(&kind).ok_or(Error::Unreadable("kind"))?,
                id,
                deal,
                since: instant(since)?,
                attempts,
                park_reason: ParkReason::from_text(Some(trouble)).ok_or(Error::Unreadable("trouble"))?,
            })
        })
        .collect()
}

/// Lists the parked operations of a company, the oldest first.
pub async fn list_of_tenant(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ParkedOperation>, Error> {
    read_rows(on!(tx, c => sqlx::query_as(SELECT_OF_TENANT).bind(tenant.0).fetch_all(c).await)?)
}

/// Lists the parked operations of all companies, the oldest first, for the operator.
pub async fn list_all(tx: &mut Tx) -> Result<Vec<ParkedOperation>, Error> {
    read_rows(on!(tx, c => sqlx::query_as(SELECT_ALL).fetch_all(c).await)?)
}

/// Unparks an operation; false if it is not parked. Enqueue its job in the same transaction. The operation counts as tried once, so that
/// writes of earlier attempts are looked up.
pub async fn retry(
    tx: &mut Tx,
    tenant: TenantId,
    kind: OperationKind,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = format!(
        "UPDATE {} SET trouble = NULL, attempts = 1, next_attempt_at = $3 WHERE tenant_id = $1 AND id = $2 AND trouble IS NOT NULL",
        kind.name()
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

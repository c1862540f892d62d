//! Work that goes no further without a person: why, and how it goes on.
//!
//! A row that is stuck keeps its state, so that what may have been sent is looked for before it is sent again.

use crate::{Error, Tx, db::on, time::instant, time::micros};
use domain::ids::TenantId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Why it goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// An invoice was sent, no answer came, and it is not to be found: only a person can say whether it may be sent again.
    Doubt,
    /// The QuickBooks company of it is not connected any more.
    Disconnected,
    /// It failed for long; the last error, in English, without customers' data.
    Failed(String),
}

const DOUBT: &str = "doubt";
const DISCONNECTED: &str = "disconnected";

impl Trouble {
    /// As the database keeps it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Doubt => DOUBT,
            Self::Disconnected => DISCONNECTED,
            Self::Failed(error) => error,
        }
    }

    pub(crate) fn read(text: Option<String>) -> Option<Self> {
        text.map(|text| match text.as_str() {
            DOUBT => Self::Doubt,
            DISCONNECTED => Self::Disconnected,
            _ => Self::Failed(text),
        })
    }
}

/// What kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// An intended invoice.
    Invoice,
    /// Voiding, deleting or sending one.
    Act,
    /// An entry in a deal's history.
    Entry,
}

impl Work {
    /// The name of its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Act => "act",
            Self::Entry => "history_entry",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Invoice, Self::Act, Self::Entry].into_iter().find(|kind| kind.name() == name)
    }
}

/// One piece of work that is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub kind: Work,
    /// Which: the id of its row.
    pub id: Uuid,
    /// Of which deal.
    pub deal: i64,
    /// Since when it is wanted.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it goes no further.
    pub trouble: Trouble,
}

type Row = (Uuid, String, Uuid, i64, i64, i32, String);

const OF_ALL: &str = "\
    SELECT tenant_id, 'invoice', id, deal_id, created_at AS since, attempts, trouble FROM invoice WHERE trouble IS NOT NULL \
    UNION ALL SELECT a.tenant_id, 'act', a.id, i.deal_id, a.requested_at, a.attempts, a.trouble FROM act AS a \
    JOIN invoice AS i ON i.id = a.invoice_id WHERE a.trouble IS NOT NULL \
    UNION ALL SELECT tenant_id, 'history_entry', id, deal_id, made_at, attempts, trouble FROM history_entry WHERE trouble IS NOT NULL \
    ORDER BY since";
const OF_TENANT: &str = "\
    SELECT tenant_id, 'invoice', id, deal_id, created_at AS since, attempts, trouble FROM invoice WHERE tenant_id = $1 AND trouble IS NOT NULL \
    UNION ALL SELECT a.tenant_id, 'act', a.id, i.deal_id, a.requested_at, a.attempts, a.trouble FROM act AS a \
    JOIN invoice AS i ON i.id = a.invoice_id WHERE a.tenant_id = $1 AND a.trouble IS NOT NULL \
    UNION ALL SELECT tenant_id, 'history_entry', id, deal_id, made_at, attempts, trouble FROM history_entry \
    WHERE tenant_id = $1 AND trouble IS NOT NULL ORDER BY since";

fn read(rows: Vec<Row>) -> Result<Vec<Stuck>, Error> {
    rows.into_iter()
        .map(|(tenant, kind, id, deal, since, attempts, trouble)| {
            Ok(Stuck {
                tenant: TenantId(tenant),
                kind: Work::named(&kind).ok_or(Error::Unreadable("kind"))?,
                id,
                deal,
                since: instant(since)?,
                attempts,
                trouble: Trouble::read(Some(trouble)).ok_or(Error::Unreadable("trouble"))?,
            })
        })
        .collect()
}

/// What is stuck in a company, the oldest first.
pub async fn list_of_tenant(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Stuck>, Error> {
    read(on!(tx, c => sqlx::query_as(OF_TENANT).bind(tenant.0).fetch_all(c).await)?)
}

/// What is stuck anywhere, the oldest first: for whoever runs the service.
pub async fn list_all(tx: &mut Tx) -> Result<Vec<Stuck>, Error> {
    read(on!(tx, c => sqlx::query_as(OF_ALL).fetch_all(c).await)?)
}

/// Has it tried again; false where it is not stuck. Enqueue the work in the same transaction. It counts as tried once: what earlier attempts
/// may have written is looked for.
pub async fn retry(tx: &mut Tx, tenant: TenantId, kind: Work, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    let statement = format!(
        "UPDATE {} SET trouble = NULL, attempts = 1, next_attempt_at = $3 WHERE tenant_id = $1 AND id = $2 AND trouble IS NOT NULL",
        kind.name()
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

//! Durable jobs: enqueued in the transaction that makes them necessary, so that neither exists without the other.
//!
//! A job carries ids only. All use of the queue library is here and in the worker that `fatura` starts.
//!
//! What a job works on has a row of its own, mostly, which says when it is stuck (see [`crate::stuck`]). Where there is none, the
//! queue keeps the job that has failed too often, with its last error.

use crate::{Db, Error, Tx, db::on, leases::Leased};
use domain::ids::{ActId, ConnectionId, DealId, EntryId, InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use riverqueue::{Client, ClientBuilder, JobArgs, JobListParams, JobRow, JobState};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

/// The queue of what nobody waits for. Its workers are not those of what somebody does.
pub const FOLLOW: &str = "follow";

/// Carry an intended invoice to its end in QuickBooks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "issue_invoice")]
pub struct IssueInvoice {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub invoice: InvoiceId,
}

/// Void, delete or send an invoice.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "carry_out")]
pub struct CarryOut {
    /// Whose.
    pub tenant: TenantId,
    /// Which act.
    pub act: ActId,
}

/// Read what has changed in a QuickBooks company.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "read_changes", queue = "follow")]
pub struct ReadChanges {
    /// Whose.
    pub tenant: TenantId,
    /// Which connection.
    pub connection: ConnectionId,
    /// When it was asked for: changes that are known up to later need no reading.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
}

/// Write an entry into a deal's own history.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_history", queue = "follow")]
pub struct WriteHistory {
    /// Whose.
    pub tenant: TenantId,
    /// Which entry.
    pub entry: EntryId,
}

/// Write what a deal's invoices come to into fields of the deal. Tried for half a day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_back", queue = "follow", max_attempts = 12)]
pub struct WriteBack {
    /// Whose.
    pub tenant: TenantId,
    /// Which deal.
    pub deal: DealId,
    /// On whose behalf, where that user still has the app.
    pub user: UserId,
}

/// Tell the administrators that QuickBooks has to be connected again, or that it was. Tried for half a day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "tell_admins", queue = "follow", max_attempts = 12)]
pub struct TellAdmins {
    /// Whose.
    pub tenant: TenantId,
}

/// A job that has failed too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The queue's own.
    pub id: i64,
    /// What it was to do.
    pub kind: String,
    /// Whose.
    pub tenant: TenantId,
    /// Since when it is wanted.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: i32,
    /// The last error, in English, without customers' data.
    pub error: String,
}

impl Failed {
    /// Whether it was to write the fields of a deal.
    pub fn is_write_back(&self) -> bool {
        self.kind == WriteBack::KIND
    }
}

/// Of those that failed, so many are shown.
const SHOWN_MOST: u32 = 1000;

#[derive(Deserialize)]
struct Whose {
    tenant: TenantId,
}

/// For which rows a job of a kind waits for its turn, by the ids among its arguments. Enqueued once more, what waits would be in its own
/// way. What pauses is not among them: when its time has come, whoever should have said so may be dead.
pub async fn waiting<Args: JobArgs, Id: Leased>(tx: &mut Tx) -> Result<HashSet<Uuid>, Error> {
    let ids: Vec<Option<String>> = on!(tx, c => sqlx::query_scalar(
        "SELECT args ->> CAST($2 AS TEXT) FROM river_job WHERE state = 'available' AND kind = $1"
    )
    .bind(Args::KIND)
    .bind(Id::ARGUMENT)
    .fetch_all(c)
    .await)?;
    Ok(ids.iter().flatten().filter_map(|id| id.parse().ok()).collect())
}

/// A job that has failed too often, where it is one of ours.
fn failed(job: JobRow) -> Option<Failed> {
    let whose: Whose = serde_json::from_str(job.encoded_args.get()).ok()?;
    Some(Failed {
        id: job.id,
        kind: job.kind,
        tenant: whose.tenant,
        since: job.created_at,
        attempts: job.attempt,
        error: job.errors.last().map(|error| error.error.clone()).unwrap_or_default(),
    })
}

/// A client that enqueues and works nothing.
pub(crate) fn client(builder: ClientBuilder) -> Result<Client, Error> {
    Ok(builder.build()?)
}

impl Db {
    /// Enqueues a job that begins when the transaction commits.
    pub async fn enqueue<Args: JobArgs>(&self, tx: &mut Tx, args: Args) -> Result<(), Error> {
        match tx {
            Tx::Sqlite(transaction) => self.queue.insert(args).tx(transaction).await?,
            Tx::Postgres(transaction) => self.queue.insert(args).tx(transaction).await?,
        };
        Ok(())
    }

    /// The jobs that have failed too often, of one company or of all, the oldest first. The queue forgets them after a week.
    pub async fn failed(&self, tenant: Option<TenantId>) -> Result<Vec<Failed>, Error> {
        let mut found = Vec::new();
        let mut wanted = JobListParams::default().states([JobState::Discarded]).limit(SHOWN_MOST);
        // The queue does not know of companies: those of others are passed over, and do not hide its own.
        loop {
            let jobs = self.queue.jobs().list(wanted.clone()).await?.jobs;
            let Some(last) = jobs.last().map(|job| job.id) else { break };
            let is_last = jobs.len() < SHOWN_MOST as usize;
            found.extend(
                jobs.into_iter().filter_map(failed).filter(|job| tenant.is_none_or(|tenant| job.tenant == tenant)),
            );
            if is_last || found.len() >= SHOWN_MOST as usize {
                break;
            }
            wanted = wanted.after_id(last);
        }
        Ok(found)
    }

    /// Has a job tried again that has failed too often; false where the company has none of that id.
    pub async fn retry_failed(&self, tenant: TenantId, id: i64) -> Result<bool, Error> {
        let wanted = JobListParams::default().states([JobState::Discarded]).ids([id]);
        let mut jobs = self.queue.jobs().list(wanted).await?.jobs.into_iter().filter_map(failed);
        if jobs.next().is_none_or(|job| job.tenant != tenant) {
            return Ok(false);
        }
        self.queue.jobs().retry(id).await?;
        Ok(true)
    }
}

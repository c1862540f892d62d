//! Durable jobs: enqueued in the transaction that makes them necessary, so that neither exists without the other.
//!
//! A job carries ids only. All use of the queue library is here and in the worker that `fatura` starts.
//!
//! Most jobs work on an operation, whose row says whether it is parked (see [`crate::parked`]). For the others the queue keeps the job
//! that has failed too often, with its last error.

use crate::{Db, Error, Tx, db::on, leases::Leased};
use domain::ids::{ActionId, ConnectionId, DealId, EntryId, InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use riverqueue::{Client, ClientBuilder, InsertOpts, JobArgs, JobListParams, JobRow, JobState};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

/// The queue of jobs that no person waits for. It has workers of its own.
pub const BACKGROUND_QUEUE: &str = "follow";

/// Issues an invoice.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "issue_invoice")]
pub struct IssueInvoice {
    /// The tenant.
    pub tenant: TenantId,
    /// The invoice.
    pub invoice: InvoiceId,
}

/// Carries out an action: voids, deletes, sends or corrects an invoice.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "carry_out")]
pub struct CarryOut {
    /// The tenant.
    pub tenant: TenantId,
    /// The action. Jobs of earlier versions use the same member.
    #[serde(rename = "act")]
    pub action: ActionId,
}

/// Syncs a QuickBooks company.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "read_changes", queue = "follow")]
pub struct ReadChanges {
    /// The tenant.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// The time of the request. The sync is skipped if the cursor is later.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
}

/// Writes an entry of a deal history to Pipedrive.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_history", queue = "follow")]
pub struct WriteHistory {
    /// The tenant.
    pub tenant: TenantId,
    /// The entry.
    pub entry: EntryId,
}

/// Writes the deal fields of a deal. Retried for about half a day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_back", queue = "follow", max_attempts = 12)]
pub struct WriteBack {
    /// The tenant.
    pub tenant: TenantId,
    /// The deal.
    pub deal: DealId,
    /// The user who writes the fields, if they still have the app.
    pub user: UserId,
}

/// Notifies the administrators that QuickBooks has to be connected again, or that it was. Retried for about half a day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "tell_admins", queue = "follow", max_attempts = 12)]
pub struct NotifyAdmins {
    /// The tenant.
    pub tenant: TenantId,
}

/// A job that has failed too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedJob {
    /// The id in the queue.
    pub id: i64,
    /// The kind of the job.
    pub kind: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The time at which it was enqueued.
    pub since: Timestamp,
    /// The number of attempts.
    pub attempts: i32,
    /// The last error, in English, without customers' data.
    pub error: String,
}

impl FailedJob {
    /// Whether the job writes deal fields.
    pub fn is_write_back(&self) -> bool {
        self.kind == WriteBack::KIND
    }
}

/// Maximum number of failed jobs in a list, and size of a page of the queue.
const MAX_LISTED_JOBS: u32 = 1000;

#[derive(Deserialize)]
struct TenantArgs {
    tenant: TenantId,
}

/// Lists the ids of the operations for which an available job of this kind is already in the queue. Jobs in another state do not count,
/// because the process that should resume them may have crashed.
pub async fn list_waiting<Args: JobArgs, Id: Leased>(tx: &mut Tx) -> Result<HashSet<Uuid>, Error> {
    let ids: Vec<Option<String>> = on!(tx, c => sqlx::query_scalar(
        "SELECT args ->> CAST($2 AS TEXT) FROM river_job WHERE state = 'available' AND kind = $1"
    )
    .bind(Args::KIND)
    .bind(Id::ARGUMENT)
    .fetch_all(c)
    .await)?;
    Ok(ids.iter().flatten().filter_map(|id| id.parse().ok()).collect())
}

/// Converts a job of the queue. `None` if its arguments name no tenant.
fn to_failed_job(job: JobRow) -> Option<FailedJob> {
    let args: TenantArgs = serde_json::from_str(job.encoded_args.get()).ok()?;
    Some(FailedJob {
        id: job.id,
        kind: job.kind,
        tenant: args.tenant,
        since: job.created_at,
        attempts: job.attempt,
        error: job.errors.last().map(|error| error.error.clone()).unwrap_or_default(),
    })
}

/// Builds a client that only enqueues jobs.
pub(crate) fn build_client(builder: ClientBuilder) -> Result<Client, Error> {
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

    /// Enqueues a job that begins at a time, or when the transaction commits if that is later.
    pub async fn enqueue_at<Args: JobArgs>(&self, tx: &mut Tx, args: Args, at: Timestamp) -> Result<(), Error> {
        let job = self.queue.insert(args).opts(InsertOpts::default().with_scheduled_at(at));
        match tx {
            Tx::Sqlite(transaction) => job.tx(transaction).await?,
            Tx::Postgres(transaction) => job.tx(transaction).await?,
        };
        Ok(())
    }

    /// Lists the jobs that have failed too often, of one company or of all, the oldest first. The queue deletes them after a week.
    pub async fn list_failed(&self, tenant: Option<TenantId>) -> Result<Vec<FailedJob>, Error> {
        let mut found = Vec::new();
        let mut wanted = JobListParams::default().states([JobState::Discarded]).limit(MAX_LISTED_JOBS);
        // The queue cannot filter by company, so jobs of other companies are skipped.
        loop {
            let jobs = self.queue.jobs().list(wanted.clone()).await?.jobs;
            let Some(last) = jobs.last().map(|job| job.id) else { break };
            found.extend(
                jobs.into_iter()
                    .filter_map(to_failed_job)
                    .filter(|job| tenant.is_none_or(|tenant| job.tenant == tenant)),
            );
            if found.len() >= MAX_LISTED_JOBS as usize {
                break;
            }
            wanted = wanted.after_id(last);
        }
        Ok(found)
    }

    /// Retries a job that has failed too often. False where the company has no such job.
    pub async fn retry_failed(&self, tenant: TenantId, id: i64) -> Result<bool, Error> {
        let wanted = JobListParams::default().states([JobState::Discarded]).ids([id]);
        let mut jobs = self.queue.jobs().list(wanted).await?.jobs.into_iter().filter_map(to_failed_job);
        if jobs.next().is_none_or(|job| job.tenant != tenant) {
            return Ok(false);
        }
        self.queue.jobs().retry(id).await?;
        Ok(true)
    }
}

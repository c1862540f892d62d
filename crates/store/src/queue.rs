//! Durable jobs: enqueued in the transaction that makes them necessary, so that neither exists without the other.
//!
//! A job carries ids only. All use of the queue library is here and in the worker that `fatura` starts.

use crate::{Db, Error, Tx};
use domain::ids::{ActId, ConnectionId, DealId, EntryId, InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use riverqueue::{Client, ClientBuilder, JobArgs};
use serde::{Deserialize, Serialize};

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

/// Write what a deal's invoices come to into fields of the deal.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_back", queue = "follow")]
pub struct WriteBack {
    /// Whose.
    pub tenant: TenantId,
    /// Which deal.
    pub deal: DealId,
    /// On whose behalf, where that user still has the app.
    pub user: UserId,
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
}

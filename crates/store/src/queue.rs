//! Durable jobs: enqueued in the transaction that makes them necessary, so that neither exists without the other.
//!
//! A job carries ids only. All use of the queue library is here and in the worker that `fatura` starts.

use crate::{Db, Error, Tx};
use domain::ids::{InvoiceId, TenantId};
use riverqueue::{Client, ClientBuilder, JobArgs};
use serde::{Deserialize, Serialize};

/// Carry an intended invoice to its end in QuickBooks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JobArgs)]
#[river(kind = "issue_invoice")]
pub struct IssueInvoice {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub invoice: InvoiceId,
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

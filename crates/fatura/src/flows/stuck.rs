//! Work that goes no further without a person: shown, and taken up again.

use super::Error;
use crate::state::App;
use domain::ids::{ActId, EntryId, InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Db, audit, invoices,
    queue::{CarryOut, FailedJob, IssueInvoice, WriteHistory},
    quickbooks,
    stuck::{self, Stuck, Work},
    unreadable::{self, Unreadable},
};
use uuid::Uuid;

/// What is stuck in a company, the oldest first.
pub(crate) async fn list_of_tenant(app: &App, tenant: TenantId) -> Result<Vec<Stuck>, Error> {
    let mut tx = app.db.read().await?;
    Ok(stuck::list_of_tenant(&mut tx, tenant).await?)
}

/// What has no row of its own and has failed too often in a company, the oldest first.
pub(crate) async fn list_failed_jobs(app: &App, tenant: TenantId) -> Result<Vec<FailedJob>, Error> {
    Ok(app.db.list_failed(Some(tenant)).await?)
}

/// Invoices of a company that are named on its page.
const MAX_LISTED_UNREADABLE: i64 = 50;

/// The invoices that QuickBooks does not show, the longest first, each with QuickBooks' number of its company.
pub(crate) async fn list_unreadable(app: &App, tenant: TenantId) -> Result<Vec<(Unreadable, String)>, Error> {
    let mut tx = app.db.read().await?;
    let rows = unreadable::list_of_tenant(&mut tx, tenant, MAX_LISTED_UNREADABLE).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(connection) = quickbooks::find(&mut tx, &app.vault, tenant, row.connection).await? {
            found.push((row, connection.realm_id));
        }
    }
    Ok(found)
}

/// Has a job tried again that has failed too often. [`Error::NotFound`] where there is none.
pub(crate) async fn retry_failed(app: &App, tenant: TenantId, job: i64) -> Result<(), Error> {
    if app.db.retry_failed(tenant, job).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// Has one piece of work tried again. An invoice that QuickBooks was sent without an answer is only looked for, unless
/// `resend` says that it did not arrive. [`Error::NotFound`] where it is not stuck any more.
pub(crate) async fn retry(
    app: &App,
    tenant: TenantId,
    user: UserId,
    (kind, id): (Work, Uuid),
    resend: bool,
) -> Result<(), Error> {
    retry_as(&app.db, tenant, Some(user), (kind, id), resend, app.clock.now()).await?;
    app.db.announce(tenant).await;
    Ok(())
}

/// The same, for whoever runs the service.
pub(crate) async fn retry_as(
    db: &Db,
    tenant: TenantId,
    user: Option<UserId>,
    (kind, id): (Work, Uuid),
    resend: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    if resend && kind == Work::Invoice {
        invoices::allow_resending(&mut tx, tenant, InvoiceId(id)).await?;
    }
    if !stuck::retry(&mut tx, tenant, kind, id, now).await? {
        return Err(Error::NotFound);
    }
    let invoice = (kind == Work::Invoice).then_some(InvoiceId(id));
    match kind {
        Work::Invoice => db.enqueue(&mut tx, IssueInvoice { tenant, invoice: InvoiceId(id) }).await?,
        Work::Act => db.enqueue(&mut tx, CarryOut { tenant, act: ActId(id) }).await?,
        Work::Entry => db.enqueue(&mut tx, WriteHistory { tenant, entry: EntryId(id) }).await?,
    }
    let detail = json!({ "kind": kind.name(), "id": id, "resend": resend });
    audit::record(&mut tx, tenant, user, "stuck work taken up again", invoice, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}

//! Lists parked operations and retries them.

use super::{
    Error,
    context::{TenantContext, UserContext},
};
use domain::ids::{ActionId, EntryId, InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Db, audit, invoices,
    parked::{self, OperationKind, ParkedOperation},
    queue::{CarryOut, FailedJob, IssueInvoice, WriteHistory},
    quickbooks,
    unreadable::{self, Unreadable},
};
use uuid::Uuid;

/// Lists the parked operations of a company, the oldest first.
pub(crate) async fn list_of_tenant(context: &TenantContext) -> Result<Vec<ParkedOperation>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(parked::list_of_tenant(&mut tx, context.tenant).await?)
}

/// Lists the jobs of a company that have failed too often and have no operation, the oldest first.
pub(crate) async fn list_failed_jobs(context: &TenantContext) -> Result<Vec<FailedJob>, Error> {
    Ok(context.app.db.list_failed(Some(context.tenant)).await?)
}

/// Upper bound for the unreadable invoices in the settings.
const MAX_LISTED_UNREADABLE: i64 = 50;

/// Lists unreadable invoices, longest unreadable first, each with the realm of its company.
pub(crate) async fn list_unreadable(context: &TenantContext) -> Result<Vec<(Unreadable, String)>, Error> {
    let (app, tenant) = (&context.app, context.tenant);
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

/// Retries a job that has failed too often. Fails with [`Error::NotFound`] if there is no such job.
pub(crate) async fn retry_failed(context: &TenantContext, job: i64) -> Result<(), Error> {
    if context.app.db.retry_failed(context.tenant, job).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// Retries a parked operation. An invoice that was sent without an answer is only looked up, unless `resend` confirms that it did not
/// arrive. Fails with [`Error::NotFound`] if the operation is not parked.
pub(crate) async fn retry(context: &UserContext, (kind, id): (OperationKind, Uuid), resend: bool) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    retry_as(&app.db, tenant, Some(user), (kind, id), resend, app.clock.now()).await?;
    app.db.announce(tenant).await;
    Ok(())
}

/// Like [`retry`], also for the operator, who is no user.
pub(crate) async fn retry_as(
    db: &Db,
    tenant: TenantId,
    user: Option<UserId>,
    (kind, id): (OperationKind, Uuid),
    resend: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    if resend && kind == OperationKind::Invoice {
        invoices::allow_resending(&mut tx, tenant, InvoiceId(id)).await?;
    }
    if !parked::retry(&mut tx, tenant, kind, id, now).await? {
        return Err(Error::NotFound);
    }
    let invoice = (kind == OperationKind::Invoice).then_some(InvoiceId(id));
    match kind {
        OperationKind::Invoice => db.enqueue(&mut tx, IssueInvoice { tenant, invoice: InvoiceId(id) }).await?,
        OperationKind::Action => db.enqueue(&mut tx, CarryOut { tenant, action: ActionId(id) }).await?,
        OperationKind::Entry => db.enqueue(&mut tx, WriteHistory { tenant, entry: EntryId(id) }).await?,
    }
    let detail = json!({ "kind": kind.name(), "id": id, "resend": resend });
    audit::record(&mut tx, tenant, user, "stuck work taken up again", invoice, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}

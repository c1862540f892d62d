//! Handles access that a provider has ended.

use super::{
    Error,
    context::{TenantContext, UserContext},
};
use serde_json::json;
use store::{Tx, audit, grants, queue::NotifyAdmins, tenants};

/// Records that Pipedrive has ended a user's grant. With the last grant of the company, the app counts as uninstalled: nothing is read, and
/// the grace period begins. The connection stays during this period, because no user has ended it.
pub(crate) async fn record_refused_grant(context: &UserContext, tx: &mut Tx) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    if grants::count_active(tx, tenant).await? > 0 {
        return Ok(());
    }
    let now = app.clock.now();
    tenants::uninstall(tx, tenant, now).await?;
    Ok(audit::record(tx, tenant, Some(user), "access ended by Pipedrive", None, &json!({}), now).await?)
}

/// Requests the notification of the administrators whether QuickBooks has to be connected again, in the transaction in which access ended or
/// returned.
pub(crate) async fn request_notification(context: &TenantContext, tx: &mut Tx) -> Result<(), Error> {
    Ok(context.app.db.enqueue(tx, NotifyAdmins { tenant: context.tenant }).await?)
}

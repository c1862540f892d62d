//! The consequences when a provider ends access.

use super::{
    Error,
    context::{TenantContext, UserContext},
};
use serde_json::json;
use store::{Tx, audit, grants, queue::NotifyAdmins, tenants};

/// Pipedrive has refused a user's grant for good. With the last one of the company, the app counts as uninstalled: nothing is read any
/// more, and the grace period begins. The connection is kept for it, because nobody has asked for its end.
pub(crate) async fn record_refused_grant(context: &UserContext, tx: &mut Tx) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    if grants::count_active(tx, tenant).await? > 0 {
        return Ok(());
    }
    let now = app.clock.now();
    tenants::uninstall(tx, tenant, now).await?;
    Ok(audit::record(tx, tenant, Some(user), "access ended by Pipedrive", None, &json!({}), now).await?)
}

/// Has the administrators notified that QuickBooks has to be connected again, or no longer; in the transaction in which access ended or came
/// back.
pub(crate) async fn request_notification(context: &TenantContext, tx: &mut Tx) -> Result<(), Error> {
    Ok(context.app.db.enqueue(tx, NotifyAdmins { tenant: context.tenant }).await?)
}

//! Whether QuickBooks recognises a repeated request: what is sent again after a doubt relies on it.
//!
//! Intuit documents that a write sent twice under one `requestid` is carried out once, and not for how long that is
//! remembered; not everybody reports that it is so. Therefore QuickBooks is asked, when it matters, with something that
//! does no harm.

use super::{Error, context::TenantContext};
use store::quickbooks::Connection;

/// Asks the company's QuickBooks. `request_id` is unique to what is in doubt.
pub(crate) async fn are_recognised(
    context: &TenantContext,
    connection: &Connection,
    request_id: &str,
) -> Result<bool, Error> {
    if let Some(known) = context.app.repeats.get(&connection.id).await {
        return Ok(known);
    }
    let recognised = context.quickbooks(connection).call(async |api| api.recognises_repeats(request_id).await).await?;
    if !recognised {
        tracing::warn!(tenant.id = %context.tenant.0, "QuickBooks carried out a repeated request twice; it was a note, and is deleted");
    }
    context.app.repeats.insert(connection.id, recognised).await;
    Ok(recognised)
}

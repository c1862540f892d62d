//! Tests whether QuickBooks recognises a repeated request. Resending an invoice in doubt relies on it.
//!
//! Intuit documents that a write sent twice with one `requestid` is carried out once, but not for how long. Some developers report
//! otherwise. Before an invoice is resent, a harmless request therefore tests it.

use super::{Error, context::TenantContext};
use store::quickbooks::Connection;

/// Tests a company's QuickBooks. `request_id` is unique to the invoice in doubt.
pub(crate) async fn are_recognised(
    context: &TenantContext,
    connection: &Connection,
    request_id: &str,
) -> Result<bool, Error> {
    if let Some(cached) = context.app.repeats.get(&connection.id).await {
        return Ok(cached);
    }
    let is_recognised =
        context.quickbooks(connection).call(async |api| api.recognises_repeats(request_id).await).await?;
    if !is_recognised {
        tracing::warn!(tenant.id = %context.tenant.0, "QuickBooks carried out a repeated request twice; the test object was deleted");
    }
    context.app.repeats.insert(connection.id, is_recognised).await;
    Ok(is_recognised)
}

//! Adopts invoices in QuickBooks that carry our mark and have no row.

use crate::flows::{Error, context::TenantContext, form, history, write_back};
use domain::{form::Form, ids::InvoiceId, invoice::compute_status};
use providers::quickbooks::{FoundInvoice, Origin};
use serde_json::json;
use store::{
    audit,
    invoices::{self, Intent, State},
    quickbooks::Connection,
    tenants,
};
use uuid::Uuid;

/// Adopts invoices that carry our mark and have no row, such as after a restored backup, or a refused row, because the refusal may be of a
/// later attempt. Their deals then count them as billed.
pub(super) async fn adopt_unknown_invoices(
    context: &TenantContext,
    connection: &Connection,
    found: Vec<FoundInvoice>,
) -> Result<(), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    for FoundInvoice { snapshot, origin } in found {
        let Some(Origin { mark, created, request }) = origin else { continue };
        let mut tx = app.db.read().await?;
        let existing = invoices::find_by_intent(&mut tx, tenant, mark.intent).await?;
        let is_under_way = existing.as_ref().is_some_and(|existing| !matches!(existing.state, State::Refused(_)));
        let company = if is_under_way { None } else { tenants::find(&mut tx, tenant).await? };
        drop(tx);
        if company.is_none_or(|company| company.company_id != mark.company) {
            continue;
        }
        // The invoice is adopted even if its creator can no longer see the deal.
        let deal = form::read_deal(&context.as_user(mark.user), mark.deal).await.ok();
        let intent = Intent {
            id: InvoiceId(Uuid::now_v7()),
            key: mark.intent,
            connection: connection.id,
            deal: mark.deal,
            organization: deal.as_ref().and_then(|deal| deal.organization),
            person: deal.as_ref().and_then(|deal| deal.person),
            by: mark.user,
            form: Form { intent: Some(mark.intent), ..Form::default() },
            request,
            customer_name: snapshot.customer_name.clone(),
        };
        let now = app.clock.now();
        // For an invoice that a restored backup does not contain, the deal history has the entry already.
        let announced =
            existing.is_none().then(|| compute_status(&snapshot, app.clock.today(&connection.company.time_zone)));
        let mut tx = app.db.begin().await?;
        if invoices::adopt(&mut tx, tenant, &intent, created, &snapshot, announced, now).await? {
            let id = existing.map_or(intent.id, |existing| existing.id);
            history::announce_status(context, &mut tx, id).await?;
            write_back::request_write_back(context, &mut tx, mark.deal, mark.user).await?;
            let detail = json!({ "quickbooks_id": snapshot.quickbooks_id, "total": snapshot.total.amount() });
            audit::record(&mut tx, tenant, None, "invoice taken back", Some(id), &detail, now).await?;
            tracing::warn!(tenant.id = %tenant.0, invoice.id = %id.0, "an invoice of QuickBooks with our mark was adopted");
        }
        tx.commit().await?;
    }
    Ok(())
}

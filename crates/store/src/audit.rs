//! The audit log: one row for each action, inserted in the transaction of the action. Holds no secret and no address.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use domain::ids::{InvoiceId, TenantId, UserId};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Inserts a row.
pub async fn record(
    tx: &mut Tx,
    tenant: TenantId,
    user: Option<UserId>,
    action: &str,
    invoice: Option<InvoiceId>,
    detail: &Value,
    now: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query("INSERT INTO audit (tenant_id, id, at, user_id, action, invoice_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(tenant.0).bind(Uuid::now_v7()).bind(micros(now)).bind(user.map(|user| user.0)).bind(action)
        .bind(invoice.map(|invoice| invoice.0)).bind(detail.to_string()).execute(c).await.map(drop))?;
    Ok(())
}

/// Finds the time and the detail of the last refused call for an invoice. The key orders a tenant's rows by time, so a recent row is found
/// quickly.
pub async fn find_last_refusal(
    tx: &mut Tx,
    tenant: TenantId,
    invoice: InvoiceId,
) -> Result<Option<(Timestamp, Value)>, Error> {
    let row: Option<(i64, String)> = on!(tx, c => sqlx::query_as(
        "SELECT at, detail FROM audit WHERE tenant_id = $1 AND invoice_id = $2 AND action LIKE '% refused' ORDER BY id DESC LIMIT 1")
        .bind(tenant.0).bind(invoice.0).fetch_optional(c).await)?;
    row.map(|(at, detail)| {
        let detail = serde_json::from_str(&detail).map_err(|_| Error::Unreadable("audit"))?;
        Ok((instant(at)?, detail))
    })
    .transpose()
}

/// Lists the actions that were recorded for an invoice, the oldest first.
pub async fn list_actions_of_invoice(tx: &mut Tx, tenant: TenantId, invoice: InvoiceId) -> Result<Vec<String>, Error> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT action FROM audit WHERE tenant_id = $1 AND invoice_id = $2 ORDER BY id")
        .bind(tenant.0).bind(invoice.0).fetch_all(c).await)?)
}

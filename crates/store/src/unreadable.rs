//! Invoices for which QuickBooks' answer cannot be read: what was known of them stays, and somebody is told.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use domain::ids::{ConnectionId, DealId, InvoiceId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

/// An invoice of a company whose state may be older than QuickBooks'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Ours.
    pub invoice: InvoiceId,
    /// Of which deal.
    pub deal: DealId,
    /// Through which connection.
    pub connection: ConnectionId,
    /// QuickBooks' id.
    pub quickbooks_id: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// Since when it cannot be read.
    pub since: Timestamp,
}

/// Notes that an invoice that stands could not be read, from `now` on; it counts as read. Cleared when it is read again.
pub async fn mark(tx: &mut Tx, tenant: TenantId, invoice: InvoiceId, now: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE invoice SET unreadable_since = COALESCE(unreadable_since, $3), read_at = $3 \
         WHERE tenant_id = $1 AND id = $2 AND state = 'issued'")
        .bind(tenant.0).bind(invoice.0).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// The invoices of a company that cannot be read, the longest first; at most so many.
pub async fn of_tenant(tx: &mut Tx, tenant: TenantId, most: i64) -> Result<Vec<Unreadable>, Error> {
    type Row = (Uuid, i64, Uuid, String, Option<String>, i64);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, deal_id, connection_id, quickbooks_id, doc_number, unreadable_since FROM invoice \
         WHERE tenant_id = $1 AND unreadable_since IS NOT NULL AND NOT deleted AND quickbooks_id IS NOT NULL ORDER BY unreadable_since LIMIT $2")
        .bind(tenant.0).bind(most).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, deal, connection, quickbooks_id, number, since)| {
            Ok(Unreadable {
                invoice: InvoiceId(id),
                deal: DealId(deal),
                connection: ConnectionId(connection),
                quickbooks_id,
                number,
                since: instant(since)?,
            })
        })
        .collect()
}

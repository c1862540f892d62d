//! Invoices whose row in a response of QuickBooks cannot be parsed. They keep their last snapshot and are listed in the settings.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use domain::ids::{ConnectionId, DealId, InvoiceId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

/// An invoice whose snapshot may be older than its state in QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The deal.
    pub deal: DealId,
    /// The connection.
    pub connection: ConnectionId,
    /// The id in QuickBooks.
    pub quickbooks_id: String,
    /// The invoice number, if any.
    pub number: Option<String>,
    /// The time of the first of the consecutive unreadable responses.
    pub since: Timestamp,
}

/// Marks an issued invoice as unreadable since `now`, unless it is marked already, and as read at `now`. The next snapshot removes the
/// mark.
pub async fn mark(tx: &mut Tx, tenant: TenantId, invoice: InvoiceId, now: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE invoice SET unreadable_since = COALESCE(unreadable_since, $3), read_at = $3 \
         WHERE tenant_id = $1 AND id = $2 AND state = 'issued'")
        .bind(tenant.0).bind(invoice.0).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// Lists up to `most` unreadable invoices of a company, the longest unreadable first.
pub async fn list_of_tenant(tx: &mut Tx, tenant: TenantId, most: i64) -> Result<Vec<Unreadable>, Error> {
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

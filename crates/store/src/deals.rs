//! A lock for each deal, which orders the submissions of its invoices.

use crate::{Error, Tx, db::on};
use domain::ids::{DealId, TenantId};

/// Locks the deal until the end of the transaction. A concurrent submission waits, and then sees the invoices that were submitted before.
pub async fn lock(tx: &mut Tx, tenant: TenantId, deal: DealId) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "INSERT INTO deal_billing (tenant_id, deal_id, submissions) VALUES ($1, $2, 1) \
         ON CONFLICT (tenant_id, deal_id) DO UPDATE SET submissions = deal_billing.submissions + 1")
        .bind(tenant.0).bind(deal.0).execute(c).await.map(drop))?;
    Ok(())
}

//! Deals that were merged into others: their invoices, what is to be told of them, and what people have typed go along.

use crate::{Error, Tx, db::on};
use domain::ids::{DealId, TenantId};
use sqlx::types::Json;

/// The deals, other than this one, in whose history these notes were written.
pub async fn written_in(
    tx: &mut Tx,
    tenant: TenantId,
    notes: &[i64],
    other_than: DealId,
) -> Result<Vec<DealId>, Error> {
    let deals: Vec<i64> = match tx {
        Tx::Sqlite(c) => {
            sqlx::query_scalar(
                "SELECT DISTINCT deal_id FROM history_entry WHERE tenant_id = $1 AND deal_id <> $2 \
                 AND note_id IN (SELECT value FROM json_each($3))",
            )
            .bind(tenant.0)
            .bind(other_than.0)
            .bind(Json(notes))
            .fetch_all(&mut **c)
            .await?
        }
        Tx::Postgres(c) => sqlx::query_scalar(
            "SELECT DISTINCT deal_id FROM history_entry WHERE tenant_id = $1 AND deal_id <> $2 AND note_id = ANY($3)",
        )
        .bind(tenant.0)
        .bind(other_than.0)
        .bind(notes)
        .fetch_all(&mut **c)
        .await?,
    };
    Ok(deals.into_iter().map(DealId).collect())
}

/// Whether a company has invoices of the same organization or person in other deals.
pub async fn has_others(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    organization: Option<i64>,
    person: Option<i64>,
) -> Result<bool, Error> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT deal_id FROM invoice WHERE tenant_id = $1 AND deal_id <> $2 AND (organization_id = $3 OR person_id = $4) LIMIT 1")
        .bind(tenant.0).bind(deal.0).bind(organization).bind(person).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// What belonged to one deal belongs to another from now on; how many invoices. Where somebody has a form open for both, that of
/// the other stays.
pub async fn follow(tx: &mut Tx, tenant: TenantId, from: DealId, to: DealId) -> Result<u64, Error> {
    let invoices = on!(tx, c => sqlx::query("UPDATE invoice SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(|done| done.rows_affected()))?;
    on!(tx, c => sqlx::query("UPDATE history_entry SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(
        "UPDATE draft SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2 AND user_id NOT IN \
         (SELECT user_id FROM draft WHERE tenant_id = $1 AND deal_id = $3)")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(drop))?;
    Ok(invoices)
}

//! What was merged into something else. A deal's invoices, what is to be told of them, and what people have typed go along; so do
//! the customers of organizations and persons.

use crate::{Error, Tx, db::on, links::Party};
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
    // A form that was merely opened gives way to one that somebody has typed into.
    on!(tx, c => sqlx::query(
        "DELETE FROM draft WHERE tenant_id = $1 AND deal_id = $3 AND state <> 'typed' AND user_id IN \
         (SELECT user_id FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND state = 'typed')")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query(
        "UPDATE draft SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2 AND user_id NOT IN \
         (SELECT user_id FROM draft WHERE tenant_id = $1 AND deal_id = $3)")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(drop))?;
    Ok(invoices)
}

/// Whose the invoices of a deal are: an organization's, a person's.
pub type Parties = (Option<i64>, Option<i64>);

/// Whose the invoices of these deals are, as it was when they were made or last looked at.
pub async fn parties(tx: &mut Tx, tenant: TenantId, deals: &[i64]) -> Result<Vec<(DealId, Parties)>, Error> {
    let rows: Vec<(i64, Option<i64>, Option<i64>)> = match tx {
        Tx::Sqlite(c) => {
            sqlx::query_as(
                "SELECT DISTINCT deal_id, organization_id, person_id FROM invoice WHERE tenant_id = $1 \
                 AND deal_id IN (SELECT value FROM json_each($2))",
            )
            .bind(tenant.0)
            .bind(Json(deals))
            .fetch_all(&mut **c)
            .await?
        }
        Tx::Postgres(c) => {
            sqlx::query_as(
                "SELECT DISTINCT deal_id, organization_id, person_id FROM invoice WHERE tenant_id = $1 \
                 AND deal_id = ANY($2)",
            )
            .bind(tenant.0)
            .bind(deals)
            .fetch_all(&mut **c)
            .await?
        }
    };
    Ok(rows.into_iter().map(|(deal, organization, person)| (DealId(deal), (organization, person))).collect())
}

/// The invoices of a deal are theirs from now on.
pub async fn belongs(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    (organization, person): Parties,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE invoice SET organization_id = $3, person_id = $4 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(deal.0).bind(organization).bind(person).execute(c).await.map(drop))?;
    Ok(())
}

/// The customers of a party that is gone are those of another from now on, of the same kind; how many. Where that is linked
/// itself, its own link stays.
pub async fn inherit(tx: &mut Tx, tenant: TenantId, gone: Party, heir: Party) -> Result<u64, Error> {
    let ((kind, gone), (_, heir)) = (gone.parts(), heir.parts());
    Ok(on!(tx, c => sqlx::query(
        "UPDATE customer_link SET pipedrive_id = $4 WHERE tenant_id = $1 AND kind = $2 AND pipedrive_id = $3 AND connection_id NOT IN \
         (SELECT connection_id FROM customer_link WHERE tenant_id = $1 AND kind = $2 AND pipedrive_id = $4)")
        .bind(tenant.0).bind(kind).bind(gone).bind(heir).execute(c).await.map(|done| done.rows_affected()))?)
}

//! Moves rows of merged records: invoices, history entries and drafts of deals, customer links of organizations and persons.

use crate::{Error, Tx, db::on, links::Party};
use domain::ids::{DealId, TenantId};
use sqlx::types::Json;

/// Lists the deals whose history has one of these notes, without the deal `other_than`.
pub async fn list_deals_of_notes(
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

/// Whether the organization or the person has invoices in deals other than `deal`.
pub async fn has_invoices_in_other_deals(
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

/// Moves invoices, history entries and drafts from one deal to another and returns the number of invoices. If a user has drafts of both
/// deals, the draft of `to` stays, unless only the draft of `from` has typed content.
pub async fn move_deal(tx: &mut Tx, tenant: TenantId, from: DealId, to: DealId) -> Result<u64, Error> {
    let invoices = on!(tx, c => sqlx::query("UPDATE invoice SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(|done| done.rows_affected()))?;
    on!(tx, c => sqlx::query("UPDATE history_entry SET deal_id = $3 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(from.0).bind(to.0).execute(c).await.map(drop))?;
    // A draft with typed content replaces a draft of `to` without.
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

/// The organization and the person of a deal's invoices.
pub type Parties = (Option<i64>, Option<i64>);

/// Lists the distinct parties that are stored for the invoices of each deal.
pub async fn list_parties(tx: &mut Tx, tenant: TenantId, deals: &[i64]) -> Result<Vec<(DealId, Parties)>, Error> {
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

/// Assigns the invoices of a deal to an organization and a person.
pub async fn set_parties(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    (organization, person): Parties,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE invoice SET organization_id = $3, person_id = $4 WHERE tenant_id = $1 AND deal_id = $2")
        .bind(tenant.0).bind(deal.0).bind(organization).bind(person).execute(c).await.map(drop))?;
    Ok(())
}

/// Moves the customer links of a merged party to the remaining party, which is of the same kind, and returns their number. In a
/// connection where `to` has a link already, that link stays.
pub async fn move_customers(tx: &mut Tx, tenant: TenantId, from: Party, to: Party) -> Result<u64, Error> {
    let ((kind, from), (_, to)) = (from.parts(), to.parts());
    Ok(on!(tx, c => sqlx::query(
        "UPDATE customer_link SET pipedrive_id = $4 WHERE tenant_id = $1 AND kind = $2 AND pipedrive_id = $3 AND connection_id NOT IN \
         (SELECT connection_id FROM customer_link WHERE tenant_id = $1 AND kind = $2 AND pipedrive_id = $4)")
        .bind(tenant.0).bind(kind).bind(from).bind(to).execute(c).await.map(|done| done.rows_affected()))?)
}

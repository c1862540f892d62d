//! The Pipedrive companies that use Fatura.

use crate::{Error, Tx, db::on, time::micros};
use domain::ids::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

/// A Pipedrive company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Ours.
    pub id: TenantId,
    /// Pipedrive's number of the company.
    pub company_id: i64,
    /// As Pipedrive names it.
    pub company_name: String,
    /// The part before `.pipedrive.com`.
    pub company_domain: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    company_id: i64,
    company_name: String,
    company_domain: String,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: TenantId(row.id),
            company_id: row.company_id,
            company_name: row.company_name,
            company_domain: row.company_domain,
        }
    }
}

/// The tenant of a Pipedrive company, made if it is new; an uninstalled one comes back to life.
pub async fn install(
    tx: &mut Tx,
    new_id: TenantId,
    company_id: i64,
    name: &str,
    domain: &str,
    now: Timestamp,
) -> Result<Tenant, Error> {
    let row: Row = on!(tx, c => sqlx::query_as(
        "INSERT INTO tenant (id, company_id, company_name, company_domain, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (company_id) DO UPDATE SET company_name = excluded.company_name, company_domain = excluded.company_domain, \
         uninstalled_at = NULL RETURNING id, company_id, company_name, company_domain")
        .bind(new_id.0).bind(company_id).bind(name).bind(domain).bind(micros(now)).fetch_one(c).await)?;
    Ok(row.into())
}

/// The installed tenant of a Pipedrive company.
pub async fn by_company(tx: &mut Tx, company_id: i64) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, company_id, company_name, company_domain FROM tenant WHERE company_id = $1 AND uninstalled_at IS NULL")
        .bind(company_id).fetch_optional(c).await)?;
    Ok(row.map(Tenant::from))
}

/// A tenant by our id.
pub async fn find(tx: &mut Tx, tenant: TenantId) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, company_id, company_name, company_domain FROM tenant WHERE id = $1").bind(tenant.0).fetch_optional(c).await)?;
    Ok(row.map(Tenant::from))
}

/// Marks a tenant as uninstalled; its data stay for the grace period.
pub async fn uninstall(tx: &mut Tx, tenant: TenantId, now: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE tenant SET uninstalled_at = $2 WHERE id = $1").bind(tenant.0).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

//! The Pipedrive companies that use Fatura.

use crate::{
    Error, Tx,
    db::on,
    grants::language_or_locale,
    time::{instant, micros},
};
use domain::ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A Pipedrive company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The id of the row.
    pub id: TenantId,
    /// The company's id in Pipedrive.
    pub company_id: i64,
    /// The company's name in Pipedrive.
    pub company_name: String,
    /// The subdomain: the part before `.pipedrive.com`.
    pub company_domain: String,
    /// Locale of the first user who installed Fatura, such as `pt_BR`.
    pub locale: String,
    /// Language of that user, such as `pt`.
    pub language: String,
}

/// A Pipedrive company that installs Fatura.
#[derive(Debug, Clone, Copy)]
pub struct Company<'a> {
    /// The company's id in Pipedrive.
    pub id: i64,
    /// The company's name in Pipedrive.
    pub name: &'a str,
    /// The subdomain: the part before `.pipedrive.com`.
    pub domain: &'a str,
    /// The installing user's locale.
    pub locale: &'a str,
    /// The installing user's language.
    pub language: &'a str,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    company_id: i64,
    company_name: String,
    company_domain: String,
    locale: String,
    language: String,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: TenantId(row.id),
            company_id: row.company_id,
            company_name: row.company_name,
            company_domain: row.company_domain,
            language: language_or_locale(row.language, &row.locale),
            locale: row.locale,
        }
    }
}

/// Finds or inserts the tenant of a Pipedrive company, and marks it as installed.
pub async fn install(tx: &mut Tx, new_id: TenantId, company: &Company<'_>, now: Timestamp) -> Result<Tenant, Error> {
    let row: Row = on!(tx, c => sqlx::query_as(
        "INSERT INTO tenant (id, company_id, company_name, company_domain, created_at, locale, language) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (company_id) DO UPDATE SET company_name = excluded.company_name, company_domain = excluded.company_domain, \
         uninstalled_at = NULL RETURNING id, company_id, company_name, company_domain, locale, language")
        .bind(new_id.0).bind(company.id).bind(company.name).bind(company.domain).bind(micros(now)).bind(company.locale).bind(company.language)
        .fetch_one(c).await)?;
    Ok(row.into())
}

/// Finds the installed tenant of a Pipedrive company.
pub async fn find_installed_by_company(tx: &mut Tx, company_id: i64) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, company_id, company_name, company_domain, locale, language FROM tenant WHERE company_id = $1 AND uninstalled_at IS NULL")
        .bind(company_id).fetch_optional(c).await)?;
    Ok(row.map(Tenant::from))
}

/// Finds the tenant of a Pipedrive company, installed or not.
pub async fn find_by_company(tx: &mut Tx, company_id: i64) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, company_id, company_name, company_domain, locale, language FROM tenant WHERE company_id = $1")
        .bind(company_id).fetch_optional(c).await)?;
    Ok(row.map(Tenant::from))
}

/// Whether a tenant has the app installed.
pub async fn is_installed(tx: &mut Tx, tenant: TenantId) -> Result<bool, Error> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT company_id FROM tenant WHERE id = $1 AND uninstalled_at IS NULL")
        .bind(tenant.0).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Finds a tenant.
pub async fn find(tx: &mut Tx, tenant: TenantId) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, company_id, company_name, company_domain, locale, language FROM tenant WHERE id = $1").bind(tenant.0).fetch_optional(c).await)?;
    Ok(row.map(Tenant::from))
}

/// Marks a tenant as uninstalled. The grace period before its data are deleted begins with the first mark.
pub async fn uninstall(tx: &mut Tx, tenant: TenantId, now: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE tenant SET uninstalled_at = COALESCE(uninstalled_at, $2) WHERE id = $1").bind(tenant.0).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// Marks a tenant as installed that was wrongly marked as uninstalled.
pub async fn reinstate(tx: &mut Tx, tenant: TenantId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE tenant SET uninstalled_at = NULL WHERE id = $1").bind(tenant.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Lists up to `most` tenants that were uninstalled before a time, the longest first.
pub async fn list_uninstalled(tx: &mut Tx, before: Timestamp, most: i64) -> Result<Vec<TenantId>, Error> {
    let rows: Vec<Uuid> = on!(tx, c => sqlx::query_scalar("SELECT id FROM tenant WHERE uninstalled_at < $1 ORDER BY uninstalled_at LIMIT $2")
        .bind(micros(before)).bind(most).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TenantId).collect())
}

/// The tables with rows of a tenant, in the order of their references.
pub(crate) const PURGED: [&str; 14] = [
    "history_entry",
    "act",
    "invoice",
    "draft",
    "deal_billing",
    "customer_link",
    "item_link",
    "settings",
    "connection_usage",
    "quickbooks_connection",
    "pipedrive_grant",
    "oauth_flow",
    "audit",
    "tenant",
];

/// Deletes a tenant and all of its rows. False, without effect, if the tenant is installed.
pub async fn purge(tx: &mut Tx, tenant: TenantId) -> Result<bool, Error> {
    let uninstalled = on!(tx, c => sqlx::query("UPDATE tenant SET uninstalled_at = uninstalled_at WHERE id = $1 AND uninstalled_at IS NOT NULL")
        .bind(tenant.0).execute(c).await.map(|done| done.rows_affected()))?;
    if uninstalled == 0 {
        return Ok(false);
    }
    for table in PURGED {
        let statement =
            format!("DELETE FROM {table} WHERE {} = $1", if table == "tenant" { "id" } else { "tenant_id" });
        on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str())).bind(tenant.0).execute(c).await.map(drop))?;
    }
    Ok(true)
}

/// Starts preparing drafts for deals that are won after `since`, or stops it with `None`. A running cursor is kept.
pub async fn watch_won_deals(tx: &mut Tx, tenant: TenantId, since: Option<Timestamp>) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE tenant SET won_until = CASE WHEN CAST($2 AS BIGINT) IS NULL THEN NULL ELSE COALESCE(won_until, $2) END, \
         won_lease_until = CASE WHEN CAST($2 AS BIGINT) IS NULL THEN 0 ELSE won_lease_until END WHERE id = $1")
        .bind(tenant.0).bind(since.map(micros)).execute(c).await.map(drop))?;
    Ok(())
}

/// A claimed sweep for the won deals of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WonSweep {
    /// The tenant.
    pub tenant: TenantId,
    /// The cursor: deals that were won before it have their drafts.
    pub until: Timestamp,
    /// Sweeps that failed in a row.
    pub failures: i32,
}

/// Upper bound for a lease of [`claim_won_sweep`] and a pause of [`postpone_won_sweep`]. A longer one was set by a clock that was ahead.
const MAX_WON_LEASE: SignedDuration = SignedDuration::from_hours(2);

/// Claims a company whose cursor is before `before`. Companies whose last sweep succeeded come first, by the oldest cursor, then the others,
/// by the end of their pause. No other replica claims the company before `until`.
pub async fn claim_won_sweep(
    tx: &mut Tx,
    before: Timestamp,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<WonSweep>, Error> {
    let skip = if matches!(tx, Tx::Postgres(_)) { "FOR UPDATE SKIP LOCKED" } else { "" };
    let statement = format!(
        "UPDATE tenant SET won_lease_until = $3 WHERE id IN (SELECT id FROM tenant WHERE won_until < $1 AND uninstalled_at IS NULL \
         AND (won_lease_until <= $2 OR won_lease_until > $4) ORDER BY won_lease_until, won_until LIMIT 1 {skip}) RETURNING id, won_until, won_failures"
    );
    let row: Option<(Uuid, i64, i32)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(micros(before)).bind(micros(now)).bind(micros(until)).bind(micros(now + MAX_WON_LEASE)).fetch_optional(c).await)?;
    row.map(|(tenant, until, failures)| Ok(WonSweep { tenant: TenantId(tenant), until: instant(until)?, failures }))
        .transpose()
}

/// Moves the cursor to `now`. Has no effect if the company switched drafts off, or off and on again, meanwhile.
pub async fn mark_won_swept(tx: &mut Tx, sweep: &WonSweep, now: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE tenant SET won_until = $3, won_lease_until = 0, won_failures = 0 WHERE id = $1 AND won_until = $2")
        .bind(sweep.tenant.0).bind(micros(sweep.until)).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// Records a failed sweep. The next one starts at `again`, with the same cursor.
pub async fn postpone_won_sweep(tx: &mut Tx, sweep: &WonSweep, again: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE tenant SET won_lease_until = $3, won_failures = won_failures + 1 WHERE id = $1 AND won_until = $2")
        .bind(sweep.tenant.0).bind(micros(sweep.until)).bind(micros(again)).execute(c).await.map(drop))?;
    Ok(())
}

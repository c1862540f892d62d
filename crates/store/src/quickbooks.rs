//! Connections to QuickBooks companies. A tenant has at most one that is not disconnected. Older connections are kept for their invoices.

use crate::{
    Error, Tokens, Tx,
    db::on,
    time::{instant, max_lease_end, micros},
    tokens,
    vault::Vault,
};
use domain::ids::{ConnectionId, TenantId};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// A connected QuickBooks company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// The company's name.
    pub name: String,
    /// ISO code of the country, two letters.
    pub country: String,
    /// ISO code of the home currency.
    pub home_currency: String,
    /// IANA name of the time zone.
    pub time_zone: String,
}

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The tokens are valid, as far as known.
    Active,
    /// QuickBooks refuses the tokens: an administrator has to connect again.
    NeedsReconnect,
    /// The connection was ended, in Fatura or in QuickBooks.
    Disconnected,
}

/// A connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The id of the row.
    pub id: ConnectionId,
    /// The company's id in QuickBooks.
    pub realm_id: String,
    /// The company.
    pub company: Company,
    /// The state.
    pub state: State,
    /// Name of the Pipedrive user who connected it.
    pub connected_by: String,
    /// The time of the connection.
    pub connected_at: Timestamp,
    /// The tokens.
    pub tokens: Tokens,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    realm_id: String,
    company_name: String,
    country: String,
    home_currency: String,
    time_zone: String,
    state: String,
    connected_by: String,
    connected_at: i64,
    access_token: String,
    refresh_token: String,
    expires_at: i64,
}

pub(crate) fn place(tenant: TenantId) -> String {
    format!("{}/quickbooks_connection", tenant.0)
}

pub(crate) fn realm_place(tenant: TenantId) -> String {
    format!("{}/quickbooks_connection.realm_id", tenant.0)
}

fn read_connection(vault: &Vault, tenant: TenantId, row: Row) -> Result<Connection, Error> {
    Ok(Connection {
        id: ConnectionId(row.id),
        realm_id: vault.open(&realm_place(tenant), &row.realm_id)?.expose_secret().to_owned(),
        company: Company {
            name: row.company_name,
            country: row.country,
            home_currency: row.home_currency,
            time_zone: row.time_zone,
        },
        state: match row.state.as_str() {
            "active" => State::Active,
            "needs_reconnect" => State::NeedsReconnect,
            "disconnected" => State::Disconnected,
            _ => return Err(Error::Unreadable("connection")),
        },
        connected_by: row.connected_by,
        connected_at: instant(row.connected_at)?,
        tokens: tokens::open(vault, &place(tenant), &row.access_token, &row.refresh_token, row.expires_at)?,
    })
}

/// Connects a company: inserts a row, or updates the row of the same company with new tokens. Disconnects every other connection of the
/// tenant.
///
/// # Errors
///
/// [`Error::RealmTaken`] if another tenant has the company connected. The transaction cannot be used any more then.
#[expect(clippy::too_many_arguments, reason = "each fills columns of the row")]
pub async fn connect(
    tx: &mut Tx,
    vault: &Vault,
    tenant: TenantId,
    new_id: ConnectionId,
    realm_id: &str,
    company: &Company,
    connected_by: &str,
    tokens: &Tokens,
    now: Timestamp,
) -> Result<ConnectionId, Error> {
    let (access, refresh) = tokens::seal(vault, &place(tenant), tokens)?;
    let digest = vault.digest("realm", realm_id);
    let sealed_realm = vault.seal(&realm_place(tenant), &SecretString::from(realm_id))?;
    // A row with the digest of an older key is the same connection, which its invoices refer to.
    for old in vault.digests("realm", realm_id).into_iter().skip(1) {
        on!(tx, c => sqlx::query(
            "UPDATE quickbooks_connection SET realm_digest = $3 WHERE tenant_id = $1 AND realm_digest = $2 AND NOT EXISTS \
             (SELECT 1 FROM quickbooks_connection AS other WHERE other.tenant_id = $1 AND other.realm_digest = $3)")
            .bind(tenant.0).bind(old).bind(&digest).execute(c).await.map(drop))?;
    }
    on!(tx, c => sqlx::query("UPDATE quickbooks_connection SET state = 'disconnected' WHERE tenant_id = $1 AND realm_digest <> $2")
        .bind(tenant.0).bind(&digest).execute(c).await.map(drop))?;
    let inserted: Result<Uuid, sqlx::Error> = on!(tx, c => sqlx::query_scalar(
        "INSERT INTO quickbooks_connection (id, tenant_id, realm_digest, realm_id, company_name, country, home_currency, time_zone, \
         state, connected_by, connected_at, access_token, refresh_token, expires_at, lease_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, $11, $12, $13, 0) \
         ON CONFLICT (tenant_id, realm_digest) DO UPDATE SET realm_id = excluded.realm_id, company_name = excluded.company_name, country = excluded.country, \
         home_currency = excluded.home_currency, time_zone = excluded.time_zone, state = 'active', \
         connected_by = excluded.connected_by, connected_at = excluded.connected_at, sweep_steps = 1, access_token = excluded.access_token, \
         refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, lease_until = 0 RETURNING id")
        .bind(new_id.0).bind(tenant.0).bind(digest).bind(sealed_realm).bind(&company.name).bind(&company.country)
        .bind(&company.home_currency).bind(&company.time_zone).bind(connected_by).bind(micros(now)).bind(access).bind(refresh)
        .bind(micros(tokens.expires_at)).fetch_one(c).await);
    match inserted {
        Ok(id) => Ok(ConnectionId(id)),
        // The tenant's own rows cause no conflict: the row of the company is updated, and the others are disconnected.
        Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
            Err(Error::RealmTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// Finds the tenant that has this QuickBooks company connected.
pub async fn find_tenant_of_realm(tx: &mut Tx, vault: &Vault, realm_id: &str) -> Result<Option<TenantId>, Error> {
    for digest in vault.digests("realm", realm_id) {
        let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
            "SELECT tenant_id FROM quickbooks_connection WHERE realm_digest = $1 AND state <> 'disconnected'")
            .bind(digest).fetch_optional(c).await)?;
        if let Some(tenant) = found {
            return Ok(Some(TenantId(tenant)));
        }
    }
    Ok(None)
}

/// Finds the tenant's connection that is not disconnected.
pub async fn find_current(tx: &mut Tx, vault: &Vault, tenant: TenantId) -> Result<Option<Connection>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, realm_id, company_name, country, home_currency, time_zone, state, connected_by, connected_at, access_token, \
         refresh_token, expires_at FROM quickbooks_connection WHERE tenant_id = $1 AND state <> 'disconnected'")
        .bind(tenant.0).fetch_optional(c).await)?;
    row.map(|row| read_connection(vault, tenant, row)).transpose()
}

/// Finds the tenant's newest connection, in any state.
pub async fn find_latest(tx: &mut Tx, tenant: TenantId) -> Result<Option<ConnectionId>, Error> {
    let id: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM quickbooks_connection WHERE tenant_id = $1 ORDER BY connected_at DESC, id DESC LIMIT 1")
        .bind(tenant.0).fetch_optional(c).await)?;
    Ok(id.map(ConnectionId))
}

/// Finds a connection of the tenant, in any state.
pub async fn find(tx: &mut Tx, vault: &Vault, tenant: TenantId, id: ConnectionId) -> Result<Option<Connection>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT id, realm_id, company_name, country, home_currency, time_zone, state, connected_by, connected_at, access_token, \
         refresh_token, expires_at FROM quickbooks_connection WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
    row.map(|row| read_connection(vault, tenant, row)).transpose()
}

/// Takes the lease for refreshing the tokens until `until`. False while another caller holds it.
pub async fn claim_refresh(
    tx: &mut Tx,
    tenant: TenantId,
    id: ConnectionId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET lease_until = $4 WHERE tenant_id = $1 AND id = $2 AND state = 'active' \
         AND (lease_until <= $3 OR lease_until > $5)")
        .bind(tenant.0).bind(id.0).bind(micros(now)).bind(micros(until)).bind(max_lease_end(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Replaces the tokens that expire at `replaced` by refreshed ones and releases the lease. Has no effect if a person connected again or
/// disconnected meanwhile. True if the access had been recorded as ended: another caller's refresh was refused, because this refresh had
/// replaced the old tokens.
pub async fn store_refreshed(
    tx: &mut Tx,
    vault: &Vault,
    tenant: TenantId,
    id: ConnectionId,
    replaced: Timestamp,
    tokens: &Tokens,
) -> Result<bool, Error> {
    let (access, refresh) = tokens::seal(vault, &place(tenant), tokens)?;
    let reactivated = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET state = 'active' \
         WHERE tenant_id = $1 AND id = $2 AND expires_at = $3 AND state = 'needs_reconnect'")
        .bind(tenant.0).bind(id.0).bind(micros(replaced)).execute(c).await.map(|done| done.rows_affected()))?;
    on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET access_token = $4, refresh_token = $5, expires_at = $6, lease_until = 0 \
         WHERE tenant_id = $1 AND id = $2 AND expires_at = $3 AND state = 'active'")
        .bind(tenant.0).bind(id.0).bind(micros(replaced)).bind(access).bind(refresh).bind(micros(tokens.expires_at))
        .execute(c).await.map(drop))?;
    Ok(reactivated == 1)
}

/// Releases the lease without new tokens; `ended` if QuickBooks has ended the access. False, without effect, if the tokens that expire at
/// `kept` were replaced.
pub async fn release_refresh(
    tx: &mut Tx,
    tenant: TenantId,
    id: ConnectionId,
    kept: Timestamp,
    ended: bool,
) -> Result<bool, Error> {
    let state = if ended { "needs_reconnect" } else { "active" };
    let rows = on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET lease_until = 0, state = $4 WHERE tenant_id = $1 AND id = $2 AND expires_at = $3 AND state = 'active'")
        .bind(tenant.0).bind(id.0).bind(micros(kept)).bind(state).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Ends a connection and deletes its tokens. Its invoices stay.
pub async fn disconnect(tx: &mut Tx, vault: &Vault, tenant: TenantId, id: ConnectionId) -> Result<(), Error> {
    let empty =
        Tokens { access: String::new().into(), refresh: String::new().into(), expires_at: Timestamp::UNIX_EPOCH };
    let (access, refresh) = tokens::seal(vault, &place(tenant), &empty)?;
    on!(tx, c => sqlx::query(
        "UPDATE quickbooks_connection SET state = 'disconnected', lease_until = 0, access_token = $3, refresh_token = $4, expires_at = 0 \
         WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0).bind(id.0).bind(access).bind(refresh).execute(c).await.map(drop))?;
    Ok(())
}

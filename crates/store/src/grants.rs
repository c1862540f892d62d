//! Pipedrive users who have installed Fatura, with their tokens and profiles.

use crate::{
    Error, Tokens, Tx,
    db::on,
    time::{instant, max_lease_end, micros},
    tokens,
    vault::Vault,
};
use domain::ids::{TenantId, UserId};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::SecretString;

/// A user's profile in Pipedrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Full name.
    pub name: String,
    /// The locale of numbers and dates, such as `pt_BR`. Pipedrive keeps it apart from the language.
    pub locale: String,
    /// The language, such as `pt`; the locale if the language is unknown.
    pub language: String,
    /// IANA name of the time zone, such as `America/Sao_Paulo`.
    pub time_zone: String,
    /// Whether the user may change settings and connections.
    pub is_admin: bool,
}

impl Profile {
    /// The user's time zone; UTC where it is unknown.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// A user's grant.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user.
    pub user: UserId,
    /// The user's profile.
    pub profile: Profile,
    /// The time at which the profile was read.
    pub profile_at: Timestamp,
    /// Base address of the company's API.
    pub api_domain: String,
    /// Whether the tokens are valid, as far as known.
    pub active: bool,
    /// The tokens.
    pub tokens: Tokens,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: i64,
    user_name: String,
    locale: String,
    language: String,
    time_zone: String,
    is_admin: bool,
    profile_at: i64,
    api_domain: String,
    state: String,
    access_token: String,
    refresh_token: String,
    expires_at: i64,
}

/// The language, or the locale if the row is older than the column for the language.
pub(crate) fn language_or_locale(language: String, locale: &str) -> String {
    if language.is_empty() { locale.to_owned() } else { language }
}

pub(crate) fn place(tenant: TenantId, user: UserId) -> String {
    format!("{}/pipedrive_grant/{}", tenant.0, user.0)
}

/// Stores a user's grant, of a first or a repeated installation.
#[expect(clippy::too_many_arguments, reason = "each fills columns of the row")]
pub async fn install(
    tx: &mut Tx,
    vault: &Vault,
    tenant: TenantId,
    user: UserId,
    profile: &Profile,
    api_domain: &str,
    tokens: &Tokens,
    now: Timestamp,
) -> Result<(), Error> {
    let (access, refresh) = tokens::seal(vault, &place(tenant, user), tokens)?;
    on!(tx, c => sqlx::query(
        "INSERT INTO pipedrive_grant (tenant_id, user_id, user_name, locale, time_zone, is_admin, profile_at, api_domain, state, \
         access_token, refresh_token, expires_at, lease_until, language, installed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, $11, 0, $12, $7) \
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET user_name = excluded.user_name, locale = excluded.locale, language = excluded.language, \
         time_zone = excluded.time_zone, is_admin = excluded.is_admin, profile_at = excluded.profile_at, \
         api_domain = excluded.api_domain, state = 'active', access_token = excluded.access_token, \
         refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, lease_until = 0, installed_at = excluded.installed_at")
        .bind(tenant.0).bind(user.0).bind(&profile.name).bind(&profile.locale).bind(&profile.time_zone).bind(profile.is_admin)
        .bind(micros(now)).bind(api_domain).bind(access).bind(refresh).bind(micros(tokens.expires_at)).bind(&profile.language).execute(c).await.map(drop))?;
    Ok(())
}

/// Finds a user's grant.
pub async fn find(tx: &mut Tx, vault: &Vault, tenant: TenantId, user: UserId) -> Result<Option<Grant>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT user_id, user_name, locale, language, time_zone, is_admin, profile_at, api_domain, state, access_token, refresh_token, expires_at \
         FROM pipedrive_grant WHERE tenant_id = $1 AND user_id = $2").bind(tenant.0).bind(user.0).fetch_optional(c).await)?;
    row.map(|row| {
        Ok(Grant {
            user: UserId(row.user_id),
            profile: Profile {
                name: row.user_name,
                language: language_or_locale(row.language, &row.locale),
                locale: row.locale,
                time_zone: row.time_zone,
                is_admin: row.is_admin,
            },
            profile_at: instant(row.profile_at)?,
            api_domain: row.api_domain,
            active: row.state == "active",
            tokens: tokens::open(vault, &place(tenant, user), &row.access_token, &row.refresh_token, row.expires_at)?,
        })
    })
    .transpose()
}

/// Updates a user's profile.
pub async fn set_profile(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    profile: &Profile,
    now: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE pipedrive_grant SET user_name = $3, locale = $4, time_zone = $5, is_admin = $6, profile_at = $7, language = $8 \
         WHERE tenant_id = $1 AND user_id = $2")
        .bind(tenant.0).bind(user.0).bind(&profile.name).bind(&profile.locale).bind(&profile.time_zone).bind(profile.is_admin)
        .bind(micros(now)).bind(&profile.language).execute(c).await.map(drop))?;
    Ok(())
}

/// Takes the lease for refreshing this grant until `until`. False while another caller holds it.
pub async fn claim_refresh(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE pipedrive_grant SET lease_until = $4 WHERE tenant_id = $1 AND user_id = $2 AND state = 'active' \
         AND (lease_until <= $3 OR lease_until > $5)")
        .bind(tenant.0).bind(user.0).bind(micros(now)).bind(micros(until)).bind(max_lease_end(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Replaces the tokens that expire at `replaced` by refreshed ones and releases the lease. Has no effect if other tokens are stored, because
/// the user installed the app again. True if the grant had been recorded as revoked: another caller's refresh was refused, because this
/// refresh had replaced the old tokens.
pub async fn store_refreshed(
    tx: &mut Tx,
    vault: &Vault,
    tenant: TenantId,
    user: UserId,
    replaced: Timestamp,
    api_domain: &str,
    tokens: &Tokens,
) -> Result<bool, Error> {
    let (access, refresh) = tokens::seal(vault, &place(tenant, user), tokens)?;
    let reactivated = on!(tx, c => sqlx::query(
        "UPDATE pipedrive_grant SET state = 'active' WHERE tenant_id = $1 AND user_id = $2 AND expires_at = $3 AND state = 'revoked'")
        .bind(tenant.0).bind(user.0).bind(micros(replaced)).execute(c).await.map(|done| done.rows_affected()))?;
    on!(tx, c => sqlx::query(
        "UPDATE pipedrive_grant SET api_domain = $4, access_token = $5, refresh_token = $6, expires_at = $7, lease_until = 0 \
         WHERE tenant_id = $1 AND user_id = $2 AND expires_at = $3")
        .bind(tenant.0).bind(user.0).bind(micros(replaced)).bind(api_domain).bind(access).bind(refresh)
        .bind(micros(tokens.expires_at)).execute(c).await.map(drop))?;
    Ok(reactivated == 1)
}

/// Releases the lease without new tokens; `revoked` if Pipedrive refused the refresh token for good. False, without effect, if the tokens
/// that expire at `kept` were replaced.
pub async fn release_refresh(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    kept: Timestamp,
    revoked: bool,
) -> Result<bool, Error> {
    let state = if revoked { "revoked" } else { "active" };
    let rows = on!(tx, c => sqlx::query(
        "UPDATE pipedrive_grant SET lease_until = 0, state = $4 WHERE tenant_id = $1 AND user_id = $2 AND expires_at = $3 AND state = 'active'")
        .bind(tenant.0).bind(user.0).bind(micros(kept)).bind(state).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Deletes a user's grant, for an uninstallation at `at`, and returns the number of active grants of the company that are left. With the
/// last one, the revoked grants are deleted as well. `None`, without effect, where the user installed the app again since.
pub async fn uninstall(tx: &mut Tx, tenant: TenantId, user: UserId, at: Timestamp) -> Result<Option<i64>, Error> {
    let is_newer: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT user_id FROM pipedrive_grant WHERE tenant_id = $1 AND user_id = $2 AND installed_at > $3")
        .bind(tenant.0).bind(user.0).bind(micros(at)).fetch_optional(c).await)?;
    if is_newer.is_some() {
        return Ok(None);
    }
    on!(tx, c => sqlx::query("DELETE FROM pipedrive_grant WHERE tenant_id = $1 AND user_id = $2")
        .bind(tenant.0).bind(user.0).execute(c).await.map(drop))?;
    let left = count_active(tx, tenant).await?;
    if left == 0 {
        on!(tx, c => sqlx::query("DELETE FROM pipedrive_grant WHERE tenant_id = $1").bind(tenant.0).execute(c).await.map(drop))?;
    }
    Ok(Some(left))
}

/// Counts the active grants of a company.
pub async fn count_active(tx: &mut Tx, tenant: TenantId) -> Result<i64, Error> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM pipedrive_grant WHERE tenant_id = $1 AND state = 'active'")
        .bind(tenant.0).fetch_one(c).await)?,
    )
}

/// Lists the refresh tokens of a company with their users, without those that cannot be opened.
pub async fn list_refresh_tokens(
    tx: &mut Tx,
    vault: &Vault,
    tenant: TenantId,
) -> Result<Vec<(UserId, SecretString)>, Error> {
    let rows: Vec<(i64, String)> = on!(tx, c => sqlx::query_as("SELECT user_id, refresh_token FROM pipedrive_grant WHERE tenant_id = $1")
        .bind(tenant.0).fetch_all(c).await)?;
    let opened = rows.into_iter().filter_map(|(user, sealed)| {
        let user = UserId(user);
        Some((user, vault.open(&format!("{}.refresh_token", place(tenant, user)), &sealed).ok()?))
    });
    Ok(opened.collect())
}

/// Lists the users of a company with an active grant, administrators first.
pub async fn list_users(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(UserId, Profile)>, Error> {
    let rows: Vec<(i64, String, String, String, String, bool)> = on!(tx, c => sqlx::query_as(
        "SELECT user_id, user_name, locale, language, time_zone, is_admin FROM pipedrive_grant WHERE tenant_id = $1 AND state = 'active' \
         ORDER BY is_admin DESC, user_id").bind(tenant.0).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(user, name, locale, language, time_zone, is_admin)| {
            let language = language_or_locale(language, &locale);
            (UserId(user), Profile { name, locale, language, time_zone, is_admin })
        })
        .collect())
}

//! OAuth flows and one-time tokens. Each is bound to a browser, a purpose and, if known, a tenant, and works once.

use crate::{Error, Tx, db::on, time::micros, vault::Vault};
use domain::ids::{TenantId, UserId};
use jiff::Timestamp;
use uuid::Uuid;

/// The purpose of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Installing the app.
    Pipedrive,
    /// Connecting a QuickBooks company.
    QuickBooks,
    /// A link on a signed page that starts the connect flow in a new tab.
    Ticket,
    /// The answer to the page that names both companies.
    Confirmation,
    /// A link to an invoice's PDF; bound to the invoice instead of a browser.
    Pdf,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Pipedrive => "pipedrive",
            Self::QuickBooks => "quickbooks",
            Self::Ticket => "ticket",
            Self::Confirmation => "confirmation",
            Self::Pdf => "pdf",
        }
    }
}

/// Stores a flow: the `state` that the provider returns, and the browser that has to present it.
pub async fn begin(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    state: &str,
    browser: &str,
    who: Option<(TenantId, UserId)>,
    expires_at: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "INSERT INTO oauth_flow (state_digest, provider, browser_digest, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(vault.digest("state", state)).bind(purpose.name()).bind(vault.digest("browser", browser))
        .bind(who.map(|(tenant, _)| tenant.0)).bind(who.map(|(_, user)| user.0)).bind(micros(expires_at)).execute(c).await.map(drop))?;
    Ok(())
}

/// Stores a flow of [`Purpose::Confirmation`] with the pending connection, sealed by the caller.
pub async fn begin_confirmation(
    tx: &mut Tx,
    vault: &Vault,
    state: &str,
    browser: &str,
    who: (TenantId, UserId),
    pending: &str,
    expires_at: Timestamp,
) -> Result<(), Error> {
    begin(tx, vault, Purpose::Confirmation, state, browser, Some(who), expires_at).await?;
    on!(tx, c => sqlx::query("UPDATE oauth_flow SET pending = $2 WHERE state_digest = $1")
        .bind(vault.digest("state", state)).bind(pending).execute(c).await.map(drop))?;
    Ok(())
}

/// Finds the sealed pending connection of a confirmation, without ending the flow. `None` if [`finish`] would return `None`.
pub async fn find_pending_confirmation(
    tx: &mut Tx,
    vault: &Vault,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    for digest in vault.digests("state", state) {
        let row: Option<(String, i64, Option<String>)> = on!(tx, c => sqlx::query_as(
            "SELECT browser_digest, expires_at, pending FROM oauth_flow WHERE state_digest = $1 AND provider = $2")
            .bind(digest).bind(Purpose::Confirmation.name()).fetch_optional(c).await)?;
        if let Some((browser_digest, expires_at, pending)) = row {
            let is_valid = vault.digests("browser", browser).contains(&browser_digest) && expires_at >= micros(now);
            return Ok(pending.filter(|_| is_valid));
        }
    }
    Ok(None)
}

/// Consumes the `state` of a flow that was not stored when it began, and keeps its tenant and user until `until`. False if it was consumed
/// before.
pub async fn consume_state(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    state: &str,
    (tenant, user): (TenantId, UserId),
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    on!(tx, c => sqlx::query("DELETE FROM oauth_flow WHERE expires_at < $1").bind(micros(now)).execute(c).await.map(drop))?;
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO oauth_flow (state_digest, provider, browser_digest, tenant_id, user_id, expires_at) VALUES ($1, $2, '', $3, $4, $5) \
         ON CONFLICT (state_digest) DO NOTHING")
        .bind(vault.digest("state", state)).bind(purpose.name()).bind(tenant.0).bind(user.0).bind(micros(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Finds the tenant and the user for whom [`consume_state`] consumed a `state`.
pub async fn find_consumer(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    state: &str,
    now: Timestamp,
) -> Result<Option<(TenantId, UserId)>, Error> {
    for digest in vault.digests("state", state) {
        let row: Option<(Option<Uuid>, Option<i64>)> = on!(tx, c => sqlx::query_as(
            "SELECT tenant_id, user_id FROM oauth_flow WHERE state_digest = $1 AND provider = $2 AND expires_at >= $3")
            .bind(digest).bind(purpose.name()).bind(micros(now)).fetch_optional(c).await)?;
        if let Some((Some(tenant), Some(user))) = row {
            return Ok(Some((TenantId(tenant), UserId(user))));
        }
    }
    Ok(None)
}

/// Ends a flow. `None` if this purpose and browser have no such flow, or if it has expired or was used.
pub async fn finish(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Option<(TenantId, UserId)>>, Error> {
    let mut row: Option<(String, i64, Option<Uuid>, Option<i64>)> = None;
    // A flow that began before a key rotation has the digest of an older key.
    for digest in vault.digests("state", state) {
        row = on!(tx, c => sqlx::query_as(
            "DELETE FROM oauth_flow WHERE state_digest = $1 AND provider = $2 RETURNING browser_digest, expires_at, tenant_id, user_id")
            .bind(digest).bind(purpose.name()).fetch_optional(c).await)?;
        if row.is_some() {
            break;
        }
    }
    on!(tx, c => sqlx::query("DELETE FROM oauth_flow WHERE expires_at < $1").bind(micros(now)).execute(c).await.map(drop))?;
    Ok(row
        .filter(|(browser_digest, expires_at, ..)| {
            vault.digests("browser", browser).contains(browser_digest) && *expires_at >= micros(now)
        })
        .map(|(_, _, tenant, user)| Some((TenantId(tenant?), UserId(user?)))))
}

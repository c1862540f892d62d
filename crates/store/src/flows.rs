//! OAuth flows under way: each bound to a browser, a provider and, where there is one, a tenant; used once.

use crate::{Error, Tx, db::on, time::micros, vault::Vault};
use domain::ids::{TenantId, UserId};
use jiff::Timestamp;
use uuid::Uuid;

/// What a flow leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Installing the app.
    Pipedrive,
    /// Connecting a QuickBooks company.
    QuickBooks,
    /// A link out of a signed page, to begin connecting in a new tab.
    Ticket,
    /// An answer to the page that names both companies.
    Confirmation,
    /// A link to an invoice's PDF; bound to the invoice instead of a browser.
    Pdf,
}

impl Provider {
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

/// Notes a flow: the `state` that the provider will bring back, and the browser that has to bring it.
pub async fn begin(
    tx: &mut Tx,
    vault: &Vault,
    provider: Provider,
    state: &str,
    browser: &str,
    who: Option<(TenantId, UserId)>,
    expires_at: Timestamp,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "INSERT INTO oauth_flow (state_digest, provider, browser_digest, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(vault.digest("state", state)).bind(provider.name()).bind(vault.digest("browser", browser))
        .bind(who.map(|(tenant, _)| tenant.0)).bind(who.map(|(_, user)| user.0)).bind(micros(expires_at)).execute(c).await.map(drop))?;
    Ok(())
}

/// Ends a flow. `None` when there is no such flow of this provider and browser, or it has expired or been used.
pub async fn finish(
    tx: &mut Tx,
    vault: &Vault,
    provider: Provider,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Option<(TenantId, UserId)>>, Error> {
    let row: Option<(String, i64, Option<Uuid>, Option<i64>)> = on!(tx, c => sqlx::query_as(
        "DELETE FROM oauth_flow WHERE state_digest = $1 AND provider = $2 RETURNING browser_digest, expires_at, tenant_id, user_id")
        .bind(vault.digest("state", state)).bind(provider.name()).fetch_optional(c).await)?;
    on!(tx, c => sqlx::query("DELETE FROM oauth_flow WHERE expires_at < $1").bind(micros(now)).execute(c).await.map(drop))?;
    Ok(row
        .filter(|(browser_digest, expires_at, ..)| {
            *browser_digest == vault.digest("browser", browser) && *expires_at >= micros(now)
        })
        .map(|(_, _, tenant, user)| Some((TenantId(tenant?), UserId(user?)))))
}

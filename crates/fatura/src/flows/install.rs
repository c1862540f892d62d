//! Installs the app in a Pipedrive company, and uninstalls it.

use super::{Error, access, revoke, states};
use crate::{
    security::{self, Event},
    state::App,
};
use domain::ids::{TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use providers::{ProviderError, pipedrive::CurrentUser};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::time::Duration;
use store::{
    Tokens, Tx, audit,
    grants::{self, Profile},
    one_time_tokens::{self, Purpose},
    quickbooks, revocations,
    tenants::{self, Company, Tenant},
};
use url::Url;
use uuid::Uuid;

/// Upper bound for the time on a consent page.
pub(crate) const FLOW_TIMEOUT: SignedDuration = SignedDuration::from_mins(10);

/// Starts an installation in the browser whose cookie is `browser`. Returns the address of the consent page. Anybody may start one, so
/// nothing is stored: the `state` is sealed and bound to the browser.
pub(crate) fn begin(app: &App, browser: &str) -> Result<Url, Error> {
    let state = states::issue_state(app, &purpose(browser), app.clock.now() + FLOW_TIMEOUT)?;
    app.pipedrive.consent_url(&state).map_err(Error::Pipedrive)
}

fn purpose(browser: &str) -> String {
    format!("install/{browser}")
}

/// Checks that a refused installation was started in this browser. Nothing is stored.
pub(crate) fn refuse(app: &App, state: &str, browser: &str) -> Result<(), Error> {
    states::check_state(app, &purpose(browser), state)
}

/// Exchanges the code of a finished consent, and installs the app for this user.
pub(crate) async fn finish(app: &App, code: &str, state: &str, browser: &str) -> Result<(Tenant, UserId), Error> {
    let now = app.clock.now();
    states::check_state(app, &purpose(browser), state)?;
    let granted = app.pipedrive.exchange_code(&app.http, code, now).await.map_err(Error::Pipedrive)?;
    let api =
        granted.api_domain.as_deref().and_then(|api| Url::parse(api).ok()).filter(|api| app.config.allows_api(api));
    let api = api.ok_or_else(|| Error::Pipedrive(ProviderError::NotFound))?;
    let me = access::authorize_pipedrive(app, api.clone(), granted.access.clone())
        .read_user()
        .await
        .map_err(Error::Pipedrive)?;

    let tokens = Tokens { access: granted.access, refresh: granted.refresh, expires_at: granted.expires_at };
    let user = UserId(me.id);
    let mut tx = app.db.begin().await?;
    let new_id = TenantId(Uuid::now_v7());
    let tenant = tenants::install(
        &mut tx,
        new_id,
        &Company {
            id: me.company_id,
            name: &me.company_name,
            domain: me.company_domain(),
            locale: &me.locale,
            language: me.language(),
        },
        now,
    )
    .await?;
    // The state is stored as used only now that Pipedrive has accepted the code, so that strangers cannot fill the table.
    let consumer = (tenant.id, user);
    if !one_time_tokens::consume_state(
        &mut tx,
        &app.vault,
        Purpose::Pipedrive,
        state,
        consumer,
        now + USED_STATE_TTL,
        now,
    )
    .await?
    {
        return Err(Error::ForeignFlow);
    }
    grants::install(&mut tx, &app.vault, tenant.id, user, &profile(&me), api.as_str(), &tokens, now).await?;
    let subject = revoke::subject_of_user(me.company_id, user);
    revocations::supersede(&mut tx, &app.vault, revocations::Provider::Pipedrive, &subject).await?;
    audit::record(&mut tx, tenant.id, Some(user), "installed", None, &json!({}), now).await?;
    tx.commit().await?;
    Ok((tenant, user))
}

/// Time to live of a used state, so that opening its link again shows the installation.
const USED_STATE_TTL: SignedDuration = SignedDuration::from_hours(24);
/// Polls for the installation of another request with the same code, which may be running when the code is refused.
const MAX_POLLS: usize = 6;
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Finds the installation of a callback's state in this browser, sealed for the page that shows it. `None` if there is none or the user has
/// uninstalled the app since. Nothing is written.
pub(crate) async fn find_installation(app: &App, state: &str, browser: &str) -> Result<Option<String>, Error> {
    if browser.is_empty() || states::find_expiry(app, &purpose(browser), state).is_err() {
        return Ok(None);
    }
    let mut tx = app.db.read().await?;
    let Some((tenant, user)) =
        one_time_tokens::find_consumer(&mut tx, &app.vault, Purpose::Pipedrive, state, app.clock.now()).await?
    else {
        return Ok(None);
    };
    let grant = grants::find(&mut tx, &app.vault, tenant, user).await?;
    if !grant.is_some_and(|grant| grant.active) {
        return Ok(None);
    }
    Ok(Some(app.vault.seal(&place_of_installed(browser), &SecretString::from(tenant.0.to_string()))?))
}

/// Like [`find_installation`], after the code was refused. Waits, because another request may be using the code.
pub(crate) async fn wait_for_installation(app: &App, state: &str, browser: &str) -> Result<Option<String>, Error> {
    if states::check_state(app, &purpose(browser), state).is_err() {
        return Ok(None);
    }
    for _ in 0..MAX_POLLS {
        if let Some(installation) = find_installation(app, state, browser).await? {
            return Ok(Some(installation));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(None)
}

/// Opens the value of [`find_installation`], which contains only the tenant.
pub(crate) async fn find_installed_tenant(app: &App, sealed: &str, browser: &str) -> Result<Tenant, Error> {
    let text = app.vault.open(&place_of_installed(browser), sealed).map_err(|_| Error::ForeignFlow)?;
    let tenant = Uuid::parse_str(text.expose_secret()).map_err(|_| Error::ForeignFlow)?;
    let mut tx = app.db.read().await?;
    tenants::find(&mut tx, TenantId(tenant)).await?.ok_or(Error::ForeignFlow)
}

fn place_of_installed(browser: &str) -> String {
    format!("installed/{browser}")
}

/// Converts a user to the stored profile.
pub(crate) fn profile(me: &CurrentUser) -> Profile {
    Profile {
        name: me.name.clone(),
        locale: me.locale.clone(),
        language: me.language().to_owned(),
        time_zone: me.timezone_name.clone(),
        is_admin: me.is_admin(),
    }
}

/// The resolution of Pipedrive's timestamps.
const TIMESTAMP_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// Uninstalls the app for a user, at the time of Pipedrive's call if it contains one. Deletes the grant and, with the last user, ends the
/// QuickBooks connection. Changes nothing if the user has installed the app again since.
pub(crate) async fn uninstall_user(
    app: &App,
    company_id: i64,
    user: UserId,
    happened: Option<Timestamp>,
) -> Result<(), Error> {
    let now = app.clock.now();
    let happened = happened.map_or(now, |at| at.saturating_add(TIMESTAMP_RESOLUTION).unwrap_or(now));
    let mut tx = app.db.begin().await?;
    let Some(tenant) = tenants::find_by_company(&mut tx, company_id).await? else {
        return Ok(());
    };
    let Some(users_left) = grants::uninstall(&mut tx, tenant.id, user, happened).await? else {
        tracing::info!(tenant.id = %tenant.id.0, "an uninstall call is older than the installation");
        return Ok(());
    };
    if users_left == 0 {
        if let Some(connection) = quickbooks::find_current(&mut tx, &app.vault, tenant.id).await? {
            quickbooks::disconnect(&mut tx, &app.vault, tenant.id, connection.id).await?;
            let (realm, refresh) = (&connection.realm_id, &connection.tokens.refresh);
            revoke::request_revocation(app, &mut tx, revocations::Provider::QuickBooks, realm, refresh).await?;
        }
        tenants::uninstall(&mut tx, tenant.id, now).await?;
    }
    audit::record(&mut tx, tenant.id, Some(user), "uninstalled", None, &json!({ "users_left": users_left }), now)
        .await?;
    tx.commit().await?;
    security::record(Event::Uninstalled, Some(tenant.id));
    // Ends the streams of open pages.
    app.db.announce(tenant.id).await;
    revoke::sweep_now(app).await;
    Ok(())
}

/// Time until the data of a company are deleted after the last user has uninstalled the app.
const GRACE_PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Companies in one run.
const MAX_PURGED: i64 = 20;

/// Purges the companies whose grace period is over, and returns their number.
pub(crate) async fn purge_tenants(app: &App) -> Result<usize, Error> {
    let mut tx = app.db.read().await?;
    let uninstalled = tenants::list_uninstalled(&mut tx, app.clock.now() - GRACE_PERIOD, MAX_PURGED).await?;
    drop(tx);
    for tenant in &uninstalled {
        let mut tx = app.db.begin().await?;
        revoke_all_access(app, &mut tx, *tenant).await?;
        // If the app was installed again since, the requested revocations are rolled back.
        if tenants::purge(&mut tx, *tenant).await? {
            tx.commit().await?;
            tracing::info!(tenant.id = %tenant.0, "an uninstalled company was purged");
        }
    }
    if !uninstalled.is_empty() {
        revoke::sweep_now(app).await;
        app.db.erase_deleted().await?;
    }
    Ok(uninstalled.len())
}

/// Requests the revocation of all access to a company that is still stored.
async fn revoke_all_access(app: &App, tx: &mut Tx, tenant: TenantId) -> Result<(), Error> {
    let Some(company) = tenants::find(tx, tenant).await? else { return Ok(()) };
    for (user, refresh) in grants::list_refresh_tokens(tx, &app.vault, tenant).await? {
        let subject = revoke::subject_of_user(company.company_id, user);
        revoke::request_revocation(app, tx, revocations::Provider::Pipedrive, &subject, &refresh).await?;
    }
    // A connection whose tokens cannot be opened does not stop the purge.
    if let Ok(Some(connection)) = quickbooks::find_current(tx, &app.vault, tenant).await {
        let (realm, refresh) = (&connection.realm_id, &connection.tokens.refresh);
        revoke::request_revocation(app, tx, revocations::Provider::QuickBooks, realm, refresh).await?;
    }
    Ok(())
}

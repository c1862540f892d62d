//! Installing the app in a Pipedrive company, and uninstalling it.

use super::{Error, access::Pipedrive, secret};
use crate::{
    security::{self, Event},
    state::App,
};
use domain::ids::{TenantId, UserId};
use jiff::SignedDuration;
use providers::{ProviderError, pipedrive::Me};
use serde_json::json;
use store::{
    Tokens, audit,
    flows::{self, Provider},
    grants::{self, Profile},
    quickbooks,
    tenants::{self, Company, Tenant},
};
use url::Url;
use uuid::Uuid;

/// How long a person may take on a consent page.
pub(crate) const FLOW_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Begins an installation for the browser that holds `browser`: the consent page to send it to.
pub(crate) async fn begin(app: &App, browser: &str) -> Result<Url, Error> {
    let state = secret();
    let mut tx = app.db.begin().await?;
    flows::begin(&mut tx, &app.vault, Provider::Pipedrive, &state, browser, None, app.clock.now() + FLOW_LIFE).await?;
    tx.commit().await?;
    app.pipedrive.consent(&state).map_err(Error::Pipedrive)
}

/// Ends an installation flow that the person refused.
pub(crate) async fn refuse(app: &App, state: &str, browser: &str) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    flows::finish(&mut tx, &app.vault, Provider::Pipedrive, state, browser, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the code of a finished consent: the company is installed for this user.
pub(crate) async fn finish(app: &App, code: &str, state: &str, browser: &str) -> Result<(Tenant, UserId), Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let flow = flows::finish(&mut tx, &app.vault, Provider::Pipedrive, state, browser, now).await?;
    tx.commit().await?;
    flow.ok_or(Error::ForeignFlow)?;

    let granted = app.pipedrive.exchange(&app.http, code, now).await.map_err(Error::Pipedrive)?;
    let api =
        granted.api_domain.as_deref().and_then(|api| Url::parse(api).ok()).filter(|api| app.config.allows_api(api));
    let api = api.ok_or_else(|| Error::Pipedrive(ProviderError::NotFound))?;
    let me = Pipedrive::with(app, api.clone(), granted.access.clone()).api().me().await.map_err(Error::Pipedrive)?;

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
            domain: &me.company_domain,
            locale: &me.locale,
            language: me.language(),
        },
        now,
    )
    .await?;
    grants::install(&mut tx, &app.vault, tenant.id, user, &profile(&me), api.as_str(), &tokens, now).await?;
    audit::record(&mut tx, tenant.id, Some(user), "installed", None, &json!({}), now).await?;
    tx.commit().await?;
    Ok((tenant, user))
}

/// What is kept of a user.
pub(crate) fn profile(me: &Me) -> Profile {
    Profile {
        name: me.name.clone(),
        locale: me.locale.clone(),
        language: me.language().to_owned(),
        time_zone: me.timezone_name.clone(),
        is_admin: me.is_admin(),
    }
}

/// A user has uninstalled the app: the grant is forgotten at once; with the last user the QuickBooks connection too.
pub(crate) async fn uninstall(app: &App, company_id: i64, user: UserId) -> Result<(), Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(tenant) = tenants::by_company(&mut tx, company_id).await? else {
        return Ok(());
    };
    let left = grants::uninstall(&mut tx, tenant.id, user).await?;
    let mut connection = None;
    if left == 0 {
        connection = quickbooks::current(&mut tx, &app.vault, tenant.id).await?;
        if let Some(connection) = &connection {
            quickbooks::disconnect(&mut tx, &app.vault, tenant.id, connection.id).await?;
        }
        tenants::uninstall(&mut tx, tenant.id, now).await?;
    }
    audit::record(&mut tx, tenant.id, Some(user), "uninstalled", None, &json!({ "users_left": left }), now).await?;
    tx.commit().await?;
    security::record(Event::Uninstalled, Some(tenant.id));
    // Ends the streams of open pages.
    app.db.announce(tenant.id).await;
    if let Some(connection) = connection
        && let Err(error) = app.quickbooks.revoke(&app.http, &connection.tokens.refresh).await
    {
        tracing::warn!(tenant.id = %tenant.id.0, %error, "QuickBooks did not take the revocation");
    }
    Ok(())
}

/// How long the data of a company are kept after the last user has uninstalled.
const GRACE: SignedDuration = SignedDuration::from_hours(30 * 24);
const PURGED_MOST: i64 = 20;

/// Forgets companies whose grace is over; how many.
pub(crate) async fn purge(app: &App) -> Result<usize, Error> {
    let mut tx = app.db.read().await?;
    let gone = tenants::uninstalled(&mut tx, app.clock.now() - GRACE, PURGED_MOST).await?;
    drop(tx);
    for tenant in &gone {
        let mut tx = app.db.begin().await?;
        if tenants::purge(&mut tx, *tenant).await? {
            tracing::info!(tenant.id = %tenant.0, "an uninstalled company was forgotten");
        }
        tx.commit().await?;
    }
    Ok(gone.len())
}

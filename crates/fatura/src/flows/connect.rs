//! Connects a QuickBooks company, and disconnects it.
//!
//! A one-time token leads from a signed page to a browser tab, and the tab's cookie binds the flow with Intuit. Before the companies are
//! connected, the user confirms a page that names both companies and the requesting user, so that nobody can be tricked into connecting
//! their books to a stranger's Pipedrive. Each step asks Pipedrive whether the user is an administrator.

use super::{
    Error, access,
    context::{TenantContext, UserContext},
    install::FLOW_TIMEOUT,
    lost_access, revoke, rights,
    settings::save_and_audit,
    states,
};
use crate::{
    security::{self, Event},
    state::App,
};
use domain::ids::{ConnectionId, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Tokens, Tx, audit, grants,
    one_time_tokens::{self, Purpose},
    quickbooks::{self, Company},
    revocations::{self, Provider as Grantor},
    settings,
    tenants::{self, Tenant},
};
use url::Url;
use uuid::Uuid;

/// Time to live of the one-time token.
const TOKEN_TTL: SignedDuration = SignedDuration::from_mins(5);

/// A step of the flow that failed.
pub(crate) struct Denied {
    pub(crate) error: Error,
    /// The sealed value for the page of the outcome. Empty if the user is unknown.
    pub(crate) sealed: String,
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self { error, sealed: String::new() }
    }
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

async fn require_admin(context: &UserContext, browser: &str) -> Result<(), Denied> {
    match rights::require_admin(context).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Denied { error, sealed: seal_cancelled(context, browser, None)? }),
    }
}

/// Issues a one-time link by which a signed-in administrator starts the flow in a browser tab. The requesting page is in a frame without
/// cookies, so the link is bound to the user agent.
pub(crate) async fn issue_token(context: &UserContext, agent: &str) -> Result<Url, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let until = app.clock.now() + TOKEN_TTL;
    let ticket = states::issue_state(app, TOKEN_PURPOSE, until)?;
    let mut tx = app.db.begin().await?;
    one_time_tokens::begin(&mut tx, &app.vault, Purpose::Ticket, &ticket, agent, Some((tenant, user)), until).await?;
    tx.commit().await?;
    let mut url = app.config.page("/quickbooks/connect");
    url.query_pairs_mut().append_pair("ticket", &ticket);
    Ok(url)
}

/// The purpose of a one-time token; see [`states`].
const TOKEN_PURPOSE: &str = "ticket";

/// Consumes a one-time token. Returns the address of Intuit's consent page, for the browser whose cookie is `browser`.
pub(crate) async fn begin(app: &App, ticket: &str, agent: &str, browser: &str) -> Result<Url, Denied> {
    states::check_state(app, TOKEN_PURPOSE, ticket)?;
    let mut tx = app.db.begin().await?;
    let owner =
        one_time_tokens::finish(&mut tx, &app.vault, Purpose::Ticket, ticket, agent, app.clock.now()).await?.flatten();
    tx.commit().await?;
    let (tenant, user) = owner.ok_or(Error::ForeignFlow)?;
    begin_consent(&UserContext::new(app, tenant, user), browser).await
}

/// Starts the flow of an administrator. Returns the address of Intuit's consent page, for the browser whose cookie is `browser`.
pub(crate) async fn begin_consent(context: &UserContext, browser: &str) -> Result<Url, Denied> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    require_admin(context, browser).await?;
    let until = app.clock.now() + FLOW_TIMEOUT;
    let state = states::issue_state(app, &purpose(browser), until)?;
    let mut tx = app.db.begin().await?;
    one_time_tokens::begin(&mut tx, &app.vault, Purpose::QuickBooks, &state, browser, Some((tenant, user)), until)
        .await?;
    tx.commit().await?;
    Ok(app.quickbooks.consent_url(&state).map_err(Error::QuickBooks)?)
}

/// Time between the deadline of the confirmation and the revocation, in which an answer at the last moment is processed.
const ANSWER_MARGIN: SignedDuration = SignedDuration::from_mins(1);

fn purpose(browser: &str) -> String {
    format!("connect/{browser}")
}

/// A connection that waits for confirmation. It is stored sealed, so that neither an address nor a page contains it.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    tenant: TenantId,
    user: UserId,
    realm_id: String,
    company: (String, String, String, String),
    access: String,
    refresh: String,
    expires_at: Timestamp,
}

impl Pending {
    fn context(&self, app: &App) -> UserContext {
        UserContext::new(app, self.tenant, self.user)
    }
}

/// The content of the page that asks for confirmation.
pub(crate) struct Confirmation {
    pub(crate) pipedrive: String,
    /// The name of the requesting user.
    pub(crate) user: String,
    pub(crate) quickbooks: Company,
    pub(crate) replaces: Option<String>,
}

/// Exchanges the code of a finished consent. Returns the id of the confirmation, for the address of its page.
pub(crate) async fn finish(
    app: &App,
    code: &str,
    state: &str,
    realm_id: &str,
    browser: &str,
) -> Result<String, Denied> {
    let now = app.clock.now();
    states::check_state(app, &purpose(browser), state)?;
    let mut tx = app.db.begin().await?;
    let flow = one_time_tokens::finish(&mut tx, &app.vault, Purpose::QuickBooks, state, browser, now).await?;
    tx.commit().await?;
    let (tenant, user) = flow.flatten().ok_or(Error::ForeignFlow)?;
    require_admin(&UserContext::new(app, tenant, user), browser).await?;
    let granted = app.quickbooks.exchange_code(&app.http, code, now).await.map_err(Error::QuickBooks)?;
    // The realm in the address is not signed. The read proves that the token belongs to it.
    let catalogue = access::authorize_quickbooks(app, realm_id, granted.access.clone())
        .read_catalogue()
        .await
        .map_err(Error::QuickBooks)?;
    let until = now + FLOW_TIMEOUT;
    let pending = Pending {
        tenant,
        user,
        realm_id: realm_id.to_owned(),
        company: (
            catalogue.company_name,
            catalogue.country,
            catalogue.home_currency.code().to_owned(),
            catalogue.time_zone,
        ),
        access: granted.access.expose_secret().to_owned(),
        refresh: granted.refresh.expose_secret().to_owned(),
        expires_at: granted.expires_at,
    };
    let text = serde_json::to_string(&pending).map_err(|_| Error::ForeignFlow)?;
    let sealed = app.vault.seal(&place_of_confirmation(browser), &SecretString::from(text))?;
    let question = states::issue_state(app, &place_of_confirmation(browser), until)?;
    let mut tx = app.db.begin().await?;
    // Revoking an old access to the same company now would end the new one too.
    let revoke_at = until + ANSWER_MARGIN;
    revocations::defer(&mut tx, &app.vault, Grantor::QuickBooks, realm_id, revoke_at).await?;
    // If the administrator never answers, the new tokens are revoked. Not for a company that is connected: revoking one of its tokens would
    // end that connection.
    if quickbooks::find_tenant_of_realm(&mut tx, &app.vault, realm_id).await?.is_none() {
        revocations::add(&mut tx, &app.vault, Grantor::QuickBooks, realm_id, &granted.refresh, revoke_at).await?;
    }
    one_time_tokens::begin_confirmation(&mut tx, &app.vault, &question, browser, (tenant, user), &sealed, until)
        .await?;
    tx.commit().await?;
    Ok(question)
}

fn place_of_confirmation(browser: &str) -> String {
    format!("confirmation/{browser}")
}

async fn open_pending(app: &App, question: &str, browser: &str) -> Result<Pending, Error> {
    states::check_state(app, &place_of_confirmation(browser), question)?;
    let mut tx = app.db.read().await?;
    let sealed =
        one_time_tokens::find_pending_confirmation(&mut tx, &app.vault, question, browser, app.clock.now()).await?;
    let text = app
        .vault
        .open(&place_of_confirmation(browser), &sealed.ok_or(Error::ForeignFlow)?)
        .map_err(|_| Error::ForeignFlow)?;
    serde_json::from_str(text.expose_secret()).map_err(|_| Error::ForeignFlow)
}

/// Reads the content of the page that asks for confirmation. If Pipedrive does not answer whether the user is an administrator, the page is
/// shown all the same, because the user needs it to decline; [`confirm`] checks again.
pub(crate) async fn read_confirmation(app: &App, question: &str, browser: &str) -> Result<Confirmation, Denied> {
    let pending = open_pending(app, question, browser).await?;
    match require_admin(&pending.context(app), browser).await {
        Ok(()) | Err(Denied { error: Error::RightsUnknown(_), .. }) => {}
        Err(denied) => return Err(denied),
    }
    let mut tx = app.db.read().await?;
    let tenant = tenants::find(&mut tx, pending.tenant).await?.ok_or(Error::ForeignFlow)?;
    let grant = grants::find(&mut tx, &app.vault, tenant.id, pending.user).await?.ok_or(Error::NotInstalled)?;
    let current = quickbooks::find_current(&mut tx, &app.vault, pending.tenant).await?;
    let replaces = current.filter(|current| current.realm_id != pending.realm_id).map(|current| current.company.name);
    let (name, country, home_currency, time_zone) = pending.company;
    Ok(Confirmation {
        pipedrive: tenant.company_name,
        user: grant.profile.name,
        quickbooks: Company { name, country, home_currency, time_zone },
        replaces,
    })
}

/// Consumes the confirmation. Fails with [`Error::ForeignFlow`] the second time.
async fn consume_confirmation(app: &App, tx: &mut Tx, question: &str, browser: &str) -> Result<(), Error> {
    let now = app.clock.now();
    let found = one_time_tokens::finish(tx, &app.vault, Purpose::Confirmation, question, browser, now).await?;
    found.map(drop).ok_or(Error::ForeignFlow)
}

/// Connects the companies after the user has confirmed. If the user is no longer an administrator, the access is revoked.
pub(crate) async fn confirm(app: &App, question: &str, browser: &str) -> Result<Tenant, Denied> {
    let pending = open_pending(app, question, browser).await?;
    let context = pending.context(app);
    if let Err(denied) = require_admin(&context, browser).await {
        if matches!(denied.error, Error::AdminsOnly) {
            revoke_pending(app, question, &pending, browser).await?;
        }
        return Err(denied);
    }
    let (tenant, user, chosen) = (pending.tenant, pending.user, pending.company.0.clone());
    let connected = connect(app, question, pending, browser).await;
    if let Err(error @ Error::ConnectedElsewhere) = connected {
        let mut tx = app.db.begin().await?;
        audit::record(&mut tx, tenant, Some(user), "connecting refused", None, &json!({}), app.clock.now()).await?;
        tx.commit().await?;
        security::record(Event::CompanyRefused, Some(tenant));
        return Err(Denied { error, sealed: seal_cancelled(&context, browser, Some(chosen))? });
    }
    Ok(connected?)
}

async fn connect(app: &App, question: &str, pending: Pending, browser: &str) -> Result<Tenant, Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    consume_confirmation(app, &mut tx, question, browser).await?;
    let tokens =
        Tokens { access: pending.access.into(), refresh: pending.refresh.into(), expires_at: pending.expires_at };
    let (name, country, home_currency, time_zone) = pending.company;
    let tenant = tenants::find(&mut tx, pending.tenant).await?.ok_or(Error::ForeignFlow)?;
    let grant = grants::find(&mut tx, &app.vault, tenant.id, pending.user).await?.ok_or(Error::NotInstalled)?;
    let connected = quickbooks::find_tenant_of_realm(&mut tx, &app.vault, &pending.realm_id).await?;
    if let Some(other) = connected.filter(|other| *other != tenant.id) {
        if tenants::is_installed(&mut tx, other).await? {
            return Err(Error::ConnectedElsewhere);
        }
        // Its app was uninstalled without a DELETE. Its access is not revoked, because that would end the new one.
        if let Some(connection) = quickbooks::find_current(&mut tx, &app.vault, other).await? {
            quickbooks::disconnect(&mut tx, &app.vault, other, connection.id).await?;
        }
    }
    revocations::supersede(&mut tx, &app.vault, Grantor::QuickBooks, &pending.realm_id).await?;
    let zone = if time_zone.is_empty() { grant.profile.time_zone.clone() } else { time_zone };
    let company = Company { name, country, home_currency, time_zone: zone };
    // A different company than before replaces the connection.
    let before = quickbooks::find_current(&mut tx, &app.vault, tenant.id).await?;
    let replaced = before.clone().filter(|before| before.realm_id != pending.realm_id);
    if let Some(replaced) = &replaced {
        quickbooks::disconnect(&mut tx, &app.vault, tenant.id, replaced.id).await?;
        revoke::request_revocation(app, &mut tx, Grantor::QuickBooks, &replaced.realm_id, &replaced.tokens.refresh)
            .await?;
    }
    let latest = quickbooks::find_latest(&mut tx, tenant.id).await?;
    let id = ConnectionId(Uuid::now_v7());
    let id = quickbooks::connect(
        &mut tx,
        &app.vault,
        tenant.id,
        id,
        &pending.realm_id,
        &company,
        &grant.profile.name,
        &tokens,
        now,
    )
    .await
    .map_err(|error| match error {
        store::Error::RealmTaken => Error::ConnectedElsewhere,
        error => error.into(),
    })?;
    if latest.is_some_and(|latest| latest != id) {
        remove_company_ids(&mut tx, tenant.id, pending.user, now).await?;
    }
    if before.is_some_and(|before| before.state == quickbooks::State::NeedsReconnect) {
        lost_access::request_notification(&TenantContext::new(app, tenant.id), &mut tx).await?;
    }
    audit::record(&mut tx, tenant.id, Some(pending.user), "connected", None, &json!({ "connection": id.0 }), now)
        .await?;
    tx.commit().await?;
    security::record(Event::Connected, Some(tenant.id));
    app.catalogues.invalidate(&id).await;
    app.db.announce(tenant.id).await;
    if replaced.is_some() {
        revoke::sweep_now(app).await;
    }
    Ok(tenant)
}

/// Removes the ids of the formerly connected company from the settings.
async fn remove_company_ids(tx: &mut Tx, tenant: TenantId, user: UserId, now: Timestamp) -> Result<(), Error> {
    let Some(saved) = settings::find(tx, tenant).await? else { return Ok(()) };
    let mut cleaned = saved.clone();
    cleaned.remove_quickbooks_ids();
    if cleaned != saved {
        save_and_audit(tx, tenant, user, &cleaned, now).await?;
    }
    Ok(())
}

/// Time in which a user who cancelled can restart the flow from the page of the outcome.
const RESTART_TIMEOUT: SignedDuration = SignedDuration::from_hours(1);

/// The user who cancelled, sealed into the address of the page of the outcome.
#[derive(Debug, Serialize, Deserialize)]
struct Cancelled {
    tenant: TenantId,
    user: UserId,
    until: Timestamp,
    /// Name of the QuickBooks company that could not be connected.
    chosen: Option<String>,
}

/// The content of the page after a cancellation.
pub(crate) struct Cancellation {
    /// The Pipedrive company, in which the app stays installed.
    pub(crate) pipedrive: Tenant,
    /// Name of the QuickBooks company that stays connected, if there is one.
    pub(crate) quickbooks: Option<String>,
    /// Name of the chosen QuickBooks company, if it could not be connected.
    pub(crate) chosen: Option<String>,
}

fn place_of_cancelled(browser: &str) -> String {
    format!("cancelled/{browser}")
}

fn seal_cancelled(context: &UserContext, browser: &str, chosen: Option<String>) -> Result<String, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let cancelled = Cancelled { tenant, user, until: app.clock.now() + RESTART_TIMEOUT, chosen };
    let text = serde_json::to_string(&cancelled).map_err(|_| Error::ForeignFlow)?;
    Ok(app.vault.seal(&place_of_cancelled(browser), &SecretString::from(text))?)
}

fn open_cancelled(app: &App, sealed: &str, browser: &str) -> Result<Cancelled, Error> {
    let text = app.vault.open(&place_of_cancelled(browser), sealed).map_err(|_| Error::ForeignFlow)?;
    serde_json::from_str(text.expose_secret()).map_err(|_| Error::ForeignFlow)
}

/// Ends a flow that the user refused at Intuit. Returns the sealed value for the page of the outcome, which is bound to this browser.
pub(crate) async fn refuse(app: &App, state: &str, browser: &str) -> Result<String, Error> {
    states::check_state(app, &purpose(browser), state)?;
    let mut tx = app.db.begin().await?;
    let flow =
        one_time_tokens::finish(&mut tx, &app.vault, Purpose::QuickBooks, state, browser, app.clock.now()).await?;
    tx.commit().await?;
    let (tenant, user) = flow.flatten().ok_or(Error::ForeignFlow)?;
    seal_cancelled(&UserContext::new(app, tenant, user), browser, None)
}

/// Reads the content of the page after a cancellation.
pub(crate) async fn find_cancellation(app: &App, sealed: &str, browser: &str) -> Result<Cancellation, Error> {
    let Cancelled { tenant, chosen, .. } = open_cancelled(app, sealed, browser)?;
    let mut tx = app.db.read().await?;
    let pipedrive = tenants::find(&mut tx, tenant).await?.ok_or(Error::ForeignFlow)?;
    let current = quickbooks::find_current(&mut tx, &app.vault, tenant).await?;
    let current = current.filter(|current| current.state == quickbooks::State::Active);
    Ok(Cancellation { pipedrive, quickbooks: current.map(|current| current.company.name), chosen })
}

/// Restarts the flow after a cancellation. Returns the address of Intuit's consent page.
pub(crate) async fn restart_consent(app: &App, sealed: &str, browser: &str) -> Result<Url, Denied> {
    let Cancelled { tenant, user, until, .. } = open_cancelled(app, sealed, browser)?;
    if until < app.clock.now() {
        return Err(Error::ForeignFlow.into());
    }
    begin_consent(&UserContext::new(app, tenant, user), browser).await
}

/// Revokes the access of a pending confirmation, unless the company is connected already: that would end the existing connection at Intuit.
async fn revoke_pending(app: &App, question: &str, pending: &Pending, browser: &str) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    consume_confirmation(app, &mut tx, question, browser).await?;
    let connected = quickbooks::find_tenant_of_realm(&mut tx, &app.vault, &pending.realm_id).await?;
    if connected.is_none() {
        let refresh = pending.refresh.clone().into();
        revocations::supersede(&mut tx, &app.vault, Grantor::QuickBooks, &pending.realm_id).await?;
        revoke::request_revocation(app, &mut tx, Grantor::QuickBooks, &pending.realm_id, &refresh).await?;
    }
    tx.commit().await?;
    revoke::sweep_now(app).await;
    Ok(())
}

/// Declines the confirmation and revokes the access. Returns the sealed value for the page of the outcome.
pub(crate) async fn decline(app: &App, question: &str, browser: &str) -> Result<String, Error> {
    let pending = open_pending(app, question, browser).await?;
    revoke_pending(app, question, &pending, browser).await?;
    seal_cancelled(&pending.context(app), browser, None)
}

/// Ends the connection, here and at Intuit. The panels still show its invoices.
pub(crate) async fn disconnect(context: &UserContext) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let connection = quickbooks::find_current(&mut tx, &app.vault, tenant).await?.ok_or(Error::NotConnected)?;
    quickbooks::disconnect(&mut tx, &app.vault, tenant, connection.id).await?;
    revoke::request_revocation(app, &mut tx, Grantor::QuickBooks, &connection.realm_id, &connection.tokens.refresh)
        .await?;
    if connection.state == quickbooks::State::NeedsReconnect {
        lost_access::request_notification(context, &mut tx).await?;
    }
    audit::record(&mut tx, tenant, Some(user), "disconnected", None, &json!({ "connection": connection.id.0 }), now)
        .await?;
    tx.commit().await?;
    security::record(Event::Disconnected, Some(tenant));
    app.catalogues.invalidate(&connection.id).await;
    app.db.announce(tenant).await;
    revoke::sweep_now(app).await;
    Ok(())
}

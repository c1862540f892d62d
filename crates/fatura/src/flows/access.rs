//! The right to call a provider: tokens that are still good, refreshed by one caller at a time.
//!
//! Whoever needs a refresh takes the lease in the grant's row; the others wait and then read what the winner stored.
//! New tokens are stored before they are used. A refresh runs to its end even if the request that needed it is gone.

use super::{Error, reconnect};
use crate::state::App;
use domain::ids::{TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use providers::{Http, Lane, ProviderError, oauth::Granted, pipedrive, quickbooks};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::time::Duration;
use store::{
    Tokens, audit, grants,
    quickbooks::{Connection, State},
};
use url::Url;

/// A token that ends sooner than this is refreshed before it is used.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// A refresh has to be done within this time, or another may try. Longer than a token endpoint is waited for.
const LEASE: SignedDuration = SignedDuration::from_secs(14);
const WAIT: Duration = Duration::from_millis(100);
const WAITS_MOST: u32 = 200;

/// One user's way to Pipedrive.
#[derive(Clone)]
pub(crate) struct Pipedrive {
    app: App,
    base: Url,
    access: SecretString,
}

impl Pipedrive {
    pub(crate) fn api(&self) -> pipedrive::Api<'_> {
        pipedrive::Api { http: &self.app.http, base: &self.base, access: &self.access }
    }

    /// With a token that was just granted, before anything is stored.
    pub(crate) fn with(app: &App, base: Url, access: SecretString) -> Self {
        Self { app: app.clone(), base, access }
    }
}

/// One company's way to QuickBooks.
#[derive(Clone)]
pub(crate) struct QuickBooks {
    app: App,
    http: Http,
    realm_id: String,
    access: SecretString,
}

impl QuickBooks {
    pub(crate) fn api(&self) -> quickbooks::Api<'_> {
        quickbooks::Api {
            http: &self.http,
            base: &self.app.config.quickbooks_api_url,
            realm_id: &self.realm_id,
            access: &self.access,
        }
    }

    /// With a token that was just granted, before anything is stored.
    pub(crate) fn with(app: &App, realm_id: &str, access: SecretString) -> Self {
        Self { app: app.clone(), http: app.http.clone(), realm_id: realm_id.to_owned(), access }
    }
}

fn tokens(granted: &Granted) -> Tokens {
    Tokens { access: granted.access.clone(), refresh: granted.refresh.clone(), expires_at: granted.expires_at }
}

/// A token that was only just granted is refused as well. Whether the grant has ended is for the token endpoint to say.
fn refused_again() -> ProviderError {
    ProviderError::unknown("a new access token was refused as well")
}

fn is_usable(tokens: &Tokens, now: Timestamp, refused: Option<&SecretString>) -> bool {
    tokens.expires_at > now + MARGIN
        && refused.is_none_or(|refused| refused.expose_secret() != tokens.access.expose_secret())
}

/// Calls Pipedrive as a user; once more with a new token when the first one is refused.
pub(crate) async fn pipedrive<T, F, Fut>(app: &App, tenant: TenantId, user: UserId, call: F) -> Result<T, Error>
where
    F: Fn(Pipedrive) -> Fut,
    Fut: Future<Output = Result<T, ProviderError>>,
{
    let first = pipedrive_access(app, tenant, user, None).await?;
    let result = match Box::pin(call(first.clone())).await {
        Err(ProviderError::TokenRefused) => {
            Box::pin(call(pipedrive_access(app, tenant, user, Some(&first.access)).await?)).await
        }
        other => other,
    };
    result.map_err(|error| match error {
        ProviderError::NotFound => Error::NotFound,
        ProviderError::Disconnected => Error::NotInstalled,
        ProviderError::TokenRefused => Error::Pipedrive(refused_again()),
        other => Error::Pipedrive(other),
    })
}

async fn pipedrive_access(
    app: &App,
    tenant: TenantId,
    user: UserId,
    refused: Option<&SecretString>,
) -> Result<Pipedrive, Error> {
    for _ in 0..WAITS_MOST {
        let now = app.clock.now();
        let mut tx = app.db.read().await?;
        let grant = grants::find(&mut tx, &app.vault, tenant, user).await?;
        drop(tx);
        let grant = grant.filter(|grant| grant.active).ok_or(Error::NotInstalled)?;
        if is_usable(&grant.tokens, now, refused) {
            let base = Url::parse(&grant.api_domain).map_err(|_| Error::NotInstalled)?;
            return Ok(Pipedrive { app: app.clone(), base, access: grant.tokens.access });
        }
        let mut tx = app.db.begin().await?;
        let leased = grants::lease(&mut tx, tenant, user, now, now + LEASE).await?;
        tx.commit().await?;
        if leased {
            let app = app.clone();
            run_to_end(async move { refresh_pipedrive(&app, tenant, user, &grant).await }).await?;
        } else {
            tokio::time::sleep(WAIT).await;
        }
    }
    Err(Error::Pipedrive(ProviderError::Busy(Duration::from_secs(5))))
}

async fn refresh_pipedrive(app: &App, tenant: TenantId, user: UserId, old: &grants::Grant) -> Result<(), Error> {
    // Somebody may have refreshed between the reading and the lease; then there is nothing to do.
    let mut tx = app.db.read().await?;
    let current = grants::find(&mut tx, &app.vault, tenant, user).await?.ok_or(Error::NotInstalled)?;
    drop(tx);
    let changed = current.tokens.access.expose_secret() != old.tokens.access.expose_secret();
    let outcome =
        if changed { None } else { Some(app.pipedrive.refresh(&app.http, &old.tokens.refresh, app.clock.now()).await) };
    let mut tx = app.db.begin().await?;
    match &outcome {
        None => grants::release(&mut tx, tenant, user, false).await?,
        Some(Ok(granted)) => {
            let named = granted
                .api_domain
                .as_deref()
                .and_then(|api| Url::parse(api).ok())
                .filter(|api| app.config.allows_api(api));
            let api = named.map_or_else(|| old.api_domain.clone(), String::from);
            grants::renew(&mut tx, &app.vault, tenant, user, &api, &tokens(granted)).await?;
        }
        Some(Err(error)) => {
            grants::release(&mut tx, tenant, user, matches!(error, ProviderError::Disconnected)).await?;
        }
    }
    tx.commit().await?;
    match outcome {
        Some(Err(ProviderError::Disconnected)) => Err(Error::NotInstalled),
        Some(Err(error)) => Err(Error::Pipedrive(error)),
        _ => Ok(()),
    }
}

/// Calls QuickBooks for somebody who waits; see [`quickbooks_in`].
pub(crate) async fn quickbooks<T, F, Fut>(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    call: F,
) -> Result<T, Error>
where
    F: Fn(QuickBooks) -> Fut,
    Fut: Future<Output = Result<T, ProviderError>>,
{
    quickbooks_in(Lane::Interactive, app, tenant, connection, call).await
}

/// Calls QuickBooks; once more with a new token when the first one is refused. A `requestid` stays the same.
pub(crate) async fn quickbooks_in<T, F, Fut>(
    lane: Lane,
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    call: F,
) -> Result<T, Error>
where
    F: Fn(QuickBooks) -> Fut,
    Fut: Future<Output = Result<T, ProviderError>>,
{
    let first = quickbooks_access(lane, app, tenant, connection, None).await?;
    let result = match Box::pin(call(first.clone())).await {
        Err(ProviderError::TokenRefused) => {
            Box::pin(call(quickbooks_access(lane, app, tenant, connection, Some(&first.access)).await?)).await
        }
        other => other,
    };
    match result {
        Ok(done) => Ok(done),
        Err(ProviderError::TokenRefused) => Err(Error::QuickBooks(refused_again())),
        Err(ProviderError::NotFound) => Err(Error::NotFound),
        Err(other) => Err(Error::QuickBooks(other)),
    }
}

async fn quickbooks_access(
    lane: Lane,
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    refused: Option<&SecretString>,
) -> Result<QuickBooks, Error> {
    for _ in 0..WAITS_MOST {
        let now = app.clock.now();
        let mut tx = app.db.read().await?;
        let current = store::quickbooks::find(&mut tx, &app.vault, tenant, connection.id).await?;
        drop(tx);
        let current = current.ok_or(Error::NotConnected)?;
        match current.state {
            State::Active => {}
            State::NeedsReconnect => return Err(Error::NeedsReconnect),
            State::Disconnected => return Err(Error::NotConnected),
        }
        if is_usable(&current.tokens, now, refused) {
            let http = app.http.through(&app.gates.of(connection.id).await, lane);
            return Ok(QuickBooks {
                app: app.clone(),
                http,
                realm_id: current.realm_id,
                access: current.tokens.access,
            });
        }
        let mut tx = app.db.begin().await?;
        let leased = store::quickbooks::lease(&mut tx, tenant, connection.id, now, now + LEASE).await?;
        tx.commit().await?;
        if leased {
            let app = app.clone();
            run_to_end(async move { refresh_quickbooks(&app, tenant, &current).await }).await?;
        } else {
            tokio::time::sleep(WAIT).await;
        }
    }
    Err(Error::QuickBooks(ProviderError::Busy(Duration::from_secs(5))))
}

async fn refresh_quickbooks(app: &App, tenant: TenantId, old: &Connection) -> Result<(), Error> {
    let mut tx = app.db.read().await?;
    let current = store::quickbooks::find(&mut tx, &app.vault, tenant, old.id).await?.ok_or(Error::NotConnected)?;
    drop(tx);
    let changed = current.tokens.access.expose_secret() != old.tokens.access.expose_secret();
    let outcome = if changed {
        None
    } else {
        Some(app.quickbooks.refresh(&app.http, &old.tokens.refresh, app.clock.now()).await)
    };
    let mut tx = app.db.begin().await?;
    match &outcome {
        None => store::quickbooks::release(&mut tx, tenant, old.id, current.state).await?,
        Some(Ok(granted)) => store::quickbooks::renew(&mut tx, &app.vault, tenant, old.id, &tokens(granted)).await?,
        Some(Err(ProviderError::Disconnected)) => {
            store::quickbooks::release(&mut tx, tenant, old.id, State::NeedsReconnect).await?;
            reconnect::ask(app, &mut tx, tenant).await?;
            let detail = json!({ "connection": old.id.0 });
            audit::record(&mut tx, tenant, None, "access ended by QuickBooks", None, &detail, app.clock.now()).await?;
        }
        Some(Err(_)) => store::quickbooks::release(&mut tx, tenant, old.id, State::Active).await?,
    }
    tx.commit().await?;
    match outcome {
        Some(Err(ProviderError::Disconnected)) => {
            app.db.announce(tenant).await;
            Err(Error::NeedsReconnect)
        }
        Some(Err(error)) => Err(Error::QuickBooks(error)),
        _ => Ok(()),
    }
}

/// Runs on a task of its own: a request whose browser leaves is dropped, and a refresh must not be.
async fn run_to_end(work: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::QuickBooks(ProviderError::Busy(Duration::from_secs(5)))),
    }
}

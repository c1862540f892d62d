//! Access to the providers' APIs with valid tokens, which are refreshed by one caller at a time.
//!
//! A caller that needs a refresh claims the lease in the grant's row. The others wait, and then read the tokens that it stored. New tokens
//! are stored before they are used. A refresh continues if the request that needed it is dropped.

use super::{
    Error, companies,
    context::{TenantContext, UserContext},
    lost_access,
};
use crate::state::App;
use domain::ids::{ConnectionId, UserId};
use iso_currency::Currency;
use jiff::{SignedDuration, Timestamp};
use providers::{
    Priority, ProviderError, oauth::GrantedTokens, pipedrive as pipedrive_api, quickbooks as quickbooks_api,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::time::Duration;
use store::{
    Tokens, Tx, audit, grants,
    quickbooks::{self, Connection},
    tenants,
};
use url::Url;

/// A token that expires within this time is refreshed before it is used.
const REFRESH_MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The lease of a refresh. Longer than the timeout of a call to a token endpoint.
const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(14);
/// Interval between attempts to store new tokens.
const STORE_INTERVAL: Duration = Duration::from_secs(1);
const MAX_STORE_ATTEMPTS: u32 = 60;
/// Interval of checking whether another caller has refreshed the tokens.
const REFRESH_POLL_INTERVAL: Duration = Duration::from_millis(100);
const MAX_REFRESH_POLLS: u32 = 200;

/// Pipedrive's API, called as a user who has installed the app.
#[derive(Clone, Copy)]
pub(crate) struct Pipedrive<'a> {
    context: &'a TenantContext,
    user: UserId,
}

impl TenantContext {
    /// Pipedrive's API, called as one of the tenant's users.
    pub(crate) fn pipedrive_as(&self, user: UserId) -> Pipedrive<'_> {
        Pipedrive { context: self, user }
    }
}

impl UserContext {
    /// Pipedrive's API, called as this user.
    pub(crate) fn pipedrive(&self) -> Pipedrive<'_> {
        self.pipedrive_as(self.user)
    }
}

impl Pipedrive<'_> {
    /// Makes a call, and repeats it with a new token if Pipedrive refuses the first one. `call` is a cloned `AsyncFnOnce`, because the
    /// compiler cannot prove that the future of an `AsyncFn` is `Send`.
    pub(crate) async fn call<T>(
        self,
        call: impl AsyncFnOnce(pipedrive_api::Api) -> Result<T, ProviderError> + Clone,
    ) -> Result<T, Error> {
        let Self { context: TenantContext { app, tenant }, user } = self;
        // One user must not use up the calls that Pipedrive allows the company.
        app.rate_limiters.try_take_call(*tenant, user).await.map_err(Error::ShareUsed)?;
        let (result, calls) = providers::count_calls(Box::pin(async {
            let api = self.authorize(None).await?;
            let access = api.access.clone();
            Ok::<_, Error>(match Box::pin(call.clone()(api)).await {
                Err(ProviderError::TokenRefused) => Box::pin(call(self.authorize(Some(&access)).await?)).await,
                other => other,
            })
        }))
        .await;
        app.rate_limiters.take_further_calls(*tenant, user, calls).await;
        result?.map_err(|error| match error {
            ProviderError::NotFound => Error::NotFound,
            ProviderError::Disconnected => Error::NotInstalled,
            ProviderError::TokenRefused => Error::Pipedrive(new_token_refused()),
            other => Error::Pipedrive(other),
        })
    }

    /// Returns the API with a usable token other than `refused`.
    async fn authorize(&self, refused: Option<&SecretString>) -> Result<pipedrive_api::Api, Error> {
        let app = &self.context.app;
        let grant = find_usable(&self.context.as_user(self.user), refused).await?;
        let base = Url::parse(&grant.api_domain).map_err(|_| Error::NotInstalled)?;
        Ok(pipedrive_api::Api { http: app.http.clone(), base, access: grant.tokens.access })
    }
}

/// Pipedrive's API with a token that was just granted and is not stored yet.
pub(crate) fn authorize_pipedrive(app: &App, base: Url, access: SecretString) -> pipedrive_api::Api {
    pipedrive_api::Api { http: app.http.clone(), base, access }
}

/// QuickBooks' API for the company of a connection.
#[derive(Clone, Copy)]
pub(crate) struct QuickBooks<'a> {
    context: &'a TenantContext,
    connection: ConnectionId,
    priority: Priority,
}

impl TenantContext {
    /// QuickBooks' API for the company of a connection, with interactive priority.
    pub(crate) fn quickbooks(&self, connection: &Connection) -> QuickBooks<'_> {
        QuickBooks { context: self, connection: connection.id, priority: Priority::Interactive }
    }
}

impl QuickBooks<'_> {
    /// Replaces the priority of the calls.
    pub(crate) fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Makes a call, and repeats it with a new token if QuickBooks refuses the first one. A `requestid` stays the same. For
    /// `AsyncFnOnce` see [`Pipedrive::call`].
    pub(crate) async fn call<T>(
        self,
        call: impl AsyncFnOnce(quickbooks_api::Api) -> Result<T, ProviderError> + Clone,
    ) -> Result<T, Error> {
        let api = self.authorize(None).await?;
        let access = api.access.clone();
        let result = match Box::pin(call.clone()(api)).await {
            Err(ProviderError::TokenRefused) => Box::pin(call(self.authorize(Some(&access)).await?)).await,
            other => other,
        };
        match result {
            Ok(done) => Ok(done),
            Err(ProviderError::TokenRefused) => Err(Error::QuickBooks(new_token_refused())),
            Err(ProviderError::NotFound) => Err(Error::NotFound),
            // Only the operator can solve this, by correcting the settings.
            Err(error @ ProviderError::WrongEnvironment(_)) => {
                tracing::error!(tenant.id = %self.context.tenant.0, connection.id = %self.connection.0, %error, "quickbooks_api_url and the QuickBooks keys do not fit this company");
                Err(Error::QuickBooks(error))
            }
            Err(other) => Err(Error::QuickBooks(other)),
        }
    }

    /// Returns the API with a usable token other than `refused`.
    async fn authorize(&self, refused: Option<&SecretString>) -> Result<quickbooks_api::Api, Error> {
        let Self { context, connection, priority } = *self;
        let app = &context.app;
        let stored = find_usable(&CompanyGrant { context: context.clone(), connection }, refused).await?;
        let meter = app.metering.meter_for(Some((context.tenant, connection)));
        let rate_limiter = app.rate_limiters.limiter_for(connection).await;
        let http = app.http.with_rate_limiter(&rate_limiter, priority).with_meter(meter);
        let home = Currency::from_code(&stored.company.home_currency);
        let base = app.config.quickbooks_api_url.clone();
        Ok(quickbooks_api::Api { http, base, realm_id: stored.realm_id, access: stored.tokens.access, home })
    }
}

/// QuickBooks' API with a token that was just granted and is not stored yet.
pub(crate) fn authorize_quickbooks(app: &App, realm_id: &str, access: SecretString) -> quickbooks_api::Api {
    let http = app.http.with_meter(app.metering.meter_for(None));
    let base = app.config.quickbooks_api_url.clone();
    quickbooks_api::Api { http, base, realm_id: realm_id.to_owned(), access, home: None }
}

fn to_tokens(granted: &GrantedTokens) -> Tokens {
    Tokens { access: granted.access.clone(), refresh: granted.refresh.clone(), expires_at: granted.expires_at }
}

/// The error if a new access token is refused as well. Only the token endpoint decides whether the grant has ended.
fn new_token_refused() -> ProviderError {
    ProviderError::unknown("a new access token was refused as well")
}

/// Converts the error of a refresh to that of the call that needed it. If the answer to the refresh was lost, that call was not sent, so
/// its outcome is not in doubt.
fn to_error_of_unsent_call(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unknown(_) => ProviderError::TokenUnavailable,
        other => other,
    }
}

fn is_usable(tokens: &Tokens, now: Timestamp, refused: Option<&SecretString>) -> bool {
    tokens.expires_at > now + REFRESH_MARGIN
        && refused.is_none_or(|refused| refused.expose_secret() != tokens.access.expose_secret())
}

/// A stored grant, whose tokens are refreshed by one caller at a time.
trait Grant: Clone + Send + Sync + 'static {
    /// The row of the grant.
    type Stored: Send + Sync + 'static;

    /// The settings that the provider checks at a refresh, for the log.
    const SETTINGS: &'static str;

    /// The tenant of the grant.
    fn context(&self) -> &TenantContext;

    /// Reads the row. Fails if the grant has ended.
    fn read_stored(&self) -> impl Future<Output = Result<Self::Stored, Error>> + Send;

    fn tokens(stored: &Self::Stored) -> &Tokens;

    /// Claims the lease of a refresh. Returns false if another caller holds it.
    fn claim_refresh(&self, tx: &mut Tx, now: Timestamp) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Requests new tokens from the provider.
    fn request_tokens(
        &self,
        stored: &Self::Stored,
    ) -> impl Future<Output = Result<GrantedTokens, ProviderError>> + Send;

    /// Stores new tokens and releases the lease. Returns whether the grant had been recorded as ended meanwhile.
    fn store_refreshed(
        &self,
        tx: &mut Tx,
        stored: &Self::Stored,
        granted: &GrantedTokens,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Releases the lease without new tokens. `has_ended` if the provider has ended the grant. Returns false if the tokens have changed
    /// meanwhile.
    fn release_refresh(
        &self,
        tx: &mut Tx,
        stored: &Self::Stored,
        has_ended: bool,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Converts the error of a failed refresh to that of the caller.
    fn to_caller_error(error: ProviderError) -> Error;
}

/// Returns the grant with a usable token other than `refused`.
async fn find_usable<G: Grant>(grant: &G, refused: Option<&SecretString>) -> Result<G::Stored, Error> {
    let app = &grant.context().app;
    for _ in 0..MAX_REFRESH_POLLS {
        let stored = grant.read_stored().await?;
        if is_usable(G::tokens(&stored), app.clock.now(), refused) {
            return Ok(stored);
        }
        let mut tx = app.db.begin().await?;
        // The clock is read after the transaction has begun, which may wait: the lease has to outlast the refresh.
        let leased = grant.claim_refresh(&mut tx, app.clock.now()).await?;
        tx.commit().await?;
        if leased {
            let grant = grant.clone();
            run_to_end(async move { refresh(&grant, &stored).await }).await?;
        } else {
            tokio::time::sleep(REFRESH_POLL_INTERVAL).await;
        }
    }
    Err(G::to_caller_error(ProviderError::Busy(Duration::from_secs(5))))
}

/// Refreshes the tokens under the lease. New tokens are stored before they are used.
async fn refresh<G: Grant>(grant: &G, old: &G::Stored) -> Result<(), Error> {
    // Another caller may have refreshed the tokens before this one claimed the lease.
    let current = grant.read_stored().await?;
    let changed = G::tokens(&current).access.expose_secret() != G::tokens(old).access.expose_secret();
    let outcome = if changed { None } else { Some(grant.request_tokens(old).await) };
    let stored = if changed { &current } else { old };
    let granted = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
    let error = outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
    if let Some(error @ ProviderError::Misconfigured(_)) = error {
        tracing::error!(tenant.id = %grant.context().tenant.0, %error, settings = G::SETTINGS, "tokens are not refreshed; correct the settings");
    }
    let has_ended = matches!(error, Some(ProviderError::Disconnected));
    let mut failures = 0;
    // The provider may have invalidated the old tokens. If the new ones are not stored, the grant is lost.
    while let Err(failed) = store_outcome(grant, stored, granted, has_ended).await {
        failures += 1;
        if granted.is_none() || failures == MAX_STORE_ATTEMPTS {
            return Err(failed);
        }
        tracing::warn!(tenant.id = %grant.context().tenant.0, error = %failed, "new tokens are not stored yet");
        tokio::time::sleep(STORE_INTERVAL).await;
    }
    match outcome {
        Some(Err(error)) => Err(G::to_caller_error(error)),
        _ => Ok(()),
    }
}

/// Stores the outcome of a refresh and releases the lease.
async fn store_outcome<G: Grant>(
    grant: &G,
    stored: &G::Stored,
    granted: Option<&GrantedTokens>,
    has_ended: bool,
) -> Result<(), Error> {
    let TenantContext { app, tenant } = grant.context();
    let mut tx = app.db.begin().await?;
    let changed = match granted {
        Some(granted) => grant.store_refreshed(&mut tx, stored, granted).await?,
        None => grant.release_refresh(&mut tx, stored, has_ended).await? && has_ended,
    };
    tx.commit().await?;
    if changed {
        app.db.announce(*tenant).await;
    }
    Ok(())
}

/// A user's grant of Pipedrive.
impl Grant for UserContext {
    type Stored = grants::Grant;

    const SETTINGS: &'static str = "pipedrive_client_id, pipedrive_client_secret";

    fn context(&self) -> &TenantContext {
        self
    }

    async fn read_stored(&self) -> Result<grants::Grant, Error> {
        let mut tx = self.app.db.read().await?;
        let grant = grants::find(&mut tx, &self.app.vault, self.tenant, self.user).await?;
        grant.filter(|grant| grant.active).ok_or(Error::NotInstalled)
    }

    fn tokens(stored: &grants::Grant) -> &Tokens {
        &stored.tokens
    }

    async fn claim_refresh(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, Error> {
        Ok(grants::claim_refresh(tx, self.tenant, self.user, now, now + LEASE_DURATION).await?)
    }

    async fn request_tokens(&self, stored: &grants::Grant) -> Result<GrantedTokens, ProviderError> {
        self.app.pipedrive.refresh_tokens(&self.app.http, &stored.tokens.refresh, self.app.clock.now()).await
    }

    async fn store_refreshed(
        &self,
        tx: &mut Tx,
        stored: &grants::Grant,
        granted: &GrantedTokens,
    ) -> Result<bool, Error> {
        let new_domain = granted
            .api_domain
            .as_deref()
            .and_then(|api| Url::parse(api).ok())
            .filter(|api| self.app.config.allows_api(api));
        let api = new_domain.map_or_else(|| stored.api_domain.clone(), String::from);
        let (replaced, tokens) = (stored.tokens.expires_at, to_tokens(granted));
        let had_ended =
            grants::store_refreshed(tx, &self.app.vault, self.tenant, self.user, replaced, &api, &tokens).await?;
        if had_ended {
            tenants::reinstate(tx, self.tenant).await?;
        }
        Ok(had_ended)
    }

    async fn release_refresh(&self, tx: &mut Tx, stored: &grants::Grant, has_ended: bool) -> Result<bool, Error> {
        let released = grants::release_refresh(tx, self.tenant, self.user, stored.tokens.expires_at, has_ended).await?;
        if released && has_ended {
            lost_access::record_refused_grant(self, tx).await?;
        }
        Ok(released)
    }

    fn to_caller_error(error: ProviderError) -> Error {
        match error {
            ProviderError::Disconnected => Error::NotInstalled,
            other => Error::Pipedrive(to_error_of_unsent_call(other)),
        }
    }
}

/// A company's grant of QuickBooks.
#[derive(Clone)]
struct CompanyGrant {
    context: TenantContext,
    connection: ConnectionId,
}

impl Grant for CompanyGrant {
    type Stored = Connection;

    const SETTINGS: &'static str = "quickbooks_client_id, quickbooks_client_secret";

    fn context(&self) -> &TenantContext {
        &self.context
    }

    async fn read_stored(&self) -> Result<Connection, Error> {
        let connection = companies::find(&self.context, self.connection).await?;
        companies::require_usable(connection)
    }

    fn tokens(stored: &Connection) -> &Tokens {
        &stored.tokens
    }

    async fn claim_refresh(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, Error> {
        Ok(quickbooks::claim_refresh(tx, self.context.tenant, self.connection, now, now + LEASE_DURATION).await?)
    }

    async fn request_tokens(&self, stored: &Connection) -> Result<GrantedTokens, ProviderError> {
        let app = &self.context.app;
        app.quickbooks.refresh_tokens(&app.http, &stored.tokens.refresh, app.clock.now()).await
    }

    async fn store_refreshed(&self, tx: &mut Tx, stored: &Connection, granted: &GrantedTokens) -> Result<bool, Error> {
        let (replaced, tokens) = (stored.tokens.expires_at, to_tokens(granted));
        let had_ended = quickbooks::store_refreshed(
            tx,
            &self.context.app.vault,
            self.context.tenant,
            self.connection,
            replaced,
            &tokens,
        )
        .await?;
        if had_ended {
            // Another replica was refused with the old token. The administrators were asked to connect again, which is not needed.
            lost_access::request_notification(&self.context, tx).await?;
        }
        Ok(had_ended)
    }

    async fn release_refresh(&self, tx: &mut Tx, stored: &Connection, has_ended: bool) -> Result<bool, Error> {
        let expires_at = stored.tokens.expires_at;
        let released =
            quickbooks::release_refresh(tx, self.context.tenant, self.connection, expires_at, has_ended).await?;
        if released && has_ended {
            lost_access::request_notification(&self.context, tx).await?;
            let detail = json!({ "connection": self.connection.0 });
            audit::record(
                tx,
                self.context.tenant,
                None,
                "access ended by QuickBooks",
                None,
                &detail,
                self.context.app.clock.now(),
            )
            .await?;
        }
        Ok(released)
    }

    fn to_caller_error(error: ProviderError) -> Error {
        match error {
            ProviderError::Disconnected => Error::NeedsReconnect,
            other => Error::QuickBooks(to_error_of_unsent_call(other)),
        }
    }
}

/// Runs `work` on its own task: a request is dropped when its browser disconnects, and a refresh must not be.
async fn run_to_end(work: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::QuickBooks(ProviderError::Busy(Duration::from_secs(5)))),
    }
}

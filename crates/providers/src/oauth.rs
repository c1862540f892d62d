//! OAuth 2.0 with either provider: where to send the browser, exchange, refresh, revoke.

use crate::{Http, ProviderError, error::Refusal, http::Explain};
use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, RedirectUrl, RefreshToken, RequestTokenError,
    RevocationErrorResponseType, Scope, StandardErrorResponse, StandardRevocableToken,
    StandardTokenIntrospectionResponse, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{pin::Pin, time::Duration};
use url::Url;

/// What the providers add to a token answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Extra {
    /// Pipedrive: where the company's API is.
    api_domain: Option<String>,
}

impl ExtraTokenFields for Extra {}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Extra, BasicTokenType>,
    StandardTokenIntrospectionResponse<Extra, BasicTokenType>,
    StandardRevocableToken,
    StandardErrorResponse<RevocationErrorResponseType>,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The registration of Fatura with a provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Public id.
    pub client_id: String,
    /// Secret.
    pub client_secret: SecretString,
    /// Consent page.
    pub authorize_url: Url,
    /// Token endpoint.
    pub token_url: Url,
    /// Revocation endpoint.
    pub revoke_url: Url,
    /// Where the browser comes back, exactly as registered.
    pub redirect_url: Url,
    /// What is asked for; empty where the registration says it.
    pub scopes: Vec<String>,
}

/// Tokens as a provider gave them.
#[derive(Debug, Clone)]
pub struct Granted {
    /// For calls.
    pub access: SecretString,
    /// For the next refresh; whatever value came with the answer.
    pub refresh: SecretString,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Pipedrive: where the company's API is.
    pub api_domain: Option<String>,
}

impl Registration {
    fn client(&self) -> Result<Client, ProviderError> {
        let redirect = RedirectUrl::new(self.redirect_url.to_string()).map_err(ProviderError::unknown)?;
        Ok(oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose_secret().to_owned()))
            .set_auth_uri(AuthUrl::from_url(self.authorize_url.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_redirect_uri(redirect))
    }

    /// The consent page for a flow with this `state`.
    pub fn consent(&self, state: &str) -> Result<Url, ProviderError> {
        let client = self.client()?;
        let request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
        Ok(request.add_scopes(self.scopes.iter().cloned().map(Scope::new)).url().0)
    }

    /// Exchanges a code for tokens; once.
    pub async fn exchange(&self, http: &Http, code: &str, now: Timestamp) -> Result<Granted, ProviderError> {
        let answer =
            self.client()?.exchange_code(AuthorizationCode::new(code.to_owned())).request_async(&Carrier(http)).await;
        granted(answer.map_err(classify)?, now)
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn refresh(&self, http: &Http, refresh: &SecretString, now: Timestamp) -> Result<Granted, ProviderError> {
        let token = RefreshToken::new(refresh.expose_secret().to_owned());
        let answer = self.client()?.exchange_refresh_token(&token).request_async(&Carrier(http)).await;
        granted(answer.map_err(classify)?, now)
    }

    /// Ends a grant on the provider's side, by its refresh token.
    pub async fn revoke(&self, http: &Http, refresh: &SecretString) -> Result<(), ProviderError> {
        let request = http
            .client
            .post(self.revoke_url.clone())
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .form(&[("token", refresh.expose_secret())]);
        http.send(request, Explain { provider: "sign-in", refusal: |_| None }).await.map(drop)
    }
}

/// A token endpoint answers soon, and everybody of the company waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request that failed before its answer was read.
#[derive(Debug, thiserror::Error)]
#[error("the token endpoint did not answer")]
struct NoAnswer;

/// Carries the OAuth library's requests over our client.
struct Carrier<'a>(&'a Http);

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request).map_err(|_| NoAnswer)?;
            *request.timeout_mut() = Some(TIMEOUT);
            let response = self.0.client.execute(request).await.map_err(|_| NoAnswer)?;
            let status = response.status();
            let body = response.bytes().await.map_err(|_| NoAnswer)?;
            let mut answer = HttpResponse::new(body.to_vec());
            *answer.status_mut() = status;
            Ok(answer)
        })
    }
}

fn classify(error: RequestTokenError<NoAnswer, BasicErrorResponse>) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => ProviderError::Disconnected,
            other => ProviderError::Refused(Refusal {
                code: other.to_string(),
                detail: refusal.error_description().cloned().unwrap_or_default(),
                ..Refusal::default()
            }),
        },
        RequestTokenError::Request(error) => ProviderError::unknown(error),
        // Neither tokens nor an OAuth error: an outage page, a throttle, half an answer.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => ProviderError::Busy(Duration::from_secs(5)),
    }
}

fn granted(answer: StandardTokenResponse<Extra, BasicTokenType>, now: Timestamp) -> Result<Granted, ProviderError> {
    // What is not a token must never take the place of one.
    let refresh = answer
        .refresh_token()
        .filter(|refresh| !refresh.secret().is_empty() && !answer.access_token().secret().is_empty())
        .ok_or_else(|| ProviderError::unknown("the token answer has no tokens"))?;
    let lifetime = answer.expires_in().unwrap_or(Duration::from_secs(3600));
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(3600);
    Ok(Granted {
        access: answer.access_token().secret().clone().into(),
        refresh: refresh.secret().clone().into(),
        expires_at: now + SignedDuration::from_secs(seconds),
        api_domain: answer.extra_fields().api_domain.clone(),
    })
}

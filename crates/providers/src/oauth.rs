//! OAuth 2.0 with both providers: consent page, code exchange, refresh and revocation.

use crate::{
    Http, ProviderError,
    classify::{Body, Meaning, ReportedRefusal},
    error::{Fault, Refusal},
    http::{AnswerFormat, record_invalid_certificate},
};
use jiff::Timestamp;
use oauth2::{
    AccessToken, AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RedirectUrl, RefreshToken, RequestTokenError,
    RevocationErrorResponseType, Scope, StandardErrorResponse, StandardRevocableToken,
    StandardTokenIntrospectionResponse, TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType},
};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::{pin::Pin, time::Duration};
use url::Url;

mod discovery;
#[cfg(test)]
mod tests;

pub use discovery::{Discovery, Endpoint};

/// A token answer. Only the access token is required: the refresh may already have invalidated the old tokens, so an
/// answer is not rejected for a member that Fatura can do without.
#[derive(Debug, Serialize, Deserialize)]
struct TokenAnswer {
    access_token: AccessToken,
    #[serde(default, deserialize_with = "lenient_text")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    expires_in: Option<u64>,
    /// Base URL of the company's API (Pipedrive only).
    #[serde(default, deserialize_with = "lenient_text")]
    api_domain: Option<String>,
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    // The library does not use it; `read_tokens` reads the member itself.
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Reads a text; `None` if the member has another type.
fn lenient_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Reads whole seconds, as a number or a text; `None` if the member is neither.
fn lenient_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

type Client = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
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
    /// Client id (public).
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretString,
    /// Consent page.
    pub authorize_url: Url,
    /// Token endpoint.
    pub token_url: Url,
    /// Revocation endpoint.
    pub revoke_url: Url,
    /// URL to which the browser returns, exactly as registered.
    pub redirect_url: Url,
    /// Requested scopes; empty if the registration defines them.
    pub scopes: Vec<String>,
    /// Source of endpoints that are not configured; `None` if the provider has no discovery document.
    pub discovery: Option<Discovery>,
}

/// Tokens from a provider.
#[derive(Debug, Clone)]
pub struct GrantedTokens {
    /// Access token, for calls.
    pub access: SecretString,
    /// Refresh token, for the next refresh: the token of the answer, or the old one if the answer has none.
    pub refresh: SecretString,
    /// Expiry of the access token.
    pub expires_at: Timestamp,
    /// Base URL of the company's API (Pipedrive only).
    pub api_domain: Option<String>,
}

impl Registration {
    /// The URL of an endpoint: from the discovery document if it provides the endpoint, otherwise from the configuration.
    fn endpoint(&self, endpoint: Endpoint) -> Url {
        let discovered = self.discovery.as_ref().and_then(|discovery| discovery.endpoint(endpoint));
        let configured = match endpoint {
            Endpoint::Authorize => &self.authorize_url,
            Endpoint::Token => &self.token_url,
            Endpoint::Revoke => &self.revoke_url,
        };
        discovered.unwrap_or_else(|| configured.clone())
    }

    fn client(&self) -> Result<Client, ProviderError> {
        let redirect = RedirectUrl::new(self.redirect_url.to_string()).map_err(ProviderError::unknown)?;
        Ok(oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose_secret().to_owned()))
            .set_auth_uri(AuthUrl::from_url(self.endpoint(Endpoint::Authorize)))
            .set_token_uri(TokenUrl::from_url(self.endpoint(Endpoint::Token)))
            .set_redirect_uri(redirect))
    }

    /// URL of the consent page for a flow with this `state`.
    pub fn consent_url(&self, state: &str) -> Result<Url, ProviderError> {
        let client = self.client()?;
        let request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
        // Pipedrive refuses an empty `scope=`.
        let scopes = self.scopes.iter().map(|scope| scope.trim()).filter(|scope| !scope.is_empty());
        Ok(request.add_scopes(scopes.map(|scope| Scope::new(scope.to_owned()))).url().0)
    }

    fn token_client<'a>(&'a self, http: &'a Http) -> TokenClient<'a> {
        TokenClient { http, discovery: self.discovery.as_ref() }
    }

    /// Exchanges a code for tokens. A code works once.
    pub async fn exchange_code(&self, http: &Http, code: &str, now: Timestamp) -> Result<GrantedTokens, ProviderError> {
        let answer = self
            .client()?
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .request_async(&self.token_client(http))
            .await;
        read_tokens(answer.map_err(classify_token_error)?, None, now)
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn refresh_tokens(
        &self,
        http: &Http,
        refresh: &SecretString,
        now: Timestamp,
    ) -> Result<GrantedTokens, ProviderError> {
        let token = RefreshToken::new(refresh.expose_secret().to_owned());
        let answer = self.client()?.exchange_refresh_token(&token).request_async(&self.token_client(http)).await;
        read_tokens(answer.map_err(classify_token_error)?, Some(refresh), now)
    }

    /// Revokes a grant at the provider, by its refresh token.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Refused`] if the provider does not have the token. [`ProviderError::Misconfigured`] if it refuses
    /// the client id or secret; the token may then still be valid.
    pub async fn revoke_grant(&self, http: &Http, refresh: &SecretString) -> Result<(), ProviderError> {
        let request = http
            .client
            .post(self.endpoint(Endpoint::Revoke))
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .form(&[("token", refresh.expose_secret())]);
        match http.send(request, AnswerFormat { provider: "sign-in", read_refusal: read_oauth_error }).await {
            Err(ProviderError::Refused(refusal)) if CLIENT_ERRORS.contains(&refusal.code.as_str()) => {
                Err(ProviderError::Misconfigured(refusal.code))
            }
            Err(ProviderError::Refused(refusal)) if refusal.status != StatusCode::BAD_REQUEST.as_u16() => {
                Err(ProviderError::unknown(format!("status {}", refusal.status)))
            }
            // A provider that does not have the token may answer 400 without an OAuth error.
            Err(ProviderError::Blocked(status)) if status == StatusCode::BAD_REQUEST.as_u16() => {
                Err(ProviderError::Refused(Refusal { code: status.to_string(), status, ..Refusal::default() }))
            }
            Err(error) => Err(error),
            // A page of a proxy, or an error with status 200, does not confirm the revocation.
            Ok(bytes) => match read_oauth_error(&Body::parse(bytes)) {
                Some(_) => Err(ProviderError::unknown("the answer does not confirm the revocation")),
                None => Ok(()),
            },
        }
    }
}

/// OAuth errors that concern the client, not the token.
const CLIENT_ERRORS: [&str; 2] = ["invalid_client", "unauthorized_client"];

/// Reads an OAuth error (RFC 6749, section 5.2). A body that is neither empty nor JSON is not the provider's, and decides
/// nothing.
fn read_oauth_error(body: &Body) -> Option<ReportedRefusal> {
    let body = match body {
        Body::Json(body) => body,
        Body::Other(bytes, _) if bytes.trim_ascii().is_empty() => return None,
        Body::Other(..) => return Some(ReportedRefusal { meaning: Meaning::Undecided, faults: Vec::new() }),
    };
    let code = body["error"].as_str()?.to_owned();
    Some(ReportedRefusal { meaning: Meaning::Refused, faults: vec![Fault { code, ..Fault::default() }] })
}

/// Upper bound for one call to a token endpoint. All calls of the company wait for it.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a token answer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Wait after an answer that is neither tokens nor a refusal.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Lifetime of an access token in seconds if the answer has none. At both providers it is an hour.
const DEFAULT_LIFETIME_SECONDS: u64 = 3600;
/// Bounds of the lifetime in seconds. With a shorter one, every call would refresh; a longer one may be out of range.
const MIN_LIFETIME_SECONDS: u64 = 120;
const MAX_LIFETIME_SECONDS: u64 = 24 * 3600;

/// A token request without a usable answer.
#[derive(Debug, thiserror::Error)]
enum TokenEndpointError {
    #[error("the token endpoint did not answer")]
    Lost,
    #[error("the token endpoint answered with more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    #[error("the token endpoint is overloaded or out of service")]
    Unavailable,
}

/// Sends the OAuth library's requests with Fatura's HTTP client.
struct TokenClient<'a> {
    http: &'a Http,
    discovery: Option<&'a Discovery>,
}

impl TokenClient<'_> {
    /// Requests that the discovery document is read again, because the endpoint may have moved.
    fn request_discovery(&self) {
        if let Some(discovery) = self.discovery {
            discovery.request_read();
        }
    }
}

impl<'c> AsyncHttpClient<'c> for TokenClient<'_> {
    type Error = TokenEndpointError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenEndpointError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request).map_err(|_| TokenEndpointError::Lost)?;
            *request.timeout_mut() = Some(TOKEN_TIMEOUT);
            let mut response = self.http.client.execute(request).await.map_err(|error| {
                record_invalid_certificate("sign-in", &error);
                if error.is_connect() {
                    self.request_discovery();
                }
                TokenEndpointError::Lost
            })?;
            let status = response.status();
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                self.request_discovery();
            }
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(TokenEndpointError::Unavailable);
            }
            let mut body = Vec::new();
            while let Some(part) = response.chunk().await.map_err(|_| TokenEndpointError::Lost)? {
                if body.len() + part.len() > MAX_ANSWER_BYTES {
                    return Err(TokenEndpointError::TooLarge);
                }
                body.extend_from_slice(&part);
            }
            let mut answer = HttpResponse::new(body);
            *answer.status_mut() = status;
            Ok(answer)
        })
    }
}

fn classify_token_error(error: RequestTokenError<TokenEndpointError, BasicErrorResponse>) -> ProviderError {
    use BasicErrorResponseType as Code;
    match error {
        RequestTokenError::ServerResponse(refusal) => {
            let detail = refusal.error_description().map(String::as_str).unwrap_or_default();
            match refusal.error() {
                // The grant belongs to another client id and stays valid for it.
                Code::InvalidGrant if is_about_client_id(detail) => ProviderError::Misconfigured(detail.to_owned()),
                Code::InvalidGrant => ProviderError::Disconnected,
                code @ (Code::InvalidClient
                | Code::UnauthorizedClient
                | Code::InvalidRequest
                | Code::InvalidScope
                | Code::UnsupportedGrantType) => ProviderError::Misconfigured(code.to_string()),
                Code::Extension(_) => ProviderError::Busy(RETRY_INTERVAL),
            }
        }
        // Neither tokens nor an OAuth error: an outage page, a throttle or a truncated answer.
        RequestTokenError::Request(TokenEndpointError::Unavailable)
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => ProviderError::Busy(RETRY_INTERVAL),
        RequestTokenError::Request(error) => ProviderError::unknown(error),
    }
}

/// Whether the refusal of a grant is about the client id, such as Intuit's "Incorrect Token type or clientID".
fn is_about_client_id(detail: &str) -> bool {
    let letters: String = detail.chars().filter(char::is_ascii_alphabetic).collect();
    letters.to_ascii_lowercase().contains("clientid")
}

/// Whether a text can be a token. Tokens are sent in headers and forms, so they have to be visible ASCII.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads the tokens of an answer. If it has no refresh token, `old` is kept.
fn read_tokens(
    answer: TokenAnswer,
    old: Option<&SecretString>,
    now: Timestamp,
) -> Result<GrantedTokens, ProviderError> {
    let access = answer.access_token.secret();
    let fresh = answer.refresh_token.filter(|refresh| !refresh.is_empty()).map(SecretString::from);
    let refresh = fresh.or_else(|| old.cloned()).filter(|refresh| is_token(refresh.expose_secret()));
    let (Some(refresh), true) = (refresh, is_token(access)) else {
        return Err(ProviderError::unknown("the token answer has no tokens"));
    };
    let seconds =
        answer.expires_in.unwrap_or(DEFAULT_LIFETIME_SECONDS).clamp(MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS);
    Ok(GrantedTokens {
        access: access.clone().into(),
        refresh,
        expires_at: now + Duration::from_secs(seconds),
        api_domain: answer.api_domain,
    })
}

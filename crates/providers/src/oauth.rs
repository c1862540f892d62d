//! OAuth 2.0 with either provider: where to send the browser, exchange, refresh, revoke.

use crate::{
    Http, ProviderError,
    classify::{Body, Meaning, Told},
    error::Fault,
    http::Explain,
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

#[cfg(test)]
mod tests;

/// A token answer. Only the access token is required: a refresh may have replaced the old tokens already, so an answer is not rejected
/// for a member that Fatura can do without.
#[derive(Debug, Serialize, Deserialize)]
struct TokenAnswer {
    access_token: AccessToken,
    #[serde(default, deserialize_with = "lenient_text")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    expires_in: Option<u64>,
    /// Pipedrive: where the company's API is.
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

    // The library does not use it; `granted` reads the member itself.
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// A text; nothing where the member has another type.
fn lenient_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Whole seconds, as a number or as a text; nothing where the member is neither.
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
    /// For the next refresh: the value of the answer, or the old one where the answer has none.
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
        // An empty `scope=` is refused by Pipedrive.
        let scopes = self.scopes.iter().map(|scope| scope.trim()).filter(|scope| !scope.is_empty());
        Ok(request.add_scopes(scopes.map(|scope| Scope::new(scope.to_owned()))).url().0)
    }

    /// Exchanges a code for tokens; once.
    pub async fn exchange(&self, http: &Http, code: &str, now: Timestamp) -> Result<Granted, ProviderError> {
        let answer =
            self.client()?.exchange_code(AuthorizationCode::new(code.to_owned())).request_async(&Carrier(http)).await;
        granted(answer.map_err(classify)?, None, now)
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn refresh(&self, http: &Http, refresh: &SecretString, now: Timestamp) -> Result<Granted, ProviderError> {
        let token = RefreshToken::new(refresh.expose_secret().to_owned());
        let answer = self.client()?.exchange_refresh_token(&token).request_async(&Carrier(http)).await;
        granted(answer.map_err(classify)?, Some(refresh), now)
    }

    /// Ends a grant on the provider's side, by its refresh token. [`ProviderError::Refused`] where the provider does not have the token, and
    /// [`ProviderError::Misconfigured`] where it does not know our client id and secret: then the token may still be good.
    pub async fn revoke(&self, http: &Http, refresh: &SecretString) -> Result<(), ProviderError> {
        let request = http
            .client
            .post(self.revoke_url.clone())
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .form(&[("token", refresh.expose_secret())]);
        match http.send(request, Explain { provider: "sign-in", refusal: oauth_error }).await {
            Err(ProviderError::Refused(refusal)) if CLIENT_ERRORS.contains(&refusal.code.as_str()) => {
                Err(ProviderError::Misconfigured(refusal.code))
            }
            Err(ProviderError::Refused(refusal)) if refusal.status != StatusCode::BAD_REQUEST.as_u16() => {
                Err(ProviderError::unknown(format!("status {}", refusal.status)))
            }
            answer => answer.map(drop),
        }
    }
}

/// What OAuth answers that is about us, and not about the token.
const CLIENT_ERRORS: [&str; 2] = ["invalid_client", "unauthorized_client"];

/// The error in the words of OAuth (RFC 6749, 5.2).
fn oauth_error(body: &Body) -> Option<Told> {
    let Body::Json(body) = body else { return None };
    let code = body["error"].as_str()?.to_owned();
    Some(Told { meaning: Meaning::Refused, faults: vec![Fault { code, ..Fault::default() }] })
}

/// Upper bound for one call to a token endpoint; all requests of the company wait for it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No token answer is larger.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Wait after an answer that is neither tokens nor a refusal.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Access tokens live for an hour at both providers; assumed where the answer does not say.
const DEFAULT_LIFETIME: u64 = 3600;
/// Bounds of what an answer may say: below, every call would refresh; above, the time may be out of range.
const MIN_LIFETIME: u64 = 120;
const MAX_LIFETIME: u64 = 24 * 3600;

/// A request without a usable answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the token endpoint did not answer")]
    Lost,
    #[error("the token endpoint answered with more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    #[error("the token endpoint is overloaded or out of service")]
    Unavailable,
}

/// Carries the OAuth library's requests over our client.
struct Carrier<'a>(&'a Http);

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request).map_err(|_| NoAnswer::Lost)?;
            *request.timeout_mut() = Some(TIMEOUT);
            let mut response = self.0.client.execute(request).await.map_err(|_| NoAnswer::Lost)?;
            let status = response.status();
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(NoAnswer::Unavailable);
            }
            let mut body = Vec::new();
            while let Some(part) = response.chunk().await.map_err(|_| NoAnswer::Lost)? {
                if body.len() + part.len() > MAX_ANSWER_BYTES {
                    return Err(NoAnswer::TooLarge);
                }
                body.extend_from_slice(&part);
            }
            let mut answer = HttpResponse::new(body);
            *answer.status_mut() = status;
            Ok(answer)
        })
    }
}

fn classify(error: RequestTokenError<NoAnswer, BasicErrorResponse>) -> ProviderError {
    use BasicErrorResponseType as Code;
    match error {
        RequestTokenError::ServerResponse(refusal) => {
            let detail = refusal.error_description().map(String::as_str).unwrap_or_default();
            match refusal.error() {
                // The grant belongs to another client id, and stays valid for that one.
                Code::InvalidGrant if names_client(detail) => ProviderError::Misconfigured(detail.to_owned()),
                Code::InvalidGrant => ProviderError::Disconnected,
                code @ (Code::InvalidClient
                | Code::UnauthorizedClient
                | Code::InvalidRequest
                | Code::InvalidScope
                | Code::UnsupportedGrantType) => ProviderError::Misconfigured(code.to_string()),
                Code::Extension(_) => ProviderError::Busy(RETRY_INTERVAL),
            }
        }
        // Neither tokens nor an OAuth error: an outage page, a throttle, half an answer.
        RequestTokenError::Request(NoAnswer::Unavailable)
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => ProviderError::Busy(RETRY_INTERVAL),
        RequestTokenError::Request(error) => ProviderError::unknown(error),
    }
}

/// Whether a refusal of a grant is about the app, as Intuit's "Incorrect Token type or clientID".
fn names_client(detail: &str) -> bool {
    let letters: String = detail.chars().filter(char::is_ascii_alphabetic).collect();
    letters.to_ascii_lowercase().contains("clientid")
}

/// Whether a text can be a token: it goes into headers and forms.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The tokens of an answer. A refresh without a new refresh token leaves `old` valid.
fn granted(answer: TokenAnswer, old: Option<&SecretString>, now: Timestamp) -> Result<Granted, ProviderError> {
    let access = answer.access_token.secret();
    let fresh = answer.refresh_token.filter(|refresh| !refresh.is_empty()).map(SecretString::from);
    let refresh = fresh.or_else(|| old.cloned()).filter(|refresh| is_token(refresh.expose_secret()));
    let (Some(refresh), true) = (refresh, is_token(access)) else {
        return Err(ProviderError::unknown("the token answer has no tokens"));
    };
    let seconds = answer.expires_in.unwrap_or(DEFAULT_LIFETIME).clamp(MIN_LIFETIME, MAX_LIFETIME);
    Ok(Granted {
        access: access.clone().into(),
        refresh,
        expires_at: now + Duration::from_secs(seconds),
        api_domain: answer.api_domain,
    })
}

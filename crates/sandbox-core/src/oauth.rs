//! Credentials and forms of requests to an OAuth 2.0 token endpoint.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// Form of a token request, for any grant. Absent members are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    /// `authorization_code` or `refresh_token`.
    pub grant_type: String,
    /// The authorization code.
    pub code: String,
    /// The address to which the code was sent.
    pub redirect_uri: String,
    /// The refresh token.
    pub refresh_token: String,
    /// The client, if the request names it in the body.
    pub client_id: Option<String>,
    /// The client's secret, if the request sends it in the body.
    pub client_secret: Option<String>,
}

/// Returns the user name and the password of a `Basic` header.
pub fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Returns the token of a `Bearer` header.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Checks the client's id and secret, sent in the header or in the body.
pub fn is_client(headers: &HeaderMap, form: &TokenForm, id: &str, secret: &str) -> bool {
    match basic_credentials(headers) {
        Some((header_id, header_secret)) => header_id == id && header_secret == secret,
        None => form.client_id.as_deref() == Some(id) && form.client_secret.as_deref() == Some(secret),
    }
}

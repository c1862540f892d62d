//! What both providers' token endpoints read: credentials in the header or the body, and a form.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// The form of a token request, of either provider and any grant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenForm {
    pub(crate) grant_type: String,
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
    pub(crate) refresh_token: String,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
}

/// The user name and password of a `Basic` header.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The token of a `Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Whether the request is the registered client's.
pub(crate) fn is_client(headers: &HeaderMap, form: &TokenForm, id: &str, secret: &str) -> bool {
    match basic(headers) {
        Some((given_id, given_secret)) => given_id == id && given_secret == secret,
        None => form.client_id.as_deref() == Some(id) && form.client_secret.as_deref() == Some(secret),
    }
}

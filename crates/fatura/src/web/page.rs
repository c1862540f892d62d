//! Helpers for pages: names of the built assets, rendering of templates, snackbars.

use super::error::Error;
use axum::{
    http::{HeaderMap, HeaderValue},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

/// Names of the built assets.
pub(crate) mod assets {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// Renders a template as an HTML response.
///
/// # Errors
///
/// [`Error::Page`] if the template does not render.
pub(crate) fn html(template: &impl askama::Template) -> Result<Response, Error> {
    Ok(Html(template.render().map_err(|error| Error::Page(error.to_string()))?).into_response())
}

/// Adds the header that makes the page's script show a snackbar.
pub(crate) fn add_snackbar(headers: &mut HeaderMap, message: &str) {
    // Header values are ASCII, so other characters are escaped as in JSON.
    let escaped: String = json!({ "fatura:snackbar": { "message": message } })
        .to_string()
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            }
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&escaped) {
        headers.insert("hx-trigger", value);
    }
}

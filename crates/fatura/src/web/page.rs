//! Parts of pages: names of the built assets, templates as answers, snackbars.

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

/// A template as a page.
///
/// # Errors
///
/// [`Error::Page`] where the template does not render.
pub(crate) fn html(template: &impl askama::Template) -> Result<Response, Error> {
    Ok(Html(template.render().map_err(|error| Error::Page(error.to_string()))?).into_response())
}

/// Adds a header by which the page shows a snackbar with this text.
pub(crate) fn add_snackbar(headers: &mut HeaderMap, message: &str) {
    // Header values are ASCII: the JSON escapes the rest.
    let escaped: String = json!({ "fatura:tell": { "message": message } })
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

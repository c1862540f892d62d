//! The headers of every answer: what a page may load, and who may frame it.

use crate::{
    security::{self, Event},
    state::App,
};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The content security policy: the sources of our pages, and who may frame them. A form may lead on to Pipedrive, as the last step of connecting does.
pub(super) fn policy(app: &App, framed_by: &str) -> Option<HeaderValue> {
    let pipedrive = &app.config.pipedrive_frame_ancestors;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self' {pipedrive}; base-uri 'none'; object-src 'none'; frame-ancestors {framed_by}"
    );
    HeaderValue::from_str(&policy).ok()
}

/// Headers on every answer. Nothing may be framed unless [`embeddable`] has said by whom.
pub(super) async fn protect(State(closed): State<HeaderValue>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, closed);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses what another site has a browser send to change something; browsers name the kind of site in `Sec-Fetch-Site`. The providers' own calls come
/// from no browser.
pub(super) async fn refuse_cross_site(request: Request, next: Next) -> Response {
    let is_cross_site = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if is_cross_site && !request.method().is_safe() {
        security::record(Event::CrossSiteRefused, None);
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Lets Pipedrive, and nobody else, embed the page.
pub(super) async fn embeddable(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(policy) = policy(&app, &app.config.pipedrive_frame_ancestors) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

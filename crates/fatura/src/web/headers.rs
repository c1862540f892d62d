//! Security headers of every response, and the rejection of cross-site requests.

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

/// Builds the content security policy. `form-action` includes Pipedrive, because the last step of connecting redirects a form there.
/// `None` if the configured origins are not a valid header value.
pub(super) fn build_content_policy(app: &App, framed_by: &str) -> Option<HeaderValue> {
    let pipedrive = &app.config.pipedrive_frame_ancestors;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self' {pipedrive}; base-uri 'none'; object-src 'none'; frame-ancestors {framed_by}"
    );
    HeaderValue::from_str(&policy).ok()
}

/// Adds the security headers to every response. The default policy forbids framing; [`allow_framing`] replaces it.
pub(super) async fn add_security_headers(
    State(default_policy): State<HeaderValue>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, default_policy);
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

/// Rejects unsafe methods in requests that another site made the browser send, by `Sec-Fetch-Site`. Calls of the providers do not come from
/// a browser and have no such header.
pub(super) async fn refuse_cross_site(request: Request, next: Next) -> Response {
    let is_cross_site = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if is_cross_site && !request.method().is_safe() {
        security::record(Event::CrossSiteRefused, None);
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Allows only Pipedrive to frame the page.
pub(super) async fn allow_framing(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(policy) = build_content_policy(&app, &app.config.pipedrive_frame_ancestors) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

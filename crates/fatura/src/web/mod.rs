//! Requests and answers. Handlers are thin: they take apart what came in, call a flow, and render what came out.
//!
//! Who may call what is in the table of [`routes`].

pub(crate) mod brand;
mod connect;
mod error;
mod explain;
mod form;
mod install;
mod limits;
mod live;
mod pages;
mod panel;
mod pdf;
mod refusals;
mod routes;
mod session;
mod settings;
mod shell;
mod webhooks;

use crate::state::App;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
};
use error::Error;
use panel::refused;
use serde_json::json;
use std::{
    borrow::Cow,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

/// Names of the built assets.
mod assets {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// No form of ours is larger: 750 lines take about half of it. A draft is stored as large as it comes.
const BODY_MOST: usize = 1024 * 1024;
/// Intuit names no limit for what one webhook tells, of many companies; and what is refused blocks what comes behind it.
const WEBHOOK_MOST: usize = 32 * 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A load balancer asks often, and a slow answer is none.
const READY_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn router(app: App) -> Router {
    let dynamic = Router::new()
        .merge(routes::router(&app))
        .fallback(pages::not_found)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store"),
        ))
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(limits::BodyBudget::new(), limits::budget_bodies))
        .layer(middleware::from_fn_with_state(limits::Strangers::new(), limits::slow_down));
    let files = memory_serve::load!().index_file(None).cache_control(memory_serve::CacheControl::Long).into_router();
    let closed = policy(&app, "'none'").unwrap_or_else(|| HeaderValue::from_static("default-src 'none'"));
    guarded(Router::new().nest("/assets", files).merge(dynamic), closed).layer(CompressionLayer::new())
}

/// Has every answer carry our headers, and every error be a page of ours: also after a panic or a timeout.
fn guarded(router: Router, closed: HeaderValue) -> Router {
    router
        .layer(CatchPanicLayer::custom(explain::panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn(explain::explain))
        .layer(middleware::from_fn_with_state(closed, protect))
}

/// Whether requests can be served now: for load balancers. Not while the database does not answer or keeps nothing, and not once the
/// service is to end.
async fn ready(State(app): State<App>) -> (StatusCode, Cow<'static, str>) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending".into());
    }
    if let Some(wrong) = app.wrong_keys.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return (StatusCode::SERVICE_UNAVAILABLE, wrong.into());
    }
    match tokio::time::timeout(READY_WITHIN, app.db.read()).await {
        Ok(Ok(_)) if !app.can_write.load(Ordering::Relaxed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database keeps nothing that is new".into())
        }
        Ok(Ok(_)) => (StatusCode::OK, "ready".into()),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer".into()),
    }
}

/// What our pages may load, and who may frame them. A form may lead on to Pipedrive, as the last step of connecting does.
fn policy(app: &App, framed_by: &str) -> Option<HeaderValue> {
    let pipedrive = &app.config.pipedrive_frame_ancestors;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self' {pipedrive}; base-uri 'none'; object-src 'none'; frame-ancestors {framed_by}"
    );
    HeaderValue::from_str(&policy).ok()
}

/// Headers on every answer. Nothing may be framed unless [`embeddable`] has said by whom.
async fn protect(State(closed): State<HeaderValue>, request: Request, next: Next) -> Response {
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

/// Lets Pipedrive, and nobody else, embed the page.
async fn embeddable(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(policy) = policy(&app, &app.config.pipedrive_frame_ancestors) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A rendered template.
fn html(template: &impl askama::Template) -> Result<Response, Error> {
    Ok(Html(template.render().map_err(|error| Error::Page(error.to_string()))?).into_response())
}

/// Has the page show a snackbar.
fn tell(headers: &mut HeaderMap, message: &str) {
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

//! Requests and answers. Handlers are thin: they take apart what came in, call a flow, and render what came out.
//!
//! Who may call what: the plain pages (`/`, `/install`, the callbacks, `/quickbooks/…`) anybody, each bound to its
//! flow; `/panel`, `/form`, `/settings` and `/app/…` anybody, for they hold no data; all others only with a bearer
//! that was given for one of Pipedrive's signed tokens, see [`session`].

mod connect;
mod error;
mod form;
mod install;
mod pages;
mod panel;
mod session;
mod settings;
mod shell;

use crate::state::App;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use error::Error;
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

/// Names of the built assets.
mod assets {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// No form of ours is larger.
const BODY_MOST: usize = 2 * 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn router(app: App) -> Router {
    let embedded = Router::new()
        .route("/panel", get(shell::enter_panel))
        .route("/form", get(shell::enter_form))
        .route("/settings", get(shell::enter_settings))
        .route("/app/panel", get(shell::panel))
        .route("/app/form", get(shell::form))
        .route("/app/settings", get(shell::settings))
        .layer(middleware::from_fn_with_state(app.clone(), embeddable));
    let fragments = Router::new()
        .route("/session/{surface}", post(session::exchange))
        .route("/deals/{deal}/panel", get(panel::show))
        .route("/deals/{deal}/refresh", post(panel::refresh))
        .route("/deals/{deal}/form", get(form::show))
        .route("/deals/{deal}/form/preview", post(form::preview))
        .route("/deals/{deal}/form/discard", post(form::discard))
        .route("/deals/{deal}/invoices", post(form::create))
        .route("/invoices/{invoice}/progress", get(form::progress))
        .route("/customers/search", post(form::search_customers))
        .route("/settings/page", get(settings::show))
        .route("/settings/save", post(settings::save))
        .route("/settings/connect", post(settings::connect))
        .route("/settings/disconnect", post(settings::disconnect));
    let plain = Router::new()
        .route("/", get(pages::about))
        .route("/install", get(install::begin))
        .route("/pipedrive/callback", get(install::callback).delete(install::uninstalled))
        .route("/quickbooks/connect", get(connect::begin))
        .route("/quickbooks/callback", get(connect::callback))
        .route("/quickbooks/confirm", get(connect::confirmation).post(connect::confirm))
        .route("/outcome/{outcome}", get(pages::outcome))
        .route("/healthz", get(async || "ok"));
    let dynamic = Router::new()
        .merge(embedded)
        .merge(fragments)
        .merge(plain)
        .fallback(pages::not_found)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store"),
        ))
        .with_state(app.clone());
    let files = memory_serve::load!().index_file(None).cache_control(memory_serve::CacheControl::Long).into_router();
    Router::new()
        .nest("/assets", files)
        .merge(dynamic)
        .layer(middleware::from_fn_with_state(app, protect))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(BODY_MOST))
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
async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Some(policy) = policy(&app, "'none'")
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
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

//! HTTP handlers. Each parses a request, calls a flow, and renders the result.
//!
//! The table in [`routes`] lists every route with its callers.

pub(crate) mod brand;
mod connect;
mod error;
mod explain;
mod flow_cookie;
mod form;
mod headers;
mod health;
mod install;
mod limits;
mod live;
mod page;
mod pages;
mod panel;
mod pdf;
mod refusals;
mod routes;
mod session;
mod settings;
mod shell;
mod support;
mod support_page;
mod webhooks;

use crate::state::App;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
};
use headers::{add_security_headers, build_content_policy, refuse_cross_site};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Builds the router of the service: the routes, the built assets, and the layers around both.
pub(crate) fn router(app: App) -> Router {
    let dynamic = Router::new()
        .merge(routes::router(&app))
        .fallback(pages::render_not_found)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store"),
        ))
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(limits::BodyBudget::new(), limits::budget_bodies))
        .layer(middleware::from_fn_with_state(limits::AnonymousRateLimits::new(), limits::limit_anonymous_requests));
    let files = memory_serve::load!().index_file(None).cache_control(memory_serve::CacheControl::Long).into_router();
    let default_policy =
        build_content_policy(&app, "'none'").unwrap_or_else(|| HeaderValue::from_static("default-src 'none'"));
    add_outer_layers(Router::new().nest("/assets", files).merge(dynamic), default_policy).layer(CompressionLayer::new())
}

/// Adds the layers of every response: security headers, and an error page for each error, also after a panic or a timeout.
fn add_outer_layers(router: Router, default_policy: HeaderValue) -> Router {
    router
        .layer(middleware::from_fn(refuse_cross_site))
        .layer(CatchPanicLayer::custom(explain::respond_to_panic))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn(explain::replace_bare_error))
        .layer(middleware::from_fn_with_state(default_policy, add_security_headers))
}

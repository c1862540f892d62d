//! Requests and answers. Handlers are thin: they take apart what came in, call a flow, and render what came out.
//!
//! Who may call what is in the table of [`routes`].

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
use headers::{policy, protect, refuse_cross_site};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
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
        .layer(middleware::from_fn(refuse_cross_site))
        .layer(CatchPanicLayer::custom(explain::panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn(explain::explain))
        .layer(middleware::from_fn_with_state(closed, protect))
}

//! Pipedrive's REST API: v2, v1 where v2 does not reach, and the old addresses of v1 that clients still call.

mod answer;
mod caller;
mod operations;
mod v1;
mod v2;

use crate::world::Shared;
use axum::{
    Extension, Router,
    extract::Request,
    http::{Method, StatusCode, Uri},
    middleware,
    response::{IntoResponse, Response},
};
use tower::ServiceExt;

pub(super) use v1::{create_note, keep_file};

pub(crate) fn router(shared: Shared) -> Router {
    let api = Router::new()
        .nest("/api/v1", v1::router().method_not_allowed_fallback(not_simulated))
        .nest("/v1", v1::router().method_not_allowed_fallback(not_simulated))
        .nest("/api/v2", v2::router().method_not_allowed_fallback(not_simulated))
        .fallback(not_simulated)
        .layer(middleware::from_fn_with_state(shared.clone(), operations::gate))
        .with_state(shared);
    // Addresses are the same with a slash at the end.
    Router::new().fallback(async move |request: Request| api.oneshot(without_slash(request)).await)
}

fn without_slash(mut request: Request) -> Request {
    let uri = request.uri();
    if let Some(path) = uri.path().strip_suffix('/').filter(|path| !path.is_empty()) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{path}{query}").parse() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// An operation that the documents have and this sandbox has not: said, so that nobody takes it for an empty answer.
async fn not_simulated(_: Extension<caller::Caller>, method: Method, uri: Uri) -> Response {
    let message = format!("{method} {} exists at Pipedrive and is not simulated by this sandbox", uri.path());
    answer::Refusal::new(StatusCode::NOT_IMPLEMENTED, message).into_response()
}

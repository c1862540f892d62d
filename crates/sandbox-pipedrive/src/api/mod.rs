//! Pipedrive's REST API: v2, the parts of v1 that v2 lacks, and the old v1 addresses that clients still call.

mod answer;
mod caller;
mod operations;
pub(crate) mod v1;
mod v2;

use self::caller::not_simulated;
use crate::shared::Shared;
use axum::{Router, extract::Request, middleware};
use tower::ServiceExt;

/// Routes of the API's origin.
pub fn router(shared: Shared) -> Router {
    let api = Router::new()
        .nest("/api/v1", v1::router().method_not_allowed_fallback(not_simulated))
        .nest("/v1", v1::router().method_not_allowed_fallback(not_simulated))
        .nest("/api/v2", v2::router().method_not_allowed_fallback(not_simulated))
        .fallback(not_simulated)
        .layer(middleware::from_fn_with_state(shared.clone(), operations::check_call))
        .with_state(shared);
    // An address with a slash at the end is the same address.
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

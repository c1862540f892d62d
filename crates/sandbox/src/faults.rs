//! The layer around both APIs that injects faults and logs calls.

use crate::{effect::Effect, world::World};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sandbox_core::{
    calls::Cost,
    faults::{broken_response, cdn_page, rewrite_body},
    mutation,
};
use sandbox_quickbooks::{api::refusals, oauth::refused_grant};
use std::time::Duration;

/// Applies the first matching fault to a call, and logs the call.
pub(crate) async fn layer(
    State((world, provider)): State<(World, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let cost = request.extensions().get::<Cost>().copied().unwrap_or_default();
    let (effect, seed) = {
        let mut faults = world.faults();
        let effect = faults.take_effect(provider, method.as_str(), &path);
        let seed = if matches!(effect, Some(Effect::Mutate(_))) { faults.draw_seed() } else { 0 };
        (effect, seed)
    };
    let now = world.runtime.clock().now();
    let response = match effect {
        None => next.run(request).await,
        Some(Effect::Status(code)) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/plain")], "a requested fault").into_response()
        }
        Some(Effect::Fault(fault)) => fault.response(&now.to_string()),
        Some(Effect::Xml(fault)) => fault.response(&now.to_string()),
        Some(Effect::NotAuthorized) => refusals::unauthorized(now.as_millisecond()),
        Some(Effect::ScopeMissing) => refusals::scope_missing(now.as_millisecond()),
        Some(Effect::Page(status)) => cdn_page(status),
        Some(Effect::PageAfter(status)) => {
            next.run(request).await;
            cdn_page(status)
        }
        Some(Effect::InvalidGrant(description)) => refused_grant(&description),
        Some(Effect::Throttle) => refusals::throttled(now.as_millisecond()),
        Some(Effect::DropBefore) => broken_response(),
        Some(Effect::DropAfter) => {
            next.run(request).await;
            broken_response()
        }
        // A separate task carries the call out even if the client disconnects before.
        Some(Effect::Delay(millis)) => tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            next.run(request).await
        })
        .await
        .unwrap_or_else(|_| broken_response()),
        Some(Effect::DelayAfter(millis)) => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            response
        }
        Some(Effect::Truncate) => rewrite_body(next.run(request).await, |body| body[..body.len() / 2].to_vec()).await,
        Some(Effect::Mutate(places)) => {
            rewrite_body(next.run(request).await, |body| mutation::mutate(body, places, seed)).await
        }
        Some(Effect::Malformed) => {
            rewrite_body(next.run(request).await, |_| b"<html><body>Bad Gateway</body></html>".to_vec()).await
        }
    };
    world.runtime.calls().record(provider, &method, &path, &query, response.status(), cost);
    response
}

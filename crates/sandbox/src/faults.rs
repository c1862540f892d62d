//! Faults on request: the next calls that match answer late, wrongly, or not at all.

use crate::world::Shared;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What happens to a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// Answered with this status and nothing done.
    Status(u16),
    /// The connection breaks and nothing was done.
    DropBefore,
    /// Carried out, then the connection breaks: the answer is lost.
    DropAfter,
    /// Answered later, in milliseconds.
    Delay(u64),
    /// Carried out, and the answer held back, in milliseconds.
    DelayAfter(u64),
}

/// A fault that waits for its calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// `quickbooks` or `pipedrive`.
    pub(crate) provider: String,
    /// `GET`, `POST`, …; any when absent.
    pub(crate) method: Option<String>,
    /// A part of the path, as `/invoice`; any when absent.
    pub(crate) path: Option<String>,
    /// How many calls.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// What happens to them.
    pub(crate) effect: Effect,
}

fn once() -> u32 {
    1
}

/// Takes the first fault that matches, once.
fn take(faults: &mut Vec<Fault>, provider: &str, method: &str, path: &str) -> Option<Effect> {
    let at = faults.iter().position(|fault| {
        fault.provider == provider
            && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && fault.path.as_deref().is_none_or(|part| path.contains(part))
    })?;
    let effect = faults[at].effect.clone();
    faults[at].times = faults[at].times.saturating_sub(1);
    if faults[at].times == 0 {
        faults.remove(at);
    }
    Some(effect)
}

/// The layer around both APIs: applies faults and keeps the ledger of calls.
pub(crate) async fn layer(
    State((shared, provider)): State<(Shared, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let effect = take(&mut shared.world().faults, provider, method.as_str(), &path);
    let response = match effect {
        None => next.run(request).await,
        Some(Effect::Status(code)) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/plain")], "a fault that was asked for").into_response()
        }
        Some(Effect::DropBefore) => broken(),
        Some(Effect::DropAfter) => {
            next.run(request).await;
            broken()
        }
        Some(Effect::Delay(millis)) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            next.run(request).await
        }
        Some(Effect::DelayAfter(millis)) => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            response
        }
    };
    shared.calls.record(provider, &method, &path, &query, response.status());
    response
}

/// An answer whose body breaks off at once: the server closes the connection under it.
fn broken() -> Response {
    let failing =
        futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("the connection breaks")) });
    let mut response = Response::new(Body::from_stream(failing));
    response.headers_mut().insert(header::CONTENT_LENGTH, header::HeaderValue::from_static("1000"));
    response
}

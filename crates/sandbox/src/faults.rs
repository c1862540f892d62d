//! Faults on request: calls that match answer late, wrongly, broken, or not at all. Chance is drawn from a seed, so that
//! a run can be repeated.

mod answers;

use crate::{
    mutation,
    quickbooks::{self, api::metering::Cost},
    world::Shared,
};
use answers::{Asked, Xml};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
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
    /// Refused with this code, in QuickBooks' words, or word for word as it is asked for, and nothing done.
    Fault(Asked),
    /// Refused by the gateway, as XML though JSON was asked for, and nothing done.
    Xml(Xml),
    /// Refused because the app may not open the company, in the gateway's words, and nothing done.
    NotAuthorized,
    /// Refused because the token lacks the scope, in the gateway's words, and nothing done.
    ScopeMissing,
    /// The page of a CDN with this status comes in place of the API's answer, and nothing was done.
    Page(u16),
    /// Carried out; the page of a CDN with this status comes in place of the answer.
    PageAfter(u16),
    /// Refused by QuickBooks' token endpoint as `invalid_grant` with this description (none where it is empty), and nothing done.
    InvalidGrant(String),
    /// Refused as one request too many, and nothing done.
    Throttle,
    /// The connection breaks and nothing was done.
    DropBefore,
    /// Carried out, then the connection breaks: the answer is lost.
    DropAfter,
    /// Answered later, in milliseconds.
    Delay(u64),
    /// Carried out, and the answer held back, in milliseconds.
    DelayAfter(u64),
    /// Carried out; the answer ends in its middle.
    Truncate,
    /// Carried out; the answer is not what its type says.
    Malformed,
    /// Carried out; so many places of the JSON answer have another shape: null, another type, nothing, one more, one less.
    Mutate(u32),
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
    /// How likely a call that matches is hit, in percent.
    #[serde(default = "certain")]
    pub(crate) percent: u32,
    /// What happens to them.
    pub(crate) effect: Effect,
}

fn once() -> u32 {
    1
}

fn certain() -> u32 {
    100
}

/// The faults that wait, and the chance that chooses among calls.
#[derive(Debug)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
    /// How many calls were hit so far.
    struck: u64,
    chance: fastrand::Rng,
}

impl Default for Faults {
    fn default() -> Self {
        Self { waiting: Vec::new(), struck: 0, chance: fastrand::Rng::with_seed(1) }
    }
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.waiting
    }

    /// How many calls were hit since the start.
    pub(crate) fn struck(&self) -> u64 {
        self.struck
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.chance = fastrand::Rng::with_seed(seed);
    }

    /// Takes the first fault that matches, once.
    fn take(&mut self, provider: &str, method: &str, path: &str) -> Option<Effect> {
        for at in 0..self.waiting.len() {
            let fault = &mut self.waiting[at];
            let matches = fault.provider == provider
                && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && fault.path.as_deref().is_none_or(|part| path.contains(part));
            if !matches || (fault.percent < 100 && self.chance.u32(0..100) >= fault.percent) {
                continue;
            }
            let effect = fault.effect.clone();
            self.struck += 1;
            fault.times = fault.times.saturating_sub(1);
            if fault.times == 0 {
                self.waiting.remove(at);
            }
            return Some(effect);
        }
        None
    }
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
    let cost = request.extensions().get::<Cost>().copied().unwrap_or_default();
    let (effect, now, seed) = {
        let mut world = shared.world_untouched();
        let effect = world.faults.take(provider, method.as_str(), &path);
        let seed = if matches!(effect, Some(Effect::Mutate(_))) { world.faults.chance.u64(..) } else { 0 };
        (effect, world.clock.now(), seed)
    };
    let response = match effect {
        None => next.run(request).await,
        Some(Effect::Status(code)) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/plain")], "a fault that was asked for").into_response()
        }
        Some(Effect::Fault(Asked::Code(code))) => quickbooks::Fault::of_code(&code).response(&now.to_string()),
        Some(Effect::Fault(Asked::Written(fault))) => fault.response(&now.to_string()),
        Some(Effect::Xml(fault)) => fault.response(&now.to_string()),
        Some(Effect::NotAuthorized) => quickbooks::unauthorized(now.as_millisecond()),
        Some(Effect::ScopeMissing) => quickbooks::scope_missing(now.as_millisecond()),
        Some(Effect::Page(status)) => answers::page(status),
        Some(Effect::PageAfter(status)) => {
            next.run(request).await;
            answers::page(status)
        }
        Some(Effect::InvalidGrant(description)) => quickbooks::refused_grant(&description),
        Some(Effect::Throttle) => quickbooks::throttled(now.as_millisecond()),
        Some(Effect::DropBefore) => broken(),
        Some(Effect::DropAfter) => {
            next.run(request).await;
            broken()
        }
        // Carried out as well where whoever asked has left meanwhile.
        Some(Effect::Delay(millis)) => tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            next.run(request).await
        })
        .await
        .unwrap_or_else(|_| broken()),
        Some(Effect::DelayAfter(millis)) => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            response
        }
        Some(Effect::Truncate) => rewritten(next.run(request).await, |body| body[..body.len() / 2].to_vec()).await,
        Some(Effect::Mutate(places)) => {
            rewritten(next.run(request).await, |body| mutation::mutated(body, places, seed)).await
        }
        Some(Effect::Malformed) => {
            rewritten(next.run(request).await, |_| b"<html><body>Bad Gateway</body></html>".to_vec()).await
        }
    };
    shared.calls.record(provider, &method, &path, &query, response.status(), cost);
    response
}

/// The answer with another body; its length is the new one's.
async fn rewritten(response: Response, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let changed = change(&bytes);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(changed.len()));
    Response::from_parts(parts, Body::from(changed))
}

/// An answer whose body breaks off at once: the server closes the connection under it.
fn broken() -> Response {
    let failing =
        futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("the connection breaks")) });
    let mut response = Response::new(Body::from_stream(failing));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}

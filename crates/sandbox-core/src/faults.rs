//! Faults on request: the choice of the calls that fail, and answers that belong to no provider.
//!
//! The effects are a type parameter, because each provider has its own refusals.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

/// A requested fault. It is pending until it has hit `times` calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault<E> {
    /// `quickbooks` or `pipedrive`.
    provider: String,
    /// `GET`, `POST`, …; any method if absent.
    method: Option<String>,
    /// A part of the path, as `/invoice`; any path if absent.
    path: Option<String>,
    /// Number of calls that fail.
    #[serde(default = "default_times")]
    times: u32,
    /// Probability in percent that a matching call fails.
    #[serde(default = "default_percent")]
    percent: u32,
    /// Effect on these calls.
    effect: E,
}

fn default_times() -> u32 {
    1
}

fn default_percent() -> u32 {
    100
}

/// The pending faults, and the random numbers that select the calls.
#[derive(Debug)]
pub struct Faults<E> {
    pending: Vec<Fault<E>>,
    hits: u64,
    rng: fastrand::Rng,
}

impl<E> Default for Faults<E> {
    fn default() -> Self {
        Self { pending: Vec::new(), hits: 0, rng: fastrand::Rng::with_seed(1) }
    }
}

impl<E: Clone> Faults<E> {
    /// Adds a fault after the pending ones.
    pub fn add(&mut self, fault: Fault<E>) {
        self.pending.push(fault);
    }

    /// Returns the pending faults.
    pub fn pending(&self) -> &[Fault<E>] {
        &self.pending
    }

    /// Returns the number of calls that failed since the start.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Removes all pending faults.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    /// Restarts the random numbers from a seed.
    pub fn set_seed(&mut self, seed: u64) {
        self.rng = fastrand::Rng::with_seed(seed);
    }

    /// Draws a seed for one mutated answer.
    pub fn draw_seed(&mut self) -> u64 {
        self.rng.u64(..)
    }

    /// Returns the effect of the first fault that matches a call, and counts the hit.
    pub fn take_effect(&mut self, provider: &str, method: &str, path: &str) -> Option<E> {
        for index in 0..self.pending.len() {
            let fault = &mut self.pending[index];
            let matches = fault.provider == provider
                && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && fault.path.as_deref().is_none_or(|part| path.contains(part));
            if !matches || (fault.percent < 100 && self.rng.u32(0..100) >= fault.percent) {
                continue;
            }
            let effect = fault.effect.clone();
            self.hits += 1;
            fault.times = fault.times.saturating_sub(1);
            if fault.times == 0 {
                self.pending.remove(index);
            }
            return Some(effect);
        }
        None
    }
}

/// Answers with a page of a CDN in the provider's place.
pub fn cdn_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title><meta charset=\"utf-8\"></head><body><h1>{status}</h1>\
         <p>The request could not be satisfied.<br>Ray ID: 8f2c1d0e7a6b5c4d</p></body></html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8"), (header::SERVER, "cloudfront")], body).into_response()
}

/// Replaces the body of an answer, and sets the length of the new one.
pub async fn rewrite_body(response: Response, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let changed = change(&bytes);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(changed.len()));
    Response::from_parts(parts, Body::from(changed))
}

/// Answers with a body that fails at once, so that the server closes the connection.
pub fn broken_response() -> Response {
    let failing =
        futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("the connection breaks")) });
    let mut response = Response::new(Body::from_stream(failing));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}

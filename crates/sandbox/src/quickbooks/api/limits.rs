//! How much the API answers: requests and batches a minute, and at once, for each company; reads a month, for the app.

use super::metering::{Month, ReadRefusal, measured, refused};
use crate::{quickbooks::fault, world::Shared};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The limits (the reference, 2.6); zero for none.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: u32,
    pub(crate) batches_per_minute: u32,
    pub(crate) requests_per_second: u32,
    pub(crate) concurrent: u32,
    /// Of all companies together, in a calendar month (UTC), counted from when the limit is set.
    pub(crate) reads_per_month: u32,
    /// How a read beyond it is refused.
    pub(crate) read_refusal: ReadRefusal,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_minute: 500, batches_per_minute: 40, requests_per_second: 0, concurrent: 10, ..Self::NONE }
    }
}

impl Limits {
    /// Answers whatever comes.
    pub(crate) const NONE: Self = Self {
        requests_per_minute: 0,
        batches_per_minute: 0,
        requests_per_second: 0,
        concurrent: 0,
        reads_per_month: 0,
        read_refusal: ReadRefusal::Throttle,
    };
}

/// What one company has used.
#[derive(Debug, Default)]
struct Used {
    minute: i64,
    requests: u32,
    batches: u32,
    second: i64,
    this_second: u32,
    running: u32,
}

/// The counters of all companies.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    limits: Mutex<Limits>,
    used: Mutex<HashMap<String, Used>>,
    month: Mutex<Month>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter {
    pub(crate) fn limit(&self, limits: Limits) {
        *lock(&self.limits) = limits;
        lock(&self.used).clear();
        *lock(&self.month) = Month::default();
    }

    /// The reads of this month since the limits were set.
    pub(crate) fn reads_this_month(&self) -> u32 {
        lock(&self.month).reads()
    }

    /// How the reads are refused, if they exceed the month's limit; else they are counted.
    fn refuses(&self, reads: u32, now: Timestamp) -> Option<ReadRefusal> {
        let limits = self.limits();
        (!lock(&self.month).takes(reads, limits.reads_per_month, now)).then_some(limits.read_refusal)
    }

    pub(crate) fn limits(&self) -> Limits {
        *lock(&self.limits)
    }

    /// Counts a request, unless it is one too many.
    fn begin(&self, realm: &str, is_batch: bool, now: i64) -> bool {
        let limits = self.limits();
        let mut all = lock(&self.used);
        let used = all.entry(realm.to_owned()).or_default();
        if used.minute != now / 60 {
            *used = Used { minute: now / 60, running: used.running, ..Used::default() };
        }
        if used.second != now {
            (used.second, used.this_second) = (now, 0);
        }
        let over = |count: u32, limit: u32| limit > 0 && count >= limit;
        if over(used.requests, limits.requests_per_minute)
            || over(used.this_second, limits.requests_per_second)
            || over(used.running, limits.concurrent)
            || (is_batch && over(used.batches, limits.batches_per_minute))
        {
            return false;
        }
        used.requests += 1;
        used.this_second += 1;
        used.batches += u32::from(is_batch);
        used.running += 1;
        true
    }

    fn end(&self, realm: &str) {
        if let Some(used) = lock(&self.used).get_mut(realm) {
            used.running = used.running.saturating_sub(1);
        }
    }
}

/// Counts one running request, also when its client goes away before the answer.
struct Running<'a>(&'a Meter, &'a str);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

/// The layer around the API. What it refuses is in the ledger as well.
pub(crate) async fn layer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut parts = path.trim_start_matches("/v3/company/").split('/');
    let (realm, call) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let now = shared.clock().now();
    if !path.starts_with("/v3/company/") {
        return next.run(request).await;
    }
    let (mut request, cost) = measured(request).await;
    let (method, query) = (request.method().clone(), request.uri().query().unwrap_or_default().to_owned());
    let recorded = |response: Response| {
        shared.calls.record("quickbooks", &method, &path, &query, response.status(), cost);
        response
    };
    if !shared.meter.begin(realm, call == "batch", now.as_second()) {
        return recorded(fault::throttled(now.as_millisecond()));
    }
    let _running = Running(&shared.meter, realm);
    if let Some(how) = shared.meter.refuses(cost.reads, now) {
        return recorded(refused(how, now));
    }
    request.extensions_mut().insert(cost);
    next.run(request).await
}

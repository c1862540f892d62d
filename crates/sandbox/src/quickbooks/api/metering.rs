//! The meter of reads: what a call costs, and the limit of one app in a calendar month, for all companies together.

use crate::quickbooks::fault;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a read beyond the month's limit is refused. Nobody has recorded it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadRefusal {
    /// HTTP 429 with `Retry-After` up to the next month.
    #[default]
    Throttle,
    /// HTTP 403 in the gateway's envelope, of type `SERVICE`.
    Forbidden,
}

/// The metered and the other calls in one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cost {
    pub(crate) reads: u32,
    pub(crate) writes: u32,
}

impl Cost {
    const READ: Self = Self { reads: 1, writes: 0 };
    const WRITE: Self = Self { reads: 0, writes: 1 };

    fn of_batch(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let items = body["BatchItemRequest"].as_array().map(Vec::as_slice).unwrap_or_default();
        let reads = items.iter().filter(|item| item["Query"].is_string()).count();
        let count = |calls: usize| u32::try_from(calls).unwrap_or(u32::MAX);
        Self { reads: count(reads), writes: count(items.len() - reads) }
    }
}

/// The request, and what it costs: a read for each GET and each query, also within a batch.
pub(super) async fn measured(request: Request) -> (Request, Cost) {
    let path = request.uri().path();
    if request.method() == Method::GET || path.ends_with("/query") {
        return (request, Cost::READ);
    }
    if !path.ends_with("/batch") {
        return (request, Cost::WRITE);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let cost = Cost::of_batch(&bytes);
    (Request::from_parts(parts, Body::from(bytes)), cost)
}

/// The reads of the app in one month, which begins at midnight UTC.
#[derive(Debug, Default)]
pub(super) struct Month {
    month: (i16, i8),
    reads: u32,
}

impl Month {
    /// Counts the reads, unless they exceed the limit; zero for none.
    pub(super) fn takes(&mut self, reads: u32, limit: u32, now: Timestamp) -> bool {
        let date = now.to_zoned(TimeZone::UTC).date();
        let month = (date.year(), date.month());
        if self.month != month {
            *self = Self { month, reads: 0 };
        }
        if reads > 0 && limit > 0 && self.reads.saturating_add(reads) > limit {
            return false;
        }
        self.reads = self.reads.saturating_add(reads);
        true
    }

    pub(super) fn reads(&self) -> u32 {
        self.reads
    }
}

/// Refuses a read until the next month.
pub(super) fn refused(how: ReadRefusal, now: Timestamp) -> Response {
    match how {
        ReadRefusal::Throttle => {
            let zoned = now.to_zoned(TimeZone::UTC);
            let next = zoned.first_of_month().and_then(|first| first.start_of_day());
            let next = next.and_then(|first| first.checked_add(1.month())).map(|next| next.timestamp());
            let wait = next.map_or(86_400, |next| now.duration_until(next).as_secs().max(1));
            ([(header::RETRY_AFTER, wait.to_string())], fault::throttled(now.as_millisecond())).into_response()
        }
        ReadRefusal::Forbidden => fault::metered(now.as_millisecond()),
    }
}

//! Metering of calls: the cost of a request, and the refusal of reads beyond the month's limit.

use super::refusals;
use crate::meter::ReadRefusal;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use sandbox_core::calls::Cost;
use serde_json::Value;

const READ: Cost = Cost { reads: 1, writes: 0 };
const WRITE: Cost = Cost { reads: 0, writes: 1 };

/// Counts the items of a batch.
fn cost_of_batch(body: &[u8]) -> Cost {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = body["BatchItemRequest"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reads = items.iter().filter(|item| item["Query"].is_string()).count();
    let count = |calls: usize| u32::try_from(calls).unwrap_or(u32::MAX);
    Cost { reads: count(reads), writes: count(items.len() - reads) }
}

/// Returns the request with its cost. Each GET and each query is a read, in a batch as well.
pub(super) async fn measure(request: Request) -> (Request, Cost) {
    let path = request.uri().path();
    if request.method() == Method::GET || path.ends_with("/query") {
        return (request, READ);
    }
    if !path.ends_with("/batch") {
        return (request, WRITE);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let cost = cost_of_batch(&bytes);
    (Request::from_parts(parts, Body::from(bytes)), cost)
}

/// Refuses a read until the next month.
pub(super) fn refuse_read(refusal: ReadRefusal, now: Timestamp) -> Response {
    match refusal {
        ReadRefusal::Throttle => {
            let zoned = now.to_zoned(TimeZone::UTC);
            let next = zoned.first_of_month().and_then(|first| first.start_of_day());
            let next = next.and_then(|first| first.checked_add(1.month())).map(|next| next.timestamp());
            let wait = next.map_or(86_400, |next| now.duration_until(next).as_secs().max(1));
            ([(header::RETRY_AFTER, wait.to_string())], refusals::throttled(now.as_millisecond())).into_response()
        }
        ReadRefusal::Forbidden => refusals::metered(now.as_millisecond()),
    }
}

//! Limits of requests and batches for each company, and of the app's reads in a month.

use super::{
    metering::{measure, refuse_read},
    refusals,
};
use crate::{meter::Meter, shared::Shared};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
/// Ends a request in the count of running requests, even if the client disconnects before the answer.
struct RunningRequest<'a>(&'a Meter, &'a str);

impl Drop for RunningRequest<'_> {
    fn drop(&mut self) {
        self.0.end_request(self.1);
    }
}

/// Refuses calls beyond the limits, and logs the refusals.
pub async fn layer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut parts = path.trim_start_matches("/v3/company/").split('/');
    let (realm, call) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let now = shared.clock().now();
    if !path.starts_with("/v3/company/") {
        return next.run(request).await;
    }
    let (mut request, cost) = measure(request).await;
    let (method, query) = (request.method().clone(), request.uri().query().unwrap_or_default().to_owned());
    let record_call = |response: Response| {
        shared.calls().record("quickbooks", &method, &path, &query, response.status(), cost);
        response
    };
    if !shared.meter.begin_request(realm, call == "batch", now.as_second()) {
        return record_call(refusals::throttled(now.as_millisecond()));
    }
    let _running = RunningRequest(&shared.meter, realm);
    if let Some(refusal) = shared.meter.count_reads(cost.reads, now) {
        return record_call(refuse_read(refusal, now));
    }
    request.extensions_mut().insert(cost);
    next.run(request).await
}

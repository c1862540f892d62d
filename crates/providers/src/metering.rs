//! Metering of QuickBooks calls. Intuit limits the reads of an app in a calendar month and refuses further reads.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::{fmt, time::Duration};

/// The metered cost of an HTTP call.
///
/// A GET is a read (including queries and change data capture), and so is each query of a batch. Intuit does not
/// document whether a batch counts as one read, so the larger number is assumed. A POST that creates or changes an
/// object is a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Reads, which Intuit meters.
    pub reads: u32,
    /// Writes, which Intuit does not meter.
    pub writes: u32,
}

impl Cost {
    /// The cost of a request. `queries` is the number of queries in its body, if it is a batch.
    pub(crate) fn of_request(method: &Method, queries: Option<u32>) -> Self {
        match queries {
            Some(reads) => Self { reads, writes: 0 },
            None if *method == Method::GET => Self { reads: 1, writes: 0 },
            None => Self { reads: 0, writes: 1 },
        }
    }
}

/// Counts the calls of one company, and holds back background reads.
pub trait Meter: fmt::Debug + Send + Sync {
    /// Whether this number of background reads may be sent now. If so, they are counted.
    fn admit_reads(&self, reads: u32) -> bool;
    /// Counts a call. This happens before the answer, because the provider may count the call even if the answer is
    /// lost.
    fn count_call(&self, cost: Cost);
    /// Takes back a counted call that did not reach the provider.
    fn uncount_call(&self, cost: Cost);
    /// Records that the provider answered a read, or refused it because the month's reads are used up.
    fn record_answer(&self, is_refused: bool);
}

/// A 429 that asks to wait at least this long is not about calls per minute.
const MONTHLY_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);
/// Codes of the gateway for a token that does not allow the call.
const TOKEN_CODES: [&str; 4] = ["3100", "003100", "3200", "003200"];
/// Codes of the gateway for too many calls in a minute, which may come with 403.
const THROTTLE_CODES: [&str; 4] = ["3001", "003001", "3002", "003002"];

/// Whether a 429 with this `Retry-After` is about the month's reads, so that writes can continue.
pub(crate) fn is_monthly_limit(cost: Cost, retry_after: Option<Duration>) -> bool {
    cost.reads > 0 && retry_after.is_some_and(|retry_after| retry_after >= MONTHLY_RETRY_AFTER)
}

/// Whether the provider refuses reads. No recording of such an answer exists, so two forms are recognised: a 429 that
/// asks for a long wait, and a 403 of the gateway that is not about the token.
pub(crate) fn refuses_reads(cost: Cost, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> bool {
    if cost.reads == 0 {
        return false;
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => is_monthly_limit(cost, retry_after),
        StatusCode::FORBIDDEN => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let error = match &body["fault"]["error"] {
                Value::Array(errors) => errors.first().unwrap_or(&Value::Null),
                error => error,
            };
            let code = match &error["code"] {
                Value::Number(code) => code.to_string(),
                code => code.as_str().unwrap_or_default().to_owned(),
            };
            let message = error["message"].as_str().unwrap_or_default();
            body["fault"]["type"] == "SERVICE"
                && !TOKEN_CODES.contains(&code.as_str())
                && !THROTTLE_CODES.contains(&code.as_str())
                && !message.contains("Authorization")
                && !message.contains("ThrottleExceeded")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Cost = Cost { reads: 1, writes: 0 };
    const WRITE: Cost = Cost { reads: 0, writes: 1 };

    #[test]
    fn counts_each_query_of_a_batch_as_a_read() {
        assert_eq!(Cost::of_request(&Method::GET, None), READ);
        assert_eq!(Cost::of_request(&Method::POST, None), WRITE);
        assert_eq!(Cost::of_request(&Method::POST, Some(8)), Cost { reads: 8, writes: 0 });
    }

    #[test]
    fn recognises_both_forms_of_a_monthly_refusal() {
        let gateway = |code: &str, kind: &str| {
            format!(
                r#"{{"fault":{{"error":[{{"message":"message=X; errorCode=00{code}; statusCode=403","detail":null,"code":"{code}"}}],"type":"{kind}"}}}}"#
            )
        };
        let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
        let (throttled, forbidden) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::FORBIDDEN);
        assert!(refuses_reads(READ, throttled, minutes(60), b""));
        assert!(!refuses_reads(READ, throttled, minutes(1), b""), "a limit per minute");
        assert!(!refuses_reads(READ, throttled, None, b""));
        assert!(!refuses_reads(WRITE, throttled, minutes(60), b""), "writes are not metered");
        assert!(refuses_reads(READ, forbidden, None, gateway("3003", "SERVICE").as_bytes()));
        assert!(
            !refuses_reads(READ, forbidden, None, gateway("3100", "SERVICE").as_bytes()),
            "another company's token"
        );
        assert!(!refuses_reads(READ, forbidden, None, gateway("3003", "AUTHORIZATION").as_bytes()));
        for throttle in ["3001", "3002"] {
            assert!(
                !refuses_reads(READ, forbidden, None, gateway(throttle, "SERVICE").as_bytes()),
                "a limit per minute"
            );
        }
        let throttled_by_message = gateway("3003", "SERVICE").replace("message=X", "message=ThrottleExceeded");
        assert!(!refuses_reads(READ, forbidden, None, throttled_by_message.as_bytes()));
        let refused_token = gateway("3200", "SERVICE");
        let number = refused_token.replace(r#""code":"3200""#, r#""code":3200"#);
        let object = refused_token.replace(['[', ']'], "");
        for body in [refused_token, number, object] {
            assert!(!refuses_reads(READ, forbidden, None, body.as_bytes()), "{body}");
        }
        assert!(!refuses_reads(WRITE, forbidden, None, gateway("3003", "SERVICE").as_bytes()));
        assert!(!refuses_reads(READ, forbidden, None, b"<html>"), "a page of a proxy");
        assert!(!refuses_reads(READ, StatusCode::BAD_REQUEST, None, gateway("3003", "SERVICE").as_bytes()));
    }
}

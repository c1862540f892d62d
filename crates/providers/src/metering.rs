//! The meter of QuickBooks' calls: Intuit counts what an app reads in a month, and refuses reads beyond it.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::{fmt, time::Duration};

/// What one HTTP call counts as.
///
/// A read is a GET, as a query or change data capture, and each query of a batch: whether Intuit counts a batch as one is
/// not documented, so the larger number is assumed. A write is a POST that creates or changes something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Metered by Intuit.
    pub reads: u32,
    /// Not metered.
    pub writes: u32,
}

impl Cost {
    /// The cost of a request; `queries` are those in its body, where it is a batch.
    pub(crate) fn of(method: &Method, queries: Option<u32>) -> Self {
        match queries {
            Some(reads) => Self { reads, writes: 0 },
            None if *method == Method::GET => Self { reads: 1, writes: 0 },
            None => Self { reads: 0, writes: 1 },
        }
    }
}

/// Counts the calls of one company, and holds back reads that nobody waits for.
pub trait Meter: fmt::Debug + Send + Sync {
    /// Whether so many reads that nobody waits for may be made now; they count as made then.
    fn admits_reads(&self, reads: u32) -> bool;
    /// A call is sent. Counted before its answer: it may have arrived, whatever becomes of the answer.
    fn count_call(&self, cost: Cost);
    /// A call that was counted did not reach the provider.
    fn discount_call(&self, cost: Cost);
    /// The provider has answered a read, or refused it because the month's reads are used up.
    fn note_answer(&self, is_refused: bool);
}

/// A 429 that asks to wait for longer is no matter of calls in a minute.
const FAR: Duration = Duration::from_secs(15 * 60);
/// The gateway's codes for a token that may not do this.
const AUTHORIZATION: [&str; 4] = ["3100", "003100", "3200", "003200"];
/// And for too many calls in a minute, which the gateway may answer with 403.
const THROTTLE: [&str; 4] = ["3001", "003001", "3002", "003002"];

/// Whether a 429 with this pause is about the month's reads, so that writes can go on.
pub(crate) fn is_far(cost: Cost, asked: Option<Duration>) -> bool {
    cost.reads > 0 && asked.is_some_and(|asked| asked >= FAR)
}

/// Whether the provider refuses reading as such. Nobody has recorded how that looks, so two forms are recognised: a 429 that asks for a
/// long wait, and a 403 of the gateway itself that is not about the token.
pub(crate) fn refuses_reads(cost: Cost, status: StatusCode, asked: Option<Duration>, body: &[u8]) -> bool {
    if cost.reads == 0 {
        return false;
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => is_far(cost, asked),
        StatusCode::FORBIDDEN => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let error = &body["fault"]["error"][0];
            let code = error["code"].as_str().unwrap_or_default();
            let message = error["message"].as_str().unwrap_or_default();
            body["fault"]["type"] == "SERVICE"
                && !AUTHORIZATION.contains(&code)
                && !THROTTLE.contains(&code)
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
    fn a_batch_costs_its_queries() {
        assert_eq!(Cost::of(&Method::GET, None), READ);
        assert_eq!(Cost::of(&Method::POST, None), WRITE);
        assert_eq!(Cost::of(&Method::POST, Some(8)), Cost { reads: 8, writes: 0 });
    }

    #[test]
    fn both_forms_of_a_metered_refusal_are_recognised() {
        let gateway = |code: &str, kind: &str| {
            format!(
                r#"{{"fault":{{"error":[{{"message":"message=X; errorCode=00{code}; statusCode=403","detail":null,"code":"{code}"}}],"type":"{kind}"}}}}"#
            )
        };
        let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
        let (throttled, forbidden) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::FORBIDDEN);
        assert!(refuses_reads(READ, throttled, minutes(60), b""));
        assert!(!refuses_reads(READ, throttled, minutes(1), b""), "too many in a minute");
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
                "too many in a minute"
            );
        }
        let named = gateway("3003", "SERVICE").replace("message=X", "message=ThrottleExceeded");
        assert!(!refuses_reads(READ, forbidden, None, named.as_bytes()));
        assert!(!refuses_reads(WRITE, forbidden, None, gateway("3003", "SERVICE").as_bytes()));
        assert!(!refuses_reads(READ, forbidden, None, b"<html>"), "a network's own page");
        assert!(!refuses_reads(READ, StatusCode::BAD_REQUEST, None, gateway("3003", "SERVICE").as_bytes()));
    }
}

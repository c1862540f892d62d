//! Classifies failed answers by their HTTP status and by the refusal in the provider's own format. After a page of a CDN
//! or a firewall, it is unknown whether the call had an effect.

use crate::{
    ProviderError,
    error::{Fault, Refusal},
    http::AnswerFormat,
};
use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// Wait after a throttle without `Retry-After`. QuickBooks documents 60 seconds.
pub(crate) const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// QuickBooks' code for a list that it cannot return because of one row, with status 400 or 500. It refuses the same
/// list again.
pub(crate) const UNREADABLE_ROW: &str = "4002";

/// A parsed body.
pub(crate) enum Body {
    /// JSON.
    Json(Value),
    /// Any other body, and why it is not JSON.
    Other(Vec<u8>, serde_json::Error),
}

impl Body {
    pub(crate) fn parse(bytes: Vec<u8>) -> Self {
        match crate::json::parse_body(&bytes) {
            Ok(value) => Self::Json(value),
            Err(error) => Self::Other(bytes, error),
        }
    }
}

/// The meaning of a refusal for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The provider would refuse the call again.
    Refused,
    /// The provider did not accept the access token.
    TokenRefused,
    /// The grant does not allow the call.
    NotPermitted,
    /// The keys and the company belong to different environments.
    WrongEnvironment,
    /// Too many calls.
    Throttled,
    /// The provider failed, or received the call before. The call may have had an effect.
    Undecided,
}

/// A refusal that was read from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportedRefusal {
    pub(crate) meaning: Meaning,
    pub(crate) faults: Vec<Fault>,
}

impl ReportedRefusal {
    pub(crate) fn into_error(self, status: StatusCode, call_id: String) -> ProviderError {
        let mut faults = self.faults.into_iter();
        let first = faults.next().unwrap_or_default();
        let code = if first.code.is_empty() { status.as_u16().to_string() } else { first.code };
        let refusal = Refusal {
            code,
            detail: first.detail,
            element: first.element,
            call_id: call_id.into(),
            status: status.as_u16(),
            others: faults.collect(),
        };
        match self.meaning {
            Meaning::Refused => ProviderError::Refused(refusal),
            Meaning::TokenRefused => ProviderError::TokenRefused,
            Meaning::NotPermitted => ProviderError::NotPermitted(refusal.into()),
            Meaning::WrongEnvironment => ProviderError::WrongEnvironment(refusal.into()),
            Meaning::Throttled => ProviderError::Busy(DEFAULT_RETRY_AFTER),
            Meaning::Undecided => ProviderError::unknown(format!("status {status}, code {}", refusal.code)),
        }
    }
}

/// Classifies an answer that is not a success. `is_read` is set for calls that cannot have an effect.
pub(crate) fn classify_failure(
    status: StatusCode,
    call_id: String,
    retry_after: Option<Duration>,
    body: Vec<u8>,
    format: AnswerFormat,
    is_read: bool,
) -> ProviderError {
    let reported = (format.read_refusal)(&Body::parse(body));
    match (status, reported) {
        (status, Some(reported)) if reported.meaning == Meaning::WrongEnvironment => {
            reported.into_error(status, call_id)
        }
        (status, Some(reported)) if is_read && reported.faults.iter().any(|fault| fault.code == UNREADABLE_ROW) => {
            reported.into_error(status, call_id)
        }
        (StatusCode::TOO_MANY_REQUESTS, _) => ProviderError::Busy(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)),
        (status, _) if status.is_server_error() || status.is_redirection() => {
            ProviderError::unknown(format!("status {status}"))
        }
        // The body does not matter: if the grant has ended, refreshing the token shows it.
        (StatusCode::UNAUTHORIZED, _) => ProviderError::TokenRefused,
        (StatusCode::NOT_FOUND, Some(_)) => ProviderError::NotFound,
        (status, Some(reported)) => reported.into_error(status, call_id),
        // The body is not in the provider's format. A proxy may have written it after it had passed the call on.
        (status, None) => ProviderError::Blocked(status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).expect("a status");
        let format = AnswerFormat { provider: "a provider", read_refusal: |_| None };
        classify_failure(status, String::new(), None, body.into(), format, false)
    }

    /// If such an answer counted as "no effect", Fatura would resend a write without looking it up.
    #[test]
    fn a_gateway_answer_leaves_the_outcome_unknown() {
        // A gateway also answers 503 if its connection to the provider broke after it had passed the call on.
        for status in [500, 502, 503, 504, 520, 524, 302] {
            for body in ["", "<html>Bad gateway</html>", "{}"] {
                let error = classify(status, body);
                assert!(matches!(error, ProviderError::Unknown(_)), "{status} {body}: {error:?}");
            }
        }
        for status in [400, 403, 404, 408, 413, 422] {
            let error = classify(status, "<html>Bad request</html>");
            assert!(matches!(error, ProviderError::Blocked(answered) if answered == status), "{status}: {error:?}");
        }
        assert!(matches!(classify(429, ""), ProviderError::Busy(pause) if pause == DEFAULT_RETRY_AFTER));
    }
}

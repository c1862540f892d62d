//! The outcome of an answer: by its status, and by what the provider says in its own words. A page that a CDN or a firewall puts in
//! the provider's place says nothing of what became of the call.

use crate::{
    ProviderError,
    error::{Fault, Refusal},
    http::Explain,
};
use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// Wait after a throttle that names no time: QuickBooks documents 60 seconds.
pub(crate) const BUSY_DEFAULT: Duration = Duration::from_secs(60);

/// QuickBooks stumbles over one row of a list, with 400 or with 500: that list it refuses again.
const INVALID_ROW: &str = "4002";

/// The body of an answer, parsed once.
pub(crate) enum Body {
    /// JSON.
    Json(Value),
    /// Anything else, and why it is not JSON.
    Other(Vec<u8>, serde_json::Error),
}

impl Body {
    pub(crate) fn parse(bytes: Vec<u8>) -> Self {
        match crate::json::parse(&bytes) {
            Ok(value) => Self::Json(value),
            Err(error) => Self::Other(bytes, error),
        }
    }
}

/// What the caller does next, by the provider's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It would be refused again.
    Refused,
    /// The access token was not taken.
    TokenRefused,
    /// The grant does not allow it.
    NotPermitted,
    /// Keys and company belong to different environments.
    WrongEnvironment,
    /// Too many calls.
    Throttled,
    /// The provider's own breakdown, or a repeat of a call that it has: it may have been carried out.
    Undecided,
}

/// A refusal in the provider's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) meaning: Meaning,
    pub(crate) faults: Vec<Fault>,
}

impl Told {
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
            Meaning::Throttled => ProviderError::Busy(BUSY_DEFAULT),
            Meaning::Undecided => ProviderError::unknown(format!("status {status}, code {}", refusal.code)),
        }
    }
}

/// What an answer means that is no success.
pub(crate) fn classify(
    status: StatusCode,
    call_id: String,
    asked: Option<Duration>,
    body: Vec<u8>,
    explain: Explain,
) -> ProviderError {
    let told = (explain.refusal)(&Body::parse(body));
    match (status, told) {
        (status, Some(told)) if told.meaning == Meaning::WrongEnvironment => told.into_error(status, call_id),
        (status, Some(told)) if told.faults.iter().any(|fault| fault.code == INVALID_ROW) => {
            told.into_error(status, call_id)
        }
        (StatusCode::TOO_MANY_REQUESTS, _) => ProviderError::Busy(asked.unwrap_or(BUSY_DEFAULT)),
        (status, _) if status.is_server_error() || status.is_redirection() => {
            ProviderError::unknown(format!("status {status}"))
        }
        // Whatever it says: where the grant has ended, renewing the token shows it.
        (StatusCode::UNAUTHORIZED, _) => ProviderError::TokenRefused,
        (StatusCode::NOT_FOUND, Some(_)) => ProviderError::NotFound,
        (status, Some(told)) => told.into_error(status, call_id),
        // Not the provider's own words: the call may have passed whoever wrote them, with whatever status.
        (status, None) => ProviderError::Blocked(status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).expect("a status");
        let explain = Explain { provider: "a provider", refusal: |_| None };
        classify(status, String::new(), None, body.into(), explain)
    }

    /// Taken for not carried out, a write would be sent again under no doubt.
    #[test]
    fn a_gateway_does_not_say_whether_the_call_was_carried_out() {
        // A gateway answers 503 also where the connection behind it broke after the call was passed on.
        for status in [500, 502, 503, 504, 520, 524, 302] {
            for body in ["", "<html>Bad gateway</html>", "{}"] {
                let error = classified(status, body);
                assert!(matches!(error, ProviderError::Unknown(_)), "{status} {body}: {error:?}");
            }
        }
        for status in [400, 403, 404, 408, 413, 422] {
            let error = classified(status, "<html>Bad request</html>");
            assert!(matches!(error, ProviderError::Blocked(answered) if answered == status), "{status}: {error:?}");
        }
        assert!(matches!(classified(429, ""), ProviderError::Busy(pause) if pause == BUSY_DEFAULT));
    }
}

//! Rate limits: requests in two seconds for each token, and a daily budget of tokens for each company.
//!
//! The cost of a call is that of its operation. The budget is 30,000 for each seat. Every answer reports the
//! remainder in headers.

use axum::http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const BURST_WINDOW_SECONDS: i64 = 2;
const DAY_SECONDS: i64 = 86_400;
const DAILY_TOKENS_FOR_EACH_SEAT: u64 = 30_000;

/// Limits. Zero means no limit.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// Requests of one token in two seconds.
    pub(crate) burst: u64,
    /// Tokens a day for each user of the company.
    pub(crate) daily_for_each_seat: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { burst: 80, daily_for_each_seat: DAILY_TOKENS_FOR_EACH_SEAT }
    }
}

impl Limits {
    pub(crate) const NONE: Self = Self { burst: 0, daily_for_each_seat: 0 };
}

/// Usage by token and by company: the window and the count.
#[derive(Debug, Default)]
struct Usage {
    limits: Limits,
    requests: HashMap<String, (i64, u64)>,
    tokens: HashMap<i64, (i64, u64)>,
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Usage>);

/// Whether a request is allowed, and what remains of the limits after it.
pub(super) struct RateLimitStatus {
    allowed: bool,
    limit: u64,
    remaining: u64,
    reset: i64,
    daily: u64,
}

impl Meter {
    pub(crate) fn set_limits(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Usage { limits, ..Usage::default() };
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limits
    }

    /// Counts a call of a company's token.
    pub(super) fn count_call(&self, token: &str, company: i64, seats: u64, cost: u64, now: i64) -> RateLimitStatus {
        let mut usage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Limits { burst, daily_for_each_seat } = usage.limits;
        let limit = if burst == 0 { Limits::default().burst } else { burst };
        let budget = if daily_for_each_seat == 0 { DAILY_TOKENS_FOR_EACH_SEAT } else { daily_for_each_seat } * seats;
        let requests = usage.requests.entry(token.to_owned()).or_default();
        if requests.0 != now / BURST_WINDOW_SECONDS {
            *requests = (now / BURST_WINDOW_SECONDS, 0);
        }
        requests.1 += 1;
        let count = requests.1;
        let tokens = usage.tokens.entry(company).or_default();
        if tokens.0 != now / DAY_SECONDS {
            *tokens = (now / DAY_SECONDS, 0);
        }
        let is_over = (burst > 0 && count > burst) || (daily_for_each_seat > 0 && tokens.1 + cost > budget);
        if !is_over {
            tokens.1 += cost;
        }
        RateLimitStatus {
            allowed: !is_over,
            limit,
            remaining: limit.saturating_sub(count),
            reset: BURST_WINDOW_SECONDS - now % BURST_WINDOW_SECONDS,
            daily: budget.saturating_sub(tokens.1),
        }
    }
}

impl RateLimitStatus {
    pub(super) fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Writes the remainder to the headers of an answer.
    pub(super) fn write_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-daily-requests-left", self.daily.to_string()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        if !self.allowed {
            headers.insert("retry-after", HeaderValue::from(BURST_WINDOW_SECONDS));
        }
    }
}

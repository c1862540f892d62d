//! Rate limits: requests in two seconds for each token, and a company's budget of tokens for each day.
//!
//! What a call costs stands with its operation; the budget is 30,000 for each seat. Every answer tells what is left.

use crate::world::Shared;
use axum::http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const WINDOW_SECONDS: i64 = 2;
const DAY_SECONDS: i64 = 86_400;
const A_SEAT: u64 = 30_000;

/// The limits; zero for none.
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
        Self { burst: 80, daily_for_each_seat: A_SEAT }
    }
}

impl Limits {
    pub(crate) const NONE: Self = Self { burst: 0, daily_for_each_seat: 0 };
}

/// What has been used, by token and by company: of which window, and how much.
#[derive(Debug, Default)]
struct Used {
    limits: Limits,
    requests: HashMap<String, (i64, u64)>,
    tokens: HashMap<i64, (i64, u64)>,
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Used>);

/// What is left after a request, or that it is one too many.
pub(super) struct Left {
    allowed: bool,
    limit: u64,
    remaining: u64,
    reset: i64,
    daily: u64,
}

impl Meter {
    pub(crate) fn limit(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Used { limits, ..Used::default() };
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limits
    }

    /// Counts a call of a company's token.
    pub(super) fn spend(&self, shared: &Shared, token: &str, company: i64, cost: u64) -> Left {
        let (seats, now) = {
            let world = shared.world_untouched();
            let users = world.pipedrive.company(company).map_or(0, |company| company.users.len());
            (users as u64, world.clock.epoch())
        };
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Limits { burst, daily_for_each_seat } = used.limits;
        let limit = if burst == 0 { Limits::default().burst } else { burst };
        let budget = if daily_for_each_seat == 0 { A_SEAT } else { daily_for_each_seat } * seats;
        let requests = used.requests.entry(token.to_owned()).or_default();
        if requests.0 != now / WINDOW_SECONDS {
            *requests = (now / WINDOW_SECONDS, 0);
        }
        requests.1 += 1;
        let count = requests.1;
        let tokens = used.tokens.entry(company).or_default();
        if tokens.0 != now / DAY_SECONDS {
            *tokens = (now / DAY_SECONDS, 0);
        }
        let over = (burst > 0 && count > burst) || (daily_for_each_seat > 0 && tokens.1 + cost > budget);
        if !over {
            tokens.1 += cost;
        }
        Left {
            allowed: !over,
            limit,
            remaining: limit.saturating_sub(count),
            reset: WINDOW_SECONDS - now % WINDOW_SECONDS,
            daily: budget.saturating_sub(tokens.1),
        }
    }
}

impl Left {
    pub(super) fn allowed(&self) -> bool {
        self.allowed
    }

    /// Says it in the headers of an answer.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
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
            headers.insert("retry-after", HeaderValue::from(WINDOW_SECONDS));
        }
    }
}

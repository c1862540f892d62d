//! Rate limits: requests in two seconds for each token, and a company's budget of tokens for each day.
//!
//! Costs are those of the OpenAPI documents (`x-token-cost`), by version and kind of call; the budget is 30,000 for each
//! seat. Every answer tells what is left.

use crate::{oauth::bearer, world::Shared};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
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
struct Left {
    allowed: bool,
    limit: u64,
    remaining: u64,
    daily: u64,
}

impl Meter {
    pub(crate) fn limit(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Used { limits, ..Used::default() };
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limits
    }

    fn spend(&self, token: &str, company: i64, seats: u64, cost: u64, now: i64) -> Left {
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
        Left { allowed: !over, limit, remaining: limit.saturating_sub(count), daily: budget.saturating_sub(tokens.1) }
    }
}

/// What a call costs.
fn cost(method: &Method, path: &str) -> u64 {
    let v2 = path.starts_with("/api/v2");
    let one = path.rsplit('/').next().is_some_and(|last| last == "me" || last.parse::<u64>().is_ok());
    let of_v2 = match *method {
        Method::GET if path.to_ascii_lowercase().contains("search") => 20,
        Method::GET if one => 1,
        Method::GET => 10,
        Method::DELETE => 3,
        _ => 5,
    };
    if v2 { of_v2 } else { of_v2 * 2 }
}

/// The layer around the API.
pub(crate) async fn layer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let token = bearer(request.headers()).unwrap_or_default().to_owned();
    let (who, now) = {
        let world = shared.world_untouched();
        let now = world.clock.epoch();
        let company =
            world.pipedrive.grants.of_access(&token, now).and_then(|grant| world.pipedrive.company(grant.company_id));
        (company.map(|company| (company.id, company.users.len() as u64)), now)
    };
    let Some((company, seats)) = who else { return next.run(request).await };
    let left = shared.pipedrive_meter.spend(&token, company, seats, cost(request.method(), request.uri().path()), now);
    let mut response = if left.allowed {
        next.run(request).await
    } else {
        let body = json!({
            "success": false, "error": "request over limit", "errorCode": 429, "data": null, "additional_data": null,
            "error_info": "Please check developers.pipedrive.com for more information about Pipedrive API.",
        });
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", WINDOW_SECONDS.to_string())], Json(body)).into_response()
    };
    tell(response.headers_mut(), &left, WINDOW_SECONDS - now % WINDOW_SECONDS);
    response
}

fn tell(headers: &mut HeaderMap, left: &Left, reset: i64) {
    for (name, value) in [
        ("x-ratelimit-limit", left.limit.to_string()),
        ("x-ratelimit-remaining", left.remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-daily-requests-left", left.daily.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

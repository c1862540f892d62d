//! Pipedrive's REST API: v2, and the parts of v1 that v2 does not reach.

mod deal_parts;
mod notes;
mod search;
mod v1;
mod v2;
mod webhooks;

use super::{Company, User};
use crate::{oauth::bearer, world::Shared};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .nest("/api/v1", v1_router())
        .nest("/v1", v1_router())
        .nest("/api/v2", v2::router().merge(deal_parts::router()).merge(search::router()))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "Unknown method .").into_response())
        .with_state(shared)
}

fn v1_router() -> Router<Shared> {
    v1::router().merge(notes::router()).merge(webhooks::router())
}

/// A call that is refused.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
    code: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    /// A body or parameter that is not what the API takes.
    fn invalid(message: impl std::fmt::Display) -> Self {
        Self {
            code: Some("ERR_SCHEMA_VALIDATION_FAILED"),
            ..Self::new(StatusCode::BAD_REQUEST, format!("Parameter validation error: {message}"))
        }
    }

    fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "success": false, "error": self.message, "data": null, "additional_data": null,
            "error_info": "Please check developers.pipedrive.com for more information about Pipedrive API.",
        });
        if let Some(code) = self.code {
            body["code"] = json!(code);
        }
        if matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            body["errorCode"] = json!(self.status.as_u16());
        }
        (self.status, Json(body)).into_response()
    }
}

type Answer = Result<Response, Refusal>;

/// The company and user of a call, if its token is good for one of `scopes`.
fn with_user(
    shared: &Shared,
    headers: &HeaderMap,
    scopes: &[&str],
    answer: impl FnOnce(&mut Company, &User, &str) -> Answer,
) -> Response {
    let mut world = shared.world();
    let now = world.clock.pipedrive();
    let epoch = world.clock.epoch();
    let unauthorized = || Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized access").into_response();
    let Some(grant) = bearer(headers).and_then(|token| world.pipedrive.grants.of_access(token, epoch)) else {
        return unauthorized();
    };
    if !scopes.is_empty() && !grant.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
        return Refusal::new(StatusCode::FORBIDDEN, "Scope and URL mismatch").into_response();
    }
    let (company_id, user_id) = (grant.company_id, grant.user_id);
    let moment = world.clock.now();
    let answered = world.pipedrive.act(company_id, moment, |company| {
        let user = company.user(user_id).cloned()?;
        Some(answer(company, &user, &now).unwrap_or_else(IntoResponse::into_response))
    });
    answered.flatten().unwrap_or_else(unauthorized)
}

/// An answer with one record.
fn one(status: StatusCode, data: &Value) -> Response {
    (status, Json(json!({ "success": true, "data": data }))).into_response()
}

/// The parameters of a list that all lists share.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Page {
    cursor: Option<String>,
    limit: Option<usize>,
}

impl Page {
    fn bounds(&self) -> Result<(usize, usize), Refusal> {
        let limit = self.limit.unwrap_or(100);
        if !(1..=500).contains(&limit) {
            return Err(Refusal::invalid("limit must be between 1 and 500"));
        }
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => BASE64_URL_SAFE
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
                .ok_or_else(|| Refusal::invalid("cursor is not valid"))?,
        };
        Ok((start, limit))
    }

    /// One page of rows, and the cursor that names where the next begins.
    fn of(&self, rows: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let (start, limit) = self.bounds()?;
        let next = (start + limit < rows.len()).then(|| BASE64_URL_SAFE.encode((start + limit).to_string()));
        Ok((rows.into_iter().skip(start).take(limit).collect(), next))
    }

    fn answer(&self, rows: Vec<Value>) -> Answer {
        let (data, next) = self.of(rows)?;
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "next_cursor": next } })).into_response())
    }
}

/// A page as v1 has it: by start and limit.
fn v1_page(rows: Vec<Value>, start: Option<usize>, limit: Option<usize>) -> Response {
    let (start, limit) = (start.unwrap_or(0), limit.unwrap_or(100).clamp(1, 500));
    let more = start + limit < rows.len();
    let mut pagination = json!({ "start": start, "limit": limit, "more_items_in_collection": more });
    if more {
        pagination["next_start"] = json!(start + limit);
    }
    let data: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    Json(json!({ "success": true, "data": data, "additional_data": { "pagination": pagination } })).into_response()
}

//! What every answer of the API looks like: one record, a page of a list, a refusal; and the body of a request.

use crate::pipedrive::acts::Wrong;
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) type Answer = Result<Response, Refusal>;

/// A call that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    code: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    /// A body or parameter that is not what the API takes.
    pub(super) fn invalid(message: impl std::fmt::Display) -> Self {
        Self {
            code: Some("ERR_SCHEMA_VALIDATION_FAILED"),
            ..Self::new(StatusCode::BAD_REQUEST, format!("Parameter validation error: {message}"))
        }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "You do not have permissions to do this.")
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Invalid(message) => Self::invalid(message),
            Wrong::NotFound(what) => Self::not_found(&what),
            Wrong::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, message),
        }
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
        if matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
            body["errorCode"] = json!(self.status.as_u16());
        }
        (self.status, Json(body)).into_response()
    }
}

/// An answer with one record, or a list that has no pages.
pub(super) fn one(status: StatusCode, data: &Value) -> Response {
    (status, Json(json!({ "success": true, "data": data }))).into_response()
}

/// The parameters of a list of v2 that all lists share.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<String>,
}

const LIMIT: usize = 100;
const LIMIT_MOST: usize = 500;

impl Page {
    fn bounds(&self) -> Result<(usize, usize), Refusal> {
        let limit = match &self.limit {
            None => LIMIT,
            Some(text) => text.parse().map_err(|_| Refusal::invalid("limit must be an integer"))?,
        };
        if !(1..=LIMIT_MOST).contains(&limit) {
            return Err(Refusal::invalid("limit must be between 1 and 500"));
        }
        let start = match self.cursor.as_deref() {
            None | Some("") => 0,
            Some(cursor) => BASE64_URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("from:")?.parse().ok())
                .ok_or_else(|| Refusal::invalid("cursor is not valid"))?,
        };
        Ok((start, limit))
    }

    /// One page of rows, and the cursor that names where the next begins.
    pub(super) fn of(&self, rows: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let (start, limit) = self.bounds()?;
        let next =
            (start + limit < rows.len()).then(|| BASE64_URL_SAFE_NO_PAD.encode(format!("from:{}", start + limit)));
        Ok((rows.into_iter().skip(start).take(limit).collect(), next))
    }

    pub(super) fn answer(&self, rows: Vec<Value>) -> Answer {
        let (data, next) = self.of(rows)?;
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "next_cursor": next } })).into_response())
    }
}

/// The parameters of a list of v1.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct V1Page {
    pub(super) start: Option<String>,
    pub(super) limit: Option<String>,
}

impl V1Page {
    /// One page of rows, and what `additional_data.pagination` says of it.
    pub(super) fn of(&self, rows: Vec<Value>) -> Result<(Vec<Value>, Value), Refusal> {
        let number = |text: &Option<String>, otherwise: usize| match text.as_deref() {
            None | Some("") => Ok(otherwise),
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Bad request: start and limit must be numbers")),
        };
        let (start, limit) = (number(&self.start, 0)?, number(&self.limit, LIMIT)?.clamp(1, LIMIT_MOST));
        let more = start + limit < rows.len();
        let mut pagination = json!({ "start": start, "limit": limit, "more_items_in_collection": more });
        if more {
            pagination["next_start"] = json!(start + limit);
        }
        Ok((rows.into_iter().skip(start).take(limit).collect(), pagination))
    }

    /// A page of a list; an empty list is null, as v1 has it for records.
    pub(super) fn answer(&self, rows: Vec<Value>) -> Answer {
        let (data, pagination) = self.of(rows)?;
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "pagination": pagination } }))
            .into_response())
    }
}

/// The body of a request: JSON, or a form, whose values are texts; null without one.
pub(super) struct Body(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"))?;
        if bytes.is_empty() {
            return Ok(Self(Value::Null));
        }
        if kind.starts_with("application/x-www-form-urlencoded") {
            let pairs = url::form_urlencoded::parse(&bytes).map(|(name, value)| (name.into_owned(), json!(value)));
            return Ok(Self(pairs.collect()));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|_| Refusal::invalid("the body must be JSON"))
    }
}

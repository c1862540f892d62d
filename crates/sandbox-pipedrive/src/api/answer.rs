//! Bodies of requests, and answers of the API: a record, a page of a list, a refusal.

use crate::action_error::ActionError;
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

/// A refused call.
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

    /// Refuses an invalid body or parameter.
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

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Invalid(message) => Self::invalid(message),
            ActionError::NotFound(what) => Self::not_found(&what),
            ActionError::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, message),
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

/// Answers with one record, or with a list that has no pages.
pub(super) fn data_response(status: StatusCode, data: &Value) -> Response {
    (status, Json(json!({ "success": true, "data": data }))).into_response()
}

/// The parameters that all lists of v2 share.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<String>,
}

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

impl Page {
    fn bounds(&self) -> Result<(usize, usize), Refusal> {
        let limit = match &self.limit {
            None => DEFAULT_LIMIT,
            Some(text) => text.parse().map_err(|_| Refusal::invalid("limit must be an integer"))?,
        };
        if !(1..=MAX_LIMIT).contains(&limit) {
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

    /// Returns one page of rows, and the cursor of the next page.
    pub(super) fn slice(&self, rows: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let (start, limit) = self.bounds()?;
        let next =
            (start + limit < rows.len()).then(|| BASE64_URL_SAFE_NO_PAD.encode(format!("from:{}", start + limit)));
        Ok((rows.into_iter().skip(start).take(limit).collect(), next))
    }

    pub(super) fn answer(&self, rows: Vec<Value>) -> Answer {
        let (data, next) = self.slice(rows)?;
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "next_cursor": next } })).into_response())
    }
}

/// The parameters that all lists of v1 share.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct V1Page {
    pub(super) start: Option<String>,
    pub(super) limit: Option<String>,
}

impl V1Page {
    /// Returns one page of rows, and the content of `additional_data.pagination`.
    pub(super) fn slice(&self, rows: Vec<Value>) -> Result<(Vec<Value>, Value), Refusal> {
        let number = |text: &Option<String>, default: usize| match text.as_deref() {
            None | Some("") => Ok(default),
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Bad request: start and limit must be numbers")),
        };
        let (start, limit) = (number(&self.start, 0)?, number(&self.limit, DEFAULT_LIMIT)?.clamp(1, MAX_LIMIT));
        let more = start + limit < rows.len();
        let mut pagination = json!({ "start": start, "limit": limit, "more_items_in_collection": more });
        if more {
            pagination["next_start"] = json!(start + limit);
        }
        Ok((rows.into_iter().skip(start).take(limit).collect(), pagination))
    }

    /// Answers with one page of a list.
    pub(super) fn answer(&self, rows: Vec<Value>) -> Answer {
        let (data, pagination) = self.slice(rows)?;
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "pagination": pagination } }))
            .into_response())
    }
}

/// The body of a request: JSON, or a form with texts as values. Null if the request has none.
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

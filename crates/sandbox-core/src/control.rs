//! Answers and bodies that the routes of the control port share.

use crate::mishap::Mishap;
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

/// Refuses a request of a test with a message.
pub fn refusal(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({ "error": message.into() }))).into_response()
}

/// Refuses a request that names something that does not exist.
pub fn not_found(what: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, format!("no such {what}"))
}

/// Body of a request for webhook mishaps.
#[derive(Debug, Deserialize)]
pub struct NewMishap {
    /// The mishap.
    pub effect: Mishap,
    /// Number of deliveries that it affects.
    #[serde(default = "default_times")]
    pub times: u64,
}

fn default_times() -> u64 {
    1
}

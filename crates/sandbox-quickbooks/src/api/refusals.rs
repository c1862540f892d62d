//! Refusals as HTTP answers: those of the API, and those of Intuit's gateway in front of it.

use crate::fault::Fault;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

impl Fault {
    pub(crate) fn response(&self, time: &str) -> Response {
        (self.status(), Json(json!({ "Fault": self.body(), "time": time }))).into_response()
    }
}

/// Refuses a token at the gateway, in the gateway's lower-case envelope.
pub(crate) fn unauthenticated(detail: &str, epoch_millis: i64) -> Response {
    let body = json!({
        "warnings": null, "intuitObject": null,
        "fault": {
            "error": [{ "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401", "detail": detail, "code": "3200", "element": null }],
            "type": "AUTHENTICATION",
        },
        "report": null, "queryResponse": null, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": null,
        "requestId": null, "time": epoch_millis, "status": null, "cdcresponse": [],
    });
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"Intuit\", error=\"invalid_token\"")];
    (StatusCode::UNAUTHORIZED, challenge, Json(body)).into_response()
}

/// Refuses a token of another company.
pub fn unauthorized(epoch_millis: i64) -> Response {
    forbidden("message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", epoch_millis)
}

/// Refuses a token without the scope of the API.
pub fn scope_missing(epoch_millis: i64) -> Response {
    forbidden("message=AuthorizationFailed; errorCode=003100; statusCode=403", epoch_millis)
}

fn forbidden(message: &str, epoch_millis: i64) -> Response {
    let body = json!({
        "warnings": null, "intuitObject": null,
        "fault": {
            "error": [{ "message": message, "detail": null, "code": "3100", "element": null }],
            "type": "SERVICE",
        },
        "report": null, "queryResponse": null, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": null,
        "requestId": null, "time": epoch_millis, "status": null, "cdcresponse": [],
    });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// Refuses a request beyond a rate limit.
pub fn throttled(epoch_millis: i64) -> Response {
    let body = json!({
        "warnings": null, "intuitObject": null,
        "fault": {
            "error": [{ "message": "message=ThrottleExceeded; errorCode=003001; statusCode=429", "detail": "The request limit was reached.", "code": "3001", "element": null }],
            "type": "SERVICE",
        },
        "report": null, "queryResponse": null, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": null,
        "requestId": null, "time": epoch_millis, "status": null, "cdcresponse": [],
    });
    (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response()
}

/// Refuses a read beyond the month's limit. Intuit documents no answer for this; the code is made up.
pub(crate) fn metered(epoch_millis: i64) -> Response {
    let body = json!({
        "warnings": null, "intuitObject": null,
        "fault": {
            "error": [{ "message": "message=QuotaExceeded; errorCode=003003; statusCode=403", "detail": null, "code": "3003", "element": null }],
            "type": "SERVICE",
        },
        "report": null, "queryResponse": null, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": null,
        "requestId": null, "time": epoch_millis, "status": null, "cdcresponse": [],
    });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

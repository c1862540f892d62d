//! Refusals, as QuickBooks words them.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// One refusal of the API.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    detail: String,
    element: String,
}

impl Fault {
    pub(crate) fn validation(code: &'static str, message: &str, detail: impl Into<String>, element: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "ValidationFault",
            code,
            message: message.into(),
            detail: detail.into(),
            element: element.into(),
        }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::validation(
            "2020",
            "Required param missing, need to supply the required value for the API",
            format!("Required parameter {parameter} is missing in the request"),
            parameter,
        )
    }

    pub(crate) fn unsupported_property(name: &str) -> Self {
        Self::validation(
            "2010",
            "Request has invalid or unsupported property",
            format!("Property Name:{name} specified is unsupported or invalid"),
            name,
        )
    }

    pub(crate) fn too_long(element: &str, max: usize, supplied: usize) -> Self {
        Self::validation(
            "2050",
            "String length is either shorter or longer than supported by specification",
            format!(
                "String length specified does not match the supported length. Min:0 Max:{max} supported. Supplied length:{supplied}"
            ),
            element,
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::validation(
            "610",
            "Object Not Found",
            "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            "",
        )
    }

    pub(crate) fn deleted() -> Self {
        Self::validation("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.", "")
    }

    pub(crate) fn invalid_reference(element: &str) -> Self {
        Self::validation(
            "2500",
            "Invalid Reference Id",
            "Invalid Reference Id : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            element,
        )
    }

    pub(crate) fn stale() -> Self {
        Self::validation(
            "5010",
            "Stale Object Error",
            "Stale Object Error : You and Dana Whitfield were working on this at the same time. Dana Whitfield finished before you did, so your work was not saved.",
            "",
        )
    }

    pub(crate) fn business(detail: &str) -> Self {
        Self::validation(
            "6000",
            "A business validation error has occurred while processing your request",
            format!("Business Validation Error: {detail}"),
            "",
        )
    }

    pub(crate) fn unsupported(operation: &str) -> Self {
        Self::validation("500", "Unsupported Operation", format!("Operation {operation} is not supported."), "")
    }

    /// The `Fault` object alone, as in a batch answer.
    pub(crate) fn body(&self) -> Value {
        json!({
            "Error": [{ "Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element }],
            "type": self.kind,
        })
    }

    pub(crate) fn response(&self, time: &str) -> Response {
        (self.status, Json(json!({ "Fault": self.body(), "time": time }))).into_response()
    }
}

/// The gateway's own refusal of a token: another shape, in lower case.
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

/// A token that belongs to another company.
pub(crate) fn unauthorized(epoch_millis: i64) -> Response {
    let body = json!({
        "fault": {
            "error": [{ "message": "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", "detail": "", "code": "3100", "element": null }],
            "type": "AUTHORIZATION",
        },
        "time": epoch_millis,
    });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

//! Answers that no handler of the sandbox gives: pages of a CDN, and faults in every spelling that was seen of Intuit.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A page that stands in the provider's place.
pub(super) fn page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title><meta charset=\"utf-8\"></head><body><h1>{status}</h1>\
         <p>The request could not be satisfied.<br>Ray ID: 8f2c1d0e7a6b5c4d</p></body></html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8"), (header::SERVER, "cloudfront")], body).into_response()
}

/// A fault as it is asked for: its code alone, or all of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Asked {
    /// In the words that the sandbox has for this code.
    Code(String),
    /// Word for word.
    Written(Box<Written>),
}

/// A fault, word for word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Written {
    /// The HTTP status.
    #[serde(default = "bad_request")]
    status: u16,
    /// `code` (a text or a number), `Message`, `Detail`, `element`, each as it is answered.
    errors: Vec<Value>,
    /// `Error` is the first error, and no array.
    #[serde(default)]
    object: bool,
    /// The type.
    #[serde(default = "validation", rename = "type")]
    kind: String,
}

fn bad_request() -> u16 {
    400
}

fn validation() -> String {
    "ValidationFault".into()
}

impl Written {
    pub(super) fn response(&self, time: &str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let errors = if self.object { self.errors.first().cloned().unwrap_or_default() } else { json!(self.errors) };
        (status, Json(json!({ "Fault": { "Error": errors, "type": self.kind }, "time": time }))).into_response()
    }
}

/// What the gateway answers as XML though JSON was asked for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Xml {
    /// The token is not taken: 401, code 100.
    Authentication,
    /// The same with 403 and code 3200.
    Forbidden,
    /// A company of another environment: 401, code 130.
    WrongCluster,
    /// Too many calls: 403.
    Throttle,
}

impl Xml {
    pub(super) fn response(self, time: &str) -> Response {
        let (status, kind, code, message, detail) = match self {
            Self::Authentication => (
                StatusCode::UNAUTHORIZED,
                "AuthenticationFault",
                "100",
                "General Authentication Error",
                "AuthenticationFailed",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "AUTHENTICATION",
                "3200",
                "message=AuthenticationFailed; errorCode=003200; statusCode=403",
                "Token revoked",
            ),
            Self::WrongCluster => (
                StatusCode::UNAUTHORIZED,
                "AuthenticationFault",
                "130",
                "Accessing Wrong Cluster",
                "AuthenticationFailed: the company is in another cluster",
            ),
            Self::Throttle => (
                StatusCode::FORBIDDEN,
                "SERVICE",
                "3001",
                "message=ThrottleExceeded; errorCode=003001; statusCode=403",
                "The request limit was reached.",
            ),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><IntuitResponse time=\"{time}\" \
             xmlns=\"http://schema.intuit.com/finance/v3\"><Fault type=\"{kind}\"><Error code=\"{code}\"><Message>{message}</Message>\
             <Detail>{detail}</Detail></Error></Fault></IntuitResponse>"
        );
        (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

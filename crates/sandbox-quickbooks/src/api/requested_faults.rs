//! Faults that a test requests: by their code, word for word, or as the gateway's XML.

use crate::fault::Fault;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A fault as a test requests it: its code, or all of its members.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestedFault {
    /// A code. The sandbox supplies the message.
    Code(String),
    /// A fault, word for word.
    Verbatim(Box<VerbatimFault>),
}

impl RequestedFault {
    /// Answers with the fault. `time` is the answer's member of that name.
    pub fn response(&self, time: &str) -> Response {
        match self {
            Self::Code(code) => Fault::from_code(code).response(time),
            Self::Verbatim(fault) => fault.response(time),
        }
    }
}

/// A fault, word for word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VerbatimFault {
    /// HTTP status.
    #[serde(default = "default_status")]
    status: u16,
    /// Errors as in the answer: `code` (a text or a number), `Message`, `Detail`, `element`.
    errors: Vec<Value>,
    /// Whether `Error` is the first error itself instead of an array.
    #[serde(default)]
    object: bool,
    /// Type of the fault.
    #[serde(default = "default_kind", rename = "type")]
    kind: String,
}

fn default_status() -> u16 {
    400
}

fn default_kind() -> String {
    "ValidationFault".into()
}

impl VerbatimFault {
    fn response(&self, time: &str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let errors = if self.object { self.errors.first().cloned().unwrap_or_default() } else { json!(self.errors) };
        (status, Json(json!({ "Fault": { "Error": errors, "type": self.kind }, "time": time }))).into_response()
    }
}

/// A refusal that the gateway writes as XML, even if the request accepts JSON.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XmlFault {
    /// An invalid token: 401, code 100.
    Authentication,
    /// An invalid token: 403, code 3200.
    Forbidden,
    /// A company of another environment: 401, code 130.
    WrongCluster,
    /// Too many calls: 403.
    Throttle,
}

impl XmlFault {
    /// Answers with the fault. `time` is an attribute of the answer.
    pub fn response(self, time: &str) -> Response {
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

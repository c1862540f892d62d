//! QuickBooks tells that something has changed. Answered at once; the reading is a job.

use super::error::note_security;
use super::limits::MAX_WEBHOOK_BYTES;
use crate::{
    flows::sync,
    security::{self, Event},
    state::App,
};
use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
};
use providers::quickbooks::{may_be_signature, read_changed_realms};
use secrecy::ExposeSecret;
use std::time::Duration;

/// Intuit waits for an answer for three seconds; a body that takes much longer is not Intuit's, and takes memory meanwhile.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Takes a webhook. Without a signature that may be one, its body is not read.
pub(crate) async fn quickbooks(State(app): State<App>, headers: HeaderMap, body: Body) -> StatusCode {
    let verifier = &app.config.quickbooks_verifier_token;
    let signature = headers.get("intuit-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if verifier.expose_secret().is_empty() || !may_be_signature(signature) {
        count("no");
        security::record(Event::SignatureRefused, None);
        return StatusCode::UNAUTHORIZED;
    }
    let body = match tokio::time::timeout(BODY_DEADLINE, to_bytes(body, MAX_WEBHOOK_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
    };
    let realms = read_changed_realms(&body, signature, verifier);
    drop(body);
    count(if realms.is_some() { "yes" } else { "no" });
    let Some(realms) = realms else {
        security::record(Event::SignatureRefused, None);
        return StatusCode::UNAUTHORIZED;
    };
    match sync::mark_companies_changed(&app, realms).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            note_security(&error);
            tracing::error!(error = &error as &dyn std::error::Error, "a webhook was not kept; it will come again");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn count(believed: &'static str) {
    metrics::counter!("fatura_webhooks_total", "believed" => believed).increment(1);
}

//! Webhooks of QuickBooks. The request only marks the companies as changed; a job reads the changes.

use super::error::record_security_event;
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

/// Upper bound for the arrival of the body. Intuit waits three seconds for an answer, so a much slower body is not Intuit's. It would
/// only occupy memory.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Receives a webhook. The body is read only if the signature header looks like a signature.
pub(crate) async fn receive_quickbooks(State(app): State<App>, headers: HeaderMap, body: Body) -> StatusCode {
    let verifier = &app.config.quickbooks_verifier_token;
    let signature = headers.get("intuit-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if verifier.expose_secret().is_empty() || !may_be_signature(signature) {
        count_webhook("no");
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
    count_webhook(if realms.is_some() { "yes" } else { "no" });
    let Some(realms) = realms else {
        security::record(Event::SignatureRefused, None);
        return StatusCode::UNAUTHORIZED;
    };
    match sync::mark_companies_changed(&app, realms).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            record_security_event(&error);
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a webhook was not stored; Intuit will send it again"
            );
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn count_webhook(accepted: &'static str) {
    metrics::counter!("fatura_webhooks_total", "accepted" => accepted).increment(1);
}

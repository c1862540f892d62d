//! QuickBooks tells that something has changed. Answered at once; the reading is a job.

use crate::{
    flows::follow,
    security::{self, Event},
    state::App,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use providers::quickbooks::changed_realms;
use secrecy::ExposeSecret;

pub(crate) async fn quickbooks(State(app): State<App>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verifier = &app.config.quickbooks_verifier_token;
    let signature = headers.get("intuit-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if verifier.expose_secret().is_empty() {
        return StatusCode::UNAUTHORIZED;
    }
    let realms = changed_realms(&body, signature, verifier);
    metrics::counter!("fatura_webhooks_total", "believed" => if realms.is_some() { "yes" } else { "no" }).increment(1);
    let Some(realms) = realms else {
        security::record(Event::SignatureRefused, None);
        return StatusCode::UNAUTHORIZED;
    };
    match follow::heard(&app, realms).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a webhook was not kept; it will come again");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

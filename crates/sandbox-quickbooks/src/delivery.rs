//! Delivery of webhooks to the app's endpoint.

use crate::shared::Shared;
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Interval at which an empty queue is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Upper bound for the app's answer to a delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);

/// Computes the signature of a body, as Intuit sends it.
fn signature(verifier_token: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, verifier_token.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, body))
}

/// Delivers webhooks until the sandbox stops.
pub async fn deliver(shared: Shared, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = {
            let mut state = shared.state();
            let now = shared.clock().now();
            state.webhooks.take_due(now)
        };
        let Some((endpoint, delivery)) = next else {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
            continue;
        };
        let created = delivery.due.to_string();
        let request = shared
            .http()
            .post(&endpoint.url)
            .timeout(DELIVERY_TIMEOUT)
            .header("content-type", "application/json")
            .header("user-agent", "intuit_notification_server/0.1")
            .header("intuit-signature", signature(&endpoint.verifier_token, delivery.body.as_bytes()))
            .header("intuit-created-time", created)
            .header("intuit-t-id", Uuid::new_v4().to_string())
            .header("intuit-notification-schema-version", "0.1")
            .body(delivery.body.clone());
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        let mut state = shared.state_mut();
        let now = shared.clock().now();
        state.webhooks.record_answer(&endpoint, delivery, status, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hash_of_the_body() {
        // The expected value is the output of: printf '{}' | openssl dgst -sha256 -hmac secret -binary | base64
        assert_eq!(signature("secret", b"{}"), "dzJZAsrKgS3CWXM6rNBGtzgXNyx3e42VtAJkdHRRbhM=");
    }
}

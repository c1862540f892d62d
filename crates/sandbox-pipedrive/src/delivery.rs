//! Delivery of webhooks to the app's subscriptions.

use crate::{records::Resource, shared::Shared, webhooks::record_answer};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Interval at which an empty queue is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Upper bound for the app's answer to a delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Delivers webhooks until the sandbox stops.
pub async fn deliver(shared: Shared, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = {
            let mut state = shared.state();
            let now = shared.clock().now();
            let delivery = state.webhooks.take_due(now);
            delivery.and_then(|delivery| {
                let company = state.company(delivery.company)?;
                let webhook = company.records.get(Resource::Webhook, delivery.webhook)?.clone();
                Some((delivery, webhook))
            })
        };
        let Some((delivery, webhook)) = next else {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
            continue;
        };
        let mut request = shared
            .http()
            .post(webhook["subscription_url"].as_str().unwrap_or_default())
            .timeout(DELIVERY_TIMEOUT)
            .json(&delivery.body);
        if let Some(user) = webhook["http_auth_user"].as_str() {
            request = request.basic_auth(user, webhook["http_auth_password"].as_str());
        }
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        let mut state = shared.state_mut();
        let now = shared.clock().now();
        let state = &mut *state;
        if let Some(company) = state.companies.iter_mut().find(|company| company.id == delivery.company) {
            record_answer(&mut state.webhooks, company, delivery, status, now);
        }
    }
}

//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Upper bound for waiting for a condition.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
/// Pause between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls until there is a value, and returns it. Panics after 20 seconds.
pub(crate) async fn wait_for<T>(what: &str, poll: impl AsyncFnMut() -> Option<T>) -> T {
    wait_within(DEFAULT_TIMEOUT, what, poll).await
}

/// Polls until a condition holds. Panics after 20 seconds.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    wait_for(what, async || condition().await.then_some(())).await;
}

/// Polls until there is a value, and returns it. Panics after `timeout`.
pub(crate) async fn wait_within<T>(timeout: Duration, what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {} s: {what}", timeout.as_secs());
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

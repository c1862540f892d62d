//! Waits for the outcome of an operation. Requests read its row again only then.

use crate::state::App;
use std::time::Duration;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};
use uuid::Uuid;

/// Upper bound for one wait, because an announcement may be lost.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// Waits for announcements about one operation.
pub(super) struct OutcomeWaiter {
    outcomes: Receiver<Uuid>,
    operation: Uuid,
}

impl OutcomeWaiter {
    /// Subscribes to the outcomes of an operation. Call it before the first read, so that no outcome between the two is missed.
    pub(super) fn new(app: &App, operation: Uuid) -> Self {
        Self { outcomes: app.db.subscribe_to_outcomes(), operation }
    }

    /// Waits until an attempt at the operation has ended, or for half a second.
    pub(super) async fn wait(&mut self) {
        let ended = async {
            loop {
                match self.outcomes.recv().await {
                    Ok(operation) if operation != self.operation => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = timeout(MAX_WAIT, ended).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::sync::broadcast;

    #[tokio::test]
    async fn only_an_outcome_of_the_operation_ends_a_wait_early() {
        let [ours, other] = [1, 2].map(Uuid::from_u128);
        let sender = broadcast::Sender::new(4);
        let mut waiter = OutcomeWaiter { outcomes: sender.subscribe(), operation: ours };
        let begun = Instant::now();
        sender.send(other).expect("a subscriber");
        sender.send(ours).expect("a subscriber");
        waiter.wait().await;
        assert!(begun.elapsed() < MAX_WAIT);
        sender.send(other).expect("a subscriber");
        waiter.wait().await;
        assert!(begun.elapsed() >= MAX_WAIT);
        drop(sender);
        waiter.wait().await;
        assert!(begun.elapsed() >= 2 * MAX_WAIT, "no busy loop");
    }
}

//! Waits for changes of a company. Requests that wait for the outcome of an operation read its row again only then.

use super::context::TenantContext;
use domain::ids::TenantId;
use std::time::Duration;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

/// Upper bound for one wait, because an announcement may be lost.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// Waits for announcements of changes of one company.
pub(super) struct ChangeWaiter {
    announcements: Receiver<TenantId>,
    tenant: TenantId,
}

impl ChangeWaiter {
    /// Subscribes to the company's changes. Call it before the first read, so that no change between the two is missed.
    pub(super) fn new(context: &TenantContext) -> Self {
        Self { announcements: context.app.db.subscribe_to_announcements(), tenant: context.tenant }
    }

    /// Waits until data of the company changed, or for half a second.
    pub(super) async fn wait(&mut self) {
        let changed = async {
            loop {
                match self.announcements.recv().await {
                    Ok(tenant) if tenant != self.tenant => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = timeout(MAX_WAIT, changed).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::sync::broadcast;
    use uuid::Uuid;

    #[tokio::test]
    async fn only_a_change_of_the_company_ends_a_wait_early() {
        let [ours, other] = [1, 2].map(|id| TenantId(Uuid::from_u128(id)));
        let sender = broadcast::Sender::new(4);
        let mut waiter = ChangeWaiter { announcements: sender.subscribe(), tenant: ours };
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

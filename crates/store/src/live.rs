//! Announces to the open pages, on every replica, that data of a company has changed, and to the requests that wait for the outcome of an
//! operation that it has one.
//!
//! On PostgreSQL by NOTIFY, on SQLite within the process. An announcement may be lost, so pages also reload after a while.

use crate::{Db, Error, db::Pool};
use domain::ids::TenantId;
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::{sync::broadcast, time::timeout};
use uuid::Uuid;

const CHANNEL: &str = "fatura_changed";
const OUTCOME_CHANNEL: &str = "fatura_outcome";
/// Time without an announcement after which the connection is checked.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of announcements that a slow subscriber may lag behind.
const MAX_LAG: usize = 1024;

/// The announcements within this process.
#[derive(Debug, Clone)]
pub(crate) struct Announcements {
    changes: broadcast::Sender<TenantId>,
    outcomes: broadcast::Sender<Uuid>,
}

impl Announcements {
    pub(crate) fn new() -> Self {
        Self { changes: broadcast::Sender::new(MAX_LAG), outcomes: broadcast::Sender::new(MAX_LAG) }
    }
}

impl Db {
    /// Announces that data of a company has changed. Call it after the commit.
    pub async fn announce(&self, tenant: TenantId) {
        let sent = match &self.pool {
            Pool::Sqlite { .. } => {
                // Without an open page there is no subscriber.
                let _ = self.live.changes.send(tenant);
                Ok(())
            }
            Pool::Postgres(pool) => sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(tenant.0.to_string())
                .execute(pool)
                .await
                .map(drop),
        };
        if let Err(error) = sent {
            tracing::warn!(tenant.id = %tenant.0, %error, "a change was not announced");
        }
    }

    /// Announces that an attempt at an operation of a company has ended. Call it after the commit.
    pub async fn announce_outcome(&self, tenant: TenantId, operation: Uuid) {
        let sent = match &self.pool {
            Pool::Sqlite { .. } => {
                let _ = self.live.outcomes.send(operation);
                let _ = self.live.changes.send(tenant);
                Ok(())
            }
            Pool::Postgres(pool) => sqlx::query("SELECT pg_notify($1, $2), pg_notify($3, $4)")
                .bind(OUTCOME_CHANNEL)
                .bind(operation.to_string())
                .bind(CHANNEL)
                .bind(tenant.0.to_string())
                .execute(pool)
                .await
                .map(drop),
        };
        if let Err(error) = sent {
            tracing::warn!(tenant.id = %tenant.0, %error, "an outcome was not announced");
        }
    }

    /// Subscribes to the announcements of changes from now on.
    pub fn subscribe_to_announcements(&self) -> broadcast::Receiver<TenantId> {
        self.live.changes.subscribe()
    }

    /// Subscribes to the announcements of outcomes from now on: the ids of the operations of all companies.
    pub fn subscribe_to_outcomes(&self) -> broadcast::Receiver<Uuid> {
        self.live.outcomes.subscribe()
    }

    /// Forwards the announcements of other replicas until the connection fails. Never returns on SQLite, which has no other replicas.
    pub async fn forward_announcements(&self) -> Result<(), Error> {
        let Pool::Postgres(pool) = &self.pool else {
            return std::future::pending().await;
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all([CHANNEL, OUTCOME_CHANNEL]).await?;
        loop {
            let Ok(notification) = timeout(PING_INTERVAL, listener.recv()).await else {
                // Either nothing was announced, or the connection is dead.
                match timeout(PING_TIMEOUT, sqlx::query("SELECT 1").execute(&mut listener)).await {
                    Ok(answer) => answer?,
                    Err(_) => return Ok(()),
                };
                continue;
            };
            let notification = notification?;
            let Ok(id) = notification.payload().parse::<Uuid>() else { continue };
            if notification.channel() == OUTCOME_CHANNEL {
                let _ = self.live.outcomes.send(id);
            } else {
                let _ = self.live.changes.send(TenantId(id));
            }
        }
    }
}

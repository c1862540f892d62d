//! Announces to the open pages, on every replica, that data of a company has changed.
//!
//! On PostgreSQL by NOTIFY, on SQLite within the process. An announcement may be lost, so pages also reload after a while.

use crate::{Db, Error, db::Pool};
use domain::ids::TenantId;
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::{sync::broadcast, time::timeout};
use uuid::Uuid;

const CHANNEL: &str = "fatura_changed";
/// Time without an announcement after which the connection is checked.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of announcements that a slow subscriber may lag behind.
const MAX_LAG: usize = 1024;

pub(crate) fn open_channel() -> broadcast::Sender<TenantId> {
    broadcast::Sender::new(MAX_LAG)
}

impl Db {
    /// Announces that data of a company has changed. Call it after the commit.
    pub async fn announce(&self, tenant: TenantId) {
        let sent = match &self.pool {
            Pool::Sqlite { .. } => {
                // Without an open page there is no subscriber.
                let _ = self.live.send(tenant);
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

    /// Subscribes to the announcements from now on.
    pub fn subscribe_to_announcements(&self) -> broadcast::Receiver<TenantId> {
        self.live.subscribe()
    }

    /// Forwards the announcements of other replicas until the connection fails. Never returns on SQLite, which has no other replicas.
    pub async fn forward_announcements(&self) -> Result<(), Error> {
        let Pool::Postgres(pool) = &self.pool else {
            return std::future::pending().await;
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let Ok(notification) = timeout(PING_INTERVAL, listener.recv()).await else {
                // Either nothing was announced, or the connection is dead.
                match timeout(PING_TIMEOUT, sqlx::query("SELECT 1").execute(&mut listener)).await {
                    Ok(answer) => answer?,
                    Err(_) => return Ok(()),
                };
                continue;
            };
            if let Ok(tenant) = notification?.payload().parse::<Uuid>() {
                let _ = self.live.send(TenantId(tenant));
            }
        }
    }
}

//! Telling the open pages, on every replica, that something of a company has changed.
//!
//! On PostgreSQL by NOTIFY, on SQLite within the one process. An announcement may be lost: pages look again by
//! themselves after a while.

use crate::{Db, Error, db::Pool};
use domain::ids::TenantId;
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::{sync::broadcast, time::timeout};
use uuid::Uuid;

const CHANNEL: &str = "fatura_changed";
/// Where nothing is announced for so long, it is asked whether anything would come through.
const QUIET: Duration = Duration::from_secs(30);
const ANSWERED: Duration = Duration::from_secs(5);
/// Announcements that a slow page may be behind.
const BEHIND_MOST: usize = 1024;

pub(crate) fn channel() -> broadcast::Sender<TenantId> {
    broadcast::Sender::new(BEHIND_MOST)
}

impl Db {
    /// Announces that something of a company has changed. Call it after the commit.
    pub async fn announce(&self, tenant: TenantId) {
        let told = match &self.pool {
            Pool::Sqlite { .. } => {
                // Nobody listens: nobody has a page open.
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
        if let Err(error) = told {
            tracing::warn!(tenant.id = %tenant.0, %error, "a change was not announced");
        }
    }

    /// The announcements from now on.
    pub fn announcements(&self) -> broadcast::Receiver<TenantId> {
        self.live.subscribe()
    }

    /// Passes on what other replicas announce, until the connection fails or falls silent; on SQLite there are none, and it never returns.
    pub async fn listen(&self) -> Result<(), Error> {
        let Pool::Postgres(pool) = &self.pool else {
            return std::future::pending().await;
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let Ok(notification) = timeout(QUIET, listener.recv()).await else {
                // Nothing was told, or nothing comes through any more.
                match timeout(ANSWERED, sqlx::query("SELECT 1").execute(&mut listener)).await {
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

//! Starting and stopping the service.

use crate::{
    config::Config,
    jobs::{
        self,
        replicas::{self, Replica},
    },
    state::App,
    telemetry, web,
};
use secrecy::ExposeSecret;
use std::time::Duration;
use store::Db;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long jobs under way may take to end when the service is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Serves pages and works jobs until `stop`; then finishes what is under way.
pub async fn serve(config: Config, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let db = Db::open(config.database_url.expose_secret()).await?;
    db.migrate().await?;
    let app = App::new(config, db, stop.clone())?;
    let replica = Replica::new();
    replicas::look(&app, replica).await?;
    let figures = telemetry::serve(&app, stop.clone()).await?;
    let mut work = jobs::start(&app)?;
    let watchers = [
        tokio::spawn(jobs::recover(app.clone(), stop.clone())),
        tokio::spawn(jobs::sweep(app.clone(), stop.clone())),
        tokio::spawn(jobs::tend(app.clone(), stop.clone())),
        tokio::spawn(jobs::listen(app.clone(), stop.clone())),
        tokio::spawn(jobs::keep_time(app.clone(), replica, stop.clone())),
        figures,
    ];
    tracing::info!(public_url = %app.config.public_url, listen = %listener.local_addr()?, "ready");
    let delay = Duration::from_secs(app.config.shutdown_delay_seconds.into());
    axum::serve(listener, web::router(app)).with_graceful_shutdown(ending(stop, delay)).await?;
    for watcher in watchers {
        watcher.await?;
    }
    if tokio::time::timeout(DRAIN, work.stop()).await.is_err() {
        tracing::warn!("jobs were still under way; they are taken up again after the next start");
    }
    Ok(())
}

/// Resolves a while after the service was told to stop: until then it says that it is not ready, and takes what load
/// balancers that have not asked yet still send.
async fn ending(stop: CancellationToken, delay: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(delay).await;
}

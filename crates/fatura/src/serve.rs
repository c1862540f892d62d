//! Starting and stopping the service.

use crate::{
    config::Config,
    connections::ConnectionLimit,
    jobs::{
        self,
        replicas::{self, Replica},
    },
    keys,
    state::App,
    telemetry, web,
};
use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use secrecy::ExposeSecret;
use std::{net::SocketAddr, time::Duration};
use store::Db;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How long jobs under way may take to end after the signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection may take to its first request.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// And to the next one: longer than load balancers keep a connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves pages and works jobs until `stop`; then finishes what is under way.
pub async fn serve(config: Config, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let address = config.database_url.expose_secret();
    let _lock = Db::acquire_process_lock(address)?;
    let db = Db::open(address).await?;
    db.migrate().await?;
    let app = App::new(config, db, stop.clone())?;
    if let Some(wrong) = keys::wrong(&app.db, &app.vault).await? {
        anyhow::bail!(wrong);
    }
    let replica = Replica::new();
    replicas::record_heartbeat(&app, replica).await?;
    // The counts of other replicas are known before the first call.
    app.flush_counts().await?;
    let figures = telemetry::serve(&app, stop.clone()).await?;
    let mut work = jobs::start(&app)?;
    let mut watchers = JoinSet::new();
    watchers.spawn(jobs::reclaim_operations(app.clone(), stop.clone()));
    watchers.spawn(jobs::sweep_companies(app.clone(), stop.clone()));
    watchers.spawn(jobs::purge_and_sweep_won_deals(app.clone(), stop.clone()));
    watchers.spawn(jobs::sweep_revocations(app.clone(), stop.clone()));
    watchers.spawn(jobs::refresh_discovery(app.clone(), stop.clone()));
    watchers.spawn(jobs::check_keys(app.clone(), stop.clone()));
    watchers.spawn(jobs::forward_announcements(app.clone(), stop.clone()));
    watchers.spawn(jobs::flush_call_counts(app.clone(), stop.clone()));
    watchers.spawn(jobs::send_heartbeats(app.clone(), replica, stop.clone()));
    watchers.spawn(figures);
    tracing::info!(public_url = %app.config.public_url, listen = %listener.local_addr()?, "ready");
    let delay = Duration::from_secs(app.config.shutdown_delay_seconds.into());
    let limit = ConnectionLimit::new(app.config.max_connections);
    let serving = pages(listener, limit, web::router(app.clone()), ending(stop.clone(), delay));
    let (served, watched) = tokio::join!(
        async {
            let served = serving.await;
            stop.cancel();
            served
        },
        watch(&mut watchers, &stop)
    );
    served?;
    if tokio::time::timeout(DRAIN_TIMEOUT, work.stop()).await.is_err() {
        tracing::warn!("jobs were still under way; they are taken up again after the next start");
    }
    if let Err(error) = app.flush_counts().await {
        tracing::warn!(%error, "the last counts of calls were not kept");
    }
    watched
}

/// Waits for the end of the background work. Where a part of it ends while the service runs, the service ends with an error: without that
/// part, something would quietly not be done any more.
async fn watch(watchers: &mut JoinSet<()>, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = watchers.join_next().await {
        if let Err(error) = ended {
            outcome = Err(anyhow::Error::new(error).context("background work has failed"));
        } else if !stop.is_cancelled() {
            outcome = Err(anyhow::anyhow!("background work has ended before the service"));
        }
        if outcome.is_err() {
            stop.cancel();
        }
    }
    outcome
}

/// Serves pages until `end`, and then those that were asked for. A connection without a request is closed.
async fn pages(
    listener: TcpListener,
    limit: ConnectionLimit,
    router: Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .acceptor(limit)
        .http1_only()
        .handle(handle.clone())
        .first_request_timeout(FIRST_REQUEST_TIMEOUT);
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE_TIMEOUT);
    tokio::spawn(async move {
        end.await;
        handle.graceful_shutdown(None);
    });
    Ok(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await?)
}

/// Resolves a while after the signal to stop: until then it says that it is not ready, and takes what load
/// balancers that have not asked yet still send.
async fn ending(stop: CancellationToken, delay: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(delay).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn background_work_that_ends_early_ends_the_service() {
        let mut watchers = JoinSet::new();
        let stop = CancellationToken::new();
        watchers.spawn(stop.clone().cancelled_owned());
        watchers.spawn(async { panic!("a test") });
        assert!(watch(&mut watchers, &stop).await.is_err());
        assert!(stop.is_cancelled());

        let stop = CancellationToken::new();
        watchers.spawn(stop.clone().cancelled_owned());
        watchers.spawn(async {});
        assert!(watch(&mut watchers, &stop).await.is_err());
    }

    #[tokio::test]
    async fn background_work_ends_with_the_service() {
        let mut watchers = JoinSet::new();
        let stop = CancellationToken::new();
        watchers.spawn(stop.clone().cancelled_owned());
        let stopping = stop.clone();
        let (watched, ()) = tokio::join!(watch(&mut watchers, &stop), async move { stopping.cancel() });
        assert!(watched.is_ok());
    }
}

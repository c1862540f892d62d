//! Starting and stopping the service.

use crate::{
    config::Config,
    connections::ConnectionLimit,
    jobs::{
        self,
        replicas::{self, Replica},
    },
    keys,
    operations::first_attempt,
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

/// Upper bound for ending the running jobs after the signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Upper bound for the time until the first request of a connection.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Upper bound for the time until the next request. Longer than load balancers keep a connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves pages and runs jobs until `stop`, and then finishes running requests and jobs.
pub async fn serve(config: Config, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let address = config.database_url.expose_secret();
    let _lock = Db::acquire_process_lock(address)?;
    let db = Db::open(address).await?;
    db.migrate().await?;
    let app = App::new(config, db, stop.clone(), first_attempt::issue_invoice)?;
    if let Some(problem) = keys::find_problem(&app.db, &app.vault).await? {
        anyhow::bail!(problem);
    }
    let replica = Replica::new();
    replicas::record_heartbeat(&app, replica).await?;
    // Reads the counts of other replicas before the first call.
    app.flush_counts().await?;
    let metrics_server = telemetry::serve(&app, stop.clone()).await?;
    let mut work = jobs::start(&app)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(jobs::reclaim_operations(app.clone(), stop.clone()));
    tasks.spawn(jobs::sweep_companies(app.clone(), stop.clone()));
    tasks.spawn(jobs::purge_and_sweep_won_deals(app.clone(), stop.clone()));
    tasks.spawn(jobs::sweep_revocations(app.clone(), stop.clone()));
    tasks.spawn(jobs::refresh_discovery(app.clone(), stop.clone()));
    tasks.spawn(jobs::check_keys(app.clone(), stop.clone()));
    tasks.spawn(jobs::forward_announcements(app.clone(), stop.clone()));
    tasks.spawn(jobs::flush_call_counts(app.clone(), stop.clone()));
    tasks.spawn(jobs::send_heartbeats(app.clone(), replica, stop.clone()));
    tasks.spawn(metrics_server);
    tracing::info!(public_url = %app.config.public_url, listen = %listener.local_addr()?, "ready");
    let delay = Duration::from_secs(app.config.shutdown_delay_seconds.into());
    let limit = ConnectionLimit::new(app.config.max_connections);
    let serving = serve_pages(listener, limit, web::router(app.clone()), wait_for_shutdown(stop.clone(), delay));
    let (served, supervised) = tokio::join!(
        async {
            let served = serving.await;
            stop.cancel();
            served
        },
        supervise(&mut tasks, &stop)
    );
    served?;
    app.first_attempts.close();
    let drained = async { tokio::join!(work.stop(), app.first_attempts.wait()) };
    if tokio::time::timeout(DRAIN_TIMEOUT, drained).await.is_err() {
        tracing::warn!("operations were still running; they are reclaimed after the next start");
    }
    if let Err(error) = app.flush_counts().await {
        tracing::warn!(%error, "the last counts of calls were not stored");
    }
    supervised
}

/// Waits for the end of the background tasks. If a task ends while the service runs, the service ends with an error, because the work of
/// that task would silently stop.
async fn supervise(tasks: &mut JoinSet<()>, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(result) = tasks.join_next().await {
        if let Err(error) = result {
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

/// Serves pages until `end`, and then finishes open requests. A connection without a request is closed.
async fn serve_pages(
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

/// Resolves `delay` after the signal to stop. Until then `/readyz` fails, and requests of load balancers that have not noticed yet are
/// served.
async fn wait_for_shutdown(stop: CancellationToken, delay: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(delay).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn background_work_that_ends_early_ends_the_service() {
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        tasks.spawn(stop.clone().cancelled_owned());
        tasks.spawn(async { panic!("a test") });
        assert!(supervise(&mut tasks, &stop).await.is_err());
        assert!(stop.is_cancelled());

        let stop = CancellationToken::new();
        tasks.spawn(stop.clone().cancelled_owned());
        tasks.spawn(async {});
        assert!(supervise(&mut tasks, &stop).await.is_err());
    }

    #[tokio::test]
    async fn background_work_ends_with_the_service() {
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        tasks.spawn(stop.clone().cancelled_owned());
        let stopping = stop.clone();
        let (supervised, ()) = tokio::join!(supervise(&mut tasks, &stop), async move { stopping.cancel() });
        assert!(supervised.is_ok());
    }
}

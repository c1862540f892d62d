//! The jobs of the queue and the background tasks. Every replica runs all kinds.

pub(crate) mod replicas;

use crate::{
    flows::{self, context::TenantContext, install, reconnect, revoke, sync, won_deals, write_back},
    keys, metering, operations,
    security::{self, Event},
    state::App,
    telemetry,
};
use domain::ids::TenantId;
use engine::Attempt;
use replicas::{HEARTBEAT_INTERVAL, Replica};
use riverqueue::{
    BoxError, Job, JobArgs, MaintenanceConfig, QueueConfig, RunHandle, WorkContext, WorkOutcome, Workers,
};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use store::queue::{BACKGROUND_QUEUE, CarryOut, IssueInvoice, NotifyAdmins, ReadChanges, WriteBack, WriteHistory};
use tokio_util::sync::CancellationToken;

/// Concurrent jobs of one process that a person waits for. Most of their time is spent on calls to providers.
const MAX_FOREGROUND_JOBS: usize = 48;
/// Concurrent background jobs of one process. Some of them wait for a request that may still be under way.
const MAX_BACKGROUND_JOBS: usize = 48;
/// Upper bound for one job, which may need several calls to a provider.
const JOB_TIMEOUT: Duration = Duration::from_secs(120);
/// Interval of polling for jobs whose notification was lost.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Interval of reclaiming operations after a crash. The queue's own rescue is slower: it waits for the job's timeout.
const RECLAIM_INTERVAL: Duration = Duration::from_secs(2);
/// Upper bound for a task that calls the database only.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(20);
/// Upper bound for a task that calls providers.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(600);
/// Interval of the sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// Registers the worker for a kind of job, behind the admission of its company.
fn register<Args, Work, Working>(
    workers: &mut Workers,
    app: &App,
    tenant: fn(&Args) -> TenantId,
    work: Work,
) -> Result<(), riverqueue::Error>
where
    Args: JobArgs + Copy,
    Work: Fn(TenantContext, Args) -> Working + Send + Sync + Clone + 'static,
    Working: Future<Output = Result<Attempt, flows::Error>> + Send,
{
    let app = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<Args>| {
        let (app, work) = (app.clone(), work.clone());
        async move {
            let context = TenantContext::new(&app, tenant(&job.args));
            let _permit = match app.admission.try_admit(context.tenant, Args::KIND).await {
                Ok(permit) => permit,
                Err(delay) => return Ok(WorkOutcome::Snooze(delay)),
            };
            let begun = Instant::now();
            let (attempt, calls) = providers::count_calls(work(context, job.args)).await;
            telemetry::record_attempt(Args::KIND, telemetry::name_outcome(&attempt), calls, begun.elapsed());
            to_outcome(attempt)
        }
    })?;
    Ok(())
}

/// Starts the workers of the queue.
pub(crate) fn start(app: &App) -> Result<RunHandle, riverqueue::Error> {
    let mut workers = Workers::new();
    register(
        &mut workers,
        app,
        |job: &IssueInvoice| job.tenant,
        async |context: TenantContext, job: IssueInvoice| {
            operations::issue_invoice::attempt(&context, job.invoice).await
        },
    )?;
    register(
        &mut workers,
        app,
        |job: &CarryOut| job.tenant,
        async |context: TenantContext, job: CarryOut| operations::change_invoice::attempt(&context, job.action).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &ReadChanges| job.tenant,
        async |context: TenantContext, job: ReadChanges| {
            sync::sync_company(&context, job.connection, job.asked_at).await
        },
    )?;
    register(
        &mut workers,
        app,
        |job: &WriteHistory| job.tenant,
        async |context: TenantContext, job: WriteHistory| operations::post_note::attempt(&context, job.entry).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &WriteBack| job.tenant,
        async |context: TenantContext, job: WriteBack| {
            write_back::write_deal_fields(&context, job.deal, job.user).await
        },
    )?;
    register(
        &mut workers,
        app,
        |job: &NotifyAdmins| job.tenant,
        async |context: TenantContext, _: NotifyAdmins| reconnect::notify_admins(&context).await,
    )?;
    let queue = |workers| {
        QueueConfig::new(workers).with_fetch_cooldown(Duration::from_millis(20)).with_fetch_poll_interval(POLL_INTERVAL)
    };
    let client = app
        .db
        .worker_builder()
        .workers(workers)
        .job_timeout(JOB_TIMEOUT)
        .maintenance(MaintenanceConfig::default().with_rescue_after(JOB_TIMEOUT))
        .queue("default", queue(MAX_FOREGROUND_JOBS))
        .queue(BACKGROUND_QUEUE, queue(MAX_BACKGROUND_JOBS))
        .build()?;
    client.start()
}

/// Converts an attempt to an outcome for the queue.
fn to_outcome(attempt: Result<Attempt, flows::Error>) -> Result<WorkOutcome, BoxError> {
    match attempt {
        Ok(Attempt::Later(wait)) => Ok(WorkOutcome::Snooze(wait)),
        // A row that is not found was deleted with its company.
        Ok(Attempt::Done) | Err(flows::Error::NotFound) => Ok(WorkOutcome::Complete),
        Err(error) => {
            if let flows::Error::Store(store::Error::Unreadable(_)) = error {
                security::record(Event::KeyMissing, None);
            }
            Err(error.into())
        }
    }
}

/// Reclaims operations after a crash, until `stop`.
pub(crate) async fn reclaim_operations(app: App, stop: CancellationToken) {
    repeat(RECLAIM_INTERVAL, DATABASE_TIMEOUT, stop, "unfinished operations", || {
        let app = app.clone();
        async move {
            let invoices = engine::reclaim(&app, |tenant, invoice| IssueInvoice { tenant, invoice }).await?;
            let actions = engine::reclaim(&app, |tenant, action| CarryOut { tenant, action }).await?;
            let entries = engine::reclaim(&app, |tenant, entry| WriteHistory { tenant, entry }).await?;
            Ok(invoices + actions + entries)
        }
    })
    .await;
}

/// Sweeps overdue companies and invoices that became overdue, until `stop`.
pub(crate) async fn sweep_companies(app: App, stop: CancellationToken) {
    repeat(SWEEP_INTERVAL, DATABASE_TIMEOUT, stop, "companies and due dates", || {
        let app = app.clone();
        async move { sync::sweep_companies(&app).await }
    })
    .await;
}

/// Purges uninstalled companies and sweeps won deals, until `stop`. Both call providers.
pub(crate) async fn purge_and_sweep_won_deals(app: App, stop: CancellationToken) {
    repeat(SWEEP_INTERVAL, PROVIDER_TIMEOUT, stop, "uninstalled companies and won deals", || {
        let app = app.clone();
        async move { Ok(install::purge_tenants(&app).await? + won_deals::sweep_won_deals(&app).await?) }
    })
    .await;
}

/// Revokes access at the providers, until `stop`.
pub(crate) async fn sweep_revocations(app: App, stop: CancellationToken) {
    repeat(RECLAIM_INTERVAL, PROVIDER_TIMEOUT, stop, "revocations", || {
        let app = app.clone();
        async move { revoke::sweep_revocations(&app).await }
    })
    .await;
}

/// Checks that the key ring opens the sealed texts in the database, until `stop`.
pub(crate) async fn check_keys(app: App, stop: CancellationToken) {
    repeat(SWEEP_INTERVAL, DATABASE_TIMEOUT, stop, "keys", || {
        let app = app.clone();
        async move { Ok(keys::check(&app).await?) }
    })
    .await;
}

/// Adds the counts of calls to QuickBooks to the database, until `stop`.
pub(crate) async fn flush_call_counts(app: App, stop: CancellationToken) {
    repeat(metering::FLUSH_INTERVAL, DATABASE_TIMEOUT, stop, "the counts of calls", || {
        let app = app.clone();
        async move { Ok(app.flush_counts().await.map(|()| 0)?) }
    })
    .await;
}

/// Sets the clock, records heartbeats and counts the replicas, until `stop`. A failure makes `/readyz` fail.
pub(crate) async fn send_heartbeats(app: App, replica: Replica, stop: CancellationToken) {
    repeat(HEARTBEAT_INTERVAL, DATABASE_TIMEOUT, stop, "the clock", || {
        let app = app.clone();
        async move {
            let recorded = replicas::record_heartbeat(&app, replica).await;
            app.can_write.store(recorded.is_ok(), Ordering::Relaxed);
            recorded.map(|()| 0)
        }
    })
    .await;
    if let Err(error) = replicas::end_replica(&app, replica).await {
        tracing::warn!(%error, "the end of this replica was not recorded");
    }
}

/// Forwards the announcements of other replicas, until `stop`.
pub(crate) async fn forward_announcements(app: App, stop: CancellationToken) {
    repeat(RECLAIM_INTERVAL, Duration::MAX, stop.clone(), "announcements", || {
        let (app, stop) = (app.clone(), stop.clone());
        async move {
            tokio::select! {
                () = stop.cancelled() => Ok(0),
                ended = app.db.forward_announcements() => Ok(ended.map(|()| 0)?),
            }
        }
    })
    .await;
}

/// Interval of reading Intuit's discovery document.
const DISCOVERY_INTERVAL: Duration = Duration::from_hours(24);
/// Interval after a failure.
const DISCOVERY_RETRY: Duration = Duration::from_secs(600);
/// Shortest interval, even if an endpoint is missing repeatedly.
const MIN_DISCOVERY_INTERVAL: Duration = Duration::from_secs(5);

/// Reads Intuit's discovery document, until `stop`: at the start, once a day, and when an endpoint seems to have moved.
pub(crate) async fn refresh_discovery(app: App, stop: CancellationToken) {
    // Without a document there is nothing to read, but a background task must not end before the service.
    let Some(discovery) = &app.quickbooks.discovery else { return stop.cancelled().await };
    while !stop.is_cancelled() {
        let wait = match discovery.read_document(&app.http).await {
            Ok(is_changed) => {
                tracing::info!(is_changed, "Intuit's discovery document was read");
                DISCOVERY_INTERVAL
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "Intuit's discovery document is not used; the endpoints stay");
                DISCOVERY_RETRY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = async { tokio::time::sleep(MIN_DISCOVERY_INTERVAL).await; discovery.read_requested().await } => {}
        }
    }
}

/// Runs a task repeatedly until `stop`, with a pause between two runs, which is short after a database error. A run is cancelled after
/// `timeout`, which also closes a dead connection, and at `stop`; the leases that it has claimed then expire.
async fn repeat<Run>(
    pause: Duration,
    timeout: Duration,
    stop: CancellationToken,
    name: &'static str,
    task: impl Fn() -> Run,
) where
    Run: Future<Output = Result<usize, flows::Error>>,
{
    while !stop.is_cancelled() {
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = tokio::time::timeout(timeout, task()) => result,
        };
        let pause = if matches!(result, Ok(Err(flows::Error::Store(_)))) { pause.min(RECLAIM_INTERVAL) } else { pause };
        match result {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::debug!(task = name, count, "a background task found work"),
            Ok(Err(error)) => {
                tracing::error!(task = name, error = &error as &dyn std::error::Error, "a background task failed");
            }
            Err(_) => tracing::error!(task = name, "a background task timed out"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn a_job_that_cannot_open_a_sealed_value_counts_a_security_event() {
        let counted = |error: flows::Error| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            metrics::with_local_recorder(&recorder, || to_outcome(Err(error)).expect_err("the job is retried"));
            handle.render().contains("fatura_security_events_total{event=\"key_missing\"} 1")
        };
        assert!(counted(flows::Error::Store(store::Error::Unreadable("secret"))));
        assert!(!counted(flows::Error::NotConnected));
    }
}

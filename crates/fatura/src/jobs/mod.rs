//! The durable work, and who does it. Every replica knows every kind of job.

pub(crate) mod replicas;

use crate::{
    admission,
    flows::{
        self, acts, follow, history, install, issue,
        lease::{self, Attempt},
        reconnect, revoke, won, write_back,
    },
    keys, metering,
    security::{self, Event},
    state::App,
    telemetry,
};
use domain::ids::TenantId;
use replicas::{HEARTBEAT, Replica};
use riverqueue::{
    BoxError, Job, JobArgs, MaintenanceConfig, QueueConfig, RunHandle, WorkContext, WorkOutcome, Workers,
};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use store::queue::{BACKGROUND_QUEUE, CarryOut, IssueInvoice, NotifyAdmins, ReadChanges, WriteBack, WriteHistory};
use tokio_util::sync::CancellationToken;

/// Jobs at a time in one process, of those that somebody waits for. They wait for providers, mostly.
const WORKERS: usize = 48;
/// And of those that nobody does. Some wait for what may be under way still.
const FOLLOWERS: usize = 48;
/// A job may wait for several calls to a provider.
const JOB_TIMEOUT: Duration = Duration::from_secs(120);
/// How soon a new job is seen when the database's notification is lost.
const POLL: Duration = Duration::from_millis(250);
/// How often what a crash left behind is looked for. The queue's own rescue is slower: it waits for the timeout.
const RECOVERY: Duration = Duration::from_secs(2);
/// Longer than the database takes to answer.
const ANSWERED: Duration = Duration::from_secs(20);
/// Longer than the providers take to answer for all that is asked in one look.
const TENDED: Duration = Duration::from_secs(600);
/// How often it is asked whether a company was not read for long.
const SWEEP: Duration = Duration::from_secs(15);

/// Registers who does a kind of job, when it is its company's turn.
fn register<Args, Work, Working>(
    workers: &mut Workers,
    app: &App,
    tenant: fn(&Args) -> TenantId,
    work: Work,
) -> Result<(), riverqueue::Error>
where
    Args: JobArgs + Copy,
    Work: Fn(App, Args) -> Working + Send + Sync + Clone + 'static,
    Working: Future<Output = Result<Attempt, flows::Error>> + Send,
{
    let app = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<Args>| {
        let (app, work) = (app.clone(), work.clone());
        async move {
            let Some(_permit) = app.admission.try_admit(tenant(&job.args), Args::KIND).await else {
                return Ok(WorkOutcome::Snooze(admission::retry_delay()));
            };
            let begun = Instant::now();
            let (attempt, calls) = providers::count_calls(work(app, job.args)).await;
            telemetry::record_attempt(Args::KIND, outcome_name(&attempt), calls, begun.elapsed());
            outcome(attempt)
        }
    })?;
    Ok(())
}

/// Starts working the queue.
pub(crate) fn start(app: &App) -> Result<RunHandle, riverqueue::Error> {
    let mut workers = Workers::new();
    register(
        &mut workers,
        app,
        |job: &IssueInvoice| job.tenant,
        async |app: App, job: IssueInvoice| issue::attempt(&app, job.tenant, job.invoice).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &CarryOut| job.tenant,
        async |app: App, job: CarryOut| acts::carry_out(&app, job.tenant, job.act).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &ReadChanges| job.tenant,
        async |app: App, job: ReadChanges| follow::changes(&app, job).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &WriteHistory| job.tenant,
        async |app: App, job: WriteHistory| history::write(&app, job.tenant, job.entry).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &WriteBack| job.tenant,
        async |app: App, job: WriteBack| write_back::write(&app, job.tenant, job.deal, job.user).await,
    )?;
    register(
        &mut workers,
        app,
        |job: &NotifyAdmins| job.tenant,
        async |app: App, job: NotifyAdmins| reconnect::tell(&app, job.tenant).await,
    )?;
    let queue = |workers| {
        QueueConfig::new(workers).with_fetch_cooldown(Duration::from_millis(20)).with_fetch_poll_interval(POLL)
    };
    let client = app
        .db
        .worker_builder()
        .workers(workers)
        .job_timeout(JOB_TIMEOUT)
        .maintenance(MaintenanceConfig::default().with_rescue_after(JOB_TIMEOUT))
        .queue("default", queue(WORKERS))
        .queue(BACKGROUND_QUEUE, queue(FOLLOWERS))
        .build()?;
    client.start()
}

/// How the queue goes on after an attempt.
fn outcome(attempt: Result<Attempt, flows::Error>) -> Result<WorkOutcome, BoxError> {
    match attempt {
        Ok(Attempt::Later(wait)) => Ok(WorkOutcome::Snooze(wait)),
        // What is not found is gone, with its company: nothing is left to do.
        Ok(Attempt::Done) | Err(flows::Error::NotFound) => Ok(WorkOutcome::Complete),
        Err(error) => {
            if let flows::Error::Store(store::Error::Unreadable(_)) = error {
                security::record(Event::KeyMissing, None);
            }
            Err(error.into())
        }
    }
}

/// Looks for what a crash left behind, until told to stop.
pub(crate) async fn recover(app: App, stop: CancellationToken) {
    regularly(RECOVERY, ANSWERED, stop, "unfinished work", || {
        let app = app.clone();
        async move {
            let invoices = lease::recover(&app, |tenant, invoice| IssueInvoice { tenant, invoice }).await?;
            let acts = lease::recover(&app, |tenant, act| CarryOut { tenant, act }).await?;
            let entries = lease::recover(&app, |tenant, entry| WriteHistory { tenant, entry }).await?;
            Ok(invoices + acts + entries)
        }
    })
    .await;
}

/// Looks for companies that were not read for long and invoices that fell due, until told to stop.
pub(crate) async fn sweep(app: App, stop: CancellationToken) {
    regularly(SWEEP, ANSWERED, stop, "companies and due dates", || {
        let app = app.clone();
        async move { follow::sweep(&app).await }
    })
    .await;
}

/// Forgets companies that have left, and looks for won deals, until told to stop. Both ask the providers.
pub(crate) async fn tend(app: App, stop: CancellationToken) {
    regularly(SWEEP, TENDED, stop, "companies that have left and won deals", || {
        let app = app.clone();
        async move { Ok(install::purge(&app).await? + won::sweep(&app).await?) }
    })
    .await;
}

/// Hands back access at the providers, until told to stop.
pub(crate) async fn revoke(app: App, stop: CancellationToken) {
    regularly(RECOVERY, TENDED, stop, "revocations", || {
        let app = app.clone();
        async move { revoke::sweep(&app).await }
    })
    .await;
}

/// Looks whether the ring of keys opens what is in the database, until told to stop.
pub(crate) async fn look_at_keys(app: App, stop: CancellationToken) {
    regularly(SWEEP, ANSWERED, stop, "keys", || {
        let app = app.clone();
        async move { Ok(keys::look(&app).await?) }
    })
    .await;
}

/// Adds the counts of QuickBooks' calls to the database, until told to stop.
pub(crate) async fn count_calls(app: App, stop: CancellationToken) {
    regularly(metering::FLUSH_INTERVAL, ANSWERED, stop, "the counts of calls", || {
        let app = app.clone();
        async move { Ok(app.flush_counts().await.map(|()| 0)?) }
    })
    .await;
}

/// Keeps the clock right, counts the replicas, and knows by it whether the database takes what is written, until told to stop.
pub(crate) async fn keep_time(app: App, replica: Replica, stop: CancellationToken) {
    regularly(HEARTBEAT, ANSWERED, stop, "the clock", || {
        let app = app.clone();
        async move {
            let looked = replicas::look(&app, replica).await;
            app.can_write.store(looked.is_ok(), Ordering::Relaxed);
            looked.map(|()| 0)
        }
    })
    .await;
    if let Err(error) = replicas::leave(&app, replica).await {
        tracing::warn!(%error, "the other replicas were not told of the end of this one");
    }
}

/// Passes on what other replicas announce, until told to stop.
pub(crate) async fn listen(app: App, stop: CancellationToken) {
    regularly(RECOVERY, Duration::MAX, stop.clone(), "announcements", || {
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

/// How often the document is read that says where Intuit's endpoints are.
const DISCOVERY: Duration = Duration::from_hours(24);
/// After it could not be read.
const DISCOVERY_RETRY: Duration = Duration::from_secs(600);
/// And not more often than that, however often an endpoint is not found.
const DISCOVERY_PAUSE: Duration = Duration::from_secs(5);

/// Follows Intuit's discovery document, until told to stop: at the start, once a day, and when an endpoint seems to have moved.
pub(crate) async fn discover(app: App, stop: CancellationToken) {
    // Without a document there is nothing to read, but the work must not end before the service.
    let Some(discovery) = &app.quickbooks.discovery else { return stop.cancelled().await };
    while !stop.is_cancelled() {
        let wait = match discovery.read(&app.http).await {
            Ok(is_changed) => {
                tracing::info!(is_changed, "Intuit's discovery document was read");
                DISCOVERY
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
            () = async { tokio::time::sleep(DISCOVERY_PAUSE).await; discovery.wanted().await } => {}
        }
    }
}

/// Looks again and again, with a pause between, and soon where the database failed. A look that takes longer than `most` is given up, and
/// with it a connection on which nothing comes back. So is one that is under way when the service ends: what it has claimed is taken up
/// again when the lease has run out.
async fn regularly<Looked>(
    pause: Duration,
    most: Duration,
    stop: CancellationToken,
    what: &'static str,
    look: impl Fn() -> Looked,
) where
    Looked: Future<Output = Result<usize, flows::Error>>,
{
    while !stop.is_cancelled() {
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = tokio::time::timeout(most, look()) => looked,
        };
        let pause = if matches!(looked, Ok(Err(flows::Error::Store(_)))) { pause.min(RECOVERY) } else { pause };
        match looked {
            Ok(Ok(0)) => {}
            Ok(Ok(found)) => tracing::debug!(what, found, "taken up"),
            Ok(Err(error)) => {
                tracing::error!(what, error = &error as &dyn std::error::Error, "could not be looked for");
            }
            Err(_) => tracing::error!(what, "no answer came back in time"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
/// The name of an attempt's outcome in the figures.
fn outcome_name(attempt: &Result<Attempt, flows::Error>) -> &'static str {
    match attempt {
        Ok(Attempt::Done) => "done",
        Ok(Attempt::Later(_)) => "later",
        Err(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn a_job_that_meets_a_value_that_does_not_open_counts_it() {
        let counted = |error: flows::Error| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let figures = recorder.handle();
            metrics::with_local_recorder(&recorder, || outcome(Err(error)).expect_err("it is tried again"));
            figures.render().contains("fatura_security_events_total{event=\"key_missing\"} 1")
        };
        assert!(counted(flows::Error::Store(store::Error::Unreadable("secret"))));
        assert!(!counted(flows::Error::NotConnected));
    }
}

//! The durable work, and who does it. Every replica knows every kind of job.

use crate::{
    flows::{self, acts, follow, history, install, issue, lease::Attempt, won, write_back},
    state::App,
};
use riverqueue::{BoxError, Job, MaintenanceConfig, QueueConfig, RunHandle, WorkContext, WorkOutcome, Workers};
use std::time::Duration;
use store::queue::{CarryOut, IssueInvoice, ReadChanges, WriteBack, WriteHistory};
use tokio_util::sync::CancellationToken;

/// Jobs at a time in one process.
const WORKERS: usize = 16;
/// A job may wait for several calls to a provider.
const JOB_TIMEOUT: Duration = Duration::from_secs(120);
/// How soon a new job is seen when the database's notification is lost.
const POLL: Duration = Duration::from_millis(250);
/// How often what a crash left behind is looked for. The queue's own rescue is slower: it waits for the timeout.
const RECOVERY: Duration = Duration::from_secs(2);
/// How often it is asked whether a company was not read for long.
const SWEEP: Duration = Duration::from_secs(15);

/// Starts working the queue.
pub(crate) fn start(app: &App) -> Result<RunHandle, riverqueue::Error> {
    let mut workers = Workers::new();
    let of_job = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<IssueInvoice>| {
        let app = of_job.clone();
        async move { outcome(issue::attempt(&app, job.args.tenant, job.args.invoice).await) }
    })?;
    let of_job = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<CarryOut>| {
        let app = of_job.clone();
        async move { outcome(acts::carry_out(&app, job.args.tenant, job.args.act).await) }
    })?;
    let of_job = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<ReadChanges>| {
        let app = of_job.clone();
        async move { outcome(follow::changes(&app, job.args.tenant, job.args.connection).await) }
    })?;
    let of_job = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<WriteHistory>| {
        let app = of_job.clone();
        async move { outcome(history::write(&app, job.args.tenant, job.args.entry).await) }
    })?;
    let of_job = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<WriteBack>| {
        let app = of_job.clone();
        async move { outcome(write_back::write(&app, job.args.tenant, job.args.deal, job.args.user).await) }
    })?;
    let client = app
        .db
        .worker()
        .workers(workers)
        .job_timeout(JOB_TIMEOUT)
        .maintenance(MaintenanceConfig::default().with_rescue_after(JOB_TIMEOUT))
        .queue(
            "default",
            QueueConfig::new(WORKERS).with_fetch_cooldown(Duration::from_millis(20)).with_fetch_poll_interval(POLL),
        )
        .build()?;
    client.start()
}

/// How the queue goes on after an attempt.
fn outcome(attempt: Result<Attempt, flows::Error>) -> Result<WorkOutcome, BoxError> {
    match attempt {
        Ok(Attempt::Done) => Ok(WorkOutcome::Complete),
        Ok(Attempt::Later(wait)) => Ok(WorkOutcome::Snooze(wait)),
        // What it was about is gone, with its company: nothing is left to do.
        Err(flows::Error::NotFound) => Ok(WorkOutcome::Discard),
        Err(error) => Err(error.into()),
    }
}

/// Looks for what a crash left behind, until told to stop.
pub(crate) async fn recover(app: App, stop: CancellationToken) {
    regularly(RECOVERY, stop, "unfinished work", || {
        let app = app.clone();
        async move { Ok(issue::recover(&app).await? + acts::recover(&app).await? + history::recover(&app).await?) }
    })
    .await;
}

/// Looks for companies that were not read for long and invoices that fell due, until told to stop.
pub(crate) async fn sweep(app: App, stop: CancellationToken) {
    regularly(SWEEP, stop, "companies and due dates", || {
        let app = app.clone();
        async move { Ok(follow::sweep(&app).await? + install::purge(&app).await? + won::sweep(&app).await?) }
    })
    .await;
}

/// Passes on what other replicas announce, until told to stop.
pub(crate) async fn listen(app: App, stop: CancellationToken) {
    regularly(RECOVERY, stop.clone(), "announcements", || {
        let (app, stop) = (app.clone(), stop.clone());
        async move {
            tokio::select! {
                () = stop.cancelled() => Ok(0),
                ended = app.db.listen() => Ok(ended.map(|()| 0)?),
            }
        }
    })
    .await;
}

async fn regularly<Looked>(pause: Duration, stop: CancellationToken, what: &'static str, look: impl Fn() -> Looked)
where
    Looked: Future<Output = Result<usize, flows::Error>>,
{
    while !stop.is_cancelled() {
        match look().await {
            Ok(0) => {}
            Ok(found) => tracing::debug!(what, found, "taken up"),
            Err(error) => tracing::error!(what, error = &error as &dyn std::error::Error, "could not be looked for"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

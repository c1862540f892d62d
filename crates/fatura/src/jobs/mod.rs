//! The durable work, and who does it. Every replica knows every kind of job.

use crate::{
    flows::{self, issue},
    state::App,
};
use riverqueue::{BoxError, Job, MaintenanceConfig, QueueConfig, RunHandle, WorkContext, WorkOutcome, Workers};
use std::time::Duration;
use store::queue::IssueInvoice;
use tokio_util::sync::CancellationToken;

/// Jobs at a time in one process.
const WORKERS: usize = 16;
/// A job may wait for several calls to a provider.
const JOB_TIMEOUT: Duration = Duration::from_secs(120);
/// How soon a new job is seen when the database's notification is lost.
const POLL: Duration = Duration::from_millis(250);
/// How often what a crash left behind is looked for. The queue's own rescue is slower: it waits for the timeout.
const RECOVERY: Duration = Duration::from_secs(2);

/// Starts working the queue.
pub(crate) fn start(app: &App) -> Result<RunHandle, riverqueue::Error> {
    let mut workers = Workers::new();
    let of_worker = app.clone();
    workers.add_fn(move |_: WorkContext, job: Job<IssueInvoice>| {
        let app = of_worker.clone();
        async move { issue_invoice(&app, job.args).await }
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

async fn issue_invoice(app: &App, args: IssueInvoice) -> Result<WorkOutcome, BoxError> {
    match issue::attempt(app, args.tenant, args.invoice).await {
        Ok(issue::Attempt::Done) => Ok(WorkOutcome::Complete),
        Ok(issue::Attempt::Later(wait)) => Ok(WorkOutcome::Snooze(wait)),
        // The invoice is gone, with its company: nothing is left to do.
        Err(flows::Error::NotFound) => Ok(WorkOutcome::Discard),
        Err(error) => Err(error.into()),
    }
}

/// Looks for what a crash left behind, until told to stop.
pub(crate) async fn recover(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match issue::recover(&app).await {
            Ok(0) => {}
            Ok(found) => tracing::info!(found, "unfinished invoices were taken up again"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "unfinished invoices could not be looked for"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RECOVERY) => {}
        }
    }
}

//! The first attempt at an operation, made at once by the process that stored it. Leases and the reclaim of abandoned operations apply to it
//! as to every other attempt. A job of the queue makes the attempts that follow.

use super::issue_invoice;
use crate::{
    flows::{Error, context::TenantContext},
    state::App,
    telemetry,
};
use domain::ids::InvoiceId;
use engine::{Attempt, FirstAttemptPermit, Lease};
use futures_util::{FutureExt, future::BoxFuture};
use jiff::SignedDuration;
use riverqueue::JobArgs;
use std::time::{Duration, Instant};
use store::queue::IssueInvoice;

/// Upper bound for one attempt, as for a job. If it is exceeded, the lease ends and a job makes the next attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(120);
/// Pause after an attempt that failed without deciding about the next one.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Longest pause that this process waits before it enqueues the job. The queue makes jobs with a later time available only every five
/// seconds, and not while its replicas elect a leader.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Makes the first attempt at issuing an invoice that was claimed in the transaction that stored it.
pub(crate) fn issue_invoice(app: App, lease: Lease<InvoiceId>, permit: FirstAttemptPermit) -> BoxFuture<'static, ()> {
    async move {
        let context = TenantContext::new(&app, lease.tenant);
        let job = IssueInvoice { tenant: lease.tenant, invoice: lease.id };
        run(&context, job, permit, Box::pin(issue_invoice::attempt_claimed(&context, &lease))).await;
    }
    .boxed()
}

/// Makes the first attempt at the operation of `job`, and enqueues the job if the operation is not done. Releases `permit` after the attempt.
async fn run<Args: JobArgs>(
    context: &TenantContext,
    job: Args,
    permit: FirstAttemptPermit,
    attempt: impl Future<Output = Result<Attempt, Error>>,
) {
    let begun = Instant::now();
    let (attempt, calls) = providers::count_calls(tokio::time::timeout(ATTEMPT_TIMEOUT, attempt)).await;
    let attempt = attempt.unwrap_or(Ok(Attempt::Later(RETRY_DELAY)));
    drop(permit);
    telemetry::record_attempt(Args::KIND, telemetry::name_outcome(&attempt), calls, begun.elapsed());
    let wait = match attempt {
        Ok(Attempt::Done) | Err(Error::NotFound) => return,
        Ok(Attempt::Later(wait)) => wait,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(tenant.id = %context.tenant.0, error, "the first attempt failed; a job makes the next one");
            RETRY_DELAY
        }
    };
    if let Err(error) = enqueue_after(context, job, wait).await {
        // The operation is reclaimed.
        tracing::warn!(tenant.id = %context.tenant.0, %error, "the next attempt was not enqueued");
    }
}

/// Enqueues the job so that it begins after `wait`. If this process crashes during the pause, the operation is reclaimed.
async fn enqueue_after<Args: JobArgs>(context: &TenantContext, job: Args, wait: Duration) -> Result<(), Error> {
    let app = &context.app;
    let is_over = wait <= MAX_PAUSE
        && tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = app.stop.cancelled() => false,
        };
    let mut tx = app.db.begin().await?;
    if is_over {
        app.db.enqueue(&mut tx, job).await?;
    } else {
        let at = app.clock.now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(1));
        app.db.enqueue_at(&mut tx, job, at).await?;
    }
    Ok(tx.commit().await?)
}

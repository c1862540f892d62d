//! The first attempt at an operation: made by the process that stored it, at once. Leases, and the sweep of operations that a crash left,
//! hold for it as for every other attempt; the queue makes those that follow.

use super::{
    Error,
    context::TenantContext,
    lease::{Attempt, name_outcome},
};
use crate::telemetry;
use jiff::SignedDuration;
use riverqueue::JobArgs;
use std::time::{Duration, Instant};

/// Pause before the queue takes over from an attempt that failed without a decision about the next one.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Makes the first attempt at the operation of `job`, and enqueues the job where something is left to do.
pub(super) async fn run<Args: JobArgs>(
    context: &TenantContext,
    job: Args,
    attempt: impl Future<Output = Result<Attempt, Error>>,
) {
    let begun = Instant::now();
    let (attempt, calls) = providers::count_calls(attempt).await;
    telemetry::record_attempt(Args::KIND, name_outcome(&attempt), calls, begun.elapsed());
    let wait = match attempt {
        Ok(Attempt::Done) | Err(Error::NotFound) => return,
        Ok(Attempt::Later(wait)) => wait,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(tenant.id = %context.tenant.0, error, "the first attempt has failed; the queue takes over");
            RETRY_DELAY
        }
    };
    if let Err(error) = enqueue_after(context, job, wait).await {
        // The sweep takes the operation up when its lease has run out.
        tracing::warn!(tenant.id = %context.tenant.0, %error, "the next attempt was not enqueued");
    }
}

async fn enqueue_after<Args: JobArgs>(context: &TenantContext, job: Args, wait: Duration) -> Result<(), Error> {
    let at = context.app.clock.now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(1));
    let mut tx = context.app.db.begin().await?;
    context.app.db.enqueue_at(&mut tx, job, at).await?;
    Ok(tx.commit().await?)
}

//! Recovery: operations that a crash left without a worker are attempted again.

use crate::Host;
use domain::ids::TenantId;
use jiff::SignedDuration;
use riverqueue::JobArgs;
use store::{
    leases::{self, Leased},
    queue,
};

/// Time after which an operation that is due and has no lease is reclaimed.
const RECLAIM_DELAY: SignedDuration = SignedDuration::from_secs(5);
/// Minimum time between two reclaims of an operation.
const RECLAIM_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// Enqueues a job for each operation that a crash left without a worker, unless one is enqueued already, and returns their number.
pub async fn reclaim<Id: Leased, Args: JobArgs>(
    host: &impl Host,
    job: impl Fn(TenantId, Id) -> Args,
) -> Result<usize, store::Error> {
    let now = host.now();
    let mut tx = host.db().begin().await?;
    let mut abandoned =
        leases::claim_abandoned::<Id>(&mut tx, now - RECLAIM_DELAY, now, now + RECLAIM_INTERVAL).await?;
    if !abandoned.is_empty() {
        let waiting = queue::list_waiting::<Args, Id>(&mut tx).await?;
        abandoned.retain(|(_, id)| !waiting.contains(&id.get()));
    }
    for (tenant, id) in &abandoned {
        host.db().enqueue(&mut tx, job(*tenant, *id)).await?;
    }
    tx.commit().await?;
    Ok(abandoned.len())
}

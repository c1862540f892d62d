//! Syncs companies with QuickBooks: reads what has changed since the cursor and applies it.
//!
//! [`sweep`] decides when a company is read, [`pace`] how often, [`pull`] reads, [`apply`] stores, and [`adopt`] attaches invoices that
//! have no row.

mod adopt;
mod apply;
mod pace;
mod pull;
mod sweep;

pub(crate) use apply::{merge_snapshots, update_snapshot};
pub(crate) use pull::refresh_invoices;
pub(crate) use sweep::{mark_companies_changed, mark_outdated_company, sweep_companies};

use self::{pull::Progress, sweep::polling_interval};
use super::{Error, context::TenantContext};
use domain::ids::ConnectionId;
use engine::{Attempt, HEARTBEAT_INTERVAL, LEASE_DURATION, while_leased};
use jiff::{SignedDuration, Timestamp};
use providers::ProviderError;
use store::{
    changes::{self, SyncState},
    queue::ReadChanges,
    quickbooks,
};
use tokio::sync::Mutex;

/// The first pause after a failed sync. Later pauses are half of the time since the first failure, and shorter than the polling interval.
const MIN_PAUSE: SignedDuration = SignedDuration::from_secs(15);

/// Syncs a company, unless its cursor is newer than the request.
pub(crate) async fn sync_company(
    context: &TenantContext,
    id: ConnectionId,
    asked_at: Option<Timestamp>,
) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.begin().await?;
    // After the transaction has begun, because that may wait.
    let now = app.clock.now();
    let state = changes::claim(&mut tx, tenant, id, now, now + LEASE_DURATION).await?;
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, id).await?;
    tx.commit().await?;
    let (Some(state), Some(connection)) = (state, connection) else { return Ok(Attempt::Done) };
    let read = match (state.until, asked_at) {
        (Some(until), Some(asked)) if until > asked && until <= now && !pace::is_reread_due(&state, now) => {
            Ok(Progress::Complete(until, None))
        }
        _ => {
            let pull = Box::pin(pull::pull_changes(context, &connection, &state, now));
            let Some(read) = run_while_leased(context, id, now, pull).await else {
                // If nobody else has the lease, it has ended by then.
                return Ok(Attempt::Later(LEASE_DURATION.unsigned_abs() + HEARTBEAT_INTERVAL));
            };
            read
        }
    };
    let mut tx = app.db.begin().await?;
    let mut reread_after = None;
    let must_repeat = match read {
        Ok(Progress::Complete(until, findings)) => {
            let pace = if let Some(findings) = findings {
                // A webhook may have arrived during the read.
                let webhook_at = changes::find(&mut tx, tenant, id).await?.and_then(|now| now.webhook_at);
                let has_open = changes::has_open(&mut tx, tenant, id).await?;
                let state = SyncState { webhook_at, ..state };
                if !findings.has_rows {
                    reread_after =
                        pace::compute_reread_delay(&SyncState { until: Some(now), ..state }, app.clock.now());
                }
                pace::compute_pace(&state, findings, has_open, polling_interval(app), now)
            } else {
                // The queue may start a job before its scheduled time.
                reread_after = pace::compute_reread_delay(&state, now);
                state.pace
            };
            // The clock may have been set back meanwhile.
            changes::mark_synced(&mut tx, tenant, id, until.min(app.clock.now()), &pace).await?
        }
        Ok(Progress::Partial(begun)) => {
            changes::record_failure(&mut tx, tenant, id, begun, now).await?;
            true
        }
        // The mark stays: a sweep continues when the budget allows.
        Err(Error::QuickBooks(ProviderError::HeldBack)) => {
            changes::release(&mut tx, tenant, id).await?;
            false
        }
        Err(Error::QuickBooks(ProviderError::ReadsRefused)) => {
            let retry_at = app.metering.retry_at(now);
            tracing::warn!(tenant.id = %tenant.0, %retry_at, "QuickBooks refuses reads");
            changes::mark_refused(&mut tx, tenant, id, retry_at).await?;
            false
        }
        Err(error) => {
            tracing::warn!(tenant.id = %tenant.0, %error, "a sync failed");
            let pause = compute_pause(state.failing_since, now, polling_interval(app));
            changes::record_failure(&mut tx, tenant, id, now, now + pause).await?;
            false
        }
    };
    if must_repeat {
        app.db.enqueue(&mut tx, ReadChanges { tenant, connection: id, asked_at: Some(app.clock.now()) }).await?;
    }
    tx.commit().await?;
    app.db.announce(tenant).await;
    Ok(match reread_after {
        Some(wait) if !must_repeat => Attempt::Later(wait),
        _ => Attempt::Done,
    })
}

/// Runs `work` under the sync lease that was taken at `since`, which a heartbeat extends: after a crash, another sync starts within seconds.
/// `None` if the lease was lost.
async fn run_while_leased<T>(
    context: &TenantContext,
    id: ConnectionId,
    since: Timestamp,
    work: impl Future<Output = T>,
) -> Option<T> {
    let app = &context.app;
    let held = Mutex::new(since + LEASE_DURATION);
    let extend = async |now: Timestamp| {
        let mut held = held.lock().await;
        let mut tx = app.db.begin().await?;
        let is_extended = changes::extend(&mut tx, context.tenant, id, *held, now + LEASE_DURATION).await?;
        tx.commit().await?;
        *held = now + LEASE_DURATION;
        Ok(is_extended)
    };
    while_leased(since + LEASE_DURATION, HEARTBEAT_INTERVAL, || app.clock.now(), extend, work).await
}

/// Computes the pause after a failed sync, with jitter.
fn compute_pause(failing_since: Option<Timestamp>, now: Timestamp, sweep: SignedDuration) -> SignedDuration {
    let failing_for = failing_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    let max = sweep * 2 / 3;
    let pause = (failing_for / 2).clamp(MIN_PAUSE.min(max), max);
    pause + pause * fastrand::i32(0..=50) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However long QuickBooks failed, the next sync starts within one sweep of its return.
    #[test]
    fn a_pause_never_exceeds_a_sweep() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24);
        for sweep in [2, 30, 300, 3600].map(SignedDuration::from_secs) {
            let durations = [1, 20, 600, 86_000].map(|seconds| Some(now - SignedDuration::from_secs(seconds)));
            for failing_since in durations.into_iter().chain([None]) {
                for _ in 0..100 {
                    let pause = compute_pause(failing_since, now, sweep);
                    assert!(pause <= sweep, "{pause} after {failing_since:?}, sweep {sweep}");
                    assert!(pause >= MIN_PAUSE.min(sweep / 2), "{pause} after {failing_since:?}, sweep {sweep}");
                }
            }
        }
    }
}

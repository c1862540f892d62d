//! Marks companies as changed, and enqueues their syncs: after a webhook, when a page is opened, and in the periodic sweep.

use super::pace;
use crate::{
    flows::{Error, context::TenantContext, history},
    state::App,
};
use domain::ids::ConnectionId;
use jiff::{SignedDuration, Timestamp};
use store::{
    Tx,
    changes::{self, ChangeSource, Overdue, SyncState},
    queue::ReadChanges,
    quickbooks, tenants,
};

/// Time in which no other sweep claims a company whose sync was enqueued and has not begun.
const SWEEP_CLAIM_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// Time without a sync after which the job of a mark counts as lost.
const MARK_TIMEOUT: SignedDuration = SignedDuration::from_secs(15);
/// Companies in one sweep of one replica. The next sweep continues with the others.
const MAX_SWEPT_COMPANIES: i64 = 1000;

/// Returns the polling interval, which is the unit of every pace.
pub(super) fn polling_interval(app: &App) -> SignedDuration {
    SignedDuration::from_secs(i64::from(app.config.quickbooks_poll_seconds))
}

/// Marks the companies of these realms as changed, after a webhook. Realms that are not connected are ignored.
pub(crate) async fn mark_companies_changed(app: &App, realms: impl IntoIterator<Item = String>) -> Result<(), Error> {
    for realm in realms {
        let mut tx = app.db.begin().await?;
        let Some(tenant) = quickbooks::find_tenant_of_realm(&mut tx, &app.vault, &realm).await? else { continue };
        if !tenants::is_installed(&mut tx, tenant).await? {
            continue;
        }
        let Some(connection) = quickbooks::find_current(&mut tx, &app.vault, tenant).await? else { continue };
        mark_changed(&TenantContext::new(app, tenant), &mut tx, connection.id, ChangeSource::Webhook).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn mark_changed(
    context: &TenantContext,
    tx: &mut Tx,
    connection: ConnectionId,
    source: ChangeSource,
) -> Result<(), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    if changes::mark_changed(tx, tenant, connection, source, app.clock.now()).await? {
        app.db.enqueue(tx, ReadChanges { tenant, connection, asked_at: Some(app.clock.now()) }).await?;
    }
    Ok(())
}

/// Marks a company as changed if its cursor is too old for an opened page.
pub(crate) async fn mark_outdated_company(
    context: &TenantContext,
    connection: ConnectionId,
    state: Option<SyncState>,
) -> Result<(), Error> {
    let until = state.and_then(|state| state.until).unwrap_or(Timestamp::UNIX_EPOCH);
    if until > context.app.clock.now() - pace::page_max_age(state.as_ref(), polling_interval(&context.app)) {
        return Ok(());
    }
    let mut tx = context.app.db.begin().await?;
    mark_changed(context, &mut tx, connection, ChangeSource::PageView).await?;
    tx.commit().await?;
    Ok(())
}

/// Enqueues syncs of overdue companies, as the budget allows, and announces invoices that became overdue. Returns the number of both.
pub(crate) async fn sweep_companies(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let max_companies =
        i64::try_from(app.metering.count_sweepable()).unwrap_or(MAX_SWEPT_COMPANIES).min(MAX_SWEPT_COMPANIES);
    let mut count = 0;
    if max_companies > 0 {
        let overdue = Overdue { interval: polling_interval(app), marked: now - MARK_TIMEOUT };
        let mut tx = app.db.begin().await?;
        let overdue_companies =
            changes::claim_overdue(&mut tx, &overdue, now, now + SWEEP_CLAIM_DURATION, max_companies).await?;
        for (tenant, connection) in &overdue_companies {
            let job = ReadChanges { tenant: *tenant, connection: *connection, asked_at: Some(now) };
            app.db.enqueue(&mut tx, job).await?;
        }
        tx.commit().await?;
        count = overdue_companies.len();
    }
    Ok(count + history::announce_overdue(app).await?)
}

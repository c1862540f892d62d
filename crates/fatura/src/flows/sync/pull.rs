//! Reads invoices from QuickBooks: those of a panel, those that have changed, or all known ones.

use super::{
    adopt,
    apply::{log_unreadable, merge_snapshots, store_changes, update_snapshot},
    pace::Findings,
};
use crate::flows::{Error, context::TenantContext};
use domain::{ids::ConnectionId, invoice::Snapshot};
use jiff::{SignedDuration, Timestamp};
use providers::{Priority, ProviderError, quickbooks::Changes};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use store::{
    changes::SyncState,
    invoices::{self, Invoice, InvoiceScope, State},
    quickbooks::{self, Connection},
    unreadable,
};

/// Time before the cursor from which changes are read, because of clock skew and because QuickBooks shows some changes late.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// QuickBooks keeps changes for 30 days. If the cursor is older than this, all known invoices are read.
const CHANGE_RETENTION: SignedDuration = SignedDuration::from_hours(29 * 24);
/// The overlap of a second request, where one answer could not hold all changes.
const MIN_OVERLAP: SignedDuration = SignedDuration::from_secs(30);
/// Clock skew that the overlap covers.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
/// Upper bound for the corrected clock skew.
const MAX_CORRECTED_SKEW: SignedDuration = SignedDuration::from_hours(24);
/// Invoices in one read of all known invoices. Each chunk is stored before the next one.
const CHUNK_ROWS: i64 = 100;
/// Upper bound for reading all known invoices in one sync. Another sync reads the rest.
const MAX_READ_DURATION: Duration = Duration::from_secs(40);
/// Interval of reading every known invoice while QuickBooks refuses to list changes.
const FULL_READ_INTERVAL: SignedDuration = SignedDuration::from_hours(6);
/// Attempts for one chunk.
const MAX_ATTEMPTS: u32 = 3;

/// Reads the invoices of a deal, a person or an organization, with one call for a hundred invoices of a connection.
pub(crate) async fn refresh_invoices(context: &TenantContext, scope: InvoiceScope) -> Result<(), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let stored = invoices::list(&mut tx, tenant, scope).await?;
    drop(tx);
    let mut by_connection: HashMap<ConnectionId, Vec<&Invoice>> = HashMap::new();
    for invoice in &stored {
        by_connection.entry(invoice.connection).or_default().push(invoice);
    }
    for (connection, invoices) in by_connection {
        let mut tx = app.db.read().await?;
        let connection = quickbooks::find(&mut tx, &app.vault, tenant, connection).await?.ok_or(Error::NotConnected)?;
        drop(tx);
        if connection.state != quickbooks::State::Disconnected {
            read_invoices(context, &connection, &invoices, Priority::Interactive).await?;
        }
    }
    app.db.announce(tenant).await;
    Ok(())
}

/// Reads these invoices of one connection and stores their snapshots.
async fn read_invoices(
    context: &TenantContext,
    connection: &Connection,
    invoices: &[&Invoice],
    priority: Priority,
) -> Result<(), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let issued: Vec<(&Invoice, &Snapshot)> = invoices
        .iter()
        .filter_map(
            |invoice| if let State::Issued(snapshot) = &invoice.state { Some((*invoice, snapshot)) } else { None },
        )
        .collect();
    if issued.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = issued.iter().map(|(_, snapshot)| snapshot.quickbooks_id.clone()).collect();
    let asked_at = app.clock.now();
    let read = context
        .quickbooks(connection)
        .with_priority(priority)
        .call(async |api| api.read_invoices(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await)
        .await?;
    let mut tx = app.db.begin().await?;
    for (invoice, old) in issued {
        if read.unreadable.contains(&old.quickbooks_id) {
            unreadable::mark(&mut tx, tenant, invoice.id, app.clock.now()).await?;
            continue;
        }
        let new = read.found.iter().find(|new| new.quickbooks_id == old.quickbooks_id).cloned();
        update_snapshot(context, &mut tx, invoice, &merge_snapshots(old, new), asked_at).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The progress of a sync.
pub(super) enum Progress {
    /// All changes before this time are stored; with the findings, if changes were read.
    Complete(Timestamp, Option<Findings>),
    /// Some known invoices are left to read, of a pass that began at this time.
    Partial(Timestamp),
}

/// Reads and stores all changes since the cursor, or all known invoices if QuickBooks cannot list the changes.
pub(super) async fn pull_changes(
    context: &TenantContext,
    connection: &Connection,
    state: &SyncState,
    now: Timestamp,
) -> Result<Progress, Error> {
    let quickbooks = context.quickbooks(connection).with_priority(Priority::Background);
    let mut findings = Findings::default();
    if let Some(until) = state.until.filter(|until| *until > now - CHANGE_RETENTION) {
        let mut behind = SignedDuration::ZERO;
        let mut overlaps = vec![OVERLAP, MIN_OVERLAP];
        while !overlaps.is_empty() {
            let overlap = overlaps.remove(0) + behind;
            let asked_at = context.app.clock.now();
            let read = match quickbooks.call(async |api| api.read_changes(until - overlap).await).await {
                Err(Error::QuickBooks(ProviderError::Refused(refusal))) => {
                    tracing::warn!(tenant.id = %context.tenant.0, code = refusal.code, "QuickBooks refuses to list changes; lists are compared");
                    return compare_lists(context, connection, until - overlap, now).await;
                }
                read => read?,
            };
            let is_incomplete = read.is_incomplete;
            let skew = read.answered_at.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
            let (unknown, found) = store_changes(context, connection, read, asked_at).await?;
            findings = findings.and(found);
            adopt::adopt_unknown_invoices(context, connection, unknown).await?;
            // QuickBooks dates changes by its own clock. If that is far behind, the overlap is extended by the difference.
            if behind.is_zero() && skew > MAX_CLOCK_SKEW {
                behind = skew.min(MAX_CORRECTED_SKEW);
                overlaps.insert(0, OVERLAP);
                continue;
            }
            if !is_incomplete {
                return Ok(Progress::Complete(now, Some(findings)));
            }
        }
    }
    let until = state.until.unwrap_or(connection.connected_at);
    let ours = quickbooks.call(async |api| api.find_marked_invoices(until - OVERLAP).await).await?;
    log_unreadable(context.tenant, &ours.unreadable);
    adopt::adopt_unknown_invoices(context, connection, ours.found).await?;
    // Continues a pass that an earlier attempt began. The next sync reads the changes since then.
    read_known_invoices(context, connection, state.failing_since.map_or(now, |since| since.min(now))).await
}

/// Compares lists, because QuickBooks refuses to list changes if it fails at one row. Changed invoices are read by a query that is divided
/// until that row is alone. Known invoices are read in turn, to find the deleted ones.
async fn compare_lists(
    context: &TenantContext,
    connection: &Connection,
    since: Timestamp,
    now: Timestamp,
) -> Result<Progress, Error> {
    let quickbooks = context.quickbooks(connection).with_priority(Priority::Background);
    let asked_at = context.app.clock.now();
    let listed = quickbooks.call(async |api| api.read_changed_invoices(since).await).await?;
    let is_any_unknown = listed.unidentified > 0;
    let customers = quickbooks.call(async |api| api.read_changed_customers(since).await);
    // QuickBooks may fail at one of the customers. The names are read again with the next change.
    let customers = customers.await.map(|read| read.customers).unwrap_or_default();
    let read = Changes { invoices: listed.found, unreadable: listed.unreadable, customers, ..Changes::default() };
    let (unknown, findings) = store_changes(context, connection, read, asked_at).await?;
    adopt::adopt_unknown_invoices(context, connection, unknown).await?;
    // A row without an id may be any known invoice. Reading all of them by id finds it. If they are too many for one sync, the next one
    // continues with those that were not read since.
    read_known_invoices(context, connection, if is_any_unknown { now } else { now - FULL_READ_INTERVAL }).await?;
    Ok(Progress::Complete(now, Some(findings)))
}

/// Reads all known invoices that were not read since `begun`, within [`MAX_READ_DURATION`].
async fn read_known_invoices(
    context: &TenantContext,
    connection: &Connection,
    begun: Timestamp,
) -> Result<Progress, Error> {
    let started = Instant::now();
    let mut after = String::new();
    loop {
        let mut tx = context.app.db.read().await?;
        let period = begun..=context.app.clock.now();
        let unread =
            invoices::list_not_read_within(&mut tx, context.tenant, connection.id, period, &after, CHUNK_ROWS).await?;
        drop(tx);
        let Some(Invoice { state: State::Issued(last), .. }) = unread.last() else {
            return Ok(Progress::Complete(begun, None));
        };
        if started.elapsed() > MAX_READ_DURATION {
            return Ok(Progress::Partial(begun));
        }
        after.clone_from(&last.quickbooks_id);
        let chunk: Vec<&Invoice> = unread.iter().collect();
        let mut attempts = 1;
        while let Err(error) = read_invoices(context, connection, &chunk, Priority::Background).await {
            let is_transient = matches!(&error, Error::QuickBooks(failed)
                if !matches!(failed, ProviderError::Busy(_) | ProviderError::HeldBack | ProviderError::ReadsRefused));
            if !is_transient || attempts == MAX_ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(500) * attempts).await;
            attempts += 1;
        }
    }
}

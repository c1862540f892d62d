//! What QuickBooks says of invoices now: by asking for some, or for all that has changed in a company.

mod adopt;

use super::{
    Error, access, history,
    lease::Attempt,
    pace::{self, Findings},
    write_back,
};
use crate::state::App;
use domain::{
    ids::{ConnectionId, TenantId},
    invoice::Snapshot,
};
use jiff::{SignedDuration, Timestamp};
use providers::{
    Priority, ProviderError,
    quickbooks::{Changes, FoundInvoice},
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use store::{
    Tx,
    changes::{self, ChangeSource, Overdue, SyncState},
    invoices::{self, Invoice, InvoiceScope, State},
    links::{self, Linked},
    queue::ReadChanges,
    quickbooks::{self, Connection},
    tenants, unreadable,
};

/// Changes are asked for from somewhat before the last reading: clocks differ, and QuickBooks is sometimes late.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// QuickBooks remembers changes for thirty days.
const CHANGE_RETENTION: SignedDuration = SignedDuration::from_hours(29 * 24);
/// A reading has to be done within this time, or another may try. Longer than the client's timeout.
const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// What QuickBooks does not answer is asked again after a pause: at first a short one, then half of how long it has been. It never exceeds what is between two sweeps.
const MIN_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// Where more has changed than one answer holds, it is asked once more from only so much before the last reading.
const MIN_OVERLAP: SignedDuration = SignedDuration::from_secs(30);
/// QuickBooks' clock may differ by so much from ours within the overlap.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
/// A clock that is further behind is broken.
const MAX_CORRECTED_SKEW: SignedDuration = SignedDuration::from_hours(24);
/// Where every invoice is read: so many at a time, each kept before the next, for so long in one go. Within the lease.
const CHUNK_ROWS: i64 = 100;
const MAX_READ_DURATION: Duration = Duration::from_secs(40);
/// Where lists are compared, every invoice that we know is read so often.
const FULL_READ_INTERVAL: SignedDuration = SignedDuration::from_hours(6);
/// How often what failed by itself is asked again at once.
const MAX_ATTEMPTS: u32 = 3;
/// A mark that nobody has acted on for so long was lost with whoever should have.
const MARK_TIMEOUT: SignedDuration = SignedDuration::from_secs(15);
/// In one sweep of one replica. What is left is taken up by the next.
const MAX_SWEPT_COMPANIES: i64 = 1000;

/// What is known of an invoice, after reading it. Once voided it stays so, whatever becomes of the note by which
/// QuickBooks says so, until it has an amount again; what is gone from the books was deleted.
pub(crate) fn merged(known: &Snapshot, read: Option<Snapshot>) -> Snapshot {
    match read {
        Some(new) => Snapshot { voided: new.voided || (known.voided && new.total.is_zero()), ..new },
        None => Snapshot { deleted: true, ..known.clone() },
    }
}

/// Keeps what QuickBooks answered of an invoice when it was asked at `asked_at`, and has the deal's history tell what is new.
pub(crate) async fn show(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    invoice: &Invoice,
    snapshot: &Snapshot,
    asked_at: Timestamp,
) -> Result<(), Error> {
    invoices::update_snapshot(tx, tenant, invoice.id, snapshot, asked_at, app.clock.now()).await?;
    // A badge changes by the clock as well, while the snapshot stays as it is.
    let is_noted = history::note(app, tx, tenant, invoice.id).await?.is_some();
    if is_noted || invoice.state != State::Issued(snapshot.clone()) {
        write_back::request_write_back(app, tx, tenant, invoice.deal, invoice.created_by).await?;
    }
    Ok(())
}

/// Asks for the invoices of a deal, a person or an organization: those of each connection in one call for a hundred.
pub(crate) async fn refresh(app: &App, tenant: TenantId, scope: InvoiceScope) -> Result<(), Error> {
    let mut tx = app.db.read().await?;
    let known = invoices::list(&mut tx, tenant, scope).await?;
    drop(tx);
    let mut by_connection: HashMap<ConnectionId, Vec<&Invoice>> = HashMap::new();
    for invoice in &known {
        by_connection.entry(invoice.connection).or_default().push(invoice);
    }
    for (connection, invoices) in by_connection {
        let mut tx = app.db.read().await?;
        let connection = quickbooks::find(&mut tx, &app.vault, tenant, connection).await?.ok_or(Error::NotConnected)?;
        drop(tx);
        if connection.state != quickbooks::State::Disconnected {
            read(app, tenant, &connection, &invoices, Priority::Interactive).await?;
        }
    }
    app.db.announce(tenant).await;
    Ok(())
}

/// Reads these invoices of one connection.
async fn read(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    invoices: &[&Invoice],
    priority: Priority,
) -> Result<(), Error> {
    let known: Vec<(&Invoice, &Snapshot)> = invoices
        .iter()
        .filter_map(
            |invoice| if let State::Issued(snapshot) = &invoice.state { Some((*invoice, snapshot)) } else { None },
        )
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = known.iter().map(|(_, snapshot)| snapshot.quickbooks_id.clone()).collect();
    let asked_at = app.clock.now();
    let read = access::quickbooks_in(priority, app, tenant, connection, |access| {
        let ids = ids.clone();
        async move { access.api().read_invoices(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await }
    })
    .await?;
    let mut tx = app.db.begin().await?;
    for (invoice, old) in known {
        if read.unreadable.contains(&old.quickbooks_id) {
            unreadable::mark(&mut tx, tenant, invoice.id, app.clock.now()).await?;
            continue;
        }
        let new = read.found.iter().find(|new| new.quickbooks_id == old.quickbooks_id).cloned();
        show(app, &mut tx, tenant, invoice, &merged(old, new), asked_at).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// QuickBooks told of changes in these companies. Those that are not connected are none of ours.
pub(crate) async fn heard(app: &App, realms: impl IntoIterator<Item = String>) -> Result<(), Error> {
    for realm in realms {
        let mut tx = app.db.begin().await?;
        let Some(tenant) = quickbooks::find_tenant_of_realm(&mut tx, &app.vault, &realm).await? else { continue };
        if !tenants::is_installed(&mut tx, tenant).await? {
            continue;
        }
        let Some(connection) = quickbooks::find_current(&mut tx, &app.vault, tenant).await? else { continue };
        mark(app, &mut tx, tenant, connection.id, ChangeSource::Webhook).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn mark(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    source: ChangeSource,
) -> Result<(), Error> {
    if changes::mark_changed(tx, tenant, connection, source, app.clock.now()).await? {
        app.db.enqueue(tx, ReadChanges { tenant, connection, asked_at: Some(app.clock.now()) }).await?;
    }
    Ok(())
}

/// Reads what has changed in a company since it was last read, unless somebody has done so since it was asked for.
pub(crate) async fn changes(app: &App, wanted: ReadChanges) -> Result<Attempt, Error> {
    let ReadChanges { tenant, connection: id, asked_at } = wanted;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let known = changes::claim(&mut tx, tenant, id, now, now + LEASE_DURATION).await?;
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, id).await?;
    tx.commit().await?;
    let (Some(known), Some(connection)) = (known, connection) else { return Ok(Attempt::Done) };
    let read = match (known.until, asked_at) {
        (Some(until), Some(asked)) if until > asked && until <= now && !pace::is_to_be_read_again(&known, now) => {
            Ok(Progress::Until(until, None))
        }
        _ => since(app, tenant, &connection, &known, now).await,
    };
    let mut tx = app.db.begin().await?;
    let mut later = None;
    let again = match read {
        Ok(Progress::Until(until, findings)) => {
            let pace = if let Some(findings) = findings {
                // A webhook may have arrived during the reading.
                let webhook_at = changes::find(&mut tx, tenant, id).await?.and_then(|now| now.webhook_at);
                let has_open = changes::has_open(&mut tx, tenant, id).await?;
                let known = SyncState { webhook_at, ..known };
                if !findings.has_rows {
                    later = pace::read_again_after(&SyncState { until: Some(now), ..known }, app.clock.now());
                }
                pace::next(&known, findings, has_open, polling_interval(app), now)
            } else {
                // A queue may begin before the time that it was given.
                later = pace::read_again_after(&known, now);
                known.pace
            };
            // The clock may have been put back meanwhile.
            changes::mark_synced(&mut tx, tenant, id, until.min(app.clock.now()), &pace).await?
        }
        Ok(Progress::Begun(begun)) => {
            changes::record_failure(&mut tx, tenant, id, begun, now).await?;
            true
        }
        // The mark stays: a sweep takes it up when the budget allows.
        Err(Error::QuickBooks(ProviderError::HeldBack)) => {
            changes::release(&mut tx, tenant, id).await?;
            false
        }
        Err(Error::QuickBooks(ProviderError::ReadsRefused)) => {
            let again = app.metering.retry_at(now);
            tracing::warn!(tenant.id = %tenant.0, %again, "QuickBooks refuses reads");
            changes::mark_refused(&mut tx, tenant, id, again).await?;
            false
        }
        Err(error) => {
            tracing::warn!(tenant.id = %tenant.0, %error, "the changes were not read");
            let pause = pause(known.failing_since, now, polling_interval(app));
            changes::record_failure(&mut tx, tenant, id, now, now + pause).await?;
            false
        }
    };
    if again {
        app.db.enqueue(&mut tx, ReadChanges { tenant, connection: id, asked_at: Some(app.clock.now()) }).await?;
    }
    tx.commit().await?;
    app.db.announce(tenant).await;
    Ok(match later {
        Some(wait) if !again => Attempt::Later(wait),
        _ => Attempt::Done,
    })
}

/// How far a reading has come.
enum Progress {
    /// All changes up to then are known; what was found, where changes were read.
    Until(Timestamp, Option<Findings>),
    /// Of what was begun then, some is left to read.
    Begun(Timestamp),
}

/// How long to wait before QuickBooks is asked again. Those that fell silent together do not come back together.
fn pause(failing_since: Option<Timestamp>, now: Timestamp, sweep: SignedDuration) -> SignedDuration {
    let silent = failing_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    let most = sweep * 2 / 3;
    let pause = (silent / 2).clamp(MIN_PAUSE.min(most), most);
    pause + pause * fastrand::i32(0..=50) / 100
}

/// The polling interval: the unit of every pace.
fn polling_interval(app: &App) -> SignedDuration {
    SignedDuration::from_secs(i64::from(app.config.quickbooks_poll_seconds))
}

/// Somebody looks at a company: what is known of it should not be old.
pub(crate) async fn looked_at(
    app: &App,
    tenant: TenantId,
    connection: ConnectionId,
    known: Option<SyncState>,
) -> Result<(), Error> {
    let until = known.and_then(|known| known.until).unwrap_or(Timestamp::UNIX_EPOCH);
    if until > app.clock.now() - pace::look_after(known.as_ref(), polling_interval(app)) {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    mark(app, &mut tx, tenant, connection, ChangeSource::PageView).await?;
    tx.commit().await?;
    Ok(())
}

async fn since(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    known: &SyncState,
    now: Timestamp,
) -> Result<Progress, Error> {
    let mut findings = Findings::default();
    if let Some(until) = known.until.filter(|until| *until > now - CHANGE_RETENTION) {
        let mut behind = SignedDuration::ZERO;
        let mut overlaps = vec![OVERLAP, MIN_OVERLAP];
        while !overlaps.is_empty() {
            let overlap = overlaps.remove(0) + behind;
            let asked_at = app.clock.now();
            let read = access::quickbooks_in(Priority::Background, app, tenant, connection, |access| async move {
                access.api().read_changes(until - overlap).await
            });
            let read = match read.await {
                Err(Error::QuickBooks(ProviderError::Refused(refusal))) => {
                    tracing::warn!(tenant.id = %tenant.0, code = refusal.code, "QuickBooks refuses to tell what has changed: lists are compared");
                    return compared(app, tenant, connection, until - overlap, now).await;
                }
                read => read?,
            };
            let is_cut = read.is_cut;
            let shown = read.answered_at.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
            let (unknown, found) = keep(app, tenant, connection, read, asked_at).await?;
            findings = findings.and(found);
            adopt::adopt_unknown_invoices(app, tenant, connection, unknown).await?;
            // QuickBooks dates changes by its own clock. Where that is far behind ours, what it has dated since is asked for as well.
            if behind.is_zero() && shown > MAX_CLOCK_SKEW {
                behind = shown.min(MAX_CORRECTED_SKEW);
                overlaps.insert(0, OVERLAP);
                continue;
            }
            if !is_cut {
                return Ok(Progress::Until(now, Some(findings)));
            }
        }
    }
    let until = known.until.unwrap_or(connection.connected_at);
    let ours = access::quickbooks_in(Priority::Background, app, tenant, connection, |access| async move {
        access.api().find_marked_invoices(until - OVERLAP).await
    });
    let ours = ours.await?;
    log_unreadable(tenant, &ours.unreadable);
    adopt::adopt_unknown_invoices(app, tenant, connection, ours.found).await?;
    // Goes on where an attempt before was broken off; what has changed since then is asked for next.
    all(app, tenant, connection, known.failing_since.map_or(now, |since| since.min(now))).await
}

/// Compares lists where QuickBooks refuses to tell what has changed, as it does when it stumbles over one row: what has changed, by a
/// query that is divided until that row is alone, and in turn every invoice that we know, for those that were deleted.
async fn compared(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    since: Timestamp,
    now: Timestamp,
) -> Result<Progress, Error> {
    let asked_at = app.clock.now();
    let listed = access::quickbooks_in(Priority::Background, app, tenant, connection, |access| async move {
        access.api().read_changed_invoices(since).await
    })
    .await?;
    let is_any_unknown = listed.unidentified > 0;
    let customers = access::quickbooks_in(Priority::Background, app, tenant, connection, |access| async move {
        access.api().read_changed_customers(since).await
    });
    // One of them may be the row that QuickBooks stumbles over; names are read again with the next change.
    let customers = customers.await.map(|read| read.customers).unwrap_or_default();
    let read = Changes { invoices: listed.found, unreadable: listed.unreadable, customers, ..Changes::default() };
    let (unknown, findings) = keep(app, tenant, connection, read, asked_at).await?;
    adopt::adopt_unknown_invoices(app, tenant, connection, unknown).await?;
    // A row that QuickBooks does not give may be any of those that we know: read by their ids, it turns up. Where there are too many for
    // one go, the next reading goes on with those that were not read since.
    all(app, tenant, connection, if is_any_unknown { now } else { now - FULL_READ_INTERVAL }).await?;
    Ok(Progress::Until(now, Some(findings)))
}

fn log_unreadable(tenant: TenantId, ids: &[String]) {
    for id in ids {
        tracing::warn!(tenant.id = %tenant.0, id, "an invoice in QuickBooks cannot be read");
    }
}

/// Reads every invoice that we know, where QuickBooks cannot say what has changed: those that were not read since `begun`, as many as
/// can be in one go.
async fn all(app: &App, tenant: TenantId, connection: &Connection, begun: Timestamp) -> Result<Progress, Error> {
    let started = Instant::now();
    let mut after = String::new();
    loop {
        let mut tx = app.db.read().await?;
        let moments = begun..=app.clock.now();
        let unread =
            invoices::list_not_read_within(&mut tx, tenant, connection.id, moments, &after, CHUNK_ROWS).await?;
        drop(tx);
        let Some(Invoice { state: State::Issued(last), .. }) = unread.last() else {
            return Ok(Progress::Until(begun, None));
        };
        if started.elapsed() > MAX_READ_DURATION {
            return Ok(Progress::Begun(begun));
        }
        after.clone_from(&last.quickbooks_id);
        let chunk: Vec<&Invoice> = unread.iter().collect();
        let mut tries = 1;
        while let Err(error) = read(app, tenant, connection, &chunk, Priority::Background).await {
            let is_passing = matches!(&error, Error::QuickBooks(failed)
                if !matches!(failed, ProviderError::Busy(_) | ProviderError::HeldBack | ProviderError::ReadsRefused));
            if !is_passing || tries == MAX_ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(500) * tries).await;
            tries += 1;
        }
    }
}

/// Keeps what has changed: the invoices among it that are not known here by their number, and what it says of webhooks.
async fn keep(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    read: Changes,
    asked_at: Timestamp,
) -> Result<(Vec<FoundInvoice>, Findings), Error> {
    let mut unknown = Vec::new();
    let has_rows = !(read.invoices.is_empty() && read.deleted.is_empty() && read.customers.is_empty());
    let mut findings = Findings { has_rows, ..Findings::default() };
    let mut tx = app.db.begin().await?;
    for found in read.invoices {
        let id = &found.snapshot.quickbooks_id;
        match invoices::find_by_quickbooks_id(&mut tx, tenant, connection.id, id).await? {
            Some(invoice) => {
                findings = findings.and(changed(app, &mut tx, tenant, &invoice, Some(found.snapshot), asked_at).await?);
            }
            None => unknown.push(found),
        }
    }
    for id in read.unreadable {
        match invoices::find_by_quickbooks_id(&mut tx, tenant, connection.id, &id).await? {
            Some(invoice) => unreadable::mark(&mut tx, tenant, invoice.id, app.clock.now()).await?,
            None => log_unreadable(tenant, &[id]),
        }
    }
    for id in read.deleted {
        if let Some(invoice) = invoices::find_by_quickbooks_id(&mut tx, tenant, connection.id, &id).await? {
            findings = findings.and(changed(app, &mut tx, tenant, &invoice, None, asked_at).await?);
        }
    }
    for (id, name) in read.customers {
        links::update_customer(&mut tx, tenant, connection.id, &id, &Linked { id: id.clone(), name }).await?;
    }
    tx.commit().await?;
    Ok((unknown, findings))
}

/// An invoice has changed in QuickBooks; it is gone without `new`.
async fn changed(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    invoice: &Invoice,
    new: Option<Snapshot>,
    asked_at: Timestamp,
) -> Result<Findings, Error> {
    let State::Issued(old) = &invoice.state else { return Ok(Findings::default()) };
    let now = merged(old, new);
    // What is older than what is known is no news.
    let is_newer = now.deleted || now.sync_token.parse::<u64>().ok() >= old.sync_token.parse().ok();
    let has_news = is_newer && now != *old;
    show(app, tx, tenant, invoice, &now, asked_at).await?;
    Ok(Findings { has_rows: true, has_ours: true, has_news })
}

/// Takes up companies that were not read for long, as the budget allows, and invoices that have fallen due since; how many.
pub(crate) async fn sweep(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let most = i64::try_from(app.metering.count_sweepable()).unwrap_or(MAX_SWEPT_COMPANIES).min(MAX_SWEPT_COMPANIES);
    let mut taken = 0;
    if most > 0 {
        let overdue = Overdue { interval: polling_interval(app), marked: now - MARK_TIMEOUT };
        let mut tx = app.db.begin().await?;
        let unread = changes::claim_overdue(&mut tx, &overdue, now, now + LEASE_DURATION, most).await?;
        for (tenant, connection) in &unread {
            let job = ReadChanges { tenant: *tenant, connection: *connection, asked_at: Some(now) };
            app.db.enqueue(&mut tx, job).await?;
        }
        tx.commit().await?;
        taken = unread.len();
    }
    Ok(taken + history::announce_overdue(app).await?)
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
                    let pause = pause(failing_since, now, sweep);
                    assert!(pause <= sweep, "{pause} after {failing_since:?}, sweep {sweep}");
                    assert!(pause >= MIN_PAUSE.min(sweep / 2), "{pause} after {failing_since:?}, sweep {sweep}");
                }
            }
        }
    }
}

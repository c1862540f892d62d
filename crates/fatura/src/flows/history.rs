//! Writes notes to the deal history: one when an invoice is created, and one for each change of its badge.

use super::{
    Error, company_language,
    context::TenantContext,
    lease::{Attempt, HEARTBEAT_INTERVAL, LOOKUP_WINDOW, OperationLease, UNDER_WAY_DURATION},
    write_back,
};
use crate::{format::Writer, state::App};
use domain::{
    ids::{EntryId, InvoiceId, UserId},
    invoice::{Status, compute_status},
};
use i18n_embed_fl::fl;
use providers::ProviderError;
use store::{
    Tx, grants,
    history::{self, Entry},
    invoices::{self, State},
    leases::Progress,
    queue::WriteHistory,
    quickbooks,
};
use uuid::Uuid;

/// Overdue invoices in one page.
const OVERDUE_PAGE_ROWS: i64 = 200;
/// The event of the first entry. The other events are badges.
const CREATED: &str = "created";

/// Adds an entry if the badge of a stored invoice differs from the announced one, and returns it.
pub(crate) async fn announce_status(
    context: &TenantContext,
    tx: &mut Tx,
    id: InvoiceId,
) -> Result<Option<Entry>, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let Some(invoice) = invoices::find(tx, tenant, id).await? else { return Ok(None) };
    let State::Issued(snapshot) = &invoice.state else { return Ok(None) };
    let connection = quickbooks::find(tx, &app.vault, tenant, invoice.connection).await?;
    let zone = connection.map(|connection| connection.company.time_zone).unwrap_or_default();
    let status = compute_status(snapshot, app.clock.today(&zone));
    if !history::set_announced_status(tx, tenant, id, status).await? {
        return Ok(None);
    }
    let entry = Entry {
        id: EntryId(Uuid::now_v7()),
        invoice: id,
        deal: invoice.deal,
        user: invoice.created_by,
        event: if invoice.announced_status.is_empty() { CREATED } else { status.name() }.to_owned(),
        snapshot: snapshot.clone(),
        made_at: app.clock.now(),
    };
    history::add(tx, tenant, &entry).await?;
    app.db.enqueue(tx, WriteHistory { tenant, entry: entry.id }).await?;
    Ok(Some(entry))
}

/// Adds entries for invoices that became overdue, and returns their number.
pub(crate) async fn announce_overdue(app: &App) -> Result<usize, Error> {
    // The time zone in which each day begins first.
    let before = app.clock.today("Pacific/Kiritimati");
    let (mut after, mut count) = (None, 0);
    loop {
        let mut tx = app.db.read().await?;
        let page = history::list_overdue(&mut tx, before, after.as_ref(), OVERDUE_PAGE_ROWS).await?;
        drop(tx);
        let Some(last) = page.last().cloned() else { return Ok(count) };
        after = Some(last);
        // The due date of the others has not passed in their company's time zone.
        for unpaid in page.into_iter().filter(|unpaid| unpaid.due < app.clock.today(&unpaid.time_zone)) {
            let mut tx = app.db.begin().await?;
            let context = TenantContext::new(app, unpaid.tenant);
            let Some(entry) = announce_status(&context, &mut tx, unpaid.invoice).await? else { continue };
            write_back::request_write_back(&context, &mut tx, entry.deal, entry.user).await?;
            tx.commit().await?;
            app.db.announce(unpaid.tenant).await;
            count += 1;
        }
    }
}

/// Writes an entry as a note on the deal.
pub(crate) async fn write_entry(context: &TenantContext, id: EntryId) -> Result<Attempt, Error> {
    let mut tx = context.app.db.begin().await?;
    let lease = OperationLease::new(context, id);
    let leased = history::claim(&mut tx, context.tenant, id, lease.owner, lease.since, lease.until()).await?;
    tx.commit().await?;
    let Some((entry, progress, attempts)) = leased else { return Ok(Attempt::Done) };
    let worker = Worker { context, entry: &entry, progress, lease: &lease };
    match lease.run_while_leased(Box::pin(worker.run())).await {
        Some(result) => worker.store_result(result, attempts).await,
        None => Ok(Attempt::Later(HEARTBEAT_INTERVAL)),
    }
}

/// One attempt at an entry.
struct Worker<'a> {
    context: &'a TenantContext,
    entry: &'a Entry,
    progress: Progress,
    lease: &'a OperationLease<'a, EntryId>,
}

impl Worker<'_> {
    /// Makes the attempt. Returns the id of the note, or `None` if no user could write it.
    async fn run(&self) -> Result<Option<i64>, Error> {
        let content = format_note(Writer::new(company_language::read_locale(self.context).await?), self.entry);
        let mut tx = self.context.app.db.read().await?;
        let users = grants::list_users(&mut tx, self.context.tenant).await?;
        drop(tx);
        let mut authors: Vec<UserId> = users.into_iter().map(|(user, _)| user).collect();
        authors.sort_by_key(|user| *user != self.entry.user);
        for author in authors {
            match self.write_note(author, &content).await {
                Ok(note) => return Ok(Some(note)),
                // This user may not write to the deal or has left, so the next one is tried.
                Err(
                    Error::NotInstalled
                    | Error::NotFound
                    | Error::Pipedrive(ProviderError::Refused(_) | ProviderError::NotPermitted(_)),
                ) => {}
                Err(error) => return Err(error),
            }
        }
        tracing::warn!(tenant.id = %self.context.tenant.0, deal = self.entry.deal.0, "a history entry was dropped, because no user could write it");
        Ok(None)
    }

    /// Finds the note of an earlier attempt, or writes it. If another worker may still be sending it, the second lookup waits, by a timer
    /// that does not depend on the clock, because Pipedrive would accept the same note twice.
    async fn write_note(&self, author: UserId, content: &str) -> Result<i64, Error> {
        let Self { context, entry, .. } = *self;
        let lookups = match self.progress {
            Progress::Queued => 0,
            Progress::Sending => 1,
            Progress::Lost => 2,
        };
        for at in 0..lookups {
            if at > 0 {
                tokio::time::sleep(UNDER_WAY_DURATION.unsigned_abs()).await;
            }
            if let Some(note) = self.find_note(author, content).await? {
                return Ok(note);
            }
        }
        let mut tx = context.app.db.begin().await?;
        self.lease.mark_sending(&mut tx).await?;
        tx.commit().await?;
        context.pipedrive_as(author).call(async |api| api.create_note(entry.deal, content).await).await
    }

    /// Finds a note with the same content that is not of another entry.
    async fn find_note(&self, author: UserId, content: &str) -> Result<Option<i64>, Error> {
        let Self { context, entry, .. } = *self;
        let since = entry.made_at - LOOKUP_WINDOW;
        let found = context.pipedrive_as(author).call(async |api| api.find_notes(entry.deal, content, since).await);
        for note in found.await? {
            let mut tx = context.app.db.read().await?;
            if !history::is_ours(&mut tx, context.tenant, note).await? {
                return Ok(Some(note));
            }
        }
        Ok(None)
    }

    /// Stores the result of the attempt.
    async fn store_result(&self, result: Result<Option<i64>, Error>, attempts: i32) -> Result<Attempt, Error> {
        let Self { context, entry, lease, .. } = *self;
        let mut tx = context.app.db.begin().await?;
        let attempt = match result {
            Ok(note) => {
                history::mark_written(&mut tx, context.tenant, entry.id, lease.owner, note).await?;
                Attempt::Done
            }
            Err(error) => {
                tracing::warn!(tenant.id = %context.tenant.0, %error, "an attempt at writing a history entry failed");
                lease.release_after_error(&mut tx, &error, attempts, entry.made_at).await?
            }
        };
        tx.commit().await?;
        Ok(attempt)
    }
}

/// Formats the note as HTML.
fn format_note(w: Writer, entry: &Entry) -> String {
    let snapshot = &entry.snapshot;
    let number = snapshot.doc_number.clone().unwrap_or_else(|| snapshot.quickbooks_id.clone());
    let (total, balance) = (w.money(&snapshot.total), w.money(&snapshot.balance));
    let (due, customer) = (w.date(&snapshot.due), snapshot.customer_name.as_str());
    let text = match entry.event.as_str() {
        CREATED => fl!(w.t, "history-created", number = number, total = total, customer = customer, due = due),
        announced if announced == Status::PartiallyPaid.name() => {
            fl!(w.t, "history-partially-paid", number = number, balance = balance, total = total)
        }
        announced if announced == Status::Paid.name() => fl!(w.t, "history-paid", number = number, total = total),
        announced if announced == Status::Overdue.name() => {
            fl!(w.t, "history-overdue", number = number, balance = balance, due = due)
        }
        announced if announced == Status::Voided.name() => fl!(w.t, "history-voided", number = number),
        announced if announced == Status::Deleted.name() => fl!(w.t, "history-deleted", number = number),
        _ => fl!(w.t, "history-open", number = number, balance = balance, due = due),
    };
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<p>{escaped}</p>")
}

//! Adds entries to the deal history: one when an invoice is created, and one for each change of its badge. `operations::post_note` writes them.

use super::{Error, context::TenantContext, write_back};
use crate::state::App;
use domain::{
    ids::{EntryId, InvoiceId},
    invoice::compute_status,
};
use store::{
    Tx,
    history::{self, CREATED, Entry},
    invoices::{self, State},
    queue::WriteHistory,
    quickbooks,
};
use uuid::Uuid;

/// Overdue invoices in one page.
const OVERDUE_PAGE_ROWS: i64 = 200;

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

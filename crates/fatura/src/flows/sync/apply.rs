//! Stores snapshots of known invoices, deletions, and names of customers.

use super::pace::Findings;
use crate::flows::{Error, context::TenantContext, history, write_back};
use domain::{ids::TenantId, invoice::Snapshot};
use jiff::Timestamp;
use providers::quickbooks::{Changes, FoundInvoice};
use store::{
    Tx,
    invoices::{self, Invoice, State},
    links::{self, LinkedCustomer},
    quickbooks::Connection,
    unreadable,
};

/// Invoices that one transaction stores.
const MAX_ROWS_OF_TRANSACTION: usize = 50;

/// Merges the answer of QuickBooks into the stored snapshot. A voided invoice stays voided until it has an amount again, because the note that
/// marks it in QuickBooks may be edited. An invoice without an answer was deleted.
pub(crate) fn merge_snapshots(stored: &Snapshot, read: Option<Snapshot>) -> Snapshot {
    match read {
        Some(new) => Snapshot { voided: new.voided || (stored.voided && new.total.is_zero()), ..new },
        None => Snapshot { deleted: true, ..stored.clone() },
    }
}

/// Stores a snapshot that was requested at `asked_at`, adds an entry to the deal history and requests the write-back.
pub(crate) async fn update_snapshot(
    context: &TenantContext,
    tx: &mut Tx,
    invoice: &Invoice,
    snapshot: &Snapshot,
    asked_at: Timestamp,
) -> Result<(), Error> {
    invoices::update_snapshot(tx, context.tenant, invoice.id, snapshot, asked_at, context.app.clock.now()).await?;
    // The badge also changes with the date, while the snapshot stays the same.
    let has_new_status = history::announce_status(context, tx, invoice.id).await?.is_some();
    if has_new_status || invoice.state != State::Issued(snapshot.clone()) {
        write_back::request_write_back(context, tx, invoice.deal, invoice.created_by).await?;
    }
    Ok(())
}

/// Stores changes. Returns the invoices that have no row, and the findings.
pub(super) async fn store_changes(
    context: &TenantContext,
    connection: &Connection,
    read: Changes,
    asked_at: Timestamp,
) -> Result<(Vec<FoundInvoice>, Findings), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut unknown = Vec::new();
    let mut stored_rows = 0;
    let has_rows = !(read.invoices.is_empty() && read.deleted.is_empty() && read.customers.is_empty());
    let mut findings = Findings { has_rows, ..Findings::default() };
    let mut tx = app.db.begin().await?;
    for found in read.invoices {
        // A transaction must end before the sync lease does: on SQLite, it delays the heartbeat.
        stored_rows += 1;
        if stored_rows % MAX_ROWS_OF_TRANSACTION == 0 {
            tx.commit().await?;
            tx = app.db.begin().await?;
        }
        let id = &found.snapshot.quickbooks_id;
        match invoices::find_by_quickbooks_id(&mut tx, tenant, connection.id, id).await? {
            Some(invoice) => {
                findings =
                    findings.and(apply_change(context, &mut tx, &invoice, Some(found.snapshot), asked_at).await?);
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
            findings = findings.and(apply_change(context, &mut tx, &invoice, None, asked_at).await?);
        }
    }
    for (id, name) in read.customers {
        links::update_customer(&mut tx, tenant, connection.id, &id, &LinkedCustomer { id: id.clone(), name }).await?;
    }
    tx.commit().await?;
    Ok((unknown, findings))
}

/// Applies a change of an invoice, or its deletion where `new` is `None`.
async fn apply_change(
    context: &TenantContext,
    tx: &mut Tx,
    invoice: &Invoice,
    new: Option<Snapshot>,
    asked_at: Timestamp,
) -> Result<Findings, Error> {
    let State::Issued(old) = &invoice.state else { return Ok(Findings::default()) };
    let now = merge_snapshots(old, new);
    // An older version is no news.
    let is_newer = now.deleted || now.sync_token.parse::<u64>().ok() >= old.sync_token.parse().ok();
    let has_news = is_newer && now != *old;
    // Most rows of a read are known already, because consecutive reads overlap.
    if now == *old && invoice.unreadable_since.is_none() {
        return Ok(Findings { has_rows: true, has_ours: true, has_news });
    }
    update_snapshot(context, tx, invoice, &now, asked_at).await?;
    Ok(Findings { has_rows: true, has_ours: true, has_news })
}

pub(super) fn log_unreadable(tenant: TenantId, ids: &[String]) {
    for id in ids {
        tracing::warn!(tenant.id = %tenant.0, id, "an invoice in QuickBooks cannot be read");
    }
}

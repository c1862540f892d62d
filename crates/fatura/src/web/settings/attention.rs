//! The attention list of the settings: parked operations, failed jobs and unreadable invoices.

use crate::{flows, web::session::Session};
use i18n_embed_fl::fl;
use jiff::Timestamp;
use store::{
    parked::{OperationKind, ParkedOperation},
    queue::FailedJob,
};

/// A parked operation or a failed job, as the page shows it.
pub(super) struct StuckRow {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) text: String,
}

/// The kind of work that has no row of its own.
pub(super) const JOB: &str = "job";

/// The work that is stuck, a line for each; for administrators.
pub(super) async fn stuck(session: &Session) -> Result<Vec<StuckRow>, flows::Error> {
    if !session.profile.is_admin {
        return Ok(Vec::new());
    }
    let w = session.writer();
    let day = |since: Timestamp| w.date(&since.to_zoned(session.profile.zone()).date());
    let line = |operation: ParkedOperation| {
        let kind = match operation.kind {
            OperationKind::Invoice => fl!(w.t, "stuck-invoice"),
            OperationKind::Act => fl!(w.t, "stuck-act"),
            OperationKind::Entry => fl!(w.t, "stuck-entry"),
        };
        let (deal, since) = (operation.deal.to_string(), day(operation.since));
        let text = fl!(w.t, "stuck-row", kind = kind, deal = deal, since = since, attempts = operation.attempts);
        StuckRow { kind: operation.kind.name(), id: operation.id.to_string(), text }
    };
    let job = |job: FailedJob| {
        let kind = if job.is_write_back() { fl!(w.t, "stuck-fields") } else { fl!(w.t, "stuck-changes") };
        let text = fl!(w.t, "stuck-job", kind = kind, since = day(job.since), attempts = job.attempts);
        StuckRow { kind: JOB, id: job.id.to_string(), text }
    };
    let rows = flows::parked::list_of_tenant(session).await?.into_iter().map(line);
    Ok(rows.chain(flows::parked::list_failed_jobs(session).await?.into_iter().map(job)).collect())
}

/// An invoice that QuickBooks does not show, as the page shows it.
pub(super) struct UnreadableRow {
    pub(super) text: String,
    pub(super) link: String,
}

/// The invoices that QuickBooks does not show, a line for each, with their pages there; for administrators.
pub(super) async fn unreadable(session: &Session) -> Result<Vec<UnreadableRow>, flows::Error> {
    if !session.profile.is_admin {
        return Ok(Vec::new());
    }
    let w = session.writer();
    let rows = flows::parked::list_unreadable(session).await?;
    Ok(rows
        .into_iter()
        .map(|(row, realm_id)| {
            let number = row.number.unwrap_or_else(|| format!("#{}", row.quickbooks_id));
            let since = w.date(&row.since.to_zoned(session.profile.zone()).date());
            let deal = row.deal.0.to_string();
            UnreadableRow {
                text: fl!(w.t, "unreadable-row", number = number, deal = deal, since = since),
                link: session.app.config.invoice_page(&realm_id, &row.quickbooks_id),
            }
        })
        .collect())
}

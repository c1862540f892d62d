//! The attention list of the settings page: parked operations, failed jobs and unreadable invoices.

use crate::{flows, web::session::Session};
use i18n_embed_fl::fl;
use jiff::Timestamp;
use store::{
    parked::{OperationKind, ParkedOperation},
    queue::FailedJob,
};

/// A parked operation or a failed job, formatted.
pub(super) struct ParkedRow {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) text: String,
}

/// The kind of a failed job. Parked operations have the kinds of [`OperationKind`].
pub(super) const JOB: &str = "job";

/// Lists parked operations and failed jobs. Empty unless the user is an administrator.
pub(super) async fn list_parked(session: &Session) -> Result<Vec<ParkedRow>, flows::Error> {
    if !session.profile.is_admin {
        return Ok(Vec::new());
    }
    let w = session.writer();
    let format_date = |since: Timestamp| w.date(&since.to_zoned(session.profile.zone()).date());
    let format_operation = |operation: ParkedOperation| {
        let kind = match operation.kind {
            OperationKind::Invoice => fl!(w.t, "stuck-invoice"),
            OperationKind::Action => fl!(w.t, "stuck-act"),
            OperationKind::Entry => fl!(w.t, "stuck-entry"),
        };
        let (deal, since) = (operation.deal.to_string(), format_date(operation.since));
        let text = fl!(w.t, "stuck-row", kind = kind, deal = deal, since = since, attempts = operation.attempts);
        ParkedRow { kind: operation.kind.name(), id: operation.id.to_string(), text }
    };
    let format_job = |job: FailedJob| {
        let kind = if job.is_write_back() { fl!(w.t, "stuck-fields") } else { fl!(w.t, "stuck-changes") };
        let text = fl!(w.t, "stuck-job", kind = kind, since = format_date(job.since), attempts = job.attempts);
        ParkedRow { kind: JOB, id: job.id.to_string(), text }
    };
    let rows = flows::parked::list_of_tenant(session).await?.into_iter().map(format_operation);
    Ok(rows.chain(flows::parked::list_failed_jobs(session).await?.into_iter().map(format_job)).collect())
}

/// An invoice that cannot be read from QuickBooks, formatted.
pub(super) struct UnreadableRow {
    pub(super) text: String,
    pub(super) link: String,
}

/// Lists the invoices that cannot be read from QuickBooks, with links to them there. Empty unless the user is an administrator.
pub(super) async fn list_unreadable(session: &Session) -> Result<Vec<UnreadableRow>, flows::Error> {
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

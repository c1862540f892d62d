//! The page of the panel.

use super::{
    super::{error::Error, page::html, session::Session},
    rows::{self, Row, build_row},
};
use crate::{
    flows::{
        self,
        panel::{self, Record},
    },
    format::Writer,
};
use askama::Template;
use axum::response::Response;
use domain::{mapping::Entity, sums::sum_invoices};
use i18n_embed_fl::fl;
use jiff::Timestamp;
use serde::Deserialize;
use store::quickbooks;

/// Rows of a panel when it opens, and the step in which the user shows more.
const ROWS: usize = 10;
const ROWS_MORE: usize = 50;

#[derive(Template)]
#[template(path = "panel.html")]
struct Panel {
    w: Writer,
    /// The panel's path below `/panel/`, such as `deal/1`.
    at: String,
    record: Record,
    rows: Vec<Row>,
    /// Number of requested rows.
    row_count: usize,
    /// Number of invoices that are not listed.
    more: usize,
    sums: Vec<Sums>,
    connection: Connected,
    customer: Option<Customer>,
    settings_url: String,
    support_url: Option<String>,
    is_admin: bool,
    /// Whether the user may create invoices.
    may_create: bool,
    /// When the user's draft was saved.
    draft: Option<String>,
    read_at: Option<String>,
    silent_since: Option<String>,
    /// Whether QuickBooks currently refuses reads.
    is_refused: bool,
    /// The error of the request, if there is one.
    error_text: Option<String>,
}

impl Panel {
    /// Returns the label of the panel: the kind of record whose invoices it lists.
    fn label(&self) -> String {
        match self.record.entity {
            Entity::Deal => fl!(self.w.t, "panel-invoices"),
            Entity::Person => fl!(self.w.t, "panel-invoices-person"),
            Entity::Organization => fl!(self.w.t, "panel-invoices-organization"),
        }
    }
}

/// State of the tenant's connection.
enum Connected {
    Yes,
    Never,
    NeedsReconnect,
}

/// The formatted sums of one currency.
struct Sums {
    outstanding: String,
    overdue: String,
    paid: String,
    is_overdue: bool,
}

/// The linked customer.
struct Customer {
    name: String,
    link: String,
}

/// The record of a panel, from its path.
#[derive(Debug, Deserialize)]
pub(crate) struct PanelAddress {
    pub(super) entity: String,
    pub(super) id: i64,
}

impl PanelAddress {
    pub(super) fn record(&self) -> Result<Record, flows::Error> {
        Ok(Record { entity: Entity::from_name(&self.entity).ok_or(flows::Error::NotFound)?, id: self.id })
    }
}

/// The number of rows that the user has opened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PanelQuery {
    pub(super) rows: usize,
}

/// Renders the panel of a record, with the error of the request, if there is one.
pub(super) async fn render(
    session: &Session,
    record: Record,
    query: &PanelQuery,
    error_text: Option<String>,
) -> Result<Response, Error> {
    let shown = panel::read_panel(session, record).await.map_err(session.localize_error())?;
    let w = session.writer();
    let time = |at: Timestamp| w.moment(&at, session.app.clock.now(), &session.profile.time_zone);
    let row_count = query.rows.max(ROWS);
    let permissions = rows::Permissions::of(&shown.settings, session.user, session.profile.is_admin);
    let rows = shown
        .invoices
        .iter()
        .take(row_count)
        .map(|invoice| build_row(&session.app, w, invoice, &shown, permissions, |at| time(*at)))
        .collect();
    let oldest_read =
        shown.invoices.iter().filter_map(|invoice| invoice.read_at).filter(|at| *at <= session.app.clock.now()).min();
    let read_at = oldest_read.max(shown.known.and_then(|known| known.until));
    html(&Panel {
        w,
        at: format!("{}/{}", record.entity.name(), record.id),
        record,
        rows,
        row_count,
        more: shown.invoices.len().saturating_sub(row_count),
        sums: sum_invoices(shown.snapshots(&session.app.clock))
            .into_iter()
            .map(|sum| Sums {
                outstanding: w.money(&sum.outstanding),
                overdue: w.money(&sum.overdue),
                paid: w.money(&sum.paid),
                is_overdue: !sum.overdue.is_zero(),
            })
            .collect(),
        customer: shown.linked.as_ref().zip(shown.current.as_ref()).map(|(linked, connection)| Customer {
            name: if linked.name.is_empty() { format!("#{}", linked.id) } else { linked.name.clone() },
            link: session.app.config.customer_page(&connection.realm_id, &linked.id),
        }),
        connection: match shown.current.as_ref().map(|connection| connection.state) {
            Some(quickbooks::State::Active) => Connected::Yes,
            Some(quickbooks::State::NeedsReconnect) => Connected::NeedsReconnect,
            Some(quickbooks::State::Disconnected) | None => Connected::Never,
        },
        support_url: session.app.config.support_page(),
        settings_url: session.app.config.settings_page(&session.company.company_domain),
        is_admin: session.profile.is_admin,
        may_create: shown.settings.create.includes(session.profile.is_admin),
        draft: shown.draft.map(time),
        read_at: read_at.filter(|_| !shown.invoices.is_empty()).map(time),
        is_refused: shown
            .known
            .is_some_and(|known| known.refused_until.is_some_and(|until| session.app.clock.now() < until)),
        silent_since: shown.known.and_then(|known| known.failing_since).map(time),
        error_text,
    })
}

//! The page of the panel.

use super::{
    super::{error::Error, page::html, session::Session},
    rows::{self, Row, row},
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

/// Rows that a panel opens with, and that are added when more are asked for.
const ROWS: usize = 10;
const ROWS_MORE: usize = 50;

#[derive(Template)]
#[template(path = "panel.html")]
struct Panel {
    w: Writer,
    /// `deal/1`: the panel's own address below `/panel/`.
    at: String,
    record: Record,
    rows: Vec<Row>,
    /// How many rows are asked for, and how many more there are.
    asked: usize,
    more: usize,
    sums: Vec<Sums>,
    connection: Connected,
    customer: Option<Customer>,
    settings_url: String,
    support_url: Option<String>,
    is_admin: bool,
    /// Whether the user may create invoices.
    may_create: bool,
    /// When the draft that waits was saved.
    draft: Option<String>,
    read_at: Option<String>,
    silent_since: Option<String>,
    /// QuickBooks refuses reads.
    is_refused: bool,
    /// The text of the error of the request, if there is one.
    trouble: Option<String>,
}

impl Panel {
    /// Whose invoices are listed.
    fn label(&self) -> String {
        match self.record.entity {
            Entity::Deal => fl!(self.w.t, "panel-invoices"),
            Entity::Person => fl!(self.w.t, "panel-invoices-person"),
            Entity::Organization => fl!(self.w.t, "panel-invoices-organization"),
        }
    }
}

/// How the company stands with QuickBooks.
enum Connected {
    Yes,
    Never,
    NeedsReconnect,
}

/// The sums of one currency, written.
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

/// Which panel, as its address says.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    pub(super) entity: String,
    pub(super) id: i64,
}

impl Address {
    pub(super) fn record(&self) -> Result<Record, flows::Error> {
        Ok(Record { entity: Entity::from_name(&self.entity).ok_or(flows::Error::NotFound)?, id: self.id })
    }
}

/// How much of the history is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(super) rows: usize,
}

/// Renders the panel of a record, with what went wrong before.
pub(super) async fn render(
    session: &Session,
    record: Record,
    asked: &Asked,
    trouble: Option<String>,
) -> Result<Response, Error> {
    let shown = panel::read_panel(session, record).await.map_err(session.localize_error())?;
    let w = session.writer();
    let time = |at: Timestamp| w.moment(&at, session.app.clock.now(), &session.profile.time_zone);
    let asked = asked.rows.max(ROWS);
    let may = rows::May::of(&shown.settings, session.user, session.profile.is_admin);
    let rows = shown
        .invoices
        .iter()
        .take(asked)
        .map(|invoice| row(&session.app, w, invoice, &shown, may, |at| time(*at)))
        .collect();
    let read =
        shown.invoices.iter().filter_map(|invoice| invoice.read_at).filter(|at| *at <= session.app.clock.now()).min();
    let read = read.max(shown.known.and_then(|known| known.until));
    html(&Panel {
        w,
        at: format!("{}/{}", record.entity.name(), record.id),
        record,
        rows,
        asked,
        more: shown.invoices.len().saturating_sub(asked),
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
        read_at: read.filter(|_| !shown.invoices.is_empty()).map(time),
        is_refused: shown
            .known
            .is_some_and(|known| known.refused_until.is_some_and(|until| session.app.clock.now() < until)),
        silent_since: shown.known.and_then(|known| known.failing_since).map(time),
        trouble,
    })
}

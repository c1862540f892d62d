//! The side panel of a deal, a person or an organization: its invoices and what can be done with them.

mod acts;
pub(super) mod rows;

pub(crate) use acts::{act, question, recipient, remove};

use super::{
    error::Error,
    page::{add_snackbar, html},
    session::Session,
};
use crate::{
    flows::{
        self,
        panel::{self, Billable, Record},
        sync,
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use axum_extra::extract::Query;
use domain::{mapping::Entity, sums::sum_invoices};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use jiff::Timestamp;
use rows::{Row, row};
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
    /// Who can connect, for those who cannot.
    may_create: bool,
    /// When the draft that waits was saved.
    draft: Option<String>,
    read_at: Option<String>,
    silent_since: Option<String>,
    /// QuickBooks refuses reads.
    is_refused: bool,
    /// What went wrong with what was asked for.
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
    entity: String,
    id: i64,
}

impl Address {
    fn record(&self) -> Result<Record, flows::Error> {
        Ok(Record { entity: Entity::from_name(&self.entity).ok_or(flows::Error::NotFound)?, id: self.id })
    }
}

/// How much of the history is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    rows: usize,
}

async fn render(
    app: &App,
    session: &Session,
    record: Record,
    asked: &Asked,
    trouble: Option<String>,
) -> Result<Response, Error> {
    let shown =
        panel::read_panel(app, session.tenant.id, session.user, record).await.map_err(session.localize_error())?;
    let w = session.writer();
    let time = |at: Timestamp| w.moment(&at, app.clock.now(), &session.profile.time_zone);
    let asked = asked.rows.max(ROWS);
    let may = rows::May::of(&shown.settings, session.user, session.profile.is_admin);
    let rows =
        shown.invoices.iter().take(asked).map(|invoice| row(app, w, invoice, &shown, may, |at| time(*at))).collect();
    let read = shown.invoices.iter().filter_map(|invoice| invoice.read_at).filter(|at| *at <= app.clock.now()).min();
    let read = read.max(shown.known.and_then(|known| known.until));
    html(&Panel {
        w,
        at: format!("{}/{}", record.entity.name(), record.id),
        record,
        rows,
        asked,
        more: shown.invoices.len().saturating_sub(asked),
        sums: sum_invoices(shown.snapshots(&app.clock))
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
            link: app.config.customer_page(&connection.realm_id, &linked.id),
        }),
        connection: match shown.current.as_ref().map(|connection| connection.state) {
            Some(quickbooks::State::Active) => Connected::Yes,
            Some(quickbooks::State::NeedsReconnect) => Connected::NeedsReconnect,
            Some(quickbooks::State::Disconnected) | None => Connected::Never,
        },
        support_url: app.config.support_page(),
        settings_url: app.config.settings_page(&session.tenant.company_domain),
        is_admin: session.profile.is_admin,
        may_create: shown.settings.create.includes(session.profile.is_admin),
        draft: shown.draft.map(time),
        read_at: read.filter(|_| !shown.invoices.is_empty()).map(time),
        is_refused: shown.known.is_some_and(|known| known.refused_until.is_some_and(|until| app.clock.now() < until)),
        silent_since: shown.known.and_then(|known| known.failing_since).map(time),
        trouble,
    })
}

pub(crate) async fn render_panel(
    State(app): State<App>,
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let record = address.record().map_err(session.localize_error())?;
    render(&app, &session, record, &asked, None).await
}

/// Fetches what is new in QuickBooks. When it does not answer, what was known is shown, and said to be old.
pub(crate) async fn refresh(
    State(app): State<App>,
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::read_panel(&app, session.tenant.id, session.user, record).await.map_err(&localize)?;
    let trouble = match sync::refresh_invoices(&app, session.tenant.id, record.scope()).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(tenant.id = %session.tenant.id.0, error = &error as &dyn std::error::Error, "a refresh failed");
            Some(super::error::words(session.writer(), &error).2)
        }
    };
    render(&app, &session, record, &asked, trouble).await
}

/// Forgets the linked customer.
pub(crate) async fn unlink(
    State(app): State<App>,
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::unlink_customer(&app, session.tenant.id, session.user, record).await.map_err(&localize)?;
    let mut response = render(&app, &session, record, &asked, None).await?;
    add_snackbar(response.headers_mut(), &fl!(session.writer().t, "panel-unlinked"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "billable_deals.html")]
struct BillableDeals {
    w: Writer,
    deals: Vec<BillableDeal>,
}

/// A deal to choose from, written.
struct BillableDeal {
    id: i64,
    title: String,
    value: String,
    is_won: bool,
    /// How many invoices it has; nothing where it has none.
    invoices: Option<String>,
}

/// The deals of a person or an organization that can be billed.
pub(crate) async fn billable_deals(
    State(app): State<App>,
    session: Session,
    Path(address): Path<Address>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    let w = session.writer();
    let deals = panel::list_billable_deals(&app, session.tenant.id, session.user, record).await.map_err(&localize)?;
    let written = deals.into_iter().map(|Billable { deal, is_won, invoices }| BillableDeal {
        id: deal.id,
        title: deal.title,
        value: Currency::from_code(&deal.currency).map(|currency| w.amount(&deal.value, &currency)).unwrap_or_default(),
        is_won,
        invoices: (invoices > 0).then(|| fl!(w.t, "panel-deal-invoices", count = invoices)),
    });
    html(&BillableDeals { w, deals: written.collect() })
}

//! The side panel: a deal's invoices.

use super::{
    Error, html,
    install::settings_page,
    session::{OfDeal, Session},
};
use crate::{
    flows::{self, deal, refresh},
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    ids::DealId,
    invoice::{Snapshot, Status, status},
};
use i18n_embed_fl::fl;
use jiff::{Timestamp, civil::Date};
use store::{
    invoices::{self, Invoice},
    quickbooks::{self, Connection},
};

#[derive(Template)]
#[template(path = "panel.html")]
struct Panel {
    w: Writer,
    deal: i64,
    rows: Vec<Row>,
    connection: Connected,
    settings_url: String,
    is_admin: bool,
    /// When the oldest of the rows was read.
    read_at: Option<String>,
    /// What went wrong with the refresh that was asked for.
    trouble: Option<String>,
}

/// How the company stands with QuickBooks.
enum Connected {
    Yes,
    Never,
    NeedsReconnect,
}

/// One invoice as the panel shows it.
pub(crate) struct Row {
    pub(crate) number: Option<String>,
    pub(crate) customer: String,
    pub(crate) total: String,
    pub(crate) status: &'static str,
    pub(crate) badge: String,
    pub(crate) note: Option<String>,
    pub(crate) dates: String,
    pub(crate) link: Option<String>,
}

/// A badge's word.
pub(crate) fn badge(w: Writer, status: Status) -> (&'static str, String) {
    match status {
        Status::Open => ("open", fl!(w.t, "status-open")),
        Status::PartiallyPaid => ("partially-paid", fl!(w.t, "status-partially-paid")),
        Status::Overdue => ("overdue", fl!(w.t, "status-overdue")),
        Status::Paid => ("paid", fl!(w.t, "status-paid")),
        Status::Voided => ("voided", fl!(w.t, "status-voided")),
        Status::Deleted => ("deleted", fl!(w.t, "status-deleted")),
    }
}

/// An invoice's page in QuickBooks.
pub(crate) fn quickbooks_link(app: &App, realm_id: &str, snapshot: &Snapshot) -> String {
    app.config.quickbooks_invoice_url.replace("{realm}", realm_id).replace("{id}", &snapshot.quickbooks_id)
}

fn issued_row(w: Writer, snapshot: &Snapshot, link: Option<String>, today: Date) -> Row {
    let (status, badge) = badge(w, status(snapshot, today));
    let rest = (snapshot.balance.amount() < snapshot.total.amount() && !snapshot.balance.is_zero())
        .then(|| fl!(w.t, "panel-left-to-pay", amount = w.money(&snapshot.balance)));
    Row {
        number: snapshot.doc_number.clone(),
        customer: snapshot.customer_name.clone(),
        total: w.money(&snapshot.total),
        status,
        badge,
        note: rest,
        dates: fl!(w.t, "panel-due", due = w.date(&snapshot.due)),
        link: if snapshot.deleted { None } else { link },
    }
}

fn pending_row(w: Writer, invoice: &Invoice) -> Row {
    let refused = matches!(invoice.state, invoices::State::Refused(_));
    let (status, badge, note) = if refused {
        ("refused", fl!(w.t, "status-refused"), fl!(w.t, "panel-refused"))
    } else {
        ("checking", fl!(w.t, "status-checking"), fl!(w.t, "panel-checking"))
    };
    let customer = match &invoice.draft.customer {
        domain::draft::Choice::New(name) => name.clone(),
        domain::draft::Choice::Existing(_) => invoice.form.customer_name.clone(),
    };
    Row {
        number: None,
        customer,
        total: w.amount(&invoice.draft.total, &invoice.draft.currency),
        status,
        badge,
        note: Some(note),
        dates: fl!(w.t, "panel-due", due = w.date(&invoice.draft.due)),
        link: None,
    }
}

async fn render(app: &App, session: &Session, deal: DealId, trouble: Option<String>) -> Result<Response, Error> {
    let told = session.told();
    // The deal itself is read as the user: who may not see it sees no invoice of it either.
    deal::read(app, session.tenant.id, session.user, deal).await.map_err(&told)?;
    let invoices = deal::invoices(app, session.tenant.id, deal).await.map_err(&told)?;
    let w = session.writer();
    let mut connections: Vec<Connection> = Vec::new();
    let store_error = |error: store::Error| told(flows::Error::Store(error));
    let mut tx = app.db.read().await.map_err(&store_error)?;
    let current = quickbooks::current(&mut tx, &app.vault, session.tenant.id).await.map_err(&store_error)?;
    for invoice in &invoices {
        if !connections.iter().any(|known| known.id == invoice.connection)
            && let Some(found) = quickbooks::find(&mut tx, &app.vault, session.tenant.id, invoice.connection)
                .await
                .map_err(&store_error)?
        {
            connections.push(found);
        }
    }
    drop(tx);
    let zone = current.as_ref().map_or(session.profile.time_zone.as_str(), |connection| &connection.company.time_zone);
    let today = app.clock.today(zone);
    let rows = invoices
        .iter()
        .map(|invoice| match &invoice.state {
            invoices::State::Issued(snapshot) => {
                let realm = connections
                    .iter()
                    .find(|connection| connection.id == invoice.connection)
                    .map(|connection| &connection.realm_id);
                issued_row(w, snapshot, realm.map(|realm| quickbooks_link(app, realm, snapshot)), today)
            }
            _ => pending_row(w, invoice),
        })
        .collect();
    let oldest: Option<Timestamp> = invoices.iter().filter_map(|invoice| invoice.read_at).min();
    html(&Panel {
        w,
        deal: deal.0,
        rows,
        connection: match current.map(|connection| connection.state) {
            Some(quickbooks::State::Active) => Connected::Yes,
            Some(quickbooks::State::NeedsReconnect) => Connected::NeedsReconnect,
            Some(quickbooks::State::Disconnected) | None => Connected::Never,
        },
        settings_url: settings_page(app, &session.tenant.company_domain),
        is_admin: session.profile.is_admin,
        read_at: oldest.map(|at| w.time(&at, &session.profile.time_zone)),
        trouble,
    })
}

pub(crate) async fn show(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(deal): Path<i64>,
) -> Result<Response, Error> {
    render(&app, &session, DealId(deal), None).await
}

/// Fetches what is new in QuickBooks. When it does not answer, what was known is shown, and said to be old.
pub(crate) async fn refresh(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(deal): Path<i64>,
) -> Result<Response, Error> {
    let told = session.told();
    deal::read(&app, session.tenant.id, session.user, DealId(deal)).await.map_err(&told)?;
    let trouble = match refresh::deal(&app, session.tenant.id, DealId(deal)).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(tenant.id = %session.tenant.id.0, error = &error as &dyn std::error::Error, "a refresh failed");
            Some(super::error::words(session.writer(), &error).2)
        }
    };
    render(&app, &session, DealId(deal), trouble).await
}

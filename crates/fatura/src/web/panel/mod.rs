//! The side panel of a deal, a person or an organization: its invoices and the actions on them.

mod actions;
mod page;
pub(super) mod rows;

pub(crate) use actions::{read_question, remove_invoice, render_recipient_form, request_action};

use super::{
    error::Error,
    page::{add_snackbar, html},
    session::Session,
};
use crate::{
    flows::{
        panel::{self, Billable},
        sync,
    },
    format::Writer,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use axum_extra::extract::Query;
use i18n_embed_fl::fl;
use iso_currency::Currency;
use page::{PanelAddress, PanelQuery, render};

pub(crate) async fn render_panel(
    session: Session,
    Path(address): Path<PanelAddress>,
    Query(query): Query<PanelQuery>,
) -> Result<Response, Error> {
    let record = address.record().map_err(session.localize_error())?;
    render(&session, record, &query, None).await
}

/// Reads the changes from QuickBooks, and renders the panel. If that fails, the panel shows the stored invoices and the error.
pub(crate) async fn refresh_panel(
    session: Session,
    Path(address): Path<PanelAddress>,
    Query(query): Query<PanelQuery>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::read_panel(&session, record).await.map_err(&localize)?;
    let error_text = match sync::refresh_invoices(&session, record.scope()).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(tenant.id = %session.tenant.0, error = &error as &dyn std::error::Error, "a refresh failed");
            Some(super::error::describe_error(session.writer(), &error).2)
        }
    };
    render(&session, record, &query, error_text).await
}

/// Removes the link to the customer, and renders the panel.
pub(crate) async fn unlink_customer(
    session: Session,
    Path(address): Path<PanelAddress>,
    Query(query): Query<PanelQuery>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::unlink_customer(&session, record).await.map_err(&localize)?;
    let mut response = render(&session, record, &query, None).await?;
    add_snackbar(response.headers_mut(), &fl!(session.writer().t, "panel-unlinked"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "billable_deals.html")]
struct BillableDeals {
    w: Writer,
    deals: Vec<BillableDeal>,
}

/// A deal to choose, formatted.
struct BillableDeal {
    id: i64,
    title: String,
    value: String,
    is_won: bool,
    /// Number of invoices, in words; `None` if there are none.
    invoices: Option<String>,
}

/// Renders the billable deals of a person or an organization.
pub(crate) async fn render_billable_deals(
    session: Session,
    Path(address): Path<PanelAddress>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    let w = session.writer();
    let deals = panel::list_billable_deals(&session, record).await.map_err(&localize)?;
    let formatted = deals.into_iter().map(|Billable { deal, is_won, invoices }| BillableDeal {
        id: deal.id,
        title: deal.title,
        value: Currency::from_code(&deal.currency).map(|currency| w.amount(&deal.value, &currency)).unwrap_or_default(),
        is_won,
        invoices: (invoices > 0).then(|| fl!(w.t, "panel-deal-invoices", count = invoices)),
    });
    html(&BillableDeals { w, deals: formatted.collect() })
}

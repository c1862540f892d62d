//! The side panel of a deal, a person or an organization: its invoices and what can be done with them.

mod acts;
mod page;
pub(super) mod rows;

pub(crate) use acts::{act, question, recipient, remove};

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
use page::{Address, Asked, render};

pub(crate) async fn render_panel(
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let record = address.record().map_err(session.localize_error())?;
    render(&session, record, &asked, None).await
}

/// Fetches what is new in QuickBooks. When it does not answer, what was known is shown, and said to be old.
pub(crate) async fn refresh(
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::read_panel(&session, record).await.map_err(&localize)?;
    let trouble = match sync::refresh_invoices(&session, record.scope()).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(tenant.id = %session.tenant.0, error = &error as &dyn std::error::Error, "a refresh failed");
            Some(super::error::words(session.writer(), &error).2)
        }
    };
    render(&session, record, &asked, trouble).await
}

/// Forgets the linked customer.
pub(crate) async fn unlink(
    session: Session,
    Path(address): Path<Address>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    panel::unlink_customer(&session, record).await.map_err(&localize)?;
    let mut response = render(&session, record, &asked, None).await?;
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
pub(crate) async fn billable_deals(session: Session, Path(address): Path<Address>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let record = address.record().map_err(&localize)?;
    let w = session.writer();
    let deals = panel::list_billable_deals(&session, record).await.map_err(&localize)?;
    let written = deals.into_iter().map(|Billable { deal, is_won, invoices }| BillableDeal {
        id: deal.id,
        title: deal.title,
        value: Currency::from_code(&deal.currency).map(|currency| w.amount(&deal.value, &currency)).unwrap_or_default(),
        is_won,
        invoices: (invoices > 0).then(|| fl!(w.t, "panel-deal-invoices", count = invoices)),
    });
    html(&BillableDeals { w, deals: written.collect() })
}

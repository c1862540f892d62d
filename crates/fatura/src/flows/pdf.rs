//! QuickBooks' own PDF of an invoice, by a link that works once.

use super::{Error, context::UserContext, panel, states};
use crate::state::App;
use axum::body::Bytes;
use domain::ids::InvoiceId;
use futures_util::Stream;
use jiff::SignedDuration;
use providers::ProviderError;
use store::{
    invoices::State,
    one_time_tokens::{self, Purpose},
    quickbooks,
};
use url::Url;

/// A tab opens at once.
const TICKET_LIFE: SignedDuration = SignedDuration::from_secs(60);

/// A PDF and what to call it.
pub(crate) struct Pdf<Parts> {
    pub(crate) number: String,
    /// As QuickBooks sends it; an error ends it.
    pub(crate) parts: Parts,
}

/// A link to the PDF for a new tab, which can carry no bearer.
pub(crate) async fn issue_token(context: &UserContext, invoice: InvoiceId) -> Result<Url, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    panel::find_visible(context, invoice).await?;
    let until = app.clock.now() + TICKET_LIFE;
    let mut tx = app.db.begin().await?;
    let of = invoice.0.to_string();
    let ticket = states::issue_state(app, &purpose(&of), until)?;
    one_time_tokens::begin(&mut tx, &app.vault, Purpose::Pdf, &ticket, &of, Some((tenant, user)), until).await?;
    tx.commit().await?;
    Ok(app.config.page(&format!("/pdf/{of}/{ticket}")))
}

fn purpose(invoice: &str) -> String {
    format!("pdf/{invoice}")
}

/// Takes a ticket: the PDF, as QuickBooks makes it now.
pub(crate) async fn read_pdf(
    app: &App,
    invoice: InvoiceId,
    ticket: &str,
) -> Result<Pdf<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>>, Error> {
    let of = invoice.0.to_string();
    states::check_state(app, &purpose(&of), ticket)?;
    let mut tx = app.db.begin().await?;
    let who = one_time_tokens::finish(&mut tx, &app.vault, Purpose::Pdf, ticket, &of, app.clock.now()).await?;
    tx.commit().await?;
    let (tenant, user) = who.flatten().ok_or(Error::ForeignFlow)?;
    let context = UserContext::new(app, tenant, user);
    let invoice = panel::find_visible(&context, invoice).await?;
    let State::Issued(snapshot) = invoice.state else { return Err(Error::NotFound) };
    let mut tx = app.db.read().await?;
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, invoice.connection).await?;
    drop(tx);
    let connection = connection.ok_or(Error::NotConnected)?;
    let id = &snapshot.quickbooks_id;
    let parts = context.quickbooks(&connection).call(async |api| api.download_pdf(id).await).await?;
    Ok(Pdf { number: snapshot.doc_number.unwrap_or(snapshot.quickbooks_id), parts })
}

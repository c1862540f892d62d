//! Serves QuickBooks' PDF of an invoice by a one-time link.

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

/// Time to live of the one-time token.
const TOKEN_TTL: SignedDuration = SignedDuration::from_secs(60);

/// A PDF, and the number for its file name.
pub(crate) struct Pdf<Parts> {
    pub(crate) number: String,
    /// The content as QuickBooks sends it. An error ends it.
    pub(crate) parts: Parts,
}

/// Issues a one-time link to the PDF, because a new tab cannot send a bearer.
pub(crate) async fn issue_token(context: &UserContext, invoice: InvoiceId) -> Result<Url, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    panel::find_visible(context, invoice).await?;
    let until = app.clock.now() + TOKEN_TTL;
    let mut tx = app.db.begin().await?;
    let invoice_id = invoice.0.to_string();
    let ticket = states::issue_state(app, &purpose(&invoice_id), until)?;
    one_time_tokens::begin(&mut tx, &app.vault, Purpose::Pdf, &ticket, &invoice_id, Some((tenant, user)), until)
        .await?;
    tx.commit().await?;
    Ok(app.config.page(&format!("/pdf/{invoice_id}/{ticket}")))
}

fn purpose(invoice: &str) -> String {
    format!("pdf/{invoice}")
}

/// Consumes a one-time token, and downloads the PDF.
pub(crate) async fn read_pdf(
    app: &App,
    invoice: InvoiceId,
    ticket: &str,
) -> Result<Pdf<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>>, Error> {
    let invoice_id = invoice.0.to_string();
    states::check_state(app, &purpose(&invoice_id), ticket)?;
    let mut tx = app.db.begin().await?;
    let owner =
        one_time_tokens::finish(&mut tx, &app.vault, Purpose::Pdf, ticket, &invoice_id, app.clock.now()).await?;
    tx.commit().await?;
    let (tenant, user) = owner.flatten().ok_or(Error::ForeignFlow)?;
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

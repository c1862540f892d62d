//! The answer to *Copy for support* of an invoice that QuickBooks refused.

use super::{
    error::Error,
    page::html,
    session::Session,
    support::{Failure, Support},
};
use crate::flows::panel;
use axum::{extract::Path, response::Response};
use domain::ids::InvoiceId;
use serde_json::Value;
use uuid::Uuid;

/// Renders the details of QuickBooks' last refusal of an invoice, or none if it refused nothing.
pub(crate) async fn render_support(session: Session, Path(invoice): Path<Uuid>) -> Result<Response, Error> {
    let (localize, id) = (session.localize_error(), InvoiceId(invoice));
    panel::require_visible(&session, id).await.map_err(&localize)?;
    let refusal = panel::find_last_refusal(&session, id).await.map_err(&localize)?;
    let details = refusal.map(|(at, detail)| {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (code, call_id) = (text("code"), text("intuit_tid"));
        Failure { reference: invoice.to_string(), at: Some(at), code, call_id }.details()
    });
    html(&Support { w: session.writer(), details })
}

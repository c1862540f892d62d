//! An invoice's PDF in a new tab.

use super::{error::Error, pages::redirect_to_failure, session::Session};
use crate::{flows::pdf, state::App};
use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use domain::ids::InvoiceId;
use serde_json::json;
use uuid::Uuid;

/// Returns a one-time link to the PDF, for the tab that the page opens.
pub(crate) async fn issue_link(session: Session, Path(invoice): Path<Uuid>) -> Result<Json<serde_json::Value>, Error> {
    let url = pdf::issue_token(&session, InvoiceId(invoice)).await.map_err(session.localize_error())?;
    Ok(Json(json!({ "url": url.as_str() })))
}

/// Serves the PDF of a one-time link.
pub(crate) async fn serve_pdf(State(app): State<App>, Path((invoice, ticket)): Path<(Uuid, String)>) -> Response {
    match pdf::read_pdf(&app, InvoiceId(invoice), &ticket).await {
        Ok(pdf) => {
            let name: String = pdf.number.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let headers: [(HeaderName, String); 2] = [
                (header::CONTENT_TYPE, "application/pdf".into()),
                (header::CONTENT_DISPOSITION, format!("inline; filename=\"invoice-{name}.pdf\"")),
            ];
            (headers, Body::from_stream(pdf.parts)).into_response()
        }
        Err(error) => redirect_to_failure(&error, "quickbooks").into_response(),
    }
}

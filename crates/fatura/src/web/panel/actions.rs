//! The actions on an invoice: void, delete, e-mail, remove.

use super::{
    page::{PanelAddress, PanelQuery, render},
    rows,
};
use crate::{
    flows::{
        self,
        invoice_actions::{self, ActionInput, Outcome},
        panel::{self, Removal},
    },
    format::Writer,
    web::{
        error::Error,
        form::words,
        page::{add_snackbar, html},
        session::Session,
    },
};
use askama::Template;
use axum::{
    Form, Json,
    extract::Path,
    http::{HeaderValue, StatusCode},
    response::Response,
};
use axum_extra::extract::Query;
use domain::{
    form::{FieldError, FormField, Problem, check_recipient},
    ids::InvoiceId,
    invoice::InvoiceAction,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use store::{invoice_actions::Reason, invoices};
use uuid::Uuid;

/// The state that the user saw, the recipient, and the idempotency key.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PostedAct {
    seen: String,
    recipient: String,
    key: Option<Uuid>,
}

/// Requests an action on an invoice, and renders the panel after it.
pub(crate) async fn request_action(
    session: Session,
    Path((entity, at, invoice, action)): Path<(String, i64, Uuid, String)>,
    Query(query): Query<PanelQuery>,
    Form(posted): Form<PostedAct>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let record = PanelAddress { entity, id: at }.record().map_err(&localize)?;
    let action = InvoiceAction::from_name(&action).ok_or(flows::Error::NotFound).map_err(&localize)?;
    let id = InvoiceId(invoice);
    let invoice = panel::find_visible(&session, id).await.map_err(&localize)?;
    let recipient = posted.recipient.trim().to_owned();
    let input = ActionInput { invoice: id, action, seen: posted.seen, recipient: recipient.clone(), key: posted.key };
    let outcome = invoice_actions::request(&session, input).await.map_err(&localize)?;
    let number = match &invoice.state {
        invoices::State::Issued(snapshot) => snapshot.doc_number.clone().unwrap_or_default(),
        _ => String::new(),
    };
    match outcome {
        Outcome::Done => {
            let mut response = render(&session, record, &query, None).await?;
            let message = match action {
                InvoiceAction::Void => fl!(w.t, "act-voided", number = number),
                InvoiceAction::Delete => fl!(w.t, "act-deleted", number = number),
                InvoiceAction::Send => fl!(w.t, "act-sent", number = number),
                InvoiceAction::Correct => fl!(w.t, "act-corrected", number = number),
            };
            add_snackbar(response.headers_mut(), &message);
            Ok(response)
        }
        // The form is shown again, with the typed address.
        Outcome::Refused(Reason::NoAddress) => {
            let problem = match check_recipient(&recipient) {
                None | Some(Problem::Missing | Problem::NotAnEmail) => fl!(w.t, "act-no-address"),
                Some(problem) => words::message(w, &FieldError { field: FormField::Email, problem }),
            };
            let form = RecipientForm {
                w,
                at: format!("{}/{at}", record.entity.name()),
                invoice: id.0,
                number,
                email: recipient,
                rows: query.rows,
                key: posted.key.unwrap_or_else(Uuid::new_v4),
                wrong: Some(problem),
            };
            let mut response = html(&form)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            if let Ok(target) = format!("#below-{}", id.0).parse() {
                response.headers_mut().insert("hx-retarget", target);
                response.headers_mut().insert("hx-reswap", HeaderValue::from_static("innerHTML"));
            }
            Ok(response)
        }
        Outcome::Pending => render(&session, record, &query, None).await,
        // The row itself shows the answer of QuickBooks.
        Outcome::Refused(Reason::HasPayments(_) | Reason::Explained(..) | Reason::Refused(_)) => {
            let mut response = render(&session, record, &query, None).await?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
        Outcome::Refused(reason) => {
            let text = find_refusal_text(&session, id, action, &reason).await.map_err(&localize)?;
            let mut response = render(&session, record, &query, text).await?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
    }
}

/// Returns the question before an irreversible action, with the invoice's current payments in QuickBooks.
pub(crate) async fn read_question(
    session: Session,
    Path((_, _, invoice, action)): Path<(String, i64, Uuid, String)>,
) -> Result<Json<rows::ConfirmationDialog>, Error> {
    let localize = session.localize_error();
    let action = InvoiceAction::from_name(&action)
        .filter(|action| action.is_irreversible())
        .ok_or(flows::Error::NotFound)
        .map_err(&localize)?;
    let found = panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    let payments = invoice_actions::list_payments(&session, &found).await.map_err(&localize)?;
    let invoices::State::Issued(stored) = &found.state else { return Err(localize(flows::Error::NotFound)) };
    let snapshot = payments.as_ref().map_or(stored, |payments| &payments.invoice);
    Ok(Json(rows::build_dialog(session.writer(), action, snapshot, payments.as_ref())))
}

/// Removes an unsent invoice, and renders the panel after it.
pub(crate) async fn remove_invoice(
    session: Session,
    Path((entity, at, invoice)): Path<(String, i64, Uuid)>,
    Query(query): Query<PanelQuery>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let record = PanelAddress { entity, id: at }.record().map_err(&localize)?;
    let message = match panel::remove_unsent(&session, InvoiceId(invoice)).await.map_err(&localize)? {
        Removal::Refused => Some(fl!(w.t, "panel-removed")),
        Removal::Unsent => Some(fl!(w.t, "panel-removed-unsent")),
        Removal::TriedAgain => None,
    };
    if let Some(message) = message {
        let mut response = render(&session, record, &query, None).await?;
        add_snackbar(response.headers_mut(), &message);
        return Ok(response);
    }
    let mut response = render(&session, record, &query, Some(fl!(w.t, "panel-not-removed"))).await?;
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

/// Returns the text of a refusal that the row does not show: nothing was sent, so no action is stored.
async fn find_refusal_text(
    session: &Session,
    id: InvoiceId,
    action: InvoiceAction,
    reason: &Reason,
) -> Result<Option<String>, flows::Error> {
    let w = session.writer();
    let status = invoice_actions::find_status(session, id).await?;
    Ok(status.map(|status| rows::describe_refusal(w, action, reason, &w.badge(status))))
}

#[derive(Template)]
#[template(path = "recipient.html")]
struct RecipientForm {
    w: Writer,
    at: String,
    invoice: Uuid,
    number: String,
    email: String,
    rows: usize,
    /// Idempotency key: submitting the form twice sends one e-mail.
    key: Uuid,
    /// Why the typed address is invalid.
    wrong: Option<String>,
}

/// Renders the form for the recipient of an e-mail.
pub(crate) async fn render_recipient_form(
    session: Session,
    Path((entity, id, invoice)): Path<(String, i64, Uuid)>,
    Query(query): Query<PanelQuery>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let found = panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    let invoices::State::Issued(snapshot) = found.state else { return Err(localize(flows::Error::NotFound)) };
    html(&RecipientForm {
        w: session.writer(),
        at: format!("{entity}/{id}"),
        invoice,
        number: snapshot.doc_number.unwrap_or(snapshot.quickbooks_id),
        email: snapshot.email,
        rows: query.rows,
        key: Uuid::new_v4(),
        wrong: None,
    })
}

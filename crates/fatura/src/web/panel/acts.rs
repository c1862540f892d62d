//! The menu of an invoice: void, delete, e-mail.

use super::{
    page::{Address, Asked, render},
    rows,
};
use crate::{
    flows::{
        self,
        acts::{self, ActInput, Outcome},
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
    invoice::Act,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use store::{acts::Reason, invoices};
use uuid::Uuid;

/// The state that the person saw, and the recipient.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PostedAct {
    seen: String,
    recipient: String,
    key: Option<Uuid>,
}

/// Does something to an invoice, and shows the panel as it is then.
pub(crate) async fn act(
    session: Session,
    Path((entity, at, invoice, act)): Path<(String, i64, Uuid, String)>,
    Query(asked): Query<Asked>,
    Form(posted): Form<PostedAct>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let record = Address { entity, id: at }.record().map_err(&localize)?;
    let act = Act::from_name(&act).ok_or(flows::Error::NotFound).map_err(&localize)?;
    let id = InvoiceId(invoice);
    let invoice = panel::find_visible(&session, id).await.map_err(&localize)?;
    let recipient = posted.recipient.trim().to_owned();
    let wanted = ActInput { invoice: id, act, seen: posted.seen, recipient: recipient.clone(), key: posted.key };
    let outcome = acts::request(&session, wanted).await.map_err(&localize)?;
    let number = match &invoice.state {
        invoices::State::Issued(snapshot) => snapshot.doc_number.clone().unwrap_or_default(),
        _ => String::new(),
    };
    match outcome {
        Outcome::Done => {
            let mut response = render(&session, record, &asked, None).await?;
            let message = match act {
                Act::Void => fl!(w.t, "act-voided", number = number),
                Act::Delete => fl!(w.t, "act-deleted", number = number),
                Act::Send => fl!(w.t, "act-sent", number = number),
                Act::Correct => fl!(w.t, "act-corrected", number = number),
            };
            add_snackbar(response.headers_mut(), &message);
            Ok(response)
        }
        // The form comes back with what was typed.
        Outcome::Refused(Reason::NoAddress) => {
            let wrong = match check_recipient(&recipient) {
                None | Some(Problem::Missing | Problem::NotAnEmail) => fl!(w.t, "act-no-address"),
                Some(problem) => words::message(w, &FieldError { field: FormField::Email, problem }),
            };
            let form = Recipient {
                w,
                at: format!("{}/{at}", record.entity.name()),
                invoice: id.0,
                number,
                email: recipient,
                rows: asked.rows,
                key: posted.key.unwrap_or_else(Uuid::new_v4),
                wrong: Some(wrong),
            };
            let mut response = html(&form)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            if let Ok(target) = format!("#below-{}", id.0).parse() {
                response.headers_mut().insert("hx-retarget", target);
                response.headers_mut().insert("hx-reswap", HeaderValue::from_static("innerHTML"));
            }
            Ok(response)
        }
        Outcome::Pending => render(&session, record, &asked, None).await,
        // QuickBooks was asked: the row says what it answered.
        Outcome::Refused(Reason::HasPayments(_) | Reason::Explained(..) | Reason::Refused(_)) => {
            let mut response = render(&session, record, &asked, None).await?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
        Outcome::Refused(reason) => {
            let why = refusal(&session, id, act, &reason).await.map_err(&localize)?;
            let mut response = render(&session, record, &asked, why).await?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
    }
}

/// The question before an act that cannot be undone, with the payments of the invoice as QuickBooks has them now.
pub(crate) async fn question(
    session: Session,
    Path((_, _, invoice, act)): Path<(String, i64, Uuid, String)>,
) -> Result<Json<rows::Dialogue>, Error> {
    let localize = session.localize_error();
    let act =
        Act::from_name(&act).filter(|act| act.is_irreversible()).ok_or(flows::Error::NotFound).map_err(&localize)?;
    let found = panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    let payments = acts::list_payments(&session, &found).await.map_err(&localize)?;
    let invoices::State::Issued(known) = &found.state else { return Err(localize(flows::Error::NotFound)) };
    let snapshot = payments.as_ref().map_or(known, |payments| &payments.invoice);
    Ok(Json(rows::dialogue(session.writer(), act, snapshot, payments.as_ref())))
}

/// Removes an invoice that was not sent, and shows the panel as it is then.
pub(crate) async fn remove(
    session: Session,
    Path((entity, at, invoice)): Path<(String, i64, Uuid)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let record = Address { entity, id: at }.record().map_err(&localize)?;
    let removed = match panel::remove_unsent(&session, InvoiceId(invoice)).await.map_err(&localize)? {
        Removal::Refused => Some(fl!(w.t, "panel-removed")),
        Removal::Unsent => Some(fl!(w.t, "panel-removed-unsent")),
        Removal::TriedAgain => None,
    };
    if let Some(removed) = removed {
        let mut response = render(&session, record, &asked, None).await?;
        add_snackbar(response.headers_mut(), &removed);
        return Ok(response);
    }
    let mut response = render(&session, record, &asked, Some(fl!(w.t, "panel-not-removed"))).await?;
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

/// A refusal that the row does not tell itself: nothing was sent, so there is no act to show.
async fn refusal(session: &Session, id: InvoiceId, act: Act, reason: &Reason) -> Result<Option<String>, flows::Error> {
    let w = session.writer();
    let status = acts::find_status(session, id).await?;
    Ok(status.map(|status| rows::refused(w, act, reason, &w.badge(status))))
}

#[derive(Template)]
#[template(path = "recipient.html")]
struct Recipient {
    w: Writer,
    at: String,
    invoice: Uuid,
    number: String,
    email: String,
    rows: usize,
    /// Makes two presses of the form one e-mail.
    key: Uuid,
    /// Why what was typed is no address.
    wrong: Option<String>,
}

/// Asks to whom an invoice is sent.
pub(crate) async fn recipient(
    session: Session,
    Path((entity, id, invoice)): Path<(String, i64, Uuid)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let found = panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    let invoices::State::Issued(snapshot) = found.state else { return Err(localize(flows::Error::NotFound)) };
    html(&Recipient {
        w: session.writer(),
        at: format!("{entity}/{id}"),
        invoice,
        number: snapshot.doc_number.unwrap_or(snapshot.quickbooks_id),
        email: snapshot.email,
        rows: asked.rows,
        key: Uuid::new_v4(),
        wrong: None,
    })
}

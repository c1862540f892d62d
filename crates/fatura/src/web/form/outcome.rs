//! Responses to *Create*: the invoice, errors, a question, or that the outcome is being checked.

use super::{
    super::{
        error::Error,
        page::html,
        panel::rows::describe_refusal,
        session::{Session, form_key},
    },
    page::{PlainPage, render_page},
    words,
};
use crate::{
    flows::{
        self, catalogue, companies, form, invoice_actions,
        issue::{self, SubmitOutcome},
        ledger::{self, Question},
        panel,
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::Query;
use domain::{
    form::Form,
    ids::{DealId, InvoiceId},
    invoice::{InvoiceAction, Snapshot, compute_status},
    tax::TaxModel,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use serde_qs::axum::QsForm;
use std::time::Duration;
use store::{
    invoices::{Invoice, State},
    parked::{OperationKind, ParkReason},
};
use uuid::Uuid;

/// Upper bound for the errors that the summary lists, because more would cover the form. Fields show the others.
const ERRORS_NAMED: usize = 10;

#[derive(Template)]
#[template(path = "error_summary.html")]
pub(super) struct ErrorSummary {
    w: Writer,
    errors: Vec<(String, String)>,
    /// The invoice, if QuickBooks refused it; its details for support can be copied.
    refused: Option<Uuid>,
}

/// The question before the invoice is created.
#[derive(Template)]
#[template(path = "question.html")]
struct QuestionNotice {
    w: Writer,
    deal: i64,
    /// Whether the form can be filled in with what remains, because the deal's invoices have changed.
    can_bill_remaining: bool,
    texts: Vec<String>,
    token: String,
}

async fn build_question(session: &Session, question: &Question) -> Result<QuestionNotice, Error> {
    let w = session.writer();
    let mut texts = Vec::new();
    if let Some(changed) = &question.changed {
        let name = match changed.newest_by {
            Some(user) => ledger::find_user_name(session, user).await.map_err(session.localize_error())?,
            None => None,
        };
        let amount = match changed.currency {
            Some(currency) => w.amount(&changed.amount, &currency),
            None => w.number(&changed.amount),
        };
        let count = i64::try_from(changed.invoices).unwrap_or(i64::MAX);
        texts.push(fl!(w.t, "ask-changed", count = count, amount = amount, basis = words::basis(w, question.tax_mode)));
        texts.extend(name.map(|name| fl!(w.t, "ask-newest", name = name)));
        if !changed.is_some_left {
            texts.push(fl!(w.t, "ask-nothing-left"));
        }
    }
    if let Some((excess, currency)) = &question.excess {
        let basis = words::basis(w, question.tax_mode);
        texts.push(fl!(w.t, "ask-excess", amount = w.amount(excess, currency), basis = basis));
    }
    let can_bill_remaining = question.changed.as_ref().is_some_and(|changed| changed.is_some_left);
    Ok(QuestionNotice { w, deal: question.deal, can_bill_remaining, texts, token: question.token.clone() })
}

#[derive(Template)]
#[template(path = "issued.html")]
struct IssuedNotice {
    w: Writer,
    deal: i64,
    number: String,
    total: String,
    link: String,
    /// Whether an earlier submission of this form created the invoice. Later changes of the form were not sent.
    earlier: bool,
    invoice: Uuid,
    /// The difference, if QuickBooks computed another total than the form showed.
    difference: Option<Difference>,
}

/// A total that differs from the form's, with the values that a correction posts.
struct Difference {
    expected: String,
    /// The displayed state of the invoice.
    seen: String,
    /// Idempotency key of the correction.
    key: Uuid,
    /// Why a correction failed.
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "checking.html")]
struct CheckingNotice {
    invoice: Uuid,
    title: String,
    text: String,
    /// Whether the form is creating an invoice with other content, from another window.
    is_other: bool,
}

/// Query of a page that waits for an outcome.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ProgressQuery {
    /// Present if the invoice has other content than this page submitted.
    other: Option<String>,
}

#[derive(Template)]
#[template(path = "parked_notice.html")]
struct ParkedNotice {
    w: Writer,
    invoice: Uuid,
    title: String,
    text: String,
    /// Whether it may be resent, because its outcome is unknown.
    is_doubt: bool,
}

/// Upper bound for the wait for the outcome after a user retries a parked invoice.
const LOOKUP_WAIT: Duration = Duration::from_secs(5);

/// The request to retry a parked invoice.
#[derive(Deserialize)]
pub(crate) struct RetryInput {
    /// Present if the user has checked that the invoice is not in QuickBooks.
    resend: Option<String>,
}

/// Creates the invoice of a submitted form.
pub(crate) async fn create_invoice(
    session: Session,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let outcome = submit_form(&session, id, form).await?;
    render_outcome(&session, outcome).await
}

async fn submit_form(session: &Session, deal: i64, form: Form) -> Result<SubmitOutcome, Error> {
    issue::submit(session, DealId(deal), form, session.writer()).await.map_err(session.localize_error())
}

/// Creates the invoice of a form that the browser posted without the page's script: authenticated by a key in the form, answered with a
/// complete page.
pub(crate) async fn create_from_post(
    Extract(app): Extract<App>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Response, Error> {
    let session = form_key::authenticate(&app, &body, id).await?;
    let form: Form =
        serde_qs::Config::new().use_form_encoding(true).deserialize_bytes(&body).map_err(|_| Error::Unauthenticated)?;
    let w = session.writer();
    match submit_form(&session, id, form).await? {
        outcome @ (SubmitOutcome::Invalid(_) | SubmitOutcome::Refused(..) | SubmitOutcome::Question(_)) => {
            let opened = Box::pin(form::open_draft(&session, DealId(id), w)).await.map_err(session.localize_error())?;
            let notice = match &outcome {
                SubmitOutcome::Question(question) => build_question(&session, question).await?.render(),
                SubmitOutcome::Invalid(errors) => build_error_summary(w, errors, None).render(),
                SubmitOutcome::Refused(invoice, errors) => build_error_summary(w, errors, Some(*invoice)).render(),
                _ => Ok(String::new()),
            };
            let notice = notice.map_err(|error| Error::Page(error.to_string()))?;
            let mut response = render_page(&session, &opened, Some(notice))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        outcome => {
            let content = render_outcome(&session, outcome).await?;
            let bytes = axum::body::to_bytes(content.into_body(), 1 << 20)
                .await
                .map_err(|error| Error::Page(error.to_string()))?;
            html(&PlainPage { w, content: String::from_utf8_lossy(&bytes).into_owned() })
        }
    }
}

/// Renders the current outcome of an invoice that is being checked.
pub(crate) async fn render_progress(
    session: Session,
    Path(invoice): Path<Uuid>,
    Query(query): Query<ProgressQuery>,
) -> Result<Response, Error> {
    let (localize, id) = (session.localize_error(), InvoiceId(invoice));
    panel::require_visible(&session, id).await.map_err(&localize)?;
    let outcome = match issue::wait_for_outcome(&session, id, Duration::ZERO).await.map_err(&localize)? {
        SubmitOutcome::Issued(invoice, _) | SubmitOutcome::Waiting(invoice) if query.other.is_some() => {
            SubmitOutcome::Different(invoice)
        }
        SubmitOutcome::Checking(_) if query.other.is_some() => {
            SubmitOutcome::Different(Box::new(panel::find_visible(&session, id).await.map_err(&localize)?))
        }
        outcome => outcome,
    };
    render_outcome(&session, outcome).await
}

/// Retries a parked invoice: it is looked up again, and resent if the user has checked that it is not in QuickBooks.
pub(crate) async fn retry_parked(
    session: Session,
    Path(invoice): Path<Uuid>,
    QsForm(input): QsForm<RetryInput>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    form::require_creator(&session).await.map_err(&localize)?;
    match flows::parked::retry(&session, (OperationKind::Invoice, invoice), input.resend.is_some()).await {
        // Another request has retried it already. The response shows its state.
        Ok(()) | Err(flows::Error::NotFound) => {}
        Err(error) => return Err(localize(error)),
    }
    let outcome = issue::wait_for_outcome(&session, InvoiceId(invoice), LOOKUP_WAIT).await.map_err(&localize)?;
    render_outcome(&session, outcome).await
}

/// The request to correct an invoice: the state that the user saw, and the idempotency key.
#[derive(Deserialize)]
pub(crate) struct CorrectionInput {
    seen: String,
    key: Option<Uuid>,
}

/// Corrects the taxes and the total of an invoice to those that its form showed, if QuickBooks computed others.
pub(crate) async fn correct_invoice(
    session: Session,
    Path(invoice): Path<Uuid>,
    QsForm(correction): QsForm<CorrectionInput>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let id = InvoiceId(invoice);
    let before = panel::find_visible(&session, id).await.map_err(&localize)?;
    let input = invoice_actions::ActionInput {
        invoice: id,
        action: InvoiceAction::Correct,
        seen: correction.seen,
        recipient: String::new(),
        key: correction.key,
    };
    let outcome = invoice_actions::request(&session, input).await.map_err(&localize)?;
    let refusal = match outcome {
        invoice_actions::Outcome::Refused(reason) => {
            let zone = form::find_time_zone(&session, &before).await.map_err(&localize)?;
            let State::Issued(snapshot) = &before.state else { return Err(localize(flows::Error::NotFound)) };
            let status = compute_status(snapshot, session.app.clock.today(&zone));
            Some(describe_refusal(session.writer(), InvoiceAction::Correct, &reason, &session.writer().badge(status)))
        }
        invoice_actions::Outcome::Done | invoice_actions::Outcome::Pending => None,
    };
    let after = panel::find_visible(&session, id).await.map_err(&localize)?;
    let State::Issued(snapshot) = &after.state else { return Err(localize(flows::Error::NotFound)) };
    render_issued(&session, &after, snapshot, false, refusal).await
}

fn build_parked_notice(w: Writer, invoice: &Invoice) -> ParkedNotice {
    let is_doubt = invoice.park_reason == Some(ParkReason::Doubt);
    let text = match (&invoice.park_reason, &invoice.state) {
        (Some(ParkReason::Doubt), _) => fl!(w.t, "stuck-doubt"),
        (Some(ParkReason::Disconnected), State::Queued) => fl!(w.t, "stuck-disconnected"),
        _ => fl!(w.t, "stuck-failed"),
    };
    ParkedNotice { w, invoice: invoice.id.0, title: fl!(w.t, "stuck-title"), text, is_doubt }
}

pub(super) fn build_error_summary(
    w: Writer,
    errors: &[domain::form::FieldError],
    refused: Option<InvoiceId>,
) -> ErrorSummary {
    let described = errors.iter().map(|error| (words::field_id(error.field), words::message(w, error)));
    ErrorSummary { w, errors: described.collect(), refused: refused.map(|invoice| invoice.0) }
}

fn build_checking_notice(w: Writer, invoice: Uuid, is_other: bool) -> CheckingNotice {
    let text = if is_other { fl!(w.t, "checking-other") } else { fl!(w.t, "checking-text") };
    CheckingNotice { invoice, title: fl!(w.t, "checking-title"), text, is_other }
}

/// Renders an invoice that is not sent yet: it is queued, or waits until an administrator reconnects QuickBooks.
async fn render_waiting(session: &Session, invoice: &Invoice) -> Result<Response, Error> {
    let w = session.writer();
    let connection = companies::find_usable(session).await;
    let needs_reconnect = matches!(connection, Err(flows::Error::NeedsReconnect));
    let (title, text) = if needs_reconnect {
        (fl!(w.t, "reconnect-title"), fl!(w.t, "waiting-reconnect"))
    } else {
        (fl!(w.t, "waiting-title"), fl!(w.t, "waiting-text"))
    };
    html(&CheckingNotice { invoice: invoice.id.0, title, text, is_other: false })
}

async fn render_outcome(session: &Session, outcome: SubmitOutcome) -> Result<Response, Error> {
    let w = session.writer();
    match outcome {
        SubmitOutcome::Invalid(errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&build_error_summary(w, &errors, None))?).into_response())
        }
        SubmitOutcome::Refused(invoice, errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&build_error_summary(w, &errors, Some(invoice)))?)
                .into_response())
        }
        SubmitOutcome::Question(question) => {
            let notice = build_question(session, &question).await?;
            Ok((StatusCode::CONFLICT, html(&notice)?).into_response())
        }
        SubmitOutcome::Waiting(invoice) => render_waiting(session, &invoice).await,
        SubmitOutcome::Checking(invoice) => html(&build_checking_notice(w, invoice.0, false)),
        SubmitOutcome::Parked(invoice) => html(&build_parked_notice(w, &invoice)),
        SubmitOutcome::Issued(invoice, snapshot) => render_issued(session, &invoice, &snapshot, false, None).await,
        SubmitOutcome::Different(invoice) => match &invoice.state {
            State::Issued(snapshot) => {
                Ok((StatusCode::CONFLICT, render_issued(session, &invoice, snapshot, true, None).await?)
                    .into_response())
            }
            _ if invoice.park_reason.is_some() => html(&build_parked_notice(w, &invoice)),
            _ => html(&build_checking_notice(w, invoice.id.0, true)),
        },
    }
}

async fn render_issued(
    session: &Session,
    invoice: &Invoice,
    snapshot: &Snapshot,
    earlier: bool,
    correction_refusal: Option<String>,
) -> Result<Response, Error> {
    let w = session.writer();
    let localize = session.localize_error();
    let connection = companies::find(session, invoice.connection).await.map_err(localize)?;
    let link =
        connection.as_ref().map(|found| session.app.config.invoice_page(&found.realm_id, &snapshot.quickbooks_id));
    let link = link.unwrap_or_default();
    // With automated sales tax the form shows no total with tax, so there is nothing to compare.
    let company_lists = match &connection {
        Some(connection) => catalogue::read_catalogue(session, connection).await.ok(),
        None => None,
    };
    let shows_total = company_lists.is_some_and(|lists| lists.tax != TaxModel::Automated);
    let differs = shows_total && !earlier && invoice.request.total != snapshot.total.amount();
    html(&IssuedNotice {
        w,
        deal: invoice.deal.0,
        number: snapshot.doc_number.clone().unwrap_or_default(),
        total: w.money(&snapshot.total),
        link,
        earlier,
        invoice: invoice.id.0,
        difference: differs.then(|| Difference {
            expected: w.amount(&invoice.request.total, &invoice.request.currency),
            seen: InvoiceAction::Correct.seen_state(snapshot),
            key: Uuid::new_v4(),
            refused: correction_refusal,
        }),
    })
}

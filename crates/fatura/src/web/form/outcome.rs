//! The answers to *Create*: the invoice, problems, a question, or that the outcome is being checked.

use super::{
    super::{
        error::Error,
        page::html,
        panel::rows::refused,
        session::{Session, posted},
    },
    page::{PlainPage, render_page},
    words,
};
use crate::{
    flows::{
        self, acts, catalogue, companies, form,
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
    invoice::{Act, Snapshot, compute_status},
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

/// Errors that a summary names one by one: more would cover the form. The others are shown at their fields.
const ERRORS_NAMED: usize = 10;

#[derive(Template)]
#[template(path = "mend.html")]
pub(super) struct Mend {
    w: Writer,
    errors: Vec<(String, String)>,
    /// The invoice that QuickBooks has refused: there are details for support.
    refused: Option<Uuid>,
}

/// The question before the invoice is created.
#[derive(Template)]
#[template(path = "ask.html")]
struct Ask {
    w: Writer,
    deal: i64,
    /// The deal's invoices have changed: the form can be filled in anew.
    can_bill_rest: bool,
    texts: Vec<String>,
    token: String,
}

async fn ask(session: &Session, question: &Question) -> Result<Ask, Error> {
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
    let can_bill_rest = question.changed.as_ref().is_some_and(|changed| changed.is_some_left);
    Ok(Ask { w, deal: question.deal, can_bill_rest, texts, token: question.token.clone() })
}

#[derive(Template)]
#[template(path = "issued.html")]
struct Issued {
    w: Writer,
    deal: i64,
    number: String,
    total: String,
    link: String,
    /// The same form made it earlier; what was typed since was not sent.
    earlier: bool,
    invoice: Uuid,
    /// QuickBooks computed another total than the person had seen.
    difference: Option<Difference>,
}

/// The total of a new invoice that is not the one that the form showed, and what it takes to correct it.
struct Difference {
    expected: String,
    /// The state of the invoice as shown.
    seen: String,
    /// Makes two clicks one correction.
    key: Uuid,
    /// Why it was not corrected, if that was tried.
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "checking.html")]
struct Checking {
    invoice: Uuid,
    title: String,
    text: String,
    /// The form is creating an invoice with other content: in another window.
    is_other: bool,
}

/// Which invoice a page asks for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Progress {
    /// It is not the one that this page asked for.
    other: Option<String>,
}

#[derive(Template)]
#[template(path = "stuck.html")]
struct Stuck {
    w: Writer,
    invoice: Uuid,
    title: String,
    text: String,
    /// Whether it may be sent again.
    is_doubt: bool,
}

/// How long somebody who has an invoice looked for waits to be told.
const LOOKUP_WAIT: Duration = Duration::from_secs(5);

/// The answer of a person who has looked in QuickBooks.
#[derive(Deserialize)]
pub(crate) struct Again {
    /// It is not in QuickBooks.
    resend: Option<String>,
}

/// *Create invoice* was pressed.
pub(crate) async fn create(
    session: Session,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let pressed = submit(&session, id, form).await?;
    answer(&session, pressed).await
}

async fn submit(session: &Session, deal: i64, form: Form) -> Result<SubmitOutcome, Error> {
    issue::submit(session, DealId(deal), form, session.writer()).await.map_err(session.localize_error())
}

/// The same, posted by the browser itself: with a key in the form instead of a bearer, answered with a whole page.
pub(crate) async fn create_posted(
    Extract(app): Extract<App>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Response, Error> {
    let session = posted::session(&app, &body, id).await?;
    let form: Form =
        serde_qs::Config::new().use_form_encoding(true).deserialize_bytes(&body).map_err(|_| Error::Unauthenticated)?;
    let w = session.writer();
    match submit(&session, id, form).await? {
        pressed @ (SubmitOutcome::Mend(_) | SubmitOutcome::Refused(..) | SubmitOutcome::Ask(_)) => {
            let opened = Box::pin(form::open_draft(&session, DealId(id), w)).await.map_err(session.localize_error())?;
            let notice = match &pressed {
                SubmitOutcome::Ask(question) => ask(&session, question).await?.render(),
                SubmitOutcome::Mend(errors) => mend(w, errors, None).render(),
                SubmitOutcome::Refused(invoice, errors) => mend(w, errors, Some(*invoice)).render(),
                _ => Ok(String::new()),
            };
            let notice = notice.map_err(|error| Error::Page(error.to_string()))?;
            let mut response = render_page(&session, &opened, Some(notice))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        pressed => {
            let content = answer(&session, pressed).await?;
            let bytes = axum::body::to_bytes(content.into_body(), 1 << 20)
                .await
                .map_err(|error| Error::Page(error.to_string()))?;
            html(&PlainPage { w, content: String::from_utf8_lossy(&bytes).into_owned() })
        }
    }
}

/// How an invoice that is being checked stands now.
pub(crate) async fn progress(
    session: Session,
    Path(invoice): Path<Uuid>,
    Query(asked): Query<Progress>,
) -> Result<Response, Error> {
    let (localize, id) = (session.localize_error(), InvoiceId(invoice));
    panel::require_visible(&session, id).await.map_err(&localize)?;
    let outcome = match issue::wait_for_outcome(&session, id, Duration::ZERO).await.map_err(&localize)? {
        SubmitOutcome::Issued(invoice, _) | SubmitOutcome::Waiting(invoice) if asked.other.is_some() => {
            SubmitOutcome::Different(invoice)
        }
        SubmitOutcome::Checking(_) if asked.other.is_some() => {
            SubmitOutcome::Different(Box::new(panel::find_visible(&session, id).await.map_err(&localize)?))
        }
        outcome => outcome,
    };
    answer(&session, outcome).await
}

/// Somebody has looked at an invoice that is stuck: it is looked for once more, and sent again where they say that it did
/// not arrive.
pub(crate) async fn again(
    session: Session,
    Path(invoice): Path<Uuid>,
    QsForm(again): QsForm<Again>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    panel::find_visible(&session, InvoiceId(invoice)).await.map_err(&localize)?;
    form::require_creator(&session).await.map_err(&localize)?;
    match flows::parked::retry(&session, (OperationKind::Invoice, invoice), again.resend.is_some()).await {
        // Somebody else was quicker: it is shown how it stands.
        Ok(()) | Err(flows::Error::NotFound) => {}
        Err(error) => return Err(localize(error)),
    }
    let outcome = issue::wait_for_outcome(&session, InvoiceId(invoice), LOOKUP_WAIT).await.map_err(&localize)?;
    answer(&session, outcome).await
}

/// The state of the invoice as shown to the person who corrects it.
#[derive(Deserialize)]
pub(crate) struct Correction {
    seen: String,
    key: Option<Uuid>,
}

/// Gives an invoice the taxes and the total that its form showed, where QuickBooks computed others.
pub(crate) async fn correct(
    session: Session,
    Path(invoice): Path<Uuid>,
    QsForm(correction): QsForm<Correction>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    let id = InvoiceId(invoice);
    let before = panel::find_visible(&session, id).await.map_err(&localize)?;
    let wanted = acts::ActInput {
        invoice: id,
        act: Act::Correct,
        seen: correction.seen,
        recipient: String::new(),
        key: correction.key,
    };
    let outcome = acts::request(&session, wanted).await.map_err(&localize)?;
    let refused = match outcome {
        acts::Outcome::Refused(reason) => {
            let zone = form::find_time_zone(&session, &before).await.map_err(&localize)?;
            let State::Issued(snapshot) = &before.state else { return Err(localize(flows::Error::NotFound)) };
            let status = compute_status(snapshot, session.app.clock.today(&zone));
            Some(refused(session.writer(), Act::Correct, &reason, &session.writer().badge(status)))
        }
        acts::Outcome::Done | acts::Outcome::Pending => None,
    };
    let now = panel::find_visible(&session, id).await.map_err(&localize)?;
    let State::Issued(snapshot) = &now.state else { return Err(localize(flows::Error::NotFound)) };
    issued(&session, &now, snapshot, false, refused).await
}

fn stuck(w: Writer, invoice: &Invoice) -> Stuck {
    let is_doubt = invoice.park_reason == Some(ParkReason::Doubt);
    let text = match (&invoice.park_reason, &invoice.state) {
        (Some(ParkReason::Doubt), _) => fl!(w.t, "stuck-doubt"),
        (Some(ParkReason::Disconnected), State::Queued) => fl!(w.t, "stuck-disconnected"),
        _ => fl!(w.t, "stuck-failed"),
    };
    Stuck { w, invoice: invoice.id.0, title: fl!(w.t, "stuck-title"), text, is_doubt }
}

pub(super) fn mend(w: Writer, errors: &[domain::form::FieldError], refused: Option<InvoiceId>) -> Mend {
    let worded = errors.iter().map(|error| (words::field_id(error.field), words::message(w, error)));
    Mend { w, errors: worded.collect(), refused: refused.map(|invoice| invoice.0) }
}

fn checking(w: Writer, invoice: Uuid, is_other: bool) -> Checking {
    let text = if is_other { fl!(w.t, "checking-other") } else { fl!(w.t, "checking-text") };
    Checking { invoice, title: fl!(w.t, "checking-title"), text, is_other }
}

/// The invoice is not sent yet: it waits for its turn, or for an administrator to reconnect QuickBooks.
async fn waiting(session: &Session, invoice: &Invoice) -> Result<Response, Error> {
    let w = session.writer();
    let connection = companies::find_usable(session).await;
    let needs_reconnect = matches!(connection, Err(flows::Error::NeedsReconnect));
    let (title, text) = if needs_reconnect {
        (fl!(w.t, "reconnect-title"), fl!(w.t, "waiting-reconnect"))
    } else {
        (fl!(w.t, "waiting-title"), fl!(w.t, "waiting-text"))
    };
    html(&Checking { invoice: invoice.id.0, title, text, is_other: false })
}

async fn answer(session: &Session, pressed: SubmitOutcome) -> Result<Response, Error> {
    let w = session.writer();
    match pressed {
        SubmitOutcome::Mend(errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&mend(w, &errors, None))?).into_response())
        }
        SubmitOutcome::Refused(invoice, errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&mend(w, &errors, Some(invoice)))?).into_response())
        }
        SubmitOutcome::Ask(question) => {
            let asked = ask(session, &question).await?;
            Ok((StatusCode::CONFLICT, html(&asked)?).into_response())
        }
        SubmitOutcome::Waiting(invoice) => waiting(session, &invoice).await,
        SubmitOutcome::Checking(invoice) => html(&checking(w, invoice.0, false)),
        SubmitOutcome::Parked(invoice) => html(&stuck(w, &invoice)),
        SubmitOutcome::Issued(invoice, snapshot) => issued(session, &invoice, &snapshot, false, None).await,
        SubmitOutcome::Different(invoice) => match &invoice.state {
            State::Issued(snapshot) => {
                Ok((StatusCode::CONFLICT, issued(session, &invoice, snapshot, true, None).await?).into_response())
            }
            _ if invoice.park_reason.is_some() => html(&stuck(w, &invoice)),
            _ => html(&checking(w, invoice.id.0, true)),
        },
    }
}

async fn issued(
    session: &Session,
    invoice: &Invoice,
    snapshot: &Snapshot,
    earlier: bool,
    refused: Option<String>,
) -> Result<Response, Error> {
    let w = session.writer();
    let localize = session.localize_error();
    let connection = companies::find(session, invoice.connection).await.map_err(localize)?;
    let link =
        connection.as_ref().map(|known| session.app.config.invoice_page(&known.realm_id, &snapshot.quickbooks_id));
    let link = link.unwrap_or_default();
    // Only what the person saw as the whole total can be compared.
    let known = match &connection {
        Some(connection) => catalogue::read_catalogue(session, connection).await.ok(),
        None => None,
    };
    let is_whole = known.is_some_and(|known| known.tax != TaxModel::Automated);
    let differs = is_whole && !earlier && invoice.draft.total != snapshot.total.amount();
    html(&Issued {
        w,
        deal: invoice.deal.0,
        number: snapshot.doc_number.clone().unwrap_or_default(),
        total: w.money(&snapshot.total),
        link,
        earlier,
        invoice: invoice.id.0,
        difference: differs.then(|| Difference {
            expected: w.amount(&invoice.draft.total, &invoice.draft.currency),
            seen: Act::Correct.seen_state(snapshot),
            key: Uuid::new_v4(),
            refused,
        }),
    })
}

//! The invoice form.

mod outcome;
mod page;
mod rights;
mod search;
mod view;
pub(super) mod words;

pub(crate) use outcome::{again, correct, create, create_posted, progress};
pub(crate) use search::{match_items, search_customers, search_items};

use super::{
    error::Error,
    page::{add_snackbar, html},
    session::Session,
};
use crate::{
    flows::{
        drafts,
        form::{self, Change, FormContext, OpenForm},
        panel::{self, Record},
    },
    format::Writer,
};
use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::Query;
use domain::{
    billing::Part,
    form::{AmountKind, FieldError, Form, FormField, FormLine},
    ids::DealId,
    mapping::Entity,
};
use i18n_embed_fl::fl;
use outcome::mend;
use page::{Stale, render_page, stale};
use rights::require_likely_creator;
use serde::Deserialize;
use serde_qs::axum::QsForm;
use store::drafts::SaveOutcome;
use view::{Derived, Line};

pub(crate) async fn render_form(session: Session, Path(id): Path<i64>) -> Result<Response, Error> {
    let localize = session.localize_error();
    form::require_creator(&session).await.map_err(&localize)?;
    let opened = Box::pin(form::open_draft(&session, DealId(id), session.writer())).await.map_err(&localize)?;
    render_page(&session, &opened, None)
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    w: Writer,
    deal: i64,
    derived: Derived,
    stale: Option<Stale>,
}

/// The lines of a form that hold another part of the deal, with all that follows.
#[derive(Template)]
#[template(path = "part.html")]
struct PartApplied<'a> {
    w: Writer,
    deal: i64,
    form: &'a Form,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    derived: Derived,
    stale: Option<Stale>,
    /// It replaces the lines that the page shows.
    is_swapped: bool,
}

/// Keeps what somebody types who may see the deal.
async fn keep(session: &Session, deal: DealId, form: &Form) -> Result<SaveOutcome, Error> {
    form::require_visible(session, deal).await.map_err(session.localize_error())?;
    drafts::save_draft(session, deal, form).await.map_err(session.localize_error())
}

async fn load_form_context(session: &Session, deal: i64, form: &Form) -> Result<FormContext, Error> {
    form::load_context(session, DealId(deal), form).await.map_err(session.localize_error())
}

/// Why a form is posted while somebody types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Purpose {
    /// `save`, where the page goes away and reads no answer.
    only: String,
}

/// Keeps what was typed and answers what follows from it. Runs shortly after each key. A part that is typed is put into the lines.
pub(crate) async fn preview(
    session: Session,
    Path(id): Path<i64>,
    Query(purpose): Query<Purpose>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let (w, deal) = (session.writer(), DealId(id));
    require_likely_creator(&session).await?;
    let is_save = purpose.only == "save";
    if let Some(part) = typed_part(&form, w)
        && !is_save
    {
        let typed = form.clone();
        let change = Change::Part(part);
        match Box::pin(form::change_form(&session, deal, w, form, change)).await {
            Ok(opened) => return part_applied(&session, &opened),
            Err(error) => {
                keep(&session, deal, &typed).await?;
                return Err(session.localize_error()(error));
            }
        }
    }
    // The draft is saved first: QuickBooks, from which the rest is read, may be away or disconnected.
    let saved = keep(&session, deal, &form).await?;
    if saved == SaveOutcome::Older || is_save {
        let is_kept = matches!(saved, SaveOutcome::Kept | SaveOutcome::Older);
        return Ok(if is_kept { StatusCode::NO_CONTENT } else { StatusCode::CONFLICT }.into_response());
    }
    let form_context = load_form_context(&session, id, &form).await?;
    let derived = view::derived(w, &form, &form_context, &session.app.config);
    html(&Preview { w, deal: id, derived, stale: stale(saved) })
}

/// The part that was typed and that the lines do not hold yet; what remains where a part was emptied again.
fn typed_part(form: &Form, w: Writer) -> Option<Part> {
    let is_emptied = form.part.trim().is_empty() && !form.part_applied.is_empty();
    if form.part_is_pending() || is_emptied { Part::from_form(form, form.decimal_mark(w.mark())).ok() } else { None }
}

fn part_applied(session: &Session, opened: &OpenForm) -> Result<Response, Error> {
    let w = session.writer();
    let (form, form_context) = (&opened.form, &opened.form_context);
    let derived = view::derived(w, form, form_context, &session.app.config);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    html(&PartApplied {
        w,
        deal: opened.deal.id,
        form,
        lines: view::lines(w, form, &form_context.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &form_context.catalogue, view::Amount::unknown()),
        derived,
        stale: stale(opened.saved),
        is_swapped: true,
    })
}

/// Starts over from the deal as it is now.
pub(crate) async fn discard(session: Session, path: Path<i64>) -> Result<Response, Error> {
    let (localize, deal) = (session.localize_error(), DealId(path.0));
    form::require_creator(&session).await.map_err(&localize)?;
    form::require_visible(&session, deal).await.map_err(&localize)?;
    drafts::discard_draft(&session, deal).await.map_err(&localize)?;
    Box::pin(render_form(session, path)).await
}

/// In which way the form is to be filled in anew.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// `all`, `remaining` or `typed`.
    part: String,
    /// `convert` or `empty`.
    prices: String,
    /// `here` or `new`.
    window: String,
}

/// Fills the form with another part of the deal, a preset, other prices, or goes on with it in this window.
pub(crate) async fn change(
    session: Session,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
    QsForm(mut form): QsForm<Form>,
) -> Result<Response, Error> {
    let w = session.writer();
    require_likely_creator(&session).await?;
    let change = match (asked.part.as_str(), asked.prices.as_str(), asked.window.as_str()) {
        ("all", ..) => Change::Part(Part::All),
        ("remaining", ..) => Change::Part(Part::Remaining),
        ("typed", ..) => match Part::from_form(&form, form.decimal_mark(w.mark())) {
            Ok(part) => Change::Part(part),
            Err(problem) => {
                let error = FieldError { field: FormField::Part, problem };
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&mend(w, &[error], None))?).into_response());
            }
        },
        (_, "convert", _) => Change::Converted,
        (_, "empty", _) => Change::EmptyPrices,
        (.., "here") => Change::Here,
        (.., "new") => Change::Renewed,
        _ => Change::Preset(form.preset.clone()),
    };
    if let Change::Part(Part::All | Part::Remaining) = change {
        form.part.clear();
    }
    let opened =
        Box::pin(form::change_form(&session, DealId(id), w, form, change)).await.map_err(session.localize_error())?;
    render_page(&session, &opened, None)
}

/// Forgets the customer of the deal's organization or person; what else was typed stays.
pub(crate) async fn unlink(
    session: Session,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    panel::unlink_customer(&session, Record { entity: Entity::Deal, id }).await.map_err(&localize)?;
    let opened = Box::pin(form::change_form(&session, DealId(id), session.writer(), form, Change::Unlinked))
        .await
        .map_err(&localize)?;
    let mut response = render_page(&session, &opened, None)?;
    add_snackbar(response.headers_mut(), &fl!(session.writer().t, "panel-unlinked"));
    Ok(response)
}

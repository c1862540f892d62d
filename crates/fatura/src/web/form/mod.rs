//! Handlers of the invoice form.

mod outcome;
mod page;
mod rights;
mod search;
mod view;
pub(super) mod words;

pub(crate) use outcome::{correct_invoice, create_from_post, create_invoice, render_progress, retry_parked};
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
use outcome::build_error_summary;
use page::{Stale, find_stale, render_page};
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

/// The lines of a form after another part of the deal was applied, with the values that follow from them.
#[derive(Template)]
#[template(path = "part.html")]
struct AppliedPart<'a> {
    w: Writer,
    deal: i64,
    form: &'a Form,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    derived: Derived,
    stale: Option<Stale>,
    /// Whether the fragment replaces the lines on the page.
    is_swapped: bool,
}

/// Saves the form as a draft, if the user may see the deal.
async fn save_draft(session: &Session, deal: DealId, form: &Form) -> Result<SaveOutcome, Error> {
    form::require_visible(session, deal).await.map_err(session.localize_error())?;
    drafts::save_draft(session, deal, form).await.map_err(session.localize_error())
}

async fn load_form_context(session: &Session, deal: i64, form: &Form) -> Result<FormContext, Error> {
    form::load_context(session, DealId(deal), form).await.map_err(session.localize_error())
}

/// The purpose of a preview request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PreviewQuery {
    /// `save` if the page is closing and will not read the response.
    only: String,
}

/// Saves the draft, and renders the values that follow from the form. Called after each pause in typing. If a part of the deal was typed,
/// its lines are applied.
pub(crate) async fn preview_form(
    session: Session,
    Path(id): Path<i64>,
    Query(query): Query<PreviewQuery>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let (w, deal) = (session.writer(), DealId(id));
    require_likely_creator(&session).await?;
    let is_save = query.only == "save";
    if let Some(part) = find_pending_part(&form, w)
        && !is_save
    {
        let typed = form.clone();
        let change = Change::Part(part);
        match Box::pin(form::change_form(&session, deal, w, form, change)).await {
            Ok(opened) => return render_applied_part(&session, &opened),
            Err(error) => {
                save_draft(&session, deal, &typed).await?;
                return Err(session.localize_error()(error));
            }
        }
    }
    // The draft is saved first, because QuickBooks, which the rest needs, may be unavailable or disconnected.
    let saved = save_draft(&session, deal, &form).await?;
    if saved == SaveOutcome::Older || is_save {
        let is_stored = matches!(saved, SaveOutcome::Kept | SaveOutcome::Older);
        return Ok(if is_stored { StatusCode::NO_CONTENT } else { StatusCode::CONFLICT }.into_response());
    }
    let form_context = load_form_context(&session, id, &form).await?;
    let derived = view::derive_values(w, &form, &form_context, &session.app.config);
    html(&Preview { w, deal: id, derived, stale: find_stale(saved) })
}

/// Returns the typed part that is not applied to the lines yet. If a part was cleared, returns the remaining part of the deal.
fn find_pending_part(form: &Form, w: Writer) -> Option<Part> {
    let is_emptied = form.part.trim().is_empty() && !form.part_applied.is_empty();
    if form.part_is_pending() || is_emptied { Part::from_form(form, form.decimal_mark(w.mark())).ok() } else { None }
}

fn render_applied_part(session: &Session, opened: &OpenForm) -> Result<Response, Error> {
    let w = session.writer();
    let (form, form_context) = (&opened.form, &opened.form_context);
    let derived = view::derive_values(w, form, form_context, &session.app.config);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    html(&AppliedPart {
        w,
        deal: opened.deal.id,
        form,
        lines: view::lines(w, form, &form_context.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &form_context.catalogue, view::Amount::unknown()),
        derived,
        stale: find_stale(opened.saved),
        is_swapped: true,
    })
}

/// Deletes the draft, and renders a new form from the current deal.
pub(crate) async fn discard_draft(session: Session, path: Path<i64>) -> Result<Response, Error> {
    let (localize, deal) = (session.localize_error(), DealId(path.0));
    form::require_creator(&session).await.map_err(&localize)?;
    form::require_visible(&session, deal).await.map_err(&localize)?;
    drafts::discard_draft(&session, deal).await.map_err(&localize)?;
    Box::pin(render_form(session, path)).await
}

/// How to fill in the form again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChangeQuery {
    /// `all`, `remaining` or `typed`.
    part: String,
    /// `convert` or `empty`.
    prices: String,
    /// `here` or `new`.
    window: String,
}

/// Fills in the form again with another part of the deal, a preset or other prices, or moves it to this window.
pub(crate) async fn change_form(
    session: Session,
    Path(id): Path<i64>,
    Query(query): Query<ChangeQuery>,
    QsForm(mut form): QsForm<Form>,
) -> Result<Response, Error> {
    let w = session.writer();
    require_likely_creator(&session).await?;
    let change = match (query.part.as_str(), query.prices.as_str(), query.window.as_str()) {
        ("all", ..) => Change::Part(Part::All),
        ("remaining", ..) => Change::Part(Part::Remaining),
        ("typed", ..) => match Part::from_form(&form, form.decimal_mark(w.mark())) {
            Ok(part) => Change::Part(part),
            Err(problem) => {
                let error = FieldError { field: FormField::Part, problem };
                return Ok(
                    (StatusCode::UNPROCESSABLE_ENTITY, html(&build_error_summary(w, &[error], None))?).into_response()
                );
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

/// Removes the link between the deal's organization or person and its customer. The other fields keep their content.
pub(crate) async fn unlink_customer(
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

//! The page of the form.

use super::{
    super::{
        error::Error,
        page::{assets, html},
        session::{Session, form_key},
    },
    view::{self, Choice, Derived, Line, Options, Sources},
};
use crate::{flows::form::OpenForm, format::Writer};
use askama::Template;
use axum::response::Response;
use domain::{
    form::{AmountKind, Form, FormLine},
    mapping::MappedField,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use store::drafts::SaveOutcome;

#[derive(Template)]
#[template(path = "form.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows or hides one part of the page")]
struct Page<'a> {
    w: Writer,
    deal: i64,
    title: &'a str,
    deal_value: String,
    form: &'a Form,
    restored: Option<String>,
    notices: Vec<String>,
    is_begun: bool,
    is_fully_billed: bool,
    deal_currency: &'a str,
    company: &'a str,
    currencies: Options,
    tax_modes: Options,
    numbers_by_hand: bool,
    invoice_codes: Option<Options>,
    presets: Options,
    /// The company's custom fields: id, name, value.
    custom: Vec<(String, String, String)>,
    online_payment: bool,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    typed: &'a str,
    suggestions: Vec<Choice>,
    create: Option<String>,
    sources: Sources,
    derived: Derived,
    /// The key with which the form can be posted without the page's script.
    posted: String,
    /// The errors or the question after a post without the script, as HTML.
    errors: Option<String>,
    no_rate: bool,
    stale: Option<Stale>,
    is_swapped: bool,
}

/// Renders the form. With `errors`, renders a complete page, for a post without the page's script.
pub(super) fn render_page(session: &Session, opened: &OpenForm, errors: Option<String>) -> Result<Response, Error> {
    let w = session.writer();
    let (form, form_context) = (&opened.form, &opened.form_context);
    let derived = view::derive_values(w, form, form_context, &session.app.config);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    let value = Currency::from_code(&opened.deal.currency).map(|currency| w.amount(&opened.deal.value, &currency));
    let custom =
        form_context.catalogue.custom_fields.iter().map(|field| {
            (field.id.clone(), field.name.clone(), form.custom.get(&field.id).cloned().unwrap_or_default())
        });
    let is_plain = errors.is_some();
    let page = Page {
        w,
        deal: opened.deal.id,
        title: &opened.deal.title,
        deal_value: value.unwrap_or_default(),
        form,
        restored: opened.restored.map(|at| w.moment(&at, session.app.clock.now(), &session.profile.time_zone)),
        notices: view::notices(w, opened, |at| w.moment(at, session.app.clock.now(), &session.profile.time_zone)),
        is_begun: opened.billed.invoices > 0,
        is_fully_billed: view::is_fully_billed(opened),
        deal_currency: &opened.deal.currency,
        company: &form_context.catalogue.company_name,
        currencies: view::currencies(w, form_context, form),
        tax_modes: view::tax_modes(w, form_context, form),
        numbers_by_hand: form_context.catalogue.numbers_by_hand,
        invoice_codes: view::invoice_codes(w, form_context, form),
        presets: view::presets(form_context, form),
        custom: custom.collect(),
        online_payment: form_context.catalogue.online_payment,
        lines: view::lines(w, form, &form_context.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &form_context.catalogue, view::Amount::unknown()),
        typed: &form.customer_name,
        suggestions: view::choices(w, &opened.suggestions),
        create: view::find_creatable_name(&form.to, &opened.suggestions),
        sources: view::sources(w, opened, |entity, id| {
            session.app.config.record_page(&session.company.company_domain, entity, id)
        }),
        derived,
        posted: form_key::issue(session, opened.deal.id)?,
        errors,
        no_rate: opened.no_rate,
        stale: find_stale(opened.saved),
        is_swapped: false,
    };
    if is_plain {
        let content = page.render().map_err(|error| Error::Page(error.to_string()))?;
        return html(&PlainPage { w, content });
    }
    html(&page)
}

/// The form or its outcome as a complete page, for a post without the page's script.
#[derive(Template)]
#[template(path = "plain_form.html")]
pub(super) struct PlainPage {
    pub(super) w: Writer,
    pub(super) content: String,
}

/// Why input in this window is no longer saved.
#[derive(Clone, Copy)]
pub(super) enum Stale {
    /// The form was opened in another window later.
    Elsewhere,
    /// Its invoice was created.
    Ended,
}

pub(super) fn find_stale(saved: SaveOutcome) -> Option<Stale> {
    match saved {
        SaveOutcome::Kept | SaveOutcome::Older => None,
        SaveOutcome::Elsewhere => Some(Stale::Elsewhere),
        SaveOutcome::Ended => Some(Stale::Ended),
    }
}

//! The settings page: what fills an invoice, who may do what, and the connection with QuickBooks.

mod attention;
mod chosen;
pub(crate) mod saving;

use super::{
    error::Error,
    page::{add_snackbar, html},
    session::Session,
};
use crate::{
    flows::{self, catalogue, companies, company_language, connect, settings},
    format::Writer,
    language::Language,
    locale::Locale,
    state::App,
    web::connect::agent,
};
use askama::Template;
use attention::{StuckRow, UnreadableRow};
use axum::{Json, extract::RawQuery, http::HeaderMap, response::Response};
use chosen::{Chosen, name_mapped_field};
use domain::{
    catalogue::Catalogue,
    ids::DealId,
    mapping::{Field, FieldKind, FieldRef, MappedField},
    settings::{AllowedUsers, Preset, WriteBack},
    tax::TaxModel,
    terms::Term,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use serde_json::json;
use serde_qs::axum::QsForm;
use std::sync::Arc;
use store::{parked::OperationKind, quickbooks::State as ConnectionState};

/// An `<option>`: value, text, whether it is chosen.
type Options = Vec<(String, String, bool)>;

#[derive(Template)]
#[template(path = "settings.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a box of its own on the page")]
struct Page {
    w: Writer,
    is_admin: bool,
    pipedrive_company: String,
    support_url: Option<String>,
    connection: Option<Connection>,
    /// Whether there is Intuit's own picture of *Connect*, and one for while the pointer is on it.
    picture: (bool, bool),
    /// Operations that wait for a person.
    stuck: Vec<StuckRow>,
    /// Invoices that QuickBooks does not show.
    unreadable: Vec<UnreadableRow>,
    mappings: Vec<MappedRow>,
    days: String,
    terms: Options,
    term_by_days: bool,
    accounts: Options,
    items: Vec<ItemSetting>,
    discounts_in_prices: bool,
    tax_codes: Options,
    update_customer: bool,
    draft_on_won: bool,
    create: Options,
    void: Options,
    languages: Options,
    write_back: Vec<(&'static str, String, Options)>,
    presets: Vec<PresetRow>,
    blank: PresetRow,
    deals: Options,
    /// The changes of the last *Save*.
    changed: Vec<String>,
    /// The settings that the page shows, so that an older page puts nothing back.
    seen: String,
}

struct Connection {
    company: String,
    country: String,
    currency: String,
    since: String,
    by: String,
    works: bool,
}

/// The card of the connection alone: it is read anew often, and nothing else of the page is.
#[derive(Template)]
#[template(path = "connection.html")]
struct Card {
    w: Writer,
    is_admin: bool,
    connection: Option<Connection>,
    picture: (bool, bool),
}

/// One row: a part of the customer details, and the field that fills it.
struct MappedRow {
    name: &'static str,
    label: String,
    /// Reference and shown name of the chosen field.
    chosen: String,
    shown: String,
    /// The chosen field is not there any more.
    missing: bool,
}

/// A preset with its choices.
struct PresetRow {
    at: usize,
    preset: Preset,
    terms: Options,
    days: String,
    online_payment: bool,
    custom: Vec<(String, String, String)>,
}

fn mapped_row(w: Writer, fields: &[Field], mapped: MappedField, chosen: Option<&FieldRef>) -> MappedRow {
    let known = chosen.and_then(|chosen| fields.iter().find(|field| field.reference == *chosen));
    let missing = chosen.is_some() && known.is_none();
    let shown = match known {
        Some(field) => w.field(field),
        None if missing => fl!(w.t, "settings-field-missing"),
        None => String::new(),
    };
    let chosen = chosen.map(FieldRef::to_string).unwrap_or_default();
    MappedRow { name: mapped.name(), label: name_mapped_field(w, mapped), chosen, shown, missing }
}

/// The choices that QuickBooks offers. The chosen one stays among them, by its id, when QuickBooks does not answer or has it no
/// longer: saving the page must not lose it.
fn choices<'a>(offered: impl Iterator<Item = (&'a String, &'a String)>, chosen: &str) -> Options {
    let mut all: Options = offered.map(|(id, name)| (id.clone(), name.clone(), id == chosen)).collect();
    if !chosen.is_empty() && !all.iter().any(|(_, _, is_chosen)| *is_chosen) {
        all.push((chosen.to_owned(), format!("QuickBooks #{chosen}"), true));
    }
    all
}

fn who(w: Writer, chosen: AllowedUsers) -> Options {
    vec![
        ("everyone".into(), fl!(w.t, "who-everyone"), chosen == AllowedUsers::Everyone),
        ("admins".into(), fl!(w.t, "who-admins"), chosen == AllowedUsers::Admins),
    ]
}

/// The languages of a deal's history: first the one that it has where none is chosen.
fn languages(w: Writer, chosen: Option<Language>, usual: Language) -> Options {
    let usual = fl!(w.t, "settings-language-usual", language = usual.name());
    let named = Language::ALL.map(|known| (known.code().to_owned(), known.name().to_owned(), chosen == Some(known)));
    std::iter::once((String::new(), usual, chosen.is_none())).chain(named).collect()
}

fn term_id(term: Option<&Term>) -> String {
    if let Some(Term::QuickBooks(id)) = term { id.clone() } else { String::new() }
}

fn term_days(term: Option<&Term>) -> String {
    if let Some(Term::Days(days)) = term { days.to_string() } else { String::new() }
}

fn terms(lists: Option<&Catalogue>, chosen: Option<&Term>) -> Options {
    choices(lists.iter().flat_map(|lists| &lists.terms).map(|term| (&term.id, &term.name)), &term_id(chosen))
}

fn preset_row(at: usize, preset: &Preset, lists: Option<&Catalogue>) -> PresetRow {
    let fields = lists.iter().flat_map(|lists| &lists.custom_fields);
    PresetRow {
        at,
        terms: terms(lists, preset.term.as_ref()),
        days: term_days(preset.term.as_ref()),
        online_payment: lists.is_some_and(|lists| lists.online_payment),
        custom: fields
            .map(|field| {
                (field.id.clone(), field.name.clone(), preset.custom.get(&field.id).cloned().unwrap_or_default())
            })
            .collect(),
        preset: preset.clone(),
    }
}

/// The tax codes of lines, where each line has its own.
fn tax_codes(lists: Option<&Catalogue>, chosen: &str) -> Options {
    let per_line = lists.into_iter().filter(|lists| matches!(lists.tax, TaxModel::PerLine { .. }));
    choices(per_line.flat_map(|lists| lists.tax.codes()).map(|code| (&code.id, &code.name)), chosen)
}

/// The choices for the deal fields that follow the invoices: name, label, fields.
fn write_back(w: Writer, fields: &[Field], chosen: &WriteBack) -> Vec<(&'static str, String, Options)> {
    vec![
        ("invoiced", fl!(w.t, "write-invoiced"), writable(fields, chosen.invoiced.as_ref())),
        ("balance", fl!(w.t, "write-balance"), writable(fields, chosen.balance.as_ref())),
        ("status", fl!(w.t, "write-status"), writable(fields, chosen.status.as_ref())),
        ("number", fl!(w.t, "write-number"), writable(fields, chosen.number.as_ref())),
    ]
}

/// The deal's own fields that amounts and words can be written into.
fn writable(fields: &[Field], chosen: Option<&String>) -> Options {
    let own = fields.iter().filter(|field| field.is_writable);
    let mut all: Options = own
        .map(|field| (field.reference.key.clone(), field.name.clone(), Some(&field.reference.key) == chosen))
        .collect();
    if let Some(chosen) = chosen
        && !all.iter().any(|(_, _, is_chosen)| *is_chosen)
    {
        all.push((chosen.clone(), "–".into(), true));
    }
    all
}

async fn connection(session: &Session) -> Result<(Option<Connection>, Option<Arc<Catalogue>>), flows::Error> {
    let Some(found) = companies::find_current(session).await? else { return Ok((None, None)) };
    let (mut lists, mut works) = (None, false);
    if found.state == ConnectionState::Active {
        match catalogue::read_catalogue(session, &found).await {
            Ok(read) => (lists, works) = (Some(read), true),
            Err(flows::Error::NeedsReconnect) => {}
            Err(error) => {
                tracing::warn!(tenant.id = %session.tenant.0, error = &error as &dyn std::error::Error, "the company's lists were not read");
                works = true;
            }
        }
    }
    let shown = Connection {
        company: found.company.name,
        country: found.company.country,
        currency: found.company.home_currency,
        since: session.writer().long_date(&found.connected_at.to_zoned(session.profile.zone()).date()),
        by: found.connected_by,
        works,
    };
    Ok((Some(shown), lists))
}

async fn render(session: &Session, changed: Vec<String>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let (chosen, fields) =
        tokio::try_join!(settings::find_settings(session), settings::read_fields(session)).map_err(&localize)?;
    let (connection, lists) = Box::pin(connection(session)).await.map_err(&localize)?;
    let deals = settings::list_latest_deals(session).await.map_err(&localize)?;
    let lists = lists.as_deref();
    let usual = company_language::find_usual_language(session).await.map_err(&localize)?;
    let id = |chosen: &Option<String>| chosen.clone().unwrap_or_default();
    let item = |name, label, none, chosen: &Option<String>| {
        let id = id(chosen);
        let shown = lists.and_then(|lists| lists.item(&id)).map(|item| item.name.clone());
        ItemSetting { name, label, none, shown: shown.unwrap_or_else(|| id.clone()), id }
    };
    html(&Page {
        w,
        is_admin: session.profile.is_admin,
        support_url: session.app.config.support_page(),
        pipedrive_company: session.company.company_name.clone(),
        connection,
        picture: picture(&session.app),
        stuck: attention::stuck(session).await.map_err(&localize)?,
        unreadable: attention::unreadable(session).await.map_err(&localize)?,
        mappings: MappedField::ALL.map(|mapped| mapped_row(w, &fields, mapped, chosen.mapping.get(mapped))).into(),
        days: if let Term::Days(days) = chosen.term { days.to_string() } else { "7".into() },
        term_by_days: matches!(chosen.term, Term::Days(_)),
        terms: terms(lists, Some(&chosen.term)),
        accounts: choices(
            lists.iter().flat_map(|lists| &lists.income_accounts).map(|account| (&account.id, &account.name)),
            &id(&chosen.income_account),
        ),
        items: vec![
            item("item", fl!(w.t, "settings-item"), fl!(w.t, "settings-item-create"), &chosen.item),
            item(
                "deposit_item",
                fl!(w.t, "settings-deposit-item"),
                fl!(w.t, "settings-deposit-item-lines"),
                &chosen.deposit_item,
            ),
        ],
        discounts_in_prices: chosen.discounts_in_prices,
        tax_codes: tax_codes(lists, &id(&chosen.tax_code)),
        update_customer: chosen.update_customer,
        draft_on_won: chosen.draft_on_won,
        create: who(w, chosen.create),
        void: who(w, chosen.void),
        languages: languages(w, chosen.language.as_deref().map(Locale::language_of), usual),
        write_back: write_back(w, &fields, &chosen.write_back),
        presets: chosen.presets.iter().enumerate().map(|(at, preset)| preset_row(at, preset, lists)).collect(),
        blank: preset_row(0, &Preset::default(), lists),
        deals: deals.into_iter().map(|deal| (deal.id.to_string(), deal.title, false)).collect(),
        changed,
        seen: settings::compute_fingerprint(&session.app, &chosen),
    })
}

/// A QuickBooks item to choose.
struct ItemSetting {
    name: &'static str,
    label: String,
    /// The text for choosing none.
    none: String,
    id: String,
    /// The chosen item's name.
    shown: String,
}

/// Which piece of work.
#[derive(Deserialize)]
pub(crate) struct Again {
    kind: String,
    id: String,
}

/// Has a piece of work tried again that is stuck.
pub(crate) async fn again(session: Session, QsForm(again): QsForm<Again>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let taken_up = match (OperationKind::named(&again.kind), again.id.parse(), again.id.parse()) {
        (Some(kind), Ok(id), _) => flows::parked::retry(&session, (kind, id), false).await,
        (None, _, Ok(job)) if again.kind == attention::JOB => flows::parked::retry_failed(&session, job).await,
        _ => Err(flows::Error::NotFound),
    };
    taken_up.map_err(&localize)?;
    let mut response = render(&session, Vec::new()).await?;
    add_snackbar(response.headers_mut(), &fl!(session.writer().t, "stuck-taken-up"));
    Ok(response)
}

pub(crate) async fn render_settings(session: Session) -> Result<Response, Error> {
    render(&session, Vec::new()).await
}

/// How the company stands with QuickBooks.
pub(crate) async fn render_connection(session: Session) -> Result<Response, Error> {
    let (connection, _) = Box::pin(connection(&session)).await.map_err(session.localize_error())?;
    html(&Card { w: session.writer(), is_admin: session.profile.is_admin, connection, picture: picture(&session.app) })
}

/// Whether there is Intuit's own picture of *Connect*, and one for while the pointer is on it.
fn picture(app: &App) -> (bool, bool) {
    (app.connect.rest.is_some(), app.connect.hover.is_some())
}

/// The setting for which a field is searched, and the typed text: `mapping_text[to]=name`, which browsers send encoded.
fn typed_field(query: &str) -> Option<(MappedField, String)> {
    url::form_urlencoded::parse(query.as_bytes()).find_map(|(name, typed)| {
        let setting = name.strip_prefix("mapping_text[")?.strip_suffix(']')?;
        Some((MappedField::from_name(setting)?, typed.into_owned()))
    })
}

#[derive(Template)]
#[template(path = "fields.html")]
struct Found {
    w: Writer,
    typed: String,
    fields: Vec<(String, String, String)>,
}

/// Fields for the type-ahead, of hundreds: those whose record and name hold every word that is typed.
pub(crate) async fn search_fields(session: Session, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let w = session.writer();
    let all = settings::list_fields(&session).await.map_err(session.localize_error())?;
    let (setting, typed) = typed_field(query.as_deref().unwrap_or_default()).unzip();
    let asked_for_address = setting == Some(MappedField::Address);
    let typed = typed.unwrap_or_default();
    let text = typed.to_lowercase();
    // The name of the field that is chosen already: the list was opened to choose another.
    let is_chosen = all.iter().any(|field| w.field(field).to_lowercase() == text);
    let text = if is_chosen { String::new() } else { text };
    let mut fields: Vec<&Field> = all
        .iter()
        .filter(|field| {
            let name = w.field(field).to_lowercase();
            text.split_whitespace().filter(|word| *word != "–").all(|word| name.contains(word))
        })
        .collect();
    // Address fields come first if the setting is an address.
    fields.sort_by_key(|field| (asked_for_address && field.kind != FieldKind::Address, field.reference.entity));
    let shown = fields
        .into_iter()
        .take(60)
        .map(|field| (field.reference.to_string(), w.field(field), w.entity(field.reference.entity)));
    let fields = shown.collect();
    html(&Found { w, typed, fields })
}

#[derive(Template)]
#[template(path = "tried.html")]
struct Tried {
    rows: Vec<(String, String)>,
}

/// Shows how the form of a deal would be filled in with the settings on the page, saved or not.
pub(crate) async fn try_out(session: Session, QsForm(chosen): QsForm<Chosen>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let Ok(deal) = chosen.deal.parse::<i64>() else { return html(&Tried { rows: Vec::new() }) };
    let saved = settings::find_settings(&session).await.map_err(&localize)?;
    let settings = chosen.settings(saved);
    let details = settings::try_out(&session, DealId(deal), &settings).await.map_err(&localize)?;
    let filled = |text: String| if text.is_empty() { fl!(w.t, "form-not-in-pipedrive") } else { text };
    let mut rows: Vec<_> =
        MappedField::ALL.map(|mapped| (name_mapped_field(w, mapped), filled(details.text(mapped)))).into();
    if let Ok((connection, lists)) = catalogue::read_connected_catalogue(&session).await {
        let today = session.app.clock.today(&connection.company.time_zone);
        let due = chosen.find_wrong_term(w).unwrap_or_else(|| w.long_date(&lists.due_date(today, &settings.term)));
        rows.push((fl!(w.t, "settings-due"), due));
    }
    html(&Tried { rows })
}

/// A link that begins connecting in a new tab.
pub(crate) async fn connect(session: Session, headers: HeaderMap) -> Result<Json<serde_json::Value>, Error> {
    let agent = agent(&headers);
    let url = connect::issue_token(&session, agent).await.map_err(session.localize_error())?;
    Ok(Json(json!({ "url": url.as_str() })))
}

pub(crate) async fn disconnect(session: Session) -> Result<Response, Error> {
    connect::disconnect(&session).await.map_err(session.localize_error())?;
    render(&session, Vec::new()).await
}

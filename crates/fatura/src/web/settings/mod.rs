//! The settings page: field mapping, invoice defaults, rights, and the connection to QuickBooks.

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
    web::connect::user_agent,
};
use askama::Template;
use attention::{ParkedRow, UnreadableRow};
use axum::{Json, extract::RawQuery, http::HeaderMap, response::Response};
use chosen::{SettingsForm, name_mapped_field};
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
#[expect(clippy::struct_excessive_bools, reason = "each is a checkbox or a part of the page")]
struct Page {
    w: Writer,
    is_admin: bool,
    pipedrive_company: String,
    support_url: Option<String>,
    connection: Option<Connection>,
    /// See [`has_connect_pictures`].
    picture: (bool, bool),
    /// Parked operations and failed jobs.
    parked: Vec<ParkedRow>,
    /// Invoices that cannot be read from QuickBooks.
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
    /// Fingerprint of the settings on the page, so that a page opened earlier cannot overwrite newer settings.
    seen: String,
}

struct Connection {
    company: String,
    country: String,
    currency: String,
    since: String,
    by: String,
    /// Whether the connection can be used.
    is_active: bool,
}

/// The card of the connection. The page reloads it without the rest.
#[derive(Template)]
#[template(path = "connection.html")]
struct ConnectionCard {
    w: Writer,
    is_admin: bool,
    connection: Option<Connection>,
    picture: (bool, bool),
}

/// A part of the customer details, and the Pipedrive field that fills it.
struct MappedRow {
    name: &'static str,
    label: String,
    /// Reference and displayed name of the chosen field.
    chosen: String,
    shown: String,
    /// Whether the chosen field no longer exists.
    missing: bool,
}

/// A preset with its options.
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

/// Builds the options of a list of QuickBooks. If the chosen value is missing, because QuickBooks does not answer or has deleted it, it is
/// added by its id. Otherwise saving the page would lose it.
fn choices<'a>(offered: impl Iterator<Item = (&'a String, &'a String)>, chosen: &str) -> Options {
    let mut all: Options = offered.map(|(id, name)| (id.clone(), name.clone(), id == chosen)).collect();
    if !chosen.is_empty() && !all.iter().any(|(_, _, is_chosen)| *is_chosen) {
        all.push((chosen.to_owned(), format!("QuickBooks #{chosen}"), true));
    }
    all
}

fn allowed_users(w: Writer, chosen: AllowedUsers) -> Options {
    vec![
        ("everyone".into(), fl!(w.t, "who-everyone"), chosen == AllowedUsers::Everyone),
        ("admins".into(), fl!(w.t, "who-admins"), chosen == AllowedUsers::Admins),
    ]
}

/// The languages for the deal history. The first option is the default.
fn languages(w: Writer, chosen: Option<Language>, usual: Language) -> Options {
    let usual = fl!(w.t, "settings-language-usual", language = usual.name());
    let named = Language::ALL.map(|each| (each.code().to_owned(), each.name().to_owned(), chosen == Some(each)));
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

/// The tax codes of lines; empty unless each line has its own.
fn tax_codes(lists: Option<&Catalogue>, chosen: &str) -> Options {
    let per_line = lists.into_iter().filter(|lists| matches!(lists.tax, TaxModel::PerLine { .. }));
    choices(per_line.flat_map(|lists| lists.tax.codes()).map(|code| (&code.id, &code.name)), chosen)
}

/// The options for the write-back to deal fields: name, label, fields.
fn write_back(w: Writer, fields: &[Field], chosen: &WriteBack) -> Vec<(&'static str, String, Options)> {
    vec![
        ("invoiced", fl!(w.t, "write-invoiced"), writable(fields, chosen.invoiced.as_ref())),
        ("balance", fl!(w.t, "write-balance"), writable(fields, chosen.balance.as_ref())),
        ("status", fl!(w.t, "write-status"), writable(fields, chosen.status.as_ref())),
        ("number", fl!(w.t, "write-number"), writable(fields, chosen.number.as_ref())),
    ]
}

/// The deal fields that Fatura can write to.
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

async fn load_connection(session: &Session) -> Result<(Option<Connection>, Option<Arc<Catalogue>>), flows::Error> {
    let Some(found) = companies::find_current(session).await? else { return Ok((None, None)) };
    let (mut lists, mut is_active) = (None, false);
    if found.state == ConnectionState::Active {
        match catalogue::read_catalogue(session, &found).await {
            Ok(catalogue) => (lists, is_active) = (Some(catalogue), true),
            Err(flows::Error::NeedsReconnect) => {}
            Err(error) => {
                tracing::warn!(tenant.id = %session.tenant.0, error = &error as &dyn std::error::Error, "failed to read the company's lists");
                is_active = true;
            }
        }
    }
    let connection = Connection {
        company: found.company.name,
        country: found.company.country,
        currency: found.company.home_currency,
        since: session.writer().long_date(&found.connected_at.to_zoned(session.profile.zone()).date()),
        by: found.connected_by,
        is_active,
    };
    Ok((Some(connection), lists))
}

async fn render(session: &Session, changed: Vec<String>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let (chosen, fields) =
        tokio::try_join!(settings::find_settings(session), settings::read_fields(session)).map_err(&localize)?;
    let (connection, lists) = Box::pin(load_connection(session)).await.map_err(&localize)?;
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
        picture: has_connect_pictures(&session.app),
        parked: attention::list_parked(session).await.map_err(&localize)?,
        unreadable: attention::list_unreadable(session).await.map_err(&localize)?,
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
        create: allowed_users(w, chosen.create),
        void: allowed_users(w, chosen.void),
        languages: languages(w, chosen.language.as_deref().map(Locale::language_of), usual),
        write_back: write_back(w, &fields, &chosen.write_back),
        presets: chosen.presets.iter().enumerate().map(|(at, preset)| preset_row(at, preset, lists)).collect(),
        blank: preset_row(0, &Preset::default(), lists),
        deals: deals.into_iter().map(|deal| (deal.id.to_string(), deal.title, false)).collect(),
        changed,
        seen: settings::compute_fingerprint(&session.app, &chosen),
    })
}

/// A setting that names a QuickBooks item.
struct ItemSetting {
    name: &'static str,
    label: String,
    /// The text of the empty option.
    none: String,
    id: String,
    /// The chosen item's name.
    shown: String,
}

/// The kind and id of a row in the attention list.
#[derive(Deserialize)]
pub(crate) struct RetryInput {
    kind: String,
    id: String,
}

/// Retries a parked operation or a failed job.
pub(crate) async fn retry_parked(session: Session, QsForm(input): QsForm<RetryInput>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let retried = match (OperationKind::named(&input.kind), input.id.parse(), input.id.parse()) {
        (Some(kind), Ok(id), _) => flows::parked::retry(&session, (kind, id), false).await,
        (None, _, Ok(job)) if input.kind == attention::JOB => flows::parked::retry_failed(&session, job).await,
        _ => Err(flows::Error::NotFound),
    };
    retried.map_err(&localize)?;
    let mut response = render(&session, Vec::new()).await?;
    add_snackbar(response.headers_mut(), &fl!(session.writer().t, "stuck-taken-up"));
    Ok(response)
}

pub(crate) async fn render_settings(session: Session) -> Result<Response, Error> {
    render(&session, Vec::new()).await
}

/// Renders the card of the connection.
pub(crate) async fn render_connection(session: Session) -> Result<Response, Error> {
    let (connection, _) = Box::pin(load_connection(&session)).await.map_err(session.localize_error())?;
    html(&ConnectionCard {
        w: session.writer(),
        is_admin: session.profile.is_admin,
        connection,
        picture: has_connect_pictures(&session.app),
    })
}

/// Whether Intuit's pictures of the *Connect* button are available: the normal one, and the one for hover.
fn has_connect_pictures(app: &App) -> (bool, bool) {
    (app.connect.rest.is_some(), app.connect.hover.is_some())
}

/// Returns the setting whose field is searched, and the typed text: `mapping_text[to]=name`, which browsers send encoded.
fn find_typed_field(query: &str) -> Option<(MappedField, String)> {
    url::form_urlencoded::parse(query.as_bytes()).find_map(|(name, typed)| {
        let setting = name.strip_prefix("mapping_text[")?.strip_suffix(']')?;
        Some((MappedField::from_name(setting)?, typed.into_owned()))
    })
}

/// Upper bound for the fields that the type-ahead shows.
const MAX_SUGGESTED_FIELDS: usize = 60;

#[derive(Template)]
#[template(path = "fields.html")]
struct FieldSuggestions {
    w: Writer,
    typed: String,
    fields: Vec<(String, String, String)>,
}

/// Renders the fields whose record and name contain every typed word. There may be hundreds of fields.
pub(crate) async fn search_fields(session: Session, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let w = session.writer();
    let all = settings::list_fields(&session).await.map_err(session.localize_error())?;
    let (setting, typed) = find_typed_field(query.as_deref().unwrap_or_default()).unzip();
    let is_address_setting = setting == Some(MappedField::Address);
    let typed = typed.unwrap_or_default();
    let text = typed.to_lowercase();
    // If the text is the name of a field, the list was opened to choose another one, so all are shown.
    let is_field_name = all.iter().any(|field| w.field(field).to_lowercase() == text);
    let text = if is_field_name { String::new() } else { text };
    let mut fields: Vec<&Field> = all
        .iter()
        .filter(|field| {
            let name = w.field(field).to_lowercase();
            text.split_whitespace().filter(|word| *word != "–").all(|word| name.contains(word))
        })
        .collect();
    // Address fields come first if the setting is an address.
    fields.sort_by_key(|field| (is_address_setting && field.kind != FieldKind::Address, field.reference.entity));
    let rows = fields
        .into_iter()
        .take(MAX_SUGGESTED_FIELDS)
        .map(|field| (field.reference.to_string(), w.field(field), w.entity(field.reference.entity)));
    let fields = rows.collect();
    html(&FieldSuggestions { w, typed, fields })
}

#[derive(Template)]
#[template(path = "tried.html")]
struct TrialResult {
    rows: Vec<(String, String)>,
}

/// Renders the customer details that a deal's form would get from the settings on the page, saved or not.
pub(crate) async fn try_out(session: Session, QsForm(posted): QsForm<SettingsForm>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let Ok(deal) = posted.deal.parse::<i64>() else { return html(&TrialResult { rows: Vec::new() }) };
    let saved = settings::find_settings(&session).await.map_err(&localize)?;
    let settings = posted.to_settings(saved);
    let details = settings::try_out(&session, DealId(deal), &settings).await.map_err(&localize)?;
    let or_missing = |text: String| if text.is_empty() { fl!(w.t, "form-not-in-pipedrive") } else { text };
    let mut rows: Vec<_> =
        MappedField::ALL.map(|mapped| (name_mapped_field(w, mapped), or_missing(details.text(mapped)))).into();
    if let Ok((connection, lists)) = catalogue::read_connected_catalogue(&session).await {
        let today = session.app.clock.today(&connection.company.time_zone);
        let due = posted.find_term_problem(w).unwrap_or_else(|| w.long_date(&lists.due_date(today, &settings.term)));
        rows.push((fl!(w.t, "settings-due"), due));
    }
    html(&TrialResult { rows })
}

/// Returns a one-time link that starts connecting in a new tab.
pub(crate) async fn issue_connect_link(session: Session, headers: HeaderMap) -> Result<Json<serde_json::Value>, Error> {
    let agent = user_agent(&headers);
    let url = connect::issue_token(&session, agent).await.map_err(session.localize_error())?;
    Ok(Json(json!({ "url": url.as_str() })))
}

pub(crate) async fn disconnect(session: Session) -> Result<Response, Error> {
    connect::disconnect(&session).await.map_err(session.localize_error())?;
    render(&session, Vec::new()).await
}

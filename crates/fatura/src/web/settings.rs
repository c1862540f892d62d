//! The settings page.

use super::{
    Error, html,
    session::{OfAdmin, OfSettings, Session},
};
use crate::{
    flows::{self, catalogue, connect, settings},
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use domain::{
    catalogue::Catalogue,
    mapping::{Entity, Field, FieldRef, Settings},
    terms::Term,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use serde_json::json;
use serde_qs::axum::QsForm;
use std::sync::Arc;
use store::quickbooks::{self, State as ConnectionState};

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    w: Writer,
    is_admin: bool,
    pipedrive_company: String,
    connection: Option<Connection>,
    mappings: Vec<Mapping>,
    days: String,
    terms: Vec<(String, String, bool)>,
    term_by_days: bool,
    accounts: Vec<(String, String, bool)>,
}

struct Connection {
    company: String,
    country: String,
    currency: String,
    since: String,
    by: String,
    works: bool,
}

/// One row: a part of the customer details, and the fields that can fill it.
struct Mapping {
    name: &'static str,
    label: String,
    chosen: Option<String>,
    /// The chosen field is not there any more.
    missing: bool,
    groups: Vec<(String, Vec<(String, String)>)>,
}

async fn render(app: &App, session: &Session) -> Result<Response, Error> {
    let told = session.told();
    let w = session.writer();
    let tenant = session.tenant.id;
    let (chosen, fields) =
        tokio::try_join!(settings::current(app, tenant), settings::fields(app, tenant, session.user)).map_err(&told)?;
    let store_error = |error: store::Error| told(flows::Error::Store(error));
    let mut tx = app.db.read().await.map_err(&store_error)?;
    let connection = quickbooks::current(&mut tx, &app.vault, tenant).await.map_err(&store_error)?;
    drop(tx);
    let mut lists: Option<Arc<Catalogue>> = None;
    let mut works = false;
    if let Some(connection) = &connection
        && connection.state == ConnectionState::Active
    {
        match catalogue::catalogue(app, tenant, connection).await {
            Ok(read) => {
                lists = Some(read);
                works = true;
            }
            Err(flows::Error::NeedsReconnect) => {}
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, error = &error as &dyn std::error::Error, "the company's lists were not read");
                works = true;
            }
        }
    }
    let mapping = |name, label, field: &Option<FieldRef>| map(w, &fields, name, label, field.as_ref());
    let term_id = if let Term::QuickBooks(id) = &chosen.term { id.clone() } else { String::new() };
    html(&Page {
        w,
        is_admin: session.profile.is_admin,
        pipedrive_company: session.tenant.company_name.clone(),
        connection: connection.map(|connection| Connection {
            company: connection.company.name,
            country: connection.company.country,
            currency: connection.company.home_currency,
            since: w.long_date(
                &connection
                    .connected_at
                    .to_zoned(jiff::tz::TimeZone::get(&session.profile.time_zone).unwrap_or(jiff::tz::TimeZone::UTC))
                    .date(),
            ),
            by: connection.connected_by,
            works,
        }),
        mappings: vec![
            mapping("to", fl!(w.t, "settings-to"), &chosen.to),
            mapping("address", fl!(w.t, "settings-address"), &chosen.address),
            mapping("email", fl!(w.t, "settings-email"), &chosen.email),
            mapping("tax_id", fl!(w.t, "settings-tax-id"), &chosen.tax_id),
        ],
        days: if let Term::Days(days) = chosen.term { days.to_string() } else { "7".into() },
        term_by_days: term_id.is_empty(),
        terms: choices(lists.iter().flat_map(|lists| &lists.terms).map(|term| (&term.id, &term.name)), &term_id),
        accounts: choices(
            lists.iter().flat_map(|lists| &lists.income_accounts).map(|account| (&account.id, &account.name)),
            chosen.income_account.as_deref().unwrap_or_default(),
        ),
    })
}

/// What QuickBooks offers. What is chosen stays among it, by its number, when QuickBooks does not answer or has it no
/// longer: saving the page must not lose it.
fn choices<'a>(offered: impl Iterator<Item = (&'a String, &'a String)>, chosen: &str) -> Vec<(String, String, bool)> {
    let mut all: Vec<_> = offered.map(|(id, name)| (id.clone(), name.clone(), id == chosen)).collect();
    if !chosen.is_empty() && !all.iter().any(|(_, _, is_chosen)| *is_chosen) {
        all.push((chosen.to_owned(), format!("QuickBooks #{chosen}"), true));
    }
    all
}

fn map(w: Writer, fields: &[Field], name: &'static str, label: String, chosen: Option<&FieldRef>) -> Mapping {
    let groups = Entity::ALL
        .into_iter()
        .map(|entity| {
            let title = match entity {
                Entity::Organization => fl!(w.t, "entity-organization"),
                Entity::Person => fl!(w.t, "entity-person"),
                Entity::Deal => fl!(w.t, "entity-deal"),
            };
            let own = fields.iter().filter(|field| field.reference.entity == entity);
            (title, own.map(|field| (field.reference.to_string(), field.name.clone())).collect())
        })
        .collect();
    let missing = chosen.is_some_and(|chosen| !fields.iter().any(|field| field.reference == *chosen));
    Mapping { name, label, chosen: chosen.map(FieldRef::to_string), missing, groups }
}

pub(crate) async fn show(State(app): State<App>, OfSettings(session): OfSettings) -> Result<Response, Error> {
    render(&app, &session).await
}

/// The page's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    to: String,
    address: String,
    email: String,
    tax_id: String,
    term: String,
    days: String,
    income_account: String,
}

pub(crate) async fn save(
    State(app): State<App>,
    OfAdmin(session): OfAdmin,
    QsForm(chosen): QsForm<Chosen>,
) -> Result<Response, Error> {
    let field = |text: &str| text.parse::<FieldRef>().ok();
    let term = match (chosen.term.as_str(), chosen.days.trim().parse::<u16>()) {
        ("days" | "", Ok(days)) if days <= 999 => Term::Days(days),
        ("days" | "", _) => Term::default(),
        (id, _) => Term::QuickBooks(id.to_owned()),
    };
    let settings = Settings {
        to: field(&chosen.to),
        address: field(&chosen.address),
        email: field(&chosen.email),
        tax_id: field(&chosen.tax_id),
        term,
        income_account: (!chosen.income_account.is_empty()).then_some(chosen.income_account),
    };
    settings::save(&app, session.tenant.id, session.user, &settings).await.map_err(session.told())?;
    let mut response = render(&app, &session).await?;
    tell(response.headers_mut(), &fl!(session.writer().t, "settings-saved"));
    Ok(response)
}

/// Has the page show a snackbar.
pub(crate) fn tell(headers: &mut HeaderMap, message: &str) {
    // Header values are ASCII: the JSON escapes the rest.
    let escaped: String = json!({ "fatura:tell": { "message": message } })
        .to_string()
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            }
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&escaped) {
        headers.insert("hx-trigger", value);
    }
}

/// A link that begins connecting in a new tab.
pub(crate) async fn connect(
    State(app): State<App>,
    OfAdmin(session): OfAdmin,
) -> Result<Json<serde_json::Value>, Error> {
    let url = connect::ticket(&app, session.tenant.id, session.user).await.map_err(session.told())?;
    Ok(Json(json!({ "url": url.as_str() })))
}

pub(crate) async fn disconnect(State(app): State<App>, OfAdmin(session): OfAdmin) -> Result<Response, Error> {
    connect::disconnect(&app, session.tenant.id, session.user).await.map_err(session.told())?;
    render(&app, &session).await
}

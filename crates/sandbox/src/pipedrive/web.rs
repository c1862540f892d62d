//! The simulated Pipedrive in the browser: sign-in, deals, Marketplace, apps, and the pages that embed the app.

use super::{App, Company, MODAL_ACTION, Resource, Surface, User, oauth, words, words::Words};
use crate::{decimal::decimal, tokens::fresh, world::Shared};
use askama::Template;
use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::{
    CookieJar, Query,
    cookie::{Cookie, SameSite},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The name of the session cookie.
pub(crate) const SESSION: &str = "pipedrive_session";

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/preferences", post(preferences))
        .route("/deals", get(deals))
        .route("/deal/{id}", get(deal))
        .route("/marketplace", get(marketplace))
        .route("/settings/marketplace", get(tools))
        .route("/settings/marketplace/app/{client}/app-settings", get(app_settings))
        .route("/settings/marketplace/uninstall", post(uninstall))
        .route("/extensions/{surface}/frame", get(frame))
        .route("/extensions/{surface}/token", get(token))
        .route(
            "/host.js",
            get(async || ([(header::CONTENT_TYPE, "text/javascript")], include_str!("../../static/host.js"))),
        )
        .route("/host.css", get(async || ([(header::CONTENT_TYPE, "text/css")], include_str!("../../static/host.css"))))
        .with_state(shared)
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Runs `answer` for the signed-in user; others are sent to the sign-in page.
fn with_user(shared: &Shared, jar: &CookieJar, answer: impl FnOnce(&Company, &User, bool) -> Response) -> Response {
    let world = shared.world();
    let user = jar
        .get(SESSION)
        .and_then(|cookie| world.pipedrive.sessions.get(cookie.value()))
        .and_then(|user_id| world.pipedrive.user(*user_id));
    match user {
        Some((company, user)) => answer(company, user, world.pipedrive.grants.installed(user.id)),
        None => Redirect::to("/").into_response(),
    }
}

/// What every page of a signed-in user has around it.
struct Frame<'a> {
    words: &'static Words,
    company: &'a Company,
    user: &'a User,
    here: &'static str,
}

#[derive(Template)]
#[template(path = "pipedrive_sign_in.html")]
struct SignInPage<'a> {
    companies: &'a [Company],
    to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Home {
    to: String,
}

async fn home(State(shared): State<Shared>, jar: CookieJar, Query(asked): Query<Home>) -> Response {
    let world = shared.world();
    let signed_in = jar.get(SESSION).is_some_and(|cookie| world.pipedrive.sessions.contains_key(cookie.value()));
    if signed_in && asked.to.is_empty() {
        return Redirect::to("/deals").into_response();
    }
    page(&SignInPage { companies: &world.pipedrive.companies, to: asked.to })
}

#[derive(Debug, Deserialize)]
struct SignIn {
    user_id: i64,
    #[serde(default)]
    to: String,
}

async fn sign_in(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<SignIn>) -> Response {
    let mut world = shared.world();
    if world.pipedrive.user(form.user_id).is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let session = fresh("");
    world.pipedrive.sessions.insert(session.clone(), form.user_id);
    let cookie = Cookie::build((SESSION, session)).path("/").http_only(true).same_site(SameSite::Lax);
    let known = [&shared.origins.pipedrive_oauth, &shared.origins.pipedrive_web]
        .iter()
        .any(|origin| form.to.starts_with(&format!("{origin}/")));
    let to = if known { form.to } else { "/deals".into() };
    (jar.add(cookie), Redirect::to(&to)).into_response()
}

async fn sign_out(State(shared): State<Shared>, jar: CookieJar) -> Response {
    if let Some(cookie) = jar.get(SESSION) {
        shared.world().pipedrive.sessions.remove(cookie.value());
    }
    (jar.remove(Cookie::build(SESSION).path("/")), Redirect::to("/")).into_response()
}

#[derive(Debug, Deserialize)]
struct Preferences {
    locale: Option<String>,
    theme: Option<String>,
    back: String,
}

/// Language and theme of the signed-in user.
async fn preferences(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<Preferences>) -> Response {
    let mut world = shared.world();
    let user_id = jar.get(SESSION).and_then(|cookie| world.pipedrive.sessions.get(cookie.value())).copied();
    let Some(user) = user_id.and_then(|id| world.pipedrive.user_mut(id)) else {
        return Redirect::to("/").into_response();
    };
    if let Some(locale) = form.locale.filter(|locale| ["pt_BR", "en_US", "es_ES"].contains(&locale.as_str())) {
        let (language, country) = locale.split_once('_').unwrap_or(("en", "US"));
        user.language = json!({ "language_code": language, "country_code": country });
        user.locale = locale;
    }
    if let Some(theme) = form.theme.filter(|theme| theme == "light" || theme == "dark") {
        user.theme = theme;
    }
    let back = if form.back.starts_with('/') && !form.back.starts_with("//") { form.back } else { "/deals".into() };
    Redirect::to(&back).into_response()
}

struct DealRow {
    id: i64,
    title: String,
    value: String,
    organization: String,
    person: String,
    stage: String,
    won: bool,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn money(amount: &Value, currency: &str, lang: &str) -> String {
    let plain = format!("{:.2}", decimal(amount).unwrap_or_default());
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (group, point) = if lang == "en" { (',', '.') } else { ('.', ',') };
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(group);
        }
        grouped.push(digit);
    }
    let symbol = match currency {
        "BRL" => "R$ ",
        "USD" if lang == "en" => "$",
        "USD" => "US$ ",
        "EUR" => "€ ",
        other => return format!("{other} {grouped}{point}{cents}"),
    };
    format!("{symbol}{grouped}{point}{cents}")
}

fn deal_row(company: &Company, deal: &Value, lang: &str) -> DealRow {
    let name_of = |resource, member: &str| text(&company.records.linked(resource, &deal[member])["name"]);
    DealRow {
        id: deal["id"].as_i64().unwrap_or_default(),
        title: text(&deal["title"]),
        value: money(&deal["value"], deal["currency"].as_str().unwrap_or_default(), lang),
        organization: name_of(Resource::Organization, "org_id"),
        person: name_of(Resource::Person, "person_id"),
        stage: name_of(Resource::Stage, "stage_id"),
        won: deal["status"] == json!("won"),
    }
}

#[derive(Template)]
#[template(path = "pipedrive_deals.html")]
struct DealsPage<'a> {
    frame: Frame<'a>,
    rows: Vec<DealRow>,
}

async fn deals(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, _| {
        let words = words::of(user);
        let rows = company.records.all(Resource::Deal).map(|(_, deal)| deal_row(company, deal, words.lang)).collect();
        page(&DealsPage { frame: Frame { words, company, user, here: "/deals" }, rows })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_deal.html")]
struct DealPage<'a> {
    frame: Frame<'a>,
    back: String,
    deal: DealRow,
    stages: Vec<(String, bool)>,
    products: Vec<[String; 6]>,
    address: String,
    emails: Vec<String>,
    custom: Vec<(String, String)>,
    app: &'a App,
    modal_action: &'static str,
    installed: bool,
}

async fn deal(State(shared): State<Shared>, jar: CookieJar, Path(id): Path<i64>) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let words = words::of(user);
        let Some(deal) = company.records.get(Resource::Deal, id) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let currency = deal["currency"].as_str().unwrap_or_default();
        let number = |value: &Value| {
            let plain = value.to_string();
            let plain = plain.strip_suffix(".0").unwrap_or(&plain).to_owned();
            if words.lang == "en" { plain } else { plain.replace('.', ",") }
        };
        let products = company
            .records
            .of_deal(Resource::DealProduct, id)
            .into_iter()
            .map(|(_, row)| {
                let discount = match (
                    decimal(&row["discount"]).unwrap_or_default().is_zero(),
                    row["discount_type"] == json!("amount"),
                ) {
                    (true, _) => "–".to_owned(),
                    (false, true) => money(&row["discount"], currency, words.lang),
                    (false, false) => format!("{} %", number(&row["discount"])),
                };
                [
                    text(&row["name"]),
                    money(&row["item_price"], currency, words.lang),
                    number(&row["quantity"]),
                    discount,
                    if row["tax"] == json!(0) { "–".to_owned() } else { format!("{} %", number(&row["tax"])) },
                    money(&row["sum"], currency, words.lang),
                ]
            })
            .collect();
        let organization = company.records.linked(Resource::Organization, &deal["org_id"]);
        let person = company.records.linked(Resource::Person, &deal["person_id"]);
        let row = deal_row(company, deal, words.lang);
        let mut custom = Vec::new();
        for (entity, record) in [("organization", organization), ("person", person), ("deal", deal)] {
            for field in company.fields.iter().filter(|field| field["entity"] == json!(entity)) {
                if let Some(value) = record["custom_fields"][field["field_code"].as_str().unwrap_or_default()].as_str()
                {
                    custom.push((text(&field["field_name"]), value.to_owned()));
                }
            }
        }
        let stages: Vec<String> = company.records.all(Resource::Stage).map(|(_, stage)| text(&stage["name"])).collect();
        let reached = stages.iter().position(|stage| *stage == row.stage).unwrap_or_default();
        page(&DealPage {
            stages: stages.into_iter().enumerate().map(|(at, stage)| (stage, at <= reached)).collect(),
            back: format!("/deal/{id}"),
            products,
            address: text(&organization["address"]["formatted_address"]),
            emails: person["emails"].as_array().into_iter().flatten().map(|email| text(&email["value"])).collect(),
            custom,
            app: &shared.app,
            modal_action: MODAL_ACTION,
            installed,
            deal: row,
            frame: Frame { words, company, user, here: "/deals" },
        })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_marketplace.html")]
struct MarketplacePage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    installed: bool,
}

async fn marketplace(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        page(&MarketplacePage {
            frame: Frame { words: words::of(user), company, user, here: "/marketplace" },
            app: &shared.app,
            installed,
        })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_tools.html")]
struct ToolsPage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    installed: bool,
}

async fn tools(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        page(&ToolsPage {
            frame: Frame { words: words::of(user), company, user, here: "/settings/marketplace" },
            app: &shared.app,
            installed,
        })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_app_settings.html")]
struct AppSettingsPage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    back: String,
}

async fn app_settings(State(shared): State<Shared>, jar: CookieJar, Path(client): Path<String>) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        if client != shared.app.client_id || !installed {
            return Redirect::to("/settings/marketplace").into_response();
        }
        page(&AppSettingsPage {
            frame: Frame { words: words::of(user), company, user, here: "/settings/marketplace" },
            app: &shared.app,
            back: format!("/settings/marketplace/app/{client}/app-settings"),
        })
    })
}

/// Uninstalls for this user: the grant dies, and the app is told by a signed DELETE on its callback.
async fn uninstall(State(shared): State<Shared>, jar: CookieJar) -> Response {
    let told = {
        let mut world = shared.world();
        let user_id = jar.get(SESSION).and_then(|cookie| world.pipedrive.sessions.get(cookie.value())).copied();
        let Some((company_id, user_id)) =
            user_id.and_then(|id| world.pipedrive.user(id).map(|(company, user)| (company.id, user.id)))
        else {
            return Redirect::to("/").into_response();
        };
        world.pipedrive.grants.uninstall(user_id);
        json!({ "client_id": shared.app.client_id, "company_id": company_id, "user_id": user_id, "timestamp": world.clock.pipedrive() })
    };
    let request = shared
        .http
        .delete(&shared.app.callback_url)
        .basic_auth(&shared.app.client_id, Some(&shared.app.client_secret))
        .json(&told);
    #[expect(clippy::disallowed_methods, reason = "the sandbox tells the app; it shares no client with it")]
    if let Err(error) = request.send().await {
        tracing::warn!(%error, "the app did not hear of its uninstallation");
    }
    Redirect::to("/settings/marketplace").into_response()
}

fn surface<'a>(app: &'a App, name: &str) -> Option<&'a Surface> {
    match name {
        "panel" => Some(&app.panel),
        "modal" => Some(&app.modal),
        "settings" => Some(&app.settings),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FrameRequest {
    id: String,
    selected: String,
    data: String,
}

/// The address from which a surface is loaded, with the parameters and the token that Pipedrive sends.
async fn frame(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(name): Path<String>,
    Query(asked): Query<FrameRequest>,
) -> Response {
    let clock = shared.world().clock;
    with_user(&shared, &jar, |company, user, _| {
        let Some((surface, mut url)) =
            surface(&shared.app, &name).and_then(|surface| Some((surface, url::Url::parse(&surface.url).ok()?)))
        else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let id = if asked.id.is_empty() { Uuid::new_v4().to_string() } else { asked.id };
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("id", &id);
            if name != "settings" {
                query
                    .append_pair("resource", "deal")
                    .append_pair("view", "details")
                    .append_pair("selectedIds", &asked.selected);
            }
            query
                .append_pair("userId", &user.id.to_string())
                .append_pair("companyId", &company.id.to_string())
                .append_pair("isShared", "false")
                .append_pair("theme", &user.theme)
                .append_pair("token", &oauth::signed(company, user, &surface.jwt_secret, clock));
            if !asked.data.is_empty() {
                query.append_pair("data", &asked.data);
            }
        }
        Json(json!({ "id": id, "url": url.as_str() })).into_response()
    })
}

/// A fresh signed token: the answer to `get_signed_token`.
async fn token(State(shared): State<Shared>, jar: CookieJar, Path(name): Path<String>) -> Response {
    let clock = shared.world().clock;
    with_user(&shared, &jar, |company, user, _| match surface(&shared.app, &name) {
        Some(surface) => {
            Json(json!({ "token": oauth::signed(company, user, &surface.jwt_secret, clock) })).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

//! Doors into Pipedrive: companies, users, tokens without a browser, and what somebody does there.

use super::{NewMishap, not_found, refusal};
use crate::{
    pipedrive::{
        self, Company, Resource,
        acts::{self, Wrong},
        limits::Limits,
        oauth::OldRefreshToken,
        rules::Writer,
        web::marketplace,
    },
    world::Shared,
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/pipedrive/companies", get(companies))
        .route("/pipedrive/companies/reset", post(reset_company))
        .route("/pipedrive/seed", post(seed))
        .route("/pipedrive/grants", post(grant))
        .route("/pipedrive/expire", post(expire))
        .route("/pipedrive/quirks", post(quirks))
        .route("/pipedrive/uninstall", post(uninstall))
        .route("/pipedrive/users", post(change_user))
        .route("/pipedrive/share", post(share))
        .route("/pipedrive/change", post(change))
        .route("/pipedrive/deal", post(change_deal))
        .route("/pipedrive/delete", post(delete))
        .route("/pipedrive/purge", post(purge_product))
        .route("/pipedrive/rows", post(lay_over_row))
        .route("/pipedrive/webhooks", get(webhooks))
        .route("/pipedrive/webhooks/mishaps", post(mishap))
        .route("/pipedrive/limits", get(limits).post(set_limits))
}

/// Every scope that an app may have.
const ALL_SCOPES: [&str; 29] = [
    "base",
    "deals:full",
    "contacts:full",
    "products:full",
    "activities:full",
    "mail:full",
    "users:read",
    "search:read",
    "admin",
    "webhooks:full",
    "leads:full",
    "projects:full",
    "recents:read",
    "phone-integration",
    "deal-fields:full",
    "contact-fields:full",
    "product-fields:full",
    "project-fields:full",
    "goals:full",
    "deals:read",
    "contacts:read",
    "products:read",
    "activities:read",
    "mail:read",
    "webhooks:read",
    "leads:read",
    "projects:read",
    "goals:read",
    "messengers-integration",
];

async fn companies(State(shared): State<Shared>) -> Response {
    let world = shared.world_untouched();
    let list = world.pipedrive.companies.iter().map(|company| {
        let users = company.users.iter().map(|user| {
            json!({
                "id": user.id, "name": user.name, "email": user.email, "is_admin": user.is_admin, "locale": user.locale, "active": user.active,
                "api_token": user.api_token(), "installed": world.pipedrive.grants.installed(user.id),
            })
        });
        json!({
            "id": company.id, "name": company.name, "domain": company.domain, "country": company.country, "currency": company.currency,
            "app_shared": company.app_shared, "users": users.collect::<Vec<_>>(),
        })
    });
    Json(json!({ "companies": list.collect::<Vec<_>>() })).into_response()
}

#[derive(Debug, Deserialize)]
struct OneCompany {
    company_id: i64,
}

/// Back to what the company was in the seeds; its tokens stay valid.
async fn reset_company(State(shared): State<Shared>, Json(asked): Json<OneCompany>) -> Response {
    let mut world = shared.world();
    let seeded = match pipedrive::seeded_companies(world.clock) {
        Ok(companies) => companies.into_iter().find(|company| company.id == asked.company_id),
        Err(error) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")),
    };
    let there = world.pipedrive.companies.iter_mut().find(|company| company.id == asked.company_id);
    match (there, seeded) {
        (Some(there), Some(mut seeded)) => {
            seeded.version = there.version + 1;
            *there = seeded;
            StatusCode::NO_CONTENT.into_response()
        }
        _ => not_found("company_id in the seeds"),
    }
}

/// Companies from a file in the form of `seeds/pipedrive.json`; those with the same id are replaced.
async fn seed(State(shared): State<Shared>, Json(file): Json<Value>) -> Response {
    let mut world = shared.world();
    let companies = match pipedrive::companies(&file, world.clock) {
        Ok(companies) => companies,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
    };
    let ids: Vec<i64> = companies.iter().map(|company| company.id).collect();
    world.pipedrive.companies.retain(|company| !ids.contains(&company.id));
    world.pipedrive.companies.extend(companies);
    Json(json!({ "company_ids": ids })).into_response()
}

#[derive(Debug, Deserialize)]
struct NewGrant {
    company_id: i64,
    user_id: i64,
    /// All that there are, without it.
    scopes: Option<Vec<String>>,
}

async fn grant(State(shared): State<Shared>, Json(asked): Json<NewGrant>) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    let user = world.pipedrive.company(asked.company_id).and_then(|company| company.user(asked.user_id));
    let Some(api_token) = user.map(pipedrive::User::api_token) else {
        return not_found("company_id and user_id");
    };
    let scopes = asked.scopes.unwrap_or_else(|| ALL_SCOPES.map(str::to_owned).to_vec());
    let mut tokens =
        world.pipedrive.grants.grant(asked.company_id, asked.user_id, clock, &scopes, &shared.origins.pipedrive_api);
    tokens["api_token"] = json!(api_token);
    Json(tokens).into_response()
}

#[derive(Debug, Deserialize)]
struct OneUser {
    user_id: i64,
}

async fn expire(State(shared): State<Shared>, Json(asked): Json<OneUser>) -> StatusCode {
    shared.world().pipedrive.grants.expire(asked.user_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quirks {
    old_refresh_token: OldRefreshToken,
}

async fn quirks(State(shared): State<Shared>, Json(asked): Json<Quirks>) -> StatusCode {
    shared.world().pipedrive.grants.old_refresh_token = asked.old_refresh_token;
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Uninstall {
    company_id: i64,
    /// Everyone, without it.
    user_id: Option<i64>,
}

async fn uninstall(State(shared): State<Shared>, Json(asked): Json<Uninstall>) -> Response {
    let users: Vec<i64> = {
        let world = shared.world_untouched();
        let Some(company) = world.pipedrive.company(asked.company_id) else { return not_found("company_id") };
        let all = company.users.iter().map(|user| user.id);
        all.filter(|id| asked.user_id.is_none_or(|wanted| wanted == *id)).collect()
    };
    marketplace::end(&shared, &users).await;
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Deserialize)]
struct UserChange {
    user_id: i64,
    is_admin: Option<bool>,
    active: Option<bool>,
    locale: Option<String>,
    theme: Option<String>,
    timezone_name: Option<String>,
    #[serde(default)]
    permissions: BTreeMap<String, bool>,
}

async fn change_user(State(shared): State<Shared>, Json(asked): Json<UserChange>) -> Response {
    let mut world = shared.world();
    let Some(user) = world.pipedrive.user_mut(asked.user_id) else { return not_found("user_id") };
    user.is_admin = asked.is_admin.unwrap_or(user.is_admin);
    user.active = asked.active.unwrap_or(user.active);
    if let Some(locale) = asked.locale {
        let (language, country) = locale.split_once('_').unwrap_or((&locale, ""));
        user.language = json!({ "language_code": language, "country_code": country });
        user.locale = locale;
    }
    user.theme = asked.theme.unwrap_or_else(|| user.theme.clone());
    user.timezone_name = asked.timezone_name.unwrap_or_else(|| user.timezone_name.clone());
    user.permissions.extend(asked.permissions);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Deserialize)]
struct Share {
    company_id: i64,
    shared: bool,
}

async fn share(State(shared): State<Shared>, Json(asked): Json<Share>) -> Response {
    let mut world = shared.world();
    match world.pipedrive.companies.iter_mut().find(|company| company.id == asked.company_id) {
        Some(company) => {
            company.app_shared = asked.shared;
            StatusCode::NO_CONTENT.into_response()
        }
        None => not_found("company_id"),
    }
}

#[derive(Debug, Deserialize)]
struct Change {
    company_id: i64,
    /// The company's first user, without it.
    user_id: Option<i64>,
    /// `deal`, `person`, `organization`, `product`, `activity`, …
    #[serde(default)]
    entity: String,
    /// A new record, without it.
    id: Option<i64>,
    /// A body of the v2 API.
    #[serde(default)]
    changes: Value,
}

const ENTITIES: [Resource; 7] = [
    Resource::Deal,
    Resource::Person,
    Resource::Organization,
    Resource::Product,
    Resource::Activity,
    Resource::Pipeline,
    Resource::Stage,
];

/// Does something as a user of the company, by the rules of Pipedrive's own page.
fn as_user(
    shared: &Shared,
    asked: &Change,
    work: impl FnOnce(&mut Company, Resource, &Writer) -> Result<Value, Wrong>,
) -> Response {
    let Some(resource) = ENTITIES.into_iter().find(|resource| resource.word() == asked.entity) else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "entity must be one of deal, person, organization, product, activity, pipeline, stage",
        );
    };
    let mut world = shared.world();
    let (now, moment) = (world.clock.pipedrive(), world.clock.now());
    let done = world.pipedrive.act(asked.company_id, moment, |company| {
        let user = company.users.iter().find(|user| asked.user_id.is_none_or(|wanted| wanted == user.id))?;
        let writer = Writer::new(company, user, &now, "app");
        Some(work(company, resource, &writer))
    });
    match done.flatten() {
        Some(Ok(row)) => Json(row).into_response(),
        Some(Err(Wrong::Invalid(text))) => refusal(StatusCode::BAD_REQUEST, text),
        Some(Err(Wrong::Forbidden(text))) => refusal(StatusCode::FORBIDDEN, text),
        Some(Err(Wrong::NotFound(what))) => not_found(&what),
        None => not_found("company_id and user_id"),
    }
}

fn do_change(shared: &Shared, asked: &Change) -> Response {
    as_user(shared, asked, |company, resource, writer| match asked.id {
        Some(id) => acts::change(company, resource, id, &asked.changes, writer),
        None => acts::create(company, resource, &asked.changes, writer),
    })
}

async fn change(State(shared): State<Shared>, Json(asked): Json<Change>) -> Response {
    do_change(&shared, &asked)
}

async fn change_deal(State(shared): State<Shared>, Json(asked): Json<Change>) -> Response {
    do_change(&shared, &Change { entity: "deal".into(), ..asked })
}

async fn delete(State(shared): State<Shared>, Json(asked): Json<Change>) -> Response {
    as_user(&shared, &asked, |company, resource, writer| {
        let id = asked.id.ok_or_else(|| Wrong::Invalid("id is required".into()))?;
        acts::remove(company, resource, id, writer)?;
        Ok(json!({ "id": id }))
    })
}

#[derive(Debug, Deserialize)]
struct Purge {
    company_id: i64,
    product_id: i64,
}

/// Purges a product, as happens thirty days after it was deleted: its rows on deals stay, with `product_id: null`.
async fn purge_product(State(shared): State<Shared>, Json(asked): Json<Purge>) -> Response {
    let mut world = shared.world();
    let Some(company) = world.pipedrive.companies.iter_mut().find(|company| company.id == asked.company_id) else {
        return not_found("company_id");
    };
    if company.records.remove(Resource::Product, asked.product_id).is_none() {
        return not_found("product_id");
    }
    let rows: Vec<i64> = company
        .records
        .even_deleted(Resource::DealProduct)
        .filter(|(_, row)| row["product_id"] == json!(asked.product_id))
        .map(|(id, _)| id)
        .collect();
    for id in rows {
        if let Some(row) = company.records.get_mut(Resource::DealProduct, id) {
            row["product_id"] = Value::Null;
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Deserialize)]
struct RawRow {
    company_id: i64,
    /// As `Deal` or `DealProduct`.
    resource: Resource,
    id: i64,
    members: Value,
}

/// Lays members over a record as they are, null among them, against all rules.
async fn lay_over_row(State(shared): State<Shared>, Json(asked): Json<RawRow>) -> Response {
    let mut world = shared.world();
    let company = world.pipedrive.companies.iter_mut().find(|company| company.id == asked.company_id);
    let row = company.and_then(|company| company.records.get_mut(asked.resource, asked.id));
    match (row.and_then(Value::as_object_mut), asked.members) {
        (Some(row), Value::Object(members)) => {
            row.extend(members);
            Json(&*row).into_response()
        }
        (Some(_), _) => refusal(StatusCode::BAD_REQUEST, "members must be an object"),
        (None, _) => not_found("company_id, resource and id"),
    }
}

async fn webhooks(State(shared): State<Shared>) -> Response {
    let world = shared.world_untouched();
    let subscriptions = world
        .pipedrive
        .companies
        .iter()
        .flat_map(|company| company.records.all(Resource::Webhook).map(|(_, row)| row.clone()));
    Json(json!({ "subscriptions": subscriptions.collect::<Vec<_>>(), "waiting": world.pipedrive.webhooks.waiting() }))
        .into_response()
}

async fn mishap(State(shared): State<Shared>, Json(asked): Json<NewMishap>) -> StatusCode {
    let mut world = shared.world();
    for _ in 0..asked.times {
        world.pipedrive.webhooks.mishaps.push_back(asked.effect.clone());
    }
    StatusCode::NO_CONTENT
}

async fn limits(State(shared): State<Shared>) -> Json<Limits> {
    Json(shared.pipedrive_meter.limits())
}

async fn set_limits(State(shared): State<Shared>, Json(limits): Json<Limits>) -> StatusCode {
    shared.pipedrive_meter.limit(limits);
    StatusCode::NO_CONTENT
}

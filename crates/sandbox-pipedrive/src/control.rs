//! Routes of the control port for Pipedrive: companies, users, tokens without a browser, and actions of users.

use crate::{
    action_error::ActionError, actions, clock::PipedriveTime, company::Company, grants::OldRefreshToken,
    limits::Limits, records::Resource, seeds, shared::Shared, users::User, web::marketplace, writer::Writer,
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sandbox_core::control::{NewMishap, not_found, refusal};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Routes of the control port.
pub fn router(shared: Shared) -> Router {
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
        .route("/pipedrive/rows", post(overlay_row))
        .route("/pipedrive/webhooks", get(webhooks))
        .route("/pipedrive/webhooks/mishaps", post(add_mishaps))
        .route("/pipedrive/limits", get(limits).post(set_limits))
        .with_state(shared)
}

/// All scopes.
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
    let state = shared.state();
    let list = state.companies.iter().map(|company| {
        let users = company.users.iter().map(|user| {
            json!({
                "id": user.id, "name": user.name, "email": user.email, "is_admin": user.is_admin, "locale": user.locale, "active": user.active,
                "api_token": user.api_token(), "installed": state.grants.is_installed(user.id),
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
struct CompanyRequest {
    company_id: i64,
}

/// Resets a company to its seed. Its tokens stay valid.
async fn reset_company(State(shared): State<Shared>, Json(request): Json<CompanyRequest>) -> Response {
    let mut state = shared.state_mut();
    let seed = match shared.seeds.load(shared.clock()) {
        Ok(companies) => companies.into_iter().find(|company| company.id == request.company_id),
        Err(error) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")),
    };
    let existing = state.companies.iter_mut().find(|company| company.id == request.company_id);
    match (existing, seed) {
        (Some(existing), Some(mut seed)) => {
            seed.version = existing.version + 1;
            *existing = seed;
            StatusCode::NO_CONTENT.into_response()
        }
        _ => not_found("company_id in the seeds"),
    }
}

/// Adds companies from a file in the form of `seeds/pipedrive.json`. Companies with the same id are replaced.
async fn seed(State(shared): State<Shared>, Json(file): Json<Value>) -> Response {
    let mut state = shared.state_mut();
    let companies = match seeds::load_file(&file, shared.clock()) {
        Ok(companies) => companies,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
    };
    let ids: Vec<i64> = companies.iter().map(|company| company.id).collect();
    state.companies.retain(|company| !ids.contains(&company.id));
    state.companies.extend(companies);
    Json(json!({ "company_ids": ids })).into_response()
}

#[derive(Debug, Deserialize)]
struct NewGrant {
    company_id: i64,
    user_id: i64,
    /// Scopes; all if absent.
    scopes: Option<Vec<String>>,
}

async fn grant(State(shared): State<Shared>, Json(request): Json<NewGrant>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let user = state.company(request.company_id).and_then(|company| company.user(request.user_id));
    let Some(api_token) = user.map(User::api_token) else {
        return not_found("company_id and user_id");
    };
    let scopes = request.scopes.unwrap_or_else(|| ALL_SCOPES.map(str::to_owned).to_vec());
    let mut tokens =
        state.grants.issue_tokens(request.company_id, request.user_id, clock, &scopes, &shared.origins.api);
    tokens["api_token"] = json!(api_token);
    Json(tokens).into_response()
}

#[derive(Debug, Deserialize)]
struct UserRequest {
    user_id: i64,
}

async fn expire(State(shared): State<Shared>, Json(request): Json<UserRequest>) -> StatusCode {
    shared.state_mut().grants.expire(request.user_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quirks {
    old_refresh_token: OldRefreshToken,
}

async fn quirks(State(shared): State<Shared>, Json(request): Json<Quirks>) -> StatusCode {
    shared.state_mut().grants.old_refresh_token = request.old_refresh_token;
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Uninstall {
    company_id: i64,
    /// The user; all users if absent.
    user_id: Option<i64>,
}

async fn uninstall(State(shared): State<Shared>, Json(request): Json<Uninstall>) -> Response {
    let users: Vec<i64> = {
        let state = shared.state();
        let Some(company) = state.company(request.company_id) else { return not_found("company_id") };
        let all = company.users.iter().map(|user| user.id);
        all.filter(|id| request.user_id.is_none_or(|wanted| wanted == *id)).collect()
    };
    marketplace::uninstall_users(&shared, &users).await;
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

async fn change_user(State(shared): State<Shared>, Json(request): Json<UserChange>) -> Response {
    let mut state = shared.state_mut();
    let Some(user) = state.user_mut(request.user_id) else { return not_found("user_id") };
    user.is_admin = request.is_admin.unwrap_or(user.is_admin);
    user.active = request.active.unwrap_or(user.active);
    if let Some(locale) = request.locale {
        let (language, country) = locale.split_once('_').unwrap_or((&locale, ""));
        user.language = json!({ "language_code": language, "country_code": country });
        user.locale = locale;
    }
    user.theme = request.theme.unwrap_or_else(|| user.theme.clone());
    user.timezone_name = request.timezone_name.unwrap_or_else(|| user.timezone_name.clone());
    user.permissions.extend(request.permissions);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Deserialize)]
struct Share {
    company_id: i64,
    shared: bool,
}

async fn share(State(shared): State<Shared>, Json(request): Json<Share>) -> Response {
    let mut state = shared.state_mut();
    match state.companies.iter_mut().find(|company| company.id == request.company_id) {
        Some(company) => {
            company.app_shared = request.shared;
            StatusCode::NO_CONTENT.into_response()
        }
        None => not_found("company_id"),
    }
}

#[derive(Debug, Deserialize)]
struct Change {
    company_id: i64,
    /// The user; the company's first user if absent.
    user_id: Option<i64>,
    /// `deal`, `person`, `organization`, `product`, `activity`, …
    #[serde(default)]
    entity: String,
    /// Id of the record; a new one if absent.
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

/// Runs `work` as a user of the company, by the rules of Pipedrive's own page.
fn run_as_user(
    shared: &Shared,
    request: &Change,
    work: impl FnOnce(&mut Company, Resource, &Writer) -> Result<Value, ActionError>,
) -> Response {
    let Some(resource) = ENTITIES.into_iter().find(|resource| resource.word() == request.entity) else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "entity must be one of deal, person, organization, product, activity, pipeline, stage",
        );
    };
    let mut state = shared.state_mut();
    let (now, moment) = (shared.clock().pipedrive(), shared.clock().now());
    let result = state.with_company(request.company_id, moment, |company| {
        let user = company.users.iter().find(|user| request.user_id.is_none_or(|wanted| wanted == user.id))?;
        let writer = company.writer(user, &now, "app");
        Some(work(company, resource, &writer))
    });
    match result.flatten() {
        Some(Ok(row)) => Json(row).into_response(),
        Some(Err(ActionError::Invalid(text))) => refusal(StatusCode::BAD_REQUEST, text),
        Some(Err(ActionError::Forbidden(text))) => refusal(StatusCode::FORBIDDEN, text),
        Some(Err(ActionError::NotFound(what))) => not_found(&what),
        None => not_found("company_id and user_id"),
    }
}

fn apply_change(shared: &Shared, request: &Change) -> Response {
    run_as_user(shared, request, |company, resource, writer| match request.id {
        Some(id) => actions::change(company, resource, id, &request.changes, writer),
        None => actions::create(company, resource, &request.changes, writer),
    })
}

async fn change(State(shared): State<Shared>, Json(request): Json<Change>) -> Response {
    apply_change(&shared, &request)
}

async fn change_deal(State(shared): State<Shared>, Json(request): Json<Change>) -> Response {
    apply_change(&shared, &Change { entity: "deal".into(), ..request })
}

async fn delete(State(shared): State<Shared>, Json(request): Json<Change>) -> Response {
    run_as_user(&shared, &request, |company, resource, writer| {
        let id = request.id.ok_or_else(|| ActionError::Invalid("id is required".into()))?;
        actions::remove(company, resource, id, writer)?;
        Ok(json!({ "id": id }))
    })
}

#[derive(Debug, Deserialize)]
struct Purge {
    company_id: i64,
    product_id: i64,
}

/// Purges a product, as Pipedrive does 30 days after its deletion. Its rows on deals stay, with `product_id: null`.
async fn purge_product(State(shared): State<Shared>, Json(request): Json<Purge>) -> Response {
    let mut state = shared.state_mut();
    let Some(company) = state.companies.iter_mut().find(|company| company.id == request.company_id) else {
        return not_found("company_id");
    };
    if company.records.remove(Resource::Product, request.product_id).is_none() {
        return not_found("product_id");
    }
    let rows: Vec<i64> = company
        .records
        .all_with_deleted(Resource::DealProduct)
        .filter(|(_, row)| row["product_id"] == json!(request.product_id))
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
    /// Kind of the record, as `Deal` or `DealProduct`.
    resource: Resource,
    id: i64,
    members: Value,
}

/// Overlays members of a record without any check. A null is stored as null.
async fn overlay_row(State(shared): State<Shared>, Json(request): Json<RawRow>) -> Response {
    let mut state = shared.state_mut();
    let company = state.companies.iter_mut().find(|company| company.id == request.company_id);
    let row = company.and_then(|company| company.records.get_mut(request.resource, request.id));
    match (row.and_then(Value::as_object_mut), request.members) {
        (Some(row), Value::Object(members)) => {
            row.extend(members);
            Json(&*row).into_response()
        }
        (Some(_), _) => refusal(StatusCode::BAD_REQUEST, "members must be an object"),
        (None, _) => not_found("company_id, resource and id"),
    }
}

async fn webhooks(State(shared): State<Shared>) -> Response {
    let state = shared.state();
    let subscriptions =
        state.companies.iter().flat_map(|company| company.records.all(Resource::Webhook).map(|(_, row)| row.clone()));
    Json(json!({ "subscriptions": subscriptions.collect::<Vec<_>>(), "waiting": state.webhooks.waiting() }))
        .into_response()
}

async fn add_mishaps(State(shared): State<Shared>, Json(request): Json<NewMishap>) -> StatusCode {
    let mut state = shared.state_mut();
    for _ in 0..request.times {
        state.webhooks.mishaps.push_back(request.effect.clone());
    }
    StatusCode::NO_CONTENT
}

async fn limits(State(shared): State<Shared>) -> Json<Limits> {
    Json(shared.meter.limits())
}

async fn set_limits(State(shared): State<Shared>, Json(limits): Json<Limits>) -> StatusCode {
    shared.meter.set_limits(limits);
    StatusCode::NO_CONTENT
}

//! Routes of the control port for QuickBooks: companies, tokens, actions of the accountant, the outbox, webhooks, limits.

use crate::{
    accountant,
    clock::PacificTime,
    company::{Company, Quirks, WriteContext},
    discovery::Discovery,
    entity::Entity,
    fault::Fault,
    json::overlay,
    meter::Limits,
    shared::Shared,
    webhooks::{Endpoint, Webhooks},
    writes::Verb,
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sandbox_core::{
    control::{NewMishap, not_found, refusal},
    decimal::decimal,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Routes of the control port.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/quickbooks/companies", get(companies).post(add_company))
        .route("/quickbooks/companies/reset", post(reset_company))
        .route("/quickbooks/seed", post(seed))
        .route("/quickbooks/items", post(add_items))
        .route("/quickbooks/grants", post(grant))
        .route("/quickbooks/expire", post(expire))
        .route("/quickbooks/disconnect", post(disconnect))
        .route("/quickbooks/preferences", post(preferences))
        .route("/quickbooks/quirks", post(quirks))
        .route("/quickbooks/rows", post(overlay_row))
        .route("/quickbooks/payment", post(payment))
        .route("/quickbooks/credit", post(credit))
        .route("/quickbooks/edit", post(edit))
        .route("/quickbooks/void", post(void))
        .route("/quickbooks/delete", post(delete))
        .route("/quickbooks/outbox", post(outbox))
        .route("/quickbooks/books", post(list_rows))
        .route("/quickbooks/webhooks", get(webhooks).post(set_webhooks).delete(stop_webhooks))
        .route("/quickbooks/webhooks/mishaps", post(add_mishaps).delete(clear_mishaps))
        .route("/quickbooks/webhooks/enable", post(enable_webhooks))
        .route("/quickbooks/discovery", post(set_discovery))
        .route("/quickbooks/limits", get(limits).post(set_limits))
        .with_state(shared)
}

/// Id of the accountant's user. No app has a token of this user.
const ACCOUNTANT: &str = "9130000000000009";

#[derive(Debug, Deserialize)]
struct RealmRequest {
    realm_id: String,
}

async fn companies(State(shared): State<Shared>) -> Response {
    let state = shared.state();
    let list = state.companies.values().map(|company| {
        let counts: serde_json::Map<String, Value> =
            Entity::ALL.iter().map(|entity| (entity.name().to_owned(), json!(company.count(*entity)))).filter(|(_, count)| count != &json!(0)).collect();
        json!({ "realm_id": company.realm_id, "name": company.name(), "country": company.country(), "home_currency": company.home_currency(), "rows": counts })
    });
    Json(json!({ "companies": list.collect::<Vec<_>>(), "presets": shared.seeds.preset_names().collect::<Vec<_>>() }))
        .into_response()
}

#[derive(Debug, Deserialize)]
struct NewCompany {
    preset: String,
    name: Option<String>,
    realm_id: Option<String>,
    #[serde(default = "one")]
    count: u64,
}

fn one() -> u64 {
    1
}

async fn add_company(State(shared): State<Shared>, Json(request): Json<NewCompany>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let last_realm =
        state.companies.keys().filter_map(|realm| realm.parse::<u64>().ok()).max().unwrap_or(9_341_452_200_000_000);
    let mut realm_ids = Vec::new();
    for at in 0..request.count {
        let realm = request
            .realm_id
            .clone()
            .filter(|_| request.count == 1)
            .unwrap_or_else(|| (last_realm + 1 + at).to_string());
        let mut seed = json!({ "preset": request.preset, "realm_id": realm });
        if let Some(name) = &request.name {
            seed["name"] = if request.count == 1 { json!(name) } else { json!(format!("{name} {}", at + 1)) };
        }
        match shared.seeds.create_company(&seed, clock) {
            Ok(company) => state.add(company),
            Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
        }
        realm_ids.push(realm);
    }
    Json(json!({ "realm_ids": realm_ids })).into_response()
}

/// Resets a company to its seed. Its tokens stay valid.
async fn reset_company(State(shared): State<Shared>, Json(request): Json<RealmRequest>) -> Response {
    let mut state = shared.state_mut();
    match shared.seeds.load(shared.clock()) {
        Ok((_, companies)) => match companies.into_iter().find(|company| company.realm_id == request.realm_id) {
            Some(company) => {
                state.companies.insert(request.realm_id, company);
                StatusCode::NO_CONTENT.into_response()
            }
            None => not_found("realm_id in the seeds"),
        },
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Adds companies and users from a file in the form of `seeds/quickbooks/companies.json`.
async fn seed(State(shared): State<Shared>, Json(file): Json<Value>) -> Response {
    let mut state = shared.state_mut();
    match shared.seeds.load_file(&file, shared.clock()) {
        Ok((users, companies)) => {
            let realms: Vec<String> = companies.iter().map(|company| company.realm_id.clone()).collect();
            state.seed(users, companies);
            Json(json!({ "realm_ids": realms })).into_response()
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
    }
}

#[derive(Debug, Deserialize)]
struct NewItems {
    realm_id: String,
    count: u32,
}

/// Adds many items to a company.
async fn add_items(State(shared): State<Shared>, Json(request): Json<NewItems>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let Some(company) = state.companies.get_mut(&request.realm_id) else { return not_found("realm_id") };
    company.add_items(request.count, clock);
    StatusCode::NO_CONTENT.into_response()
}

async fn grant(State(shared): State<Shared>, Json(request): Json<RealmRequest>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    if !state.companies.contains_key(&request.realm_id) {
        return not_found("realm_id");
    }
    let sub = state
        .users
        .iter()
        .find(|user| user.realms.contains(&request.realm_id))
        .map(|user| user.sub.clone())
        .unwrap_or_default();
    let mut answer = state.grants.issue_tokens(
        &request.realm_id,
        &sub,
        "com.intuit.quickbooks.accounting openid profile email",
        clock,
    );
    answer["realm_id"] = json!(request.realm_id);
    Json(answer).into_response()
}

async fn expire(State(shared): State<Shared>, Json(request): Json<RealmRequest>) -> StatusCode {
    let mut state = shared.state_mut();
    let now = shared.clock().epoch_seconds();
    state.grants.expire(&request.realm_id, now);
    StatusCode::NO_CONTENT
}

async fn disconnect(State(shared): State<Shared>, Json(request): Json<RealmRequest>) -> StatusCode {
    shared.state_mut().grants.disconnect(&request.realm_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct NewPreferences {
    realm_id: String,
    preferences: Value,
}

/// Overlays a company's preferences, including those that the API would not change.
async fn preferences(State(shared): State<Shared>, Json(request): Json<NewPreferences>) -> Response {
    let mut state = shared.state_mut();
    let Some(company) = state.companies.get_mut(&request.realm_id) else { return not_found("realm_id") };
    let mut row = company.preferences().clone();
    overlay(&mut row, &request.preferences);
    company.put_without_event(Entity::Preferences, &row);
    StatusCode::NO_CONTENT.into_response()
}

/// Moves the token endpoint and changes the discovery document.
async fn set_discovery(State(shared): State<Shared>, Json(discovery): Json<Discovery>) -> StatusCode {
    shared.state_mut().discovery = discovery;
    StatusCode::NO_CONTENT
}

/// Sets the quirks of a company. An unknown name is refused, because a test with a misspelled quirk would pass without
/// it.
async fn quirks(State(shared): State<Shared>, Json(mut request): Json<Value>) -> Response {
    let realm_id = request.as_object_mut().and_then(|request| request.remove("realm_id")).unwrap_or_default();
    let quirks: Quirks = match serde_json::from_value(request) {
        Ok(quirks) => quirks,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let mut state = shared.state_mut();
    let company = realm_id.as_str().and_then(|realm_id| state.companies.get_mut(realm_id));
    let Some(company) = company else { return not_found("realm_id") };
    company.quirks = quirks;
    company.is_changed = true;
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Deserialize)]
struct RawRow {
    realm_id: String,
    entity: Entity,
    id: String,
    /// Members to set. Null removes a member.
    members: Value,
}

/// Overlays members of a row without any check. Rows of old books lack members that newer ones have.
async fn overlay_row(State(shared): State<Shared>, Json(request): Json<RawRow>) -> Response {
    let mut state = shared.state_mut();
    let Some(company) = state.companies.get_mut(&request.realm_id) else { return not_found("realm_id") };
    let Ok(row) = company.read(request.entity, &request.id) else { return not_found("id") };
    let mut row = row.value();
    overlay(&mut row, &request.members);
    company.put_without_event(request.entity, &row);
    Json(row).into_response()
}

/// Runs `work` as the company's accountant.
fn run_as_accountant(
    shared: &Shared,
    realm_id: &str,
    work: impl FnOnce(&mut Company, &WriteContext) -> Result<Value, Fault>,
) -> Response {
    let mut state = shared.state_mut();
    let context = WriteContext::new(shared.clock(), ACCOUNTANT);
    match state.with_company(realm_id, |company| work(company, &context)) {
        Some(Ok(row)) => Json(row).into_response(),
        Some(Err(fault)) => fault.response(&context.clock.quickbooks_millis()),
        None => not_found("realm_id"),
    }
}

#[derive(Debug, Deserialize)]
struct AmountRequest {
    realm_id: String,
    invoice_id: String,
    /// Amount; the whole balance if absent.
    amount: Option<Value>,
}

async fn payment(State(shared): State<Shared>, Json(request): Json<AmountRequest>) -> Response {
    let amount = request.amount.as_ref().and_then(decimal);
    run_as_accountant(&shared, &request.realm_id, |company, context| {
        accountant::receive_payment(company, &request.invoice_id, amount, context)
    })
}

async fn credit(State(shared): State<Shared>, Json(request): Json<AmountRequest>) -> Response {
    let amount = request.amount.as_ref().and_then(decimal);
    run_as_accountant(&shared, &request.realm_id, |company, context| {
        accountant::give_credit(company, &request.invoice_id, amount, context)
    })
}

#[derive(Debug, Deserialize)]
struct Edit {
    realm_id: String,
    entity: Entity,
    /// Id of the object; a new one if absent.
    id: Option<String>,
    #[serde(default)]
    changes: Value,
}

async fn edit(State(shared): State<Shared>, Json(request): Json<Edit>) -> Response {
    change(&shared, &request, Verb::Write)
}

async fn void(State(shared): State<Shared>, Json(request): Json<Edit>) -> Response {
    change(&shared, &request, Verb::Void)
}

async fn delete(State(shared): State<Shared>, Json(request): Json<Edit>) -> Response {
    change(&shared, &request, Verb::Delete)
}

fn change(shared: &Shared, request: &Edit, verb: Verb) -> Response {
    run_as_accountant(shared, &request.realm_id, |company, context| {
        accountant::change(company, request.entity, request.id.as_deref(), verb, &request.changes, context)
    })
}

async fn outbox(State(shared): State<Shared>, Json(request): Json<RealmRequest>) -> Response {
    match shared.state().companies.get(&request.realm_id) {
        Some(company) => Json(&company.outbox).into_response(),
        None => not_found("realm_id"),
    }
}

#[derive(Debug, Deserialize)]
struct Books {
    realm_id: String,
    entity: Entity,
}

/// Lists the rows of an entity. Unlike a call of the API, it is not affected by faults, limits and quirks.
async fn list_rows(State(shared): State<Shared>, Json(request): Json<Books>) -> Response {
    match shared.state().companies.get(&request.realm_id) {
        Some(company) => Json(company.all(request.entity).collect::<Vec<_>>()).into_response(),
        None => not_found("realm_id"),
    }
}

async fn webhooks(State(shared): State<Shared>) -> Response {
    let state = shared.state();
    let webhooks = &state.webhooks;
    Json(json!({
        "endpoint": webhooks.endpoint, "blacklisted": webhooks.blacklisted, "waiting": webhooks.waiting(), "attempts": webhooks.attempts,
    }))
    .into_response()
}

async fn set_webhooks(State(shared): State<Shared>, Json(endpoint): Json<Endpoint>) -> StatusCode {
    shared.state_mut().webhooks.endpoint = Some(endpoint);
    StatusCode::NO_CONTENT
}

async fn stop_webhooks(State(shared): State<Shared>) -> StatusCode {
    shared.state_mut().webhooks = Webhooks::default();
    StatusCode::NO_CONTENT
}

async fn add_mishaps(State(shared): State<Shared>, Json(request): Json<NewMishap>) -> StatusCode {
    let mut state = shared.state_mut();
    for _ in 0..request.times {
        state.webhooks.mishaps.push_back(request.effect.clone());
    }
    StatusCode::NO_CONTENT
}

async fn clear_mishaps(State(shared): State<Shared>) -> StatusCode {
    shared.state_mut().webhooks.mishaps.clear();
    StatusCode::NO_CONTENT
}

async fn enable_webhooks(State(shared): State<Shared>) -> StatusCode {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    state.webhooks.enable(clock);
    StatusCode::NO_CONTENT
}

async fn limits(State(shared): State<Shared>) -> Json<Value> {
    let mut limits = json!(shared.meter.limits());
    limits["reads_this_month"] = json!(shared.meter.reads_this_month());
    Json(limits)
}

async fn set_limits(State(shared): State<Shared>, Json(limits): Json<Limits>) -> StatusCode {
    shared.meter.set_limits(limits);
    StatusCode::NO_CONTENT
}

//! Routes of the control door for QuickBooks: companies, tokens, acts of the accountant, the outbox, webhooks, limits.

use crate::{
    accountant,
    clock::PacificTime,
    company::{Act, Company, Quirks},
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

/// Routes of the control door.
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
        .route("/quickbooks/rows", post(lay_over_row))
        .route("/quickbooks/payment", post(payment))
        .route("/quickbooks/credit", post(credit))
        .route("/quickbooks/edit", post(edit))
        .route("/quickbooks/void", post(void))
        .route("/quickbooks/delete", post(delete))
        .route("/quickbooks/outbox", post(outbox))
        .route("/quickbooks/books", post(list_rows))
        .route("/quickbooks/webhooks", get(webhooks).post(set_webhooks).delete(stop_webhooks))
        .route("/quickbooks/webhooks/mishaps", post(mishap))
        .route("/quickbooks/webhooks/enable", post(enable_webhooks))
        .route("/quickbooks/discovery", post(set_discovery))
        .route("/quickbooks/limits", get(limits).post(set_limits))
        .with_state(shared)
}

/// The user behind the accountant's acts. No app has a token of this user.
const ACCOUNTANT: &str = "9130000000000009";

#[derive(Debug, Deserialize)]
struct Realm {
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

async fn add_company(State(shared): State<Shared>, Json(asked): Json<NewCompany>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let highest =
        state.companies.keys().filter_map(|realm| realm.parse::<u64>().ok()).max().unwrap_or(9_341_452_200_000_000);
    let mut made = Vec::new();
    for at in 0..asked.count {
        let realm =
            asked.realm_id.clone().filter(|_| asked.count == 1).unwrap_or_else(|| (highest + 1 + at).to_string());
        let mut seed = json!({ "preset": asked.preset, "realm_id": realm });
        if let Some(name) = &asked.name {
            seed["name"] = if asked.count == 1 { json!(name) } else { json!(format!("{name} {}", at + 1)) };
        }
        match shared.seeds.create_company(&seed, clock) {
            Ok(company) => state.add(company),
            Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
        }
        made.push(realm);
    }
    Json(json!({ "realm_ids": made })).into_response()
}

/// Resets a company to its seed. Its tokens stay valid.
async fn reset_company(State(shared): State<Shared>, Json(asked): Json<Realm>) -> Response {
    let mut state = shared.state_mut();
    match shared.seeds.load(shared.clock()) {
        Ok((_, companies)) => match companies.into_iter().find(|company| company.realm_id == asked.realm_id) {
            Some(company) => {
                state.companies.insert(asked.realm_id, company);
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
async fn add_items(State(shared): State<Shared>, Json(asked): Json<NewItems>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let Some(company) = state.companies.get_mut(&asked.realm_id) else { return not_found("realm_id") };
    company.add_items(asked.count, clock);
    StatusCode::NO_CONTENT.into_response()
}

async fn grant(State(shared): State<Shared>, Json(asked): Json<Realm>) -> Response {
    let mut state = shared.state_mut();
    let clock = shared.clock();
    if !state.companies.contains_key(&asked.realm_id) {
        return not_found("realm_id");
    }
    let sub = state
        .users
        .iter()
        .find(|user| user.realms.contains(&asked.realm_id))
        .map(|user| user.sub.clone())
        .unwrap_or_default();
    let mut answer =
        state.grants.grant(&asked.realm_id, &sub, "com.intuit.quickbooks.accounting openid profile email", clock);
    answer["realm_id"] = json!(asked.realm_id);
    Json(answer).into_response()
}

async fn expire(State(shared): State<Shared>, Json(asked): Json<Realm>) -> StatusCode {
    let mut state = shared.state_mut();
    let now = shared.clock().epoch();
    state.grants.expire(&asked.realm_id, now);
    StatusCode::NO_CONTENT
}

async fn disconnect(State(shared): State<Shared>, Json(asked): Json<Realm>) -> StatusCode {
    shared.state_mut().grants.disconnect(&asked.realm_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct NewPreferences {
    realm_id: String,
    preferences: Value,
}

/// Overlays a company's preferences, including those that the API would not change.
async fn preferences(State(shared): State<Shared>, Json(asked): Json<NewPreferences>) -> Response {
    let mut state = shared.state_mut();
    let Some(company) = state.companies.get_mut(&asked.realm_id) else { return not_found("realm_id") };
    let mut row = company.preferences().clone();
    overlay(&mut row, &asked.preferences);
    company.put_quietly(Entity::Preferences, &row);
    StatusCode::NO_CONTENT.into_response()
}

/// Moves the token endpoint and changes the discovery document.
async fn set_discovery(State(shared): State<Shared>, Json(discovery): Json<Discovery>) -> StatusCode {
    shared.state_mut().discovery = discovery;
    StatusCode::NO_CONTENT
}

/// Sets the quirks of a company. An unknown name is refused, because a test with a misspelled quirk would pass without
/// it.
async fn quirks(State(shared): State<Shared>, Json(mut asked): Json<Value>) -> Response {
    let realm_id = asked.as_object_mut().and_then(|asked| asked.remove("realm_id")).unwrap_or_default();
    let quirks: Quirks = match serde_json::from_value(asked) {
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
async fn lay_over_row(State(shared): State<Shared>, Json(asked): Json<RawRow>) -> Response {
    let mut state = shared.state_mut();
    let Some(company) = state.companies.get_mut(&asked.realm_id) else { return not_found("realm_id") };
    let Ok(row) = company.read(asked.entity, &asked.id) else { return not_found("id") };
    let mut row = row.value();
    overlay(&mut row, &asked.members);
    company.put_quietly(asked.entity, &row);
    Json(row).into_response()
}

/// Runs an act as the company's accountant.
fn as_accountant(
    shared: &Shared,
    realm_id: &str,
    work: impl FnOnce(&mut Company, &Act) -> Result<Value, Fault>,
) -> Response {
    let mut state = shared.state_mut();
    let act = Act::new(shared.clock(), ACCOUNTANT);
    match state.act(realm_id, |company| work(company, &act)) {
        Some(Ok(row)) => Json(row).into_response(),
        Some(Err(fault)) => fault.response(&act.clock.quickbooks_millis()),
        None => not_found("realm_id"),
    }
}

#[derive(Debug, Deserialize)]
struct Money {
    realm_id: String,
    invoice_id: String,
    /// Amount; the whole balance if absent.
    amount: Option<Value>,
}

async fn payment(State(shared): State<Shared>, Json(asked): Json<Money>) -> Response {
    let amount = asked.amount.as_ref().and_then(decimal);
    as_accountant(&shared, &asked.realm_id, |company, act| {
        accountant::receive_payment(company, &asked.invoice_id, amount, act)
    })
}

async fn credit(State(shared): State<Shared>, Json(asked): Json<Money>) -> Response {
    let amount = asked.amount.as_ref().and_then(decimal);
    as_accountant(&shared, &asked.realm_id, |company, act| {
        accountant::give_credit(company, &asked.invoice_id, amount, act)
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

async fn edit(State(shared): State<Shared>, Json(asked): Json<Edit>) -> Response {
    change(&shared, &asked, Verb::Write)
}

async fn void(State(shared): State<Shared>, Json(asked): Json<Edit>) -> Response {
    change(&shared, &asked, Verb::Void)
}

async fn delete(State(shared): State<Shared>, Json(asked): Json<Edit>) -> Response {
    change(&shared, &asked, Verb::Delete)
}

fn change(shared: &Shared, asked: &Edit, verb: Verb) -> Response {
    as_accountant(shared, &asked.realm_id, |company, act| {
        accountant::change(company, asked.entity, asked.id.as_deref(), verb, &asked.changes, act)
    })
}

async fn outbox(State(shared): State<Shared>, Json(asked): Json<Realm>) -> Response {
    match shared.state().companies.get(&asked.realm_id) {
        Some(company) => Json(&company.outbox).into_response(),
        None => not_found("realm_id"),
    }
}

#[derive(Debug, Deserialize)]
struct Books {
    realm_id: String,
    entity: Entity,
}

/// Lists the rows of one kind. This is no call of the API: no fault, limit or quirk has an effect on it.
async fn list_rows(State(shared): State<Shared>, Json(asked): Json<Books>) -> Response {
    match shared.state().companies.get(&asked.realm_id) {
        Some(company) => Json(company.all(asked.entity).collect::<Vec<_>>()).into_response(),
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

async fn mishap(State(shared): State<Shared>, Json(asked): Json<NewMishap>) -> StatusCode {
    let mut state = shared.state_mut();
    for _ in 0..asked.times {
        state.webhooks.mishaps.push_back(asked.effect.clone());
    }
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
    shared.meter.limit(limits);
    StatusCode::NO_CONTENT
}

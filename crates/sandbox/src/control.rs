//! The control door: what a test may do to the simulated world. JSON over HTTP, on a port of its own.

use crate::{
    faults::Fault,
    world::{Shared, World},
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

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(help))
        .route("/quickbooks/grants", post(quickbooks_grant))
        .route("/quickbooks/expire", post(quickbooks_expire))
        .route("/quickbooks/disconnect", post(quickbooks_disconnect))
        .route("/quickbooks/preferences", post(quickbooks_preferences))
        .route("/pipedrive/grants", post(pipedrive_grant))
        .route("/pipedrive/expire", post(pipedrive_expire))
        .route("/pipedrive/deal", post(change_deal))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/calls", get(calls))
        .route("/clock", post(move_clock))
        .route("/reset", post(reset))
        .with_state(shared)
}

async fn help() -> &'static str {
    "POST /quickbooks/grants {realm_id} -> tokens\n\
     POST /quickbooks/expire {realm_id}: its access tokens expire now\n\
     POST /quickbooks/disconnect {realm_id}: its tokens are revoked\n\
     POST /quickbooks/preferences {realm_id, preferences}: merged into the company's\n\
     POST /pipedrive/grants {company_id, user_id} -> tokens\n\
     POST /pipedrive/expire {user_id}: the user's access tokens expire now\n\
     POST /pipedrive/deal {company_id, id, changes}: change a deal as another user\n\
     POST /faults {provider, method?, path?, times?, effect: {status: 500} | \"drop_before\" | \"drop_after\" | {delay: ms} | {delay_after: ms}}\n\
     DELETE /faults\n\
     GET /calls: the API calls answered so far\n\
     POST /clock {advance_seconds}\n\
     POST /reset: back to the seeds\n"
}

fn not_found(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": format!("no such {what}") }))).into_response()
}

#[derive(Debug, Deserialize)]
struct Realm {
    realm_id: String,
}

async fn quickbooks_grant(State(shared): State<Shared>, Json(asked): Json<Realm>) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    if !world.quickbooks.companies.contains_key(&asked.realm_id) {
        return not_found("realm_id");
    }
    let mut answer =
        world.quickbooks.grants.grant(&asked.realm_id, "9130000000000001", "com.intuit.quickbooks.accounting", clock);
    answer["realm_id"] = json!(asked.realm_id);
    Json(answer).into_response()
}

async fn quickbooks_expire(State(shared): State<Shared>, Json(asked): Json<Realm>) -> StatusCode {
    shared.world().quickbooks.grants.expire(&asked.realm_id);
    StatusCode::NO_CONTENT
}

async fn quickbooks_disconnect(State(shared): State<Shared>, Json(asked): Json<Realm>) -> StatusCode {
    shared.world().quickbooks.grants.disconnect(&asked.realm_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct NewPreferences {
    realm_id: String,
    preferences: Value,
}

async fn quickbooks_preferences(State(shared): State<Shared>, Json(asked): Json<NewPreferences>) -> Response {
    let mut world = shared.world();
    let Some(company) = world.quickbooks.companies.get_mut(&asked.realm_id) else {
        return not_found("realm_id");
    };
    let mut row = company.preferences().clone();
    overlay(&mut row, &asked.preferences);
    company.table_mut("Preferences").put(row);
    StatusCode::NO_CONTENT.into_response()
}

fn overlay(row: &mut Value, changes: &Value) {
    match (row.as_object_mut(), changes.as_object()) {
        (Some(object), Some(changes)) => {
            for (key, value) in changes {
                overlay(object.entry(key).or_insert(Value::Null), value);
            }
        }
        _ => *row = changes.clone(),
    }
}

#[derive(Debug, Deserialize)]
struct PipedriveUser {
    company_id: i64,
    user_id: i64,
}

async fn pipedrive_grant(State(shared): State<Shared>, Json(asked): Json<PipedriveUser>) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    if world.pipedrive.company(asked.company_id).and_then(|company| company.user(asked.user_id)).is_none() {
        return not_found("company_id and user_id");
    }
    Json(world.pipedrive.grants.grant(
        asked.company_id,
        asked.user_id,
        clock,
        &shared.app.scopes,
        &shared.origins.pipedrive_api,
    ))
    .into_response()
}

#[derive(Debug, Deserialize)]
struct UserOnly {
    user_id: i64,
}

async fn pipedrive_expire(State(shared): State<Shared>, Json(asked): Json<UserOnly>) -> StatusCode {
    shared.world().pipedrive.grants.expire(asked.user_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct DealChange {
    company_id: i64,
    id: i64,
    changes: Value,
}

async fn change_deal(State(shared): State<Shared>, Json(asked): Json<DealChange>) -> Response {
    let mut world = shared.world();
    let now = world.clock.pipedrive();
    let deal = world
        .pipedrive
        .company_mut(asked.company_id)
        .and_then(|company| company.deals.iter_mut().find(|deal| deal["id"] == json!(asked.id)));
    match deal {
        Some(deal) => {
            overlay(deal, &asked.changes);
            deal["update_time"] = json!(now);
            Json(deal.clone()).into_response()
        }
        None => not_found("deal"),
    }
}

async fn add_fault(State(shared): State<Shared>, Json(fault): Json<Fault>) -> StatusCode {
    shared.world().faults.push(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.world().faults.clear();
    StatusCode::NO_CONTENT
}

async fn calls(State(shared): State<Shared>) -> Response {
    Json(shared.calls.all()).into_response()
}

#[derive(Debug, Deserialize)]
struct Advance {
    advance_seconds: i64,
}

async fn move_clock(State(shared): State<Shared>, Json(asked): Json<Advance>) -> StatusCode {
    shared.world().clock.advance(asked.advance_seconds);
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): State<Shared>) -> Response {
    match World::seeded() {
        Ok(world) => {
            *shared.world() = world;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

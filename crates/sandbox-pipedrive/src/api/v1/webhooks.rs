//! Subscriptions to webhooks: v1 addresses, v2 payloads.

use crate::{
    api::{
        answer::{Answer, Body},
        caller::Caller,
    },
    records::Resource,
    shared::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde_json::{Value, json};

/// Subscriptions that one user may have.
const MAX_SUBSCRIPTIONS: usize = 40;
const ACTIONS: [&str; 4] = ["create", "change", "delete", "*"];
const OBJECTS: [&str; 11] =
    ["activity", "deal", "lead", "note", "organization", "person", "pipeline", "product", "stage", "user", "*"];

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/webhooks", get(list).post(add)).route("/webhooks/{id}", delete(remove))
}

/// Converts a subscription for an answer: removes the members that only the sandbox uses.
fn to_answer(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(row) = row.as_object_mut() {
        row.retain(|name, _| !matches!(name.as_str(), "failing_since" | "failures" | "banned_until"));
    }
    row
}

/// Returns the type of the caller's subscriptions: of an app, or of a user.
fn kind(caller: &Caller) -> &'static str {
    if caller.is_app { "application" } else { "general" }
}

async fn list(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |company, _| {
        let rows = company.records.all(Resource::Webhook).filter(|(_, row)| row["type"] == json!(kind(&caller)));
        let rows: Vec<Value> = rows.map(|(_, row)| to_answer(row)).collect();
        Ok(Json(json!({ "status": "ok", "success": true, "data": rows })).into_response())
    })
}

/// Returns the errors of a body by member; an empty object if it is valid.
fn validate(body: &Value) -> Value {
    let mut errors = json!({});
    let is_one_of = |member: &str, words: &[&str]| body[member].as_str().is_some_and(|word| words.contains(&word));
    let url = body["subscription_url"]
        .as_str()
        .and_then(|url| url::Url::parse(url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    for (member, is_valid, words) in [
        ("subscription_url", url.is_some(), "invalid or non-reachable URL"),
        ("event_action", is_one_of("event_action", &ACTIONS), "invalid value"),
        ("event_object", is_one_of("event_object", &OBJECTS), "invalid value"),
        ("name", body["name"].as_str().is_some_and(|name| !name.is_empty()), "is required"),
        ("version", body["version"].is_null() || body["version"] == json!("2.0"), "only version 2.0 is delivered"),
    ] {
        if !is_valid {
            errors[member] = json!([words]);
        }
    }
    errors
}

fn error_answer(status: StatusCode, errors: &Value) -> Response {
    (status, Json(json!({ "status": "error", "success": false, "errors": errors }))).into_response()
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    let own_api = shared.origins.api.clone();
    caller.with_company(&shared, |company, writer| {
        let mut errors = validate(&body);
        let text = |member: &str| body[member].as_str();
        if text("subscription_url").is_some_and(|url| url.starts_with(&own_api)) {
            errors["subscription_url"] = json!(["must not be an endpoint of Pipedrive's API"]);
        }
        let on_behalf = body["user_id"].as_i64().unwrap_or(writer.user.id);
        if company.user(on_behalf).is_none() {
            errors["user_id"] = json!(["is no user of this company"]);
        }
        if errors != json!({}) {
            return Ok(error_answer(StatusCode::BAD_REQUEST, &errors));
        }
        if on_behalf != writer.user.id && !writer.user.is_admin {
            return Ok(error_answer(StatusCode::FORBIDDEN, &json!({ "user_id": ["only admins subscribe on behalf of others"] })));
        }
        if company.records.find_by(Resource::Webhook, "owner_id", writer.user.id).count() >= MAX_SUBSCRIPTIONS {
            return Ok(error_answer(StatusCode::BAD_REQUEST, &json!({ "user_id": ["has 40 webhooks already"] })));
        }
        let id = company.records.next_id(Resource::Webhook);
        let row = json!({
            "id": id, "company_id": company.id, "owner_id": writer.user.id, "user_id": on_behalf,
            "event_action": text("event_action"), "event_object": text("event_object"), "subscription_url": text("subscription_url"), "version": "2.0",
            "is_active": 1, "add_time": writer.v1_now(), "remove_time": null, "type": kind(&caller),
            "http_auth_user": text("http_auth_user"), "http_auth_password": text("http_auth_password"), "remove_reason": null,
            "last_delivery_time": null, "last_http_status": null, "admin_id": writer.user.id, "name": text("name"),
        });
        company.records.put(Resource::Webhook, id, row.clone());
        Ok((StatusCode::CREATED, Json(json!({ "status": "ok", "success": true, "data": to_answer(&row) }))).into_response())
    })
}

/// Removes a subscription. Only its owner or an admin may do so, and by the same kind of token that created it.
async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| -> Answer {
        let may_remove = |row: &Value| {
            row["type"] == json!(kind(&caller)) && (writer.user.is_admin || row["owner_id"] == json!(writer.user.id))
        };
        if !company.records.get(Resource::Webhook, id).is_some_and(may_remove) {
            return Ok(error_answer(StatusCode::NOT_FOUND, &json!({ "id": ["not found"] })));
        }
        company.records.remove(Resource::Webhook, id);
        Ok(Json(json!({ "status": "ok", "success": true })).into_response())
    })
}

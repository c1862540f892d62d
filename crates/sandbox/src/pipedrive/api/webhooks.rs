//! Subscriptions to webhooks (v1 addresses, v2 payloads).

use super::{Refusal, with_user};
use crate::{pipedrive::records::Resource, world::Shared};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde_json::{Value, json};

const SCOPES: [&str; 3] = ["admin", "webhooks:full", "webhooks:read"];
const ACTIONS: [&str; 4] = ["create", "change", "delete", "*"];
const OBJECTS: [&str; 11] =
    ["activity", "deal", "lead", "note", "organization", "person", "pipeline", "product", "stage", "user", "*"];

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/webhooks", get(list).post(add)).route("/webhooks/{id}", delete(remove))
}

/// A subscription as the API shows it.
fn shown(row: &Value) -> Value {
    let mut row = row.clone();
    row.as_object_mut().map(|row| row.remove("failing_since"));
    row
}

async fn list(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, &SCOPES, |company, _, _| {
        let rows: Vec<Value> = company.records.all(Resource::Webhook).map(|(_, row)| shown(row)).collect();
        Ok(Json(json!({ "status": "ok", "success": true, "data": rows })).into_response())
    })
}

/// What is wrong with a body, by member.
fn mistakes(body: &Value) -> Value {
    let mut errors = json!({});
    let is_one_of = |member: &str, words: &[&str]| body[member].as_str().is_some_and(|word| words.contains(&word));
    let url = body["subscription_url"]
        .as_str()
        .and_then(|url| url::Url::parse(url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    for (member, right, words) in [
        ("subscription_url", url.is_some(), "invalid or non-reachable URL"),
        ("event_action", is_one_of("event_action", &ACTIONS), "invalid value"),
        ("event_object", is_one_of("event_object", &OBJECTS), "invalid value"),
        ("name", body["name"].as_str().is_some_and(|name| !name.is_empty()), "is required"),
        ("version", body["version"].is_null() || body["version"] == json!("2.0"), "only version 2.0 is delivered"),
    ] {
        if !right {
            errors[member] = json!([words]);
        }
    }
    errors
}

async fn add(State(shared): State<Shared>, headers: HeaderMap, body: Option<Json<Value>>) -> Response {
    with_user(&shared, &headers, &SCOPES[..2], |company, user, now| {
        let body = body.map(|body| body.0).unwrap_or_default();
        let errors = mistakes(&body);
        if errors != json!({}) {
            return Ok((
                StatusCode::BAD_REQUEST,
                Json(json!({ "status": "error", "success": false, "errors": errors })),
            )
                .into_response());
        }
        let id = company.records.next_id(Resource::Webhook);
        let text = |member: &str| body[member].as_str();
        let row = json!({
            "id": id, "company_id": company.id, "owner_id": user.id, "user_id": body["user_id"].as_i64().unwrap_or(user.id),
            "event_action": text("event_action"), "event_object": text("event_object"), "subscription_url": text("subscription_url"), "version": "2.0",
            "is_active": 1, "add_time": now.replace('T', " ").trim_end_matches('Z'), "remove_time": null, "type": "application",
            "http_auth_user": text("http_auth_user"), "http_auth_password": text("http_auth_password"), "remove_reason": null,
            "last_delivery_time": null, "last_http_status": null, "admin_id": user.id, "name": text("name"),
        });
        company.records.put(Resource::Webhook, id, row.clone());
        Ok((StatusCode::CREATED, Json(json!({ "status": "ok", "success": true, "data": shown(&row) }))).into_response())
    })
}

async fn remove(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, &SCOPES[..2], |company, _, _| -> Result<Response, Refusal> {
        Ok(match company.records.remove(Resource::Webhook, id) {
            Some(_) => Json(json!({ "status": "ok", "success": true })).into_response(),
            None => (
                StatusCode::NOT_FOUND,
                Json(json!({ "status": "error", "success": false, "errors": { "id": ["not found"] } })),
            )
                .into_response(),
        })
    })
}

//! Notes (v1): HTML on a deal, a person or an organization.

use super::{Answer, Refusal, one, v1_page, with_user};
use crate::{
    pipedrive::{Company, User, records::Resource},
    world::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

const READ: [&str; 4] = ["deals:read", "deals:full", "contacts:read", "contacts:full"];
const WRITE: [&str; 2] = ["deals:full", "contacts:full"];

/// What a note may hang on.
const ON: [(&str, &str, Resource); 3] = [
    ("deal_id", "deal", Resource::Deal),
    ("person_id", "person", Resource::Person),
    ("org_id", "organization", Resource::Organization),
];

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/notes", get(list).post(add)).route("/notes/{id}", get(read).put(change).delete(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    deal_id: Option<i64>,
    person_id: Option<i64>,
    org_id: Option<i64>,
    user_id: Option<i64>,
    start: Option<usize>,
    limit: Option<usize>,
}

/// v1 writes times without a zone: `2026-11-24 10:00:00`, in UTC.
fn v1_time(now: &str) -> String {
    now.replace('T', " ").trim_end_matches('Z').to_owned()
}

/// A note as v1 shows it, with the names of what it hangs on.
fn shown(company: &Company, row: &Value, reader: &User) -> Value {
    let mut row = row.clone();
    for (member, name, resource) in ON {
        let linked = company.records.linked(resource, &row[member]);
        let label = if resource == Resource::Deal { "title" } else { "name" };
        row[name] = if linked.is_null() { Value::Null } else { json!({ label: linked[label] }) };
    }
    let author = row["user_id"].as_i64().and_then(|id| company.user(id));
    row["user"] = author.map_or(
        Value::Null,
        |user| json!({ "email": user.email, "icon_url": null, "is_you": user.id == reader.id, "name": user.name }),
    );
    row
}

/// Checks a body and lays it over a note.
fn lay(company: &Company, row: &mut Value, body: &Value) -> Result<(), Refusal> {
    let bad = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
    for (member, _, resource) in ON {
        if let Some(id) = body[member].as_i64() {
            company.records.get(resource, id).ok_or_else(|| bad(&format!("{} not found", resource.name())))?;
            row[member] = json!(id);
        }
    }
    if let Some(content) = body["content"].as_str() {
        row["content"] = json!(content);
    }
    for member in ["pinned_to_deal_flag", "pinned_to_person_flag", "pinned_to_organization_flag"] {
        if !body[member].is_null() {
            row[member] = json!(body[member] == json!(1) || body[member] == json!(true));
        }
    }
    if row["content"].as_str().is_none_or(str::is_empty) {
        return Err(bad("Note content must be provided."));
    }
    if ON.iter().all(|(member, ..)| row[*member].is_null()) {
        return Err(bad(
            "Note must be associated with at least one of: deal_id, lead_id, person_id, org_id, project_id, task_id",
        ));
    }
    Ok(())
}

async fn list(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    with_user(&shared, &headers, &READ, |company, user, _| {
        let is =
            |row: &Value, member: &str, wanted: Option<i64>| wanted.is_none_or(|wanted| row[member] == json!(wanted));
        let rows = company.records.all(Resource::Note).map(|(_, row)| row);
        let rows = rows.filter(|row| {
            is(row, "deal_id", asked.deal_id)
                && is(row, "person_id", asked.person_id)
                && is(row, "org_id", asked.org_id)
                && is(row, "user_id", asked.user_id)
        });
        Ok(v1_page(rows.map(|row| shown(company, row, user)).collect(), asked.start, asked.limit))
    })
}

async fn add(State(shared): State<Shared>, headers: HeaderMap, body: Option<Json<Value>>) -> Response {
    with_user(&shared, &headers, &WRITE, |company, user, now| {
        let body = body.map(|body| body.0).unwrap_or_default();
        let time = v1_time(now);
        let id = company.records.next_id(Resource::Note);
        let mut row = json!({
            "id": id, "active_flag": true, "add_time": time, "update_time": time, "user_id": user.id, "last_update_user_id": null, "deal_id": null,
            "person_id": null, "org_id": null, "lead_id": null, "project_id": null, "task_id": null, "pinned_to_deal_flag": false,
            "pinned_to_person_flag": false, "pinned_to_organization_flag": false, "pinned_to_project_flag": false, "pinned_to_task_flag": false,
        });
        lay(company, &mut row, &body)?;
        company.note(Resource::Note, id, user.id, Value::Null, row.clone());
        company.records.put(Resource::Note, id, row.clone());
        Ok(one(StatusCode::OK, &shown(company, &row, user)))
    })
}

fn found(company: &Company, id: i64) -> Result<Value, Refusal> {
    company.records.get(Resource::Note, id).cloned().ok_or_else(|| Refusal::not_found("Note"))
}

async fn read(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, &READ, |company, user, _| {
        Ok(one(StatusCode::OK, &shown(company, &found(company, id)?, user)))
    })
}

async fn change(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<i64>,
    body: Option<Json<Value>>,
) -> Response {
    with_user(&shared, &headers, &WRITE, |company, user, now| {
        let before = found(company, id)?;
        let mut row = before.clone();
        lay(company, &mut row, &body.map(|body| body.0).unwrap_or_default())?;
        row["update_time"] = json!(v1_time(now));
        row["last_update_user_id"] = json!(user.id);
        company.note(Resource::Note, id, user.id, before, row.clone());
        company.records.put(Resource::Note, id, row.clone());
        Ok(one(StatusCode::OK, &shown(company, &row, user)))
    })
}

async fn remove(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, &WRITE, |company, user, _| -> Answer {
        let before = found(company, id)?;
        company.records.remove(Resource::Note, id);
        company.note(Resource::Note, id, user.id, before, Value::Null);
        Ok(one(StatusCode::OK, &json!(true)))
    })
}

//! Relationships between organizations.

use crate::{
    actions,
    api::{
        answer::{Body, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/organizationRelationships", get(list).post(add))
        .route("/organizationRelationships/{id}", get(read).put(change).delete(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: V1Page,
    org_id: Option<String>,
}

fn to_v1(company: &Company, row: &Value, viewer: Option<i64>) -> Value {
    let organization = |id: &Value| {
        let row = company.records.linked(Resource::Organization, id);
        json!({ "name": row["name"], "people_count": 0, "owner_id": row["owner_id"], "address": row["address"]["value"], "active_flag": true, "cc_email": null, "value": id })
    };
    let (owner, linked) = (&row["owner"], &row["linked"]);
    let from_owner = viewer.is_none_or(|viewer| *owner == json!(viewer));
    let other = if from_owner { linked } else { owner };
    let calculated = match (row["type"].as_str(), from_owner) {
        (Some("parent"), true) => "daughter",
        (Some("parent"), false) => "parent",
        _ => "related",
    };
    json!({
        "id": row["id"], "type": row["type"], "rel_owner_org_id": organization(owner), "rel_linked_org_id": organization(linked), "add_time": row["add_time"],
        "update_time": row["update_time"], "active_flag": "true", "calculated_type": calculated, "calculated_related_org_id": other,
        "related_organization_name": company.records.linked(Resource::Organization, other)["name"],
    })
}

async fn list(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let id = params.org_id.as_deref().and_then(|id| id.parse::<i64>().ok());
        let id = id.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "org_id is required"))?;
        actions::find_visible(company, &writer.user, Resource::Organization, id)?;
        let rows = company
            .records
            .all(Resource::Relationship)
            .map(|(_, row)| row)
            .filter(|row| row["owner"] == json!(id) || row["linked"] == json!(id));
        params.page.answer(rows.map(|row| to_v1(company, row, Some(id))).collect())
    })
}

/// Checks a body and applies it to a relationship.
fn apply_body(company: &Company, row: &mut Value, body: &Value, writer: &Writer) -> Result<(), Refusal> {
    let bad_request = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
    for (member, to) in [("rel_owner_org_id", "owner"), ("rel_linked_org_id", "linked")] {
        if let Some(id) = body[member].as_i64() {
            actions::find_visible(company, &writer.user, Resource::Organization, id)?;
            row[to] = json!(id);
        }
    }
    if let Some(kind) = body["type"].as_str() {
        row["type"] = json!(kind);
    }
    if !matches!(row["type"].as_str(), Some("parent" | "related")) {
        return Err(bad_request("type must be one of parent, related"));
    }
    if row["owner"].is_null() || row["linked"].is_null() || row["owner"] == row["linked"] {
        return Err(bad_request("rel_owner_org_id and rel_linked_org_id are required, and two organizations"));
    }
    row["update_time"] = json!(writer.v1_now());
    Ok(())
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let id = company.records.next_id(Resource::Relationship);
        let mut row = json!({ "id": id, "add_time": writer.v1_now() });
        apply_body(company, &mut row, &body, writer)?;
        company.records.put(Resource::Relationship, id, row.clone());
        Ok(data_response(StatusCode::OK, &to_v1(company, &row, None)))
    })
}

fn find_relationship(company: &Company, id: i64) -> Result<Value, Refusal> {
    company
        .records
        .get(Resource::Relationship, id)
        .cloned()
        .ok_or_else(|| Refusal::not_found("Organization relationship"))
}

async fn read(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        Ok(data_response(StatusCode::OK, &to_v1(company, &find_relationship(company, id)?, None)))
    })
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let mut row = find_relationship(company, id)?;
        apply_body(company, &mut row, &body, writer)?;
        company.records.put(Resource::Relationship, id, row.clone());
        Ok(data_response(StatusCode::OK, &to_v1(company, &row, None)))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        find_relationship(company, id)?;
        company.records.remove(Resource::Relationship, id);
        Ok(data_response(StatusCode::OK, &json!({ "id": id })))
    })
}

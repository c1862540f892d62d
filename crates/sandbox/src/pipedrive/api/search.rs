//! Search by words: deals, persons, organizations, products, and all of them at once.

use super::{Page, Refusal, with_user};
use crate::{
    pipedrive::{Company, records::Resource},
    world::Shared,
};
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

const SEARCHED: [(&str, Resource, &str); 4] = [
    ("deal", Resource::Deal, "deals"),
    ("person", Resource::Person, "persons"),
    ("organization", Resource::Organization, "organizations"),
    ("product", Resource::Product, "products"),
];

pub(super) fn router() -> Router<Shared> {
    let all = Router::new().route("/itemSearch", search(None));
    SEARCHED
        .into_iter()
        .fold(all, |router, (kind, _, path)| router.route(&format!("/{path}/search"), search(Some(kind))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    term: String,
    fields: Option<String>,
    item_types: Option<String>,
    exact_match: bool,
    person_id: Option<i64>,
    organization_id: Option<i64>,
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

fn scopes(kind: Option<&str>) -> &'static [&'static str] {
    match kind {
        Some("deal") => &["deals:read", "deals:full", "search:read"],
        Some("product") => &["products:read", "products:full", "search:read"],
        Some(_) => &["contacts:read", "contacts:full", "search:read"],
        None => &["search:read"],
    }
}

fn search(kind: Option<&'static str>) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>| -> Response {
        with_user(&shared, &headers, scopes(kind), |company, _, _| {
            let term = asked.term.trim().to_lowercase();
            if term.chars().count() < if asked.exact_match { 1 } else { 2 } {
                return Err(Refusal::invalid("term must have 2 characters at least"));
            }
            let kinds = asked.item_types.as_deref().unwrap_or("deal,person,organization,product");
            let wanted =
                |name: &str| kind.map_or_else(|| kinds.split(',').any(|kind| kind.trim() == name), |kind| kind == name);
            let items = SEARCHED
                .into_iter()
                .filter(|(name, ..)| wanted(name))
                .flat_map(|(name, resource, _)| found(company, name, resource, &term, &asked))
                .collect();
            let (items, next) = Page { cursor: asked.cursor, limit: asked.limit }.of(items)?;
            Ok(Json(json!({ "success": true, "data": { "items": items }, "additional_data": { "next_cursor": next } }))
                .into_response())
        })
    })
}

/// The texts of a record that are searched, by the name of the field that `fields` may ask for.
fn texts(row: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut texts = vec![
        ("title", text(&row["title"])),
        ("name", text(&row["name"])),
        ("code", text(&row["code"])),
        ("address", text(&row["address"]["value"])),
    ];
    for (field, member) in [("email", "emails"), ("phone", "phones")] {
        texts.extend(row[member].as_array().into_iter().flatten().map(|entry| (field, text(&entry["value"]))));
    }
    texts.extend(
        row["custom_fields"].as_object().into_iter().flatten().map(|(_, value)| ("custom_fields", text(value))),
    );
    texts.retain(|(_, text)| !text.is_empty());
    texts
}

fn found(company: &Company, kind: &str, resource: Resource, term: &str, asked: &Asked) -> Vec<Value> {
    let fits = |row: &Value| {
        texts(row).iter().any(|(field, text)| {
            let text = text.to_lowercase();
            asked.fields.as_ref().is_none_or(|fields| fields.split(',').any(|wanted| wanted.trim() == *field))
                && if asked.exact_match { text == term } else { text.contains(term) }
        })
    };
    let of = |row: &Value, member: &str, wanted: Option<i64>| wanted.is_none_or(|wanted| row[member] == json!(wanted));
    company
        .records
        .all(resource)
        .map(|(_, row)| row)
        .filter(|row| fits(row) && of(row, "person_id", asked.person_id) && of(row, "org_id", asked.organization_id))
        .filter(|row| asked.status.as_deref().is_none_or(|status| row["status"] == json!(status)))
        .map(|row| json!({ "result_score": 0.5, "item": item(company, kind, row) }))
        .collect()
}

/// A record as search shows it: short, with names beside ids.
fn item(company: &Company, kind: &str, row: &Value) -> Value {
    let named = |resource: Resource, id: &Value| {
        let found = company.records.linked(resource, id);
        if found.is_null() { Value::Null } else { json!({ "id": found["id"], "name": found["name"] }) }
    };
    let custom: Vec<&Value> = row["custom_fields"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, value)| value)
        .filter(|value| value.is_string())
        .collect();
    let values = |member: &str| {
        row[member].as_array().into_iter().flatten().map(|entry| entry["value"].clone()).collect::<Vec<_>>()
    };
    let mut item = json!({
        "id": row["id"], "type": kind, "visible_to": row["visible_to"], "owner": { "id": row["owner_id"] }, "custom_fields": custom, "notes": [],
    });
    let more = match kind {
        "deal" => json!({
            "title": row["title"], "value": row["value"], "currency": row["currency"], "status": row["status"], "is_archived": row["is_archived"],
            "stage": named(Resource::Stage, &row["stage_id"]), "person": named(Resource::Person, &row["person_id"]),
            "organization": named(Resource::Organization, &row["org_id"]),
        }),
        "person" => json!({
            "name": row["name"], "emails": values("emails"), "phones": values("phones"), "organization": named(Resource::Organization, &row["org_id"]),
        }),
        "organization" => json!({ "name": row["name"], "address": row["address"]["value"] }),
        _ => json!({ "name": row["name"], "code": row["code"] }),
    };
    crate::pipedrive::rules::merge(&mut item, &more);
    item
}

//! Search for words in deals, persons, organizations and products.

use crate::{
    acts,
    api::{
        answer::{Answer, Page, Refusal},
        caller::Caller,
    },
    company::Company,
    fields,
    records::{Resource, is_id},
    rules::merge,
    shared::Shared,
    users::User,
};
use axum::{
    Json, Router,
    extract::State,
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
    let all = Router::new().route("/itemSearch", search(None)).route("/itemSearch/field", get(by_field));
    SEARCHED
        .into_iter()
        .fold(all, |router, (kind, _, path)| router.route(&format!("/{path}/search"), search(Some(kind))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::api) struct Asked {
    #[serde(flatten)]
    pub(in crate::api) page: Page,
    term: String,
    fields: Option<String>,
    item_types: Option<String>,
    exact_match: String,
    person_id: Option<String>,
    organization_id: Option<String>,
    status: Option<String>,
}

impl Asked {
    fn exact(&self) -> bool {
        matches!(self.exact_match.as_str(), "true" | "1")
    }
}

fn search(kind: Option<&'static str>) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Query(asked): Query<Asked>| -> Response {
        caller.act(&shared, |company, writer| {
            let (items, next) = asked.page.of(items(company, &writer.user, kind, &asked)?)?;
            Ok(Json(json!({ "success": true, "data": { "items": items }, "additional_data": { "next_cursor": next } }))
                .into_response())
        })
    })
}

/// Searches one or several kinds of records.
pub(in crate::api) fn items(
    company: &Company,
    user: &User,
    kind: Option<&str>,
    asked: &Asked,
) -> Result<Vec<Value>, Refusal> {
    let term = asked.term.trim().to_lowercase();
    if term.chars().count() < if asked.exact() { 1 } else { 2 } {
        return Err(Refusal::invalid("term must have 2 characters at least"));
    }
    let kinds = asked.item_types.as_deref().unwrap_or("deal,person,organization,product");
    let wanted =
        |name: &str| kind.map_or_else(|| kinds.split(',').any(|kind| kind.trim() == name), |kind| kind == name);
    Ok(SEARCHED
        .into_iter()
        .filter(|(name, ..)| wanted(name))
        .flat_map(|(name, resource, _)| found(company, user, name, resource, &term, asked))
        .collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldAsked {
    #[serde(flatten)]
    page: Page,
    term: String,
    entity_type: String,
    field: String,
    r#match: Option<String>,
}

/// Lists values of a field that contain a text.
async fn by_field(State(shared): State<Shared>, caller: Caller, Query(asked): Query<FieldAsked>) -> Response {
    caller.act(&shared, |company, writer| -> Answer {
        let kind = SEARCHED.into_iter().find(|(name, ..)| *name == asked.entity_type);
        let (_, resource, _) =
            kind.ok_or_else(|| Refusal::invalid("entity_type must be one of deal, person, organization, product"))?;
        if fields::find(company, resource, &asked.field).is_none() {
            return Err(Refusal::invalid(format!("field: {} is not a field of {}", asked.field, asked.entity_type)));
        }
        let way = asked.r#match.as_deref().unwrap_or("exact");
        let term = asked.term.to_lowercase();
        if term.chars().count() < if way == "exact" { 1 } else { 2 } {
            return Err(Refusal::invalid("term must have 2 characters at least"));
        }
        let fits = |text: &str| match way {
            "beginning" => text.to_lowercase().starts_with(&term),
            "middle" => text.to_lowercase().contains(&term),
            _ => text.to_lowercase() == term,
        };
        let seen =
            company.records.all(resource).map(|(_, row)| row).filter(|row| company.sees(&writer.user, resource, row));
        let rows = seen.filter_map(|row| {
            let value = row["custom_fields"].get(&asked.field).unwrap_or(&row[asked.field.as_str()]);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            fits(&text).then(|| json!({ "id": row["id"], "name": resource.label(row), asked.field.as_str(): value }))
        });
        asked.page.answer(rows.collect())
    })
}

/// Returns the searchable texts of a record, by the name of their field.
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

fn found(company: &Company, user: &User, kind: &str, resource: Resource, term: &str, asked: &Asked) -> Vec<Value> {
    let fits = |row: &Value| {
        texts(row).iter().any(|(field, text)| {
            let text = text.to_lowercase();
            asked.fields.as_ref().is_none_or(|fields| fields.split(',').any(|wanted| wanted.trim() == *field))
                && if asked.exact() { text == term } else { text.contains(term) }
        })
    };
    let of = |row: &Value, member: &str, wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted))
    };
    company
        .records
        .all(resource)
        .map(|(_, row)| row)
        .filter(|row| acts::find_visible(company, user, resource, row["id"].as_i64().unwrap_or_default()).is_ok())
        .filter(|row| fits(row) && of(row, "person_id", &asked.person_id) && of(row, "org_id", &asked.organization_id))
        .filter(|row| asked.status.as_deref().is_none_or(|status| row["status"] == json!(status)))
        .map(|row| json!({ "result_score": 0.5, "item": item(company, kind, row) }))
        .collect()
}

/// Converts a record for search results: short, with names and ids.
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
    merge(&mut item, &more);
    item
}

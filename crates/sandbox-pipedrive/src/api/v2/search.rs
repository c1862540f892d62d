//! Search for words in deals, persons, organizations and products.

use crate::{
    actions,
    api::{
        answer::{Answer, Page, Refusal},
        caller::Caller,
    },
    company::Company,
    fields,
    records::{Resource, is_id},
    rules::insert_missing,
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

const SEARCHED_KINDS: [(&str, Resource, &str); 4] = [
    ("deal", Resource::Deal, "deals"),
    ("person", Resource::Person, "persons"),
    ("organization", Resource::Organization, "organizations"),
    ("product", Resource::Product, "products"),
];

pub(super) fn router() -> Router<Shared> {
    let all = Router::new().route("/itemSearch", search(None)).route("/itemSearch/field", get(by_field));
    SEARCHED_KINDS
        .into_iter()
        .fold(all, |router, (kind, _, path)| router.route(&format!("/{path}/search"), search(Some(kind))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::api) struct Params {
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

impl Params {
    fn is_exact(&self) -> bool {
        matches!(self.exact_match.as_str(), "true" | "1")
    }
}

fn search(kind: Option<&'static str>) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let (items, next) = params.page.slice(items(company, &writer.user, kind, &params)?)?;
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
    params: &Params,
) -> Result<Vec<Value>, Refusal> {
    let term = params.term.trim().to_lowercase();
    if term.chars().count() < if params.is_exact() { 1 } else { 2 } {
        return Err(Refusal::invalid("term must have 2 characters at least"));
    }
    let kinds = params.item_types.as_deref().unwrap_or("deal,person,organization,product");
    let wanted =
        |name: &str| kind.map_or_else(|| kinds.split(',').any(|kind| kind.trim() == name), |kind| kind == name);
    Ok(SEARCHED_KINDS
        .into_iter()
        .filter(|(name, ..)| wanted(name))
        .flat_map(|(name, resource, _)| search_kind(company, user, name, resource, &term, params))
        .collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldParams {
    #[serde(flatten)]
    page: Page,
    term: String,
    entity_type: String,
    field: String,
    r#match: Option<String>,
}

/// Lists values of a field that contain a text.
async fn by_field(State(shared): State<Shared>, caller: Caller, Query(params): Query<FieldParams>) -> Response {
    caller.with_company(&shared, |company, writer| -> Answer {
        let kind = SEARCHED_KINDS.into_iter().find(|(name, ..)| *name == params.entity_type);
        let (_, resource, _) =
            kind.ok_or_else(|| Refusal::invalid("entity_type must be one of deal, person, organization, product"))?;
        if fields::find(company, resource, &params.field).is_none() {
            return Err(Refusal::invalid(format!("field: {} is not a field of {}", params.field, params.entity_type)));
        }
        let match_mode = params.r#match.as_deref().unwrap_or("exact");
        let term = params.term.to_lowercase();
        if term.chars().count() < if match_mode == "exact" { 1 } else { 2 } {
            return Err(Refusal::invalid("term must have 2 characters at least"));
        }
        let matches = |text: &str| match match_mode {
            "beginning" => text.to_lowercase().starts_with(&term),
            "middle" => text.to_lowercase().contains(&term),
            _ => text.to_lowercase() == term,
        };
        let visible = company
            .records
            .all(resource)
            .map(|(_, row)| row)
            .filter(|row| company.user_may_see(&writer.user, resource, row));
        let rows = visible.filter_map(|row| {
            let value = row["custom_fields"].get(&params.field).unwrap_or(&row[params.field.as_str()]);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            matches(&text)
                .then(|| json!({ "id": row["id"], "name": resource.label(row), params.field.as_str(): value }))
        });
        params.page.answer(rows.collect())
    })
}

/// Returns the searchable texts of a record, by the name of their field.
fn searchable_texts(row: &Value) -> Vec<(&'static str, String)> {
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

fn search_kind(
    company: &Company,
    user: &User,
    kind: &str,
    resource: Resource,
    term: &str,
    params: &Params,
) -> Vec<Value> {
    let matches = |row: &Value| {
        searchable_texts(row).iter().any(|(field, text)| {
            let text = text.to_lowercase();
            params.fields.as_ref().is_none_or(|fields| fields.split(',').any(|wanted| wanted.trim() == *field))
                && if params.is_exact() { text == term } else { text.contains(term) }
        })
    };
    let refers_to = |row: &Value, member: &str, wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted))
    };
    company
        .records
        .all(resource)
        .map(|(_, row)| row)
        .filter(|row| actions::find_visible(company, user, resource, row["id"].as_i64().unwrap_or_default()).is_ok())
        .filter(|row| {
            matches(row)
                && refers_to(row, "person_id", &params.person_id)
                && refers_to(row, "org_id", &params.organization_id)
        })
        .filter(|row| params.status.as_deref().is_none_or(|status| row["status"] == json!(status)))
        .map(|row| json!({ "result_score": 0.5, "item": item(company, kind, row) }))
        .collect()
}

/// Converts a record for search results: short, with names and ids.
fn item(company: &Company, kind: &str, row: &Value) -> Value {
    let id_and_name = |resource: Resource, id: &Value| {
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
            "stage": id_and_name(Resource::Stage, &row["stage_id"]), "person": id_and_name(Resource::Person, &row["person_id"]),
            "organization": id_and_name(Resource::Organization, &row["org_id"]),
        }),
        "person" => json!({
            "name": row["name"], "emails": values("emails"), "phones": values("phones"), "organization": id_and_name(Resource::Organization, &row["org_id"]),
        }),
        "organization" => json!({ "name": row["name"], "address": row["address"]["value"] }),
        _ => json!({ "name": row["name"], "code": row["code"] }),
    };
    insert_missing(&mut item, &more);
    item
}

//! The history of a record: its changes, and the flow of changes, notes, activities and files. Also recent changes of
//! all records.

use super::{
    files, notes,
    shapes::{self, Names, related, shown},
};
use crate::{
    acts,
    api::{
        answer::{Page, Refusal, V1Page},
        caller::Caller,
    },
    company::Company,
    history::Entry,
    records::Resource,
    shared::Shared,
    writer::{Writer, v1_time},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    [("deals", Resource::Deal), ("persons", Resource::Person), ("organizations", Resource::Organization)]
        .into_iter()
        .fold(Router::new(), |router, (path, resource)| {
            router
                .route(&format!("/{path}/{{id}}/changelog"), changelog(resource))
                .route(&format!("/{path}/{{id}}/flow"), flow(resource))
        })
        .route("/recents", get(recents))
}

/// Converts a value to a text, as the changelog has only texts.
fn text(value: &Value) -> Value {
    match value {
        Value::Null | Value::String(_) => value.clone(),
        value => json!(value.to_string()),
    }
}

fn changelog(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<Page>|
                    -> Response {
            caller.act(&shared, |company, writer| {
            acts::find_visible_or_deleted(company, writer, resource, id)?;
            let entry = |entry: &Entry| {
                json!({
                    "field_key": entry.field, "old_value": text(&entry.old), "new_value": text(&entry.new), "actor_user_id": entry.user, "time": entry.time,
                    "change_source": entry.source, "change_source_user_agent": null, "is_bulk_update_flag": false,
                })
            };
            page.answer(company.history.of(resource, id).map(entry).collect())
        })
        },
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(flatten)]
    page: V1Page,
    all_changes: Option<String>,
    items: Option<String>,
}

/// Fields that the flow shows by default.
const MAIN: [&str; 8] = ["title", "name", "value", "stage_id", "status", "owner_id", "person_id", "org_id"];

fn flow(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(asked): Query<Asked>|
                    -> Response {
            caller.act(&shared, |company, writer| {
            acts::find_visible(company, &writer.user, resource, id)?;
            let wants = |kind: &str| asked.items.as_deref().is_none_or(|items| items.split(',').any(|item| item.trim() == kind));
            let all = asked.all_changes.as_deref() == Some("1");
            let mut items: Vec<Value> = Vec::new();
            let mut put = |object: &str, time: &Value, data: Value| items.push(json!({ "object": object, "timestamp": time, "data": data }));
            if wants("change") || wants(&format!("{}Change", resource.word())) {
                for entry in company.history.of(resource, id).filter(|entry| all || MAIN.contains(&entry.field.as_str()) || entry.field == "add_time") {
                    put(&format!("{}Change", resource.word()), &json!(entry.time), change(entry));
                }
            }
            let hung = |of| company.records.with(of, resource.member(), id).map(|(_, row)| row);
            if wants("activity") {
                hung(Resource::Activity).for_each(|row| put("activity", &shapes::time(&row["update_time"]), shown(company, Resource::Activity, row, Names::Ids)));
            }
            if wants("note") {
                hung(Resource::Note).for_each(|row| put("note", &row["add_time"], notes::shown(company, row, &writer.user)));
            }
            if wants("file") {
                hung(Resource::File).for_each(|row| put("file", &row["add_time"], files::shown(company, row)));
            }
            if wants("deal") && resource != Resource::Deal {
                hung(Resource::Deal).for_each(|row| put("deal", &shapes::time(&row["add_time"]), shown(company, Resource::Deal, row, Names::Ids)));
            }
            items.sort_by(|a, b| b["timestamp"].as_str().cmp(&a["timestamp"].as_str()));
            let (items, pagination) = asked.page.of(items)?;
            let data: Vec<Value> = items.iter().map(|item| item["data"].clone()).collect();
            Ok(Json(json!({
                "success": true, "data": items, "additional_data": { "pagination": pagination }, "related_objects": related(company, &data),
            })).into_response())
        })
        },
    )
}

fn change(entry: &Entry) -> Value {
    json!({
        "id": entry.id, "item_id": entry.item, "user_id": entry.user, "field_key": entry.field, "old_value": entry.old, "new_value": entry.new,
        "is_bulk_update_flag": null, "log_time": entry.time, "change_source": entry.source, "change_source_user_agent": null, "additional_data": {},
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lately {
    #[serde(flatten)]
    page: V1Page,
    since_timestamp: Option<String>,
    items: Option<String>,
}

const RECENT: [(&str, Resource); 9] = [
    ("activity", Resource::Activity),
    ("activityType", Resource::ActivityType),
    ("deal", Resource::Deal),
    ("file", Resource::File),
    ("note", Resource::Note),
    ("person", Resource::Person),
    ("organization", Resource::Organization),
    ("product", Resource::Product),
    ("stage", Resource::Stage),
];

async fn recents(State(shared): State<Shared>, caller: Caller, Query(asked): Query<Lately>) -> Response {
    caller.act(&shared, |company, writer| {
        let since = asked.since_timestamp.as_deref().map(v1_time);
        let since = since.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "since_timestamp is required"))?;
        let wants =
            |kind: &str| asked.items.as_deref().is_none_or(|items| items.split(',').any(|item| item.trim() == kind));
        let mut rows: Vec<(String, Value)> = RECENT
            .into_iter()
            .filter(|(kind, _)| wants(kind))
            .flat_map(|(kind, resource)| recent(company, writer, kind, resource, &since))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let last = rows.last().map_or_else(|| writer.v1_now(), |(time, _)| time.clone());
        let (rows, pagination) = asked.page.of(rows.into_iter().map(|(_, row)| row).collect())?;
        Ok(Json(json!({
            "success": true, "data": rows,
            "additional_data": { "since_timestamp": since, "last_timestamp_on_page": last, "pagination": pagination },
        }))
        .into_response())
    })
}

/// Lists the records of a kind that changed since a time.
fn recent(company: &Company, writer: &Writer, kind: &str, resource: Resource, since: &str) -> Vec<(String, Value)> {
    let rows = company
        .records
        .even_deleted(resource)
        .filter(|(_, row)| acts::is_kept(row, &writer.now) && company.sees(&writer.user, resource, row));
    rows.filter_map(|(id, row)| {
        let time = v1_time(row["update_time"].as_str().or(row["add_time"].as_str())?);
        (time.as_str() >= since)
            .then(|| (time, json!({ "item": kind, "id": id, "data": shown(company, resource, row, Names::Ids) })))
    })
    .collect()
}

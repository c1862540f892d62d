//! The history of a record: its changes, and the flow of changes, notes, activities and files. Also recent changes of
//! all records.

use super::{
    files, notes,
    shapes::{self, References, related, to_v1},
};
use crate::{
    actions,
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
fn to_text(value: &Value) -> Value {
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
            caller.with_company(&shared, |company, writer| {
            actions::find_visible_or_deleted(company, writer, resource, id)?;
            let entry = |entry: &Entry| {
                json!({
                    "field_key": entry.field, "old_value": to_text(&entry.old), "new_value": to_text(&entry.new), "actor_user_id": entry.user, "time": entry.time,
                    "change_source": entry.source, "change_source_user_agent": null, "is_bulk_update_flag": false,
                })
            };
            page.answer(company.history.entries_of(resource, id).map(entry).collect())
        })
        },
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: V1Page,
    all_changes: Option<String>,
    items: Option<String>,
}

/// Fields whose changes the flow contains unless `all_changes` is set.
const DEFAULT_FLOW_FIELDS: [&str; 8] =
    ["title", "name", "value", "stage_id", "status", "owner_id", "person_id", "org_id"];

fn flow(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(params): Query<Params>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
            actions::find_visible(company, &writer.user, resource, id)?;
            let wants = |kind: &str| params.items.as_deref().is_none_or(|items| items.split(',').any(|item| item.trim() == kind));
            let all = params.all_changes.as_deref() == Some("1");
            let mut items: Vec<Value> = Vec::new();
            let mut add_item = |object: &str, time: &Value, data: Value| items.push(json!({ "object": object, "timestamp": time, "data": data }));
            if wants("change") || wants(&format!("{}Change", resource.word())) {
                for entry in company.history.entries_of(resource, id).filter(|entry| all || DEFAULT_FLOW_FIELDS.contains(&entry.field.as_str()) || entry.field == "add_time") {
                    add_item(&format!("{}Change", resource.word()), &json!(entry.time), change_data(entry));
                }
            }
            let attached = |kind| company.records.find_by(kind, resource.member(), id).map(|(_, row)| row);
            if wants("activity") {
                attached(Resource::Activity).for_each(|row| add_item("activity", &shapes::time(&row["update_time"]), to_v1(company, Resource::Activity, row, References::Ids)));
            }
            if wants("note") {
                attached(Resource::Note).for_each(|row| add_item("note", &row["add_time"], notes::to_v1(company, row, &writer.user)));
            }
            if wants("file") {
                attached(Resource::File).for_each(|row| add_item("file", &row["add_time"], files::to_v1(company, row)));
            }
            if wants("deal") && resource != Resource::Deal {
                attached(Resource::Deal).for_each(|row| add_item("deal", &shapes::time(&row["add_time"]), to_v1(company, Resource::Deal, row, References::Ids)));
            }
            items.sort_by(|a, b| b["timestamp"].as_str().cmp(&a["timestamp"].as_str()));
            let (items, pagination) = params.page.slice(items)?;
            let data: Vec<Value> = items.iter().map(|item| item["data"].clone()).collect();
            Ok(Json(json!({
                "success": true, "data": items, "additional_data": { "pagination": pagination }, "related_objects": related(company, &data),
            })).into_response())
        })
        },
    )
}

fn change_data(entry: &Entry) -> Value {
    json!({
        "id": entry.id, "item_id": entry.item, "user_id": entry.user, "field_key": entry.field, "old_value": entry.old, "new_value": entry.new,
        "is_bulk_update_flag": null, "log_time": entry.time, "change_source": entry.source, "change_source_user_agent": null, "additional_data": {},
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecentsParams {
    #[serde(flatten)]
    page: V1Page,
    since_timestamp: Option<String>,
    items: Option<String>,
}

const RECENT_KINDS: [(&str, Resource); 9] = [
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

async fn recents(State(shared): State<Shared>, caller: Caller, Query(params): Query<RecentsParams>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let since = params.since_timestamp.as_deref().map(v1_time);
        let since = since.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "since_timestamp is required"))?;
        let wants =
            |kind: &str| params.items.as_deref().is_none_or(|items| items.split(',').any(|item| item.trim() == kind));
        let mut rows: Vec<(String, Value)> = RECENT_KINDS
            .into_iter()
            .filter(|(kind, _)| wants(kind))
            .flat_map(|(kind, resource)| recent(company, writer, kind, resource, &since))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let last = rows.last().map_or_else(|| writer.v1_now(), |(time, _)| time.clone());
        let (rows, pagination) = params.page.slice(rows.into_iter().map(|(_, row)| row).collect())?;
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
        .all_with_deleted(resource)
        .filter(|(_, row)| actions::is_kept(row, &writer.now) && company.user_may_see(&writer.user, resource, row));
    rows.filter_map(|(id, row)| {
        let time = v1_time(row["update_time"].as_str().or(row["add_time"].as_str())?);
        (time.as_str() >= since)
            .then(|| (time, json!({ "item": kind, "id": id, "data": to_v1(company, resource, row, References::Ids) })))
    })
    .collect()
}

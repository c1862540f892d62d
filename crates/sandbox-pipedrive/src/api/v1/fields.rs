//! Fields in the form of v1: identified by number, described by flags.

use super::shapes::time;
use crate::{
    api::{
        answer::{Body, Refusal, V1Page, data_response},
        caller::Caller,
        v2::{fields::require_permission, list::ids},
    },
    company::Company,
    fields::{self, WITH_FIELDS},
    records::Resource,
    shared::Shared,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    let router = WITH_FIELDS.into_iter().fold(Router::new(), |router, (resource, path)| {
        router.route(&format!("/{path}"), collection(resource)).route(&format!("/{path}/{{id}}"), member(resource))
    });
    router.route("/noteFields", get(list_note_fields))
}

/// Returns the v1 name of a member.
fn v1_key(resource: Resource, code: &str) -> &str {
    match (resource, code) {
        (Resource::Deal | Resource::Activity, "owner_id") => "user_id",
        (Resource::Person, "emails") => "email",
        (_, "label_ids") => "label",
        (_, code) => code,
    }
}

fn to_v1(resource: Resource, at: usize, field: &Value) -> Value {
    let is_custom = field["is_custom_field"] == json!(true);
    let code = field["field_code"].as_str().unwrap_or_default();
    let mut converted = json!({
        "id": field["id"], "key": v1_key(resource, code), "name": field["field_name"], "order_nr": at + 1, "field_type": field["field_type"],
        "add_time": time(&field["add_time"]), "update_time": null, "last_updated_by_user_id": null, "created_by_user_id": null, "active_flag": true,
        "edit_flag": is_custom, "index_visible_flag": true, "details_visible_flag": true, "add_visible_flag": field["ui_visibility"]["add_visible_flag"],
        "important_flag": false, "bulk_edit_allowed": is_custom, "searchable_flag": is_custom, "filtering_allowed": true, "sortable_flag": true,
        "mandatory_flag": matches!(code, "title" | "name" | "subject"),
    });
    if !field["options"].is_null() {
        converted["options"] = field["options"].clone();
    }
    converted
}

fn list_fields(company: &Company, resource: Resource) -> Vec<Value> {
    fields::list(company, resource).iter().enumerate().map(|(at, field)| to_v1(resource, at, field)).collect()
}

fn find_field(company: &Company, resource: Resource, id: &Value) -> Result<Value, Refusal> {
    list_fields(company, resource)
        .into_iter()
        .find(|field| field["id"] == *id)
        .ok_or_else(|| Refusal::not_found("Field"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: V1Page,
    ids: Option<String>,
}

fn collection(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
        caller.with_company(&shared, |company, _| params.page.answer(list_fields(company, resource)))
    })
    .post(async move |State(shared): State<Shared>, caller: Caller, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_add_custom_fields")?;
            let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
            // Options are texts, or objects with a label.
            let options = body["options"].as_array().into_iter().flatten();
            let labels: Vec<String> =
                options.filter_map(|option| option.as_str().or(option["label"].as_str())).map(str::to_owned).collect();
            let field = fields::create(
                company,
                resource,
                &text("name"),
                &text("field_type"),
                &labels,
                &json!({}),
                &writer.now,
            )?;
            Ok(data_response(StatusCode::OK, &find_field(company, resource, &field["id"])?))
        })
    })
    .delete(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_delete_custom_fields")?;
            let ids = ids(params.ids.as_slice());
            for id in &ids {
                fields::remove(company, resource, &id.to_string())?;
            }
            Ok(data_response(StatusCode::OK, &json!({ "id": ids })))
        })
    })
}

fn member(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, _| {
            Ok(data_response(StatusCode::OK, &find_field(company, resource, &json!(id))?))
        })
    })
    .put(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_edit_custom_fields")?;
            let code = id.to_string();
            if let Some(options) = body["options"].as_array() {
                replace_options(company, resource, &code, options, &writer.now)?;
            }
            if let Some(name) = body["name"].as_str() {
                fields::change(company, resource, &code, &json!({ "field_name": name }))?;
            }
            Ok(data_response(StatusCode::OK, &find_field(company, resource, &json!(id))?))
        })
    })
    .delete(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_delete_custom_fields")?;
            fields::remove(company, resource, &id.to_string())?;
            Ok(data_response(StatusCode::OK, &json!({ "id": id })))
        })
    })
}

/// Replaces the options of a field. Options with an id stay or are renamed, others are created, and absent ones are
/// removed.
fn replace_options(
    company: &mut Company,
    resource: Resource,
    code: &str,
    options: &[Value],
    now: &str,
) -> Result<(), Refusal> {
    let (kept, new): (Vec<Value>, Vec<Value>) = options.iter().cloned().partition(|option| !option["id"].is_null());
    let field = fields::find(company, resource, code).unwrap_or_default();
    let existing = field["options"].as_array().cloned().unwrap_or_default();
    if kept.iter().any(|kept| !existing.iter().any(|option| option["id"] == kept["id"])) {
        return Err(Refusal::not_found("Option"));
    }
    let removed = existing.into_iter().filter(|option| !kept.iter().any(|kept| kept["id"] == option["id"])).collect();
    fields::remove_options(company, resource, code, &removed)?;
    fields::rename_options(company, resource, code, &Value::Array(kept), now)?;
    fields::add_options(company, resource, code, &Value::Array(new), now)?;
    Ok(())
}

async fn list_note_fields(State(shared): State<Shared>, caller: Caller, Query(page): Query<V1Page>) -> Response {
    caller.with_company(&shared, |_, _| {
        let fields = [
            ("id", "ID", "int"), ("content", "Content", "text"), ("user_id", "Author", "user"), ("deal_id", "Deal", "deal"), ("person_id", "Person", "people"),
            ("org_id", "Organization", "org"), ("add_time", "Add time", "date"), ("update_time", "Update time", "date"),
        ];
        page.answer((1..).zip(fields).map(|(id, (key, name, kind))| {
            json!({ "id": id, "key": key, "name": name, "field_type": kind, "active_flag": true, "edit_flag": false, "bulk_edit_allowed": false, "mandatory_flag": key == "content" })
        }).collect())
    })
}

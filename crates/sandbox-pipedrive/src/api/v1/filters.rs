//! Saved filters.

use crate::{
    api::{
        answer::{Body, Refusal, data_response},
        caller::Caller,
        v2::list::ids,
    },
    company::Company,
    filters,
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

const TYPES: [&str; 7] = ["deals", "leads", "org", "people", "products", "activity", "projects"];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/filters", get(list).post(add).delete(remove_many))
        .route("/filters/{id}", get(read).put(change).delete(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    r#type: Option<String>,
    ids: Option<String>,
}

/// Removes the conditions of a filter, as a list does not contain them.
fn without_conditions(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(row) = row.as_object_mut() {
        row.remove("conditions");
    }
    row
}

fn may_see(row: &Value, writer: &Writer) -> bool {
    row["visible_to"] != json!("1") || row["user_id"] == json!(writer.user.id)
}

async fn list(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let rows = company.records.all(Resource::Filter).map(|(_, row)| row);
        let rows = rows.filter(|row| {
            may_see(row, writer) && params.r#type.as_deref().is_none_or(|kind| row["type"] == json!(kind))
        });
        Ok(data_response(StatusCode::OK, &rows.map(without_conditions).collect()))
    })
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let bad_request = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
        let name = body["name"].as_str().filter(|name| !name.is_empty()).ok_or_else(|| bad_request("name is required"))?;
        let kind = body["type"].as_str().filter(|kind| TYPES.contains(kind)).ok_or_else(|| bad_request("type is not one of the allowed values"))?;
        filters::check(company, &body["conditions"])?;
        let id = company.records.next_id(Resource::Filter);
        let row = json!({
            "id": id, "name": name, "filter_code": null, "is_editable": true, "active_flag": true, "type": kind, "temporary_flag": null, "user_id": writer.user.id,
            "add_time": writer.v1_now(), "update_time": writer.v1_now(), "visible_to": "1", "last_used_time": null, "custom_view_id": null,
            "conditions": body["conditions"],
        });
        company.records.put(Resource::Filter, id, row.clone());
        Ok(data_response(StatusCode::OK, &row))
    })
}

fn find_filter(company: &Company, id: i64, writer: &Writer) -> Result<Value, Refusal> {
    company
        .records
        .get(Resource::Filter, id)
        .filter(|row| may_see(row, writer))
        .cloned()
        .ok_or_else(|| Refusal::not_found("Filter"))
}

async fn read(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller
        .with_company(&shared, |company, writer| Ok(data_response(StatusCode::OK, &find_filter(company, id, writer)?)))
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let mut row = find_filter(company, id, writer)?;
        if row["user_id"] != json!(writer.user.id) && !writer.user.may("can_edit_shared_filters") {
            return Err(Refusal::forbidden());
        }
        filters::check(company, &body["conditions"])?;
        row["conditions"] = body["conditions"].clone();
        if let Some(name) = body["name"].as_str() {
            row["name"] = json!(name);
        }
        row["update_time"] = json!(writer.v1_now());
        company.records.put(Resource::Filter, id, row.clone());
        Ok(data_response(StatusCode::OK, &row))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        find_filter(company, id, writer)?;
        company.records.remove(Resource::Filter, id);
        Ok(data_response(StatusCode::OK, &json!({ "id": id })))
    })
}

async fn remove_many(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let ids = ids(params.ids.as_slice());
        for id in &ids {
            find_filter(company, *id, writer)?;
            company.records.remove(Resource::Filter, *id);
        }
        Ok(data_response(StatusCode::OK, &json!({ "id": ids })))
    })
}

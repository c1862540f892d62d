//! Files on deals, persons, organizations, products and activities.

use crate::{
    action_error::ActionError,
    actions,
    api::{
        answer::{Answer, Body, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use base64::{Engine, prelude::BASE64_STANDARD};
use sandbox_core::multipart::{self, Part};
use serde_json::{Value, json};

/// Kinds of records that may own a file.
const OWNER_KINDS: [Resource; 5] =
    [Resource::Deal, Resource::Person, Resource::Organization, Resource::Product, Resource::Activity];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/files", get(list).post(add))
        .route("/files/remote", post(add_remote))
        .route("/files/remoteLink", post(link_remote))
        .route("/files/{id}", get(read).put(change).delete(remove))
        .route("/files/{id}/download", get(download))
}

/// Converts a file to v1, with the names of its owners.
pub(super) fn to_v1(company: &Company, row: &Value) -> Value {
    let mut row = row.clone();
    for (resource, member) in OWNER_KINDS.map(|resource| (resource, resource.member())) {
        let name = resource.label(company.records.linked(resource, &row[member])).clone();
        row[member.replace("_id", "_name")] = if name.is_null() { json!("") } else { name };
    }
    row
}

fn may_see(company: &Company, row: &Value, writer: &Writer) -> bool {
    OWNER_KINDS.into_iter().all(|resource| {
        let owner = company.records.linked(resource, &row[resource.member()]);
        owner.is_null() || company.user_may_see(&writer.user, resource, owner)
    })
}

async fn list(State(shared): State<Shared>, caller: Caller, Query(page): Query<V1Page>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let rows = company.records.all(Resource::File).map(|(_, row)| row).filter(|row| may_see(company, row, writer));
        page.answer(rows.map(|row| to_v1(company, row)).collect())
    })
}

fn find_file(company: &Company, id: i64, writer: &Writer) -> Result<Value, Refusal> {
    let row = company.records.get(Resource::File, id).filter(|row| may_see(company, row, writer));
    row.cloned().ok_or_else(|| Refusal::not_found("File"))
}

/// Stores the row of a file, and returns it in the form of v1.
fn create(
    company: &mut Company,
    api: &str,
    name: &str,
    kind: &str,
    size: usize,
    owners: &[(Resource, i64)],
    writer: &Writer,
) -> Result<Value, ActionError> {
    for (resource, id) in owners {
        actions::find_visible(company, &writer.user, *resource, *id)?;
    }
    let id = company.records.next_id(Resource::File);
    let mut row = json!({
        "id": id, "user_id": writer.user.id, "log_id": null, "add_time": writer.v1_now(), "update_time": writer.v1_now(), "file_name": format!("{id}-{name}"),
        "file_type": kind, "file_size": size, "active_flag": true, "inline_flag": false, "remote_location": "s3", "remote_id": name, "cid": "", "s3_bucket": "",
        "mail_message_id": null, "mail_template_id": null, "lead_id": null, "lead_name": "", "url": format!("{api}/api/v1/files/{id}/download"), "name": name,
        "description": "",
    });
    for resource in OWNER_KINDS {
        row[resource.member()] = json!(owners.iter().find(|(kind, _)| *kind == resource).map(|(_, id)| id));
    }
    company.records.put(Resource::File, id, row.clone());
    company.version += 1;
    Ok(to_v1(company, &row))
}

/// Stores an uploaded file, and returns its row in the form of v1.
pub(crate) fn store_file(
    company: &mut Company,
    api: &str,
    file: &Part,
    owners: &[(Resource, i64)],
    writer: &Writer,
) -> Result<Value, ActionError> {
    let kind = if file.content_type.starts_with("image/") {
        "img"
    } else {
        file.file_name.rsplit('.').next().unwrap_or("file")
    };
    let row = create(company, api, &file.file_name, kind, file.content.len(), owners, writer)?;
    company.contents.insert(row["id"].as_i64().unwrap_or_default(), BASE64_STANDARD.encode(&file.content));
    Ok(row)
}

async fn add(State(shared): State<Shared>, caller: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let api = shared.origins.api.clone();
    caller.with_company(&shared, |company, writer| {
        let bad_request = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
        let parts = multipart::parse_parts(&headers, &body)
            .ok_or_else(|| bad_request("The body is not multipart/form-data"))?;
        let file = parts.iter().find(|part| part.name == "file").ok_or_else(|| bad_request("No file was given"))?;
        let mut owners = Vec::new();
        for resource in OWNER_KINDS {
            if let Some(part) = parts.iter().find(|part| part.name == resource.member()) {
                let text = String::from_utf8_lossy(&part.content);
                owners.push((
                    resource,
                    text.trim().parse().map_err(|_| bad_request(&format!("{} must be a number", resource.member())))?,
                ));
            }
        }
        Ok(data_response(StatusCode::CREATED, &store_file(company, &api, file, &owners, writer)?))
    })
}

/// Creates a remote file, or links one.
fn create_remote_file(company: &mut Company, api: &str, body: &Value, title: &str, writer: &Writer) -> Answer {
    let bad_request = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text.to_owned());
    let resource = match body["item_type"].as_str() {
        Some("deal") => Resource::Deal,
        Some("person") => Resource::Person,
        Some("organization") => Resource::Organization,
        _ => return Err(bad_request("item_type must be one of deal, organization, person")),
    };
    let id = body["item_id"]
        .as_i64()
        .or_else(|| body["item_id"].as_str()?.parse().ok())
        .ok_or_else(|| bad_request("item_id is required"))?;
    if body["remote_location"].as_str() != Some("googledrive") {
        return Err(bad_request("remote_location must be googledrive"));
    }
    let mut row =
        create(company, api, title, body["file_type"].as_str().unwrap_or("gdoc"), 0, &[(resource, id)], writer)?;
    let stored = row["id"].as_i64().and_then(|id| company.records.get_mut(Resource::File, id));
    for row in stored.into_iter().chain([&mut row]) {
        row["remote_location"] = json!("googledocs");
        if body["remote_id"].is_string() {
            row["remote_id"] = body["remote_id"].clone();
        }
    }
    Ok(data_response(StatusCode::OK, &row))
}

async fn add_remote(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    let api = shared.origins.api.clone();
    caller.with_company(&shared, |company, writer| {
        let title = body["title"].as_str().ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "title is required"))?;
        create_remote_file(company, &api, &body, title, writer)
    })
}

async fn link_remote(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    let api = shared.origins.api.clone();
    caller.with_company(&shared, |company, writer| {
        let id =
            body["remote_id"].as_str().ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "remote_id is required"))?;
        create_remote_file(company, &api, &body, id, writer)
    })
}

async fn read(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        Ok(data_response(StatusCode::OK, &to_v1(company, &find_file(company, id, writer)?)))
    })
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let mut row = find_file(company, id, writer)?;
        for member in ["name", "description"] {
            if let Some(text) = body[member].as_str() {
                row[member] = json!(text);
            }
        }
        row["update_time"] = json!(writer.v1_now());
        company.records.put(Resource::File, id, row.clone());
        Ok(data_response(StatusCode::OK, &to_v1(company, &row)))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        find_file(company, id, writer)?;
        company.records.remove(Resource::File, id);
        company.contents.remove(&id);
        company.version += 1;
        Ok(data_response(StatusCode::OK, &json!({ "id": id })))
    })
}

async fn download(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = find_file(company, id, writer)?;
        let content =
            company.contents.get(&id).and_then(|content| BASE64_STANDARD.decode(content).ok()).unwrap_or_default();
        let name: String =
            row["name"].as_str().unwrap_or("file").chars().filter(|c| !c.is_control() && *c != '"').collect();
        let headers = [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        ];
        Ok((headers, content).into_response())
    })
}

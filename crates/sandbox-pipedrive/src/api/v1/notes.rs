//! Notes: HTML on a deal, a person or an organization.

use crate::{
    action_error::ActionError,
    actions,
    api::{
        answer::{Answer, Body, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    records::{Resource, is_id},
    shared::Shared,
    users::User,
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
use uuid::Uuid;

/// Kinds of records that may own a note: member, object and kind.
const OWNER_KINDS: [(&str, &str, Resource); 3] = [
    ("deal_id", "deal", Resource::Deal),
    ("person_id", "person", Resource::Person),
    ("org_id", "organization", Resource::Organization),
];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/notes", get(list).post(add))
        .route("/notes/{id}", get(read).put(change).delete(remove))
        .route("/notes/{id}/comments", get(comments).post(add_comment))
        .route("/notes/{id}/comments/{comment}", get(comment).put(change_comment).delete(remove_comment))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: V1Page,
    deal_id: Option<String>,
    person_id: Option<String>,
    org_id: Option<String>,
    user_id: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    updated_since: Option<String>,
    sort: Option<String>,
}

/// Converts a note to v1, with the names of its owners.
pub(super) fn to_v1(company: &Company, row: &Value, reader: &User) -> Value {
    let mut row = row.clone();
    for (member, name, resource) in OWNER_KINDS {
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

/// Checks a body and applies it to a note.
fn apply_body(company: &Company, row: &mut Value, body: &Value, user: &User) -> Result<(), ActionError> {
    let invalid = |text: &str| ActionError::Invalid(text.to_owned());
    for (member, _, resource) in OWNER_KINDS {
        let id = body[member].as_i64().or_else(|| body[member].as_str().and_then(|id| id.parse().ok()));
        if let Some(id) = id {
            actions::find_visible(company, user, resource, id)?;
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
        return Err(invalid("Note content must be provided."));
    }
    if OWNER_KINDS.iter().all(|(member, ..)| row[*member].is_null()) {
        return Err(invalid(
            "Note must be associated with at least one of: deal_id, lead_id, person_id, org_id, project_id, task_id",
        ));
    }
    Ok(())
}

async fn list(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let matches = |row: &Value, member: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted))
        };
        let since = params.updated_since.as_deref().map(|text| text.replace('T', " ").trim_end_matches('Z').to_owned());
        let mut rows: Vec<&Value> = company
            .records
            .all(Resource::Note)
            .map(|(_, row)| row)
            .filter(|row| {
                let day = row["add_time"].as_str().and_then(|time| time.get(..10)).unwrap_or_default();
                matches(row, "deal_id", &params.deal_id)
                    && matches(row, "person_id", &params.person_id)
                    && matches(row, "org_id", &params.org_id)
                    && matches(row, "user_id", &params.user_id)
                    && params.start_date.as_deref().is_none_or(|start| day >= start)
                    && params.end_date.as_deref().is_none_or(|end| day <= end)
                    && since.as_deref().is_none_or(|since| row["update_time"].as_str().unwrap_or_default() >= since)
                    && may_see(company, row, &writer.user)
            })
            .collect();
        if params.sort.as_deref().is_some_and(|sort| sort.to_ascii_lowercase().ends_with("desc")) {
            rows.reverse();
        }
        params.page.answer(rows.into_iter().map(|row| to_v1(company, row, &writer.user)).collect())
    })
}

/// Whether a user may see a note, and therefore all its owners.
fn may_see(company: &Company, row: &Value, user: &User) -> bool {
    OWNER_KINDS.iter().all(|(member, _, resource)| {
        let owner = company.records.linked(*resource, &row[*member]);
        owner.is_null() || company.user_may_see(user, *resource, owner)
    })
}

fn find_note(company: &Company, id: i64, user: &User) -> Result<Value, Refusal> {
    let row = company.records.get(Resource::Note, id).filter(|row| may_see(company, row, user));
    row.cloned().ok_or_else(|| Refusal::not_found("Note"))
}

/// Adds a note, and returns it.
pub(crate) fn create(company: &mut Company, body: &Value, writer: &Writer) -> Result<Value, ActionError> {
    let time = writer.v1_now();
    let id = company.records.next_id(Resource::Note);
    let mut row = json!({
        "id": id, "active_flag": true, "add_time": time, "update_time": time, "user_id": writer.user.id, "last_update_user_id": null, "deal_id": null,
        "person_id": null, "org_id": null, "lead_id": null, "project_id": null, "task_id": null, "pinned_to_deal_flag": false,
        "pinned_to_person_flag": false, "pinned_to_organization_flag": false, "pinned_to_project_flag": false, "pinned_to_task_flag": false,
    });
    apply_body(company, &mut row, body, &writer.user)?;
    company.records.put(Resource::Note, id, row.clone());
    company.record_change(writer, Resource::Note, id, Value::Null, row.clone());
    Ok(row)
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = create(company, &body, writer)?;
        Ok(data_response(StatusCode::OK, &to_v1(company, &row, &writer.user)))
    })
}

async fn read(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        Ok(data_response(StatusCode::OK, &to_v1(company, &find_note(company, id, &writer.user)?, &writer.user)))
    })
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let before = find_note(company, id, &writer.user)?;
        let mut row = before.clone();
        apply_body(company, &mut row, &body, &writer.user)?;
        row["update_time"] = json!(writer.v1_now());
        row["last_update_user_id"] = json!(writer.user.id);
        company.records.put(Resource::Note, id, row.clone());
        company.record_change(writer, Resource::Note, id, before, row.clone());
        Ok(data_response(StatusCode::OK, &to_v1(company, &row, &writer.user)))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| -> Answer {
        let before = find_note(company, id, &writer.user)?;
        company.records.remove(Resource::Note, id);
        company.record_change(writer, Resource::Note, id, before, Value::Null);
        Ok(data_response(StatusCode::OK, &json!(true)))
    })
}

async fn comments(
    State(shared): State<Shared>,
    caller: Caller,
    Path(note): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        find_note(company, note, &writer.user)?;
        let id = note.to_string();
        page.answer(
            company
                .records
                .all(Resource::Comment)
                .filter(|(_, row)| row["object_id"] == json!(id))
                .map(|(_, row)| row.clone())
                .collect(),
        )
    })
}

fn required_content(body: &Value) -> Result<&str, Refusal> {
    let content = body["content"].as_str().filter(|content| !content.is_empty());
    content.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "content must be provided."))
}

async fn add_comment(
    State(shared): State<Shared>,
    caller: Caller,
    Path(note): Path<i64>,
    Body(body): Body,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        find_note(company, note, &writer.user)?;
        let id = company.records.next_id(Resource::Comment);
        let row = json!({
            "uuid": Uuid::new_v4().to_string(), "active_flag": true, "add_time": writer.now, "update_time": writer.now, "company_id": company.id,
            "content": required_content(&body)?, "object_id": note.to_string(), "object_type": "note", "updater_id": writer.user.id, "user_id": writer.user.id,
        });
        company.records.put(Resource::Comment, id, row.clone());
        Ok(data_response(StatusCode::OK, &row))
    })
}

fn find_comment(company: &Company, note: i64, uuid: &str, user: &User) -> Result<(i64, Value), Refusal> {
    find_note(company, note, user)?;
    let at = company
        .records
        .all(Resource::Comment)
        .find(|(_, row)| row["uuid"] == json!(uuid) && row["object_id"] == json!(note.to_string()));
    at.map(|(id, row)| (id, row.clone())).ok_or_else(|| Refusal::not_found("Comment"))
}

async fn comment(State(shared): State<Shared>, caller: Caller, Path((note, uuid)): Path<(i64, String)>) -> Response {
    caller.with_company(&shared, |company, writer| {
        Ok(data_response(StatusCode::OK, &find_comment(company, note, &uuid, &writer.user)?.1))
    })
}

async fn change_comment(
    State(shared): State<Shared>,
    caller: Caller,
    Path((note, uuid)): Path<(i64, String)>,
    Body(body): Body,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let (id, mut row) = find_comment(company, note, &uuid, &writer.user)?;
        row["content"] = json!(required_content(&body)?);
        row["update_time"] = json!(writer.now);
        row["updater_id"] = json!(writer.user.id);
        company.records.put(Resource::Comment, id, row.clone());
        Ok(data_response(StatusCode::OK, &row))
    })
}

async fn remove_comment(
    State(shared): State<Shared>,
    caller: Caller,
    Path((note, uuid)): Path<(i64, String)>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let (id, _) = find_comment(company, note, &uuid, &writer.user)?;
        company.records.remove(Resource::Comment, id);
        Ok(data_response(StatusCode::OK, &json!(true)))
    })
}

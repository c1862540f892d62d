//! Fields: lists of them, and changes of the company's own fields and their options.

use crate::{
    api::{
        answer::{Answer, Body, Page, Refusal, data_response},
        caller::Caller,
    },
    company::Company,
    fields::{self, WITH_FIELDS},
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, get, post},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    WITH_FIELDS.into_iter().fold(Router::new(), |router, (resource, path)| {
        router
            .route(&format!("/{path}"), list(resource))
            .route(&format!("/{path}/{{code}}"), field(resource))
            .route(&format!("/{path}/{{code}}/options"), options(resource))
    })
}

/// Members that an answer has only on request.
const ON_REQUEST: [&str; 3] = ["ui_visibility", "important_fields", "required_fields"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: Page,
    include_fields: String,
}

/// Converts a field to v2. Members of v1 and of the sandbox are dropped.
fn to_v2(mut field: Value, included: &[&str]) -> Value {
    if let Some(members) = field.as_object_mut() {
        members.retain(|name, _| {
            !matches!(name.as_str(), "id" | "entity" | "add_time")
                && (!ON_REQUEST.contains(&name.as_str()) || included.contains(&name.as_str()))
        });
    }
    field
}

pub(in crate::api) fn require_permission(writer: &Writer, permission: &str) -> Result<(), Refusal> {
    if writer.user.may(permission) { Ok(()) } else { Err(Refusal::forbidden()) }
}

/// Returns the further members of a body: all but name, type and options.
fn other_members(body: &Value) -> Result<Value, Refusal> {
    let mut other = json!({});
    for (name, value) in body.as_object().ok_or_else(|| Refusal::invalid("the body must be an object"))? {
        match name.as_str() {
            "field_name" if value.is_string() => {}
            "field_type" | "options" => continue,
            "description" => {}
            name if ON_REQUEST.contains(&name) && value.is_object() => {}
            _ => return Err(Refusal::invalid(format!("{name} is not allowed"))),
        }
        other[name.as_str()] = value.clone();
    }
    Ok(other)
}

fn list(resource: Resource) -> MethodRouter<Shared> {
    let read =
        get(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
            caller.with_company(&shared, |company, _| {
                let included: Vec<&str> = params.include_fields.split(',').collect();
                params
                    .page
                    .answer(fields::list(company, resource).into_iter().map(|field| to_v2(field, &included)).collect())
            })
        });
    read.post(async move |State(shared): State<Shared>, caller: Caller, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_add_custom_fields")?;
            let other = other_members(&body)?;
            let labels: Vec<String> = body["options"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|option| option["label"].as_str())
                .map(str::to_owned)
                .collect();
            let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
            let field = fields::create(
                company,
                resource,
                &text("field_name"),
                &text("field_type"),
                &labels,
                &other,
                &writer.now,
            )?;
            Ok(data_response(StatusCode::OK, &to_v2(field, &ON_REQUEST)))
        })
    })
}

fn field(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(code): Path<String>,
                    Query(params): Query<Params>|
                    -> Response {
            caller.with_company(&shared, |company, _| {
                let found =
                    fields::list(company, resource).into_iter().find(|field| field["field_code"] == json!(code));
                let included: Vec<&str> = params.include_fields.split(',').collect();
                Ok(data_response(StatusCode::OK, &to_v2(found.ok_or_else(|| Refusal::not_found("Field"))?, &included)))
            })
        },
    )
    .patch(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(code): Path<String>,
                    Body(body): Body|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                require_permission(writer, "can_edit_custom_fields")?;
                let changed = fields::change(company, resource, &code, &other_members(&body)?)?;
                Ok(data_response(StatusCode::OK, &to_v2(changed, &ON_REQUEST)))
            })
        },
    )
    .delete(async move |State(shared): State<Shared>, caller: Caller, Path(code): Path<String>| -> Response {
        caller.with_company(&shared, |company, writer| {
            require_permission(writer, "can_delete_custom_fields")?;
            Ok(data_response(StatusCode::OK, &to_v2(fields::remove(company, resource, &code)?, &[])))
        })
    })
}

/// Changes the options of a field.
fn change_options(
    shared: &Shared,
    caller: &Caller,
    body: &Value,
    work: impl FnOnce(&mut Company, &Writer) -> Result<Value, Refusal>,
) -> Response {
    caller.with_company(shared, |company, writer| -> Answer {
        require_permission(writer, "can_edit_custom_fields")?;
        if body.as_array().is_none_or(Vec::is_empty) {
            return Err(Refusal::invalid("the body must be an array of options"));
        }
        Ok(data_response(StatusCode::OK, &work(company, writer)?))
    })
}

fn options(resource: Resource) -> MethodRouter<Shared> {
    post(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(code): Path<String>,
                    Body(body): Body|
                    -> Response {
            change_options(&shared, &caller, &body, |company, writer| {
                Ok(fields::add_options(company, resource, &code, &body, &writer.now)?)
            })
        },
    )
    .patch(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(code): Path<String>,
                    Body(body): Body|
                    -> Response {
            change_options(&shared, &caller, &body, |company, writer| {
                Ok(fields::rename_options(company, resource, &code, &body, &writer.now)?)
            })
        },
    )
    .delete(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(code): Path<String>,
                    Body(body): Body|
                    -> Response {
            change_options(&shared, &caller, &body, |company, _| {
                Ok(fields::remove_options(company, resource, &code, &body)?)
            })
        },
    )
}

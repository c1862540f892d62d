//! Lists of any record: files, followers, mail, and the users who may see it.

use super::{files, shapes::time};
use crate::{
    actions,
    api::{
        answer::{Body, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    followers,
    records::Resource,
    shared::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get},
};
use axum_extra::extract::Query;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    [
        ("deals", Resource::Deal),
        ("persons", Resource::Person),
        ("organizations", Resource::Organization),
        ("products", Resource::Product),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, resource)| {
        router
            .route(&format!("/{path}/{{id}}/files"), part_list(resource, Resource::File, files::to_v1))
            .route(&format!("/{path}/{{id}}/followers"), follower_list(resource))
            .route(&format!("/{path}/{{id}}/followers/{{follower}}"), single_follower(resource))
            .route(&format!("/{path}/{{id}}/permittedUsers"), permitted_users(resource))
            .route(&format!("/{path}/{{id}}/mailMessages"), mail(resource))
    })
}

/// Lists the parts of a record.
fn part_list(resource: Resource, part: Resource, convert: fn(&Company, &Value) -> Value) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<V1Page>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                actions::find_visible(company, &writer.user, resource, id)?;
                let rows = company.records.find_by(part, resource.member(), id);
                page.answer(rows.map(|(_, row)| convert(company, row)).collect())
            })
        },
    )
}

fn follower_to_v1(row: &Value) -> Value {
    let mut row = row.clone();
    row["add_time"] = time(&row["add_time"]);
    row
}

fn follower_list(resource: Resource) -> MethodRouter<Shared> {
    part_list(resource, Resource::Follower, |_, row| follower_to_v1(row)).post(
        async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
            caller.with_company(&shared, |company, writer| {
                let user = body["user_id"].as_i64().or_else(|| body["user_id"].as_str()?.parse().ok());
                let user = user.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "user_id is required"))?;
                Ok(data_response(
                    StatusCode::OK,
                    &follower_to_v1(&followers::add(company, resource, id, user, writer)?),
                ))
            })
        },
    )
}

fn single_follower(resource: Resource) -> MethodRouter<Shared> {
    delete(
        async move |State(shared): State<Shared>, caller: Caller, Path((id, follower)): Path<(i64, i64)>| -> Response {
            caller.with_company(&shared, |company, writer| {
                let at = company
                    .records
                    .get(Resource::Follower, follower)
                    .filter(|row| row[resource.member()] == json!(id))
                    .map(|_| follower);
                followers::remove(company, resource, id, at, writer)?;
                Ok(data_response(StatusCode::OK, &json!({ "id": follower })))
            })
        },
    )
}

fn permitted_users(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let row = actions::find_visible(company, &writer.user, resource, id)?;
            let users = company.users.iter().filter(|user| company.user_may_see(user, resource, row));
            Ok(data_response(StatusCode::OK, &users.map(|user| json!(user.id)).collect()))
        })
    })
}

/// Lists no mail, because no mailbox is simulated.
fn mail(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<V1Page>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                actions::find_visible(company, &writer.user, resource, id)?;
                let (_, pagination) = page.slice(Vec::new())?;
                Ok(Json(json!({ "success": true, "data": [], "additional_data": { "pagination": pagination } }))
                    .into_response())
            })
        },
    )
}

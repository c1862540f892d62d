//! Lists of any record: files, followers, mail, and the users who may see it.

use super::{files, shapes::time};
use crate::{
    acts,
    api::{
        answer::{Body, Refusal, V1Page, one},
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
            .route(&format!("/{path}/{{id}}/files"), parts(resource, Resource::File, files::shown))
            .route(&format!("/{path}/{{id}}/followers"), of_followers(resource))
            .route(&format!("/{path}/{{id}}/followers/{{follower}}"), follower(resource))
            .route(&format!("/{path}/{{id}}/permittedUsers"), permitted(resource))
            .route(&format!("/{path}/{{id}}/mailMessages"), mail(resource))
    })
}

/// Lists the parts of a record.
fn parts(resource: Resource, part: Resource, shown: fn(&Company, &Value) -> Value) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<V1Page>|
                    -> Response {
            caller.act(&shared, |company, writer| {
                acts::find_visible(company, &writer.user, resource, id)?;
                let rows = company.records.with(part, resource.member(), id);
                page.answer(rows.map(|(_, row)| shown(company, row)).collect())
            })
        },
    )
}

fn follower_shown(row: &Value) -> Value {
    let mut row = row.clone();
    row["add_time"] = time(&row["add_time"]);
    row
}

fn of_followers(resource: Resource) -> MethodRouter<Shared> {
    parts(resource, Resource::Follower, |_, row| follower_shown(row)).post(
        async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
            caller.act(&shared, |company, writer| {
                let user = body["user_id"].as_i64().or_else(|| body["user_id"].as_str()?.parse().ok());
                let user = user.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "user_id is required"))?;
                Ok(one(StatusCode::OK, &follower_shown(&followers::add(company, resource, id, user, writer)?)))
            })
        },
    )
}

fn follower(resource: Resource) -> MethodRouter<Shared> {
    delete(
        async move |State(shared): State<Shared>, caller: Caller, Path((id, follower)): Path<(i64, i64)>| -> Response {
            caller.act(&shared, |company, writer| {
                let at = company
                    .records
                    .get(Resource::Follower, follower)
                    .filter(|row| row[resource.member()] == json!(id))
                    .map(|_| follower);
                followers::remove(company, resource, id, at, writer)?;
                Ok(one(StatusCode::OK, &json!({ "id": follower })))
            })
        },
    )
}

fn permitted(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.act(&shared, |company, writer| {
            let row = acts::find_visible(company, &writer.user, resource, id)?;
            let users = company.users.iter().filter(|user| company.sees(user, resource, row));
            Ok(one(StatusCode::OK, &users.map(|user| json!(user.id)).collect()))
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
            caller.act(&shared, |company, writer| {
                acts::find_visible(company, &writer.user, resource, id)?;
                let (_, pagination) = page.of(Vec::new())?;
                Ok(Json(json!({ "success": true, "data": [], "additional_data": { "pagination": pagination } }))
                    .into_response())
            })
        },
    )
}

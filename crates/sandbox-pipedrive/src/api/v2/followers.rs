//! Followers of deals, persons, organizations, products and users, with their changelog.

use crate::{
    actions,
    api::{
        answer::{Answer, Body, Page, Refusal, data_response},
        caller::Caller,
    },
    company::Company,
    followers,
    records::Resource,
    shared::Shared,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, delete, get},
};
use axum_extra::extract::Query;
use serde_json::{Value, json};

const FOLLOWED_KINDS: [(&str, Resource); 4] = [
    ("deals", Resource::Deal),
    ("persons", Resource::Person),
    ("organizations", Resource::Organization),
    ("products", Resource::Product),
];

pub(super) fn router() -> Router<Shared> {
    FOLLOWED_KINDS
        .into_iter()
        .fold(Router::new(), |router, (path, resource)| {
            router
                .route(&format!("/{path}/{{id}}/followers"), list(resource))
                .route(&format!("/{path}/{{id}}/followers/changelog"), changelog(resource))
                .route(&format!("/{path}/{{id}}/followers/{{follower}}"), single_follower(resource))
        })
        .route("/users/{id}/followers", get(followers_of_user))
}

fn to_v2(row: &Value) -> Value {
    json!({ "user_id": row["user_id"], "add_time": row["add_time"] })
}

fn list(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<Page>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                actions::find_visible(company, &writer.user, resource, id)?;
                page.answer(
                    company
                        .records
                        .find_by(Resource::Follower, resource.member(), id)
                        .map(|(_, row)| to_v2(row))
                        .collect(),
                )
            })
        },
    )
    .post(
        async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
            caller.with_company(&shared, |company, writer| {
                let user = body["user_id"].as_i64().ok_or_else(|| Refusal::invalid("user_id is required"))?;
                let row = followers::add(company, resource, id, user, writer)?;
                Ok(data_response(StatusCode::CREATED, &to_v2(&row)))
            })
        },
    )
}

fn single_follower(resource: Resource) -> MethodRouter<Shared> {
    delete(async move |State(shared): State<Shared>, caller: Caller, Path((id, user)): Path<(i64, i64)>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let at = company
                .records
                .find_by(Resource::Follower, resource.member(), id)
                .find(|(_, row)| row["user_id"] == json!(user))
                .map(|(at, _)| at);
            followers::remove(company, resource, id, at, writer)?;
            Ok(data_response(StatusCode::OK, &json!({ "user_id": user })))
        })
    })
}

fn changelog(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(page): Query<Page>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
            actions::find_visible(company, &writer.user, resource, id)?;
            let mut rows: Vec<Value> = company
                .records
                .find_by(Resource::FollowerChange, resource.member(), id)
                .map(|(_, row)| json!({ "action": row["action"], "actor_user_id": row["actor_user_id"], "follower_user_id": row["follower_user_id"], "time": row["time"] }))
                .collect();
            rows.reverse();
            page.answer(rows)
        })
        },
    )
}

/// Lists the followers of a user. Nobody follows users here, so the list is empty.
async fn followers_of_user(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<Page>,
) -> Response {
    caller.with_company(&shared, |company: &mut Company, _| -> Answer {
        company.user(id).ok_or_else(|| Refusal::not_found("User"))?;
        page.answer(Vec::new())
    })
}

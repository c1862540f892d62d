//! Users with their permissions, roles and permission sets.

use crate::{
    api::{
        answer::{Answer, Body, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    shared::Shared,
    users::{Change, User},
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use axum_extra::extract::Query;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/users", get(users).post(add))
        .route("/users/me", get(me))
        .route("/users/find", get(find))
        .route("/users/{id}", get(user).put(change))
        .route("/users/{id}/permissions", get(permissions))
        .route("/users/{id}/followers", get(followers))
        .route("/users/{id}/roleAssignments", get(role_assignments))
        .route("/users/{id}/roleSettings", get(role_settings))
        .route("/userConnections", get(connections))
        .route("/userSettings", get(settings))
        .route("/roles", get(roles))
        .route("/roles/{id}", get(role))
        .route("/roles/{id}/assignments", get(assignments_of_role))
        .route("/permissionSets", get(permission_sets))
        .route("/permissionSets/{id}", get(permission_set))
        .route("/permissionSets/{id}/assignments", get(assignments_of_set))
}

/// All permission sets: id, name, app, type.
const PERMISSION_SETS: [(&str, &str, &str, &str); 5] = [
    ("62cc4d7f-4038-4352-abf3-a8c1c822b631", "Deals admin", "sales", "admin"),
    ("f07d229d-088a-4144-a40f-1fe64295d180", "Deals regular user", "sales", "regular"),
    ("233b7976-39bd-43a9-b305-ef3a2b0998e5", "Global admin", "global", "admin"),
    ("ec8a42e5-1842-490d-9113-b3a3b4b1c0a9", "Global regular user", "global", "regular"),
    ("982c5ce5-b8ba-4b47-b102-9da024f4b990", "Account settings", "account_settings", "admin"),
];

fn parse_time(now: &str) -> Timestamp {
    now.parse().unwrap_or_default()
}

/// Returns the permission sets of a user: for each app, the set of admins or of regular users.
fn permission_sets_of(
    user: &User,
) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str, &'static str)> {
    let kind = if user.is_admin { "admin" } else { "regular" };
    PERMISSION_SETS.iter().filter(move |(.., set_kind)| *set_kind == kind)
}

fn user_row(company: &Company, user: &User, reader: &User, now: &str) -> Value {
    let access = permission_sets_of(user)
        .map(|(id, _, app, kind)| json!({ "app": app, "admin": *kind == "admin", "permission_set_id": id }));
    json!({
        "id": user.id, "name": user.name, "email": user.email, "locale": user.locale, "lang": 1, "activated": true, "active_flag": user.active,
        "phone": null, "last_login": "2026-11-20 08:45:56", "created": "2024-02-05 09:16:26", "modified": "2026-11-20 08:45:56",
        "has_created_company": company.users.first().is_some_and(|first| first.id == user.id), "timezone_name": user.timezone_name,
        "timezone_offset": user.timezone_offset(parse_time(now)), "role_id": 1, "icon_url": null, "is_deleted": false, "is_you": user.id == reader.id,
        "is_admin": i32::from(user.is_admin), "default_currency": company.currency, "access": access.collect::<Vec<_>>(),
    })
}

fn find_user(company: &Company, id: i64) -> Result<&User, Refusal> {
    company.user(id).ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "User not found or not accessible."))
}

async fn me(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |company, writer| {
        let user = &writer.user;
        let mut data = user_row(company, user, user, &writer.now);
        data["company_id"] = json!(company.id);
        data["company_name"] = json!(company.name);
        data["company_domain"] = json!(company.domain);
        data["company_country"] = json!(company.country);
        data["company_industry"] = json!(null);
        data["language"] = user.language.clone();
        Ok(data_response(StatusCode::OK, &data))
    })
}

async fn users(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |company, writer| {
        let rows = company.users.iter().map(|user| user_row(company, user, &writer.user, &writer.now));
        Ok(data_response(StatusCode::OK, &rows.collect()))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FindParams {
    term: String,
    search_by_email: String,
}

async fn find(State(shared): State<Shared>, caller: Caller, Query(params): Query<FindParams>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let term = params.term.to_lowercase();
        if term.is_empty() {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "term is required"));
        }
        let by_email = params.search_by_email == "1";
        let matches = |user: &&User| {
            if by_email { user.email.to_lowercase() == term } else { user.name.to_lowercase().contains(&term) }
        };
        let rows = company.users.iter().filter(matches).map(|user| user_row(company, user, &writer.user, &writer.now));
        Ok(data_response(StatusCode::OK, &rows.collect()))
    })
}

async fn user(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        Ok(data_response(StatusCode::OK, &user_row(company, find_user(company, id)?, &writer.user, &writer.now)))
    })
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    let last_id = {
        let state = shared.state();
        state.users().map(|(_, user)| user.id).max().unwrap_or(900_000)
    };
    caller.with_company(&shared, |company, writer| {
        if !writer.user.is_admin {
            return Err(Refusal::forbidden());
        }
        let email = body["email"]
            .as_str()
            .filter(|email| email.contains('@'))
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "email is required"))?;
        if company.users.iter().any(|user| user.email == email) {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "A user with this email exists already"));
        }
        let is_admin = body["access"].as_array().into_iter().flatten().any(|access| access["admin"] == json!(true));
        let user = User {
            id: last_id + 1,
            name: email.split('@').next().unwrap_or_default().to_owned(),
            email: email.to_owned(),
            is_admin,
            active: body["active_flag"] != json!(false),
            permissions: std::collections::BTreeMap::new(),
            ..writer.user.clone()
        };
        let created = user_row(company, &user, &writer.user, &writer.now);
        company.users.push(user);
        company.change_user(writer, last_id + 1, Change::Created);
        Ok(data_response(StatusCode::OK, &created))
    })
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        if !writer.user.is_admin {
            return Err(Refusal::forbidden());
        }
        find_user(company, id)?;
        let active = match &body["active_flag"] {
            Value::Bool(active) => *active,
            value => *value == json!(1) || *value == json!("1") || *value == json!("true"),
        };
        company.change_user(writer, id, Change::Active(active));
        Ok(data_response(StatusCode::OK, &user_row(company, find_user(company, id)?, &writer.user, &writer.now)))
    })
}

async fn permissions(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        Ok(data_response(StatusCode::OK, &find_user(company, id)?.all_permissions()))
    })
}

async fn followers(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        find_user(company, id)?;
        Ok(data_response(StatusCode::OK, &json!([])))
    })
}

/// Returns the assignment of a user to the only role.
fn assignment(user: &User) -> Value {
    json!({ "user_id": user.id, "role_id": 1, "parent_role_id": null, "name": "(Unassigned users)", "active_flag": true, "type": "1" })
}

async fn role_assignments(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, _| page.answer(vec![assignment(find_user(company, id)?)]))
}

async fn role_settings(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        find_user(company, id)?;
        Ok(data_response(
            StatusCode::OK,
            &json!({ "deal_default_visibility": 3, "lead_default_visibility": 3, "org_default_visibility": 3, "person_default_visibility": 3, "product_default_visibility": 3 }),
        ))
    })
}

async fn connections(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |_, _| Ok(data_response(StatusCode::OK, &json!({ "google": null }))))
}

async fn settings(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |_, _| {
        Ok(data_response(
            StatusCode::OK,
            &json!({
                "marketplace_team": false, "list_limit": 100, "beta_app": false, "prevent_salesphone_callto_override": false, "file_upload_destination": "s3",
                "callto_link_syntax": "callto:[number]", "autofill_deal_expected_close_date": false,
                "person_duplicate_condition": "name && (org_id || email || phone)",
            }),
        ))
    })
}

fn only_role(company: &Company) -> Value {
    json!({ "id": 1, "parent_role_id": null, "name": "(Unassigned users)", "active_flag": true, "assignment_count": company.users.len().to_string(), "sub_role_count": "0", "level": 1 })
}

async fn roles(State(shared): State<Shared>, caller: Caller, Query(page): Query<V1Page>) -> Response {
    caller.with_company(&shared, |company, _| page.answer(vec![only_role(company)]))
}

fn check_role(id: i64) -> Result<(), Refusal> {
    if id == 1 { Ok(()) } else { Err(Refusal::not_found("Role")) }
}

async fn role(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, _| {
        check_role(id)?;
        Ok(data_response(StatusCode::OK, &only_role(company)))
    })
}

async fn assignments_of_role(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, _| {
        check_role(id)?;
        page.answer(company.users.iter().map(assignment).collect())
    })
}

fn permission_set_row(company: &Company, (id, name, app, kind): &(&str, &str, &str, &str)) -> Value {
    let members = company.users.iter().filter(|user| permission_sets_of(user).any(|(set_id, ..)| set_id == id)).count();
    json!({ "id": id, "name": name, "description": name, "app": app, "type": kind, "assignment_count": members })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PermissionSetParams {
    app: Option<String>,
}

async fn permission_sets(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<PermissionSetParams>,
) -> Response {
    caller.with_company(&shared, |company, _| {
        let wanted =
            PERMISSION_SETS.iter().filter(|(_, _, app, _)| params.app.as_deref().is_none_or(|wanted| wanted == *app));
        Ok(data_response(StatusCode::OK, &wanted.map(|each| permission_set_row(company, each)).collect()))
    })
}

fn find_set(id: &str) -> Result<&'static (&'static str, &'static str, &'static str, &'static str), Refusal> {
    PERMISSION_SETS.iter().find(|(set_id, ..)| *set_id == id).ok_or_else(|| Refusal::not_found("Permission set"))
}

async fn permission_set(State(shared): State<Shared>, caller: Caller, Path(id): Path<String>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let definition = find_set(&id)?;
        let mut data = permission_set_row(company, definition);
        let of_set = User {
            is_admin: definition.3 == "admin",
            permissions: std::collections::BTreeMap::new(),
            ..writer.user.clone()
        };
        let granted = of_set.all_permissions();
        data["contents"] = granted
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, may)| **may == json!(true))
            .map(|(name, _)| json!(name))
            .collect();
        Ok(data_response(StatusCode::OK, &data))
    })
}

async fn assignments_of_set(State(shared): State<Shared>, caller: Caller, Path(id): Path<String>) -> Response {
    caller.with_company(&shared, |company, _| -> Answer {
        let (id, name, ..) = find_set(&id)?;
        let members = company.users.iter().filter(|user| permission_sets_of(user).any(|(set_id, ..)| set_id == id));
        Ok(data_response(
            StatusCode::OK,
            &members.map(|user| json!({ "user_id": user.id, "permission_set_id": id, "name": name })).collect(),
        ))
    })
}

//! Pipedrive's REST API, v2 and the parts of v1 that v2 does not reach.

use super::{Company, User, fields};
use crate::{oauth::bearer, world::Shared};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use axum_extra::extract::Query;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) fn router(shared: Shared) -> Router {
    let v1 =
        Router::new().route("/users/me", get(me)).route("/users", get(users)).route("/currencies", get(currencies));
    let v2 = Router::new()
        .route("/deals", get(deals))
        .route("/deals/{id}", get(deal))
        .route("/deals/{id}/products", get(deal_products))
        .route("/organizations", get(organizations))
        .route("/organizations/{id}", get(organization))
        .route("/persons", get(persons))
        .route("/persons/{id}", get(person))
        .route("/products", get(products))
        .route("/products/{id}", get(product))
        .route(
            "/dealFields",
            get(async |state: State<Shared>, headers: HeaderMap, query: Query<Page>| {
                field_list(&state, &headers, &query, "deal")
            }),
        )
        .route(
            "/personFields",
            get(async |state: State<Shared>, headers: HeaderMap, query: Query<Page>| {
                field_list(&state, &headers, &query, "person")
            }),
        )
        .route(
            "/organizationFields",
            get(async |state: State<Shared>, headers: HeaderMap, query: Query<Page>| {
                field_list(&state, &headers, &query, "organization")
            }),
        );
    Router::new()
        .nest("/api/v1", v1.clone())
        .nest("/v1", v1)
        .nest("/api/v2", v2)
        .fallback(async || error(StatusCode::NOT_FOUND, "Unknown method ."))
        .with_state(shared)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    cursor: Option<String>,
    limit: Option<usize>,
    ids: Option<String>,
}

fn error(status: StatusCode, message: &str) -> Response {
    let info = "Please check developers.pipedrive.com for more information about Pipedrive API.";
    (
        status,
        Json(json!({ "success": false, "error": message, "error_info": info, "data": null, "additional_data": null })),
    )
        .into_response()
}

/// Checks the bearer and runs `answer` with its company and user.
fn with_user(shared: &Shared, headers: &HeaderMap, answer: impl FnOnce(&Company, &User) -> Response) -> Response {
    let world = shared.world();
    let grant = bearer(headers).and_then(|token| world.pipedrive.grants.of_access(token, world.clock.epoch()));
    let company = grant.and_then(|grant| world.pipedrive.company(grant.company_id));
    match (grant, company) {
        (Some(grant), Some(company)) => match company.user(grant.user_id) {
            Some(user) => answer(company, user),
            None => error(StatusCode::UNAUTHORIZED, "unauthorized access"),
        },
        _ => error(StatusCode::UNAUTHORIZED, "unauthorized access"),
    }
}

fn one(rows: &[Value], id: i64, kind: &str) -> Response {
    match rows.iter().find(|row| row["id"] == json!(id)) {
        Some(row) => {
            let mut row = row.clone();
            if kind == "Deal" {
                row.as_object_mut().map(|row| row.remove("products"));
            }
            Json(json!({ "success": true, "data": row })).into_response()
        }
        None => error(StatusCode::NOT_FOUND, &format!("{kind} not found")),
    }
}

/// One page of rows, the cursor naming where the next begins.
fn list(rows: &[Value], page: &Page) -> Response {
    let limit = page.limit.unwrap_or(100);
    if limit == 0 || limit > 500 {
        return error(StatusCode::BAD_REQUEST, "Invalid limit: it has to lie between 1 and 500");
    }
    let start = match &page.cursor {
        None => 0,
        Some(cursor) => match BASE64_STANDARD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<usize>().ok())
        {
            Some(start) => start,
            None => return error(StatusCode::BAD_REQUEST, "Invalid cursor"),
        },
    };
    let wanted: Option<Vec<i64>> =
        page.ids.as_ref().map(|ids| ids.split(',').filter_map(|id| id.trim().parse().ok()).collect());
    let matching: Vec<Value> = rows
        .iter()
        .filter(|row| wanted.as_ref().is_none_or(|ids| row["id"].as_i64().is_some_and(|id| ids.contains(&id))))
        .map(|row| {
            let mut row = row.clone();
            if row["products"].is_array() {
                row.as_object_mut().map(|row| row.remove("products"));
            }
            row
        })
        .collect();
    let next = (start + limit < matching.len()).then(|| BASE64_STANDARD.encode((start + limit).to_string()));
    let data: Vec<Value> = matching.into_iter().skip(start).take(limit).collect();
    Json(json!({ "success": true, "data": data, "additional_data": { "next_cursor": next } })).into_response()
}

async fn me(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, |company, user| {
        let mut data = user_row(user);
        data["company_id"] = json!(company.id);
        data["company_name"] = json!(company.name);
        data["company_domain"] = json!(company.domain);
        data["company_country"] = json!(company.country);
        data["company_industry"] = json!(null);
        data["default_currency"] = json!(company.currency);
        data["language"] = user.language.clone();
        data["is_you"] = json!(true);
        Json(json!({ "success": true, "data": data })).into_response()
    })
}

fn user_row(user: &User) -> Value {
    json!({
        "id": user.id, "name": user.name, "email": user.email, "locale": user.locale, "lang": 1, "activated": true, "active_flag": true,
        "phone": null, "last_login": "2026-11-20 08:45:56", "created": "2024-02-05 09:16:26", "modified": "2026-11-20 08:45:56",
        "has_created_company": false, "timezone_name": user.timezone_name, "timezone_offset": "-03:00", "role_id": 1, "icon_url": null,
        "is_deleted": false, "is_you": false, "is_admin": i32::from(user.is_admin),
        "access": [{ "app": "sales", "admin": user.is_admin, "permission_set_id": "62cc4d7f-4038-4352-abf3-a8c1c822b631" },
                   { "app": "global", "admin": user.is_admin, "permission_set_id": "233b7976-39bd-43a9-b305-ef3a2b0998e5" }],
    })
}

async fn users(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, |company, _| {
        Json(json!({ "success": true, "data": company.users.iter().map(user_row).collect::<Vec<_>>() })).into_response()
    })
}

async fn currencies(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, |_, _| {
        let rows = [("BRL", "Brazilian Real", "R$"), ("EUR", "Euro", "€"), ("USD", "US Dollar", "$")];
        let data: Vec<Value> = rows
            .iter()
            .enumerate()
            .map(|(at, (code, name, symbol))| json!({ "id": at + 1, "code": code, "name": name, "decimal_points": 2, "symbol": symbol, "active_flag": true, "is_custom_flag": false }))
            .collect();
        Json(json!({ "success": true, "data": data })).into_response()
    })
}

async fn deals(State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    with_user(&shared, &headers, |company, _| list(&company.deals, &page))
}

async fn deal(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, |company, _| one(&company.deals, id, "Deal"))
}

async fn deal_products(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<i64>,
    Query(page): Query<Page>,
) -> Response {
    with_user(&shared, &headers, |company, _| match company.deals.iter().find(|deal| deal["id"] == json!(id)) {
        Some(deal) => list(deal["products"].as_array().map_or(&[], Vec::as_slice), &page),
        None => error(StatusCode::NOT_FOUND, "Deal not found"),
    })
}

async fn organizations(State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    with_user(&shared, &headers, |company, _| list(&company.organizations, &page))
}

async fn organization(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, |company, _| one(&company.organizations, id, "Organization"))
}

async fn persons(State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    with_user(&shared, &headers, |company, _| list(&company.persons, &page))
}

async fn person(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, |company, _| one(&company.persons, id, "Person"))
}

async fn products(State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    with_user(&shared, &headers, |company, _| list(&company.products, &page))
}

async fn product(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    with_user(&shared, &headers, |company, _| one(&company.products, id, "Product"))
}

fn field_list(shared: &Shared, headers: &HeaderMap, page: &Page, entity: &str) -> Response {
    with_user(shared, headers, |company, _| {
        let all = fields::of(company, entity);
        list(&all, &Page { cursor: page.cursor.clone(), limit: page.limit, ids: None })
    })
}

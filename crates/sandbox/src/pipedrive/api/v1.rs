//! The parts of v1 that v2 does not reach: who is asking, users, currencies.

use super::{one, with_user};
use crate::{pipedrive::User, world::Shared};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/users/me", get(me)).route("/users", get(users)).route("/currencies", get(currencies))
}

async fn me(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, &[], |company, user, _| {
        let mut data = user_row(user);
        data["company_id"] = json!(company.id);
        data["company_name"] = json!(company.name);
        data["company_domain"] = json!(company.domain);
        data["company_country"] = json!(company.country);
        data["company_industry"] = json!(null);
        data["default_currency"] = json!(company.currency);
        data["language"] = user.language.clone();
        data["is_you"] = json!(true);
        Ok(one(StatusCode::OK, &data))
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
    with_user(&shared, &headers, &["base", "users:read"], |company, _, _| {
        Ok(one(StatusCode::OK, &company.users.iter().map(user_row).collect()))
    })
}

async fn currencies(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    with_user(&shared, &headers, &[], |_, _, _| {
        let rows = [("BRL", "Brazilian Real", "R$"), ("EUR", "Euro", "€"), ("USD", "US Dollar", "$")];
        let data: Value = rows
            .iter()
            .enumerate()
            .map(|(at, (code, name, symbol))| json!({ "id": at + 1, "code": code, "name": name, "decimal_points": 2, "symbol": symbol, "active_flag": true, "is_custom_flag": false }))
            .collect();
        Ok(one(StatusCode::OK, &data))
    })
}

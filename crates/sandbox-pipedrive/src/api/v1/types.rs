//! Lists of choices: types of activities, currencies.

use crate::{
    api::{
        answer::{Body, Refusal, data_response},
        caller::Caller,
    },
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{get, put},
};
use axum_extra::extract::Query;
use iso_currency::{Currency, IntoEnumIterator};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/activityTypes", get(list).post(add))
        .route("/activityTypes/{id}", put(change).delete(remove))
        .route("/currencies", get(currencies))
}

fn require_admin(writer: &Writer) -> Result<(), Refusal> {
    if writer.user.is_admin { Ok(()) } else { Err(Refusal::forbidden()) }
}

async fn list(State(shared): State<Shared>, caller: Caller) -> Response {
    caller.with_company(&shared, |company, _| {
        Ok(data_response(
            StatusCode::OK,
            &company.records.all(Resource::ActivityType).map(|(_, row)| row.clone()).collect(),
        ))
    })
}

async fn add(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        require_admin(writer)?;
        let text = |member: &str| body[member].as_str().filter(|text| !text.is_empty());
        let bad_request = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
        let name = text("name").ok_or_else(|| bad_request("name is required"))?;
        let icon = text("icon_key").ok_or_else(|| bad_request("icon_key is required"))?;
        let id = company.records.next_id(Resource::ActivityType);
        let row = json!({
            "id": id, "order_nr": id, "name": name, "key_string": name.to_lowercase().replace(' ', "_"), "icon_key": icon, "active_flag": true,
            "color": text("color"), "is_custom_flag": true, "add_time": writer.v1_now(), "update_time": writer.v1_now(),
        });
        company.records.put(Resource::ActivityType, id, row.clone());
        Ok(data_response(StatusCode::OK, &row))
    })
}

async fn change(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        require_admin(writer)?;
        let now = writer.v1_now();
        let row =
            company.records.get_mut(Resource::ActivityType, id).ok_or_else(|| Refusal::not_found("Activity type"))?;
        for member in ["name", "icon_key", "color", "order_nr"] {
            if !body[member].is_null() {
                row[member] = body[member].clone();
            }
        }
        row["update_time"] = json!(now);
        Ok(data_response(StatusCode::OK, row))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        require_admin(writer)?;
        let row =
            company.records.remove(Resource::ActivityType, id).ok_or_else(|| Refusal::not_found("Activity type"))?;
        Ok(data_response(StatusCode::OK, &row))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    term: String,
}

async fn currencies(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |_, _| {
        let term = params.term.to_lowercase();
        let rows = (1..).zip(Currency::iter().filter(|currency| currency.exponent().is_some())).filter(|(_, currency)| {
            currency.name().to_lowercase().contains(&term) || currency.code().to_lowercase().contains(&term)
        });
        let rows: Value = rows
            .map(|(id, currency)| {
                json!({
                    "id": id, "code": currency.code(), "name": currency.name(), "decimal_points": currency.exponent(), "symbol": currency.symbol().to_string(),
                    "active_flag": true, "is_custom_flag": false,
                })
            })
            .collect();
        Ok(data_response(StatusCode::OK, &rows))
    })
}

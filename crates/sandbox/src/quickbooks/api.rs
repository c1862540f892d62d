//! The v3 Accounting API over HTTP.

use super::{
    company::{Company, entity_name},
    entity,
    fault::{self, Fault},
    invoice,
    oauth::Bearer,
    query,
};
use crate::{clock::Clock, oauth::bearer, world::Shared};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The query parameters that the API knows; others are ignored, as by the real one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    query: Option<String>,
    operation: Option<String>,
    requestid: Option<String>,
    include: Option<String>,
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v3/company/{realm}/query", get(query_by_get).post(query_by_post))
        .route("/v3/company/{realm}/batch", post(batch))
        .route("/v3/company/{realm}/{entity}", get(read_single).post(write))
        .route("/v3/company/{realm}/{entity}/{id}", get(read))
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(shared)
}

/// Checks the bearer and runs `answer` on its company; adds what every answer has.
fn with_company(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    answer: impl FnOnce(&mut Company, Clock) -> Result<Value, Fault>,
) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    let millis = clock.now().as_millisecond();
    let time = clock.quickbooks_millis();
    let token = bearer(headers).unwrap_or_default();
    let mut response = match world.quickbooks.grants.realm(token, clock.epoch()) {
        Bearer::Unknown => fault::unauthenticated("Malformed bearer token: too short or too long", millis),
        Bearer::Expired => fault::unauthenticated("Token expired", millis),
        Bearer::Of(granted) if granted != realm => fault::unauthorized(millis),
        Bearer::Of(_) => match world.quickbooks.companies.get_mut(realm) {
            None => fault::unauthorized(millis),
            Some(company) => match answer(company, clock) {
                Ok(mut body) => {
                    body["time"] = json!(time);
                    Json(body).into_response()
                }
                Err(fault) => fault.response(&time),
            },
        },
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.insert("intuit_tid", id);
    }
    headers
        .insert("cache-control", HeaderValue::from_static("max-age=0, no-cache, no-store, must-revalidate, private"));
    response
}

async fn query_by_get(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    with_company(&shared, &headers, &realm, |company, _| {
        let text = parameters.query.ok_or_else(|| Fault::missing("query"))?;
        Ok(json!({ "QueryResponse": shown(query::answer(company, &text)?) }))
    })
}

async fn query_by_post(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    with_company(&shared, &headers, &realm, |company, _| {
        Ok(json!({ "QueryResponse": shown(query::answer(company, &body)?) }))
    })
}

/// Masks what answers never show in full.
fn shown(mut answer: Value) -> Value {
    for row in answer["Customer"].as_array_mut().into_iter().flatten() {
        *row = entity::masked(row.take());
    }
    if answer["Customer"].is_null()
        && let Some(answer) = answer.as_object_mut()
    {
        answer.remove("Customer");
    }
    answer
}

async fn read_single(
    State(shared): State<Shared>,
    Path((realm, entity)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    with_company(&shared, &headers, &realm, |company, _| match entity.as_str() {
        "preferences" => Ok(json!({ "Preferences": company.preferences() })),
        _ => Err(Fault::unsupported(&format!("GET {entity}"))),
    })
}

async fn read(
    State(shared): State<Shared>,
    Path((realm, entity, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    with_company(&shared, &headers, &realm, |company, _| {
        let name = entity_name(&entity).ok_or_else(|| Fault::unsupported(&format!("GET {entity}")))?;
        let id = if name == "CompanyInfo" { "1" } else { &id };
        Ok(json!({ name: entity::masked(company.read(name, id)?.clone()) }))
    })
}

async fn write(
    State(shared): State<Shared>,
    Path((realm, entity)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    with_company(&shared, &headers, &realm, |company, clock| {
        if let Some(request_id) = &parameters.requestid {
            if request_id.len() > 50 {
                return Err(Fault::validation(
                    "2130",
                    "Invalid request id",
                    "The request id is longer than 50 characters",
                    "requestid",
                ));
            }
            if let Some(answer) = company.answered(request_id) {
                return Ok(answer);
            }
        }
        let body: Value = serde_json::from_slice(&body).map_err(|error| {
            Fault::validation(
                "2010",
                "Request has invalid or unsupported property",
                format!("Unexpected character: {error}"),
                "",
            )
        })?;
        let name = entity_name(&entity).ok_or_else(|| Fault::unsupported(&format!("POST {entity}")))?;
        let answer = json!({ name: entity::masked(carry_out(company, name, parameters.operation.as_deref(), parameters.include.as_deref(), &body, clock)?) });
        if let Some(request_id) = &parameters.requestid {
            company.remember_answer(request_id, answer.clone());
        }
        Ok(answer)
    })
}

fn carry_out(
    company: &mut Company,
    entity: &str,
    operation: Option<&str>,
    include: Option<&str>,
    body: &Value,
    clock: Clock,
) -> Result<Value, Fault> {
    match (entity, operation.unwrap_or("create")) {
        ("Customer", "create" | "update") => entity::customer(company, body, clock),
        ("Item", "create" | "update") => entity::item(company, body, clock),
        ("Invoice", "create" | "update") => {
            let allow_duplicate =
                include.is_some_and(|include| include.split(',').any(|word| word == "allowduplicatedocnum"));
            invoice::write(company, body, allow_duplicate, clock)
        }
        ("Invoice", "void") => invoice::void(company, body, clock),
        ("Invoice", "delete") => invoice::delete(company, body),
        (entity, operation) => Err(Fault::unsupported(&format!("{operation} {entity}"))),
    }
}

async fn batch(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    with_company(&shared, &headers, &realm, |company, clock| {
        let items = body["BatchItemRequest"].as_array().ok_or_else(|| Fault::missing("BatchItemRequest"))?;
        if items.len() > 30 {
            return Err(Fault::validation(
                "1040",
                "Too many batch items",
                "A batch holds 30 items at most",
                "BatchItemRequest",
            ));
        }
        let answers: Vec<Value> = items
            .iter()
            .map(|item| {
                let mut answer = Map::new();
                answer.insert("bId".into(), item["bId"].clone());
                match batch_item(company, item, clock) {
                    Ok((name, value)) => answer.insert(name, value),
                    Err(fault) => answer.insert("Fault".into(), fault.body()),
                };
                Value::Object(answer)
            })
            .collect();
        Ok(json!({ "BatchItemResponse": answers }))
    })
}

fn batch_item(company: &mut Company, item: &Value, clock: Clock) -> Result<(String, Value), Fault> {
    if let Some(text) = item["Query"].as_str() {
        return Ok(("QueryResponse".into(), shown(query::answer(company, text)?)));
    }
    let entity =
        item.as_object().and_then(|item| item.iter().find_map(|(key, value)| Some((entity_name(key)?, value))));
    let (name, body) =
        entity.ok_or_else(|| Fault::validation("1050", "Bad batch request", "The batch item names no entity", ""))?;
    let row = carry_out(company, name, item["operation"].as_str(), item["optionsData"].as_str(), body, clock)?;
    Ok((name.to_owned(), entity::masked(row)))
}

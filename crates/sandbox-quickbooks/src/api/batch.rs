//! Batches: several operations in one call. Each succeeds or fails on its own.

use super::call::{Parameters, answer_once, json_body};
use crate::{
    company::{Act, Company},
    entity::Entity,
    fault::Fault,
    query, sales,
    shared::Shared,
    writes::{self, Verb},
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use axum_extra::extract::Query;
use serde_json::Value;

/// Items that one batch may hold.
const MAX_ITEMS: usize = 30;

pub(super) async fn batch(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, act| {
        let body = json_body(&body)?;
        let items = body["BatchItemRequest"].as_array().ok_or_else(|| Fault::missing("BatchItemRequest"))?;
        if items.len() > MAX_ITEMS {
            return Err(Fault::validation(
                "1040",
                "Too many batch items",
                format!("A batch holds {MAX_ITEMS} items at most; this one has {}", items.len()),
                "BatchItemRequest",
            ));
        }
        let answers: Vec<String> = items
            .iter()
            .map(|items| {
                let answer = item(company, items, act).unwrap_or_else(|fault| format!("\"Fault\":{}", fault.body()));
                format!("{{\"bId\":{},{answer}}}", items["bId"])
            })
            .collect();
        Ok(format!("\"BatchItemResponse\":[{}]", answers.join(",")))
    })
}

fn item(company: &mut Company, item: &Value, act: &Act) -> Result<String, Fault> {
    if item["bId"].as_str().is_none_or(str::is_empty) {
        return Err(Fault::missing("bId"));
    }
    if let Some(text) = item["Query"].as_str() {
        return Ok(format!("\"QueryResponse\":{}", query::answer(company, text, act.clock.now())?));
    }
    let bad = || {
        Fault::validation(
            "1050",
            "Bad batch request",
            "The batch item names no entity that batches know",
            "BatchItemRequest",
        )
    };
    let members = item.as_object().ok_or_else(bad)?;
    let (entity, body) =
        members.iter().find_map(|(name, value)| Some((Entity::named(name)?, value))).ok_or_else(bad)?;
    let options: Vec<&str> = item["optionsData"].as_str().unwrap_or_default().split(',').map(str::trim).collect();
    let act = Act { duplicate_numbers: options.contains(&"allowduplicatedocnum"), ..act.clone() };
    let operation = item["operation"].as_str().ok_or_else(|| Fault::missing("operation"))?;
    let row = if operation.eq_ignore_ascii_case("send") {
        let id = body["Id"].as_str().unwrap_or_default();
        let to = body["BillEmail"]["Address"].as_str();
        company.transaction(|company| sales::send::send(company, entity, id, to, &act))?
    } else {
        let verb = Verb::of(Some(operation), &options).ok_or_else(|| Fault::unsupported(operation))?;
        writes::carry_out(company, entity, verb, body, &act)?
    };
    Ok(format!("\"{}\":{row}", entity.name()))
}

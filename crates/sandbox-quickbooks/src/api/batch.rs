//! Batches: several operations in one call. Each succeeds or fails on its own.

use super::call::{Parameters, answer_once, json_body};
use crate::{
    company::{Company, WriteContext},
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

/// Upper bound for the items of one batch.
const MAX_ITEMS: usize = 30;

pub(super) async fn batch(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, context| {
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
            .map(|batch_item| {
                let answer = run_item(company, batch_item, context)
                    .unwrap_or_else(|fault| format!("\"Fault\":{}", fault.body()));
                format!("{{\"bId\":{},{answer}}}", batch_item["bId"])
            })
            .collect();
        Ok(format!("\"BatchItemResponse\":[{}]", answers.join(",")))
    })
}

fn run_item(company: &mut Company, item: &Value, context: &WriteContext) -> Result<String, Fault> {
    if item["bId"].as_str().is_none_or(str::is_empty) {
        return Err(Fault::missing("bId"));
    }
    if let Some(text) = item["Query"].as_str() {
        return Ok(format!("\"QueryResponse\":{}", query::answer(company, text, context.clock.now())?));
    }
    let bad_request = || {
        Fault::validation(
            "1050",
            "Bad batch request",
            "The batch item names no entity that batches know",
            "BatchItemRequest",
        )
    };
    let members = item.as_object().ok_or_else(bad_request)?;
    let (entity, body) =
        members.iter().find_map(|(name, value)| Some((Entity::from_name(name)?, value))).ok_or_else(bad_request)?;
    let options: Vec<&str> = item["optionsData"].as_str().unwrap_or_default().split(',').map(str::trim).collect();
    let context = WriteContext { duplicate_numbers: options.contains(&"allowduplicatedocnum"), ..context.clone() };
    let operation = item["operation"].as_str().ok_or_else(|| Fault::missing("operation"))?;
    let row = if operation.eq_ignore_ascii_case("send") {
        let id = body["Id"].as_str().unwrap_or_default();
        let to = body["BillEmail"]["Address"].as_str();
        company.transaction(|company| sales::send::send(company, entity, id, to, &context))?
    } else {
        let verb = Verb::parse(Some(operation), &options).ok_or_else(|| Fault::unsupported(operation))?;
        writes::carry_out(company, entity, verb, body, &context)?
    };
    Ok(format!("\"{}\":{row}", entity.name()))
}

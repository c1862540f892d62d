//! What hangs on a deal: its products, discounts and installments.

use super::{
    Answer, Page, Refusal, one,
    v2::{change, create, scopes},
    with_user,
};
use crate::{
    pipedrive::{
        Company, User,
        records::Resource,
        rules::{self, Writer},
    },
    world::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

/// Most products of one deal, and of one call that adds several.
const MOST: usize = 100;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals/products", get(products_of_deals))
        .route("/deals/{id}/products", get(products).post(add_product).delete(remove_products))
        .route("/deals/{id}/products/bulk", post(add_products))
        .route("/deals/{id}/products/{part}", patch(change_product).delete(remove_product))
        .route("/deals/{id}/discounts", get(discounts).post(add_discount))
        .route("/deals/{id}/discounts/{part}", patch(change_discount).delete(remove_discount))
        .route("/deals/installments", get(installments))
        .route("/deals/{id}/installments", post(add_installment))
        .route("/deals/{id}/installments/{part}", patch(change_installment).delete(remove_installment))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    deal_ids: Vec<String>,
    ids: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl Asked {
    fn page(&self) -> Page {
        Page { cursor: self.cursor.clone(), limit: self.limit }
    }

    fn deals(&self) -> Result<Vec<i64>, Refusal> {
        let ids: Vec<i64> =
            self.deal_ids.iter().flat_map(|ids| ids.split(',')).filter_map(|id| id.trim().parse().ok()).collect();
        if ids.is_empty() || ids.len() > MOST {
            Err(Refusal::invalid("deal_ids must have 1 to 100 items"))
        } else {
            Ok(ids)
        }
    }
}

fn rows(company: &Company, resource: Resource, deal: i64) -> Vec<Value> {
    company.records.of_deal(resource, deal).into_iter().map(|(_, row)| row.clone()).collect()
}

fn check_deal(company: &Company, deal: i64) -> Result<(), Refusal> {
    company.records.get(Resource::Deal, deal).map(|_| ()).ok_or_else(|| Refusal::not_found("Deal"))
}

/// Writes to a part of a deal, and brings the deal's value after it.
fn write(
    shared: &Shared,
    headers: &HeaderMap,
    resource: Resource,
    deal: i64,
    work: impl FnOnce(&mut Company, &Writer) -> Answer,
) -> Response {
    with_user(shared, headers, scopes(resource).1, |company: &mut Company, user: &User, now: &str| {
        check_deal(company, deal)?;
        let writer = Writer::new(company, user, now);
        let before = company.records.get(Resource::Deal, deal).cloned().unwrap_or_default();
        let answer = work(company, &writer)?;
        if resource != Resource::DealInstallment {
            rules::value_of_products(&mut company.records, deal, now);
            let after = company.records.get(Resource::Deal, deal).cloned().unwrap_or_default();
            if before != after {
                company.note(Resource::Deal, deal, user.id, before, after);
            }
        }
        Ok(answer)
    })
}

/// Creates a part of a deal.
fn add(company: &mut Company, resource: Resource, deal: i64, body: &Value, writer: &Writer) -> Result<Value, Refusal> {
    if resource == Resource::DealProduct && company.records.of_deal(resource, deal).len() >= MOST {
        return Err(Refusal::invalid("a deal can have 100 products at most"));
    }
    create(company, resource, body, &json!({ "deal_id": deal }), writer)
}

fn body_of(body: Option<Json<Value>>) -> Result<Value, Refusal> {
    Ok(body.ok_or_else(|| Refusal::invalid("the body must be JSON"))?.0)
}

async fn products_of_deals(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    with_user(&shared, &headers, scopes(Resource::DealProduct).0, |company, _, _| {
        let found = asked.deals()?.into_iter().flat_map(|deal| rows(company, Resource::DealProduct, deal)).collect();
        asked.page().answer(found)
    })
}

async fn products(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    Query(asked): Query<Asked>,
) -> Response {
    with_user(&shared, &headers, scopes(Resource::DealProduct).0, |company, _, _| {
        check_deal(company, deal)?;
        asked.page().answer(rows(company, Resource::DealProduct, deal))
    })
}

async fn add_product(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealProduct, deal, |company, writer| {
        Ok(one(StatusCode::CREATED, &add(company, Resource::DealProduct, deal, &body_of(body)?, writer)?))
    })
}

async fn add_products(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealProduct, deal, |company, writer| {
        let body = body_of(body)?;
        let bodies = body["data"].as_array().filter(|bodies| (1..=MOST).contains(&bodies.len()));
        let bodies = bodies.ok_or_else(|| Refusal::invalid("data must have 1 to 100 items"))?;
        let before = company.records.clone();
        let made: Result<Vec<Value>, Refusal> =
            bodies.iter().map(|body| add(company, Resource::DealProduct, deal, body, writer)).collect();
        if made.is_err() {
            company.records = before;
        }
        Ok(one(StatusCode::CREATED, &Value::Array(made?)))
    })
}

async fn change_product(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, i64)>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealProduct, deal, |company, writer| {
        Ok(one(StatusCode::OK, &change(company, Resource::DealProduct, part, &body_of(body)?, writer)?))
    })
}

async fn remove_product(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, i64)>,
) -> Response {
    write(&shared, &headers, Resource::DealProduct, deal, |company, _| {
        company.records.remove(Resource::DealProduct, part).ok_or_else(|| Refusal::not_found("Deal product"))?;
        Ok(one(StatusCode::OK, &json!({ "id": part })))
    })
}

async fn remove_products(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    Query(asked): Query<Asked>,
) -> Response {
    write(&shared, &headers, Resource::DealProduct, deal, |company, _| {
        let wanted: Option<Vec<i64>> =
            asked.ids.as_ref().map(|ids| ids.split(',').filter_map(|id| id.trim().parse().ok()).collect());
        let all = company.records.of_deal(Resource::DealProduct, deal).into_iter().map(|(id, _)| id);
        let ids: Vec<i64> = all.filter(|id| wanted.as_ref().is_none_or(|wanted| wanted.contains(id))).collect();
        for id in &ids {
            company.records.remove(Resource::DealProduct, *id);
        }
        Ok(Json(json!({ "success": true, "data": { "ids": ids }, "additional_data": { "more_items_in_collection": false } })).into_response())
    })
}

/// A discount's place, by its id, which is a text.
fn discount_at(company: &Company, deal: i64, id: &str) -> Result<i64, Refusal> {
    let rows = company.records.of_deal(Resource::DealDiscount, deal);
    let found = rows.into_iter().find(|(_, row)| row["id"] == json!(id)).map(|(at, _)| at);
    found.ok_or_else(|| Refusal::not_found("Discount"))
}

async fn discounts(State(shared): State<Shared>, headers: HeaderMap, Path(deal): Path<i64>) -> Response {
    with_user(&shared, &headers, scopes(Resource::DealDiscount).0, |company, _, _| {
        check_deal(company, deal)?;
        Ok(one(StatusCode::OK, &Value::Array(rows(company, Resource::DealDiscount, deal))))
    })
}

async fn add_discount(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealDiscount, deal, |company, writer| {
        Ok(one(StatusCode::CREATED, &add(company, Resource::DealDiscount, deal, &body_of(body)?, writer)?))
    })
}

async fn change_discount(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, String)>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealDiscount, deal, |company, writer| {
        let at = discount_at(company, deal, &part)?;
        Ok(one(StatusCode::OK, &change(company, Resource::DealDiscount, at, &body_of(body)?, writer)?))
    })
}

async fn remove_discount(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, String)>,
) -> Response {
    write(&shared, &headers, Resource::DealDiscount, deal, |company, _| {
        let at = discount_at(company, deal, &part)?;
        company.records.remove(Resource::DealDiscount, at);
        Ok(one(StatusCode::OK, &json!({ "id": part })))
    })
}

async fn installments(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    with_user(&shared, &headers, scopes(Resource::DealInstallment).0, |company, _, _| {
        let found =
            asked.deals()?.into_iter().flat_map(|deal| rows(company, Resource::DealInstallment, deal)).collect();
        asked.page().answer(found)
    })
}

async fn add_installment(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(deal): Path<i64>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealInstallment, deal, |company, writer| {
        if company.records.of_deal(Resource::DealProduct, deal).is_empty() {
            return Err(Refusal::invalid("installments need at least one product on the deal"));
        }
        Ok(one(StatusCode::OK, &add(company, Resource::DealInstallment, deal, &body_of(body)?, writer)?))
    })
}

async fn change_installment(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, i64)>,
    body: Option<Json<Value>>,
) -> Response {
    write(&shared, &headers, Resource::DealInstallment, deal, |company, writer| {
        Ok(one(StatusCode::OK, &change(company, Resource::DealInstallment, part, &body_of(body)?, writer)?))
    })
}

async fn remove_installment(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((deal, part)): Path<(i64, i64)>,
) -> Response {
    write(&shared, &headers, Resource::DealInstallment, deal, |company, _| {
        company.records.remove(Resource::DealInstallment, part).ok_or_else(|| Refusal::not_found("Installment"))?;
        Ok(one(StatusCode::OK, &json!({ "id": part })))
    })
}

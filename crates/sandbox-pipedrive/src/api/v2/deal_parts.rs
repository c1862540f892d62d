//! Parts of a deal: products, discounts and installments.

use super::list::{ids, sorted};
use crate::{
    actions,
    api::{
        answer::{Answer, Body, Page, Refusal, data_response},
        caller::Caller,
    },
    company::Company,
    records::{Resource, is_id},
    shared::Shared,
    writer::Writer,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, patch, post},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

/// Upper bound for the products of a deal, and for the products that one call adds.
const MAX_PRODUCTS: usize = 100;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals/products", get(products_of_deals))
        .route("/deals/{id}/products", get(products).post(add_product).delete(remove_products))
        .route("/deals/{id}/products/bulk", post(add_products))
        .route("/deals/{id}/products/{part}", member(Resource::DealProduct))
        .route("/deals/{id}/discounts", get(discounts).post(add_discount))
        .route("/deals/{id}/discounts/{part}", member(Resource::DealDiscount))
        .route("/deals/installments", get(installments))
        .route("/deals/{id}/installments", post(add_installment))
        .route("/deals/{id}/installments/{part}", member(Resource::DealInstallment))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    cursor: Option<String>,
    limit: Option<String>,
    deal_ids: Vec<String>,
    ids: Vec<String>,
    sort_by: Option<String>,
    sort_direction: Option<String>,
}

impl Params {
    fn deals(&self) -> Result<Vec<i64>, Refusal> {
        let ids = ids(&self.deal_ids);
        if ids.is_empty() || ids.len() > MAX_PRODUCTS {
            Err(Refusal::invalid("deal_ids must have 1 to 100 items"))
        } else {
            Ok(ids)
        }
    }

    fn answer(&self, rows: Vec<Value>) -> Answer {
        let allowed = ["id", "add_time", "update_time", "order_nr", "deal_id", "billing_date"];
        let page = Page { cursor: self.cursor.clone(), limit: self.limit.clone() };
        page.answer(sorted(rows, self.sort_by.as_deref(), self.sort_direction.as_deref(), &allowed)?)
    }
}

fn rows(company: &Company, resource: Resource, deal: i64) -> Vec<Value> {
    company.records.parts_of_deal(resource, deal).into_iter().map(|(_, row)| row.clone()).collect()
}

/// Lists the parts of those deals that the user may see.
fn parts_of_deals(company: &Company, writer: &Writer, resource: Resource, deals: &[i64]) -> Vec<Value> {
    deals
        .iter()
        .filter(|deal| actions::find_visible(company, &writer.user, Resource::Deal, **deal).is_ok())
        .flat_map(|deal| rows(company, resource, *deal))
        .collect()
}

/// Changes a part of a deal, and updates the deal's value.
pub(in crate::api) fn change_parts(
    shared: &Shared,
    caller: &Caller,
    resource: Resource,
    deal: i64,
    work: impl FnOnce(&mut Company, &Writer) -> Answer,
) -> Response {
    caller.with_company(shared, |company, writer| actions::change_parts(company, resource, deal, writer, work))
}

/// Adds a part to a deal.
pub(in crate::api) fn add_part(
    company: &mut Company,
    resource: Resource,
    deal: i64,
    body: &Value,
    writer: &Writer,
) -> Result<Value, Refusal> {
    if resource == Resource::DealProduct && company.records.parts_of_deal(resource, deal).len() >= MAX_PRODUCTS {
        return Err(Refusal::invalid("a deal can have 100 products at most"));
    }
    Ok(actions::create_part(company, resource, body, &json!({ "deal_id": deal }), writer)?)
}

/// Returns the key of a deal's part. Its id is a number, or a text for discounts.
pub(in crate::api) fn find_part_key(
    company: &Company,
    resource: Resource,
    deal: i64,
    id: &str,
) -> Result<i64, Refusal> {
    let rows = company.records.parts_of_deal(resource, deal);
    let found = rows.into_iter().find(|(_, row)| row["id"].as_str() == Some(id) || is_id(&row["id"], id));
    found.map(|(at, _)| at).ok_or_else(|| Refusal::not_found(&resource.name()))
}

/// Routes that change and remove one part of a deal.
fn member(resource: Resource) -> MethodRouter<Shared> {
    patch(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path((deal, id)): Path<(i64, String)>,
                    Body(body): Body|
                    -> Response {
            change_parts(&shared, &caller, resource, deal, |company, writer| {
                let at = find_part_key(company, resource, deal, &id)?;
                Ok(data_response(StatusCode::OK, &actions::change(company, resource, at, &body, writer)?))
            })
        },
    )
    .delete(
        async move |State(shared): State<Shared>, caller: Caller, Path((deal, id)): Path<(i64, String)>| -> Response {
            change_parts(&shared, &caller, resource, deal, |company, _| {
                let at = find_part_key(company, resource, deal, &id)?;
                let row = company.records.remove(resource, at).unwrap_or_default();
                Ok(data_response(StatusCode::OK, &json!({ "id": row["id"] })))
            })
        },
    )
}

async fn products_of_deals(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        params.answer(parts_of_deals(company, writer, Resource::DealProduct, &params.deals()?))
    })
}

async fn products(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Query(params): Query<Params>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        params.answer(rows(company, Resource::DealProduct, deal))
    })
}

async fn add_product(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Body(body): Body,
) -> Response {
    change_parts(&shared, &caller, Resource::DealProduct, deal, |company, writer| {
        Ok(data_response(StatusCode::CREATED, &add_part(company, Resource::DealProduct, deal, &body, writer)?))
    })
}

async fn add_products(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Body(body): Body,
) -> Response {
    change_parts(&shared, &caller, Resource::DealProduct, deal, |company, writer| {
        let bodies = body["data"].as_array().filter(|bodies| (1..=MAX_PRODUCTS).contains(&bodies.len()));
        let bodies = bodies.ok_or_else(|| Refusal::invalid("data must have 1 to 100 items"))?;
        let before = company.records.clone();
        let created: Result<Vec<Value>, Refusal> =
            bodies.iter().map(|body| add_part(company, Resource::DealProduct, deal, body, writer)).collect();
        if created.is_err() {
            company.records = before;
        }
        Ok(data_response(StatusCode::CREATED, &Value::Array(created?)))
    })
}

async fn remove_products(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Query(params): Query<Params>,
) -> Response {
    change_parts(&shared, &caller, Resource::DealProduct, deal, |company, _| {
        let wanted = ids(&params.ids);
        let all = company.records.parts_of_deal(Resource::DealProduct, deal).into_iter().map(|(id, _)| id);
        let ids: Vec<i64> = all.filter(|id| params.ids.is_empty() || wanted.contains(id)).collect();
        for id in &ids {
            company.records.remove(Resource::DealProduct, *id);
        }
        Ok(Json(json!({ "success": true, "data": { "ids": ids }, "additional_data": { "more_items_in_collection": false } })).into_response())
    })
}

async fn discounts(State(shared): State<Shared>, caller: Caller, Path(deal): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        Ok(data_response(StatusCode::OK, &Value::Array(rows(company, Resource::DealDiscount, deal))))
    })
}

async fn add_discount(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Body(body): Body,
) -> Response {
    change_parts(&shared, &caller, Resource::DealDiscount, deal, |company, writer| {
        Ok(data_response(StatusCode::CREATED, &add_part(company, Resource::DealDiscount, deal, &body, writer)?))
    })
}

async fn installments(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        params.answer(parts_of_deals(company, writer, Resource::DealInstallment, &params.deals()?))
    })
}

async fn add_installment(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Body(body): Body,
) -> Response {
    change_parts(&shared, &caller, Resource::DealInstallment, deal, |company, writer| {
        if company.records.parts_of_deal(Resource::DealProduct, deal).is_empty() {
            return Err(Refusal::invalid("installments need at least one product on the deal"));
        }
        Ok(data_response(StatusCode::OK, &add_part(company, Resource::DealInstallment, deal, &body, writer)?))
    })
}

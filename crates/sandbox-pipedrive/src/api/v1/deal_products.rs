//! The products of a deal at their old addresses.

use super::{
    bodies::to_v2,
    shapes::{self, References, time},
};
use crate::{
    actions,
    api::{
        answer::{Body, V1Page, data_response},
        caller::Caller,
        v2::deal_parts,
    },
    company::Company,
    records::Resource,
    rules::insert_missing,
    shared::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use axum_extra::extract::Query;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals/{id}/products", get(products).post(add_product))
        .route("/deals/{id}/products/{part}", put(change_product).delete(remove_product))
}

/// Converts a product of a deal to v1.
fn to_v1(company: &Company, row: &Value) -> Value {
    let product = company.records.linked(Resource::Product, &row["product_id"]);
    let mut converted = row.clone();
    insert_missing(
        &mut converted,
        &json!({
            "product_attachment_id": row["id"], "item_price": row["item_price"], "enabled_flag": row["is_enabled"], "active_flag": true, "company_id": company.id,
            "discount_percentage": if row["discount_type"] == json!("percentage") { row["discount"].clone() } else { json!(0) }, "duration": 1,
            "sum_formatted": "", "quantity_formatted": row["quantity"].to_string(), "product": null, "last_edit": null,
        }),
    );
    converted["add_time"] = time(&row["add_time"]);
    converted["update_time"] = time(&row["update_time"]);
    if !product.is_null() {
        converted["product"] = shapes::to_v1(company, Resource::Product, product, References::Ids);
    }
    converted
}

async fn products(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        let rows: Vec<Value> = company
            .records
            .parts_of_deal(Resource::DealProduct, deal)
            .into_iter()
            .map(|(_, row)| to_v1(company, row))
            .collect();
        let (rows, pagination) = page.slice(rows)?;
        let data = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
        Ok(Json(json!({ "success": true, "data": data, "additional_data": { "pagination": pagination } }))
            .into_response())
    })
}

fn body_to_v2(company: &Company, body: &Value) -> Value {
    let mut body = body.clone();
    let discount = body["discount_percentage"].clone();
    if !discount.is_null() && body["discount"].is_null() {
        body["discount"] = discount;
    }
    if !body["enabled_flag"].is_null() {
        body["is_enabled"] = body["enabled_flag"].clone();
    }
    to_v2(company, Resource::DealProduct, &body)
}

async fn add_product(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Body(body): Body,
) -> Response {
    deal_parts::change_parts(&shared, &caller, Resource::DealProduct, deal, |company, writer| {
        let row = deal_parts::add_part(company, Resource::DealProduct, deal, &body_to_v2(company, &body), writer)?;
        Ok(data_response(StatusCode::CREATED, &to_v1(company, &row)))
    })
}

async fn change_product(
    State(shared): State<Shared>,
    caller: Caller,
    Path((deal, id)): Path<(i64, String)>,
    Body(body): Body,
) -> Response {
    deal_parts::change_parts(&shared, &caller, Resource::DealProduct, deal, |company, writer| {
        let at = deal_parts::find_part_key(company, Resource::DealProduct, deal, &id)?;
        let row = actions::change(company, Resource::DealProduct, at, &body_to_v2(company, &body), writer)?;
        Ok(data_response(StatusCode::OK, &to_v1(company, &row)))
    })
}

async fn remove_product(
    State(shared): State<Shared>,
    caller: Caller,
    Path((deal, id)): Path<(i64, String)>,
) -> Response {
    deal_parts::change_parts(&shared, &caller, Resource::DealProduct, deal, |company, _| {
        let at = deal_parts::find_part_key(company, Resource::DealProduct, deal, &id)?;
        company.records.remove(Resource::DealProduct, at);
        Ok(data_response(StatusCode::OK, &json!({ "id": at, "product_attachment_id": at })))
    })
}

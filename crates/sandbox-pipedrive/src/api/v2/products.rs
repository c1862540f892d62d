//! Variations and the image of a product, and copies of products.

use crate::{
    actions,
    api::{
        answer::{Body, Page, Refusal, data_response},
        caller::Caller,
    },
    records::Resource,
    rules,
    shared::Shared,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, patch, post},
};
use axum_extra::extract::Query;
use sandbox_core::multipart;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/products/{id}/variations", get(variations).post(add_variation))
        .route("/products/{id}/variations/{part}", patch(change_variation).delete(remove_variation))
        .route("/products/{id}/images", get(image).post(set_image).put(set_image).delete(remove_image))
        .route("/products/{id}/duplicate", post(duplicate))
}

async fn variations(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Product, id)?;
        page.answer(
            company.records.find_by(Resource::Variation, "product_id", id).map(|(_, row)| row.clone()).collect(),
        )
    })
}

/// Fills in a variation's prices.
fn prices(id: i64, prices_body: &Value) -> Value {
    let prices = prices_body.as_array().into_iter().flatten().map(|price| {
        let mut price = price.clone();
        rules::insert_missing(&mut price, &json!({ "price": 0, "cost": 0, "direct_cost": null, "notes": "" }));
        price["product_variation_id"] = json!(id);
        price
    });
    prices.collect()
}

async fn add_variation(
    State(shared): State<Shared>,
    caller: Caller,
    Path(product): Path<i64>,
    Body(body): Body,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Product, product)?;
        actions::may_edit(&writer.user, Resource::Product, row)?;
        let name = body["name"]
            .as_str()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| Refusal::invalid("name is required"))?;
        let id = company.records.next_id(Resource::Variation);
        let row = json!({ "id": id, "name": name, "product_id": product, "prices": prices(id, &body["prices"]) });
        company.records.put(Resource::Variation, id, row.clone());
        Ok(data_response(StatusCode::CREATED, &row))
    })
}

async fn change_variation(
    State(shared): State<Shared>,
    caller: Caller,
    Path((product, part)): Path<(i64, i64)>,
    Body(body): Body,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Product, product)?;
        actions::may_edit(&writer.user, Resource::Product, row)?;
        let row = company.records.get_mut(Resource::Variation, part).filter(|row| row["product_id"] == json!(product));
        let row = row.ok_or_else(|| Refusal::not_found("Product variation"))?;
        if let Some(name) = body["name"].as_str() {
            row["name"] = json!(name);
        }
        if body["prices"].is_array() {
            row["prices"] = prices(part, &body["prices"]);
        }
        Ok(data_response(StatusCode::OK, row))
    })
}

async fn remove_variation(
    State(shared): State<Shared>,
    caller: Caller,
    Path((product, part)): Path<(i64, i64)>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Product, product)?;
        actions::may_edit(&writer.user, Resource::Product, row)?;
        company
            .records
            .get(Resource::Variation, part)
            .filter(|row| row["product_id"] == json!(product))
            .ok_or_else(|| Refusal::not_found("Product variation"))?;
        company.records.remove(Resource::Variation, part);
        Ok(data_response(StatusCode::OK, &json!({ "id": part })))
    })
}

async fn image(State(shared): State<Shared>, caller: Caller, Path(product): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Product, product)?;
        let found = company.records.find_by(Resource::Image, "product_id", product).next();
        Ok(data_response(StatusCode::OK, found.ok_or_else(|| Refusal::not_found("Image"))?.1))
    })
}

async fn set_image(
    State(shared): State<Shared>,
    caller: Caller,
    Path(product): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let api = shared.origins.api.clone();
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Product, product)?;
        actions::may_edit(&writer.user, Resource::Product, row)?;
        let part = multipart::parse_parts(&headers, &body).and_then(|parts| parts.into_iter().find(|part| part.name == "data"));
        let part = part.ok_or_else(|| Refusal::invalid("data is required"))?;
        if !part.content_type.starts_with("image/") {
            return Err(Refusal::invalid("data must be an image"));
        }
        let old: Vec<i64> = company.records.find_by(Resource::Image, "product_id", product).map(|(id, _)| id).collect();
        for id in old {
            company.records.remove(Resource::Image, id);
        }
        let id = company.records.next_id(Resource::Image);
        let row = json!({
            "id": id, "product_id": product, "company_id": company.id.to_string(), "public_url": format!("{api}/product-images/{id}"),
            "add_time": writer.now.get(..10), "mime_type": part.content_type, "name": part.file_name,
        });
        company.records.put(Resource::Image, id, row.clone());
        Ok(data_response(StatusCode::CREATED, &row))
    })
}

async fn remove_image(State(shared): State<Shared>, caller: Caller, Path(product): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Product, product)?;
        actions::may_edit(&writer.user, Resource::Product, row)?;
        let id = company.records.find_by(Resource::Image, "product_id", product).next().map(|(id, _)| id);
        let id = id.ok_or_else(|| Refusal::not_found("Image"))?;
        company.records.remove(Resource::Image, id);
        Ok(data_response(StatusCode::OK, &json!({ "id": id })))
    })
}

async fn duplicate(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let mut body = actions::find_visible(company, &writer.user, Resource::Product, id)?.clone();
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, value| {
                !value.is_null()
                    && !["id", "add_time", "update_time", "is_deleted", "label_ids"].contains(&name.as_str())
            });
        }
        for price in body["prices"].as_array_mut().into_iter().flatten() {
            price.as_object_mut().map(|price| price.remove("product_id"));
        }
        Ok(data_response(StatusCode::CREATED, &actions::create(company, Resource::Product, &body, writer)?))
    })
}

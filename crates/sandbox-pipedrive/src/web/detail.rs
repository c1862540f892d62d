//! The page of one deal, person or organization.

use super::{
    fields::{self, Input},
    format::{money, number, text},
    frame::{Frame, MessagePage, render_page, with_user},
    history::{self, Item},
    lists::{DealRow, deal_row},
};
use crate::{
    actions,
    app::{Extension, Kind},
    company::Company,
    records::Resource,
    shared::Shared,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use axum_extra::extract::CookieJar;
use sandbox_core::decimal::decimal;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deal/{id}", detail(Resource::Deal, "/deals"))
        .route("/person/{id}", detail(Resource::Person, "/persons"))
        .route("/organization/{id}", detail(Resource::Organization, "/organizations"))
}

/// A product of the deal.
struct Part {
    id: i64,
    name: String,
    price: String,
    quantity: String,
    discount: String,
    tax: String,
    sum: String,
    /// Values of the form that changes the product.
    raw: [String; 4],
    by_amount: bool,
}

/// Data that only the page of a deal has.
struct Deal {
    row: DealRow,
    /// Stages: id, name, and whether the deal has reached it.
    stages: Vec<(i64, String, bool)>,
    parts: Vec<Part>,
    /// Products that may be added: id, name and price.
    products: Vec<(i64, String, String)>,
    currency: String,
}

#[derive(Template)]
#[template(path = "pipedrive_detail.html")]
struct DetailPage<'a> {
    frame: Frame<'a>,
    word: &'static str,
    id: i64,
    title: String,
    subtitle: String,
    fields: Vec<fields::FieldView>,
    history: Vec<Item>,
    deal: Option<Deal>,
    /// Deals of a person or an organization.
    deals: Vec<DealRow>,
    panel: Option<&'a Extension>,
    modals: Vec<&'a Extension>,
    links: Vec<&'a Extension>,
    activity_types: Vec<(String, String)>,
}

fn detail(resource: Resource, here: &'static str) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, jar: CookieJar, Path(id): Path<i64>| -> Response {
        with_user(&shared, &jar, |company, user, installed| {
            let frame = Frame::new(&shared, company, user, installed, here);
            let words = frame.words;
            let Ok(row) = actions::find_visible(company, user, resource, id) else {
                let message = words.not_found.to_owned();
                return (StatusCode::NOT_FOUND, render_page(&MessagePage { frame, message })).into_response();
            };
            let name_of = |resource, member: &str| text(&company.records.linked(resource, &row[member])["name"]);
            let subtitle = match resource {
                Resource::Deal => [name_of(Resource::Organization, "org_id"), name_of(Resource::Person, "person_id")]
                    .into_iter()
                    .filter(|name| !name.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · "),
                Resource::Person => name_of(Resource::Organization, "org_id"),
                _ => text(&row["address"]["formatted_address"]),
            };
            let extensions = |kind| shared.app.extensions_on(kind, resource);
            let installed_extensions = |kind| extensions(kind).filter(|_| frame.installed()).collect();
            let deals_of_contact = || {
                company
                    .records
                    .find_by(Resource::Deal, resource.member(), id)
                    .filter(|(_, deal)| company.user_may_see(user, Resource::Deal, deal))
            };
            let detail = DetailPage {
                word: resource.word(),
                id,
                title: text(resource.label(row)),
                subtitle,
                fields: fields::list(company, resource, row, words),
                history: history::list_items(company, resource, id, user, words),
                deal: (resource == Resource::Deal).then(|| deal_section(company, row, &frame)),
                deals: if resource == Resource::Deal {
                    Vec::new()
                } else {
                    deals_of_contact().map(|(_, deal)| deal_row(company, deal, words)).collect()
                },
                panel: extensions(Kind::Panel).next(),
                modals: installed_extensions(Kind::Modal),
                links: installed_extensions(Kind::Link),
                activity_types: company
                    .records
                    .all(Resource::ActivityType)
                    .map(|(_, row)| (text(&row["key_string"]), text(&row["name"])))
                    .collect(),
                frame,
            };
            render_page(&detail)
        })
    })
}

fn deal_section(company: &Company, row: &Value, frame: &Frame<'_>) -> Deal {
    let words = frame.words;
    let currency = text(&row["currency"]);
    let stages = company.records.all(Resource::Stage).filter(|(_, stage)| stage["pipeline_id"] == row["pipeline_id"]);
    let stages: Vec<(i64, String)> = stages.map(|(id, stage)| (id, text(&stage["name"]))).collect();
    let reached = stages.iter().position(|(id, _)| row["stage_id"] == json!(id)).unwrap_or_default();
    let parts = company.records.parts_of_deal(Resource::DealProduct, row["id"].as_i64().unwrap_or_default());
    let parts = parts.into_iter().map(|(id, part)| {
        let by_amount = part["discount_type"] == json!("amount");
        let is_zero = |value: &Value| decimal(value).unwrap_or_default().is_zero();
        let raw = |name: &str| decimal(&part[name]).unwrap_or_default().normalize().to_string();
        Part {
            id,
            name: text(&part["name"]),
            price: money(&part["item_price"], &currency, words),
            quantity: number(&part["quantity"], words),
            discount: match (is_zero(&part["discount"]), by_amount) {
                (true, _) => "–".to_owned(),
                (false, true) => money(&part["discount"], &currency, words),
                (false, false) => format!("{} %", number(&part["discount"], words)),
            },
            tax: if is_zero(&part["tax"]) { "–".to_owned() } else { format!("{} %", number(&part["tax"], words)) },
            sum: money(&part["sum"], &currency, words),
            raw: ["item_price", "quantity", "discount", "tax"].map(raw),
            by_amount,
        }
    });
    let products = company.records.all(Resource::Product).map(|(id, product)| {
        let price =
            product["prices"].as_array().into_iter().flatten().find(|price| price["currency"] == json!(currency));
        let price = price.and_then(|price| decimal(&price["price"])).unwrap_or_default();
        (id, text(&product["name"]), price.normalize().to_string())
    });
    Deal {
        row: deal_row(company, row, words),
        stages: stages.into_iter().enumerate().map(|(at, (id, name))| (id, name, at <= reached)).collect(),
        parts: parts.collect(),
        products: products.collect(),
        currency,
    }
}

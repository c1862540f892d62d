//! Rules of records: default values, consequences of changes, and checks beyond the schema.

use crate::{
    company::Company,
    records::{Records, Resource},
    writer::Writer,
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::{decimal, number, round};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Adds members that are absent.
pub(super) fn insert_missing(row: &mut Value, more: &Value) {
    if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
        for (key, value) in more {
            row.entry(key).or_insert_with(|| value.clone());
        }
    }
}

/// Members that refer to another record, with its kind.
const REFERENCES: [(&str, Resource); 6] = [
    ("person_id", Resource::Person),
    ("org_id", Resource::Organization),
    ("deal_id", Resource::Deal),
    ("product_id", Resource::Product),
    ("pipeline_id", Resource::Pipeline),
    ("stage_id", Resource::Stage),
];

/// Values of `visible_to`. 1: the owner and followers, 3: everyone. In companies with visibility groups, 5: the owner's
/// group, 7: the owner's group and the groups below it.
const VISIBLE_TO: [i64; 4] = [1, 3, 5, 7];

/// Refuses members that refer to a missing record.
pub(super) fn check_links(company: &Company, body: &Map<String, Value>) -> Result<(), String> {
    for (member, resource) in REFERENCES {
        if let Some(id) = body.get(member).and_then(Value::as_i64)
            && company.records.get(resource, id).is_none()
        {
            return Err(format!("{} not found: {member} {id}", resource.name()));
        }
    }
    if let Some(id) = body.get("product_variation_id").and_then(Value::as_i64)
        && company
            .records
            .get(Resource::Variation, id)
            .is_none_or(|row| body.get("product_id").is_some_and(|product| row["product_id"] != *product))
    {
        return Err(format!("Product variation not found: product_variation_id {id}"));
    }
    if let Some(visible_to) = body.get("visible_to")
        && !VISIBLE_TO.contains(&visible_to.as_i64().unwrap_or_default())
    {
        return Err("visible_to must be one of 1, 3, 5, 7".into());
    }
    match body.get("owner_id").and_then(Value::as_i64) {
        Some(id) if company.user(id).is_none() => Err(format!("User not found: owner_id {id}")),
        _ => Ok(()),
    }
}

/// Checks the title of a record. It is required in a new one and must not become empty.
pub(super) fn check_name(resource: Resource, body: &Map<String, Value>, new: bool) -> Result<(), String> {
    let member = match resource {
        Resource::Deal => "title",
        Resource::Person | Resource::Organization | Resource::Product | Resource::Pipeline | Resource::Stage => "name",
        _ => return Ok(()),
    };
    let empty = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
    match body.get(member) {
        None if new => Err(format!("{member} is required")),
        Some(value) if empty(value) => Err(format!("{member} must not be empty")),
        _ => Ok(()),
    }
}

/// Fills in the members that a new record has by default.
pub(super) fn fill_defaults(resource: Resource, id: i64, row: &mut Value, records: &Records, writer: &Writer) {
    let (now, owner) = (&writer.now, writer.user.id);
    row["id"] = json!(id);
    match resource {
        Resource::Deal | Resource::Person | Resource::Organization | Resource::Product => insert_missing(
            row,
            &json!({ "owner_id": owner, "add_time": now, "update_time": now, "is_deleted": false, "visible_to": 3, "label_ids": [], "custom_fields": {} }),
        ),
        Resource::DealDiscount => {
            row["id"] = json!(Uuid::new_v4().to_string());
            insert_missing(
                row,
                &json!({ "created_at": now, "created_by": owner, "updated_at": now, "updated_by": owner }),
            );
        }
        Resource::DealInstallment => {}
        _ => insert_missing(row, &json!({ "add_time": now, "update_time": now })),
    }
    match resource {
        Resource::Deal => fill_deal_defaults(row, records, writer),
        Resource::Person => {
            let name = row["name"].as_str().unwrap_or_default().to_owned();
            let (first, last) = name
                .split_once(' ')
                .map_or((name.clone(), Value::Null), |(first, last)| (first.to_owned(), json!(last)));
            insert_missing(
                row,
                &json!({ "first_name": first, "last_name": last, "org_id": null, "emails": [], "phones": [], "picture_id": null }),
            );
        }
        Resource::Organization => insert_missing(row, &json!({ "address": null })),
        Resource::Product => fill_product_defaults(id, row, writer),
        Resource::Activity => insert_missing(
            row,
            &json!({
                "subject": "Call", "type": "call", "owner_id": owner, "creator_user_id": owner, "is_deleted": false, "deal_id": null, "lead_id": null,
                "person_id": null, "org_id": null, "project_id": null, "due_date": null, "due_time": null, "duration": null, "busy": false, "done": false,
                "marked_as_done_time": null, "location": null, "participants": [], "attendees": [], "conference_meeting_client": null,
                "conference_meeting_url": null, "conference_meeting_id": null, "public_description": null, "priority": null, "note": null,
            }),
        ),
        Resource::Pipeline => {
            insert_missing(row, &json!({ "order_nr": id, "is_deleted": false, "is_deal_probability_enabled": false }));
        }
        Resource::Stage => {
            let before =
                records.all(Resource::Stage).filter(|(_, stage)| stage["pipeline_id"] == row["pipeline_id"]).count();
            insert_missing(
                row,
                &json!({ "order_nr": before + 1, "is_deleted": false, "deal_probability": 100, "is_deal_rot_enabled": false, "days_to_rotten": null }),
            );
        }
        Resource::DealProduct => {
            let deal = row["deal_id"].as_i64().unwrap_or_default();
            let name = records.linked(Resource::Product, &row["product_id"])["name"].clone();
            let currency = records.get(Resource::Deal, deal).map(|deal| deal["currency"].clone());
            let order = records.parts_of_deal(Resource::DealProduct, deal).len() + 1;
            insert_missing(
                row,
                &json!({
                    "name": name, "currency": currency, "product_variation_id": null, "order_nr": order, "is_enabled": true, "comments": "",
                    "discount": 0, "discount_type": "percentage", "tax": 0, "tax_method": "exclusive", "billing_frequency": "one-time",
                    "billing_frequency_cycles": null, "billing_start_date": null,
                }),
            );
            row["sum"] = row_sum(row);
        }
        _ => {}
    }
}

fn fill_deal_defaults(row: &mut Value, records: &Records, writer: &Writer) {
    let first_stage = || {
        let pipeline = row["pipeline_id"].as_i64().or_else(|| records.all(Resource::Pipeline).next().map(|(id, _)| id));
        let mut stages = records.all(Resource::Stage);
        stages.find(|(_, stage)| stage["pipeline_id"].as_i64() == pipeline).map(|(id, _)| id)
    };
    let stage = row["stage_id"].as_i64().or_else(first_stage);
    let pipeline =
        stage.and_then(|stage| records.get(Resource::Stage, stage)).map(|stage| stage["pipeline_id"].clone());
    row["stage_id"] = json!(stage);
    row["pipeline_id"] = json!(pipeline);
    insert_missing(
        row,
        &json!({
            "status": "open", "value": 0, "currency": writer.currency, "creator_user_id": writer.user.id, "person_id": null, "org_id": null,
            "archive_time": null, "stage_change_time": writer.now, "is_archived": false, "probability": null, "lost_reason": null,
            "close_time": null, "won_time": null, "lost_time": null, "local_won_date": null, "local_lost_date": null, "local_close_date": null,
            "expected_close_date": null, "origin": "ManuallyCreated", "origin_id": null, "channel": null, "channel_id": null, "acv": null,
            "arr": null, "mrr": null,
        }),
    );
    update_closing_times(row, &writer.now);
}

/// Sets the times at which a deal was won, lost or closed, and clears those that do not match its status.
fn update_closing_times(row: &mut Value, now: &str) {
    let (won, lost) = (row["status"] == json!("won"), row["status"] == json!("lost"));
    for (member, is_set) in [("won_time", won), ("lost_time", lost), ("close_time", won || lost)] {
        if !is_set {
            row[member] = Value::Null;
        } else if row[member].is_null() {
            row[member] = json!(now);
        }
    }
}

fn fill_product_defaults(id: i64, row: &mut Value, writer: &Writer) {
    insert_missing(
        row,
        &json!({
            "code": null, "description": null, "unit": null, "tax": 0, "category": null, "is_linkable": true, "billing_frequency": "one-time",
            "billing_frequency_cycles": null, "prices": [{ "price": 0, "currency": writer.currency }],
        }),
    );
    for price in row["prices"].as_array_mut().into_iter().flatten() {
        insert_missing(
            price,
            &json!({ "product_id": id, "price": 0, "currency": writer.currency, "cost": 0, "direct_cost": null, "notes": "" }),
        );
    }
}

/// Applies a change to a record, with its consequences.
pub(super) fn apply_change(
    resource: Resource,
    row: &mut Value,
    body: Map<String, Value>,
    records: &Records,
    writer: &Writer,
) {
    let stage = row["stage_id"].clone();
    for (member, value) in body {
        if member == "custom_fields" {
            for (code, value) in value.as_object().into_iter().flatten() {
                row["custom_fields"][code.as_str()] = value.clone();
            }
        } else {
            row[member.as_str()] = value;
        }
    }
    match resource {
        Resource::Deal => {
            if row["stage_id"] != stage {
                row["stage_change_time"] = json!(writer.now);
                row["pipeline_id"] = records.linked(Resource::Stage, &row["stage_id"])["pipeline_id"].clone();
            }
            update_closing_times(row, &writer.now);
            if row["is_archived"] != json!(true) {
                row["archive_time"] = Value::Null;
            } else if row["archive_time"].is_null() {
                row["archive_time"] = json!(writer.now);
            }
        }
        Resource::DealProduct => {
            row["name"] = records.linked(Resource::Product, &row["product_id"])["name"].clone();
            row["sum"] = row_sum(row);
        }
        Resource::Activity if row["done"] == json!(true) && row["marked_as_done_time"].is_null() => {
            row["marked_as_done_time"] = json!(writer.now);
        }
        _ => {}
    }
    let (time, by) =
        if resource == Resource::DealDiscount { ("updated_at", Some("updated_by")) } else { ("update_time", None) };
    if resource != Resource::DealInstallment {
        row[time] = json!(writer.now);
    }
    if let Some(by) = by {
        row[by] = json!(writer.user.id);
    }
}

/// Updates the value of a deal with products: the sum of the products minus the deal's discounts.
pub(super) fn update_deal_value(records: &mut Records, deal: i64, now: &str) {
    let rows = records.parts_of_deal(Resource::DealProduct, deal);
    if rows.is_empty() {
        return;
    }
    let sum: Decimal = rows
        .iter()
        .filter(|(_, row)| row["is_enabled"] != json!(false))
        .filter_map(|(_, row)| decimal(&row["sum"]))
        .sum();
    let mut discounts = Decimal::ZERO;
    for (_, discount) in records.parts_of_deal(Resource::DealDiscount, deal) {
        let amount = decimal(&discount["amount"]).unwrap_or_default();
        discounts += if discount["type"] == json!("percentage") { sum * amount / dec!(100) } else { amount };
    }
    if let Some(row) = records.get_mut(Resource::Deal, deal) {
        row["value"] = number(round((sum - discounts).max(Decimal::ZERO), decimals(&row["currency"])));
        row["update_time"] = json!(now);
    }
}

/// Computes the sum of a row with its discount, and with tax if the price excludes it.
fn row_sum(row: &Value) -> Value {
    let amount = |name: &str| decimal(&row[name]).unwrap_or_default();
    let gross = amount("item_price") * amount("quantity");
    let discount = if row["discount_type"] == json!("amount") {
        amount("discount")
    } else {
        gross * amount("discount") / dec!(100)
    };
    let tax = if row["tax_method"] == json!("exclusive") { amount("tax") } else { Decimal::ZERO };
    number(round((gross - discount) * (dec!(100) + tax) / dec!(100), decimals(&row["currency"])))
}

/// Returns the number of decimals of sums in a currency: two, or three if the currency has them.
fn decimals(currency: &Value) -> u32 {
    let exponent = currency.as_str().and_then(Currency::from_code).and_then(Currency::exponent);
    exponent.map_or(2, u32::from).max(2)
}

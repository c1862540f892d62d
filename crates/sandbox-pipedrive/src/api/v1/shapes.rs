//! Conversion of records to v1: flat custom fields, times without a zone, names and counts with ids, ids as objects.

use crate::{company::Company, fields, records::Resource, rules::insert_missing, users::User, writer::v1_time};
use rust_decimal::dec;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Map, Value, json};

/// Form of a reference to a record: the id, or an object with the id in `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    Ids,
    Objects,
}

/// Converts a record of v2 to v1.
pub(super) fn to_v1(company: &Company, resource: Resource, row: &Value, references: References) -> Value {
    let mut converted = match resource {
        Resource::Deal => deal(company, row, references),
        Resource::Person => person(company, row, references),
        Resource::Organization => organization(company, row, references),
        Resource::Product => product(company, row, references),
        Resource::Activity => activity(company, row),
        Resource::Pipeline => json!({
            "id": row["id"], "name": row["name"], "url_title": row["name"], "order_nr": row["order_nr"], "active": row["is_deleted"] != json!(true),
            "deal_probability": row["is_deal_probability_enabled"], "selected": row["id"] == json!(1),
        }),
        Resource::Stage => json!({
            "id": row["id"], "order_nr": row["order_nr"], "name": row["name"], "active_flag": row["is_deleted"] != json!(true),
            "deal_probability": row["deal_probability"], "pipeline_id": row["pipeline_id"], "rotten_flag": row["is_deal_rot_enabled"],
            "rotten_days": row["days_to_rotten"], "pipeline_name": company.records.linked(Resource::Pipeline, &row["pipeline_id"])["name"],
        }),
        _ => row.clone(),
    };
    for member in ["add_time", "update_time"] {
        converted[member] = time(&row[member]);
    }
    if let (Some(converted), Some(values)) = (converted.as_object_mut(), row["custom_fields"].as_object()) {
        for field in fields::custom_fields(company, resource) {
            let code = field["field_code"].as_str().unwrap_or_default();
            add_custom_field(company, converted, field, values.get(code).unwrap_or(&Value::Null));
        }
    }
    converted
}

/// Converts a time to v1.
pub(super) fn time(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |text| json!(v1_time(text)))
}

/// Adds a custom field, with its parts as members.
fn add_custom_field(company: &Company, converted: &mut Map<String, Value>, field: &Value, value: &Value) {
    let code = field["field_code"].as_str().unwrap_or_default();
    let parts = fields::sub_members(field["field_type"].as_str().unwrap_or_default());
    if let Some((first, rest)) = parts.split_first() {
        converted.insert(code.into(), value[*first].clone());
        for part in rest {
            converted.insert(format!("{code}_{part}"), value[*part].clone());
        }
        return;
    }
    let value = match (field["field_type"].as_str().unwrap_or_default(), value) {
        (_, Value::Null) => Value::Null,
        ("set", Value::Array(ids)) => json!(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        ("enum", id) => json!(id.to_string()),
        ("org", id) => organization_object(company, id),
        ("people", id) => person_object(company, id),
        ("user", id) => user_object(company, id),
        (_, value) => value.clone(),
    };
    converted.insert(code.into(), value);
}

fn record_name(company: &Company, resource: Resource, id: &Value) -> Value {
    resource.label(company.records.linked(resource, id)).clone()
}

fn find_user<'a>(company: &'a Company, id: &Value) -> Option<&'a User> {
    company.user(id.as_i64()?)
}

fn user_object(company: &Company, id: &Value) -> Value {
    find_user(company, id).map_or(
        Value::Null,
        |user| json!({ "id": user.id, "name": user.name, "email": user.email, "has_pic": 0, "pic_hash": null, "active_flag": user.active, "value": user.id }),
    )
}

pub(super) fn person_object(company: &Company, id: &Value) -> Value {
    let row = company.records.linked(Resource::Person, id);
    if row.is_null() {
        return Value::Null;
    }
    json!({
        "active_flag": true, "name": row["name"], "email": row["emails"], "phone": row["phones"], "owner_id": row["owner_id"], "company_id": company.id,
        "value": id,
    })
}

fn organization_object(company: &Company, id: &Value) -> Value {
    let row = company.records.linked(Resource::Organization, id);
    if row.is_null() {
        return Value::Null;
    }
    let people = company.records.find_by(Resource::Person, "org_id", id.as_i64().unwrap_or_default()).count();
    json!({
        "name": row["name"], "people_count": people, "owner_id": row["owner_id"], "address": row["address"]["value"], "label_ids": row["label_ids"],
        "active_flag": true, "cc_email": format!("{}@pipedrivemail.com", company.domain), "value": id,
    })
}

/// Counts the matching records of a kind that refer to this one.
pub(super) fn count(
    company: &Company,
    kind: Resource,
    by: Resource,
    row: &Value,
    matches: impl Fn(&Value) -> bool,
) -> usize {
    company
        .records
        .find_by(kind, by.member(), row["id"].as_i64().unwrap_or_default())
        .filter(|(_, row)| matches(row))
        .count()
}

/// Returns the counts that deals, persons and organizations share.
fn counts(company: &Company, resource: Resource, row: &Value) -> Value {
    let count = |kind: Resource, matches: &dyn Fn(&Value) -> bool| count(company, kind, resource, row, matches);
    let done = |row: &Value| row["done"] == json!(true);
    let deals = |status: &'static str| count(Resource::Deal, &|row| row["status"] == json!(status));
    let mut next: Vec<&Value> = company
        .records
        .find_by(Resource::Activity, resource.member(), row["id"].as_i64().unwrap_or_default())
        .map(|(_, row)| row)
        .filter(|row| !done(row))
        .collect();
    next.sort_by_key(|row| row["due_date"].as_str().unwrap_or("9999").to_owned());
    let next = next.first().copied().unwrap_or(&Value::Null);
    let mut counts = json!({
        "files_count": count(Resource::File, &|_| true), "notes_count": count(Resource::Note, &|_| true), "followers_count": count(Resource::Follower, &|_| true),
        "email_messages_count": 0, "activities_count": count(Resource::Activity, &|_| true), "done_activities_count": count(Resource::Activity, &done),
        "undone_activities_count": count(Resource::Activity, &|row| !done(row)), "last_incoming_mail_time": null, "last_outgoing_mail_time": null,
        "next_activity_id": next["id"], "next_activity_date": next["due_date"], "next_activity_time": next["due_time"], "last_activity_id": null,
        "last_activity_date": null,
    });
    if resource != Resource::Deal {
        let (won, lost) = (deals("won"), deals("lost"));
        let more = json!({
            "open_deals_count": deals("open"), "related_open_deals_count": 0, "closed_deals_count": won + lost, "related_closed_deals_count": 0,
            "won_deals_count": won, "related_won_deals_count": 0, "lost_deals_count": lost, "related_lost_deals_count": 0,
        });
        insert_missing(&mut counts, &more);
    }
    counts
}

fn with_counts(company: &Company, resource: Resource, row: &Value, mut converted: Value) -> Value {
    insert_missing(&mut converted, &counts(company, resource, row));
    converted
}

/// Returns the first label, as v1 has only one in `label`. `label_ids` has all of them.
fn first_label(row: &Value) -> Value {
    row["label_ids"].as_array().and_then(|ids| ids.first()).cloned().unwrap_or_default()
}

fn format_amount(value: &Value, currency: &Value) -> String {
    let currency = currency.as_str().unwrap_or_default();
    let symbol =
        iso_currency::Currency::from_code(currency).map(|currency| currency.symbol().to_string()).unwrap_or_default();
    format!("{symbol}{}", decimal(value).unwrap_or_default().normalize())
}

fn deal(company: &Company, row: &Value, references: References) -> Value {
    let objects = references == References::Objects;
    let stage = company.records.linked(Resource::Stage, &row["stage_id"]);
    let open = row["status"] == json!("open");
    let linked_name = |resource, member: &str| record_name(company, resource, &row[member]);
    let weighted = decimal(&row["probability"]).map_or_else(
        || row["value"].clone(),
        |percent| number(decimal(&row["value"]).unwrap_or_default() * percent / dec!(100)),
    );
    let mut converted = json!({
        "id": row["id"],
        "creator_user_id": if objects { user_object(company, &row["creator_user_id"]) } else { row["creator_user_id"].clone() },
        "user_id": if objects { user_object(company, &row["owner_id"]) } else { row["owner_id"].clone() },
        "person_id": if objects { person_object(company, &row["person_id"]) } else { row["person_id"].clone() },
        "org_id": if objects { organization_object(company, &row["org_id"]) } else { row["org_id"].clone() },
        "stage_id": row["stage_id"], "title": row["title"], "value": row["value"], "currency": row["currency"],
        "stage_change_time": time(&row["stage_change_time"]), "active": open && row["is_deleted"] != json!(true), "deleted": row["is_deleted"],
        "is_archived": row["is_archived"], "archive_time": time(&row["archive_time"]), "status": row["status"], "probability": row["probability"],
        "lost_reason": row["lost_reason"], "visible_to": row["visible_to"].to_string(), "close_time": time(&row["close_time"]),
        "pipeline_id": row["pipeline_id"], "won_time": time(&row["won_time"]), "first_won_time": time(&row["won_time"]),
        "lost_time": time(&row["lost_time"]), "expected_close_date": row["expected_close_date"], "label": first_label(row).as_i64().map(|id| id.to_string()),
        "label_ids": row["label_ids"], "local_won_date": row["local_won_date"], "local_lost_date": row["local_lost_date"],
        "local_close_date": row["local_close_date"], "origin": row["origin"], "origin_id": row["origin_id"], "channel": row["channel"],
        "channel_id": row["channel_id"], "arr": row["arr"], "mrr": row["mrr"], "acv": row["acv"],
    });
    let more = json!({
        "stage_order_nr": stage["order_nr"], "products_count": count(company, Resource::DealProduct, Resource::Deal, row, |_| true),
        "participants_count": count(company, Resource::Participant, Resource::Deal, row, |_| true),
        "person_name": linked_name(Resource::Person, "person_id"), "org_name": linked_name(Resource::Organization, "org_id"),
        "owner_name": find_user(company, &row["owner_id"]).map(|user| &user.name), "next_activity_subject": null, "next_activity_type": null,
        "next_activity_duration": null, "next_activity_note": null, "formatted_value": format_amount(&row["value"], &row["currency"]),
        "weighted_value": weighted, "formatted_weighted_value": format_amount(&weighted, &row["currency"]), "weighted_value_currency": row["currency"],
        "rotten_time": null, "cc_email": format!("{}+deal{}@pipedrivemail.com", company.domain, row["id"]), "org_hidden": false, "person_hidden": false,
    });
    insert_missing(&mut converted, &more);
    with_counts(company, Resource::Deal, row, converted)
}

fn person(company: &Company, row: &Value, references: References) -> Value {
    let objects = references == References::Objects;
    let name = row["name"].as_str().unwrap_or_default();
    let list = |value: &Value| match value.as_array() {
        Some(entries) if !entries.is_empty() => value.clone(),
        _ => json!([{ "value": "", "primary": true }]),
    };
    let email = row["emails"].as_array().into_iter().flatten().find(|email| email["primary"] == json!(true));
    let converted = json!({
        "id": row["id"], "company_id": company.id,
        "owner_id": if objects { user_object(company, &row["owner_id"]) } else { row["owner_id"].clone() },
        "org_id": if objects { organization_object(company, &row["org_id"]) } else { row["org_id"].clone() },
        "name": name, "first_name": row["first_name"], "last_name": row["last_name"], "active_flag": row["is_deleted"] != json!(true),
        "email": list(&row["emails"]), "phone": list(&row["phones"]), "primary_email": email.map(|email| &email["value"]),
        "first_char": name.to_lowercase().chars().next().map(String::from), "visible_to": row["visible_to"].to_string(), "picture_id": null, "label": first_label(row),
        "label_ids": row["label_ids"], "org_name": record_name(company, Resource::Organization, &row["org_id"]),
        "owner_name": find_user(company, &row["owner_id"]).map(|user| &user.name), "cc_email": format!("{}@pipedrivemail.com", company.domain),
        "participant_open_deals_count": 0, "participant_closed_deals_count": 0,
        "marketing_status": row.get("marketing_status").cloned().unwrap_or(json!("no_consent")),
    });
    with_counts(company, Resource::Person, row, converted)
}

fn organization(company: &Company, row: &Value, references: References) -> Value {
    let name = row["name"].as_str().unwrap_or_default();
    let mut converted = json!({
        "id": row["id"], "company_id": company.id,
        "owner_id": if references == References::Objects { user_object(company, &row["owner_id"]) } else { row["owner_id"].clone() },
        "name": name, "active_flag": row["is_deleted"] != json!(true), "first_char": name.to_lowercase().chars().next().map(String::from),
        "visible_to": row["visible_to"].to_string(), "picture_id": null, "label": first_label(row), "label_ids": row["label_ids"],
        "people_count": count(company, Resource::Person, Resource::Organization, row, |_| true), "country_code": null,
        "owner_name": find_user(company, &row["owner_id"]).map(|user| &user.name), "cc_email": format!("{}@pipedrivemail.com", company.domain),
        "address": row["address"]["value"],
    });
    for part in fields::sub_members("address").iter().filter(|part| **part != "value") {
        converted[format!("address_{part}")] = row["address"][*part].clone();
    }
    with_counts(company, Resource::Organization, row, converted)
}

fn product(company: &Company, row: &Value, references: References) -> Value {
    let prices = row["prices"].as_array().into_iter().flatten().enumerate().map(|(at, price)| {
        json!({
            "id": row["id"].as_i64().unwrap_or_default() * 100 + i64::try_from(at).unwrap_or_default(), "product_id": row["id"], "price": price["price"], "currency": price["currency"],
            "cost": price["cost"], "overhead_cost": price["direct_cost"],
        })
    });
    json!({
        "id": row["id"], "name": row["name"], "code": row["code"], "description": row["description"], "unit": row["unit"], "tax": row["tax"],
        "category": row["category"], "active_flag": row["is_deleted"] != json!(true), "selectable": row["is_linkable"],
        "first_char": row["name"].as_str().unwrap_or_default().to_lowercase().chars().next().map(String::from),
        "visible_to": row["visible_to"].to_string(),
        "owner_id": if references == References::Objects { user_object(company, &row["owner_id"]) } else { row["owner_id"].clone() },
        "files_count": null, "followers_count": count(company, Resource::Follower, Resource::Product, row, |_| true),
        "billing_frequency": row["billing_frequency"], "billing_frequency_cycles": row["billing_frequency_cycles"],
        "prices": prices.collect::<Vec<_>>(), "product_variations": company.records.find_by(Resource::Variation, "product_id", row["id"].as_i64().unwrap_or_default()).map(|(_, row)| row.clone()).collect::<Vec<_>>(),
    })
}

fn activity(company: &Company, row: &Value) -> Value {
    let linked_name = |resource, member: &str| record_name(company, resource, &row[member]);
    json!({
        "id": row["id"], "company_id": company.id, "user_id": row["owner_id"], "done": row["done"], "type": row["type"], "reference_type": null,
        "reference_id": null, "due_date": row["due_date"], "due_time": row["due_time"].as_str().unwrap_or(""), "duration": row["duration"].as_str().unwrap_or(""),
        "busy_flag": row["busy"], "marked_as_done_time": time(&row["marked_as_done_time"]), "subject": row["subject"], "public_description": row["public_description"],
        "location": row["location"]["value"], "org_id": row["org_id"], "person_id": row["person_id"], "deal_id": row["deal_id"], "lead_id": row["lead_id"],
        "project_id": row["project_id"], "active_flag": row["is_deleted"] != json!(true), "update_user_id": null, "note": row["note"],
        "created_by_user_id": row["creator_user_id"], "assigned_to_user_id": row["owner_id"], "participants": row["participants"], "attendees": row["attendees"],
        "conference_meeting_client": row["conference_meeting_client"], "conference_meeting_url": row["conference_meeting_url"],
        "conference_meeting_id": row["conference_meeting_id"], "org_name": linked_name(Resource::Organization, "org_id"), "person_name": linked_name(Resource::Person, "person_id"),
        "deal_title": linked_name(Resource::Deal, "deal_id"), "owner_name": find_user(company, &row["owner_id"]).map(|user| &user.name),
    })
}

/// Returns the records that rows refer to, as v1 lists them with the rows.
pub(super) fn related(company: &Company, rows: &[Value]) -> Value {
    let id_of = |value: &Value| value.as_i64().or_else(|| value["value"].as_i64());
    let mut related = json!({});
    for row in rows {
        for (member, kind) in [
            ("user_id", "user"),
            ("owner_id", "user"),
            ("creator_user_id", "user"),
            ("person_id", "person"),
            ("org_id", "organization"),
            ("deal_id", "deal"),
        ] {
            let Some(id) = id_of(&row[member]) else { continue };
            let id_value = json!(id);
            let mut object = match kind {
                "user" => user_object(company, &id_value),
                "person" => person_object(company, &id_value),
                "organization" => organization_object(company, &id_value),
                _ => {
                    let deal = company.records.linked(Resource::Deal, &id_value);
                    if deal.is_null() {
                        Value::Null
                    } else {
                        json!({ "title": deal["title"], "status": deal["status"], "value": deal["value"], "currency": deal["currency"], "stage_id": deal["stage_id"], "pipeline_id": deal["pipeline_id"] })
                    }
                }
            };
            if object.is_object() {
                object["id"] = id_value;
                object.as_object_mut().map(|object| object.remove("value").filter(|_| kind != "deal"));
                if kind == "deal" {
                    object["value"] = company.records.linked(Resource::Deal, &json!(id))["value"].clone();
                }
                related[kind][id.to_string()] = object;
            }
        }
    }
    related
}

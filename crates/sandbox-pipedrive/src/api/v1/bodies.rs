//! Conversion of v1 bodies to v2: other names, numbers as texts, flat custom fields.

use crate::{company::Company, fields, records::Resource, schema};
use sandbox_core::decimal::{decimal, number};
use serde_json::{Map, Value, json};

/// Returns the v2 name of a member.
fn v2_name(resource: Resource, name: &str) -> &str {
    match (resource, name) {
        (_, "user_id") => "owner_id",
        (Resource::Activity, "busy_flag") => "busy",
        (Resource::Product, "selectable") => "is_linkable",
        (Resource::Product, "active_flag") => "is_deleted",
        (Resource::Person, "email") => "emails",
        (Resource::Person, "phone") => "phones",
        (Resource::Pipeline, "deal_probability") => "is_deal_probability_enabled",
        (Resource::Stage, "rotten_flag") => "is_deal_rot_enabled",
        (Resource::Stage, "rotten_days") => "days_to_rotten",
        (_, "label") => "label_ids",
        (_, name) => name,
    }
}

/// Converts a body to v2. Members that v2 lacks are dropped, as v1 drops them.
pub(super) fn to_v2(company: &Company, resource: Resource, body: &Value) -> Value {
    let known = schema::members(resource);
    let mut v2 = Map::new();
    let mut custom = Map::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        if name.len() >= 40 && name.is_char_boundary(40) {
            set_custom_field(company, resource, &mut custom, name, value, body);
            continue;
        }
        let name = v2_name(resource, name);
        if known.contains(&name) {
            v2.insert(name.to_owned(), value_to_v2(name, value));
        }
    }
    if !custom.is_empty() {
        v2.insert("custom_fields".into(), Value::Object(custom));
    }
    Value::Object(v2)
}

fn value_to_v2(name: &str, value: &Value) -> Value {
    match name {
        "title" | "name" | "code" | "unit" | "subject" | "type" | "note" | "lost_reason" | "description"
        | "comments" => match value {
            Value::Number(number) => json!(number.to_string()),
            value => value.clone(),
        },
        "emails" | "phones" => contacts_to_v2(value),
        "label_ids" => match value {
            Value::Array(_) | Value::Null => value.clone(),
            value => json!([parse_number(value)]),
        },
        "address" | "location" if value.is_string() => json!({ "value": value }),
        "is_deleted" if value.is_boolean() || value.is_number() => json!(*value == json!(false) || *value == json!(0)),
        "done" | "busy" | "is_linkable" | "is_enabled" | "is_deal_rot_enabled" | "is_deal_probability_enabled" => {
            json!(
                matches!(value, Value::Bool(true))
                    || *value == json!(1)
                    || *value == json!("1")
                    || *value == json!("true")
            )
        }
        "won_time" | "lost_time" | "close_time" | "add_time" | "archive_time" => time_to_v2(value),
        "due_time"
        | "duration"
        | "expected_close_date"
        | "due_date"
        | "currency"
        | "status"
        | "tax_method"
        | "discount_type" => {
            if *value == json!("") {
                Value::Null
            } else {
                value.clone()
            }
        }
        "prices" => value
            .as_array()
            .into_iter()
            .flatten()
            .map(|price| {
                let mut price = price.clone();
                for member in ["price", "cost", "overhead_cost"] {
                    if !price[member].is_null() {
                        price[member] = parse_number(&price[member]);
                    }
                }
                price
            })
            .collect(),
        _ => parse_number(value),
    }
}

/// Converts a text that holds a number to that number. Returns any other value unchanged.
fn parse_number(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(_) => decimal(value).map_or_else(|| value.clone(), number),
        value => value.clone(),
    }
}

fn time_to_v2(value: &Value) -> Value {
    match value.as_str() {
        Some("") => Value::Null,
        Some(text) if text.contains(' ') => json!(format!("{}Z", text.replacen(' ', "T", 1))),
        _ => value.clone(),
    }
}

/// Converts e-mails and phones, which may be a text, texts, or objects. Without a primary one, the first is primary.
fn contacts_to_v2(value: &Value) -> Value {
    let entries: Vec<Value> = match value {
        Value::Array(entries) => entries.clone(),
        Value::Null => Vec::new(),
        value => vec![value.clone()],
    };
    let mut entries: Vec<Value> = entries
        .into_iter()
        .filter(|entry| entry.as_str() != Some(""))
        .map(|entry| match entry {
            Value::Object(_) => entry,
            text => json!({ "value": text, "label": "work" }),
        })
        .collect();
    let has_primary = entries.iter().any(|entry| entry["primary"] == json!(true) || entry["primary"] == json!("true"));
    for (at, entry) in entries.iter_mut().enumerate() {
        let primary =
            if has_primary { entry["primary"] == json!(true) || entry["primary"] == json!("true") } else { at == 0 };
        entry["primary"] = json!(primary);
        if entry["label"].is_null() {
            entry["label"] = json!("work");
        }
    }
    Value::Array(entries)
}

/// Sets a custom field, or a part of one such as `{code}_currency` or `{code}_until`.
fn set_custom_field(
    company: &Company,
    resource: Resource,
    custom: &mut Map<String, Value>,
    name: &str,
    value: &Value,
    body: &Value,
) {
    let (code, _) = name.split_at(40);
    let Some(field) = fields::custom_fields(company, resource).find(|field| field["field_code"] == json!(code)) else {
        return;
    };
    if custom.contains_key(code) {
        return;
    }
    let kind = field["field_type"].as_str().unwrap_or_default();
    let parts = fields::sub_members(kind);
    let v2 = match kind {
        _ if *value == json!("") || value.is_null() => Value::Null,
        _ if !parts.is_empty() && !value.is_object() => {
            let mut object = json!({ "value": body[code] });
            for part in &parts[1..] {
                let part_value = &body[format!("{code}_{part}")];
                if !part_value.is_null() {
                    object[*part] = part_value.clone();
                }
            }
            if kind == "monetary" {
                object["value"] = parse_number(&object["value"]);
                if object["currency"].is_null() {
                    object["currency"] = json!(company.currency);
                }
            }
            object
        }
        "set" => match value {
            Value::String(text) => text.split(',').filter_map(|id| id.trim().parse::<i64>().ok()).collect(),
            Value::Array(ids) => ids.iter().map(parse_number).collect(),
            id => json!([id]),
        },
        "enum" | "double" | "org" | "people" | "user" => parse_number(value),
        "varchar" | "text" | "phone" if value.is_number() => json!(value.to_string()),
        _ => value.clone(),
    };
    custom.insert(code.to_owned(), v2);
}

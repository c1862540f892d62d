//! Values of custom fields by type, in the form of v2.

use crate::{company::Company, records::Resource};
use jiff::civil::{Date, Time};
use serde_json::{Value, json};

const ADDRESS_PARTS: [&str; 11] = [
    "value",
    "street_number",
    "route",
    "subpremise",
    "sublocality",
    "locality",
    "admin_area_level_1",
    "admin_area_level_2",
    "country",
    "postal_code",
    "formatted_address",
];

/// Returns the parts of a value of a type; none for a plain value.
pub(crate) fn sub_members(kind: &str) -> &'static [&'static str] {
    match kind {
        "address" => &ADDRESS_PARTS,
        "monetary" => &["value", "currency"],
        "daterange" => &["value", "until"],
        "time" => &["value", "timezone_id", "timezone_name"],
        "timerange" => &["value", "until", "timezone_id", "timezone_name"],
        _ => &[],
    }
}

/// Checks a value, and returns its stored form.
pub(crate) fn check(company: &Company, field: &Value, value: &Value) -> Result<Value, String> {
    let kind = field["field_type"].as_str().unwrap_or_default();
    let (name, must_be) = (field["field_code"].as_str().unwrap_or_default(), |what: &str| format!("must be {what}"));
    if value.is_null() {
        return Ok(Value::Null);
    }
    let checked = match kind {
        "varchar" | "text" | "phone" | "varchar_auto" => {
            value.is_string().then(|| value.clone()).ok_or_else(|| must_be("a string"))
        }
        "double" => value.is_number().then(|| value.clone()).ok_or_else(|| must_be("a number")),
        "date" => is_date(value).then(|| value.clone()).ok_or_else(|| must_be("a date in the form YYYY-MM-DD")),
        "enum" => is_option(field, value).then(|| value.clone()).ok_or_else(|| must_be("the id of an option")),
        "set" => match value.as_array() {
            Some(ids) if ids.iter().all(|id| is_option(field, id)) => Ok(value.clone()),
            _ => Err(must_be("an array of ids of options")),
        },
        "org" => is_record(company, Resource::Organization, value)
            .then(|| value.clone())
            .ok_or_else(|| must_be("the id of an organization")),
        "people" => is_record(company, Resource::Person, value)
            .then(|| value.clone())
            .ok_or_else(|| must_be("the id of a person")),
        "user" => value
            .as_i64()
            .and_then(|id| company.user(id))
            .map(|_| value.clone())
            .ok_or_else(|| must_be("the id of a user")),
        "monetary" => check_monetary(value),
        "address" => check_parts(kind, value, |part, value| part != "value" || value.is_string()),
        "daterange" => check_parts(kind, value, |_, value| is_date(value)),
        "time" | "timerange" => check_parts(kind, value, |part, value| part.starts_with("timezone") || is_time(value)),
        _ => Ok(value.clone()),
    };
    checked.map_err(|what| format!("custom_fields.{name} {what}"))
}

fn is_date(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok())
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<Time>().is_ok())
}

fn is_option(field: &Value, id: &Value) -> bool {
    field["options"].as_array().into_iter().flatten().any(|option| option["id"] == *id)
}

fn is_record(company: &Company, resource: Resource, id: &Value) -> bool {
    id.as_i64().is_some_and(|id| company.records.get(resource, id).is_some())
}

fn check_monetary(value: &Value) -> Result<Value, String> {
    let currency = value["currency"].as_str().unwrap_or_default();
    if value["value"].is_number() && iso_currency::Currency::from_code(currency).is_some() {
        Ok(json!({ "value": value["value"], "currency": currency }))
    } else {
        Err("must be an object of value (a number) and currency".into())
    }
}

/// Checks a value of several parts. The first part is required; absent ones become null.
fn check_parts(kind: &str, value: &Value, is_valid: impl Fn(&str, &Value) -> bool) -> Result<Value, String> {
    let parts = sub_members(kind);
    let Some(object) = value.as_object() else { return Err(format!("must be an object of {}", parts.join(", "))) };
    if let Some(unknown) = object.keys().find(|part| !parts.contains(&part.as_str())) {
        return Err(format!("has no part {unknown}"));
    }
    let mut stored = json!({});
    for part in parts {
        let value = object.get(*part).cloned().unwrap_or_default();
        let is_required = matches!(*part, "value" | "until") && kind != "address";
        if (!value.is_null() || is_required) && !is_valid(part, &value) {
            return Err(format!("has a wrong {part}"));
        }
        stored[*part] = value;
    }
    if kind == "address" && stored["formatted_address"].is_null() {
        stored["formatted_address"] = stored["value"].clone();
    }
    Ok(stored)
}

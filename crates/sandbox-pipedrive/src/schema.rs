//! The schema of bodies: members of Pipedrive's OpenAPI document with their types, and custom fields.

use crate::{company::Company, fields, records::Resource};
use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};

const BODIES: &str = include_str!("bodies.txt");

fn body_members(resource: Resource) -> Vec<(&'static str, &'static str)> {
    let name = format!("{} ", resource.name());
    let line = BODIES.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_default();
    line.split(' ').filter_map(|word| word.split_once(':')).collect()
}

/// Lists the members that a body of v2 may hold.
pub(super) fn members(resource: Resource) -> Vec<&'static str> {
    body_members(resource).into_iter().map(|(member, _)| member.trim_end_matches('!')).collect()
}

/// Checks a body, and returns its members in their stored form. If `is_new` is set, the members that a new record
/// needs are required.
pub(super) fn check_body(
    company: &Company,
    resource: Resource,
    body: &Value,
    is_new: bool,
) -> Result<Map<String, Value>, String> {
    let Some(object) = body.as_object() else { return Err("the body must be an object".into()) };
    let known = body_members(resource);
    for (member, _) in known.iter().filter(|(member, _)| is_new && member.ends_with('!')) {
        let member = member.trim_end_matches('!');
        if object.get(member).is_none_or(Value::is_null) {
            return Err(format!("{member} is required"));
        }
    }
    for (member, value) in object {
        let Some((_, kind)) = known.iter().find(|(known, _)| known.trim_end_matches('!') == member) else {
            return Err(format!("{member} is not allowed"));
        };
        if !value.is_null() && !has_type(kind, value) {
            return Err(format!("{member} must be {}", describe_type(kind)));
        }
    }
    let mut checked = object.clone();
    if let Some(values) = checked.get_mut("custom_fields").and_then(Value::as_object_mut) {
        for (code, value) in values {
            let field =
                fields::custom_fields(company, resource).find(|field| field["field_code"].as_str() == Some(code));
            let field = field.ok_or_else(|| format!("custom_fields.{code} is not allowed"))?;
            *value = fields::check(company, field, value)?;
        }
    }
    Ok(checked)
}

fn has_type(kind: &str, value: &Value) -> bool {
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return value.as_array().is_some_and(|values| values.iter().all(|value| has_type(inner, value)));
    }
    if let Some(words) = kind.strip_prefix('(').and_then(|kind| kind.strip_suffix(')')) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return words.split('|').any(|word| word == text);
    }
    match kind {
        "text" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "date" => value.as_str().is_some_and(|text| text.parse::<Date>().is_ok()),
        "time" => value.as_str().is_some_and(is_time),
        _ => true,
    }
}

/// Whether a text is an RFC 3339 time without a fraction. Pipedrive refuses fractions.
pub(super) fn is_time(text: &str) -> bool {
    !text.contains('.') && text.parse::<Timestamp>().is_ok()
}

fn describe_type(kind: &str) -> String {
    match kind {
        "date" => "a date in the form YYYY-MM-DD".into(),
        "time" => "a valid datetime".into(),
        "integer" | "object" => format!("an {kind}"),
        _ if kind.starts_with('[') => "an array".into(),
        _ if kind.starts_with('(') => format!("one of {}", kind.trim_matches(['(', ')']).replace('|', ", ")),
        _ => format!("a {kind}"),
    }
}

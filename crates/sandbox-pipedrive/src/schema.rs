//! The schema of bodies: members of Pipedrive's OpenAPI document with their types, and custom fields.

use crate::{company::Company, fields, records::Resource};
use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};

const BODIES: &str = include_str!("bodies.txt");

fn known(resource: Resource) -> Vec<(&'static str, &'static str)> {
    let name = format!("{} ", resource.name());
    let line = BODIES.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_default();
    line.split(' ').filter_map(|word| word.split_once(':')).collect()
}

/// Lists the members that a body of v2 may hold.
pub(super) fn members(resource: Resource) -> Vec<&'static str> {
    known(resource).into_iter().map(|(member, _)| member.trim_end_matches('!')).collect()
}

/// Checks a body. The error says what is wrong. If `whole` is set, the members that a new record needs are required.
pub(super) fn checked(
    company: &Company,
    resource: Resource,
    body: &Value,
    whole: bool,
) -> Result<Map<String, Value>, String> {
    let Some(object) = body.as_object() else { return Err("the body must be an object".into()) };
    let known = known(resource);
    for (member, _) in known.iter().filter(|(member, _)| whole && member.ends_with('!')) {
        let member = member.trim_end_matches('!');
        if object.get(member).is_none_or(Value::is_null) {
            return Err(format!("{member} is required"));
        }
    }
    for (member, value) in object {
        let Some((_, kind)) = known.iter().find(|(known, _)| known.trim_end_matches('!') == member) else {
            return Err(format!("{member} is not allowed"));
        };
        if !value.is_null() && !is(kind, value) {
            return Err(format!("{member} must be {}", words(kind)));
        }
    }
    let mut checked = object.clone();
    if let Some(values) = checked.get_mut("custom_fields").and_then(Value::as_object_mut) {
        for (code, value) in values {
            let field = fields::own(company, resource).find(|field| field["field_code"].as_str() == Some(code));
            let field = field.ok_or_else(|| format!("custom_fields.{code} is not allowed"))?;
            *value = fields::check(company, field, value)?;
        }
    }
    Ok(checked)
}

fn is(kind: &str, value: &Value) -> bool {
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return value.as_array().is_some_and(|values| values.iter().all(|value| is(inner, value)));
    }
    if let Some(words) = kind.strip_prefix('(').and_then(|kind| kind.strip_suffix(')')) {
        let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return words.split('|').any(|word| word == given);
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

fn words(kind: &str) -> String {
    match kind {
        "date" => "a date in the form YYYY-MM-DD".into(),
        "time" => "a valid datetime".into(),
        "integer" | "object" => format!("an {kind}"),
        _ if kind.starts_with('[') => "an array".into(),
        _ if kind.starts_with('(') => format!("one of {}", kind.trim_matches(['(', ')']).replace('|', ", ")),
        _ => format!("a {kind}"),
    }
}

//! Saved filters: conditions on the rows of a list.

use crate::{action_error::ActionError, company::Company, fields, records::Resource};
use sandbox_core::decimal::decimal;
use serde_json::Value;

/// Returns the type of filters for a kind of record.
pub(super) fn filter_type(resource: Resource) -> &'static str {
    match resource {
        Resource::Person => "people",
        Resource::Organization => "org",
        Resource::Product => "products",
        Resource::Activity => "activity",
        _ => "deals",
    }
}

/// Returns the rows that satisfy a saved filter.
pub(super) fn apply(
    company: &Company,
    resource: Resource,
    id: &str,
    rows: Vec<Value>,
) -> Result<Vec<Value>, ActionError> {
    let filter = id.parse().ok().and_then(|id| company.records.get(Resource::Filter, id));
    let filter = filter.ok_or_else(|| ActionError::NotFound("Filter".into()))?;
    if filter["type"].as_str() != Some(filter_type(resource)) {
        return Err(ActionError::Invalid("filter_id is of another type".into()));
    }
    Ok(rows.into_iter().filter(|row| matches_conditions(company, &filter["conditions"], row)).collect())
}

/// Checks the conditions of a filter: two groups, the first with `and`, the second with `or`.
pub(super) fn check(company: &Company, conditions: &Value) -> Result<(), ActionError> {
    let invalid = |text: &str| Err(ActionError::Invalid(text.into()));
    let Some(groups) = conditions["conditions"].as_array() else { return invalid("conditions must have conditions") };
    for group in groups {
        let Some(tests) = group["conditions"].as_array() else {
            return invalid("each group of conditions must have conditions");
        };
        for test in tests {
            if find_field(company, test).is_none() {
                return invalid("a condition's field_id is not the id of a field of its object");
            }
            if !OPERATORS.contains(&test["operator"].as_str().unwrap_or_default()) {
                return invalid("a condition's operator is not one of those of its field");
            }
        }
    }
    Ok(())
}

const OPERATORS: [&str; 9] = ["=", "!=", "<", ">", "<=", ">=", "IS NULL", "IS NOT NULL", "LIKE '%$%'"];

fn find_field(company: &Company, test: &Value) -> Option<Value> {
    let object = test["object"].as_str()?;
    let (resource, _) = fields::WITH_FIELDS.into_iter().find(|(resource, _)| resource.word() == object)?;
    let id = test["field_id"].as_str().map_or_else(|| test["field_id"].to_string(), str::to_owned);
    fields::find(company, resource, &id)
}

fn matches_conditions(company: &Company, conditions: &Value, row: &Value) -> bool {
    if let Some(inner) = conditions["conditions"].as_array() {
        let mut results = inner
            .iter()
            .filter(|inner| inner["conditions"] != serde_json::json!([]))
            .map(|inner| matches_conditions(company, inner, row));
        return if conditions["glue"].as_str() == Some("or") {
            results.any(|matches| matches)
        } else {
            results.all(|matches| matches)
        };
    }
    find_field(company, conditions).is_some_and(|field| evaluate(conditions, &field, row))
}

/// Evaluates one condition on one record.
fn evaluate(condition: &Value, field: &Value, row: &Value) -> bool {
    let code = field["field_code"].as_str().unwrap_or_default();
    let value = row["custom_fields"].get(code).unwrap_or(&row[code]);
    let value = value.get("value").unwrap_or(value);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    let wanted = &condition["value"];
    let order = match (decimal(value), decimal(wanted)) {
        (Some(value), Some(wanted)) => value.cmp(&wanted),
        _ => text(value).cmp(&text(wanted)),
    };
    let is_set = !value.is_null() && *value != serde_json::json!([]) && *value != serde_json::json!("");
    match condition["operator"].as_str().unwrap_or_default() {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => is_set && order.is_lt(),
        ">" => is_set && order.is_gt(),
        "<=" => is_set && order.is_le(),
        ">=" => is_set && order.is_ge(),
        "IS NULL" => !is_set,
        "IS NOT NULL" => is_set,
        _ => text(value).contains(&text(wanted)),
    }
}

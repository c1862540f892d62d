//! Fields of deals, persons, organizations, products and activities: built-in and custom ones.

mod built_in;
mod values;

use crate::{
    action_error::ActionError,
    company::Company,
    records::{Resource, is_id},
};
use serde_json::{Value, json};
use uuid::Uuid;
pub(super) use values::{check, sub_members};

/// Kinds of records that have fields, with their path in the API.
pub(super) const WITH_FIELDS: [(Resource, &str); 5] = [
    (Resource::Deal, "dealFields"),
    (Resource::Person, "personFields"),
    (Resource::Organization, "organizationFields"),
    (Resource::Product, "productFields"),
    (Resource::Activity, "activityFields"),
];

/// Types of custom fields.
const CUSTOM_FIELD_TYPES: [&str; 16] = [
    "varchar",
    "text",
    "double",
    "phone",
    "date",
    "daterange",
    "time",
    "timerange",
    "set",
    "enum",
    "varchar_auto",
    "address",
    "monetary",
    "org",
    "people",
    "user",
];

/// First id of built-in fields. Each kind of record has a range of 100 ids.
const FIRST_ID: i64 = 12_400;
const FIRST_CUSTOM_ID: i64 = 13_000;
const FIRST_OPTION_ID: i64 = 20;

/// Returns all fields of a kind of record in the form of v2, with the id that v1 uses. Built-in fields come first.
pub(super) fn list(company: &Company, resource: Resource) -> Vec<Value> {
    let place = WITH_FIELDS.iter().position(|(with, _)| *with == resource).unwrap_or(0);
    let first = FIRST_ID + 100 * i64::try_from(place).unwrap_or(0);
    let built_in = (first..).zip(built_in::list(resource)).map(|(id, (name, code, kind))| {
        let name = if company.country == "BR" { built_in::translate_to_portuguese(name) } else { name };
        let mut field = definition(name, code, kind);
        field["id"] = json!(id);
        field["options"] = built_in_options(company, resource, code);
        field
    });
    built_in.chain(custom_fields(company, resource).cloned()).collect()
}

/// Returns the custom fields of a kind of record.
pub(super) fn custom_fields(company: &Company, resource: Resource) -> impl Iterator<Item = &Value> {
    company.fields.iter().filter(move |field| field["entity"] == json!(resource.word()))
}

/// Adds the company's custom fields to a record for v2, with null for empty ones.
pub(super) fn with_custom_fields(company: &Company, resource: Resource, mut row: Value) -> Value {
    if let Some(values) = row.get_mut("custom_fields").and_then(Value::as_object_mut) {
        for code in custom_fields(company, resource).filter_map(|field| field["field_code"].as_str()) {
            values.entry(code).or_insert(Value::Null);
        }
    }
    row
}

/// Adds the type of each custom field to its value, for webhooks.
pub(super) fn with_field_types(company: &Company, resource: Resource, mut row: Value) -> Value {
    if let Some(values) = row.get_mut("custom_fields").and_then(Value::as_object_mut) {
        for field in custom_fields(company, resource) {
            let Some(value) = values.get_mut(field["field_code"].as_str().unwrap_or_default()) else { continue };
            let mut typed = match (field["field_type"].as_str(), &*value) {
                (_, Value::Null) => continue,
                (Some("enum"), id) => json!({ "id": id }),
                (Some("set"), ids) => {
                    let ids = ids.as_array().into_iter().flatten();
                    json!({ "values": ids.map(|id| json!({ "id": id })).collect::<Vec<_>>() })
                }
                (_, Value::Object(parts)) => Value::Object(parts.clone()),
                (_, plain) => json!({ "value": plain }),
            };
            typed["type"] = field["field_type"].clone();
            *value = typed;
        }
    }
    row
}

/// Finds a field by its code or its id.
pub(super) fn find(company: &Company, resource: Resource, code: &str) -> Option<Value> {
    list(company, resource).into_iter().find(|field| field["field_code"] == json!(code) || is_id(&field["id"], code))
}

fn built_in_options(company: &Company, resource: Resource, code: &str) -> Value {
    let label_options =
        |pairs: &[(i64, &str)]| pairs.iter().map(|(id, label)| json!({ "id": id, "label": label })).collect::<Value>();
    match (resource, code) {
        (_, "visible_to") => label_options(&[(1, "Item owner"), (3, "All users")]),
        (Resource::Deal, "stage_id") => company
            .records
            .all(Resource::Stage)
            .map(|(id, stage)| json!({ "id": id, "label": stage["name"] }))
            .collect(),
        (Resource::Deal, "label_ids") => label_options(&[(1, "Hot"), (2, "Warm"), (3, "Cold")]),
        (Resource::Person, "label_ids") => {
            label_options(&[(4, "Customer"), (5, "Hot lead"), (6, "Warm lead"), (7, "Cold lead")])
        }
        (Resource::Organization, "label_ids") => {
            label_options(&[(8, "Customer"), (9, "Hot lead"), (10, "Warm lead"), (11, "Cold lead")])
        }
        _ => Value::Null,
    }
}

fn definition(name: &str, code: &str, kind: &str) -> Value {
    let subfields: Vec<Value> = values::sub_members(kind)
        .iter()
        .map(|part| json!({ "field_code": part, "field_name": format!("{part} of {name}"), "field_type": if *part == "value" && kind == "monetary" { "double" } else { "varchar" } }))
        .collect();
    json!({
        "field_name": name, "field_code": code, "description": null, "field_type": kind, "options": null,
        "subfields": if subfields.is_empty() { Value::Null } else { Value::Array(subfields) }, "is_custom_field": code.len() == 40,
        "is_optional_response_field": false,
        "ui_visibility": {
            "add_visible_flag": code.len() != 40, "details_visible_flag": true, "projects_detail_visible_flag": false,
            "show_in_pipelines": { "show_in_all": true, "pipeline_ids": [] },
        },
        "important_fields": { "enabled": false, "stage_ids": [] }, "required_fields": { "enabled": false, "stage_ids": [], "statuses": {} },
    })
}

/// Completes the fields of a seed.
pub(super) fn complete_seeds(company: &mut Company) {
    let seeds = std::mem::take(&mut company.fields);
    for seed in seeds {
        let text = |name: &str| seed[name].as_str().unwrap_or_default();
        let mut field = definition(text("field_name"), text("field_code"), text("field_type"));
        field["options"] = seed["options"].clone();
        field["entity"] = seed["entity"].clone();
        field["id"] = json!(reserve_field_id(company));
        company.fields.push(field);
    }
}

/// Reserves an id for a field. Ids are never reused.
fn reserve_field_id(company: &mut Company) -> i64 {
    let highest = company.fields.iter().filter_map(|field| field["id"].as_i64()).max().unwrap_or(FIRST_CUSTOM_ID);
    company.last_field = company.last_field.max(highest) + 1;
    company.last_field
}

/// Reserves a number of consecutive ids for options, and returns the first.
fn reserve_option_ids(company: &mut Company, count: usize) -> i64 {
    let options = company.fields.iter().flat_map(|field| field["options"].as_array().into_iter().flatten());
    let highest = options.filter_map(|option| option["id"].as_i64()).max().unwrap_or(FIRST_OPTION_ID);
    let first = company.last_option.max(highest) + 1;
    company.last_option = first + i64::try_from(count).unwrap_or_default() - 1;
    first
}

/// Creates a custom field.
pub(super) fn create(
    company: &mut Company,
    resource: Resource,
    name: &str,
    kind: &str,
    labels: &[String],
    other_members: &Value,
    now: &str,
) -> Result<Value, ActionError> {
    let invalid = |text: String| Err(ActionError::Invalid(text));
    if name.trim().is_empty() {
        return invalid("field_name is required".into());
    }
    if !CUSTOM_FIELD_TYPES.contains(&kind) {
        return invalid(format!("field_type must be one of {}", CUSTOM_FIELD_TYPES.join(", ")));
    }
    let has_options = matches!(kind, "enum" | "set");
    if has_options && labels.is_empty() {
        return invalid("options is required for this field_type".into());
    }
    let code = format!("{}{}", Uuid::new_v4().simple(), &Uuid::new_v4().simple().to_string()[..8]);
    let mut field = definition(name, &code, kind);
    if has_options {
        let first = reserve_option_ids(company, labels.len());
        field["options"] = (first..)
            .zip(labels)
            .map(|(id, label)| json!({ "id": id, "label": label, "color": null, "update_time": null, "add_time": now }))
            .collect();
    }
    for (member, value) in other_members.as_object().into_iter().flatten() {
        field[member.as_str()] = value.clone();
    }
    field["entity"] = json!(resource.word());
    field["id"] = json!(reserve_field_id(company));
    field["add_time"] = json!(now);
    company.fields.push(field.clone());
    Ok(field)
}

/// Returns the index of a custom field, by code or id.
fn custom_field_index(company: &Company, resource: Resource, code: &str) -> Result<usize, ActionError> {
    let index = company.fields.iter().position(|field| {
        field["entity"] == json!(resource.word()) && (field["field_code"] == json!(code) || is_id(&field["id"], code))
    });
    match index {
        Some(index) => Ok(index),
        None if find(company, resource, code).is_some() => {
            Err(ActionError::Forbidden("This field cannot be changed".into()))
        }
        None => Err(ActionError::NotFound("Field".into())),
    }
}

/// Changes members of a custom field.
pub(super) fn change(
    company: &mut Company,
    resource: Resource,
    code: &str,
    members: &Value,
) -> Result<Value, ActionError> {
    let at = custom_field_index(company, resource, code)?;
    for (member, value) in members.as_object().into_iter().flatten() {
        company.fields[at][member.as_str()] = value.clone();
    }
    Ok(company.fields[at].clone())
}

/// Deletes a custom field with its values.
pub(super) fn remove(company: &mut Company, resource: Resource, code: &str) -> Result<Value, ActionError> {
    let at = custom_field_index(company, resource, code)?;
    let field = company.fields.remove(at);
    let code = field["field_code"].as_str().unwrap_or_default();
    let ids: Vec<i64> = company.records.all_with_deleted(resource).map(|(id, _)| id).collect();
    for id in ids {
        if let Some(values) = company
            .records
            .get_mut(resource, id)
            .and_then(|row| row.get_mut("custom_fields").and_then(Value::as_object_mut))
        {
            values.remove(code);
        }
    }
    Ok(field)
}

/// Returns the index of a custom field and its options.
fn find_options(company: &mut Company, resource: Resource, code: &str) -> Result<(usize, Vec<Value>), ActionError> {
    let at = custom_field_index(company, resource, code)?;
    match company.fields[at]["options"].as_array() {
        Some(options) => Ok((at, options.clone())),
        None => Err(ActionError::Invalid("the field has no options".into())),
    }
}

pub(super) fn add_options(
    company: &mut Company,
    resource: Resource,
    code: &str,
    body: &Value,
    now: &str,
) -> Result<Value, ActionError> {
    let (at, mut all) = find_options(company, resource, code)?;
    let mut added = Vec::new();
    let new = body.as_array().map_or(&[][..], Vec::as_slice);
    for (id, option) in (reserve_option_ids(company, new.len())..).zip(new) {
        let label = option["label"].as_str().filter(|label| !label.is_empty());
        let label = label.ok_or_else(|| ActionError::Invalid("label is required".into()))?;
        if all.iter().any(|option| option["label"] == json!(label)) {
            return Err(ActionError::Invalid(format!("the option {label} exists already")));
        }
        all.push(json!({ "id": id, "label": label, "color": null, "update_time": null, "add_time": now }));
        added.push(json!({ "id": id, "label": label }));
    }
    company.fields[at]["options"] = Value::Array(all);
    Ok(Value::Array(added))
}

pub(super) fn rename_options(
    company: &mut Company,
    resource: Resource,
    code: &str,
    body: &Value,
    now: &str,
) -> Result<Value, ActionError> {
    let (at, mut all) = find_options(company, resource, code)?;
    let mut changed = Vec::new();
    for requested in body.as_array().into_iter().flatten() {
        let option = all.iter_mut().find(|option| option["id"] == requested["id"]);
        let option = option.ok_or_else(|| ActionError::NotFound("Option".into()))?;
        option["label"] = requested["label"].clone();
        option["update_time"] = json!(now);
        changed.push(json!({ "id": requested["id"], "label": requested["label"] }));
    }
    company.fields[at]["options"] = Value::Array(all);
    Ok(Value::Array(changed))
}

pub(super) fn remove_options(
    company: &mut Company,
    resource: Resource,
    code: &str,
    body: &Value,
) -> Result<Value, ActionError> {
    let (at, all) = find_options(company, resource, code)?;
    let ids: Vec<&Value> = body.as_array().into_iter().flatten().map(|option| &option["id"]).collect();
    if ids.iter().any(|id| !all.iter().any(|option| option["id"] == **id)) {
        return Err(ActionError::NotFound("Option".into()));
    }
    let (removed, kept): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|option| ids.contains(&&option["id"]));
    company.fields[at]["options"] = Value::Array(kept);
    Ok(removed.into_iter().map(|option| json!({ "id": option["id"], "label": option["label"] })).collect())
}

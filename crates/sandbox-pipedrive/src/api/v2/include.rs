//! Members that an answer contains only on request: counts, times, labels.

use crate::{company::Company, fields, records::Resource};
use serde_json::{Value, json};

/// Computes a member of `include_fields` from other records.
pub(super) fn included_member(company: &Company, resource: Resource, row: &Value, name: &str) -> Option<Value> {
    let id = row["id"].as_i64().unwrap_or_default();
    let member = resource.member();
    let count = |of: Resource, matches: &dyn Fn(&Value) -> bool| {
        json!(company.records.find_by(of, member, id).filter(|(_, row)| matches(row)).count())
    };
    let any = |_: &Value| true;
    let done = |row: &Value| row["done"] == json!(true);
    let deals = |matches: &dyn Fn(&Value) -> bool| count(Resource::Deal, matches);
    let is = |status: &'static str| move |row: &Value| row["status"] == json!(status);
    let closed = |row: &Value| row["status"] == json!("won") || row["status"] == json!("lost");
    let for_deals = resource == Resource::Deal;
    let for_contacts = matches!(resource, Resource::Person | Resource::Organization);
    if resource == Resource::Activity {
        return (name == "attendees").then(|| row["attendees"].clone());
    }
    if resource == Resource::Product {
        return None;
    }
    Some(match name {
        "activities_count" => count(Resource::Activity, &any),
        "done_activities_count" => count(Resource::Activity, &done),
        "undone_activities_count" => count(Resource::Activity, &|row| !done(row)),
        "files_count" => count(Resource::File, &any),
        "notes_count" => count(Resource::Note, &any),
        "followers_count" => count(Resource::Follower, &any),
        "email_messages_count" => json!(0),
        "next_activity_id" => find_activity(company, member, id, false),
        "last_activity_id" => find_activity(company, member, id, true),
        "last_incoming_mail_time" | "last_outgoing_mail_time" if for_deals || resource == Resource::Person => {
            Value::Null
        }
        "smart_bcc_email" => json!(format!("{}+{}{id}@pipedrivemail.com", company.domain, resource.word())),
        "products_count" if for_deals => count(Resource::DealProduct, &any),
        "participants_count" if for_deals => count(Resource::Participant, &any),
        "first_won_time" if for_deals => row["won_time"].clone(),
        "source_lead_id" if for_deals => Value::Null,
        "open_deals_count" if for_contacts => deals(&is("open")),
        "won_deals_count" if for_contacts => deals(&is("won")),
        "lost_deals_count" if for_contacts => deals(&is("lost")),
        "closed_deals_count" if for_contacts => deals(&closed),
        "people_count" if resource == Resource::Organization => count(Resource::Person, &any),
        "related_open_deals_count"
        | "related_closed_deals_count"
        | "related_won_deals_count"
        | "related_lost_deals_count"
            if for_contacts =>
        {
            json!(0)
        }
        "participant_open_deals_count" | "participant_closed_deals_count" if resource == Resource::Person => {
            count(Resource::Participant, &any)
        }
        "marketing_status" if resource == Resource::Person => row.get(name).cloned().unwrap_or(json!("no_consent")),
        "doi_status" if resource == Resource::Person => json!(1),
        _ => return None,
    })
}

/// Returns the id of the next open activity, or of the last one that was done.
fn find_activity(company: &Company, member: &str, id: i64, done: bool) -> Value {
    let mut found: Vec<&Value> = company
        .records
        .find_by(Resource::Activity, member, id)
        .map(|(_, row)| row)
        .filter(|row| row["done"] == json!(done))
        .collect();
    let due_time = |row: &&Value| {
        format!("{} {}", row["due_date"].as_str().unwrap_or("9999"), row["due_time"].as_str().unwrap_or(""))
    };
    found.sort_by_key(due_time);
    let row = if done { found.last() } else { found.first() };
    row.map_or(Value::Null, |row| row["id"].clone())
}

/// Returns labels with their texts.
pub(super) fn labels(company: &Company, resource: Resource, ids: &Value) -> Value {
    let field = fields::find(company, resource, "label_ids").unwrap_or_default();
    ids.as_array().into_iter().flatten().filter_map(|id| option_with_label(&field, id)).collect()
}

/// Replaces the option ids of custom fields by objects with labels.
pub(super) fn option_labels(company: &Company, resource: Resource, row: &mut Value) {
    for field in fields::custom_fields(company, resource).filter(|field| field["options"].is_array()) {
        let value = &mut row["custom_fields"][field["field_code"].as_str().unwrap_or_default()];
        *value = match &*value {
            Value::Array(ids) => ids.iter().filter_map(|id| option_with_label(field, id)).collect(),
            Value::Null => Value::Null,
            id => option_with_label(field, id).unwrap_or_default(),
        };
    }
}

/// Returns an option with its label.
pub(super) fn option_with_label(field: &Value, id: &Value) -> Option<Value> {
    let option = field["options"].as_array()?.iter().find(|option| option["id"] == *id)?;
    Some(json!({ "id": id, "label": option["label"] }))
}

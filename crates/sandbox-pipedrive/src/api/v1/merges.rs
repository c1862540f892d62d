//! Merges of two records, and copies of deals.

use super::shapes::{References, to_v1};
use crate::{
    actions,
    api::{
        answer::{Body, Refusal, data_response},
        caller::Caller,
    },
    company::Company,
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, post, put},
};
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals/{id}/merge", merge(Resource::Deal, "can_merge_deals"))
        .route("/persons/{id}/merge", merge(Resource::Person, "can_merge_people"))
        .route("/organizations/{id}/merge", merge(Resource::Organization, "can_merge_organizations"))
        .route("/deals/{id}/duplicate", post(duplicate))
}

/// Kinds of records that may belong to a deal, a person or an organization.
const DEPENDENT_KINDS: [Resource; 8] = [
    Resource::Deal,
    Resource::Person,
    Resource::Activity,
    Resource::Note,
    Resource::File,
    Resource::Follower,
    Resource::Participant,
    Resource::DealProduct,
];

/// Merges the record of the path into the record `merge_with_id`. The values of the latter win, and it takes over all
/// parts.
fn merge(resource: Resource, permission: &'static str) -> MethodRouter<Shared> {
    put(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            if !writer.user.may(permission) {
                return Err(Refusal::forbidden());
            }
            let target = body["merge_with_id"].as_i64().or_else(|| body["merge_with_id"].as_str()?.parse().ok());
            let target = target
                .filter(|target| *target != id)
                .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "merge_with_id is required"))?;
            let merged = actions::find_visible(company, &writer.user, resource, id)?.clone();
            let survivor = actions::find_visible(company, &writer.user, resource, target)?;
            actions::may_edit(&writer.user, resource, &merged)?;
            actions::may_edit(&writer.user, resource, survivor)?;
            if resource == Resource::Deal {
                // The deal takes over the products, and its value changes with them.
                actions::change_parts(company, Resource::DealProduct, target, writer, |company, _| {
                    move_dependents(company, resource, id, target);
                    Ok::<(), Refusal>(())
                })?;
            } else {
                move_dependents(company, resource, id, target);
            }
            fill_missing_members(company, resource, target, &merged, writer);
            actions::mark_deleted(company, resource, id, writer);
            let row = actions::find_visible(company, &writer.user, resource, target)?;
            Ok(data_response(StatusCode::OK, &to_v1(company, resource, row, References::Ids)))
        })
    })
}

fn move_dependents(company: &mut Company, resource: Resource, from: i64, to: i64) {
    let member = resource.member();
    for dependent in DEPENDENT_KINDS.into_iter().filter(|dependent| *dependent != resource) {
        let ids: Vec<i64> = company.records.find_by(dependent, member, from).map(|(id, _)| id).collect();
        for id in ids {
            if let Some(row) = company.records.get_mut(dependent, id) {
                row[member] = json!(to);
            }
        }
    }
}

/// Fills in members that the surviving record lacks.
fn fill_missing_members(company: &mut Company, resource: Resource, id: i64, from: &Value, writer: &Writer) {
    let Some(before) = company.records.get(resource, id).cloned() else { return };
    let mut row = before.clone();
    for (name, value) in from.as_object().into_iter().flatten() {
        let member_value = &mut row[name.as_str()];
        if member_value.is_null() || *member_value == json!([]) || *member_value == json!("") {
            *member_value = value.clone();
        }
    }
    for (code, value) in from["custom_fields"].as_object().into_iter().flatten() {
        if row["custom_fields"][code.as_str()].is_null() {
            row["custom_fields"][code.as_str()] = value.clone();
        }
    }
    row["update_time"] = json!(writer.now);
    company.records.put(resource, id, row.clone());
    company.record_change(writer, resource, id, before, row);
}

/// Members that the copy of a deal takes over.
const COPIED_MEMBERS: [&str; 14] = [
    "title",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "value",
    "currency",
    "probability",
    "visible_to",
    "expected_close_date",
    "label_ids",
    "custom_fields",
    "lost_reason",
];

async fn duplicate(State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let deal = actions::find_visible(company, &writer.user, Resource::Deal, id)?;
        let body: Value = COPIED_MEMBERS
            .into_iter()
            .filter(|name| !deal[*name].is_null())
            .map(|name| (name.to_owned(), deal[name].clone()))
            .collect();
        let copy = actions::create(company, Resource::Deal, &body, writer)?;
        let to = copy["id"].as_i64().unwrap_or_default();
        let parts: Vec<Value> =
            company.records.parts_of_deal(Resource::DealProduct, id).into_iter().map(|(_, row)| row.clone()).collect();
        for mut part in parts {
            let at = company.records.next_id(Resource::DealProduct);
            part["id"] = json!(at);
            part["deal_id"] = json!(to);
            company.records.put(Resource::DealProduct, at, part);
        }
        let row = actions::find_visible(company, &writer.user, Resource::Deal, to)?;
        Ok(data_response(StatusCode::OK, &to_v1(company, Resource::Deal, row, References::Ids)))
    })
}

//! Merges of two records, and copies of deals.

use super::shapes::{Names, shown};
use crate::{
    acts,
    api::{
        answer::{Body, Refusal, one},
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
const HANGING: [Resource; 8] = [
    Resource::Deal,
    Resource::Person,
    Resource::Activity,
    Resource::Note,
    Resource::File,
    Resource::Follower,
    Resource::Participant,
    Resource::DealProduct,
];

/// Merges the record of the path into another one. The values of the other one win, and it takes over all parts.
fn merge(resource: Resource, permission: &'static str) -> MethodRouter<Shared> {
    put(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
        caller.act(&shared, |company, writer| {
            if !writer.user.may(permission) {
                return Err(Refusal::forbidden());
            }
            let with = body["merge_with_id"].as_i64().or_else(|| body["merge_with_id"].as_str()?.parse().ok());
            let with = with
                .filter(|with| *with != id)
                .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "merge_with_id is required"))?;
            let gone = acts::find_visible(company, &writer.user, resource, id)?.clone();
            let stays = acts::find_visible(company, &writer.user, resource, with)?;
            acts::may_edit(&writer.user, resource, &gone)?;
            acts::may_edit(&writer.user, resource, stays)?;
            if resource == Resource::Deal {
                // The deal takes over the products, and its value changes with them.
                acts::change_parts(company, Resource::DealProduct, with, writer, |company, _| {
                    move_all(company, resource, id, with);
                    Ok::<(), Refusal>(())
                })?;
            } else {
                move_all(company, resource, id, with);
            }
            fill(company, resource, with, &gone, writer);
            acts::mark_deleted(company, resource, id, writer);
            let row = acts::find_visible(company, &writer.user, resource, with)?;
            Ok(one(StatusCode::OK, &shown(company, resource, row, Names::Ids)))
        })
    })
}

fn move_all(company: &mut Company, resource: Resource, from: i64, to: i64) {
    let member = resource.member();
    for hanging in HANGING.into_iter().filter(|hanging| *hanging != resource) {
        let ids: Vec<i64> = company.records.with(hanging, member, from).map(|(id, _)| id).collect();
        for id in ids {
            if let Some(row) = company.records.get_mut(hanging, id) {
                row[member] = json!(to);
            }
        }
    }
}

/// Fills in members that the surviving record lacks.
fn fill(company: &mut Company, resource: Resource, id: i64, from: &Value, writer: &Writer) {
    let Some(before) = company.records.get(resource, id).cloned() else { return };
    let mut row = before.clone();
    for (name, value) in from.as_object().into_iter().flatten() {
        let own = &mut row[name.as_str()];
        if own.is_null() || *own == json!([]) || *own == json!("") {
            *own = value.clone();
        }
    }
    for (code, value) in from["custom_fields"].as_object().into_iter().flatten() {
        if row["custom_fields"][code.as_str()].is_null() {
            row["custom_fields"][code.as_str()] = value.clone();
        }
    }
    row["update_time"] = json!(writer.now);
    company.records.put(resource, id, row.clone());
    company.note(writer, resource, id, before, row);
}

/// Members that the copy of a deal takes over.
const COPIED: [&str; 14] = [
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
    caller.act(&shared, |company, writer| {
        let deal = acts::find_visible(company, &writer.user, Resource::Deal, id)?;
        let body: Value = COPIED
            .into_iter()
            .filter(|name| !deal[*name].is_null())
            .map(|name| (name.to_owned(), deal[name].clone()))
            .collect();
        let made = acts::create(company, Resource::Deal, &body, writer)?;
        let to = made["id"].as_i64().unwrap_or_default();
        let parts: Vec<Value> =
            company.records.of_deal(Resource::DealProduct, id).into_iter().map(|(_, row)| row.clone()).collect();
        for mut part in parts {
            let at = company.records.next_id(Resource::DealProduct);
            part["id"] = json!(at);
            part["deal_id"] = json!(to);
            company.records.put(Resource::DealProduct, at, part);
        }
        let row = acts::find_visible(company, &writer.user, Resource::Deal, to)?;
        Ok(one(StatusCode::OK, &shown(company, Resource::Deal, row, Names::Ids)))
    })
}

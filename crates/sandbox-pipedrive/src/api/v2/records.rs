//! Records of v2: lists, reads, creations, changes, deletions.

use super::list::Filter;
use crate::{
    actions,
    api::{
        answer::{Body, data_response},
        caller::Caller,
    },
    company::Company,
    fields,
    records::Resource,
    shared::Shared,
    writer::Writer,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new().route("/deals/archived", list(Resource::Deal, ListKind::Archived));
    for (path, resource) in [
        ("deals", Resource::Deal),
        ("persons", Resource::Person),
        ("organizations", Resource::Organization),
        ("products", Resource::Product),
        ("activities", Resource::Activity),
        ("pipelines", Resource::Pipeline),
        ("stages", Resource::Stage),
    ] {
        router =
            router.route(&format!("/{path}"), collection(resource)).route(&format!("/{path}/{{id}}"), member(resource));
    }
    router
}

/// The list that contains a record. Archived records have a list of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListKind {
    Current,
    Archived,
}

fn rows(company: &Company, resource: Resource, writer: &Writer, kind: ListKind, deleted: bool) -> Vec<Value> {
    company
        .records
        .all_with_deleted(resource)
        .map(|(_, row)| row)
        .filter(|row| (row["is_archived"] == json!(true)) == (kind == ListKind::Archived))
        .filter(|row| row["is_deleted"] != json!(true) || (deleted && actions::is_kept(row, &writer.now)))
        .filter(|row| company.user_may_see(&writer.user, resource, row))
        .cloned()
        .collect()
}

fn list(resource: Resource, kind: ListKind) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Query(filter): Query<Filter>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let all = rows(company, resource, writer, kind, filter.wants_deleted());
            let mut rows = filter.apply(company, resource, all)?;
            for row in &mut rows {
                *row = fields::with_custom_fields(company, resource, std::mem::take(row));
                filter.add_and_drop_members(company, resource, row)?;
            }
            filter.page().answer(rows)
        })
    })
}

fn collection(resource: Resource) -> MethodRouter<Shared> {
    list(resource, ListKind::Current).post(
        async move |State(shared): State<Shared>, caller: Caller, Body(body): Body| -> Response {
            caller.with_company(&shared, |company, writer| {
                let row = actions::create(company, resource, &body, writer)?;
                let row = fields::with_custom_fields(company, resource, row);
                Ok(data_response(
                    if resource == Resource::Product { StatusCode::CREATED } else { StatusCode::OK },
                    &row,
                ))
            })
        },
    )
}

fn member(resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(filter): Query<Filter>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                let row = actions::find_visible_or_deleted(company, writer, resource, id)?.clone();
                let mut row = fields::with_custom_fields(company, resource, row);
                filter.add_and_drop_members(company, resource, &mut row)?;
                Ok(data_response(StatusCode::OK, &row))
            })
        },
    )
    .patch(
        async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
            caller.with_company(&shared, |company, writer| {
                let row = actions::change(company, resource, id, &body, writer)?;
                Ok(data_response(StatusCode::OK, &fields::with_custom_fields(company, resource, row)))
            })
        },
    )
    .delete(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, writer| {
            actions::remove(company, resource, id, writer)?;
            Ok(data_response(StatusCode::OK, &json!({ "id": id })))
        })
    })
}

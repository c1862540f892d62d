//! The old addresses of deals, persons, organizations, products, activities, pipelines and stages.
//!
//! Pipedrive has replaced them by v2. Older clients still call them, so they behave as before.

use super::{
    bodies::to_v2,
    shapes::{References, related, to_v1},
};
use crate::{
    actions,
    api::{
        answer::{Answer, Body, Refusal, V1Page, data_response},
        caller::Caller,
        v2::{list::ids, search},
    },
    company::Company,
    filters,
    records::{Resource, is_id},
    shared::Shared,
    writer::Writer,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new()
        .route("/itemSearch", search_route(None))
        .route("/deals/{id}/persons", get(persons_of_deal))
        .route("/organizations/{id}/persons", list_by_reference(Resource::Organization, Resource::Person))
        .route("/products/{id}/deals", get(deals_of_product))
        .route("/persons/{id}/products", get(products_of_person));
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
        if matches!(resource, Resource::Deal | Resource::Person | Resource::Organization) {
            router =
                router.route(&format!("/{path}/{{id}}/activities"), list_by_reference(resource, Resource::Activity));
        }
        if matches!(resource, Resource::Deal | Resource::Person | Resource::Organization | Resource::Product) {
            router = router.route(&format!("/{path}/search"), search_route(Some(resource.word())));
        }
        if matches!(resource, Resource::Person | Resource::Organization | Resource::Pipeline | Resource::Stage) {
            router = router.route(&format!("/{path}/{{id}}/deals"), list_by_reference(resource, Resource::Deal));
        }
    }
    router.route("/deals/archived", get(archived))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(flatten)]
    page: V1Page,
    ids: Option<String>,
    filter_id: Option<String>,
    user_id: Option<String>,
    owned_by_you: Option<String>,
    stage_id: Option<String>,
    pipeline_id: Option<String>,
    status: Option<String>,
    done: Option<String>,
    r#type: Option<String>,
    first_char: Option<String>,
    sort: Option<String>,
}

impl Params {
    /// Filters and sorts rows.
    fn apply(
        &self,
        company: &Company,
        resource: Resource,
        writer: &Writer,
        rows: Vec<Value>,
    ) -> Result<Vec<Value>, Refusal> {
        let rows = match self.filter_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => filters::apply(company, resource, id, rows)?,
            None => rows,
        };
        let owner = match (self.owned_by_you.as_deref(), self.user_id.as_deref(), resource) {
            (Some("1"), _, _) => Some(writer.user.id.to_string()),
            (_, Some("0" | ""), _)
            | (
                _,
                None,
                Resource::Deal
                | Resource::Person
                | Resource::Organization
                | Resource::Product
                | Resource::Pipeline
                | Resource::Stage,
            ) => None,
            // Without a user, v1 lists the caller's own activities.
            (_, None, _) => Some(writer.user.id.to_string()),
            (_, Some(id), _) => Some(id.to_owned()),
        };
        let matches = |row: &Value, member: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted))
        };
        let status = self.status.as_deref().filter(|status| *status != "all_not_deleted");
        let mut rows: Vec<Value> = rows
            .into_iter()
            .filter(|row| {
                owner.as_ref().is_none_or(|owner| is_id(&row["owner_id"], owner))
                    && matches(row, "stage_id", &self.stage_id)
                    && matches(row, "pipeline_id", &self.pipeline_id)
                    && status.is_none_or(|status| row["status"] == json!(status))
                    && (row["is_deleted"] != json!(true) || status == Some("deleted"))
                    && self.done.as_deref().is_none_or(|done| row["done"] == json!(matches!(done, "1" | "true")))
                    && self
                        .r#type
                        .as_deref()
                        .is_none_or(|kinds| kinds.split(',').any(|kind| row["type"] == json!(kind)))
                    && self.first_char.as_deref().is_none_or(|first| {
                        resource
                            .label(row)
                            .as_str()
                            .unwrap_or_default()
                            .to_lowercase()
                            .starts_with(&first.to_lowercase())
                    })
            })
            .collect();
        // For `name ASC, add_time DESC`, the last member is sorted first, because the sort is stable.
        let sort: Vec<&str> =
            self.sort.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|by| !by.is_empty()).collect();
        for by in sort.into_iter().rev() {
            let (member, direction) = by.split_once(' ').unwrap_or((by, "ASC"));
            rows.sort_by(|a, b| match (&a[member], &b[member]) {
                (Value::String(a), Value::String(b)) => a.cmp(b),
                (a, b) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(std::cmp::Ordering::Equal),
            });
            if direction.trim().eq_ignore_ascii_case("desc") {
                rows.reverse();
            }
        }
        Ok(rows)
    }
}

fn visible_rows(company: &Company, resource: Resource, writer: &Writer) -> Vec<Value> {
    let rows = company.records.all_with_deleted(resource).map(|(_, row)| row);
    rows.filter(|row| {
        actions::is_kept(row, &writer.now)
            && row["is_archived"] != json!(true)
            && company.user_may_see(&writer.user, resource, row)
    })
    .cloned()
    .collect()
}

/// Answers with a page of records, and with the records that they refer to.
fn answer_page(
    company: &Company,
    resource: Resource,
    page: &V1Page,
    rows: Vec<Value>,
    references: References,
) -> Answer {
    if matches!(resource, Resource::Pipeline | Resource::Stage) {
        return Ok(data_response(
            StatusCode::OK,
            &rows.iter().map(|row| to_v1(company, resource, row, references)).collect(),
        ));
    }
    let (rows, pagination) = page.slice(rows)?;
    let rows: Vec<Value> = rows.iter().map(|row| to_v1(company, resource, row, references)).collect();
    let related = related(company, &rows);
    let data = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
    Ok(Json(json!({ "success": true, "data": data, "related_objects": related, "additional_data": { "pagination": pagination } })).into_response())
}

fn answer_one(company: &Company, resource: Resource, row: &Value, status: StatusCode) -> Response {
    let data = to_v1(company, resource, row, References::Objects);
    let related = related(company, std::slice::from_ref(&data));
    (status, Json(json!({ "success": true, "data": data, "related_objects": related }))).into_response()
}

fn collection(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let rows = params.apply(company, resource, writer, visible_rows(company, resource, writer))?;
            answer_page(company, resource, &params.page, rows, References::Objects)
        })
    })
    .post(async move |State(shared): State<Shared>, caller: Caller, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            let row = actions::create(company, resource, &to_v2(company, resource, &body), writer)?;
            Ok(answer_one(company, resource, &row, StatusCode::CREATED))
        })
    })
    .delete(async move |State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let ids = ids(params.ids.as_slice());
            for id in &ids {
                actions::remove(company, resource, *id, writer)?;
            }
            Ok(data_response(StatusCode::OK, &json!({ "id": ids })))
        })
    })
}

fn member(resource: Resource) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, writer| {
            let row = actions::find_visible_or_deleted(company, writer, resource, id)?.clone();
            Ok(answer_one(company, resource, &row, StatusCode::OK))
        })
    })
    .put(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>, Body(body): Body| -> Response {
        caller.with_company(&shared, |company, writer| {
            let row = actions::change(company, resource, id, &to_v2(company, resource, &body), writer)?;
            Ok(answer_one(company, resource, &row, StatusCode::OK))
        })
    })
    .delete(async move |State(shared): State<Shared>, caller: Caller, Path(id): Path<i64>| -> Response {
        caller.with_company(&shared, |company, writer| {
            actions::remove(company, resource, id, writer)?;
            Ok(data_response(StatusCode::OK, &json!({ "id": id })))
        })
    })
}

/// Lists the records of a kind that refer to a record of the kind `owner`.
fn list_by_reference(owner: Resource, resource: Resource) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Path(id): Path<i64>,
                    Query(params): Query<Params>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
                actions::find_visible(company, &writer.user, owner, id)?;
                let rows = visible_rows(company, resource, writer)
                    .into_iter()
                    .filter(|row| row[owner.member()] == json!(id))
                    .collect();
                let params = Params { owned_by_you: None, user_id: Some("0".into()), ..params };
                let rows = params.apply(company, resource, writer, rows)?;
                let references = if matches!(owner, Resource::Pipeline | Resource::Stage) {
                    References::Ids
                } else {
                    References::Objects
                };
                answer_page(company, resource, &params.page, rows, references)
            })
        },
    )
}

async fn archived(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let rows = company.records.all(Resource::Deal).map(|(_, row)| row);
        let rows = rows
            .filter(|row| row["is_archived"] == json!(true) && company.user_may_see(&writer.user, Resource::Deal, row))
            .cloned()
            .collect();
        let rows = params.apply(company, Resource::Deal, writer, rows)?;
        answer_page(company, Resource::Deal, &params.page, rows, References::Ids)
    })
}

async fn persons_of_deal(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        let deal = actions::find_visible(company, &writer.user, Resource::Deal, id)?;
        let mut ids: Vec<i64> = deal["person_id"].as_i64().into_iter().collect();
        ids.extend(
            company
                .records
                .find_by(Resource::Participant, "deal_id", id)
                .filter_map(|(_, row)| row["person_id"].as_i64()),
        );
        ids.dedup();
        let rows = ids.iter().filter_map(|id| company.records.get(Resource::Person, *id)).cloned().collect();
        answer_page(company, Resource::Person, &page, rows, References::Objects)
    })
}

async fn deals_of_product(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(params): Query<Params>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Product, id)?;
        let mut ids: Vec<i64> = company
            .records
            .find_by(Resource::DealProduct, "product_id", id)
            .filter_map(|(_, row)| row["deal_id"].as_i64())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = visible_rows(company, Resource::Deal, writer)
            .into_iter()
            .filter(|row| row["id"].as_i64().is_some_and(|id| ids.contains(&id)))
            .collect();
        let rows = params.apply(company, Resource::Deal, writer, rows)?;
        answer_page(company, Resource::Deal, &params.page, rows, References::Objects)
    })
}

/// Lists the products of a person's deals.
async fn products_of_person(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Person, id)?;
        let mut rows = Vec::new();
        for (deal, row) in company.records.find_by(Resource::Deal, "person_id", id) {
            for (_, part) in company.records.parts_of_deal(Resource::DealProduct, deal) {
                let product = company.records.linked(Resource::Product, &part["product_id"]);
                rows.push(json!({ "DEAL_ID": { "deal": to_v1(company, Resource::Deal, row, References::Ids), "product": to_v1(company, Resource::Product, product, References::Ids) } }));
            }
        }
        page.answer(rows)
    })
}

fn search_route(kind: Option<&'static str>) -> MethodRouter<Shared> {
    get(
        async move |State(shared): State<Shared>,
                    caller: Caller,
                    Query(page): Query<V1Page>,
                    Query(params): Query<search::Params>|
                    -> Response {
            caller.with_company(&shared, |company, writer| {
            let (items, pagination) = page.slice(search::items(company, &writer.user, kind, &params)?)?;
            Ok(Json(json!({ "success": true, "data": { "items": items }, "additional_data": { "pagination": pagination } })).into_response())
        })
        },
    )
}

//! Records of v2: list, read, create, change, delete; and the fields.

use super::{Answer, Page, Refusal, one, with_user};
use crate::{
    pipedrive::{
        Company, fields,
        records::Resource,
        rules::{self, Writer},
        schema,
    },
    world::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{MethodRouter, get},
};
use axum_extra::extract::Query;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new();
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
    for (path, entity) in [
        ("dealFields", "deal"),
        ("personFields", "person"),
        ("organizationFields", "organization"),
        ("productFields", "product"),
    ] {
        router =
            router.route(&format!("/{path}"), field_list(entity)).route(&format!("/{path}/{{code}}"), field(entity));
    }
    router
}

/// Scopes that let an app read a kind of record, and those that let it write.
pub(super) fn scopes(resource: Resource) -> (&'static [&'static str], &'static [&'static str]) {
    match resource {
        Resource::Person | Resource::Organization => (&["contacts:read", "contacts:full"], &["contacts:full"]),
        Resource::Product => (&["products:read", "products:full"], &["products:full"]),
        Resource::Activity => (&["activities:read", "activities:full"], &["activities:full"]),
        Resource::Pipeline | Resource::Stage => (&["deals:read", "deals:full", "admin"], &["admin"]),
        Resource::DealProduct => {
            (&["products:read", "products:full", "deals:read", "deals:full"], &["products:full", "deals:full"])
        }
        // Notes and subscriptions have addresses of their own.
        Resource::Deal | Resource::Note | Resource::Webhook => (&["deals:read", "deals:full"], &["deals:full"]),
        // As the OpenAPI document has it: reading is enough to write these.
        Resource::DealDiscount | Resource::DealInstallment => {
            (&["deals:read", "deals:full"], &["deals:read", "deals:full"])
        }
    }
}

/// What a list may be narrowed by and sorted by.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    #[serde(flatten)]
    page: Text,
    ids: Option<String>,
    owner_id: Option<String>,
    person_id: Option<String>,
    org_id: Option<String>,
    deal_id: Option<String>,
    pipeline_id: Option<String>,
    stage_id: Option<String>,
    status: Option<String>,
    done: Option<String>,
    updated_since: Option<String>,
    updated_until: Option<String>,
    sort_by: Option<String>,
    sort_direction: Option<String>,
    custom_fields: Option<String>,
}

/// `cursor` and `limit`, as they stand in an address.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Text {
    cursor: Option<String>,
    limit: Option<String>,
}

/// Whether a member is what a parameter says.
fn same(value: &Value, wanted: &str) -> bool {
    wanted.parse::<Value>().is_ok_and(|wanted| wanted == *value)
}

impl Filter {
    fn page(&self) -> Result<Page, Refusal> {
        let limit = match &self.page.limit {
            Some(limit) => Some(limit.parse().map_err(|_| Refusal::invalid("limit must be an integer"))?),
            None => None,
        };
        Ok(Page { cursor: self.page.cursor.clone(), limit })
    }

    /// The rows that are meant, sorted.
    fn apply(&self, rows: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let moment = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) if schema::is_time(text) => Ok(text.parse::<Timestamp>().ok()),
            Some(_) => Err(Refusal::invalid(format!("{name} is not a valid datetime"))),
        };
        let since = moment("updated_since", &self.updated_since)?;
        let until = moment("updated_until", &self.updated_until)?;
        let ids: Option<Vec<&str>> = self.ids.as_ref().map(|ids| ids.split(',').map(str::trim).collect());
        if ids.as_ref().is_some_and(|ids| ids.len() > 100) {
            return Err(Refusal::invalid("ids must have 100 items at most"));
        }
        let equal = [
            ("owner_id", &self.owner_id),
            ("person_id", &self.person_id),
            ("org_id", &self.org_id),
            ("deal_id", &self.deal_id),
            ("pipeline_id", &self.pipeline_id),
            ("stage_id", &self.stage_id),
            ("done", &self.done),
        ];
        let statuses: Option<Vec<&str>> = self.status.as_ref().map(|words| words.split(',').collect());
        let mut rows: Vec<Value> = rows
            .into_iter()
            .filter(|row| {
                let updated = row["update_time"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
                ids.as_ref().is_none_or(|ids| ids.iter().any(|id| same(&row["id"], id)))
                    && equal
                        .iter()
                        .all(|(member, wanted)| wanted.as_ref().is_none_or(|wanted| same(&row[*member], wanted)))
                    && statuses
                        .as_ref()
                        .is_none_or(|words| row["status"].as_str().is_some_and(|status| words.contains(&status)))
                    && since.is_none_or(|since| updated.is_some_and(|updated| updated >= since))
                    && until.is_none_or(|until| updated.is_some_and(|updated| updated < until))
            })
            .collect();
        let by = self.sort_by.as_deref().unwrap_or("id");
        if !matches!(by, "id" | "update_time" | "add_time" | "name" | "order_nr" | "due_date") {
            return Err(Refusal::invalid("sort_by is not one of the allowed values"));
        }
        rows.sort_by(|a, b| match (&a[by], &b[by]) {
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (a, b) => a.as_i64().cmp(&b.as_i64()),
        });
        match self.sort_direction.as_deref().unwrap_or("asc") {
            "asc" => {}
            "desc" => rows.reverse(),
            _ => return Err(Refusal::invalid("sort_direction must be one of asc, desc")),
        }
        Ok(rows)
    }

    /// Leaves only the custom fields that were asked for.
    fn narrow(&self, row: &mut Value) {
        if let (Some(wanted), Some(fields)) = (&self.custom_fields, row["custom_fields"].as_object_mut()) {
            fields.retain(|code, _| wanted.split(',').any(|wanted| wanted.trim() == code));
        }
    }
}

fn collection(resource: Resource) -> MethodRouter<Shared> {
    let (read, write) = scopes(resource);
    get(async move |State(shared): State<Shared>, headers: HeaderMap, Query(filter): Query<Filter>| -> Response {
        with_user(&shared, &headers, read, |company, _, _| {
            let mut rows = filter.apply(company.records.all(resource).map(|(_, row)| row.clone()).collect())?;
            for row in &mut rows {
                filter.narrow(row);
            }
            filter.page()?.answer(rows)
        })
    })
    .post(async move |State(shared): State<Shared>, headers: HeaderMap, body: Option<Json<Value>>| -> Response {
        with_user(&shared, &headers, write, |company, user, now| {
            let body = body.ok_or_else(|| Refusal::invalid("the body must be JSON"))?.0;
            let writer = Writer::new(company, user, now);
            let row = create(company, resource, &body, &json!({}), &writer)?;
            Ok(one(if resource == Resource::Product { StatusCode::CREATED } else { StatusCode::OK }, &row))
        })
    })
}

/// Creates a record, with members that the body cannot set; what the API answers.
pub(super) fn create(
    company: &mut Company,
    resource: Resource,
    body: &Value,
    given: &Value,
    writer: &Writer,
) -> Result<Value, Refusal> {
    let checked = schema::checked(company, resource, body, true).map_err(Refusal::invalid)?;
    rules::check_links(company, &checked).map_err(Refusal::invalid)?;
    let id = company.records.next_id(resource);
    let mut row = Value::Object(checked.into_iter().filter(|(_, value)| !value.is_null()).collect());
    rules::merge(&mut row, given);
    rules::complete(resource, id, &mut row, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.note(resource, id, writer.user(), Value::Null, row.clone());
    Ok(row)
}

fn member(resource: Resource) -> MethodRouter<Shared> {
    let (read, write) = scopes(resource);
    get(
        async move |State(shared): State<Shared>,
                    headers: HeaderMap,
                    Path(id): Path<i64>,
                    Query(filter): Query<Filter>|
                    -> Response {
            with_user(&shared, &headers, read, |company, _, _| {
                let mut row =
                    company.records.get(resource, id).ok_or_else(|| Refusal::not_found(&resource.name()))?.clone();
                filter.narrow(&mut row);
                Ok(one(StatusCode::OK, &row))
            })
        },
    )
    .patch(
        async move |State(shared): State<Shared>,
                    headers: HeaderMap,
                    Path(id): Path<i64>,
                    body: Option<Json<Value>>|
                    -> Response {
            with_user(&shared, &headers, write, |company, user, now| {
                let body = body.ok_or_else(|| Refusal::invalid("the body must be JSON"))?.0;
                let writer = Writer::new(company, user, now);
                let row = change(company, resource, id, &body, &writer)?;
                Ok(one(StatusCode::OK, &row))
            })
        },
    )
    .delete(async move |State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<i64>| -> Response {
        with_user(&shared, &headers, write, |company, user, now| {
            let before = company.records.get(resource, id).ok_or_else(|| Refusal::not_found(&resource.name()))?.clone();
            company.note(resource, id, user.id, before, Value::Null);
            if let Some(row) = company.records.get_mut(resource, id) {
                // Kept for a month, and no longer found.
                row["is_deleted"] = json!(true);
                row["update_time"] = json!(now);
            }
            Ok(one(StatusCode::OK, &json!({ "id": id })))
        })
    })
}

/// Changes a record; what the API answers.
pub(super) fn change(
    company: &mut Company,
    resource: Resource,
    id: i64,
    body: &Value,
    writer: &Writer,
) -> Result<Value, Refusal> {
    let mut row = company.records.get(resource, id).ok_or_else(|| Refusal::not_found(&resource.name()))?.clone();
    let checked = schema::checked(company, resource, body, false).map_err(Refusal::invalid)?;
    rules::check_links(company, &checked).map_err(Refusal::invalid)?;
    let before = row.clone();
    rules::change(resource, &mut row, checked, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.note(resource, id, writer.user(), before, row.clone());
    Ok(row)
}

fn field_scopes(entity: &str) -> &'static [&'static str] {
    match entity {
        "deal" => &["deals:read", "deals:full", "admin", "deal-fields:full"],
        "product" => &["products:read", "products:full", "admin", "product-fields:full"],
        _ => &["contacts:read", "contacts:full", "admin", "contact-fields:full"],
    }
}

fn field_list(entity: &'static str) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>| -> Response {
        with_user(&shared, &headers, field_scopes(entity), |company, _, _| page.answer(fields::of(company, entity)))
    })
}

fn field(entity: &'static str) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, headers: HeaderMap, Path(code): Path<String>| -> Response {
        with_user(&shared, &headers, field_scopes(entity), |company, _, _| -> Answer {
            let found = fields::of(company, entity).into_iter().find(|field| field["field_code"] == json!(code));
            Ok(one(StatusCode::OK, &found.ok_or_else(|| Refusal::not_found("Field"))?))
        })
    })
}

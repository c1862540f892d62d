//! The v3 Accounting API over HTTP.

mod batch;
mod call;
mod changes;
mod files;
pub mod limits;
mod metering;
pub mod refusals;
pub mod requested_faults;
mod xml;

use self::call::{Parameters, answer, answer_once, json_body, with_company};
use crate::{
    entity::Entity,
    fault::Fault,
    objects::{self, currencies::read_exchange_rate},
    query, sales,
    shared::Shared,
    writes::{self, Verb},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use serde_json::json;
use uuid::Uuid;

/// Routes of the API's origin.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v3/company/{realm}/query", get(query_by_get).post(query_by_post))
        .route("/v3/company/{realm}/batch", post(batch::batch))
        .route("/v3/company/{realm}/cdc", get(changes::since))
        .route("/v3/company/{realm}/upload", post(files::upload))
        .route("/v3/company/{realm}/download/{id}", get(files::download))
        .route("/v3/company/{realm}/taxservice/taxcode", post(tax_service))
        .route("/v3/company/{realm}/{entity}", get(read_single).post(write))
        .route("/v3/company/{realm}/{entity}/{id}", get(read))
        .route("/v3/company/{realm}/{entity}/{id}/pdf", get(pdf))
        .route("/v3/company/{realm}/{entity}/{id}/send", post(send))
        .route("/files/{realm}/{id}/{name}", get(files::content))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn(headers))
        .with_state(shared)
}

/// Adds the headers that every answer of the API has.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&format!("1-{}", Uuid::new_v4().simple())) {
        headers.insert(HeaderName::from_static("intuit_tid"), id);
    }
    headers.insert("qbo-version", HeaderValue::from_static("sandbox"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=0, no-cache, no-store, must-revalidate, private"),
    );
    response
}

async fn query_by_get(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, context| {
        let text = parameters.query.ok_or_else(|| Fault::missing("query"))?;
        Ok(format!("\"QueryResponse\":{}", query::answer(company, &text, context.clock.now())?))
    })
}

async fn query_by_post(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    answer(&shared, &headers, &realm, |company, context| {
        Ok(format!("\"QueryResponse\":{}", query::answer(company, &body, context.clock.now())?))
    })
}

fn find_entity(name: &str, call: &str) -> Result<Entity, Fault> {
    Entity::from_name(name).ok_or_else(|| Fault::unsupported(&format!("{call} {name}")))
}

async fn read_single(
    State(shared): State<Shared>,
    Path((realm, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, _| match find_entity(&name, "GET")? {
        Entity::Preferences => Ok(format!("\"Preferences\":{}", company.preferences())),
        Entity::CompanyInfo => Ok(format!("\"CompanyInfo\":{}", company.info())),
        Entity::ExchangeRate => {
            let code = parameters.sourcecurrencycode.unwrap_or_default();
            let rate = read_exchange_rate(company, &code, parameters.asofdate.as_deref())?;
            Ok(format!("\"ExchangeRate\":{rate}"))
        }
        entity => Err(Fault::unsupported(&format!("GET {}", entity.name()))),
    })
}

async fn read(
    State(shared): State<Shared>,
    Path((realm, name, id)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let web = shared.origins.web.clone();
    answer(&shared, &headers, &realm, |company, _| {
        let entity = find_entity(&name, "GET")?;
        // The realm selects the company, so the id in the path does not matter.
        let id = if matches!(entity, Entity::CompanyInfo | Entity::Preferences) { "1" } else { &id };
        let row = company.read(entity, id)?;
        if entity == Entity::Invoice && company.quirks.invalid_addresses.by_id {
            company.check_addresses(std::iter::once(id.to_owned()))?;
        }
        if entity == Entity::Invoice && parameters.includes().contains(&"invoiceLink") {
            let mut row = row.value();
            let has_online_payments = company.has_preference("SalesFormsPrefs", "ETransactionPaymentEnabled");
            if has_online_payments && row["BillEmail"]["Address"].is_string() {
                row["InvoiceLink"] = json!(format!("{web}/portal/{}/invoice/{id}", company.realm_id));
            }
            return Ok(format!("\"Invoice\":{row}"));
        }
        Ok(format!("\"{}\":{}", entity.name(), row.json()))
    })
}

async fn write(
    State(shared): State<Shared>,
    Path((realm, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, context| {
        let entity = find_entity(&name, "POST")?;
        let body = json_body(&body)?;
        let includes = parameters.includes();
        context.duplicate_numbers = includes.contains(&"allowduplicatedocnum");
        let verb = Verb::parse(parameters.operation.as_deref(), &includes)
            .ok_or_else(|| Fault::unsupported(parameters.operation.as_deref().unwrap_or_default()))?;
        let row = writes::carry_out(company, entity, verb, &body, context)?;
        Ok(format!("\"{}\":{row}", entity.name()))
    })
}

async fn tax_service(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, context| {
        let body = json_body(&body)?;
        let created = company.transaction(|company| objects::tax::create_code(company, &body, context))?.to_string();
        Ok(created[1..created.len() - 1].to_owned())
    })
}

async fn send(
    State(shared): State<Shared>,
    Path((realm, name, id)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, context| {
        let entity = find_entity(&name, "send")?;
        if !sales::send::is_sent_by_email(entity) {
            return Err(Fault::unsupported(&format!("send {}", entity.name())));
        }
        let row = company
            .transaction(|company| sales::send::send(company, entity, &id, parameters.send_to.as_deref(), context))?;
        Ok(format!("\"{}\":{row}", entity.name()))
    })
}

async fn pdf(
    State(shared): State<Shared>,
    Path((realm, name, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let sheet = with_company(
        &shared,
        &headers,
        &realm,
        |company, _| {
            let entity = find_entity(&name, "PDF of")?;
            if !entity.is_sales_form() {
                return Err(Fault::unsupported(&format!("PDF of {}", entity.name())));
            }
            let row = company.read(entity, &id)?.value();
            Ok(sales::pdf::Sheet::new(company, entity, &row))
        },
        |sheet, _| axum::Extension(sheet).into_response(),
    );
    // The sheet is drawn after the lock is released. The answer above holds the sheet or a refusal.
    let (mut parts, body) = sheet.into_parts();
    match parts.extensions.remove::<sales::pdf::Sheet>() {
        Some(sheet) => match tokio::task::spawn_blocking(move || sheet.draw()).await {
            Ok(Ok(bytes)) => ([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response(),
            _ => Fault::system().response(""),
        },
        None => Response::from_parts(parts, body),
    }
}

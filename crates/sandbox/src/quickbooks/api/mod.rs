//! The v3 Accounting API over HTTP.

mod batch;
mod changes;
mod files;
pub(crate) mod limits;
pub(crate) mod metering;
mod xml;

use super::{
    company::{Act, Company},
    entity::Entity,
    fault::{self, Fault},
    oauth::Bearer,
    objects::{self, Verb},
    query, sales,
};
use crate::{oauth::bearer, world::Shared};
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
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The query parameters that the API knows; others are ignored, as by the real one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    query: Option<String>,
    operation: Option<String>,
    requestid: Option<String>,
    include: Option<String>,
    entities: Option<String>,
    #[serde(rename = "changedSince")]
    changed_since: Option<String>,
    sourcecurrencycode: Option<String>,
    asofdate: Option<String>,
    #[serde(rename = "sendTo")]
    send_to: Option<String>,
}

impl Parameters {
    fn includes(&self) -> Vec<&str> {
        self.include.as_deref().unwrap_or_default().split(',').map(str::trim).collect()
    }
}

pub(crate) fn router(shared: Shared) -> Router {
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

/// What every answer of the API carries.
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

/// The company that a call is about, if its token opens it.
fn with_company<T>(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    work: impl FnOnce(&mut Company, &mut Act) -> Result<T, Fault>,
    answer: impl FnOnce(T, &str) -> Response,
) -> Response {
    let mut world = shared.world_untouched();
    let clock = world.clock;
    let millis = clock.now().as_millisecond();
    let token = bearer(headers).unwrap_or_default();
    let sub = match world.quickbooks.grants.realm(token, clock.epoch()) {
        Bearer::Unknown => return fault::unauthenticated("Malformed bearer token: too short or too long", millis),
        Bearer::Expired => return fault::unauthenticated("Token expired: AuthenticationFailed", millis),
        Bearer::WithoutScope => return fault::scope_missing(millis),
        Bearer::Of { realm_id, .. } if realm_id != realm => return fault::unauthorized(millis),
        Bearer::Of { sub, .. } => sub,
    };
    let time = clock.quickbooks_millis();
    let result = world.quickbooks.act(realm, |company| work(company, &mut Act::new(clock, &sub)));
    let waiting = world.quickbooks.webhooks.waiting() > 0;
    drop(world);
    if waiting {
        shared.touch();
    }
    let Some(result) = result else { return fault::unauthorized(millis) };
    match result {
        Ok(value) => answer(value, &time),
        Err(fault) if xml::is_wanted(headers) => {
            (fault.status(), xml::answer(&json!({ "Fault": fault.body(), "time": time }))).into_response()
        }
        Err(fault) => fault.response(&time),
    }
}

/// Answers with JSON (or XML, where the request asks for it): the members that `work` gives, and the time.
fn answer(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    work: impl FnOnce(&mut Company, &mut Act) -> Result<String, Fault>,
) -> Response {
    let as_xml = xml::is_wanted(headers);
    with_company(shared, headers, realm, work, |members, time| {
        let body = format!("{{{members},\"time\":\"{time}\"}}");
        if as_xml {
            return xml::answer(&serde_json::from_str(&body).unwrap_or_default()).into_response();
        }
        ([(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body).into_response()
    })
}

async fn query_by_get(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, act| {
        let text = parameters.query.ok_or_else(|| Fault::missing("query"))?;
        Ok(format!("\"QueryResponse\":{}", query::answer(company, &text, act.clock.now())?))
    })
}

async fn query_by_post(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    answer(&shared, &headers, &realm, |company, act| {
        Ok(format!("\"QueryResponse\":{}", query::answer(company, &body, act.clock.now())?))
    })
}

fn known(name: &str, call: &str) -> Result<Entity, Fault> {
    Entity::named(name).ok_or_else(|| Fault::unsupported(&format!("{call} {name}")))
}

async fn read_single(
    State(shared): State<Shared>,
    Path((realm, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, _| match known(&name, "GET")? {
        Entity::Preferences => Ok(format!("\"Preferences\":{}", company.preferences())),
        Entity::CompanyInfo => Ok(format!("\"CompanyInfo\":{}", company.info())),
        Entity::ExchangeRate => {
            let code = parameters.sourcecurrencycode.unwrap_or_default();
            let rate = objects::read_exchange_rate(company, &code, parameters.asofdate.as_deref())?;
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
    let web = shared.origins.quickbooks_web.clone();
    answer(&shared, &headers, &realm, |company, _| {
        let entity = known(&name, "GET")?;
        // The company is read by its realm; whatever number is asked for, there is the one.
        let id = if matches!(entity, Entity::CompanyInfo | Entity::Preferences) { "1" } else { &id };
        let row = company.read(entity, id)?;
        if entity == Entity::Invoice && company.quirks.invalid_addresses.by_id {
            company.check_addresses(std::iter::once(id.to_owned()))?;
        }
        if entity == Entity::Invoice && parameters.includes().contains(&"invoiceLink") {
            let mut row = row.value();
            let online = company.prefers("SalesFormsPrefs", "ETransactionPaymentEnabled");
            if online && row["BillEmail"]["Address"].is_string() {
                row["InvoiceLink"] = json!(format!("{web}/portal/{}/invoice/{id}", company.realm_id));
            }
            return Ok(format!("\"Invoice\":{row}"));
        }
        Ok(format!("\"{}\":{}", entity.name(), row.json()))
    })
}

/// A body as JSON.
fn json_body(body: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        Fault::validation(
            "2010",
            "Request has invalid or unsupported property",
            format!("Unexpected character: {error}"),
            "",
        )
    })
}

/// Answers a write. A repeated `requestid` is given its first answer again, whatever has become of the object since.
fn answer_once(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    parameters: &Parameters,
    work: impl FnOnce(&mut Company, &mut Act) -> Result<String, Fault>,
) -> Response {
    answer(shared, headers, realm, |company, act| {
        let Some(request_id) = parameters.requestid.as_deref().filter(|id| !id.is_empty()) else {
            return work(company, act);
        };
        if request_id.chars().count() > 50 {
            return Err(Fault::validation(
                "2130",
                "Invalid request id",
                "The request id is longer than 50 characters",
                "requestid",
            ));
        }
        if let Some(answer) = company.answered(request_id) {
            return Ok(answer.to_owned());
        }
        let answer = work(company, act)?;
        company.remember_answer(request_id, &answer);
        Ok(answer)
    })
}

async fn write(
    State(shared): State<Shared>,
    Path((realm, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, act| {
        let entity = known(&name, "POST")?;
        let body = json_body(&body)?;
        let includes = parameters.includes();
        act.duplicate_numbers = includes.contains(&"allowduplicatedocnum");
        let verb = Verb::of(parameters.operation.as_deref(), &includes)
            .ok_or_else(|| Fault::unsupported(parameters.operation.as_deref().unwrap_or_default()))?;
        let row = objects::carry_out(company, entity, verb, &body, act)?;
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
    answer_once(&shared, &headers, &realm, &parameters, |company, act| {
        let body = json_body(&body)?;
        let made = company.transaction(|company| objects::tax_service(company, &body, act))?.to_string();
        Ok(made[1..made.len() - 1].to_owned())
    })
}

async fn send(
    State(shared): State<Shared>,
    Path((realm, name, id)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer_once(&shared, &headers, &realm, &parameters, |company, act| {
        let entity = known(&name, "send")?;
        if !sales::is_sent_by_email(entity) {
            return Err(Fault::unsupported(&format!("send {}", entity.name())));
        }
        let row =
            company.transaction(|company| sales::send(company, entity, &id, parameters.send_to.as_deref(), act))?;
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
            let entity = known(&name, "PDF of")?;
            if !entity.is_sales_form() {
                return Err(Fault::unsupported(&format!("PDF of {}", entity.name())));
            }
            let row = company.read(entity, &id)?.value();
            Ok(sales::pdf::Sheet::of(company, entity, &row))
        },
        |sheet, _| axum::Extension(sheet).into_response(),
    );
    // The sheet is drawn outside the lock: the answer above holds it, or a refusal.
    let (mut parts, body) = sheet.into_parts();
    match parts.extensions.remove::<sales::pdf::Sheet>() {
        Some(sheet) => match tokio::task::spawn_blocking(move || sheet.draw()).await {
            Ok(Ok(bytes)) => ([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response(),
            _ => Fault::system().response(""),
        },
        None => Response::from_parts(parts, body),
    }
}

//! One call of the API: its parameters, its token's company, and the envelope of the answer.

use super::{refusals, xml};
use crate::{
    clock::PacificTime,
    company::{Company, WriteContext},
    fault::Fault,
    grants::Bearer,
    shared::Shared,
};
use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use sandbox_core::oauth::bearer_token;
use serde::Deserialize;
use serde_json::{Value, json};

/// The query parameters of the API. Others are ignored, as QuickBooks ignores them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    pub(super) query: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) requestid: Option<String>,
    pub(super) include: Option<String>,
    pub(super) entities: Option<String>,
    #[serde(rename = "changedSince")]
    pub(super) changed_since: Option<String>,
    pub(super) sourcecurrencycode: Option<String>,
    pub(super) asofdate: Option<String>,
    #[serde(rename = "sendTo")]
    pub(super) send_to: Option<String>,
}

impl Parameters {
    pub(super) fn includes(&self) -> Vec<&str> {
        self.include.as_deref().unwrap_or_default().split(',').map(str::trim).collect()
    }
}

/// Runs `work` on the company of a call, if the call's token opens the company.
pub(super) fn with_company<T>(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    work: impl FnOnce(&mut Company, &mut WriteContext) -> Result<T, Fault>,
    answer: impl FnOnce(T, &str) -> Response,
) -> Response {
    let mut state = shared.state();
    let clock = shared.clock();
    let millis = clock.now().as_millisecond();
    let token = bearer_token(headers).unwrap_or_default();
    let sub = match state.grants.check_access_token(token, clock.epoch_seconds()) {
        Bearer::Unknown => return refusals::unauthenticated("Malformed bearer token: too short or too long", millis),
        Bearer::Expired => return refusals::unauthenticated("Token expired: AuthenticationFailed", millis),
        Bearer::WithoutScope => return refusals::scope_missing(millis),
        Bearer::Valid { realm_id, .. } if realm_id != realm => return refusals::unauthorized(millis),
        Bearer::Valid { sub, .. } => sub,
    };
    let time = clock.quickbooks_millis();
    let result = state.with_company(realm, |company| work(company, &mut WriteContext::new(clock, &sub)));
    let waiting = state.webhooks.waiting() > 0;
    drop(state);
    if waiting {
        shared.mark_changed();
    }
    let Some(result) = result else { return refusals::unauthorized(millis) };
    match result {
        Ok(value) => answer(value, &time),
        Err(fault) if xml::is_wanted(headers) => {
            (fault.status(), xml::answer(&json!({ "Fault": fault.body(), "time": time }))).into_response()
        }
        Err(fault) => fault.response(&time),
    }
}

/// Answers with the members that `work` returns and the time, as JSON, or as XML if the request accepts only that.
pub(super) fn answer(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    work: impl FnOnce(&mut Company, &mut WriteContext) -> Result<String, Fault>,
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

/// Parses a body as JSON.
pub(super) fn json_body(body: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        Fault::validation(
            "2010",
            "Request has invalid or unsupported property",
            format!("Unexpected character: {error}"),
            "",
        )
    })
}

/// Answers a write. A repeated `requestid` gets the first answer again, even if the object has changed since.
pub(super) fn answer_once(
    shared: &Shared,
    headers: &HeaderMap,
    realm: &str,
    parameters: &Parameters,
    work: impl FnOnce(&mut Company, &mut WriteContext) -> Result<String, Fault>,
) -> Response {
    answer(shared, headers, realm, |company, context| {
        let Some(request_id) = parameters.requestid.as_deref().filter(|id| !id.is_empty()) else {
            return work(company, context);
        };
        if request_id.chars().count() > 50 {
            return Err(Fault::validation(
                "2130",
                "Invalid request id",
                "The request id is longer than 50 characters",
                "requestid",
            ));
        }
        if let Some(answer) = company.stored_answer(request_id) {
            return Ok(answer.to_owned());
        }
        let answer = work(company, context)?;
        company.store_answer(request_id, &answer);
        Ok(answer)
    })
}

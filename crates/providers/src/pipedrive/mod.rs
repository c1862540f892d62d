//! Client of Pipedrive's REST API, as far as billing a deal needs it, and verification of the tokens that it signs.

mod activities;
mod deals;
mod fields;
mod notes;
mod signed;
mod users;

pub use deals::{DealParties, ListedDeal};
pub use signed::{SignedUser, verify_token};
pub use users::CurrentUser;

use crate::{
    Http, ProviderError,
    classify::{Body, Meaning, ReportedRefusal},
    error::Fault,
    http::AnswerFormat,
    json::{Rows, take_member},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashSet;
use url::Url;

/// Access to one Pipedrive company with the rights of one user.
#[derive(Debug)]
pub struct Api {
    /// The HTTP client.
    pub http: Http,
    /// Base URL: the `api_domain` of the user's token answer.
    pub base: Url,
    /// A valid access token.
    pub access: SecretString,
}

const ANSWER_FORMAT: AnswerFormat = AnswerFormat { provider: "pipedrive", read_refusal };

/// Reads a refusal in Pipedrive's format. Other JSON, for example from a gateway, is not a refusal.
fn read_refusal(body: &Body) -> Option<ReportedRefusal> {
    let Body::Json(body) = body else { return None };
    if body["success"] != false {
        return None;
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let code = body["code"].as_str().map(str::to_owned).or(body["errorCode"].as_u64().map(|code| code.to_string()));
    let detail = ["error", "message", "error_info"].into_iter().map(text).find(|text| !text.is_empty());
    let fault = Fault { code: code.unwrap_or_default(), detail: detail.unwrap_or_default(), element: String::new() };
    let meaning = if fault.detail == SCOPE_MISSING { Meaning::NotPermitted } else { Meaning::Refused };
    Some(ReportedRefusal { meaning, faults: vec![fault] })
}

/// Pipedrive's text, with status 403, if the app lacks a scope. The cause is not a missing permission of the user.
const SCOPE_MISSING: &str = "Scope and URL mismatch";

/// Rows in a page: the maximum of v2.
const PAGE_ROWS: &str = "500";

impl Api {
    fn build_url(&self, path: &str) -> Result<Url, ProviderError> {
        self.base.join(path).map_err(ProviderError::unknown)
    }

    async fn get<Data: DeserializeOwned>(&self, url: Url) -> Result<(Data, Option<String>), ProviderError> {
        let request =
            self.http.client.get(url).bearer_auth(self.access.expose_secret()).header("accept", "application/json");
        let mut answer: Value = self.http.send_json(request, ANSWER_FORMAT).await?;
        let next = read_cursor(&answer)?;
        if answer.get("data").is_none() {
            return Err(ProviderError::unknown("the answer has no data"));
        }
        let data = crate::json::deserialize(take_member(&mut answer, "data"))?;
        Ok((data, next))
    }

    async fn post<Data: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<Data, ProviderError> {
        let request = self.http.client.post(self.build_url(path)?).bearer_auth(self.access.expose_secret()).json(body);
        let mut answer: Value =
            self.http.send_json(request.header("accept", "application/json"), ANSWER_FORMAT).await?;
        crate::json::deserialize(take_member(&mut answer, "data"))
    }

    async fn patch(&self, path: &str, body: &Value) -> Result<(), ProviderError> {
        let request = self.http.client.patch(self.build_url(path)?).bearer_auth(self.access.expose_secret()).json(body);
        self.http.send_json::<Value>(request.header("accept", "application/json"), ANSWER_FORMAT).await.map(drop)
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`ProviderError::NotFound`] also if this user may not see the record (Pipedrive answers 403 in its own format), or
    /// if it was deleted (Pipedrive returns it with `is_deleted` for 30 days).
    async fn read_record(&self, path: &str) -> Result<Value, ProviderError> {
        match self.get::<Value>(self.build_url(path)?).await {
            Ok((record, _)) => to_record(record),
            Err(ProviderError::Refused(refusal)) if refusal.status == 403 => Err(ProviderError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// Reads a page and returns its valid rows, with the cursor of the next page.
    async fn read_page<Row: DeserializeOwned>(&self, url: Url) -> Result<(Vec<Row>, Option<String>), ProviderError> {
        let path = url.path().to_owned();
        let (data, next) = self.get::<Value>(url).await?;
        Ok((Rows::from_list(data, &path)?.readable, next))
    }

    /// Reads all pages of a list and returns the valid rows.
    async fn read_all_pages<Row: DeserializeOwned>(&self, path: &str) -> Result<Vec<Row>, ProviderError> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        let mut earlier_cursors = HashSet::new();
        loop {
            let mut url = self.build_url(path)?;
            url.query_pairs_mut().append_pair("limit", PAGE_ROWS);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let (page, next) = self.read_page(url).await?;
            rows.extend(page);
            let Some(next) = next else { return Ok(rows) };
            // With a repeated cursor, the loop would not end and the list would be incomplete.
            if !earlier_cursors.insert(next.clone()) {
                return Err(ProviderError::unknown("a cursor of the list is repeated"));
            }
            cursor = Some(next);
        }
    }
}

/// Checks that an answer holds a record that was not deleted. Without a record, it is not proven that the user may see it.
fn to_record(record: Value) -> Result<Value, ProviderError> {
    if !record["id"].is_i64() {
        return Err(ProviderError::unknown("the record has no id"));
    }
    if record["is_deleted"] == true { Err(ProviderError::NotFound) } else { Ok(record) }
}

/// The cursor of the next page; `None` on the last page.
fn read_cursor(answer: &Value) -> Result<Option<String>, ProviderError> {
    match &answer["additional_data"]["next_cursor"] {
        Value::Null => Ok(None),
        Value::String(cursor) => Ok(Some(cursor.clone())),
        _ => Err(ProviderError::unknown("the cursor is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify_failure;
    use reqwest::StatusCode;
    use serde_json::json;

    fn outcome(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).expect("a status");
        match classify_failure(status, String::new(), None, body.into(), ANSWER_FORMAT, true) {
            ProviderError::Refused(refusal) => format!("refused {}|{}", refusal.code, refusal.detail),
            other => other.to_string(),
        }
    }

    #[test]
    fn only_pipedrives_own_format_is_a_refusal() {
        let no_permission =
            r#"{"success":false,"error":"You do not have permissions to do this.","errorCode":403,"data":null}"#;
        assert_eq!(outcome(403, no_permission), "refused 403|You do not have permissions to do this.");
        let bare = r#"{"success":false,"error":"Forbidden"}"#;
        assert_eq!(outcome(403, bare), "refused 403|Forbidden", "the status if there is no code");
        let blocked = "a proxy in front of the provider answered with status 403";
        let page = "<html><head><title>403 Forbidden</title></head><body><center>cloudflare</center></body></html>";
        for body in [page, "", "error code: 1015", r#"{"message":"Forbidden"}"#] {
            assert_eq!(outcome(403, body), blocked, "{body}");
        }
        assert_eq!(outcome(404, page), "a proxy in front of the provider answered with status 404");
        assert_eq!(outcome(404, r#"{"success":false,"error":"Deal not found"}"#), "the provider does not have it");
        assert_eq!(outcome(503, page), "no usable answer came back");
        assert_eq!(outcome(502, page), "no usable answer came back");
    }

    #[test]
    fn a_missing_scope_is_reported_as_not_permitted() {
        let missing = r#"{"success":false,"error":"Scope and URL mismatch","error_info":"…","errorCode":403}"#;
        assert_eq!(outcome(403, missing), "the provider does not permit the call: 403");
    }

    #[test]
    fn refusals_of_both_versions_are_read() {
        let v2 = r#"{"success":false,"error":"body/item_price must be number","code":"ERR_SCHEMA_VALIDATION_FAILED"}"#;
        assert_eq!(outcome(400, v2), "refused ERR_SCHEMA_VALIDATION_FAILED|body/item_price must be number");
        assert_eq!(outcome(401, r#"{"success":false,"error_info":"Unauthorized"}"#), "the access token was refused");
    }

    #[test]
    fn an_answer_without_a_record_is_an_error() {
        for odd in [json!(null), json!([]), json!("x"), json!({}), json!({ "id": "7" })] {
            assert!(matches!(to_record(odd.clone()), Err(ProviderError::Unknown(_))), "{odd}");
        }
        assert!(matches!(to_record(json!({ "id": 7, "is_deleted": true })), Err(ProviderError::NotFound)));
        assert!(to_record(json!({ "id": 7, "is_deleted": null })).is_ok());
    }

    #[test]
    fn only_an_answer_without_a_cursor_ends_a_list() {
        for odd in [json!(2), json!({}), json!([]), json!(true)] {
            assert!(read_cursor(&json!({ "additional_data": { "next_cursor": odd } })).is_err(), "{odd}");
        }
        for end in
            [json!({}), json!({ "additional_data": null }), json!({ "additional_data": { "next_cursor": null } })]
        {
            assert!(matches!(read_cursor(&end), Ok(None)), "{end}");
        }
    }
}

//! Client of the QuickBooks Online Accounting API v3, as far as billing a deal needs it.

mod catalogue;
mod changes;
mod corrections;
mod customers;
mod fault;
mod invoices;
mod items;
mod lookups;
mod payments;
mod rates;
mod repeats;
mod terms;
mod webhooks;
mod wire;

pub use changes::Changes;
pub use customers::{CUSTOMER_PAGE_ROWS, CustomerUpdate, NewCustomer};
pub use invoices::{FoundInvoice, Origin, ResolvedInvoice};
pub use items::{ItemProperty, NewItem};
pub use lookups::{InvoiceList, InvoicesById};
pub use payments::{AppliedPayment, Payments};
pub use webhooks::{may_be_signature, read_changed_realms};

use crate::{
    Http, ProviderError, Refusal,
    http::AnswerFormat,
    json::{Rows, take_member},
};
use futures_util::future::try_join_all;
use iso_currency::Currency;
use jiff::Timestamp;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

/// Minor version of the API. It has been the minimum and the default since August 2025. Requests name it explicitly, so
/// that answers do not depend on the default.
const MINOR_VERSION: &str = "75";

/// Access to one QuickBooks company.
#[derive(Debug)]
pub struct Api {
    /// The HTTP client.
    pub http: Http,
    /// Base URL, to which `/v3/company/{realmId}` is appended.
    pub base: Url,
    /// QuickBooks' id of the company.
    pub realm_id: String,
    /// A valid access token.
    pub access: SecretString,
    /// The company's home currency, if it is known. It applies to invoices that name no currency.
    pub home: Option<Currency>,
}

const ANSWER_FORMAT: AnswerFormat = AnswerFormat { provider: "quickbooks", read_refusal: fault::read_fault };

impl Api {
    fn build_url(&self, path: &[&str]) -> Result<Url, ProviderError> {
        let mut url = self.base.clone();
        let mut segments =
            url.path_segments_mut().map_err(|()| ProviderError::unknown("the QuickBooks address has no path"))?;
        segments.pop_if_empty().extend(["v3", "company", &self.realm_id]).extend(path);
        drop(segments);
        url.query_pairs_mut().append_pair("minorversion", MINOR_VERSION);
        Ok(url)
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.access.expose_secret()).header("accept", "application/json")
    }

    async fn get(&self, path: &[&str]) -> Result<Value, ProviderError> {
        self.http.send_json(self.authorized(self.http.client.get(self.build_url(path)?)), ANSWER_FORMAT).await
    }

    /// Runs a query and returns the valid rows of its entity.
    async fn query_valid_rows<Row: DeserializeOwned>(
        &self,
        entity: &str,
        statement: &str,
    ) -> Result<Vec<Row>, ProviderError> {
        Ok(self.query_rows(entity, statement).await?.readable)
    }

    /// Runs a query and returns the rows of its entity.
    async fn query_rows<Row: DeserializeOwned>(
        &self,
        entity: &str,
        statement: &str,
    ) -> Result<Rows<Row>, ProviderError> {
        read_rows(&mut self.run_query(statement).await?, entity)
    }

    /// Runs a query and returns its rows by entity. An invalid answer is an error, never an empty result.
    async fn run_query(&self, statement: &str) -> Result<Value, ProviderError> {
        let mut url = self.build_url(&["query"])?;
        url.query_pairs_mut().append_pair("query", statement);
        let mut answer: Value = self.http.send_json(self.authorized(self.http.client.get(url)), ANSWER_FORMAT).await?;
        match take_member(&mut answer, "QueryResponse") {
            found @ Value::Object(_) => require_rows(found),
            _ => Err(ProviderError::unknown("the query has no answer")),
        }
    }

    /// Runs several queries: in one batch if the rate limiter admits one, otherwise separately. Returns an answer or a
    /// refusal for each query.
    async fn run_queries(&self, statements: &[&str]) -> Result<Vec<Result<Value, Refusal>>, ProviderError> {
        let separate = |answer| match answer {
            Ok(found) => Ok(Ok(found)),
            Err(ProviderError::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        };
        if statements.len() < 2 || !self.http.try_acquire_batch() {
            return try_join_all(
                statements.iter().map(|statement| async { separate(self.run_query(statement).await) }),
            )
            .await;
        }
        let items: Vec<Value> = statements
            .iter()
            .enumerate()
            .map(|(at, query)| serde_json::json!({ "bId": at.to_string(), "Query": query }))
            .collect();
        let request =
            self.http.client.post(self.build_url(&["batch"])?).json(&serde_json::json!({ "BatchItemRequest": items }));
        let answer: Value =
            self.http.with_queries(statements.len()).send_json(self.authorized(request), ANSWER_FORMAT).await?;
        let answers = answer["BatchItemResponse"].as_array().cloned().unwrap_or_default();
        (0..statements.len())
            .map(|at| {
                let answer = answers.iter().find(|answer| answer["bId"].as_str() == Some(&at.to_string()));
                let answer = answer.ok_or_else(|| ProviderError::unknown("an item of the batch was not answered"))?;
                separate(match fault::read_json_fault(answer) {
                    Some(reported) => Err(reported.into_error(StatusCode::OK, String::new())),
                    None if answer["QueryResponse"].is_object() => require_rows(answer["QueryResponse"].clone()),
                    None => Err(ProviderError::unknown("a query of the batch has no answer")),
                })
            })
            .collect()
    }

    /// Writes an entity with a `requestid`. If the write is resent with the same id, QuickBooks returns the first answer
    /// again.
    async fn write_entity<T: DeserializeOwned>(
        &self,
        entity: &str,
        request_id: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ProviderError> {
        let mut url = self.build_url(&[&entity.to_lowercase()])?;
        url.query_pairs_mut().append_pair("requestid", request_id);
        let mut answer: Value =
            self.http.send_json(self.authorized(self.http.client.post(url).json(body)), ANSWER_FORMAT).await?;
        crate::json::deserialize(take_member(&mut answer, entity))
    }

    /// Voids or deletes an entity. QuickBooks refuses with 5010 if the entity has changed since `sync_token`.
    async fn send_operation(
        &self,
        entity: &str,
        operation: &str,
        request_id: &str,
        id: &str,
        sync_token: &str,
    ) -> Result<Value, ProviderError> {
        let mut url = self.build_url(&[&entity.to_lowercase()])?;
        url.query_pairs_mut().append_pair("operation", operation).append_pair("requestid", request_id);
        let body = serde_json::json!({ "Id": id, "SyncToken": sync_token });
        let mut answer: Value =
            self.http.send_json(self.authorized(self.http.client.post(url).json(&body)), ANSWER_FORMAT).await?;
        Ok(take_member(&mut answer, entity))
    }
}

/// Checks the response of a query. Returns an error if it holds a fault, as Intuit's schema allows, or if it counts rows and
/// has none.
fn require_rows(response: Value) -> Result<Value, ProviderError> {
    if let Some(reported) = fault::read_json_fault(&response) {
        return Err(reported.into_error(StatusCode::OK, String::new()));
    }
    let is_counted = response["maxResults"].as_u64().is_some_and(|rows| rows > 0);
    if is_counted && !response.as_object().is_some_and(|members| members.values().any(Value::is_array)) {
        return Err(ProviderError::unknown("the query counts rows and has none"));
    }
    Ok(response)
}

fn read_rows<Row: DeserializeOwned>(answer: &mut Value, entity: &str) -> Result<Rows<Row>, ProviderError> {
    Rows::from_list(take_member(answer, entity), entity)
}

/// Keeps the answers of a search. If QuickBooks refuses the text of some queries, the answers of the others are used. If it
/// refuses all, returns the first refusal.
fn keep_answered<T>(answers: Vec<Result<T, Refusal>>) -> Result<Vec<T>, ProviderError> {
    match answers.iter().find(|_| answers.iter().all(Result::is_err)) {
        Some(Err(refusal)) => Err(ProviderError::Refused(refusal.clone())),
        _ => Ok(answers.into_iter().flatten().collect()),
    }
}

/// Formats a timestamp for a query or a request for changes: whole seconds, with offset.
fn format_timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Quotes a text for a query. Quotes and backslashes are escaped with a backslash; QuickBooks does not accept a doubled
/// quote.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_fails_only_if_all_of_its_queries_are_refused() {
        let refused = || Err(Refusal { code: "4000".into(), ..Refusal::default() });
        assert_eq!(keep_answered(vec![refused(), Ok(1), Ok(2)]).ok(), Some(vec![1, 2]));
        assert!(matches!(keep_answered::<u8>(vec![refused(), refused()]), Err(ProviderError::Refused(_))));
        assert_eq!(keep_answered::<u8>(Vec::new()).ok(), Some(Vec::new()));
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quote(r"O'Brien' OR Id > '0"), r"'O\'Brien\' OR Id > \'0'");
        assert_eq!(quote(r"back\slash"), r"'back\\slash'");
    }

    /// Intuit's schema allows a fault in the place of rows.
    #[test]
    fn a_failed_query_is_not_an_empty_result() {
        let fault =
            serde_json::json!({ "Fault": { "type": "SERVICE", "Error": [{ "code": "10000", "Message": "x" }] } });
        assert!(matches!(require_rows(fault), Err(ProviderError::Unknown(_))));
        let refused = serde_json::json!({ "Fault": { "type": "ValidationFault", "Error": [{ "code": "4000" }] } });
        assert!(matches!(require_rows(refused), Err(ProviderError::Refused(_))));
        assert!(require_rows(serde_json::json!({ "maxResults": 2, "startPosition": 1 })).is_err());
        for found in [
            serde_json::json!({}),
            serde_json::json!({ "totalCount": 7 }),
            serde_json::json!({ "maxResults": 1, "Item": [{}] }),
        ] {
            assert!(require_rows(found.clone()).is_ok(), "{found}");
        }
    }

    #[test]
    fn formats_timestamps_in_whole_seconds_with_offset() {
        let at: Timestamp = "2026-03-13T08:02:11.987654Z".parse().unwrap();
        assert_eq!(format_timestamp(at), "2026-03-13T08:02:11+00:00");
    }
}

//! The QuickBooks Online v3 Accounting API, as far as billing a deal needs it.

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
pub use customers::{CUSTOMERS_PAGE, CustomerUpdate, NewCustomer};
pub use invoices::{Found, Origin, Resolved};
pub use items::{ItemProperty, NewItem};
pub use lookups::{Listed, ReadInvoices};
pub use payments::{AppliedPayment, Payments};
pub use webhooks::{changed_realms, may_be_signature};

use crate::{
    Http, ProviderError,
    classify::Meaning,
    http::Explain,
    json::{Rows, take},
};
use futures_util::future::try_join_all;
use iso_currency::Currency;
use jiff::Timestamp;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

/// Since August 2025 the floor and the default; sent all the same, so that an answer never depends on a default.
const MINOR_VERSION: &str = "75";

/// One QuickBooks company, with the right to call it.
#[derive(Debug)]
pub struct Api<'a> {
    /// The client.
    pub http: &'a Http,
    /// To which `/v3/company/{realmId}` is appended.
    pub base: &'a Url,
    /// QuickBooks' number of the company.
    pub realm_id: &'a str,
    /// An access token that has not expired.
    pub access: &'a SecretString,
    /// The company's home currency, where it is known: that of invoices that name none.
    pub home: Option<Currency>,
}

const EXPLAIN: Explain = Explain { provider: "quickbooks", refusal: fault::read };

impl Api<'_> {
    fn url(&self, path: &[&str]) -> Result<Url, ProviderError> {
        let mut url = self.base.clone();
        let mut segments =
            url.path_segments_mut().map_err(|()| ProviderError::unknown("the QuickBooks address has no path"))?;
        segments.pop_if_empty().extend(["v3", "company", self.realm_id]).extend(path);
        drop(segments);
        url.query_pairs_mut().append_pair("minorversion", MINOR_VERSION);
        Ok(url)
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.access.expose_secret()).header("accept", "application/json")
    }

    async fn get(&self, path: &[&str]) -> Result<Value, ProviderError> {
        self.http.json(self.authorized(self.http.client.get(self.url(path)?)), EXPLAIN).await
    }

    /// Runs a query; the rows of its entity that can be read.
    async fn query<Row: DeserializeOwned>(&self, entity: &str, statement: &str) -> Result<Vec<Row>, ProviderError> {
        Ok(self.query_rows(entity, statement).await?.readable)
    }

    /// Runs a query; the rows of its entity.
    async fn query_rows<Row: DeserializeOwned>(
        &self,
        entity: &str,
        statement: &str,
    ) -> Result<Rows<Row>, ProviderError> {
        rows(&mut self.asked(statement).await?, entity)
    }

    /// Runs a query; what it found, by entity. An answer of another shape is an error: it does not say that nothing was found.
    async fn asked(&self, statement: &str) -> Result<Value, ProviderError> {
        let mut url = self.url(&["query"])?;
        url.query_pairs_mut().append_pair("query", statement);
        let mut answer: Value = self.http.json(self.authorized(self.http.client.get(url)), EXPLAIN).await?;
        match take(&mut answer, "QueryResponse") {
            found @ Value::Object(_) => sound(found),
            _ => Err(ProviderError::unknown("a query without an answer")),
        }
    }

    /// Several queries, in one call while QuickBooks takes another batch of this company; a query that it refuses gives
    /// nothing.
    async fn queries(&self, statements: &[&str]) -> Result<Vec<Value>, ProviderError> {
        if statements.len() < 2 || !self.http.takes_batch() {
            return try_join_all(statements.iter().map(|statement| async {
                match self.asked(statement).await {
                    Err(ProviderError::Refused(_)) => Ok(Value::Null),
                    answer => answer,
                }
            }))
            .await;
        }
        let items: Vec<Value> = statements
            .iter()
            .enumerate()
            .map(|(at, query)| serde_json::json!({ "bId": at.to_string(), "Query": query }))
            .collect();
        let request =
            self.http.client.post(self.url(&["batch"])?).json(&serde_json::json!({ "BatchItemRequest": items }));
        let answer: Value = self.http.with_queries(statements.len()).json(self.authorized(request), EXPLAIN).await?;
        let answers = answer["BatchItemResponse"].as_array().cloned().unwrap_or_default();
        (0..statements.len())
            .map(|at| {
                let own = answers.iter().find(|answer| answer["bId"].as_str() == Some(&at.to_string()));
                let own = own.ok_or_else(|| ProviderError::unknown("an item of the batch was not answered"))?;
                match fault::read_json(own) {
                    Some(told) if told.meaning != Meaning::Refused => {
                        Err(told.into_error(StatusCode::OK, String::new()))
                    }
                    Some(_) => Ok(Value::Null),
                    None if own["QueryResponse"].is_object() => sound(own["QueryResponse"].clone()),
                    None => Err(ProviderError::unknown("a query of the batch without an answer")),
                }
            })
            .collect()
    }

    /// Writes an entity under a `requestid`: sent again with the same id, it gives the first answer again.
    async fn write<Answer: DeserializeOwned>(
        &self,
        entity: &str,
        request_id: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer, ProviderError> {
        let mut url = self.url(&[&entity.to_lowercase()])?;
        url.query_pairs_mut().append_pair("requestid", request_id);
        let mut answer: Value = self.http.json(self.authorized(self.http.client.post(url).json(body)), EXPLAIN).await?;
        crate::json::read(take(&mut answer, entity))
    }

    /// Voids or deletes an entity that has not changed since `sync_token`. Refused with 5010 where it has.
    async fn operate(
        &self,
        entity: &str,
        operation: &str,
        request_id: &str,
        id: &str,
        sync_token: &str,
    ) -> Result<Value, ProviderError> {
        let mut url = self.url(&[&entity.to_lowercase()])?;
        url.query_pairs_mut().append_pair("operation", operation).append_pair("requestid", request_id);
        let body = serde_json::json!({ "Id": id, "SyncToken": sync_token });
        let mut answer: Value =
            self.http.json(self.authorized(self.http.client.post(url).json(&body)), EXPLAIN).await?;
        Ok(take(&mut answer, entity))
    }
}

/// What a query found. Intuit's schema has a place for a fault within it; rows that are counted and missing were not found by nobody.
fn sound(found: Value) -> Result<Value, ProviderError> {
    if let Some(told) = fault::read_json(&found) {
        return Err(told.into_error(StatusCode::OK, String::new()));
    }
    let is_counted = found["maxResults"].as_u64().is_some_and(|rows| rows > 0);
    if is_counted && !found.as_object().is_some_and(|members| members.values().any(Value::is_array)) {
        return Err(ProviderError::unknown("a query that counts rows and has none"));
    }
    Ok(found)
}

fn rows<Row: DeserializeOwned>(answer: &mut Value, entity: &str) -> Result<Rows<Row>, ProviderError> {
    Rows::read(take(answer, entity), entity)
}

/// A moment within a query or a request for changes: whole seconds, with offset.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A text within a query: quotes and backslashes are escaped with a backslash; doubling a quote fails.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted(r"O'Brien' OR Id > '0"), r"'O\'Brien\' OR Id > \'0'");
        assert_eq!(quoted(r"back\slash"), r"'back\\slash'");
    }

    /// Intuit's schema allows a fault in the place of rows.
    #[test]
    fn a_query_that_was_not_carried_out_is_not_one_that_found_nothing() {
        let fault =
            serde_json::json!({ "Fault": { "type": "SERVICE", "Error": [{ "code": "10000", "Message": "x" }] } });
        assert!(matches!(sound(fault), Err(ProviderError::Unknown(_))));
        let refused = serde_json::json!({ "Fault": { "type": "ValidationFault", "Error": [{ "code": "4000" }] } });
        assert!(matches!(sound(refused), Err(ProviderError::Refused(_))));
        assert!(sound(serde_json::json!({ "maxResults": 2, "startPosition": 1 })).is_err());
        for found in [
            serde_json::json!({}),
            serde_json::json!({ "totalCount": 7 }),
            serde_json::json!({ "maxResults": 1, "Item": [{}] }),
        ] {
            assert!(sound(found.clone()).is_ok(), "{found}");
        }
    }

    #[test]
    fn a_moment_is_whole_seconds_with_offset() {
        let at: Timestamp = "2026-03-13T08:02:11.987654Z".parse().unwrap();
        assert_eq!(moment(at), "2026-03-13T08:02:11+00:00");
    }
}

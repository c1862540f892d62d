//! Pipedrive's REST API, as far as billing a deal needs it, and the tokens that it signs.

mod activities;
mod deals;
mod fields;
mod notes;
mod signed;
mod users;

pub use deals::{DealParties, ListedDeal};
pub use signed::{Signed, verify};
pub use users::Me;

use crate::{
    Http, ProviderError,
    http::{Explain, Told},
    json::{Rows, take},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// One Pipedrive company, with the right of one user to call it.
#[derive(Debug)]
pub struct Api<'a> {
    /// The client.
    pub http: &'a Http,
    /// The `api_domain` of the user's token answer.
    pub base: &'a Url,
    /// An access token that has not expired.
    pub access: &'a SecretString,
}

const EXPLAIN: Explain = Explain { provider: "pipedrive", refusal };

fn refusal(body: &[u8]) -> Option<Told> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body["code"].as_str().map_or_else(|| body["errorCode"].to_string(), str::to_owned);
    Some((code, body["error"].as_str()?.to_owned(), String::new()))
}

/// What Pipedrive answers, with 403, when the app lacks a scope: no matter of the user's.
const SCOPE_MISSING: &str = "Scope and URL mismatch";

/// Rows in one page; the most that v2 gives.
const PAGE: &str = "500";

impl Api<'_> {
    fn url(&self, path: &str) -> Result<Url, ProviderError> {
        self.base.join(path).map_err(ProviderError::unknown)
    }

    async fn get<Data: DeserializeOwned>(&self, url: Url) -> Result<(Data, Option<String>), ProviderError> {
        let request =
            self.http.client.get(url).bearer_auth(self.access.expose_secret()).header("accept", "application/json");
        let mut answer: Value = self.http.json(request, EXPLAIN).await?;
        let next = answer["additional_data"]["next_cursor"].as_str().map(str::to_owned);
        if answer.get("data").is_none() {
            return Err(ProviderError::unknown("an answer without data"));
        }
        let data = serde_json::from_value(take(&mut answer, "data")).map_err(ProviderError::unknown)?;
        Ok((data, next))
    }

    async fn post<Data: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<Data, ProviderError> {
        let request = self.http.client.post(self.url(path)?).bearer_auth(self.access.expose_secret()).json(body);
        let mut answer: Value = self.http.json(request.header("accept", "application/json"), EXPLAIN).await?;
        serde_json::from_value(take(&mut answer, "data")).map_err(ProviderError::unknown)
    }

    async fn patch(&self, path: &str, body: &Value) -> Result<(), ProviderError> {
        let request = self.http.client.patch(self.url(path)?).bearer_auth(self.access.expose_secret()).json(body);
        self.http.json::<Value>(request.header("accept", "application/json"), EXPLAIN).await.map(drop)
    }

    /// One record. [`ProviderError::NotFound`] also where this user may not see it, which Pipedrive answers with 403, and
    /// where it was deleted: for thirty days Pipedrive still shows it, with `is_deleted`.
    async fn one(&self, path: &str) -> Result<Value, ProviderError> {
        match self.get::<Value>(self.url(path)?).await {
            Ok((record, _)) if record["is_deleted"] == true => Err(ProviderError::NotFound),
            Ok((record, _)) => Ok(record),
            Err(ProviderError::Refused(refusal)) if refusal.code == "403" && refusal.detail != SCOPE_MISSING => {
                Err(ProviderError::NotFound)
            }
            Err(error) => Err(error),
        }
    }

    /// The rows of one page that can be read.
    async fn page<Row: DeserializeOwned>(&self, url: Url) -> Result<(Vec<Row>, Option<String>), ProviderError> {
        let path = url.path().to_owned();
        let (data, next) = self.get::<Value>(url).await?;
        Ok((Rows::read(data, &path)?.readable, next))
    }

    /// All rows of a list that can be read, page after page.
    async fn all<Row: DeserializeOwned>(&self, path: &str) -> Result<Vec<Row>, ProviderError> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.url(path)?;
            url.query_pairs_mut().append_pair("limit", PAGE);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let (page, next) = self.page(url).await?;
            rows.extend(page);
            match next {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Ok(rows),
            }
        }
    }
}

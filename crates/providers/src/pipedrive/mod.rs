//! Pipedrive's REST API, as far as billing a deal needs it, and the tokens that it signs.

mod deals;
mod fields;
mod signed;
mod users;

pub use signed::{Signed, verify};
pub use users::Me;

use crate::{Http, ProviderError, http::Explain};
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

const EXPLAIN: Explain = |body| {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some((body["code"].as_str().unwrap_or_default().to_owned(), body["error"].as_str()?.to_owned(), String::new()))
};

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
        let data = serde_json::from_value(answer["data"].take()).map_err(ProviderError::unknown)?;
        Ok((data, next))
    }

    /// One record.
    async fn one<Data: DeserializeOwned>(&self, path: &str) -> Result<Data, ProviderError> {
        Ok(self.get(self.url(path)?).await?.0)
    }

    /// All rows of a list, page after page.
    async fn all<Row: DeserializeOwned>(&self, path: &str) -> Result<Vec<Row>, ProviderError> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.url(path)?;
            url.query_pairs_mut().append_pair("limit", PAGE);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let (page, next): (Vec<Row>, _) = self.get(url).await?;
            rows.extend(page);
            match next {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Ok(rows),
            }
        }
    }
}

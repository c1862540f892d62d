//! Change data capture: what has changed in a company since a moment, in one call.

use super::{
    Api, EXPLAIN,
    invoices::{Found, found},
    wire,
};
use crate::ProviderError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// QuickBooks gives no more in one answer, and no further page.
const ROWS_MOST: usize = 1000;

/// What has changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Invoices as they are now.
    pub invoices: Vec<Found>,
    /// Ids of deleted invoices.
    pub deleted: Vec<String>,
    /// Customers that have another name now: id and name.
    pub customers: Vec<(String, String)>,
    /// There was more than one answer holds: what is known has to be compared one by one.
    pub is_cut: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    id: String,
    display_name: Option<String>,
}

impl Api<'_> {
    /// What has changed since a moment, of at most thirty days ago.
    pub async fn changes(&self, since: Timestamp) -> Result<Changes, ProviderError> {
        let mut url = self.url(&["cdc"])?;
        url.query_pairs_mut()
            .append_pair("entities", "Invoice,Customer")
            .append_pair("changedSince", &since.to_string());
        let mut answer: Value = self.http.json(self.authorized(self.http.client.get(url)), EXPLAIN).await?;
        let mut changes = Changes::default();
        let mut rows = 0;
        let answers = answer["CDCResponse"][0]["QueryResponse"].take();
        for mut of_entity in answers.as_array().cloned().unwrap_or_default() {
            for row in of_entity["Invoice"].take().as_array().cloned().unwrap_or_default() {
                rows += 1;
                if row["status"] == "Deleted" {
                    changes.deleted.extend(row["Id"].as_str().map(str::to_owned));
                } else {
                    let row: wire::Invoice = serde_json::from_value(row).map_err(ProviderError::unknown)?;
                    changes.invoices.push(found(row)?);
                }
            }
            for row in of_entity["Customer"].take().as_array().cloned().unwrap_or_default() {
                rows += 1;
                let row: CustomerRow = serde_json::from_value(row).map_err(ProviderError::unknown)?;
                changes.customers.extend(row.display_name.map(|name| (row.id, name)));
            }
        }
        changes.is_cut = rows >= ROWS_MOST;
        Ok(changes)
    }
}

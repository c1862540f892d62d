//! Change data capture: what has changed in a company since a moment, in one call.

use super::{Api, EXPLAIN, invoices::Found, moment};
use crate::{
    ProviderError,
    json::{Rows, id, lenient, take},
};
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
    /// Ids of invoices that have changed and cannot be read.
    pub unreadable: Vec<String>,
    /// Customers that have another name now: id and name.
    pub customers: Vec<(String, String)>,
    /// There was more than one answer holds: what is known has to be compared one by one.
    pub is_cut: bool,
    /// What time it was by QuickBooks' clock, where it said so.
    pub answered_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    display_name: Option<String>,
}

impl Api<'_> {
    /// What has changed since a moment, of at most thirty days ago. A row that cannot be read hides no other. Refused where QuickBooks
    /// itself stumbles over one: see [`Api::changed_invoices`].
    pub async fn changes(&self, since: Timestamp) -> Result<Changes, ProviderError> {
        self.changes_of("Invoice,Customer", since).await
    }

    /// Customers that have changed since a moment, as in [`Changes`].
    pub async fn changed_customers(&self, since: Timestamp) -> Result<Changes, ProviderError> {
        self.changes_of("Customer", since).await
    }

    async fn changes_of(&self, entities: &str, since: Timestamp) -> Result<Changes, ProviderError> {
        let mut url = self.url(&["cdc"])?;
        url.query_pairs_mut().append_pair("entities", entities).append_pair("changedSince", &moment(since));
        let mut answer: Value = self.http.json(self.authorized(self.http.client.get(url)), EXPLAIN).await?;
        let answered_at = answer["time"].as_str().and_then(|time| time.parse().ok());
        let Some(answers) = answer.pointer_mut("/CDCResponse/0/QueryResponse").and_then(Value::as_array_mut) else {
            return Err(ProviderError::unknown("changes without an answer"));
        };
        let mut changes = Changes { answered_at, ..Changes::default() };
        let mut count = 0;
        for of_entity in answers {
            if let Value::Array(invoices) = take(of_entity, "Invoice") {
                count += invoices.len();
                let (deleted, live): (Vec<Value>, _) = invoices.into_iter().partition(|row| row["status"] == "Deleted");
                changes.deleted.extend(deleted.iter().filter_map(id));
                let rows = self.readable_invoices(Rows::read(Value::Array(live), "Invoice")?);
                changes.invoices.extend(rows.readable);
                changes.unreadable.extend(rows.unreadable.iter().filter_map(id));
            }
            let customers = take(of_entity, "Customer");
            count += customers.as_array().map_or(0, Vec::len);
            let rows = Rows::<CustomerRow>::read(customers, "Customer")?.readable;
            changes.customers.extend(rows.into_iter().filter_map(|row| Some((row.id, row.display_name?))));
        }
        changes.is_cut = count >= ROWS_MOST;
        Ok(changes)
    }
}

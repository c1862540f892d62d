//! Change data capture: reads all changes of a company since a timestamp in one call.

use super::{ANSWER_FORMAT, Api, fault, format_timestamp, invoices::FoundInvoice};
use crate::{
    ProviderError,
    json::{Rows, lenient, read_id, take_member},
};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// Maximum of rows in an answer. QuickBooks has no further page.
const MAX_ROWS: usize = 1000;

/// Changes since a timestamp.
#[derive(Debug, Default)]
pub struct Changes {
    /// Changed invoices in their current state.
    pub invoices: Vec<FoundInvoice>,
    /// Ids of deleted invoices.
    pub deleted: Vec<String>,
    /// Ids of changed invoices whose rows are invalid.
    pub unreadable: Vec<String>,
    /// Changed customers: id and current name.
    pub customers: Vec<(String, String)>,
    /// Whether the answer may be incomplete, because it holds the maximum of rows. All known invoices then have to be
    /// compared.
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
    /// Reads the changes since a timestamp of at most 30 days ago. An invalid row does not hide the others. QuickBooks
    /// refuses if it cannot return one row itself; use [`Api::read_changed_invoices`] then.
    pub async fn read_changes(&self, since: Timestamp) -> Result<Changes, ProviderError> {
        self.read_changes_of("Invoice,Customer", since).await
    }

    /// Reads the customers that have changed since a timestamp.
    pub async fn read_changed_customers(&self, since: Timestamp) -> Result<Changes, ProviderError> {
        self.read_changes_of("Customer", since).await
    }

    async fn read_changes_of(&self, entities: &str, since: Timestamp) -> Result<Changes, ProviderError> {
        let mut url = self.build_url(&["cdc"])?;
        url.query_pairs_mut().append_pair("entities", entities).append_pair("changedSince", &format_timestamp(since));
        let mut answer: Value = self.http.send_json(self.authorized(self.http.client.get(url)), ANSWER_FORMAT).await?;
        let answered_at = answer["time"].as_str().and_then(|time| time.parse().ok());
        let Some(answers) = answer.pointer_mut("/CDCResponse/0/QueryResponse").and_then(Value::as_array_mut) else {
            return Err(ProviderError::unknown("changes without an answer"));
        };
        let mut changes = Changes { answered_at, ..Changes::default() };
        let mut count = 0;
        for of_entity in answers {
            if let Some(told) = fault::read_json_fault(of_entity) {
                return Err(told.into_error(StatusCode::OK, String::new()));
            }
            let invoices = match take_member(of_entity, "Invoice") {
                Value::Null => Vec::new(),
                Value::Array(invoices) => invoices,
                _ => return Err(ProviderError::unknown("the list of changed invoices is none")),
            };
            count += invoices.len();
            let (deleted, live): (Vec<Value>, _) = invoices.into_iter().partition(|row| row["status"] == "Deleted");
            changes.deleted.extend(deleted.iter().filter_map(read_id));
            let rows = self.to_found_invoices(Rows::from_list(Value::Array(live), "Invoice")?);
            changes.invoices.extend(rows.readable);
            changes.unreadable.extend(rows.unreadable.iter().filter_map(read_id));
            let customers = take_member(of_entity, "Customer");
            count += customers.as_array().map_or(0, Vec::len);
            let rows = Rows::<CustomerRow>::from_list(customers, "Customer")?.readable;
            changes.customers.extend(rows.into_iter().filter_map(|row| Some((row.id, row.display_name?))));
        }
        changes.is_cut = count >= MAX_ROWS;
        Ok(changes)
    }
}

//! Change data capture: reads all changes of a company since a timestamp in one call.

use super::{
    ANSWER_FORMAT, Api, format_timestamp,
    invoices::{FoundInvoice, is_deleted},
    require_rows,
};
use crate::{
    ProviderError,
    json::{Rows, lenient, read_id, take_member},
};
use jiff::Timestamp;
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
    /// Whether the answer may be incomplete, because it holds the maximum of rows, or rows without an id. All known
    /// invoices then have to be read.
    pub is_incomplete: bool,
    /// The time of QuickBooks' clock, if the answer has one.
    pub answered_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    display_name: Option<String>,
}

impl Api {
    /// Reads the changes since a timestamp of at most 30 days ago. An invalid row does not hide the others. If QuickBooks
    /// itself cannot return one row, it refuses the call; use [`Api::read_changed_invoices`] then.
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
        let changes = self.to_changes(take_member(&mut answer, "CDCResponse"))?;
        Ok(Changes { answered_at, ..changes })
    }

    fn to_changes(&self, answer: Value) -> Result<Changes, ProviderError> {
        let no_answer = || ProviderError::unknown("the answer has no lists of changes");
        let Value::Array(parts) = answer else { return Err(no_answer()) };
        let mut answers = Vec::new();
        for mut part in parts {
            let Value::Array(of_part) = take_member(&mut part, "QueryResponse") else { return Err(no_answer()) };
            answers.extend(of_part);
        }
        if answers.is_empty() {
            return Err(no_answer());
        }
        let mut changes = Changes::default();
        let (mut count, mut is_unidentified) = (0, false);
        for of_entity in answers {
            if !of_entity.is_object() {
                return Err(no_answer());
            }
            let mut of_entity = require_rows(of_entity)?;
            let invoices = match take_member(&mut of_entity, "Invoice") {
                Value::Null => Vec::new(),
                Value::Array(invoices) => invoices,
                _ => return Err(ProviderError::unknown("the changed invoices are not a list")),
            };
            count += invoices.len();
            let (deleted, live): (Vec<Value>, _) = invoices.into_iter().partition(is_deleted);
            is_unidentified |= deleted.iter().any(|row| read_id(row).is_none());
            changes.deleted.extend(deleted.iter().filter_map(read_id));
            let rows = self.to_found_invoices(Rows::from_list(Value::Array(live), "Invoice")?);
            changes.invoices.extend(rows.readable);
            is_unidentified |= rows.unreadable.iter().any(|row| read_id(row).is_none());
            changes.unreadable.extend(rows.unreadable.iter().filter_map(read_id));
            let customers = take_member(&mut of_entity, "Customer");
            count += customers.as_array().map_or(0, Vec::len);
            // Customers only provide names, so an invalid list of them does not invalidate the invoices.
            let rows = Rows::<CustomerRow>::from_list(customers, "Customer").map(|rows| rows.readable);
            changes
                .customers
                .extend(rows.unwrap_or_default().into_iter().filter_map(|row| Some((row.id, row.display_name?))));
        }
        changes.is_incomplete = count >= MAX_ROWS || is_unidentified;
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Http;
    use secrecy::SecretString;
    use serde_json::json;
    use std::time::Duration;
    use url::Url;

    fn read(answer: Value) -> Result<Changes, ProviderError> {
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let base = Url::parse("http://127.0.0.1/").expect("an address");
        let api = Api { http, base, realm_id: "1".into(), access: SecretString::from("a"), home: None };
        api.to_changes(answer)
    }

    fn of_entity(answer: &Value) -> Value {
        json!([{ "QueryResponse": [answer, {}] }])
    }

    /// The next sync begins where this one ends, so a change that is skipped here would be lost.
    #[test]
    fn a_change_without_an_id_marks_the_answer_as_incomplete() {
        for row in [json!(null), json!({ "status": "Deleted" }), json!({ "SyncToken": "1" })] {
            let known = json!({ "status": "Deleted", "Id": "7" });
            let changes = read(of_entity(&json!({ "Invoice": [row, known] }))).expect("changes");
            assert!(changes.is_incomplete, "{row}");
            assert_eq!(changes.deleted, ["7"], "{row}");
        }
        assert!(
            !read(of_entity(&json!({ "Invoice": [{ "status": "Deleted", "Id": "7" }] })))
                .expect("changes")
                .is_incomplete
        );
    }

    #[test]
    fn an_invalid_answer_is_not_an_answer_without_changes() {
        let fault = json!({ "Fault": { "type": "SystemFault", "Error": [{ "code": "10000" }] } });
        for odd in [
            json!(null),
            json!([]),
            json!([{}]),
            json!([{ "QueryResponse": [] }]),
            json!([{ "QueryResponse": [null] }]),
            of_entity(&json!({ "maxResults": 2, "startPosition": 1 })),
            of_entity(&fault),
        ] {
            assert!(read(odd.clone()).is_err(), "{odd}");
        }
        assert!(!read(of_entity(&json!({}))).expect("no changes").is_incomplete);
    }

    #[test]
    fn an_invalid_list_of_customers_hides_no_invoice() {
        let deleted = json!({ "Invoice": [{ "status": "deleted", "Id": "7" }] });
        let answer = json!([{ "QueryResponse": [deleted, { "Customer": { "Id": "3" } }] }]);
        assert_eq!(read(answer).expect("changes").deleted, ["7"]);
    }

    #[test]
    fn all_parts_of_an_answer_are_read() {
        let part = |id: &str| json!({ "QueryResponse": [{ "Invoice": [{ "status": "Deleted", "Id": id }] }] });
        assert_eq!(read(json!([part("1"), part("2")])).expect("changes").deleted, ["1", "2"]);
    }
}

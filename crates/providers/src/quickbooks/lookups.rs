//! Reads invoices: by id, by Fatura's mark, by time of creation or change.
//!
//! An invalid row does not hide the others. QuickBooks may refuse a whole list because of one row (fault 4002: an
//! e-mail address that it accepted once and now considers invalid). The list is then divided until that row is alone.

use super::{
    Api, format_timestamp,
    invoices::{FoundInvoice, to_found_invoice, to_snapshot},
    quote, wire,
};
use crate::{
    ProviderError, Refusal,
    json::{Rows, read_id, take_member},
};
use domain::{ids::IntentKey, invoice::Snapshot, mark::Mark};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// QuickBooks' code for an object that was deleted or never existed.
const OBJECT_NOT_FOUND: &str = "610";
/// Maximum of rows in an answer of QuickBooks.
const PAGE_ROWS: usize = 1000;
/// Maximum of ids in one query, because the length of its URL is limited.
const MAX_IDS_PER_QUERY: usize = 100;

/// The result of reading invoices by id. An invoice in neither list no longer exists.
#[derive(Debug, Default)]
pub struct InvoicesById {
    /// Invoices in their current state.
    pub found: Vec<Snapshot>,
    /// Ids of existing invoices with invalid rows.
    pub unreadable: Vec<String>,
}

/// The invoices of a list.
#[derive(Debug, Default)]
pub struct InvoiceList {
    /// Invoices in their current state.
    pub found: Vec<FoundInvoice>,
    /// Ids of invoices with invalid rows.
    pub unreadable: Vec<String>,
    /// Number of invoices without a readable id.
    pub unidentified: usize,
}

/// Whether QuickBooks refused a list because of the content of one row.
fn is_caused_by_row(refusal: &Refusal) -> bool {
    refusal.code == "4002" || (refusal.code.len() == 4 && refusal.code.starts_with(['2', '6']))
}

/// A page of invoices, read in parts if QuickBooks refused the whole page.
#[derive(Debug, Default)]
struct Page {
    rows: Vec<wire::Invoice>,
    /// Invalid rows, unchanged; null for a row that QuickBooks does not return.
    unreadable: Vec<Value>,
    /// Start position of the next page.
    next: Option<usize>,
}

/// Whether an invalid row may be the invoice of this form: its mark names the form, its note is not a text, or
/// QuickBooks does not return the row.
fn may_be_invoice_of(row: &Value, intent: IntentKey) -> bool {
    match &row["PrivateNote"] {
        Value::String(note) => Mark::find_in_note(note).is_some_and(|mark| mark.intent == intent),
        Value::Null => row.is_null(),
        _ => true,
    }
}

impl Api {
    /// Looks up the invoice of a form by its mark. `since` has to be before the first attempt. Returns an error if an
    /// invalid row may be the invoice.
    pub async fn find_invoice(&self, intent: IntentKey, since: Timestamp) -> Result<Option<Snapshot>, ProviderError> {
        let is_of_form = |row: &wire::Invoice| {
            let mark = row.private_note.as_deref().and_then(Mark::find_in_note);
            mark.is_some_and(|mark| mark.intent == intent)
        };
        let (mut start, mut may_be_unreadable) = (Some(1), false);
        while let Some(at) = start {
            let page = self.read_page_created_since(since, at).await?;
            if let Some(row) = page.rows.into_iter().find(is_of_form) {
                return to_snapshot(row, self.home).map(Some);
            }
            may_be_unreadable |= page.unreadable.iter().any(|row| may_be_invoice_of(row, intent));
            start = page.next;
        }
        if may_be_unreadable { Err(ProviderError::unknown("an invalid row may be the invoice")) } else { Ok(None) }
    }

    /// Finds the invoices with Fatura's mark that were created since a timestamp.
    pub async fn find_marked_invoices(&self, since: Timestamp) -> Result<InvoiceList, ProviderError> {
        let (mut listed, mut start) = (InvoiceList::default(), Some(1));
        while let Some(at) = start {
            let page = self.read_page_created_since(since, at).await?;
            start = page.next;
            listed.add(self.to_found_invoices(Rows { readable: page.rows, unreadable: page.unreadable }));
        }
        listed.found.retain(|found| found.origin.is_some());
        Ok(listed)
    }

    /// Reads the invoices that have changed since a timestamp, with a query. Queries do not find deleted invoices.
    pub async fn read_changed_invoices(&self, since: Timestamp) -> Result<InvoiceList, ProviderError> {
        let condition = format!("MetaData.LastUpdatedTime >= {}", quote(&format_timestamp(since)));
        let (mut listed, mut start) = (InvoiceList::default(), Some(1));
        while let Some(at) = start {
            let page = self.read_page(&condition, at).await?;
            start = page.next;
            listed.add(self.to_found_invoices(Rows { readable: page.rows, unreadable: page.unreadable }));
        }
        Ok(listed)
    }

    /// Reads a page of the invoices that were created since a timestamp. A query cannot select by the private note. It
    /// does not select by the invoice date either, because people may edit the date.
    async fn read_page_created_since(&self, since: Timestamp, start: usize) -> Result<Page, ProviderError> {
        self.read_page(&format!("MetaData.CreateTime >= {}", quote(&format_timestamp(since))), start).await
    }

    /// Reads a page of invoices. If QuickBooks refuses it because of one row, it is read in halves.
    async fn read_page(&self, condition: &str, start: usize) -> Result<Page, ProviderError> {
        let mut page = Page { next: Some(start + PAGE_ROWS), ..Page::default() };
        // A stack: the first part is on top.
        let mut parts = vec![(start, PAGE_ROWS)];
        while let Some((at, most)) = parts.pop() {
            let statement =
                format!("select * from Invoice where {condition} orderby Id startposition {at} maxresults {most}");
            match self.query_rows::<wire::Invoice>("Invoice", &statement).await {
                Ok(rows) => {
                    let count = rows.readable.len() + rows.unreadable.len();
                    page.rows.extend(rows.readable);
                    page.unreadable.extend(rows.unreadable);
                    if count < most {
                        page.next = None;
                        return Ok(page);
                    }
                }
                Err(ProviderError::Refused(refusal)) if is_caused_by_row(&refusal) && most > 1 => {
                    let half = most / 2;
                    parts.extend([(at + half, most - half), (at, half)]);
                }
                Err(ProviderError::Refused(refusal)) if is_caused_by_row(&refusal) => {
                    tracing::warn!(at, code = refusal.code, "QuickBooks cannot return an invoice of a list");
                    page.unreadable.push(Value::Null);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Converts rows to invoices. Rows that have no valid snapshot are unreadable.
    pub(super) fn to_found_invoices(&self, rows: Rows<wire::Invoice>) -> Rows<FoundInvoice> {
        let mut read = Rows { readable: Vec::new(), unreadable: rows.unreadable };
        for row in rows.readable {
            let id = row.id.clone();
            match to_found_invoice(row, self.home) {
                Ok(found) => read.readable.push(found),
                Err(error) => {
                    tracing::warn!(id, %error, "an invoice cannot be read");
                    read.unreadable.push(serde_json::json!({ "Id": id }));
                }
            }
        }
        read
    }

    /// Reads invoices by id. An invoice that the query does not find is read separately, because queries find new
    /// invoices with a delay.
    pub async fn read_invoices(&self, ids: &[&str]) -> Result<InvoicesById, ProviderError> {
        let mut read = InvoicesById::default();
        let mut parts: Vec<&[&str]> = ids.chunks(MAX_IDS_PER_QUERY).collect();
        while let Some(ids) = parts.pop() {
            let list: Vec<String> = ids.iter().map(|id| quote(id)).collect();
            let statement = format!("select * from Invoice where Id in ({}) maxresults {PAGE_ROWS}", list.join(", "));
            match self.query_rows::<wire::Invoice>("Invoice", &statement).await {
                Ok(rows) => {
                    let rows = self.to_found_invoices(rows);
                    let is_listed = |wanted: &str| {
                        rows.readable.iter().any(|row| row.snapshot.quickbooks_id == wanted)
                            || rows.unreadable.iter().filter_map(read_id).any(|id| id == wanted)
                    };
                    for missing in ids.iter().filter(|id| !is_listed(id)) {
                        self.read_one(missing, &mut read).await?;
                    }
                    read.found.extend(rows.readable.into_iter().map(|found| found.snapshot));
                    read.unreadable.extend(rows.unreadable.iter().filter_map(read_id));
                }
                Err(ProviderError::Refused(refusal)) if is_caused_by_row(&refusal) => match ids {
                    [id] => self.read_one(id, &mut read).await?,
                    ids => parts.extend([&ids[..ids.len() / 2], &ids[ids.len() / 2..]]),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// Reads one invoice and adds it to `read`. Adds nothing if the invoice no longer exists.
    async fn read_one(&self, id: &str, read: &mut InvoicesById) -> Result<(), ProviderError> {
        let mut answer = match self.get(&["invoice", id]).await {
            Ok(answer) => answer,
            Err(ProviderError::NotFound) => return Ok(()),
            Err(ProviderError::Refused(refusal)) if refusal.code == OBJECT_NOT_FOUND => return Ok(()),
            Err(ProviderError::Refused(refusal)) if is_caused_by_row(&refusal) => {
                tracing::warn!(id, code = refusal.code, "QuickBooks cannot return an invoice");
                read.unreadable.push(id.to_owned());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let row = Rows::from_list(Value::Array(vec![take_member(&mut answer, "Invoice")]), "Invoice")?;
        let row = self.to_found_invoices(row);
        read.found.extend(row.readable.into_iter().map(|found| found.snapshot));
        read.unreadable.extend(row.unreadable.iter().map(|_| id.to_owned()));
        Ok(())
    }

    /// Reads the numbers of the 20 newest invoices, to propose the next number.
    pub async fn read_newest_numbers(&self) -> Result<Vec<String>, ProviderError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Numbered {
            doc_number: String,
        }
        let statement = "select * from Invoice orderby MetaData.CreateTime desc maxresults 20";
        let rows = take_member(&mut self.run_query(statement).await?, "Invoice");
        if !matches!(rows, Value::Null | Value::Array(_)) {
            return Err(ProviderError::unknown("the invoices are not a list"));
        }
        // Invoices without a number are skipped.
        let rows = rows.as_array().into_iter().flatten();
        Ok(rows.filter_map(|row| Numbered::deserialize(row).ok()).map(|row| row.doc_number).collect())
    }

    /// Whether an invoice has this number.
    pub async fn is_number_taken(&self, number: &str) -> Result<bool, ProviderError> {
        let statement = format!("select * from Invoice where DocNumber = {} maxresults 1", quote(number));
        match take_member(&mut self.run_query(&statement).await?, "Invoice") {
            Value::Null => Ok(false),
            Value::Array(rows) => Ok(!rows.is_empty()),
            _ => Err(ProviderError::unknown("the invoices are not a list")),
        }
    }

    /// Reads an invoice. Returns `None` if it no longer exists.
    pub async fn read_invoice(&self, id: &str) -> Result<Option<Snapshot>, ProviderError> {
        self.find_row(id).await?.map(|row| to_snapshot(row, self.home)).transpose()
    }

    pub(super) async fn find_row(&self, id: &str) -> Result<Option<wire::Invoice>, ProviderError> {
        match self.get(&["invoice", id]).await {
            Ok(mut answer) => read_row_of(take_member(&mut answer, "Invoice"), id).map(Some),
            Err(ProviderError::NotFound) => Ok(None),
            Err(ProviderError::Refused(refusal)) if refusal.code == OBJECT_NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads a row, which has to be the invoice with this id.
fn read_row_of(row: Value, id: &str) -> Result<wire::Invoice, ProviderError> {
    let row: wire::Invoice = crate::json::deserialize(row)?;
    if row.id == id { Ok(row) } else { Err(ProviderError::unknown("the answer has another invoice")) }
}

impl InvoiceList {
    fn add(&mut self, rows: Rows<FoundInvoice>) {
        self.found.extend(rows.readable);
        self.unidentified += rows.unreadable.iter().filter(|row| read_id(row).is_none()).count();
        self.unreadable.extend(rows.unreadable.iter().filter_map(read_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn an_answer_with_another_invoice_is_an_error() {
        let row =
            |id: &str| json!({ "Id": id, "SyncToken": "0", "TxnDate": "2026-03-13", "TotalAmt": 10, "Balance": 10 });
        assert_eq!(read_row_of(row("7"), "7").unwrap().id, "7");
        assert!(matches!(read_row_of(row("8"), "7"), Err(ProviderError::Unknown(_))));
        assert!(matches!(read_row_of(json!(null), "7"), Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn an_unreadable_row_may_be_the_invoice() {
        let intent = IntentKey(Uuid::from_u128(7));
        for (row, expected) in [
            (json!(null), true),
            (json!({ "Id": "1", "PrivateNote": 5 }), true),
            (json!({ "Id": "1", "PrivateNote": ["x"] }), true),
            (json!({ "Id": "1" }), false),
            (json!({ "Id": "1", "PrivateNote": "thanks" }), false),
        ] {
            assert_eq!(may_be_invoice_of(&row, intent), expected, "{row}");
        }
    }
}

//! Invoices that are read: by id, by our mark, by when they changed.
//!
//! A row that cannot be read hides no other. QuickBooks itself may refuse a whole list because of one row in it (fault 4002: an e-mail
//! address that it once took and now finds invalid): then the list is divided until that row is alone.

use super::{
    Api,
    invoices::{Found, found, snapshot},
    moment, quoted, wire,
};
use crate::{
    ProviderError, Refusal,
    json::{Rows, id, take},
};
use domain::{ids::IntentKey, invoice::Snapshot, mark::Mark};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What QuickBooks answers for an object that was deleted, or never was.
const GONE: &str = "610";
/// QuickBooks gives no more in one answer.
const PAGE: usize = 1000;
/// Ids in one query: its address has a limit.
const IDS_LISTED: usize = 100;

/// Invoices that were read. One that is neither among the found nor among the unreadable is gone.
#[derive(Debug, Default)]
pub struct ReadInvoices {
    /// As they are now.
    pub found: Vec<Snapshot>,
    /// Ids of those that are there and cannot be read.
    pub unreadable: Vec<String>,
}

/// Invoices of a list, and what of it could not be read.
#[derive(Debug, Default)]
pub struct Listed {
    /// As they are now.
    pub found: Vec<Found>,
    /// Ids of those that cannot be read.
    pub unreadable: Vec<String>,
    /// How many QuickBooks does not give, not even with their ids.
    pub unidentified: usize,
}

/// Whether a list was refused because of what one of its rows holds, and not as a whole.
fn is_about_a_row(refusal: &Refusal) -> bool {
    refusal.code == "4002" || (refusal.code.len() == 4 && refusal.code.starts_with(['2', '6']))
}

/// The invoices of a list, divided where QuickBooks refused parts of it.
#[derive(Debug, Default)]
struct Page {
    rows: Vec<wire::Invoice>,
    /// Rows of another shape, as they came; null for one that QuickBooks does not give.
    unreadable: Vec<Value>,
    /// Where the next page starts.
    next: Option<usize>,
}

/// Whether a row that cannot be read may be the invoice of this form: it says so, or does not say whose it is.
fn may_be_of(row: &Value, intent: IntentKey) -> bool {
    match &row["PrivateNote"] {
        Value::String(note) => Mark::read(note).is_some_and(|mark| mark.intent == intent),
        Value::Null => row.is_null(),
        _ => true,
    }
}

impl Api<'_> {
    /// The invoice that was made of a form, if it was. `since` is before the first attempt. An error where one that cannot be read may be
    /// it.
    pub async fn find_invoice(&self, intent: IntentKey, since: Timestamp) -> Result<Option<Snapshot>, ProviderError> {
        let is_of_form = |row: &wire::Invoice| {
            let mark = row.private_note.as_deref().and_then(Mark::read);
            mark.is_some_and(|mark| mark.intent == intent)
        };
        let (mut start, mut is_doubtful) = (Some(1), false);
        while let Some(at) = start {
            let page = self.created_since(since, at).await?;
            if let Some(row) = page.rows.into_iter().find(is_of_form) {
                return snapshot(row, self.home).map(Some);
            }
            is_doubtful |= page.unreadable.iter().any(|row| may_be_of(row, intent));
            start = page.next;
        }
        if is_doubtful {
            Err(ProviderError::unknown("an invoice that cannot be read may be the one"))
        } else {
            Ok(None)
        }
    }

    /// The invoices that carry a mark of ours and were created since a moment.
    pub async fn marked_since(&self, since: Timestamp) -> Result<Listed, ProviderError> {
        let (mut listed, mut start) = (Listed::default(), Some(1));
        while let Some(at) = start {
            let page = self.created_since(since, at).await?;
            start = page.next;
            listed.add(self.readable_invoices(Rows { readable: page.rows, unreadable: page.unreadable }));
        }
        listed.found.retain(|found| found.origin.is_some());
        Ok(listed)
    }

    /// The invoices that have changed since a moment, as a query tells: without those that were deleted.
    pub async fn changed_invoices(&self, since: Timestamp) -> Result<Listed, ProviderError> {
        let condition = format!("MetaData.LastUpdatedTime >= {}", quoted(&moment(since)));
        let (mut listed, mut start) = (Listed::default(), Some(1));
        while let Some(at) = start {
            let page = self.divided(&condition, at).await?;
            start = page.next;
            listed.add(self.readable_invoices(Rows { readable: page.rows, unreadable: page.unreadable }));
        }
        Ok(listed)
    }

    /// A page of the invoices that were created since a moment, and where the next one starts. The note cannot be queried; neither does
    /// the date serve, which may have been edited.
    async fn created_since(&self, since: Timestamp, start: usize) -> Result<Page, ProviderError> {
        self.divided(&format!("MetaData.CreateTime >= {}", quoted(&moment(since))), start).await
    }

    /// A page of invoices, divided where QuickBooks refuses it because of one row.
    async fn divided(&self, condition: &str, start: usize) -> Result<Page, ProviderError> {
        let mut page = Page { next: Some(start + PAGE), ..Page::default() };
        // The first part is on top.
        let mut parts = vec![(start, PAGE)];
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
                Err(ProviderError::Refused(refusal)) if is_about_a_row(&refusal) && most > 1 => {
                    let half = most / 2;
                    parts.extend([(at + half, most - half), (at, half)]);
                }
                Err(ProviderError::Refused(refusal)) if is_about_a_row(&refusal) => {
                    tracing::warn!(at, code = refusal.code, "QuickBooks cannot give an invoice of a list");
                    page.unreadable.push(Value::Null);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Those of the rows that a snapshot can be made of.
    pub(super) fn readable_invoices(&self, rows: Rows<wire::Invoice>) -> Rows<Found> {
        let mut read = Rows { readable: Vec::new(), unreadable: rows.unreadable };
        for row in rows.readable {
            let id = row.id.clone();
            match found(row, self.home) {
                Ok(found) => read.readable.push(found),
                Err(error) => {
                    tracing::warn!(id, %error, "an invoice cannot be read");
                    read.unreadable.push(serde_json::json!({ "Id": id }));
                }
            }
        }
        read
    }

    /// Reads invoices by id. What a query does not find is read by itself: queries find what is new a little later.
    pub async fn invoices(&self, ids: &[&str]) -> Result<ReadInvoices, ProviderError> {
        let mut read = ReadInvoices::default();
        let mut parts: Vec<&[&str]> = ids.chunks(IDS_LISTED).collect();
        while let Some(ids) = parts.pop() {
            let list: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
            let statement = format!("select * from Invoice where Id in ({}) maxresults {PAGE}", list.join(", "));
            match self.query_rows::<wire::Invoice>("Invoice", &statement).await {
                Ok(rows) => {
                    let rows = self.readable_invoices(rows);
                    let known = |wanted: &str| {
                        rows.readable.iter().any(|row| row.snapshot.quickbooks_id == wanted)
                            || rows.unreadable.iter().filter_map(id).any(|id| id == wanted)
                    };
                    for missing in ids.iter().filter(|id| !known(id)) {
                        self.read_one(missing, &mut read).await?;
                    }
                    read.found.extend(rows.readable.into_iter().map(|found| found.snapshot));
                    read.unreadable.extend(rows.unreadable.iter().filter_map(id));
                }
                Err(ProviderError::Refused(refusal)) if is_about_a_row(&refusal) => match ids {
                    [id] => self.read_one(id, &mut read).await?,
                    ids => parts.extend([&ids[..ids.len() / 2], &ids[ids.len() / 2..]]),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// Reads an invoice by itself; neither found nor unreadable when it is gone.
    async fn read_one(&self, id: &str, read: &mut ReadInvoices) -> Result<(), ProviderError> {
        let mut answer = match self.get(&["invoice", id]).await {
            Ok(answer) => answer,
            Err(ProviderError::NotFound) => return Ok(()),
            Err(ProviderError::Refused(refusal)) if refusal.code == GONE => return Ok(()),
            Err(ProviderError::Refused(refusal)) if is_about_a_row(&refusal) => {
                tracing::warn!(id, code = refusal.code, "QuickBooks cannot give an invoice");
                read.unreadable.push(id.to_owned());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let row = Rows::read(Value::Array(vec![take(&mut answer, "Invoice")]), "Invoice")?;
        let row = self.readable_invoices(row);
        read.found.extend(row.readable.into_iter().map(|found| found.snapshot));
        read.unreadable.extend(row.unreadable.iter().map(|_| id.to_owned()));
        Ok(())
    }

    /// The numbers of the newest invoices, for proposing the next.
    pub async fn newest_numbers(&self) -> Result<Vec<String>, ProviderError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Numbered {
            doc_number: String,
        }
        let statement = "select * from Invoice orderby MetaData.CreateTime desc maxresults 20";
        let rows = take(&mut self.asked(statement).await?, "Invoice");
        let rows = rows.as_array().into_iter().flatten();
        Ok(rows.filter_map(|row| Numbered::deserialize(row).ok()).map(|row| row.doc_number).collect())
    }

    /// Whether an invoice has this number.
    pub async fn is_number_taken(&self, number: &str) -> Result<bool, ProviderError> {
        let statement = format!("select * from Invoice where DocNumber = {} maxresults 1", quoted(number));
        let rows = take(&mut self.asked(&statement).await?, "Invoice");
        Ok(rows.as_array().is_some_and(|rows| !rows.is_empty()))
    }

    /// One invoice; `None` when it is gone.
    pub async fn invoice(&self, id: &str) -> Result<Option<Snapshot>, ProviderError> {
        self.row(id).await?.map(|row| snapshot(row, self.home)).transpose()
    }

    pub(super) async fn row(&self, id: &str) -> Result<Option<wire::Invoice>, ProviderError> {
        match self.get(&["invoice", id]).await {
            Ok(mut answer) => crate::json::read(take(&mut answer, "Invoice")).map(Some),
            Err(ProviderError::NotFound) => Ok(None),
            Err(ProviderError::Refused(refusal)) if refusal.code == GONE => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Listed {
    fn add(&mut self, rows: Rows<Found>) {
        self.found.extend(rows.readable);
        self.unidentified += rows.unreadable.iter().filter(|row| id(row).is_none()).count();
        self.unreadable.extend(rows.unreadable.iter().filter_map(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_row_that_says_nothing_of_its_form_may_be_its_invoice() {
        let intent = IntentKey(Uuid::from_u128(7));
        for (row, expected) in [
            (json!(null), true),
            (json!({ "Id": "1", "PrivateNote": 5 }), true),
            (json!({ "Id": "1", "PrivateNote": ["x"] }), true),
            (json!({ "Id": "1" }), false),
            (json!({ "Id": "1", "PrivateNote": "thanks" }), false),
        ] {
            assert_eq!(may_be_of(&row, intent), expected, "{row}");
        }
    }
}

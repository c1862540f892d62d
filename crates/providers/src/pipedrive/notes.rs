//! Notes in the history of a deal.

use super::{Api, PAGE_ROWS};
use crate::{ProviderError, json::lenient};
use domain::ids::DealId;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Row {
    id: i64,
    #[serde(default, deserialize_with = "lenient")]
    content: String,
    /// `2026-03-13 08:02:11`, UTC.
    #[serde(default, deserialize_with = "lenient")]
    add_time: String,
}

impl Api {
    /// Creates a note on a deal and returns its id. The content is HTML.
    pub async fn create_note(&self, deal: DealId, content: &str) -> Result<i64, ProviderError> {
        let row: Row = self.post("/api/v1/notes", &json!({ "deal_id": deal.0, "content": content })).await?;
        Ok(row.id)
    }

    /// Reads the ids of the newest notes of a deal.
    pub async fn read_newest_notes(&self, deal: DealId) -> Result<Vec<i64>, ProviderError> {
        Ok(self.read_note_page(deal, 0).await?.into_iter().map(|row| row.id).collect())
    }

    /// Reads a page of the notes of a deal, the newest first.
    async fn read_note_page(&self, deal: DealId, start: usize) -> Result<Vec<Row>, ProviderError> {
        let mut url = self.build_url("/api/v1/notes")?;
        url.query_pairs_mut()
            .append_pair("deal_id", &deal.0.to_string())
            .append_pair("sort", "add_time DESC")
            .append_pair("start", &start.to_string())
            .append_pair("limit", PAGE_ROWS);
        Ok(self.read_page(url).await?.0)
    }

    /// Finds the notes of a deal with exactly this content that were added since a timestamp.
    pub async fn find_notes(&self, deal: DealId, content: &str, since: Timestamp) -> Result<Vec<i64>, ProviderError> {
        let added_at =
            |row: &Row| row.add_time.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
        let (mut found, mut start) = (Vec::new(), 0);
        // Pages come newest first. Stop at the first note that is older than `since`.
        loop {
            let rows = self.read_note_page(deal, start).await?;
            let is_recent = |row: &&Row| added_at(row).is_some_and(|at| at >= since);
            found.extend(rows.iter().filter(is_recent).filter(|row| row.content == content).map(|row| row.id));
            if rows.is_empty() || !rows.iter().all(|row| is_recent(&row)) {
                return Ok(found);
            }
            start += rows.len();
        }
    }
}

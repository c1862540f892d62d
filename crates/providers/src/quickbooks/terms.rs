//! Payment terms: creation and search by name. The catalogue lists all terms.

use super::{Api, quote};
use crate::{ProviderError, json::lenient};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct New<'a> {
    name: &'a str,
    due_days: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    due_days: Option<u16>,
}

impl Api {
    /// Creates a term of `days` days and returns its id.
    pub async fn create_term(&self, request_id: &str, name: &str, days: u16) -> Result<String, ProviderError> {
        let created: Row = self.write_entity("Term", request_id, &New { name, due_days: days }).await?;
        Ok(created.id)
    }

    /// Finds the active term with this name. Returns its id, and its days if it is a term in days.
    pub async fn find_term_by_name(&self, name: &str) -> Result<Option<(String, Option<u16>)>, ProviderError> {
        let statement = format!("select * from Term where Name = {}", quote(name));
        let found: Vec<Row> = self.query_valid_rows("Term", &statement).await?;
        Ok(found.into_iter().next().map(|row| (row.id, row.due_days)))
    }
}

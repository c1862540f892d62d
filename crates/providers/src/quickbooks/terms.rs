//! Payment terms: create. They are listed with the catalogue.

use super::{Api, quoted};
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

impl Api<'_> {
    /// Creates a term of so many days; its id.
    pub async fn create_term(&self, request_id: &str, name: &str, days: u16) -> Result<String, ProviderError> {
        let created: Row = self.write("Term", request_id, &New { name, due_days: days }).await?;
        Ok(created.id)
    }

    /// The active term of this name, with its days if it is one of days.
    pub async fn term_by_name(&self, name: &str) -> Result<Option<(String, Option<u16>)>, ProviderError> {
        let statement = format!("select * from Term where Name = {}", quoted(name));
        let found: Vec<Row> = self.query("Term", &statement).await?;
        Ok(found.into_iter().next().map(|row| (row.id, row.due_days)))
    }
}

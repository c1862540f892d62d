//! Activities: tasks on a user's list.

use super::Api;
use crate::{ProviderError, json::lenient};
use domain::ids::UserId;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Row {
    id: i64,
    #[serde(default, deserialize_with = "lenient")]
    subject: String,
}

impl Api {
    /// Finds the open tasks of a user with this subject, and returns their ids.
    pub async fn find_open_tasks(&self, owner: UserId, subject: &str) -> Result<Vec<i64>, ProviderError> {
        let rows: Vec<Row> =
            self.read_all_pages(&format!("/api/v2/activities?owner_id={}&done=false", owner.0)).await?;
        Ok(rows.into_iter().filter(|row| row.subject == subject).map(|row| row.id).collect())
    }

    /// Creates a task for a user. The note is HTML.
    pub async fn create_task(&self, owner: UserId, subject: &str, note: &str, due: Date) -> Result<(), ProviderError> {
        let body = json!({ "owner_id": owner.0, "type": "task", "subject": subject, "note": note, "due_date": due.to_string() });
        self.post::<Value>("/api/v2/activities", &body).await.map(drop)
    }

    /// Marks a task as done.
    pub async fn finish_task(&self, id: i64) -> Result<(), ProviderError> {
        self.patch(&format!("/api/v2/activities/{id}"), &json!({ "done": true })).await
    }
}

//! Tests whether QuickBooks recognises a repeated `requestid`.

use super::Api;
use crate::ProviderError;
use serde::Deserialize;
use serde_json::json;

/// Text of the test note. The company sees it if the note cannot be deleted.
const NOTE_TEXT: &str = "Fatura asked whether QuickBooks recognises a repeated request. This note can be deleted.";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NoteRow {
    id: String,
    sync_token: String,
}

impl Api {
    /// Whether a write that is sent twice with the same `requestid` has one effect, as Intuit documents.
    ///
    /// The test creates a note among the attachments, which does not affect the books, and deletes it. `request_id` has to
    /// be unique to the test. A test that is repeated with the same id is still correct.
    pub async fn recognises_repeats(&self, request_id: &str) -> Result<bool, ProviderError> {
        let note = json!({ "Note": NOTE_TEXT });
        let first: NoteRow = self.write_entity("Attachable", request_id, &note).await?;
        let second: NoteRow = self.write_entity("Attachable", request_id, &note).await?;
        let is_recognised = first.id == second.id;
        for (at, note) in [first, second].iter().enumerate().skip(usize::from(is_recognised)) {
            let request_id = format!("{request_id}{at}");
            match self.send_operation("Attachable", "delete", &request_id, &note.id, &note.sync_token).await {
                Ok(_) | Err(ProviderError::Refused(_) | ProviderError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(is_recognised)
    }
}

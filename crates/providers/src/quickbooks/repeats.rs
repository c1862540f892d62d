//! Whether QuickBooks recognises a request that is repeated.

use super::Api;
use crate::ProviderError;
use serde::Deserialize;
use serde_json::json;

/// What the company would read, should the note outlive the question.
const NOTE: &str = "Fatura asked whether QuickBooks recognises a repeated request. This note can be deleted.";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Noted {
    id: String,
    sync_token: String,
}

impl Api<'_> {
    /// Whether a write that is sent twice under one `requestid` is carried out once, as Intuit's documentation says.
    ///
    /// Asked with a note among the attachments, which touches no books and is deleted again. `request_id` is unique to the
    /// question; asked again under the same one, the answer is still right.
    pub async fn recognises_repeats(&self, request_id: &str) -> Result<bool, ProviderError> {
        let note = json!({ "Note": NOTE });
        let first: Noted = self.write("Attachable", request_id, &note).await?;
        let second: Noted = self.write("Attachable", request_id, &note).await?;
        let recognised = first.id == second.id;
        for (at, noted) in [first, second].iter().enumerate().skip(usize::from(recognised)) {
            let request_id = format!("{request_id}{at}");
            match self.operate("Attachable", "delete", &request_id, &noted.id, &noted.sync_token).await {
                Ok(_) | Err(ProviderError::Refused(_) | ProviderError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(recognised)
    }
}

//! Changes to the discovery document, set by the control port.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Changes to the discovery document and to the endpoints that it names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Discovery {
    /// Version in the address of the token endpoint, `/oauth2/{version}/tokens/bearer`; `v1` if it is not set.
    token_version: Option<String>,
    /// Members that replace those of the document.
    pub(crate) members: Map<String, Value>,
    /// Number of bytes to add to the document.
    pub(crate) padding: usize,
}

impl Discovery {
    /// Returns the path of the token endpoint.
    pub(crate) fn token_path(&self) -> String {
        format!("/oauth2/{}/tokens/bearer", self.token_version.as_deref().unwrap_or("v1"))
    }
}

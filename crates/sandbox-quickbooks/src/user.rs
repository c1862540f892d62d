//! People who can sign in at Intuit.

use serde::{Deserialize, Serialize};

/// A person who can sign in at Intuit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) realms: Vec<String>,
}

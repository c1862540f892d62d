//! Random values for codes and tokens.

use uuid::Uuid;

/// Generates a token of 244 random bits behind a readable prefix.
pub fn generate_token(prefix: &str) -> String {
    format!("{prefix}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

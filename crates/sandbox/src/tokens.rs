//! Random values for codes and tokens.

use uuid::Uuid;

/// 244 random bits behind a readable prefix.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

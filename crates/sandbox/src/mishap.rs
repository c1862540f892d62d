//! What may happen to webhooks on their way, on request.

use serde::{Deserialize, Serialize};

/// What happens to coming deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mishap {
    /// Never delivered.
    Lost,
    /// Delivered twice.
    Duplicated,
    /// Delivered before those that wait already; its events in reverse.
    Reordered,
    /// Delivered so many milliseconds later.
    Late(i64),
}

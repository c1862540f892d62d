//! Mishaps of webhook deliveries, injected on request.

use serde::{Deserialize, Serialize};

/// One way in which a delivery goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// The delivery is never made.
    Lost,
    /// The delivery is made twice.
    Duplicated,
    /// The delivery overtakes those that wait, with its events in reverse order.
    Reordered,
    /// The delivery is delayed by a number of milliseconds.
    Late(i64),
}

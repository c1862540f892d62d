//! Changes in a company, which webhooks report.

use crate::entity::Entity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Void,
    Emailed,
}

impl Operation {
    /// Returns the kind of a write to a list. Making a row inactive counts as a deletion.
    pub(crate) fn for_list_write(before: Option<&Value>, active: &Value) -> Self {
        match before {
            None => Self::Create,
            Some(before) if before["Active"] != json!(false) && *active == json!(false) => Self::Delete,
            Some(_) => Self::Update,
        }
    }

    /// Returns the name in the legacy format.
    pub(crate) fn legacy_name(self) -> String {
        format!("{self:?}")
    }

    /// Returns the name in the type of a CloudEvent.
    pub(crate) fn cloud_event_name(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Void => "voided",
            Self::Emailed => "emailed",
        }
    }
}

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) realm_id: String,
    pub(crate) entity: Entity,
    pub(crate) id: String,
    pub(crate) operation: Operation,
    pub(crate) at: Timestamp,
}

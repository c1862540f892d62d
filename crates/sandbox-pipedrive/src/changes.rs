//! Changes to records, which webhooks report.

use crate::records::Resource;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One change to a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) resource: Resource,
    pub(crate) id: i64,
    pub(crate) user: i64,
    /// `api`, or `app` for Pipedrive's own page.
    pub(crate) source: String,
    /// The record before the change; null for a new one.
    pub(crate) before: Value,
    /// The record after the change; null for a deleted one.
    pub(crate) after: Value,
}

impl Change {
    pub(crate) fn action(&self) -> &'static str {
        match (self.before.is_null(), self.after.is_null()) {
            (true, _) => "create",
            (_, true) => "delete",
            _ => "change",
        }
    }

    /// Returns the old values of changed members, or all values of a deleted record.
    pub(crate) fn previous(&self) -> Value {
        match (&self.before, &self.after) {
            (Value::Object(before), Value::Object(after)) => {
                let mut old = changed_members(before, after);
                if let (Some(Value::Object(before)), Some(Value::Object(after))) =
                    (old.get("custom_fields"), after.get("custom_fields"))
                {
                    // An empty custom field was null before.
                    let before = after.keys().map(|code| (code.clone(), before.get(code).cloned().unwrap_or_default()));
                    let fields = changed_members(&before.collect(), after);
                    old.insert("custom_fields".into(), Value::Object(fields));
                }
                Value::Object(old)
            }
            (before, _) => before.clone(),
        }
    }
}

/// Returns the members of `before` whose values differ in `after`.
fn changed_members(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let old = before.iter().filter(|(name, value)| after.get(*name) != Some(*value));
    old.map(|(name, value)| (name.clone(), value.clone())).collect()
}

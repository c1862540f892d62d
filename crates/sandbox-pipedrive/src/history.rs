//! The history of records: each change of a member with its old and new value, author, time and source.

use crate::records::Resource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The change of one member. Times are in the form of v1: `2026-11-24 10:00:00`, in UTC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) resource: Resource,
    pub(crate) item: i64,
    pub(crate) field: String,
    pub(crate) old: Value,
    pub(crate) new: Value,
    pub(crate) user: i64,
    pub(crate) time: String,
    /// `api`, or `app` for Pipedrive's own page.
    pub(crate) source: String,
}

/// All entries, the oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct History(Vec<Entry>);

/// Members whose changes have no entry, because they follow from other changes.
const UNRECORDED_MEMBERS: [&str; 3] = ["update_time", "local_close_date", "id"];

impl History {
    pub(crate) fn record(
        &mut self,
        (resource, item): (Resource, i64),
        (user, time, source): (i64, &str, &str),
        before: &Value,
        after: &Value,
    ) {
        let mut push_entry = |field: String, old: &Value, new: &Value| {
            if old != new {
                let id = i64::try_from(self.0.len()).unwrap_or(i64::MAX) + 1;
                let (old, new, time, source) = (old.clone(), new.clone(), time.to_owned(), source.to_owned());
                self.0.push(Entry { id, resource, item, field, old, new, user, time, source });
            }
        };
        let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
            // A creation has one entry for `add_time`, and a deletion one for `is_deleted`.
            if before.is_null() {
                push_entry("add_time".into(), &Value::Null, &after["add_time"]);
            } else {
                push_entry("is_deleted".into(), &Value::Bool(false), &Value::Bool(true));
            }
            return;
        };
        for (name, value) in new.iter().filter(|(name, _)| !UNRECORDED_MEMBERS.contains(&name.as_str())) {
            let old_value = old.get(name).unwrap_or(&Value::Null);
            match (name.as_str(), value.as_object()) {
                ("custom_fields", Some(fields)) => {
                    for (code, value) in fields {
                        push_entry(code.clone(), &old_value[code.as_str()], value);
                    }
                }
                _ => push_entry(name.clone(), old_value, value),
            }
        }
    }

    /// Returns the entries of one record, the newest first.
    pub(crate) fn entries_of(&self, resource: Resource, item: i64) -> impl Iterator<Item = &Entry> {
        self.0.iter().rev().filter(move |entry| entry.resource == resource && entry.item == item)
    }
}

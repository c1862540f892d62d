//! Overlays of JSON values.

use serde_json::{Map, Value};

/// Overlays `row` with `changes`. Objects merge member by member; any other value is replaced.
pub(crate) fn overlay(row: &mut Value, changes: &Value) {
    match (row.as_object_mut(), changes) {
        (_, Value::Null) => {}
        (Some(object), Value::Object(changes)) => overlay_members(object, changes),
        _ => *row = changes.clone(),
    }
}

fn overlay_members(object: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => {
                object.remove(name);
            }
            _ => overlay(object.entry(name).or_insert(Value::Null), value),
        }
    }
}

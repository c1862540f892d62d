//! The rows of one entity in the order of their ids. Each row is a JSON text with keys for queries.

use super::{
    id::Id,
    keys::{Key, keys},
};
use crate::entity::Entity;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, sync::Arc};

/// A row in compact form, because a large company has very many.
#[derive(Debug)]
pub(crate) struct Row {
    json: Box<RawValue>,
    keys: Box<[Key]>,
}

impl Row {
    pub(super) fn new(entity: Entity, value: &Value) -> Arc<Self> {
        let json = RawValue::from_string(value.to_string()).unwrap_or_default();
        Arc::new(Self { json, keys: keys(entity, value) })
    }

    /// Creates a row that differs from this one in some members. `members` is their JSON text, and `changed` are their
    /// keys. This saves the serialization of many similar rows.
    pub(super) fn with_members(&self, members: &str, changed: impl IntoIterator<Item = (usize, Key)>) -> Arc<Self> {
        let text = self.json.get();
        let text = format!("{},{members}}}", &text[..text.len() - 1]);
        let mut keys = self.keys.clone();
        for (at, key) in changed {
            keys[at] = key;
        }
        Arc::new(Self { json: RawValue::from_string(text).unwrap_or_default(), keys })
    }

    /// Returns the JSON text.
    pub(crate) fn json(&self) -> &str {
        self.json.get()
    }

    /// Parses the JSON text.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(self.json.get()).unwrap_or_default()
    }

    /// Returns the keys for queries, in the order of the entity's properties.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// A deleted row and the time of the deletion in milliseconds since the epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) id: String,
    pub(crate) at: i64,
}

/// Rows by id.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) entity: Entity,
    rows: BTreeMap<Id, Arc<Row>>,
    pub(crate) deleted: Vec<Deleted>,
}

impl Table {
    pub(super) fn new(entity: Entity) -> Self {
        Self { entity, rows: BTreeMap::new(), deleted: Vec::new() }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Row>> {
        self.rows.get(&Id::from(id))
    }

    pub(crate) fn find(&self, id: &Id) -> Option<&Arc<Row>> {
        self.rows.get(id)
    }

    pub(super) fn put(&mut self, id: &str, row: Arc<Row>) -> Option<Arc<Row>> {
        self.rows.insert(Id::from(id), row)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Row>> {
        self.rows.remove(&Id::from(id))
    }

    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = (&Id, &Arc<Row>)> {
        self.rows.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the highest number in use as an id, among live and deleted rows.
    pub(super) fn highest_id(&self) -> u64 {
        let highest_live =
            self.rows.keys().rev().find_map(|id| if let Id::Number(number) = id { Some(*number) } else { None });
        let highest_deleted = self.deleted.iter().filter_map(|deleted| deleted.id.parse().ok()).max();
        highest_live.max(highest_deleted).unwrap_or(0)
    }
}

#[derive(Serialize)]
struct TableRef<'a> {
    entity: Entity,
    rows: BTreeMap<String, &'a RawValue>,
    deleted: &'a [Deleted],
}

#[derive(Deserialize)]
struct SavedTable {
    entity: Entity,
    rows: BTreeMap<String, Box<RawValue>>,
    deleted: Vec<Deleted>,
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.rows.iter().map(|(id, row)| (id.to_string(), &*row.json)).collect();
        TableRef { entity: self.entity, rows, deleted: &self.deleted }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SavedTable { entity, rows, deleted } = SavedTable::deserialize(deserializer)?;
        let rows = rows
            .into_iter()
            .map(|(id, json)| {
                let value: Value = serde_json::from_str(json.get()).unwrap_or_default();
                (Id::from(id.as_str()), Arc::new(Row { json, keys: keys(entity, &value) }))
            })
            .collect();
        Ok(Self { entity, rows, deleted })
    }
}

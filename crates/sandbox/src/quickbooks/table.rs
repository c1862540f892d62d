//! One entity's rows, in the order of their ids.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{cmp::Ordering, collections::BTreeMap};

/// An id: a number as text, or a pseudo id such as `TAX`. Numbers come first, by value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct EntityId(String);

impl EntityId {
    fn key(&self) -> (u64, &str) {
        (self.0.parse().unwrap_or(u64::MAX), &self.0)
    }
}

impl Ord for EntityId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for EntityId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Rows by id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Table(BTreeMap<EntityId, Value>);

impl Table {
    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.0.get(&EntityId(id.to_owned()))
    }

    pub(crate) fn put(&mut self, row: Value) {
        let id = row["Id"].as_str().unwrap_or_default().to_owned();
        self.0.insert(EntityId(id), row);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        self.0.remove(&EntityId(id.to_owned()))
    }

    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.0.values()
    }

    /// The number after the highest one in use.
    pub(crate) fn next_id(&self) -> u64 {
        let highest = self.0.keys().rev().find_map(|id| id.0.parse::<u64>().ok());
        highest.unwrap_or(0) + 1
    }
}

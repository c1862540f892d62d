//! A company's records, in the shapes of the v2 API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Resource {
    Deal,
    Person,
    Organization,
    Product,
    Activity,
    Pipeline,
    Stage,
    DealProduct,
    DealDiscount,
    DealInstallment,
    Note,
    Webhook,
}

impl Resource {
    /// As errors and the files of the schema call it.
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Records by kind and id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Records {
    rows: BTreeMap<Resource, BTreeMap<i64, Value>>,
    last: BTreeMap<Resource, i64>,
}

impl Records {
    /// A record that is there and not deleted.
    pub(crate) fn get(&self, resource: Resource, id: i64) -> Option<&Value> {
        self.rows.get(&resource)?.get(&id).filter(|row| row["is_deleted"] != serde_json::json!(true))
    }

    /// The record that a member such as `org_id` means; null without one.
    pub(crate) fn linked(&self, resource: Resource, id: &Value) -> &Value {
        id.as_i64().and_then(|id| self.get(resource, id)).unwrap_or(&Value::Null)
    }

    pub(crate) fn get_mut(&mut self, resource: Resource, id: i64) -> Option<&mut Value> {
        self.rows.get_mut(&resource)?.get_mut(&id)
    }

    /// All records of a kind that are not deleted, by id.
    pub(crate) fn all(&self, resource: Resource) -> impl Iterator<Item = (i64, &Value)> {
        let rows = self.rows.get(&resource).into_iter().flatten();
        rows.filter(|(_, row)| row["is_deleted"] != serde_json::json!(true)).map(|(id, row)| (*id, row))
    }

    /// The records that hang on a deal, in their order.
    pub(crate) fn of_deal(&self, resource: Resource, deal: i64) -> Vec<(i64, &Value)> {
        let mut rows: Vec<(i64, &Value)> =
            self.all(resource).filter(|(_, row)| row["deal_id"] == serde_json::json!(deal)).collect();
        rows.sort_by_key(|(id, row)| (row["order_nr"].as_i64().unwrap_or(0), *id));
        rows
    }

    pub(crate) fn put(&mut self, resource: Resource, id: i64, row: Value) {
        let last = self.last.entry(resource).or_default();
        *last = (*last).max(id);
        self.rows.entry(resource).or_default().insert(id, row);
    }

    pub(crate) fn remove(&mut self, resource: Resource, id: i64) -> Option<Value> {
        self.rows.get_mut(&resource)?.remove(&id)
    }

    pub(crate) fn next_id(&self, resource: Resource) -> i64 {
        self.last.get(&resource).copied().unwrap_or(0) + 1
    }
}

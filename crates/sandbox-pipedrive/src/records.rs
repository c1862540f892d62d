//! The records of a company, in the form of the v2 API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A kind of record.
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
    User,
    Comment,
    Webhook,
    File,
    Filter,
    Follower,
    FollowerChange,
    Participant,
    Variation,
    Image,
    ActivityType,
    Relationship,
}

impl Resource {
    /// Returns the name in errors and in the files of the schema.
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    /// Returns the word for the kind in fields, searches and webhooks; empty if it has none.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Person => "person",
            Self::Organization => "organization",
            Self::Product => "product",
            Self::Activity => "activity",
            Self::Pipeline => "pipeline",
            Self::Stage => "stage",
            Self::Note => "note",
            Self::User => "user",
            _ => "",
        }
    }

    /// Returns the member by which other records refer to a record of this kind.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Deal => "deal_id",
            Self::Person => "person_id",
            Self::Organization => "org_id",
            Self::Product => "product_id",
            Self::Activity => "activity_id",
            Self::Pipeline => "pipeline_id",
            Self::Stage => "stage_id",
            _ => "id",
        }
    }

    /// Returns the title of a record.
    pub(crate) fn label(self, row: &Value) -> &Value {
        &row[match self {
            Self::Deal => "title",
            Self::Activity => "subject",
            _ => "name",
        }]
    }
}

/// Whether a number equals the number in a text.
pub(crate) fn is_id(value: &Value, text: &str) -> bool {
    value.is_number() && text.trim().parse::<i64>().is_ok_and(|id| value.as_i64() == Some(id))
}

/// Records by kind and id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Records {
    rows: BTreeMap<Resource, BTreeMap<i64, Value>>,
    last: BTreeMap<Resource, i64>,
}

impl Records {
    /// Returns a record that is not deleted.
    pub(crate) fn get(&self, resource: Resource, id: i64) -> Option<&Value> {
        self.get_with_deleted(resource, id).filter(|row| row["is_deleted"] != serde_json::json!(true))
    }

    /// Returns a record, which may be deleted.
    pub(crate) fn get_with_deleted(&self, resource: Resource, id: i64) -> Option<&Value> {
        self.rows.get(&resource)?.get(&id)
    }

    /// Returns the record to which a member such as `org_id` refers, or null.
    pub(crate) fn linked(&self, resource: Resource, id: &Value) -> &Value {
        id.as_i64().and_then(|id| self.get(resource, id)).unwrap_or(&Value::Null)
    }

    pub(crate) fn get_mut(&mut self, resource: Resource, id: i64) -> Option<&mut Value> {
        self.rows.get_mut(&resource)?.get_mut(&id)
    }

    /// Returns the records of a kind that are not deleted, by id.
    pub(crate) fn all(&self, resource: Resource) -> impl Iterator<Item = (i64, &Value)> {
        let rows = self.rows.get(&resource).into_iter().flatten();
        rows.filter(|(_, row)| row["is_deleted"] != serde_json::json!(true)).map(|(id, row)| (*id, row))
    }

    /// Returns the parts of a deal in their order.
    pub(crate) fn parts_of_deal(&self, resource: Resource, deal: i64) -> Vec<(i64, &Value)> {
        let mut rows: Vec<(i64, &Value)> =
            self.all(resource).filter(|(_, row)| row["deal_id"] == serde_json::json!(deal)).collect();
        rows.sort_by_key(|(id, row)| (row["order_nr"].as_i64().unwrap_or(0), *id));
        rows
    }

    /// Returns all records of a kind, deleted ones included.
    pub(crate) fn all_with_deleted(&self, resource: Resource) -> impl Iterator<Item = (i64, &Value)> {
        self.rows.get(&resource).into_iter().flatten().map(|(id, row)| (*id, row))
    }

    /// Returns the records of a kind whose `member` equals `id`.
    pub(crate) fn find_by<'a>(
        &'a self,
        resource: Resource,
        member: &'a str,
        id: i64,
    ) -> impl Iterator<Item = (i64, &'a Value)> {
        self.all(resource).filter(move |(_, row)| row[member] == serde_json::json!(id))
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

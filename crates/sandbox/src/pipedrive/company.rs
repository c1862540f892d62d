//! One Pipedrive company: its users, its own fields, its records.

use super::{
    User,
    records::{Records, Resource},
    rules::{self, Writer},
    webhooks::Change,
};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A company.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) users: Vec<User>,
    /// The company's own fields.
    pub(crate) fields: Vec<Value>,
    #[serde(default)]
    pub(crate) records: Records,
    /// What was done and not yet told to subscribers.
    #[serde(default)]
    changes: Vec<Change>,
}

/// Lists of a seed, in an order in which what is named is there already.
const LISTS: [(&str, Resource); 4] = [
    ("organizations", Resource::Organization),
    ("persons", Resource::Person),
    ("products", Resource::Product),
    ("deals", Resource::Deal),
];

impl Company {
    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Notes what was done to a record, for the webhooks.
    pub(crate) fn note(&mut self, resource: Resource, id: i64, user: i64, before: Value, after: Value) {
        self.changes.push(Change { resource, id, user, before, after });
    }

    /// What was done since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The company that a seed describes, its records made by the same rules as all others.
    pub(crate) fn seeded(seed: &Value, now: &str) -> anyhow::Result<Self> {
        let mut company: Self = serde_json::from_value(seed.clone()).context("a company of the seeds")?;
        let first = company.users.first().context("a company has users")?.clone();
        let writer = Writer::new(&company, &first, now);
        let records = &mut company.records;
        let add = |records: &mut Records, resource: Resource, id: i64, mut row: Value| {
            rules::complete(resource, id, &mut row, records, &writer);
            records.put(resource, id, row);
        };
        add(records, Resource::Pipeline, 1, json!({ "name": "Sales" }));
        for (at, name) in (1_i64..).zip(seed["stages"].as_array().into_iter().flatten()) {
            add(records, Resource::Stage, at, json!({ "name": name, "pipeline_id": 1 }));
        }
        for (list, resource) in LISTS {
            for row in seed[list].as_array().into_iter().flatten() {
                let mut row = row.clone();
                let id = row["id"].as_i64().context("a record has an id")?;
                let take = |row: &mut Value, name: &str| {
                    row.as_object_mut().and_then(|row| row.remove(name)).unwrap_or_default()
                };
                take(&mut row, "owner");
                let products = take(&mut row, "products");
                if resource == Resource::Product {
                    row["prices"] =
                        json!([{ "price": take(&mut row, "price"), "currency": take(&mut row, "currency") }]);
                }
                add(records, resource, id, row);
                for (at, product) in (1_i64..).zip(products.as_array().into_iter().flatten()) {
                    let mut product = product.clone();
                    product["deal_id"] = json!(id);
                    add(records, Resource::DealProduct, id * 100 + at, product);
                }
                if products.as_array().is_some_and(|products| !products.is_empty()) {
                    rules::value_of_products(records, id, now);
                }
            }
        }
        Ok(company)
    }
}

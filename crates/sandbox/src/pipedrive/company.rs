//! One Pipedrive company: its users, its own fields, its records and their history.

use super::{
    User, acts, fields,
    history::History,
    records::{Records, Resource},
    rules::{self, Writer},
    webhooks::Change,
};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
    #[serde(default)]
    pub(crate) history: History,
    /// What files hold, in base64.
    #[serde(default)]
    pub(crate) contents: BTreeMap<i64, String>,
    /// Whether an admin has added the app for everyone: they see its panel with an invitation to install it.
    #[serde(default)]
    pub(crate) app_shared: bool,
    /// The last numbers that were given to own fields and to options.
    #[serde(default)]
    pub(super) last_field: i64,
    #[serde(default)]
    pub(super) last_option: i64,
    /// Counts what was done, so that a page knows whether it is old.
    #[serde(default)]
    pub(crate) version: u64,
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

/// The kinds of activity that every company begins with: name, key and icon.
const ACTIVITY_TYPES: [(&str, &str); 6] = [
    ("Call", "call"),
    ("Meeting", "meeting"),
    ("Task", "task"),
    ("Deadline", "deadline"),
    ("Email", "email"),
    ("Lunch", "lunch"),
];

impl Company {
    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Notes what was done to a record, for its history and for the webhooks.
    pub(crate) fn note(&mut self, writer: &Writer, resource: Resource, id: i64, before: Value, after: Value) {
        self.version += 1;
        self.history.note((resource, id), (writer.user.id, &writer.v1_now(), writer.source), &before, &after);
        self.changes.push(Change { resource, id, user: writer.user.id, source: writer.source.into(), before, after });
    }

    /// What was done since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Whether a user follows a record.
    pub(crate) fn follows(&self, user: i64, resource: Resource, id: i64) -> bool {
        self.records.with(Resource::Follower, "user_id", user).any(|(_, row)| row[resource.member()] == json!(id))
    }

    /// The company that a seed describes, its records made by the same rules as all others.
    pub(crate) fn seeded(seed: &Value, now: &str) -> anyhow::Result<Self> {
        let mut company: Self = serde_json::from_value(seed.clone()).context("a company of the seeds")?;
        fields::seeded(&mut company);
        let first = company.users.first().context("a company has users")?.clone();
        let writer = Writer::new(&company, &first, now, "app");
        let add = |records: &mut Records, resource: Resource, id: i64, mut row: Value| {
            rules::complete(resource, id, &mut row, records, &writer);
            records.put(resource, id, row);
        };
        let records = &mut company.records;
        add(records, Resource::Pipeline, 1, json!({ "name": "Sales" }));
        for (at, name) in (1_i64..).zip(seed["stages"].as_array().into_iter().flatten()) {
            add(records, Resource::Stage, at, json!({ "name": name, "pipeline_id": 1 }));
        }
        for (id, (name, key)) in (1_i64..).zip(ACTIVITY_TYPES) {
            let row = json!({
                "id": id, "order_nr": id, "name": name, "key_string": key, "icon_key": key, "active_flag": true, "color": null, "is_custom_flag": false,
                "add_time": writer.v1_now(), "update_time": null,
            });
            records.put(Resource::ActivityType, id, row);
        }
        for (list, resource) in LISTS {
            for row in seed[list].as_array().into_iter().flatten() {
                let mut row = row.clone();
                let id = row["id"].as_i64().context("a record has an id")?;
                let take = |row: &mut Value, name: &str| {
                    row.as_object_mut().and_then(|row| row.remove(name)).unwrap_or_default()
                };
                let products = take(&mut row, "products");
                let discounts = take(&mut row, "discounts");
                if let Some(owner) = take(&mut row, "owner").as_u64() {
                    let user = company.users.get(usize::try_from(owner)?).context("an owner is one of the users")?;
                    row["owner_id"] = json!(user.id);
                }
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
                for discount in discounts.as_array().into_iter().flatten() {
                    let mut discount = discount.clone();
                    discount["deal_id"] = json!(id);
                    add(records, Resource::DealDiscount, records.next_id(Resource::DealDiscount), discount);
                }
                if products.as_array().is_some_and(|products| !products.is_empty()) {
                    rules::value_of_products(records, id, now);
                }
            }
        }
        for activity in seed["activities"].as_array().into_iter().flatten() {
            acts::create(&mut company, Resource::Activity, activity, &writer)
                .map_err(|wrong| anyhow::anyhow!("an activity of the seeds: {wrong:?}"))?;
        }
        company.take_changes();
        Ok(company)
    }
}

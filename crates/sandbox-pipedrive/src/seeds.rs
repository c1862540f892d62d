//! Companies from files.

use crate::{
    actions,
    clock::PipedriveTime,
    company::Company,
    fields,
    records::{Records, Resource},
    rules,
};
use anyhow::Context;
use sandbox_core::clock::Clock;
use serde_json::{Value, json};

/// Contents of the file that describes the companies of a new sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Seeds(pub &'static str);

impl Seeds {
    /// Creates the companies of a new sandbox.
    pub(crate) fn load(self, clock: Clock) -> anyhow::Result<Vec<Company>> {
        load_file(&serde_json::from_str(self.0)?, clock)
    }
}

/// Creates the companies of a file in the form of `pipedrive.json`.
pub(crate) fn load_file(seeds: &Value, clock: Clock) -> anyhow::Result<Vec<Company>> {
    let seeds = seeds["companies"].as_array().into_iter().flatten();
    seeds.map(|seed| create_company(seed, &clock.pipedrive())).collect()
}

/// Lists of a seed. Records come after those to which they refer.
const LISTS: [(&str, Resource); 4] = [
    ("organizations", Resource::Organization),
    ("persons", Resource::Person),
    ("products", Resource::Product),
    ("deals", Resource::Deal),
];

/// Types of activities that every company has: name and key.
const ACTIVITY_TYPES: [(&str, &str); 6] = [
    ("Call", "call"),
    ("Meeting", "meeting"),
    ("Task", "task"),
    ("Deadline", "deadline"),
    ("Email", "email"),
    ("Lunch", "lunch"),
];

/// Creates the company of a seed. Its records follow the same rules as all others.
fn create_company(seed: &Value, now: &str) -> anyhow::Result<Company> {
    let mut company: Company = serde_json::from_value(seed.clone()).context("a company of the seeds")?;
    fields::complete_seeds(&mut company);
    let first = company.users.first().context("a company has users")?.clone();
    let writer = company.writer(&first, now, "app");
    let add = |records: &mut Records, resource: Resource, id: i64, mut row: Value| {
        rules::fill_defaults(resource, id, &mut row, records, &writer);
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
            let remove =
                |row: &mut Value, name: &str| row.as_object_mut().and_then(|row| row.remove(name)).unwrap_or_default();
            let products = remove(&mut row, "products");
            let discounts = remove(&mut row, "discounts");
            if let Some(owner) = remove(&mut row, "owner").as_u64() {
                let user = company.users.get(usize::try_from(owner)?).context("an owner is one of the users")?;
                row["owner_id"] = json!(user.id);
            }
            if resource == Resource::Product {
                row["prices"] =
                    json!([{ "price": remove(&mut row, "price"), "currency": remove(&mut row, "currency") }]);
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
                rules::update_deal_value(records, id, now);
            }
        }
    }
    for activity in seed["activities"].as_array().into_iter().flatten() {
        actions::create(&mut company, Resource::Activity, activity, &writer)
            .map_err(|error| anyhow::anyhow!("an activity of the seeds: {error:?}"))?;
    }
    company.take_changes();
    Ok(company)
}

//! Pipedrive: OAuth with the Marketplace's install and uninstall, the REST API, and the web page that embeds apps.

pub(crate) mod api;
mod fields;
pub(crate) mod oauth;
pub(crate) mod web;
mod words;

use crate::{
    clock::Clock,
    decimal::{decimal, number, round},
};
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SEEDS: &str = include_str!("../../seeds/pipedrive.json");

/// A surface of the app: where Pipedrive loads it from, and the secret that signs its tokens.
#[derive(Debug)]
pub(crate) struct Surface {
    pub(crate) url: String,
    pub(crate) jwt_secret: String,
}

/// The app as registered in Pipedrive's Developer Hub.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) callback_url: String,
    pub(crate) installation_url: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) panel: Surface,
    pub(crate) modal: Surface,
    pub(crate) settings: Surface,
}

/// The action id of the app's custom modal.
pub(crate) const MODAL_ACTION: &str = "invoice";

impl App {
    pub(crate) fn registered(app_url: &str) -> Self {
        let surface = |path: &str| Surface {
            url: format!("{app_url}/{path}"),
            jwt_secret: format!("sandbox-jwt-secret-of-the-{path}"),
        };
        Self {
            name: "Fatura".into(),
            client_id: "sandbox-pipedrive-client".into(),
            client_secret: "sandbox-pipedrive-client-secret".into(),
            callback_url: format!("{app_url}/pipedrive/callback"),
            installation_url: format!("{app_url}/install"),
            scopes: ["base", "deals:read", "contacts:read", "products:read", "users:read"].map(str::to_owned).to_vec(),
            panel: surface("panel"),
            modal: surface("form"),
            settings: surface("settings"),
        }
    }
}

/// All of the simulated Pipedrive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) companies: Vec<Company>,
    pub(crate) grants: oauth::Grants,
    pub(crate) sessions: std::collections::BTreeMap<String, i64>,
}

/// A Pipedrive company with its records, in the shapes of the v2 API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) users: Vec<User>,
    pub(crate) fields: Vec<Value>,
    pub(crate) organizations: Vec<Value>,
    pub(crate) persons: Vec<Value>,
    pub(crate) products: Vec<Value>,
    pub(crate) deals: Vec<Value>,
    pub(crate) stages: Vec<String>,
}

/// A person who uses Pipedrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_admin: bool,
    pub(crate) locale: String,
    pub(crate) language: Value,
    pub(crate) timezone_name: String,
    #[serde(default = "light")]
    pub(crate) theme: String,
}

fn light() -> String {
    "light".into()
}

impl State {
    pub(crate) fn seeded(clock: Clock) -> anyhow::Result<Self> {
        let seeds: Value = serde_json::from_str(SEEDS)?;
        let mut companies: Vec<Company> = serde_json::from_value(seeds["companies"].clone())?;
        for company in &mut companies {
            company.complete(&clock.pipedrive());
        }
        Ok(Self { companies, grants: oauth::Grants::default(), sessions: std::collections::BTreeMap::new() })
    }

    /// The company that a user belongs to, and the user.
    pub(crate) fn user(&self, user_id: i64) -> Option<(&Company, &User)> {
        self.companies.iter().find_map(|company| company.user(user_id).map(|user| (company, user)))
    }

    pub(crate) fn user_mut(&mut self, user_id: i64) -> Option<&mut User> {
        self.companies.iter_mut().flat_map(|company| &mut company.users).find(|user| user.id == user_id)
    }

    pub(crate) fn company(&self, id: i64) -> Option<&Company> {
        self.companies.iter().find(|company| company.id == id)
    }

    pub(crate) fn company_mut(&mut self, id: i64) -> Option<&mut Company> {
        self.companies.iter_mut().find(|company| company.id == id)
    }
}

impl Company {
    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    fn first_user(&self) -> i64 {
        self.users.first().map_or(0, |user| user.id)
    }

    /// Fills in what the API always answers and a seed leaves out.
    fn complete(&mut self, now: &str) {
        let owner = self.first_user();
        let common = json!({ "owner_id": owner, "add_time": now, "update_time": now, "is_deleted": false, "visible_to": 7, "label_ids": [] });
        for row in
            self.organizations.iter_mut().chain(&mut self.persons).chain(&mut self.products).chain(&mut self.deals)
        {
            merge(row, &common);
        }
        for person in &mut self.persons {
            let name = person["name"].as_str().unwrap_or_default().to_owned();
            let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
            merge(person, &json!({ "first_name": first, "last_name": last, "picture_id": null }));
        }
        for product in &mut self.products {
            let id = product["id"].clone();
            let price = take(product, "price");
            let currency = take(product, "currency");
            merge(
                product,
                &json!({
                    "unit": "", "category": null, "is_linkable": true, "billing_frequency": "one-time", "billing_frequency_cycles": null,
                    "prices": [{ "product_id": id, "price": price, "currency": currency, "cost": 0, "direct_cost": null, "notes": "" }],
                    "custom_fields": {},
                }),
            );
        }
        for at in 0..self.deals.len() {
            let rows = take(&mut self.deals[at], "products");
            take(&mut self.deals[at], "owner");
            let deal_id = self.deals[at]["id"].clone();
            let currency = self.deals[at]["currency"].clone();
            let mut products: Vec<Value> = Vec::new();
            for (order, row) in rows.as_array().into_iter().flatten().enumerate() {
                let mut row = row.clone();
                let product = self.products.iter().find(|product| product["id"] == row["product_id"]);
                let name = product.map(|product| product["name"].clone()).unwrap_or_default();
                let sum = row_sum(&row);
                merge(
                    &mut row,
                    &json!({
                        "id": deal_id.as_i64().unwrap_or_default() * 100 + i64::try_from(order).unwrap_or_default() + 1,
                        "deal_id": deal_id, "name": name, "currency": currency, "product_variation_id": null, "order_nr": order + 1,
                        "add_time": now, "update_time": now, "is_enabled": true, "billing_frequency": "one-time",
                        "billing_frequency_cycles": null, "billing_start_date": null, "sum": sum,
                    }),
                );
                products.push(row);
            }
            let sum: Decimal = products.iter().filter_map(|row| decimal(&row["sum"])).sum();
            let deal = &mut self.deals[at];
            if !products.is_empty() {
                deal["value"] = number(sum);
            }
            merge(
                deal,
                &json!({
                    "creator_user_id": owner, "pipeline_id": 1, "archive_time": null, "stage_change_time": now, "is_archived": false,
                    "probability": null, "lost_reason": null, "close_time": null, "won_time": if deal["status"] == json!("won") { json!(now) } else { Value::Null },
                    "lost_time": null, "local_won_date": null, "local_lost_date": null, "local_close_date": null, "expected_close_date": null,
                    "origin": "ManuallyCreated", "origin_id": null, "channel": null, "channel_id": null, "acv": null, "arr": null, "mrr": null,
                    "products": products,
                }),
            );
        }
    }
}

/// What Pipedrive shows as a row's sum: with its discount and, where the price excludes it, its tax.
fn row_sum(row: &Value) -> Value {
    let amount = |name: &str| decimal(&row[name]).unwrap_or_default();
    let gross = amount("item_price") * amount("quantity");
    let off = if row["discount_type"] == json!("amount") {
        amount("discount")
    } else {
        gross * amount("discount") / dec!(100)
    };
    let tax = if row["tax_method"] == json!("exclusive") { amount("tax") } else { Decimal::ZERO };
    number(round((gross - off) * (dec!(100) + tax) / dec!(100), 2))
}

/// Adds members that are not there yet.
fn merge(row: &mut Value, more: &Value) {
    if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
        for (key, value) in more {
            row.entry(key).or_insert_with(|| value.clone());
        }
    }
}

fn take(row: &mut Value, key: &str) -> Value {
    row.as_object_mut().and_then(|row| row.remove(key)).unwrap_or_default()
}

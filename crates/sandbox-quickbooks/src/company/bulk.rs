//! Bulk creation of rows, for tests with a large company.

use super::{
    Company, SalesTax,
    keys::{Key, Kind, parse_key, properties},
    table::Row,
};
use crate::{clock::PacificTime, entity::Entity};
use sandbox_core::clock::Clock;
use serde_json::{Value, json};

impl Company {
    /// Adds `count` items after the existing ones, named `Item 000001` with the SKU `SKU-000001` and so on. No webhook
    /// reports them.
    pub(crate) fn add_items(&mut self, count: u32, clock: Clock) {
        let is_income = |account: &Value| account["AccountType"] == json!("Income");
        let account = self.all(Entity::Account).find(is_income).unwrap_or_default();
        let now = clock.quickbooks_seconds();
        let mut row = json!({
            "Type": "NonInventory", "Active": true, "Taxable": true, "TrackQtyOnHand": false, "UnitPrice": 12.5,
            "IncomeAccountRef": { "value": account["Id"], "name": account["Name"] },
            "SyncToken": "0", "MetaData": { "CreateTime": now, "LastUpdatedTime": now }, "domain": "QBO", "sparse": false,
        });
        if self.rules.sales_tax == SalesTax::PerLine {
            row["SalesTaxCodeRef"] = json!({ "value": "2" });
        }
        let template = Row::new(Entity::Item, &row);
        let changed_properties: Vec<(usize, Kind, &str)> = properties(Entity::Item)
            .iter()
            .enumerate()
            .filter(|(_, property)| matches!(property.path, "Id" | "Name" | "FullyQualifiedName" | "Sku"))
            .map(|(at, property)| (at, property.kind, property.path))
            .collect();
        let mut number = 1;
        while !self.ids_with_name(Entity::Item, &name(number)).is_empty() {
            number += 1;
        }
        for number in (number..).take(count as usize) {
            let (id, name, sku) = (self.reserve_id(Entity::Item), name(number), format!("SKU-{number:06}"));
            let members = format!(r#""Id":"{id}","Name":"{name}","FullyQualifiedName":"{name}","Sku":"{sku}""#);
            let keys = changed_properties.iter().map(|(at, kind, path)| {
                let text = match *path {
                    "Id" => &id,
                    "Sku" => &sku,
                    _ => &name,
                };
                (*at, parse_key(*kind, text).unwrap_or(Key::Absent))
            });
            let row = template.with_members(&members, keys);
            self.set(Entity::Item, &id, Some(row));
        }
    }
}

fn name(number: u32) -> String {
    format!("Item {number:06}")
}

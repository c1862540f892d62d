//! Quantities on hand of inventory items.

use crate::{company::Company, entity::Entity};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Value, json};

/// Updates the stock after a form has changed.
pub(super) fn update(company: &mut Company, entity: Entity, before: Option<&Value>, after: Option<&Value>) {
    let direction = match entity {
        Entity::Invoice | Entity::SalesReceipt => -Decimal::ONE,
        Entity::CreditMemo | Entity::RefundReceipt => Decimal::ONE,
        _ => return,
    };
    for (row, sign) in [(before, -direction), (after, direction)] {
        let lines = row.and_then(|row| row["Line"].as_array().cloned()).unwrap_or_default();
        for line in lines.iter().flat_map(|line| {
            let inner = line["GroupLineDetail"]["Line"].as_array().cloned().unwrap_or_default();
            inner.into_iter().chain([line.clone()])
        }) {
            let detail = &line["SalesItemLineDetail"];
            let quantity = decimal(&detail["Qty"]).unwrap_or_default();
            let item = detail["ItemRef"]["value"]
                .as_str()
                .filter(|_| !quantity.is_zero())
                .and_then(|id| company.get(Entity::Item, id));
            if let Some(mut item) = item.filter(|item| item["TrackQtyOnHand"] == json!(true)) {
                item["QtyOnHand"] = number(decimal(&item["QtyOnHand"]).unwrap_or_default() + quantity * sign);
                company.put_without_event(Entity::Item, &item);
            }
        }
    }
}

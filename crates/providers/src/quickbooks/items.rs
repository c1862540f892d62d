//! Items: create. They are listed with the catalogue.

use super::{Api, wire};
use crate::ProviderError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An item to be created: a service, since a deal says nothing of stock.
#[derive(Debug, Clone, Copy)]
pub struct NewItem<'a> {
    /// Unique, at most 100 characters.
    pub name: &'a str,
    /// In the home currency; left out for other currencies.
    pub unit_price: Option<Decimal>,
    /// Where its sales are booked.
    pub income_account: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct New<'a> {
    name: &'a str,
    r#type: &'static str,
    #[serde(with = "rust_decimal::serde::float_option", skip_serializing_if = "Option::is_none")]
    unit_price: Option<Decimal>,
    income_account_ref: wire::Reference,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

impl Api<'_> {
    /// Creates an item; its id.
    pub async fn create_item(&self, request_id: &str, item: &NewItem<'_>) -> Result<String, ProviderError> {
        let body = New {
            name: item.name,
            r#type: "Service",
            unit_price: item.unit_price,
            income_account_ref: wire::Reference::to(item.income_account),
        };
        let created: Created = self.write("Item", request_id, &body).await?;
        Ok(created.id)
    }

    /// The id of the active item with this name, if there is one.
    pub async fn item_by_name(&self, name: &str) -> Result<Option<String>, ProviderError> {
        let found: Vec<Created> =
            self.query("Item", &format!("select * from Item where Name = {}", super::quoted(name))).await?;
        Ok(found.into_iter().next().map(|item| item.id))
    }
}

//! Items: search, read, create. The first thousand are listed with the catalogue.

use super::{Api, catalogue::read_items, quoted, wire};
use crate::ProviderError;
use domain::{catalogue::Item, search::Pattern};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Most items that one search answers.
const FOUND: usize = 50;
/// Values in one query: its address has a limit.
const LISTED: usize = 30;

/// The property by which items are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemProperty {
    /// QuickBooks' id.
    Id,
    /// Stock-keeping unit.
    Sku,
    /// Name, unique among items.
    Name,
}

impl ItemProperty {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "Id",
            Self::Sku => "Sku",
            Self::Name => "Name",
        }
    }
}

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

    /// Active items whose property matches one of the patterns, at most [`FOUND`] for each.
    pub async fn search_items(&self, wanted: &[(ItemProperty, Pattern)]) -> Result<Vec<Item>, ProviderError> {
        let statements: Vec<String> = wanted
            .iter()
            .map(|(property, pattern)| {
                let (property, like) = (property.name(), quoted(&pattern.0));
                format!("select * from Item where {property} like {like} orderby Name maxresults {FOUND}")
            })
            .collect();
        self.items_of(&statements).await
    }

    /// The active items with these ids, SKUs or names.
    pub async fn items_among(&self, property: ItemProperty, values: &[String]) -> Result<Vec<Item>, ProviderError> {
        let property = property.name();
        let statements: Vec<String> = values
            .chunks(LISTED)
            .map(|values| {
                let list: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("select * from Item where {property} in ({}) maxresults 1000", list.join(", "))
            })
            .collect();
        self.items_of(&statements).await
    }

    async fn items_of(&self, statements: &[String]) -> Result<Vec<Item>, ProviderError> {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let mut found: Vec<Item> = Vec::new();
        for answer in self.queries(&statements).await? {
            for item in read_items(&answer) {
                if !found.iter().any(|known| known.id == item.id) {
                    found.push(item);
                }
            }
        }
        Ok(found)
    }

    /// The id of the active item with this name, if there is one.
    pub async fn item_by_name(&self, name: &str) -> Result<Option<String>, ProviderError> {
        let found: Vec<Created> =
            self.query("Item", &format!("select * from Item where Name = {}", super::quoted(name))).await?;
        Ok(found.into_iter().next().map(|item| item.id))
    }
}

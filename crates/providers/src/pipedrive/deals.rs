//! A deal with its organization, person and products.

use super::{Api, fields};
use crate::ProviderError;
use domain::{
    deal::{Deal, Discount, Product},
    ids::DealId,
    mapping::{Entity, FieldRef, Value},
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::HashMap;

#[derive(Debug, Deserialize)]
struct ProductRow {
    product_id: i64,
    #[serde(default)]
    name: String,
    #[serde(with = "rust_decimal::serde::float")]
    item_price: Decimal,
    #[serde(with = "rust_decimal::serde::float")]
    quantity: Decimal,
    #[serde(with = "rust_decimal::serde::float", default)]
    discount: Decimal,
    #[serde(default)]
    discount_type: String,
    #[serde(with = "rust_decimal::serde::float", default)]
    tax: Decimal,
    #[serde(default)]
    tax_method: String,
    comments: Option<String>,
    is_enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct CatalogueProduct {
    id: i64,
    code: Option<String>,
    description: Option<String>,
}

impl Api<'_> {
    /// Reads a deal. [`ProviderError::NotFound`] when it is not there, or not for this user.
    pub async fn deal(&self, id: DealId) -> Result<Deal, ProviderError> {
        let deal: Json = self.one(&format!("/api/v2/deals/{}", id.0)).await?;
        let organization = deal["org_id"].as_i64();
        let person = deal["person_id"].as_i64();
        let mut values: domain::mapping::Values = fields::values(Entity::Deal, &deal).into_iter().collect();
        let currency = deal["currency"].as_str().unwrap_or_default().to_owned();
        if let Some(organization) = organization {
            self.add(&mut values, Entity::Organization, &format!("/api/v2/organizations/{organization}")).await?;
        }
        if let Some(person) = person {
            self.add(&mut values, Entity::Person, &format!("/api/v2/persons/{person}")).await?;
        }
        Ok(Deal {
            id: id.0,
            title: deal["title"].as_str().unwrap_or_default().to_owned(),
            value: serde_json::from_value::<Amount>(deal["value"].clone()).map(|amount| amount.0).unwrap_or_default(),
            currency,
            organization,
            person,
            values,
            products: self.deal_products(id).await?,
        })
    }

    /// A record that was deleted, or is hidden from the user, leaves its fields empty.
    async fn add(&self, values: &mut domain::mapping::Values, entity: Entity, path: &str) -> Result<(), ProviderError> {
        match self.one::<Json>(path).await {
            Ok(record) => {
                let fields: Vec<(FieldRef, Value)> = fields::values(entity, &record);
                values.extend(fields);
                Ok(())
            }
            Err(ProviderError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn deal_products(&self, id: DealId) -> Result<Vec<Product>, ProviderError> {
        let rows: Vec<ProductRow> = self.all(&format!("/api/v2/deals/{}/products", id.0)).await?;
        let rows: Vec<ProductRow> = rows.into_iter().filter(|row| row.is_enabled != Some(false)).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids: Vec<String> = rows.iter().map(|row| row.product_id.to_string()).collect();
        ids.sort();
        ids.dedup();
        let mut known: HashMap<i64, CatalogueProduct> = HashMap::new();
        for ids in ids.chunks(100) {
            let products: Vec<CatalogueProduct> = self.all(&format!("/api/v2/products?ids={}", ids.join(","))).await?;
            known.extend(products.into_iter().map(|product| (product.id, product)));
        }
        Ok(rows.into_iter().map(|row| product(row, &known)).collect())
    }
}

fn product(row: ProductRow, known: &HashMap<i64, CatalogueProduct>) -> Product {
    let of_catalogue = known.get(&row.product_id);
    let filled = |text: Option<&String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let description =
        filled(row.comments.as_ref()).or_else(|| filled(of_catalogue.and_then(|product| product.description.as_ref())));
    Product {
        id: row.product_id,
        code: filled(of_catalogue.and_then(|product| product.code.as_ref())).unwrap_or_default(),
        description: description.unwrap_or_else(|| row.name.clone()),
        name: row.name,
        quantity: row.quantity,
        price: row.item_price,
        discount: if row.discount_type == "amount" {
            Discount::Amount(row.discount)
        } else {
            Discount::Percent(row.discount)
        },
        tax: if row.tax_method == "none" { Decimal::ZERO } else { row.tax },
        tax_included: row.tax_method == "inclusive",
    }
}

/// A JSON number as decimal.
#[derive(Debug, Deserialize)]
struct Amount(#[serde(with = "rust_decimal::serde::float")] Decimal);

//! A deal with its organization, person and products.

use super::{Api, fields};
use crate::ProviderError;
use domain::{
    deal::{Deal, Product, Reduction},
    ids::DealId,
    mapping::{Entity, FieldRef, Value},
};
use jiff::Timestamp;
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

/// A deal in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDeal {
    /// Pipedrive's number.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its value, in its currency.
    pub value: Decimal,
    /// ISO code.
    pub currency: String,
    /// When it was won; empty where it was not.
    pub won_at: String,
}

impl ListedDeal {
    /// `None` for what has no number, or was deleted or archived.
    fn read(row: &Json) -> Option<Self> {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let is_gone = row["is_deleted"] == true || row["is_archived"] == true;
        Some(Self {
            id: row["id"].as_i64().filter(|_| !is_gone)?,
            title: text("title"),
            value: serde_json::from_value::<Amount>(row["value"].clone()).map(|amount| amount.0).unwrap_or_default(),
            currency: text("currency"),
            won_at: text("won_time"),
        })
    }
}

/// Whose a deal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DealParties {
    /// Pipedrive's number.
    pub id: i64,
    /// Its organization.
    #[serde(rename = "org_id")]
    pub organization: Option<i64>,
    /// Its person.
    #[serde(rename = "person_id")]
    pub person: Option<i64>,
}

/// Where a record is read.
fn path(entity: Entity, id: i64) -> String {
    match entity {
        Entity::Organization => format!("/api/v2/organizations/{id}"),
        Entity::Person => format!("/api/v2/persons/{id}"),
        Entity::Deal => format!("/api/v2/deals/{id}"),
    }
}

/// By what deals are filtered.
fn filter(of: Entity) -> &'static str {
    match of {
        Entity::Organization => "org_id",
        Entity::Person => "person_id",
        Entity::Deal => "ids",
    }
}

/// A discount on the whole deal.
#[derive(Debug, Deserialize)]
struct DiscountRow {
    #[serde(with = "rust_decimal::serde::float")]
    amount: Decimal,
    r#type: String,
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
            discounts: self.deal_discounts(id).await?,
        })
    }

    /// Who a deal is with: its organization and its person. [`ProviderError::NotFound`] as for [`Api::deal`].
    pub async fn deal_parties(&self, id: DealId) -> Result<DealParties, ProviderError> {
        let deal = self.one(&format!("/api/v2/deals/{}", id.0)).await?;
        let (organization, person) = (deal["org_id"].as_i64(), deal["person_id"].as_i64());
        Ok(DealParties { id: id.0, organization, person })
    }

    /// A deal's currency.
    pub async fn deal_currency(&self, id: DealId) -> Result<String, ProviderError> {
        let deal = self.one(&format!("/api/v2/deals/{}", id.0)).await?;
        Ok(deal["currency"].as_str().unwrap_or_default().to_owned())
    }

    /// Writes a deal's own fields.
    pub async fn write_deal_fields(
        &self,
        id: DealId,
        fields: &serde_json::Map<String, Json>,
    ) -> Result<(), ProviderError> {
        self.patch(&format!("/api/v2/deals/{}", id.0), &serde_json::json!({ "custom_fields": fields })).await
    }

    /// The open deals that this user may see, the newest first; at most 20.
    pub async fn newest_deals(&self) -> Result<Vec<ListedDeal>, ProviderError> {
        self.listed("/api/v2/deals?status=open&sort_by=add_time&sort_direction=desc&limit=20").await
    }

    async fn listed(&self, path: &str) -> Result<Vec<ListedDeal>, ProviderError> {
        let rows: Vec<Json> = self.get(self.url(path)?).await?.0;
        Ok(rows.iter().filter_map(ListedDeal::read).collect())
    }

    /// Deals that stand as won and have changed since a moment: number and owner.
    pub async fn won_since(&self, since: Timestamp) -> Result<Vec<(DealId, i64)>, ProviderError> {
        #[derive(Deserialize)]
        struct Won {
            id: i64,
            owner_id: i64,
        }
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let rows: Vec<Won> = self.all(&format!("/api/v2/deals?status=won&updated_since={since}")).await?;
        Ok(rows.into_iter().map(|won| (DealId(won.id), won.owner_id)).collect())
    }

    /// Those of the deals that this user may see.
    pub async fn visible_deals(&self, ids: &[i64]) -> Result<Vec<i64>, ProviderError> {
        #[derive(Deserialize)]
        struct Row {
            id: i64,
            #[serde(default)]
            is_deleted: bool,
        }
        let mut visible = Vec::new();
        for ids in ids.chunks(100) {
            let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
            let rows: Vec<Row> = self.all(&format!("/api/v2/deals?ids={list}")).await?;
            visible.extend(rows.into_iter().filter(|row| !row.is_deleted).map(|row| row.id));
        }
        Ok(visible)
    }

    /// The open deals of a person or an organization that this user may see, the newest first; at most 20.
    pub async fn open_deals(&self, entity: Entity, id: i64) -> Result<Vec<ListedDeal>, ProviderError> {
        let filter = filter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&status=open&sort_by=add_time&sort_direction=desc&limit=20");
        self.listed(&path).await
    }

    /// The won deals of a person or an organization that this user may see, the last won first; of those that changed last, at most 100.
    pub async fn won_deals(&self, entity: Entity, id: i64) -> Result<Vec<ListedDeal>, ProviderError> {
        let filter = filter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&status=won&sort_by=update_time&sort_direction=desc&limit=100");
        let mut won = self.listed(&path).await?;
        won.sort_by(|a, b| (&b.won_at, b.id).cmp(&(&a.won_at, a.id)));
        Ok(won)
    }

    /// The deals of a person or an organization that this user may see, those that changed last; at most 500.
    pub async fn latest_deals(&self, entity: Entity, id: i64) -> Result<Vec<DealParties>, ProviderError> {
        let filter = filter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&sort_by=update_time&sort_direction=desc&limit=500");
        Ok(self.get(self.url(&path)?).await?.0)
    }

    /// The name of a person or an organization. [`ProviderError::NotFound`] when it is not there, or not for this user.
    pub async fn name(&self, entity: Entity, id: i64) -> Result<String, ProviderError> {
        let record = self.one(&path(entity, id)).await?;
        let name = record["name"].as_str().or(record["title"].as_str());
        Ok(name.unwrap_or_default().to_owned())
    }

    /// Whether a record is known to have been deleted. What is hidden from this user is not.
    pub async fn is_deleted(&self, entity: Entity, id: i64) -> Result<bool, ProviderError> {
        match self.get::<Json>(self.url(&path(entity, id))?).await {
            Ok((record, _)) => Ok(record["is_deleted"] == true),
            Err(ProviderError::NotFound | ProviderError::Refused(_) | ProviderError::NotPermitted(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A record that was deleted, or is hidden from the user, leaves its fields empty.
    async fn add(&self, values: &mut domain::mapping::Values, entity: Entity, path: &str) -> Result<(), ProviderError> {
        match self.one(path).await {
            Ok(record) => {
                let fields: Vec<(FieldRef, Value)> = fields::values(entity, &record);
                values.extend(fields);
                Ok(())
            }
            Err(ProviderError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn deal_discounts(&self, id: DealId) -> Result<Vec<Reduction>, ProviderError> {
        let rows: Vec<DiscountRow> = self.get(self.url(&format!("/api/v2/deals/{}/discounts", id.0))?).await?.0;
        let reduction = |row: DiscountRow| {
            if row.r#type == "amount" { Reduction::Amount(row.amount) } else { Reduction::Percent(row.amount) }
        };
        Ok(rows.into_iter().map(reduction).collect())
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
            Reduction::Amount(row.discount)
        } else {
            Reduction::Percent(row.discount)
        },
        tax: if row.tax_method == "none" { Decimal::ZERO } else { row.tax },
        tax_included: row.tax_method == "inclusive",
    }
}

/// A JSON number as decimal.
#[derive(Debug, Deserialize)]
struct Amount(#[serde(with = "rust_decimal::serde::float")] Decimal);

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;
    use serde_json::json;

    #[test]
    fn a_listed_deal_is_read_whatever_is_missing() {
        let bare = ListedDeal::read(&json!({ "id": 1, "title": null, "value": null, "won_time": null })).unwrap();
        assert_eq!((bare.id, bare.title.as_str(), bare.value), (1, "", dec!(0)));
        let whole =
            json!({ "id": 2, "title": "Party", "value": 12.5, "currency": "USD", "won_time": "2026-03-13T10:00:00Z" });
        assert_eq!(ListedDeal::read(&whole).unwrap().value, dec!(12.5));
        for odd in [
            json!({}),
            json!(null),
            json!({ "id": "x" }),
            json!({ "id": 3, "is_deleted": true }),
            json!({ "id": 4, "is_archived": true }),
        ] {
            assert_eq!(ListedDeal::read(&odd), None, "{odd}");
        }
    }
}

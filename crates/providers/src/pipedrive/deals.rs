//! Deals with their organizations, persons and products.

use super::{Api, fields};
use crate::{
    ProviderError,
    json::{lenient, read_decimal},
};
use domain::{
    deal::{Deal, Product, Reduction},
    ids::DealId,
    mapping::{Entity, FieldRef, FieldValue},
};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::HashMap;

/// A deal in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDeal {
    /// Pipedrive's id.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Value, in the deal's currency.
    pub value: Decimal,
    /// ISO code of the currency.
    pub currency: String,
    /// Time when it was won; empty if it was not.
    pub won_at: String,
}

impl ListedDeal {
    /// Reads a row. Returns `None` if it has no id, or was deleted or archived.
    fn from_row(row: &Json) -> Option<Self> {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let is_removed = row["is_deleted"] == true || row["is_archived"] == true;
        Some(Self {
            id: row["id"].as_i64().filter(|_| !is_removed)?,
            title: text("title"),
            value: read_decimal(&row["value"]).unwrap_or_default(),
            currency: text("currency"),
            won_at: text("won_time"),
        })
    }
}

/// The parties of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DealParties {
    /// Pipedrive's id.
    pub id: i64,
    /// Pipedrive's id of the organization.
    #[serde(rename = "org_id")]
    pub organization: Option<i64>,
    /// Pipedrive's id of the person.
    #[serde(rename = "person_id")]
    pub person: Option<i64>,
}

/// The path of a record.
fn record_path(entity: Entity, id: i64) -> String {
    match entity {
        Entity::Organization => format!("/api/v2/organizations/{id}"),
        Entity::Person => format!("/api/v2/persons/{id}"),
        Entity::Deal => format!("/api/v2/deals/{id}"),
    }
}

/// The query parameter that filters deals by a record.
fn filter_parameter(of: Entity) -> &'static str {
    match of {
        Entity::Organization => "org_id",
        Entity::Person => "person_id",
        Entity::Deal => "ids",
    }
}

#[derive(Debug, Deserialize)]
struct CatalogueProduct {
    id: i64,
    #[serde(default, deserialize_with = "lenient")]
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    code: String,
    #[serde(default, deserialize_with = "lenient")]
    description: String,
}

impl Api {
    /// Reads a deal. Returns [`ProviderError::NotFound`] if it does not exist or this user may not see it.
    pub async fn read_deal(&self, id: DealId) -> Result<Deal, ProviderError> {
        let with_parties = async {
            let deal = self.read_record(&record_path(Entity::Deal, id.0)).await?;
            let (of_organization, of_person) = tokio::join!(
                self.read_record_fields(Entity::Organization, deal["org_id"].as_i64()),
                self.read_record_fields(Entity::Person, deal["person_id"].as_i64())
            );
            Ok((deal, of_organization?.into_iter().chain(of_person?).collect()))
        };
        Box::pin(self.read_with_lines(id, with_parties)).await
    }

    /// Reads a deal like [`Api::read_deal`], without the fields of its organization and person: that takes one round trip
    /// instead of two.
    pub async fn read_deal_lines(&self, id: DealId) -> Result<Deal, ProviderError> {
        let alone = async { Ok((self.read_record(&record_path(Entity::Deal, id.0)).await?, Vec::new())) };
        self.read_with_lines(id, alone).await
    }

    /// Reads products and discounts of a deal while `deal` reads the deal and the fields of its parties.
    async fn read_with_lines(
        &self,
        id: DealId,
        deal: impl Future<Output = Result<(Json, Vec<(FieldRef, FieldValue)>), ProviderError>>,
    ) -> Result<Deal, ProviderError> {
        let (deal, products, discounts) = tokio::join!(deal, self.read_products(id), self.read_discounts(id));
        // If the user may not see the deal, this is the error, whatever Pipedrive says of its products.
        let (deal, of_parties) = deal?;
        let (products, discounts) = (products?, discounts?);
        let currency = deal["currency"].as_str().unwrap_or_default().to_owned();
        Ok(Deal {
            id: id.0,
            title: deal["title"].as_str().unwrap_or_default().to_owned(),
            value: read_decimal(&deal["value"]).unwrap_or_default(),
            is_incomplete: currency.is_empty() || products.is_incomplete || discounts.is_incomplete,
            currency,
            organization: deal["org_id"].as_i64(),
            person: deal["person_id"].as_i64(),
            values: fields::read_values(Entity::Deal, &deal).into_iter().chain(of_parties).collect(),
            products: products.rows,
            discounts: discounts.rows,
        })
    }

    /// Reads organization and person of a deal. Returns [`ProviderError::NotFound`] like [`Api::read_deal`].
    pub async fn read_deal_parties(&self, id: DealId) -> Result<DealParties, ProviderError> {
        let deal = self.read_record(&format!("/api/v2/deals/{}", id.0)).await?;
        let (organization, person) = (deal["org_id"].as_i64(), deal["person_id"].as_i64());
        Ok(DealParties { id: id.0, organization, person })
    }

    /// Reads the currency of a deal.
    pub async fn read_deal_currency(&self, id: DealId) -> Result<String, ProviderError> {
        let deal = self.read_record(&format!("/api/v2/deals/{}", id.0)).await?;
        Ok(deal["currency"].as_str().unwrap_or_default().to_owned())
    }

    /// Writes custom fields of a deal.
    pub async fn write_deal_fields(
        &self,
        id: DealId,
        fields: &serde_json::Map<String, Json>,
    ) -> Result<(), ProviderError> {
        self.patch(&format!("/api/v2/deals/{}", id.0), &serde_json::json!({ "custom_fields": fields })).await
    }

    /// Reads the open deals that this user may see, the newest first; at most 20.
    pub async fn read_newest_deals(&self) -> Result<Vec<ListedDeal>, ProviderError> {
        self.read_deal_list("/api/v2/deals?status=open&sort_by=add_time&sort_direction=desc&limit=20").await
    }

    async fn read_deal_list(&self, path: &str) -> Result<Vec<ListedDeal>, ProviderError> {
        let rows: Vec<Json> = self.read_page(self.build_url(path)?).await?.0;
        Ok(rows.iter().filter_map(ListedDeal::from_row).collect())
    }

    /// Reads the won deals that have changed since a timestamp: their ids and owners.
    pub async fn read_won_deals_since(&self, since: Timestamp) -> Result<Vec<(DealId, Option<i64>)>, ProviderError> {
        #[derive(Deserialize)]
        struct Won {
            id: i64,
            #[serde(default, deserialize_with = "lenient")]
            owner_id: Option<i64>,
        }
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let rows: Vec<Won> = self.read_all_pages(&format!("/api/v2/deals?status=won&updated_since={since}")).await?;
        Ok(rows.into_iter().map(|won| (DealId(won.id), won.owner_id)).collect())
    }

    /// Filters deals by whether this user may see them.
    pub async fn filter_visible_deals(&self, ids: &[i64]) -> Result<Vec<i64>, ProviderError> {
        #[derive(Deserialize)]
        struct Row {
            id: i64,
            #[serde(default)]
            is_deleted: bool,
        }
        let mut visible = Vec::new();
        for ids in ids.chunks(100) {
            let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
            let rows: Vec<Row> = self.read_all_pages(&format!("/api/v2/deals?ids={list}")).await?;
            visible.extend(rows.into_iter().filter(|row| !row.is_deleted).map(|row| row.id));
        }
        Ok(visible)
    }

    /// Reads the open deals of a person or an organization that this user may see, the newest first; at most 20.
    pub async fn read_open_deals(&self, entity: Entity, id: i64) -> Result<Vec<ListedDeal>, ProviderError> {
        let filter = filter_parameter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&status=open&sort_by=add_time&sort_direction=desc&limit=20");
        self.read_deal_list(&path).await
    }

    /// Reads the won deals of a person or an organization that this user may see, the last won first; at most the 100 that
    /// changed last.
    pub async fn read_won_deals(&self, entity: Entity, id: i64) -> Result<Vec<ListedDeal>, ProviderError> {
        let filter = filter_parameter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&status=won&sort_by=update_time&sort_direction=desc&limit=100");
        let mut won = self.read_deal_list(&path).await?;
        won.sort_by(|a, b| (&b.won_at, b.id).cmp(&(&a.won_at, a.id)));
        Ok(won)
    }

    /// Reads the deals of a person or an organization that this user may see; at most the 500 that
    /// changed last.
    pub async fn read_latest_deals(&self, entity: Entity, id: i64) -> Result<Vec<DealParties>, ProviderError> {
        let filter = filter_parameter(entity);
        let path = format!("/api/v2/deals?{filter}={id}&sort_by=update_time&sort_direction=desc&limit=500");
        Ok(self.read_page(self.build_url(&path)?).await?.0)
    }

    /// Reads the name of a record. Returns [`ProviderError::NotFound`] if it does not exist or this user may not see
    /// it.
    pub async fn read_name(&self, entity: Entity, id: i64) -> Result<String, ProviderError> {
        let record = self.read_record(&record_path(entity, id)).await?;
        let name = record["name"].as_str().or(record["title"].as_str());
        Ok(name.unwrap_or_default().to_owned())
    }

    /// Whether Pipedrive returns a record as deleted. A record that is hidden from this user does not count as deleted.
    pub async fn is_deleted(&self, entity: Entity, id: i64) -> Result<bool, ProviderError> {
        match self.get::<Json>(self.build_url(&record_path(entity, id))?).await {
            Ok((record, _)) => Ok(record["is_deleted"] == true),
            Err(ProviderError::NotFound | ProviderError::Refused(_) | ProviderError::NotPermitted(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads the fields of a record; none if there is none, or if it was deleted or is hidden from the user.
    async fn read_record_fields(
        &self,
        entity: Entity,
        id: Option<i64>,
    ) -> Result<Vec<(FieldRef, FieldValue)>, ProviderError> {
        let Some(id) = id else { return Ok(Vec::new()) };
        match self.read_record(&record_path(entity, id)).await {
            Ok(record) => Ok(fields::read_values(entity, &record)),
            Err(ProviderError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn read_discounts(&self, id: DealId) -> Result<PartlyRead<Reduction>, ProviderError> {
        // The operation has no pages. A cursor would mean that the discounts are incomplete.
        let (rows, next) =
            self.read_page::<Json>(self.build_url(&format!("/api/v2/deals/{}/discounts", id.0))?).await?;
        let read = PartlyRead::collect(rows.iter().map(read_discount));
        Ok(PartlyRead { is_incomplete: read.is_incomplete || next.is_some(), ..read })
    }

    async fn read_products(&self, id: DealId) -> Result<PartlyRead<Product>, ProviderError> {
        let rows: Vec<Json> = self.read_all_pages(&format!("/api/v2/deals/{}/products", id.0)).await?;
        let rows: Vec<Json> = rows.into_iter().filter(|row| row["is_enabled"] != false).collect();
        let mut ids: Vec<String> =
            rows.iter().filter_map(|row| row["product_id"].as_i64()).map(|id| id.to_string()).collect();
        ids.sort();
        ids.dedup();
        let mut catalogue: HashMap<i64, CatalogueProduct> = HashMap::new();
        for ids in ids.chunks(100) {
            let products: Vec<CatalogueProduct> =
                self.read_all_pages(&format!("/api/v2/products?ids={}", ids.join(","))).await?;
            catalogue.extend(products.into_iter().map(|product| (product.id, product)));
        }
        Ok(PartlyRead::collect(rows.iter().map(|row| read_product(row, &catalogue))))
    }
}

/// The rows of a list, and whether a row was partly invalid.
#[derive(Debug)]
struct PartlyRead<Row> {
    rows: Vec<Row>,
    is_incomplete: bool,
}

impl<Row> PartlyRead<Row> {
    fn collect(rows: impl Iterator<Item = (Option<Row>, bool)>) -> Self {
        let mut read = Self { rows: Vec::new(), is_incomplete: false };
        for (row, is_incomplete) in rows {
            read.rows.extend(row);
            read.is_incomplete |= is_incomplete;
        }
        read
    }
}

/// Reads a numeric member (`None` if it is null), and whether it is neither a number nor null.
fn read_number(row: &Json, member: &str) -> (Option<Decimal>, bool) {
    let value = read_decimal(&row[member]);
    let is_odd = value.is_none() && !row[member].is_null();
    (value, is_odd)
}

/// Reads a discount on the whole deal, and whether it was partly invalid.
fn read_discount(row: &Json) -> (Option<Reduction>, bool) {
    let (amount, is_odd) = read_number(row, "amount");
    let read = amount.and_then(|amount| match row["type"].as_str() {
        Some("amount") => Some(Reduction::Amount(amount)),
        Some("percentage") => Some(Reduction::Percent(amount)),
        _ => None,
    });
    let is_lost = is_odd || (read.is_none() && amount.is_some_and(|amount| !amount.is_zero())) || !row.is_object();
    (read, is_lost)
}

/// Reads a product row of a deal, and whether it was partly invalid. The row of a purged product has no `product_id`.
fn read_product(row: &Json, catalogue: &HashMap<i64, CatalogueProduct>) -> (Option<Product>, bool) {
    if !row.is_object() {
        return (None, true);
    }
    let text = |member: &str| row[member].as_str().unwrap_or_default().trim().to_owned();
    let (price, odd_price) = read_number(row, "item_price");
    let (quantity, odd_quantity) = read_number(row, "quantity");
    let (discount, odd_discount) = read_number(row, "discount");
    let (tax, odd_tax) = read_number(row, "tax");
    let id = row["product_id"].as_i64();
    let of_catalogue = id.and_then(|id| catalogue.get(&id));
    let first = |texts: [&str; 2]| texts.map(str::trim).into_iter().find(|text| !text.is_empty()).map(str::to_owned);
    let name = text("name");
    let name = first([&name, of_catalogue.map_or("", |product| &product.name)]).unwrap_or_default();
    let comments = text("comments");
    let description = first([&comments, of_catalogue.map_or("", |product| &product.description)]);
    let method = row["tax_method"].as_str();
    let discount = discount.unwrap_or_default();
    let product = Product {
        id,
        code: of_catalogue.map(|product| product.code.trim().to_owned()).unwrap_or_default(),
        description: description.unwrap_or_else(|| name.clone()),
        name,
        quantity: quantity.unwrap_or(Decimal::ONE),
        price,
        discount: match row["discount_type"].as_str() {
            Some("amount") => Reduction::Amount(discount),
            _ => Reduction::Percent(discount),
        },
        tax: if method == Some("none") { Decimal::ZERO } else { tax.unwrap_or_default() },
        tax_included: method == Some("inclusive"),
    };
    (Some(product), odd_price || odd_quantity || odd_discount || odd_tax)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;
    use serde_json::json;

    #[test]
    fn reads_a_listed_deal_with_missing_members() {
        let bare = ListedDeal::from_row(&json!({ "id": 1, "title": null, "value": null, "won_time": null })).unwrap();
        assert_eq!((bare.id, bare.title.as_str(), bare.value), (1, "", dec!(0)));
        let whole =
            json!({ "id": 2, "title": "Party", "value": 12.5, "currency": "USD", "won_time": "2026-03-13T10:00:00Z" });
        assert_eq!(ListedDeal::from_row(&whole).unwrap().value, dec!(12.5));
        for odd in [
            json!({}),
            json!(null),
            json!({ "id": "x" }),
            json!({ "id": 3, "is_deleted": true }),
            json!({ "id": 4, "is_archived": true }),
        ] {
            assert_eq!(ListedDeal::from_row(&odd), None, "{odd}");
        }
    }

    #[test]
    fn reads_a_row_with_any_member_null() {
        let known = HashMap::new();
        let whole = json!({ "id": 1, "product_id": 7, "name": "Hours", "item_price": 12.5, "quantity": 2, "discount": 10, "discount_type": "percentage", "tax": 5, "tax_method": "inclusive", "comments": null, "is_enabled": true });
        let members: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
        for member in &members {
            let mut row = whole.clone();
            row[member] = Json::Null;
            let (read, is_incomplete) = read_product(&row, &known);
            let read = read.unwrap_or_else(|| panic!("without {member}"));
            assert!(!is_incomplete, "{member}");
            assert_eq!(read.id.is_none(), member == "product_id");
            assert_eq!(read.price.is_none(), member == "item_price");
            row.as_object_mut().unwrap().remove(member);
            assert!(read_product(&row, &known).0.is_some(), "{member}");
        }
        for odd in [json!({}), json!([]), json!("much"), json!(1e300), json!(true)] {
            for member in ["item_price", "quantity", "discount", "tax"] {
                let mut row = whole.clone();
                row[member] = odd.clone();
                assert!(read_product(&row, &known).1, "{member}: {odd}");
            }
        }
        for odd in [json!(null), json!(5), json!("row"), json!([])] {
            assert!(read_product(&odd, &known).1, "{odd}");
        }
    }

    #[test]
    fn reports_an_unreadable_discount() {
        let read = |row: Json| read_discount(&row);
        assert_eq!(read(json!({ "amount": 5, "type": "amount" })), (Some(Reduction::Amount(dec!(5))), false));
        assert_eq!(read(json!({ "amount": 5, "type": "percentage" })), (Some(Reduction::Percent(dec!(5))), false));
        assert_eq!(read(json!({ "amount": null, "type": "amount" })), (None, false));
        assert_eq!(read(json!({ "amount": 5, "type": null })), (None, true));
        assert_eq!(read(json!({ "amount": [], "type": "amount" })), (None, true));
        assert_eq!(read(json!(null)), (None, true));
    }
}

//! Items: search, read, create. The catalogue lists the first 1000.

use super::{Api, catalogue::read_items, keep_answered, quote, wire};
use crate::{ProviderError, Refusal};
use domain::{catalogue::Item, search::LikePattern};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Maximum of items that a search returns for each pattern.
const MAX_FOUND_ITEMS: usize = 50;
/// Maximum of values in one query, and of their bytes in a URL, whose length is limited.
const MAX_VALUES_PER_QUERY: usize = 30;
const MAX_VALUE_BYTES_PER_QUERY: usize = 3000;

/// The property by which items are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemProperty {
    /// QuickBooks id.
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

/// A new item. Its type is a service, because deals have no stock information.
#[derive(Debug, Clone, Copy)]
pub struct NewItem<'a> {
    /// Name, unique, at most 100 characters.
    pub name: &'a str,
    /// Price in the home currency; `None` for other currencies.
    pub unit_price: Option<Decimal>,
    /// QuickBooks id of the income account of its sales.
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

impl Api {
    /// Creates an item and returns its id.
    pub async fn create_item(&self, request_id: &str, item: &NewItem<'_>) -> Result<String, ProviderError> {
        let body = New {
            name: item.name,
            r#type: "Service",
            unit_price: item.unit_price,
            income_account_ref: wire::Reference::to(item.income_account),
        };
        let created: Created = self.write_entity("Item", request_id, &body).await?;
        Ok(created.id)
    }

    /// Finds active items with a property that matches one of the patterns, at most 50 for each pattern.
    pub async fn search_items(&self, patterns: &[(ItemProperty, LikePattern)]) -> Result<Vec<Item>, ProviderError> {
        let statements: Vec<String> = patterns
            .iter()
            .map(|(property, pattern)| {
                let (property, like) = (property.name(), quote(&pattern.0));
                format!("select * from Item where {property} like {like} orderby Name maxresults {MAX_FOUND_ITEMS}")
            })
            .collect();
        let answers = self.run_item_queries(&statements).await?;
        Ok(collect_items(keep_answered(answers)?))
    }

    /// Reads the active items with these ids, SKUs or names.
    pub async fn find_items(&self, property: ItemProperty, values: &[String]) -> Result<Vec<Item>, ProviderError> {
        let property = property.name();
        let statements: Vec<String> = divide_values(values)
            .into_iter()
            .map(|values| format!("select * from Item where {property} in ({}) maxresults 1000", values.join(", ")))
            .collect();
        // One refused query fails the whole search. Otherwise, its items would count as missing.
        let answers: Result<Vec<_>, Refusal> = self.run_item_queries(&statements).await?.into_iter().collect();
        Ok(collect_items(answers.map_err(ProviderError::Refused)?))
    }

    async fn run_item_queries(&self, statements: &[String]) -> Result<Vec<Result<Vec<Item>, Refusal>>, ProviderError> {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let answers = self.run_queries(&statements).await?.into_iter();
        answers
            .map(|answer| match answer {
                Ok(mut found) => read_items(&mut found).map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            })
            .collect()
    }

    /// Finds the id of the active item with this name. Returns [`ProviderError::Refused`] with code 6240 if several
    /// sellable items have it.
    pub async fn find_item_by_name(&self, name: &str) -> Result<Option<String>, ProviderError> {
        choose_by_name(self.find_items(ItemProperty::Name, &[name.to_owned()]).await?, name)
    }
}

/// The items of several answers, each once.
fn collect_items(answers: impl IntoIterator<Item = Vec<Item>>) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    for item in answers.into_iter().flatten() {
        if !found.iter().any(|known| known.id == item.id) {
            found.push(item);
        }
    }
    found
}

/// Quotes values and divides them into lists for one query each.
fn divide_values(values: &[String]) -> Vec<Vec<String>> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for value in values {
        let quoted = quote(value);
        let encoded = url::form_urlencoded::byte_serialize(quoted.as_bytes()).map(str::len).sum::<usize>();
        match lists.last_mut() {
            Some(list) if list.len() < MAX_VALUES_PER_QUERY && bytes + encoded <= MAX_VALUE_BYTES_PER_QUERY => {
                list.push(quoted);
                bytes += encoded;
            }
            _ => {
                lists.push(vec![quoted]);
                bytes = encoded;
            }
        }
    }
    lists
}

/// Chooses the only item with this name. Ignores case, and spaces around the name.
fn choose_by_name(found: Vec<Item>, name: &str) -> Result<Option<String>, ProviderError> {
    let is_named = |item: &Item| item.name.trim().to_lowercase() == name.trim().to_lowercase();
    let mut named = found.into_iter().filter(is_named);
    let first = named.next();
    if named.next().is_some() {
        let detail = format!("several items are called {name}");
        return Err(ProviderError::Refused(Refusal { code: "6240".into(), status: 400, detail, ..Refusal::default() }));
    }
    Ok(first.map(|item| item.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_divided_by_their_length_in_a_url() {
        let sizes = |values: Vec<String>| divide_values(&values).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(Vec::new()), Vec::<usize>::new());
        assert_eq!(sizes(vec!["1".into(); 61]), [30, 30, 1]);
        // A letter with an accent takes six bytes in a URL.
        assert_eq!(sizes(vec!["ç".repeat(100); 11]), [4, 4, 3]);
        assert_eq!(sizes(vec!["字".repeat(1000), "1".into()]), [1, 1]);
        assert_eq!(divide_values(&["O'Brien".into()]), [[r"'O\'Brien'"]]);
    }

    /// If several items have the name, Fatura cannot choose one: it might bill the wrong item.
    #[test]
    fn an_ambiguous_item_name_is_refused() {
        let item =
            |id: &str, name: &str| Item { id: id.into(), name: name.into(), sku: None, tax_code: None, taxable: false };
        let choose = |found: Vec<Item>| choose_by_name(found, "Small");
        assert_eq!(choose(vec![item("9", "Smaller"), item("5", "small ")]).unwrap().as_deref(), Some("5"));
        assert_eq!(choose(vec![item("9", "Smaller")]).unwrap(), None);
        let several = choose(vec![item("5", "Small"), item("6", "Small")]);
        assert!(matches!(several, Err(ProviderError::Refused(refusal)) if refusal.code == "6240"));
    }
}

//! The items of the connected company. The catalogue lists the first thousand; others are looked up in QuickBooks.

use super::{Error, catalogue, context::TenantContext, single_flight};
use domain::{
    catalogue::{Catalogue, Item},
    deal::Deal,
    form::{CREATE, Form},
    search::{build_patterns, contains_name, fold_text},
    settings::Settings,
};
use providers::quickbooks::ItemProperty;
use std::sync::Arc;
use store::quickbooks::Connection;

/// With fewer results, looser patterns are searched as well: accents and the order of words may differ.
const MIN_STRICT_RESULTS: usize = 3;
/// Upper bound of QuickBooks for names and SKUs.
const MAX_NAME_CHARS: usize = 100;
/// Upper bound for the results of a search.
const MAX_RESULTS: usize = 30;

/// Adds the items of a form's lines and of the settings to the catalogue, if it does not list them.
pub(super) async fn add_named_items(
    context: &TenantContext,
    connection: &Connection,
    catalogue: Arc<Catalogue>,
    form: &Form,
    settings: &Settings,
) -> Arc<Catalogue> {
    let lines = form.lines.iter().map(|line| line.item.as_str());
    let of_settings = [&settings.item, &settings.deposit_item].into_iter().flatten().map(String::as_str);
    let ids: Vec<String> = lines
        .chain(of_settings)
        .filter(|id| !id.is_empty() && *id != CREATE && catalogue.item(id).is_none())
        .map(str::to_owned)
        .collect();
    add_items(catalogue, find_items_by_id(context, connection, ids).await.0)
}

/// Adds the items that match a deal's products by link, code or name to the catalogue. Returns as well whether QuickBooks did not answer,
/// so that items may be missing.
pub(super) async fn add_items_of_deal(
    context: &TenantContext,
    connection: &Connection,
    catalogue: Arc<Catalogue>,
    deal: &Deal,
    links: &[(i64, String)],
) -> (Arc<Catalogue>, bool) {
    let is_of_deal = |id: &i64| deal.products.iter().any(|product| product.id == Some(*id));
    let linked = links.iter().filter(|(product, id)| is_of_deal(product) && catalogue.item(id).is_none());
    let linked = linked.map(|(_, id)| id.clone()).collect();
    let (linked, is_unread) = find_items_by_id(context, connection, linked).await;
    let catalogue = add_items(catalogue, linked);
    if !catalogue.has_more_items {
        return (catalogue, is_unread);
    }
    let texts = |text: fn(&domain::deal::Product) -> &str| -> Vec<String> {
        let mut texts: Vec<String> = deal
            .products
            .iter()
            .map(|product| text(product).trim().to_owned())
            .filter(|text| (1..=MAX_NAME_CHARS).contains(&text.chars().count()))
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    let (codes, names) = (texts(|product| &product.code), texts(|product| &product.name));
    match look_up_items(context, connection, codes, names).await {
        Ok(found) => (add_items(catalogue, found), is_unread),
        Err(_) => (catalogue, true),
    }
}

fn add_items(catalogue: Arc<Catalogue>, more: Vec<Item>) -> Arc<Catalogue> {
    if more.is_empty() { catalogue } else { Arc::new(catalogue.with_items(more)) }
}

/// Finds items by id, and whether QuickBooks did not answer. Missing and inactive ones are left out. Results are cached for some minutes.
async fn find_items_by_id(context: &TenantContext, connection: &Connection, mut ids: Vec<String>) -> (Vec<Item>, bool) {
    ids.sort_unstable();
    ids.dedup();
    let mut items = Vec::new();
    let mut unknown = Vec::new();
    for id in ids {
        match context.app.items.get(&(connection.id, id.clone())).await {
            Some(item) => items.extend(item.as_deref().cloned()),
            None => unknown.push(id),
        }
    }
    if unknown.is_empty() {
        return (items, false);
    }
    let read = context.quickbooks(connection).call(async |api| api.find_items(ItemProperty::Id, &unknown).await);
    match read.await {
        Ok(found) => {
            for id in &unknown {
                let item = found.iter().find(|item| item.id == *id).cloned().map(Arc::new);
                context.app.items.insert((connection.id, id.clone()), item).await;
            }
            items.extend(found);
            (items, false)
        }
        Err(error) => {
            tracing::info!(tenant.id = %context.tenant.0, %error, "items were not looked up");
            (items, true)
        }
    }
}

/// Matches typed or pasted texts to the items with exactly this name or SKU. A text that matches two items, or for which QuickBooks does not
/// answer, matches none.
pub(crate) async fn match_typed_items(
    context: &TenantContext,
    typed: &[String],
) -> Result<(Arc<Catalogue>, Vec<(String, Item)>), Error> {
    let (connection, catalogue) = catalogue::read_connected_catalogue(context).await?;
    let unknown = choose_texts_to_look_up(&catalogue, typed);
    let found = look_up_items(context, &connection, unknown.clone(), unknown.clone()).await;
    // Without an answer, an unlisted item may have the same name as a listed one.
    let unread = if found.is_err() { unknown } else { Vec::new() };
    let catalogue = add_items(catalogue, found.unwrap_or_default());
    let is_read = |text: &&String| !unread.iter().any(|unread| unread == text.trim());
    let matches = typed
        .iter()
        .filter(is_read)
        .filter_map(|text| Some((text.clone(), catalogue.find_item_named(text)?.clone())))
        .collect();
    Ok((catalogue, matches))
}

/// Chooses the texts that may be the name or SKU of an unlisted item. If there are unlisted items, one may have the same name as a listed
/// one.
fn choose_texts_to_look_up(catalogue: &Catalogue, typed: &[String]) -> Vec<String> {
    let fits = |text: &&str| !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS;
    let is_unknown = |text: &&str| catalogue.has_more_items || catalogue.find_item_named(text).is_none();
    let mut texts: Vec<String> =
        typed.iter().map(|text| text.trim()).filter(fits).filter(is_unknown).map(str::to_owned).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Looks up active items with these SKUs or names.
async fn look_up_items(
    context: &TenantContext,
    connection: &Connection,
    codes: Vec<String>,
    names: Vec<String>,
) -> Result<Vec<Item>, Error> {
    if codes.is_empty() && names.is_empty() {
        return Ok(Vec::new());
    }
    let found = context.quickbooks(connection).call(async |api| {
        let mut found = api.find_items(ItemProperty::Sku, &codes).await?;
        found.extend(api.find_items(ItemProperty::Name, &names).await?);
        Ok(found)
    });
    let log = |error: &Error| tracing::info!(tenant.id = %context.tenant.0, %error, "items were not looked up");
    found.await.inspect_err(log)
}

/// Searches items by name or SKU, the best match first. Asks QuickBooks, because the catalogue may lack new items.
pub(crate) async fn search(context: &TenantContext, typed: &str) -> Result<(Arc<Catalogue>, Vec<Item>), Error> {
    let (connection, catalogue) = catalogue::read_connected_catalogue(context).await?;
    let typed = typed.trim();
    if typed.is_empty() {
        let first = catalogue.items.iter().take(MAX_RESULTS).cloned().collect();
        return Ok((catalogue, first));
    }
    // Looser patterns are searched only if the text itself finds few items, because reads are metered.
    let patterns = build_patterns(typed);
    let strict: Vec<_> = patterns
        .iter()
        .take(1)
        .flat_map(|pattern| [ItemProperty::Name, ItemProperty::Sku].map(|property| (property, pattern.clone())))
        .collect();
    let loose: Vec<_> = patterns.into_iter().skip(1).map(|pattern| (ItemProperty::Name, pattern)).collect();
    let read = || async {
        let found = context.quickbooks(&connection).call(async |api| {
            let mut found = api.search_items(&strict).await?;
            if found.len() < MIN_STRICT_RESULTS {
                found.extend(api.search_items(&loose).await?);
            }
            Ok(found)
        });
        found.await.map(Arc::new)
    };
    let found = single_flight::read_once(&context.app.item_searches, (connection.id, fold_text(typed)), read).await;
    // If QuickBooks does not answer, only the catalogue is searched.
    let log = |error: &Error| tracing::info!(tenant.id = %context.tenant.0, %error, "items were not searched");
    let found = found.inspect_err(log).map(|found| found.to_vec()).unwrap_or_default();
    let matches = |item: &Item| {
        contains_name(&item.name, typed)
            || item.sku.as_deref().is_some_and(|sku| fold_text(sku).contains(&fold_text(typed)))
    };
    let mut all: Vec<Item> = Vec::new();
    for item in found.iter().chain(&catalogue.items).filter(|item| matches(item)) {
        if !all.iter().any(|other| other.id == item.id) {
            all.push(item.clone());
        }
    }
    let typed = fold_text(typed);
    let rank = |item: &Item| {
        let (name, sku) = (fold_text(&item.name), fold_text(item.sku.as_deref().unwrap_or_default()));
        match () {
            () if name == typed || sku == typed => 0,
            () if name.starts_with(&typed) || sku.starts_with(&typed) => 1,
            () if name.contains(&typed) => 2,
            () => 3,
        }
    };
    all.sort_by_cached_key(|item| (rank(item), fold_text(&item.name)));
    all.truncate(MAX_RESULTS);
    Ok((catalogue, all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::tax::TaxModel;
    use iso_currency::Currency;

    #[test]
    fn only_texts_that_may_be_an_unlisted_item_are_looked_up() {
        let item = Item { id: "1".into(), name: "Hours".into(), sku: None, tax_code: None, taxable: false };
        let mut catalogue = Catalogue {
            company_name: String::new(),
            country: "US".into(),
            time_zone: String::new(),
            home_currency: Currency::USD,
            currencies: vec![Currency::USD],
            tax: TaxModel::None,
            terms: Vec::new(),
            items: vec![item],
            has_more_items: false,
            income_accounts: Vec::new(),
            numbers_by_hand: false,
            multicurrency: false,
            discount_line: true,
            online_payment: false,
            closed_until: None,
            custom_fields: Vec::new(),
        };
        let typed: Vec<String> =
            ["Hours", "Days ", "Days", " ", &"x".repeat(101)].iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(choose_texts_to_look_up(&catalogue, &typed), ["Days"]);
        catalogue.has_more_items = true;
        assert_eq!(
            choose_texts_to_look_up(&catalogue, &typed),
            ["Days", "Hours"],
            "an unlisted item may have this name"
        );
    }
}

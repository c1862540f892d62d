//! A deal of Pipedrive, and the invoice form that is filled in from it.

use crate::{
    billing::{Billed, Part},
    catalogue::{Catalogue, Item},
    customer::Suggestion,
    form::{AmountKind, CREATE, Form, FormLine},
    ids::IntentKey,
    mapping::{FieldValues, fill_customer_details},
    money::{percent_of, round_half_up},
    number::{DecimalMark, format_decimal},
    settings::Settings,
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::{Totals, UNIT_PRICE_DECIMALS},
};
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};

mod parts;

pub use parts::fill_lines;

use parts::compute_full_bill;

/// A deal with its fields, products and discounts.
#[derive(Debug, Clone)]
pub struct Deal {
    /// Pipedrive's id.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Value, in the deal's currency.
    pub value: Decimal,
    /// ISO code of the deal's currency.
    pub currency: String,
    /// Pipedrive's id of the organization.
    pub organization: Option<i64>,
    /// Pipedrive's id of the person.
    pub person: Option<i64>,
    /// Fields of the deal, the organization and the person.
    pub values: FieldValues,
    /// Product rows.
    pub products: Vec<Product>,
    /// Discounts on the whole deal.
    pub discounts: Vec<Reduction>,
    /// Whether a row or a discount could not be read in full. The form then asks the person to compare it with
    /// Pipedrive.
    pub is_incomplete: bool,
}

/// A product row of a deal.
#[derive(Debug, Clone)]
pub struct Product {
    /// Pipedrive's id of the product; `None` if the product was purged from Pipedrive.
    pub id: Option<i64>,
    /// Name.
    pub name: String,
    /// Product code; may be empty.
    pub code: String,
    /// Comments on the deal's row, else the product's description.
    pub description: String,
    /// Quantity.
    pub quantity: Decimal,
    /// Unit price; `None` if Pipedrive returns none. Such a row counts as zero, and its price in the form is left
    /// empty.
    pub price: Option<Decimal>,
    /// Discount on the row.
    pub discount: Reduction,
    /// Tax in percent; zero if the deal has none.
    pub tax: Decimal,
    /// Whether the price includes the tax.
    pub tax_included: bool,
}

impl Product {
    /// The unit price, zero if there is none.
    pub fn price(&self) -> Decimal {
        self.price.unwrap_or_default()
    }

    /// Quantity times unit price, before the discount.
    fn full_amount(&self) -> Decimal {
        self.quantity.saturating_mul(self.price())
    }
}

/// A discount in Pipedrive, on a row or on the whole deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// Percent of the price.
    Percent(Decimal),
    /// An amount off the row (not off each unit), or off the deal.
    Amount(Decimal),
}

/// The inputs of a new form besides the deal.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The tenant's settings.
    pub settings: &'a Settings,
    /// The lists of the connected QuickBooks company.
    pub catalogue: &'a Catalogue,
    /// Pipedrive product ids and the QuickBooks item ids that they are linked to.
    pub item_links: &'a [(i64, String)],
    /// Whether the lookup of the deal's items in QuickBooks failed. Items that are not in the catalogue may then exist.
    pub item_lookup_failed: bool,
    /// The suggested customer, if one is certain.
    pub customer: Option<&'a Suggestion>,
    /// The next invoice number, if the company numbers by hand.
    pub next_number: &'a str,
    /// Sums over the invoices that bill the deal.
    pub billed: &'a Billed,
    /// Today in the company's time zone.
    pub today: Date,
    /// The person's decimal mark.
    pub mark: DecimalMark,
    /// A new intent key.
    pub intent: IntentKey,
}

/// Describes a part of a deal on the invoice, in the person's language: `30 % deposit: Website redesign`.
pub type Describe<'a> = dyn Fn(Part) -> String + 'a;

/// Fills in a new form with the remaining part of the deal: the whole deal if no invoice bills it, no lines if it is
/// billed in full.
pub fn open_form(deal: &Deal, opening: &Opening<'_>, describe: &Describe<'_>) -> Form {
    let details = fill_customer_details(&opening.settings.mapping, &deal.values);
    let (catalogue, settings) = (opening.catalogue, opening.settings);
    let is_currency_available = catalogue.currencies.iter().any(|currency| currency.code() == deal.currency);
    let mut form = Form {
        intent: Some(opening.intent),
        to: details.to,
        email: details.email,
        tax_id: details.tax_id,
        street: details.address.street,
        city: details.address.city,
        state: details.address.state,
        postal_code: details.address.postal_code,
        country: details.address.country,
        issued: opening.today.to_string(),
        due: catalogue.due_date(opening.today, &settings.term).to_string(),
        due_follows: true,
        tax_mode: choose_tax_mode(deal, catalogue),
        currency: if is_currency_available { deal.currency.clone() } else { String::new() },
        number: opening.next_number.to_owned(),
        online_payment: catalogue.online_payment,
        update_customer: settings.update_customer,
        ..Form::default()
    };
    if let Some(suggestion) = opening.customer {
        form.customer = suggestion.customer.id.clone();
        form.customer_name = suggestion.customer.display_name.clone();
        form.customer_currency = suggestion.customer.currency.clone().unwrap_or_default();
    }
    if let TaxModel::SalesTax { default, .. } = &catalogue.tax {
        let percent = deal.products.iter().map(|product| product.tax).find(|tax| !tax.is_zero());
        let matching =
            percent.and_then(|percent| catalogue.tax.find_code_by_percent(percent)).map(|code| code.id.clone());
        form.invoice_code = matching.or_else(|| default.clone()).unwrap_or_default();
    }
    fill_lines(&mut form, deal, opening, Part::Remaining, describe);
    form
}

/// Computes the amount that counts towards the deal total: with tax if prices include it, else without.
pub fn total_as_priced(totals: &Totals, mode: TaxMode) -> Decimal {
    if mode == TaxMode::Included { totals.total } else { totals.total.saturating_sub(totals.tax) }
}

/// Computes the deal total: the amount of the whole deal before tax (with tax if its prices include it).
pub fn compute_deal_total(deal: &Deal, opening: &Opening<'_>) -> Decimal {
    compute_full_bill(deal, opening).total
}

/// Whether the deal total includes tax. `None` if the company does not tax its sales.
pub fn total_tax_mode(deal: &Deal, catalogue: &Catalogue) -> Option<TaxMode> {
    (catalogue.tax != TaxModel::None).then(|| choose_tax_mode(deal, catalogue))
}

/// Chooses [`TaxMode::Included`] if the prices of all rows include tax and the company supports it. In a mixed deal,
/// prices that include tax are converted to net prices.
fn choose_tax_mode(deal: &Deal, catalogue: &Catalogue) -> TaxMode {
    let all_included = !deal.products.is_empty() && deal.products.iter().all(|product| product.tax_included);
    if all_included && catalogue.tax.modes().contains(&TaxMode::Included) {
        TaxMode::Included
    } else {
        TaxMode::Excluded
    }
}

/// Combines the discounts of the deal into one: a single percentage, else the amount of all of them.
fn combine_discounts(deal: &Deal, places: u32) -> (AmountKind, Decimal) {
    match deal.discounts.as_slice() {
        [] => (AmountKind::Percent, Decimal::ZERO),
        [Reduction::Percent(percent)] => (AmountKind::Percent, *percent),
        several => {
            let subtotal = sum_rows(deal);
            let amount = several.iter().map(|reduction| match reduction {
                Reduction::Percent(percent) => saturating_percent_of(subtotal, *percent),
                Reduction::Amount(amount) => *amount,
            });
            (AmountKind::Amount, round_half_up(amount.fold(Decimal::ZERO, Decimal::saturating_add), places))
        }
    }
}

/// Adds up the row discounts by amount that no percentage expresses exactly. They move to the discount line, so that
/// unit prices stay unchanged. Returns zero if the discount line cannot hold them. In particular, all rows must have the
/// same tax code, because QuickBooks spreads the discount line over all rows.
fn sum_moved_discounts(deal: &Deal, opening: &Opening<'_>, lines: &[FormLine]) -> Decimal {
    let is_taxed_alike = lines.windows(2).all(|pair| pair[0].tax_code == pair[1].tax_code);
    if !opening.catalogue.discount_line
        || opening.settings.discounts_in_prices
        || !is_taxed_alike
        || deal.products.iter().any(|product| product.tax_included)
    {
        return Decimal::ZERO;
    }
    deal.products.iter().filter_map(find_inexact_discount).fold(Decimal::ZERO, Decimal::saturating_add)
}

/// The discount of a row if it is an amount that no percentage expresses exactly.
fn find_inexact_discount(product: &Product) -> Option<Decimal> {
    let Reduction::Amount(amount) = product.discount else { return None };
    let full = product.full_amount();
    ((Decimal::ZERO..=full).contains(&amount) && find_exact_percent(amount, full).is_none()).then_some(amount)
}

/// Computes a percentage of a number. A result outside of the range of [`Decimal`] saturates; the form then reports a
/// number that is too large.
fn saturating_percent_of(value: Decimal, percent: Decimal) -> Decimal {
    percent_of(value, percent).unwrap_or(if value.is_sign_negative() == percent.is_sign_negative() {
        Decimal::MAX
    } else {
        Decimal::MIN
    })
}

fn sum_rows(deal: &Deal) -> Decimal {
    if deal.products.is_empty() {
        return deal.value;
    }
    let rows = deal.products.iter().map(|product| {
        let full = product.full_amount();
        match product.discount {
            Reduction::Percent(percent) => saturating_percent_of(full, dec!(100).saturating_sub(percent)),
            Reduction::Amount(amount) => full.saturating_sub(amount),
        }
    });
    rows.fold(Decimal::ZERO, Decimal::saturating_add)
}

/// Builds the form line of a row. With `is_moved`, an inexact discount by amount is left to the discount line.
fn build_line(product: &Product, opening: &Opening<'_>, mode: TaxMode, is_moved: bool) -> FormLine {
    let item_match = find_item(product, opening);
    let item = match item_match {
        ItemMatch::Item(item) => Some(item),
        ItemMatch::Missing => find_default_item(opening),
        ItemMatch::Uncertain(_) => None,
    };
    let mut price = product.price();
    let mut discount = Decimal::ZERO;
    match product.discount {
        Reduction::Percent(percent) => discount = percent,
        // As a percentage if that results in the same amount, so that the unit price stays unchanged.
        Reduction::Amount(amount) => match find_exact_percent(amount, product.full_amount()) {
            Some(percent) => discount = percent,
            None if is_moved && find_inexact_discount(product).is_some() => {}
            None => price = price.saturating_sub(amount.checked_div(product.quantity).unwrap_or_default()),
        },
    }
    if product.tax_included && mode != TaxMode::Included {
        let gross = dec!(100).saturating_add(product.tax);
        price = price.saturating_mul(dec!(100)).checked_div(gross).unwrap_or(price);
    }
    FormLine {
        item_name: match (item_match, item) {
            (ItemMatch::Uncertain(search_text), _) => search_text.to_owned(),
            (_, item) => item.map(|item| item.name.clone()).unwrap_or_default(),
        },
        product: product.id.map(|id| id.to_string()).unwrap_or_default(),
        item: match (item_match, item) {
            (ItemMatch::Uncertain(_), _) => String::new(),
            (_, item) => item.map_or_else(|| CREATE.to_owned(), |item| item.id.clone()),
        },
        name: product.name.clone(),
        description: product.description.clone(),
        quantity: format_decimal(product.quantity, opening.mark),
        unit_price: format_decimal(round_half_up(price, UNIT_PRICE_DECIMALS), opening.mark),
        discount: if discount.is_zero() { String::new() } else { format_decimal(discount, opening.mark) },
        tax_code: choose_tax_code(item, product.tax, opening),
    }
}

/// The percentage that an amount is of `base`, if four decimals express it exactly.
fn find_exact_percent(amount: Decimal, base: Decimal) -> Option<Decimal> {
    let percent = round_half_up(amount.checked_mul(dec!(100))?.checked_div(base)?, 4);
    let is_exact = percent_of(base, percent)? == amount;
    (is_exact && (Decimal::ZERO..=dec!(100)).contains(&percent)).then_some(percent)
}

/// The item in the settings for parts of a deal.
fn find_deposit_item<'a>(opening: &Opening<'a>) -> Option<&'a Item> {
    opening.catalogue.item(opening.settings.deposit_item.as_ref()?)
}

/// The item in the settings for products that have no item in QuickBooks.
fn find_default_item<'a>(opening: &Opening<'a>) -> Option<&'a Item> {
    let id = opening.settings.item.as_ref()?;
    opening.catalogue.item(id)
}

/// The result of the search for the item of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemMatch<'a> {
    Item(&'a Item),
    /// QuickBooks has no item for the product.
    Missing,
    /// Several items match, or the lookup failed. The person has to search. Holds the initial search text.
    Uncertain(&'a str),
}

/// Finds the item of a product: by stored link, then by product code, then by name (ignoring case). If several items
/// have the code, the name decides.
fn find_item<'a>(product: &'a Product, opening: &Opening<'a>) -> ItemMatch<'a> {
    let items = &opening.catalogue.items;
    let linked = opening.item_links.iter().find(|(id, _)| Some(*id) == product.id);
    if let Some(item) = linked.and_then(|(_, item_id)| opening.catalogue.item(item_id)) {
        return ItemMatch::Item(item);
    }
    // An item that is not in the catalogue may be the linked one, or may have this code or name.
    if opening.item_lookup_failed && (linked.is_some() || opening.catalogue.has_more_items) {
        return ItemMatch::Uncertain(&product.name);
    }
    let is_same_text = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    let has_code = |item: &&Item| item.sku.as_deref().is_some_and(|sku| is_same_text(sku, &product.code));
    let has_name = |item: &&Item| is_same_text(&item.name, &product.name);
    let with_code: Vec<&Item> =
        if product.code.trim().is_empty() { Vec::new() } else { items.iter().filter(has_code).collect() };
    let is_code_shared = with_code.len() > 1;
    let candidates: Vec<&Item> = match with_code.len() {
        0 => items.iter().filter(has_name).collect(),
        1 => with_code,
        _ => with_code.into_iter().filter(has_name).collect(),
    };
    match (candidates.as_slice(), is_code_shared) {
        ([item], _) => ItemMatch::Item(item),
        ([], false) => ItemMatch::Missing,
        _ => ItemMatch::Uncertain(if is_code_shared { &product.code } else { &product.name }),
    }
}

fn choose_tax_code(item: Option<&Item>, percent: Decimal, opening: &Opening<'_>) -> String {
    let tax = &opening.catalogue.tax;
    let default_code = || opening.settings.tax_code.clone().filter(|code| tax.code(code).is_some());
    match tax {
        TaxModel::None => String::new(),
        TaxModel::SalesTax { .. } | TaxModel::Automated => {
            let taxable = !percent.is_zero() || item.is_some_and(|item| item.taxable);
            (if taxable { TAXABLE } else { NON_TAXABLE }).to_owned()
        }
        TaxModel::PerLine { .. } if percent.is_zero() => {
            item.and_then(|item| item.tax_code.clone()).or_else(default_code).unwrap_or_default()
        }
        TaxModel::PerLine { .. } => {
            tax.find_code_by_percent(percent).map(|code| code.id.clone()).or_else(default_code).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests;

//! A deal as it is now, and the invoice form that opens from it.

use crate::{
    billing::{Billed, Part},
    catalogue::{Catalogue, Item},
    customer::Suggestion,
    draft::{CREATE, Form, FormLine},
    ids::IntentKey,
    mapping::{Settings, Values, customer_details},
    money::{percent_of, round_half_up},
    number::DecimalMark,
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::{Totals, UNIT_PRICE_DECIMALS},
};
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};

mod parts;

pub use parts::fill;

use parts::full;

/// A deal with what hangs on it.
#[derive(Debug, Clone)]
pub struct Deal {
    /// Pipedrive's number.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its value, in its currency.
    pub value: Decimal,
    /// ISO code.
    pub currency: String,
    /// Its organization.
    pub organization: Option<i64>,
    /// Its person.
    pub person: Option<i64>,
    /// Fields of deal, organization and person.
    pub values: Values,
    /// Its products.
    pub products: Vec<Product>,
    /// What is taken off the whole.
    pub discounts: Vec<Reduction>,
    /// Whether a row or a discount of it could not be read in full: the person compares it with Pipedrive.
    pub is_incomplete: bool,
}

/// A product on a deal.
#[derive(Debug, Clone)]
pub struct Product {
    /// Pipedrive's number of the product; `None` where the product was purged from Pipedrive.
    pub id: Option<i64>,
    /// Its name.
    pub name: String,
    /// Its code, or empty.
    pub code: String,
    /// What is written on the deal's row, else the product's description.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one; `None` where Pipedrive tells none. It counts as zero, and its field in the form is left empty.
    pub price: Option<Decimal>,
    /// What is taken off.
    pub discount: Reduction,
    /// Percent; zero where the deal says nothing.
    pub tax: Decimal,
    /// Whether the price holds the tax already.
    pub tax_included: bool,
}

impl Product {
    /// The price of one, zero where none is told.
    pub fn price(&self) -> Decimal {
        self.price.unwrap_or_default()
    }

    /// Quantity times price, before anything is taken off.
    fn full_amount(&self) -> Decimal {
        self.quantity.saturating_mul(self.price())
    }
}

/// What a deal takes off a row, or off the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// Percent of the price.
    Percent(Decimal),
    /// An amount off the whole row, or off the deal.
    Amount(Decimal),
}

/// What a form opens with besides the deal.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The company's settings.
    pub settings: &'a Settings,
    /// The connected company.
    pub catalogue: &'a Catalogue,
    /// Products and the items that they were linked with.
    pub item_links: &'a [(i64, String)],
    /// The best customer, if there is a sure one.
    pub customer: Option<&'a Suggestion>,
    /// The number that comes next, where the company numbers by hand.
    pub next_number: &'a str,
    /// The invoices that bill the deal already.
    pub billed: &'a Billed,
    /// Today, in the company's time zone.
    pub today: Date,
    /// How the person writes decimals.
    pub mark: DecimalMark,
    /// A new key.
    pub intent: IntentKey,
}

/// How a part of a deal is described on the invoice, in the person's language: `30 % deposit: Website redesign`.
pub type Describe<'a> = dyn Fn(Part) -> String + 'a;

/// The form, filled in from the deal with what remains of it: all of it where nothing was billed, nothing where all was.
pub fn open_form(deal: &Deal, opening: &Opening<'_>, describe: &Describe<'_>) -> Form {
    let details = customer_details(opening.settings, &deal.values);
    let (catalogue, settings) = (opening.catalogue, opening.settings);
    let currency_known = catalogue.currencies.iter().any(|currency| currency.code() == deal.currency);
    let on = |is_on: bool| if is_on { "on".to_owned() } else { String::new() };
    let mut form = Form {
        intent: opening.intent.0.to_string(),
        to: details.to,
        email: details.email,
        tax_id: details.tax_id,
        street: details.address.street,
        city: details.address.city,
        state: details.address.state,
        postal_code: details.address.postal_code,
        country: details.address.country,
        issued: opening.today.to_string(),
        due: catalogue.due(opening.today, &settings.term).to_string(),
        due_follows: on(true),
        tax_mode: mode(deal, catalogue).name().to_owned(),
        currency: if currency_known { deal.currency.clone() } else { String::new() },
        number: opening.next_number.to_owned(),
        online_payment: on(catalogue.online_payment),
        update_customer: on(settings.update_customer),
        ..Form::default()
    };
    if let Some(suggestion) = opening.customer {
        form.customer = suggestion.customer.id.clone();
        form.customer_name = suggestion.customer.display_name.clone();
        form.customer_currency = suggestion.customer.currency.clone().unwrap_or_default();
    }
    if let TaxModel::SalesTax { default, .. } = &catalogue.tax {
        let percent = deal.products.iter().map(|product| product.tax).find(|tax| !tax.is_zero());
        let matching = percent.and_then(|percent| catalogue.tax.code_by_percent(percent)).map(|code| code.id.clone());
        form.invoice_code = matching.or_else(|| default.clone()).unwrap_or_default();
    }
    fill(&mut form, deal, opening, Part::Remaining, describe);
    form
}

/// A total as priced: with tax where prices include it. What counts towards the deal's value.
pub fn priced(totals: &Totals, mode: TaxMode) -> Decimal {
    if mode == TaxMode::Included { totals.total } else { totals.total.saturating_sub(totals.tax) }
}

/// The worth of a deal: the total of billing all of it, before tax (with tax where its prices include it).
pub fn worth(deal: &Deal, opening: &Opening<'_>) -> Decimal {
    full(deal, opening).total
}

/// Prices hold the tax where all of the deal's do; else those that do are turned into net prices.
fn mode(deal: &Deal, catalogue: &Catalogue) -> TaxMode {
    let all_included = !deal.products.is_empty() && deal.products.iter().all(|product| product.tax_included);
    if all_included && catalogue.tax.modes().contains(&TaxMode::Included) {
        TaxMode::Included
    } else {
        TaxMode::Excluded
    }
}

/// The deal's discounts as one: `percent` where there is one alone, else the amount that they come to.
fn off(deal: &Deal, places: u32) -> (&'static str, Decimal) {
    match deal.discounts.as_slice() {
        [] => ("percent", Decimal::ZERO),
        [Reduction::Percent(percent)] => ("percent", *percent),
        several => {
            let subtotal = subtotal(deal);
            let amount = several.iter().map(|reduction| match reduction {
                Reduction::Percent(percent) => share(subtotal, *percent),
                Reduction::Amount(amount) => *amount,
            });
            ("amount", round_half_up(amount.fold(Decimal::ZERO, Decimal::saturating_add), places))
        }
    }
}

/// The sum of row discounts by amount that no percentage states exactly, where the discount line can hold it, so that prices
/// stay as they are. Only where all rows are taxed alike: QuickBooks spreads the discount line over all of them.
fn moved_discounts(deal: &Deal, opening: &Opening<'_>, lines: &[FormLine]) -> Decimal {
    let is_taxed_alike = lines.windows(2).all(|pair| pair[0].tax_code == pair[1].tax_code);
    if !opening.catalogue.discount_line
        || opening.settings.discounts_in_prices
        || !is_taxed_alike
        || deal.products.iter().any(|product| product.tax_included)
    {
        return Decimal::ZERO;
    }
    deal.products.iter().filter_map(inexact_discount).fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A row's discount by amount that no percentage says exactly.
fn inexact_discount(product: &Product) -> Option<Decimal> {
    let Reduction::Amount(amount) = product.discount else { return None };
    let full = product.full_amount();
    ((Decimal::ZERO..=full).contains(&amount) && exact_percent(amount, full).is_none()).then_some(amount)
}

/// So many percent of a number. Where that leaves the range of [`Decimal`], it stays at its end: the form says that it is too large.
fn share(of: Decimal, percent: Decimal) -> Decimal {
    percent_of(of, percent).unwrap_or(if of.is_sign_negative() == percent.is_sign_negative() {
        Decimal::MAX
    } else {
        Decimal::MIN
    })
}

fn subtotal(deal: &Deal) -> Decimal {
    if deal.products.is_empty() {
        return deal.value;
    }
    let rows = deal.products.iter().map(|product| {
        let full = product.full_amount();
        match product.discount {
            Reduction::Percent(percent) => share(full, dec!(100).saturating_sub(percent)),
            Reduction::Amount(amount) => full.saturating_sub(amount),
        }
    });
    rows.fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A row of the deal as a line; `is_moved` where a discount by amount stands in the discount line instead.
fn line(product: &Product, opening: &Opening<'_>, mode: TaxMode, is_moved: bool) -> FormLine {
    let known = find_item(product, opening);
    let item = known.or_else(|| default_item(opening));
    let mut price = product.price();
    let mut discount = Decimal::ZERO;
    match product.discount {
        Reduction::Percent(percent) => discount = percent,
        // As a percentage where that comes to the same amount, so that the price stays as it is.
        Reduction::Amount(amount) => match exact_percent(amount, product.full_amount()) {
            Some(percent) => discount = percent,
            None if is_moved && inexact_discount(product).is_some() => {}
            None => price = price.saturating_sub(amount.checked_div(product.quantity).unwrap_or_default()),
        },
    }
    if product.tax_included && mode != TaxMode::Included {
        let gross = dec!(100).saturating_add(product.tax);
        price = price.saturating_mul(dec!(100)).checked_div(gross).unwrap_or(price);
    }
    FormLine {
        item_name: item.map(|item| item.name.clone()).unwrap_or_default(),
        product: product.id.map(|id| id.to_string()).unwrap_or_default(),
        item: item.map_or_else(|| CREATE.to_owned(), |item| item.id.clone()),
        name: product.name.clone(),
        description: product.description.clone(),
        quantity: written(product.quantity, opening.mark),
        unit_price: written(round_half_up(price, UNIT_PRICE_DECIMALS), opening.mark),
        discount: if discount.is_zero() { String::new() } else { written(discount, opening.mark) },
        tax_code: default_tax_code(item, product.tax, opening),
    }
}

/// The percentage that an amount is of another, where four decimals say it exactly.
fn exact_percent(amount: Decimal, of: Decimal) -> Option<Decimal> {
    let percent = round_half_up(amount.checked_mul(dec!(100))?.checked_div(of)?, 4);
    let is_exact = percent_of(of, percent)? == amount;
    (is_exact && (Decimal::ZERO..=dec!(100)).contains(&percent)).then_some(percent)
}

/// The item that the settings name for parts of a deal.
fn deposit_item<'a>(opening: &Opening<'a>) -> Option<&'a Item> {
    opening.catalogue.item(opening.settings.deposit_item.as_ref()?)
}

/// The item that the settings name for what QuickBooks does not know.
fn default_item<'a>(opening: &Opening<'a>) -> Option<&'a Item> {
    let id = opening.settings.item.as_ref()?;
    opening.catalogue.item(id)
}

/// By remembered link, then by code, then by exact name.
fn find_item<'a>(product: &Product, opening: &Opening<'a>) -> Option<&'a Item> {
    let items = &opening.catalogue.items;
    let linked = opening.item_links.iter().find(|(id, _)| Some(*id) == product.id);
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    linked
        .and_then(|(_, item_id)| items.iter().find(|item| item.id == *item_id))
        .or_else(|| {
            let by_code = |item: &&Item| item.sku.as_deref().is_some_and(|sku| same(sku, &product.code));
            if product.code.trim().is_empty() { None } else { items.iter().find(by_code) }
        })
        .or_else(|| items.iter().find(|item| same(&item.name, &product.name)))
}

fn default_tax_code(item: Option<&Item>, percent: Decimal, opening: &Opening<'_>) -> String {
    let tax = &opening.catalogue.tax;
    let of_settings = || opening.settings.tax_code.clone().filter(|code| tax.code(code).is_some());
    match tax {
        TaxModel::None => String::new(),
        TaxModel::SalesTax { .. } | TaxModel::Automated => {
            let taxable = !percent.is_zero() || item.is_some_and(|item| item.taxable);
            (if taxable { TAXABLE } else { NON_TAXABLE }).to_owned()
        }
        TaxModel::PerLine { .. } if percent.is_zero() => {
            item.and_then(|item| item.tax_code.clone()).or_else(of_settings).unwrap_or_default()
        }
        TaxModel::PerLine { .. } => {
            tax.code_by_percent(percent).map(|code| code.id.clone()).or_else(of_settings).unwrap_or_default()
        }
    }
}

/// A decimal as the person would type it: no grouping, no needless zeros.
pub fn written(value: Decimal, mark: DecimalMark) -> String {
    let plain = value.normalize().to_string();
    match mark {
        DecimalMark::Comma => plain.replace('.', ","),
        DecimalMark::Point => plain,
    }
}

#[cfg(test)]
mod tests;

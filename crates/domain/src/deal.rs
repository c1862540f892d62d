//! A deal as it is now, and the invoice form that opens from it.

use crate::{
    billing::{self, Billed, Part},
    catalogue::{Catalogue, Item},
    customer::Suggestion,
    draft::{CREATE, Form, FormLine},
    ids::IntentKey,
    mapping::{Settings, Values, customer_details},
    money::round_half_up,
    number::DecimalMark,
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::UNIT_PRICE_DECIMALS,
};
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};

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
}

/// A product on a deal.
#[derive(Debug, Clone)]
pub struct Product {
    /// Pipedrive's number of the product.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its code, or empty.
    pub code: String,
    /// What is written on the deal's row, else the product's description.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one.
    pub price: Decimal,
    /// What is taken off.
    pub discount: Reduction,
    /// Percent; zero where the deal says nothing.
    pub tax: Decimal,
    /// Whether the price holds the tax already.
    pub tax_included: bool,
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
    /// What was billed of the deal before.
    pub billed: &'a Billed,
    /// Today, in the company's time zone.
    pub today: Date,
    /// How the person writes decimals.
    pub mark: DecimalMark,
    /// A new key.
    pub intent: IntentKey,
}

/// The form, filled in from the deal: with what is left of it where something was billed, else with all of it.
pub fn open_form(deal: &Deal, opening: &Opening<'_>) -> Form {
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
    let rest = billing::part(deal, opening.billed, Part::Rest);
    let is_begun = opening.billed.invoices > 0 && !rest.is_empty();
    fill(&mut form, deal, opening, if is_begun { Part::Rest } else { Part::All });
    if let TaxModel::SalesTax { default, .. } = &catalogue.tax {
        let percent = deal.products.iter().map(|product| product.tax).find(|tax| !tax.is_zero());
        let matching = percent.and_then(|percent| catalogue.tax.code_by_percent(percent)).map(|code| code.id.clone());
        form.invoice_code = matching.or_else(|| default.clone()).unwrap_or_default();
    }
    form
}

/// Fills the lines with a part of the deal, and the discount on the whole with the deal's.
pub fn fill(form: &mut Form, deal: &Deal, opening: &Opening<'_>, part: Part) {
    let to_bill = billing::part(deal, opening.billed, part);
    let mode = TaxMode::named(&form.tax_mode);
    let is_amount = matches!(part, Part::Amount(_));
    // An amount comes as it is; of anything else the deal's own discounts are taken off.
    let (kind, discount) = if is_amount { ("percent", Decimal::ZERO) } else { off(deal) };
    let composed = if opening.catalogue.discounts { Decimal::ZERO } else { as_percent(deal, kind, discount) };
    form.discount_kind = kind.to_owned();
    form.discount = if discount.is_zero() || !opening.catalogue.discounts {
        String::new()
    } else {
        let share = match part {
            Part::Percent(percent) if kind == "amount" => discount * percent / dec!(100),
            _ => discount,
        };
        written(share, opening.mark)
    };
    form.lines = if deal.products.is_empty() || is_amount {
        vec![FormLine {
            item: default_item(opening).map(|item| item.id.clone()).unwrap_or_default(),
            description: deal.title.clone(),
            name: deal.title.clone(),
            quantity: "1".into(),
            unit_price: written(round_half_up(to_bill.value, UNIT_PRICE_DECIMALS), opening.mark),
            tax_code: default_tax_code(default_item(opening), Decimal::ZERO, opening),
            ..FormLine::default()
        }]
    } else {
        to_bill.products.iter().map(|product| line(product, opening, mode, composed)).collect()
    };
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
fn off(deal: &Deal) -> (&'static str, Decimal) {
    match deal.discounts.as_slice() {
        [] => ("percent", Decimal::ZERO),
        [Reduction::Percent(percent)] => ("percent", *percent),
        several => {
            let subtotal = subtotal(deal);
            let amount = several.iter().map(|reduction| match reduction {
                Reduction::Percent(percent) => subtotal * percent / dec!(100),
                Reduction::Amount(amount) => *amount,
            });
            ("amount", round_half_up(amount.sum(), 2))
        }
    }
}

/// What a deal is worth as it is priced: its products with their discounts, before tax; its value where it has none.
pub fn worth(deal: &Deal) -> Decimal {
    if deal.products.is_empty() {
        return deal.value;
    }
    let (kind, discount) = off(deal);
    let subtotal = subtotal(deal);
    round_half_up(
        if kind == "percent" { subtotal * (dec!(100) - discount) / dec!(100) } else { subtotal - discount },
        2,
    )
}

fn subtotal(deal: &Deal) -> Decimal {
    let rows = deal.products.iter().map(|product| {
        let full = product.quantity * product.price;
        match product.discount {
            Reduction::Percent(percent) => full * (dec!(100) - percent) / dec!(100),
            Reduction::Amount(amount) => full - amount,
        }
    });
    rows.sum()
}

/// A discount on the whole as percent of each line: for companies that allow none on the whole.
fn as_percent(deal: &Deal, kind: &str, discount: Decimal) -> Decimal {
    let subtotal = subtotal(deal);
    if kind == "percent" {
        discount
    } else if subtotal.is_zero() {
        Decimal::ZERO
    } else {
        discount * dec!(100) / subtotal
    }
}

fn line(product: &Product, opening: &Opening<'_>, mode: TaxMode, composed: Decimal) -> FormLine {
    let known = find_item(product, opening);
    let item = known.or_else(|| default_item(opening));
    let mut price = product.price;
    let mut discount = Decimal::ZERO;
    match product.discount {
        Reduction::Percent(percent) => discount = percent,
        Reduction::Amount(amount) if !product.quantity.is_zero() => price -= amount / product.quantity,
        Reduction::Amount(_) => {}
    }
    if !composed.is_zero() {
        let left = (dec!(100) - discount) * (dec!(100) - composed) / dec!(100);
        discount = round_half_up(dec!(100) - left, 4);
    }
    if product.tax_included && mode != TaxMode::Included {
        price = price * dec!(100) / (dec!(100) + product.tax);
    }
    FormLine {
        item_name: item.map(|item| item.name.clone()).unwrap_or_default(),
        product: product.id.to_string(),
        item: item.map_or_else(|| CREATE.to_owned(), |item| item.id.clone()),
        name: product.name.clone(),
        description: product.description.clone(),
        quantity: written(product.quantity, opening.mark),
        unit_price: written(round_half_up(price, UNIT_PRICE_DECIMALS), opening.mark),
        discount: if discount.is_zero() { String::new() } else { written(discount, opening.mark) },
        tax_code: default_tax_code(item, product.tax, opening),
    }
}

/// The item that the settings name for what QuickBooks does not know.
fn default_item<'a>(opening: &Opening<'a>) -> Option<&'a Item> {
    let id = opening.settings.item.as_ref()?;
    opening.catalogue.items.iter().find(|item| item.id == *id)
}

/// By remembered link, then by code, then by exact name.
fn find_item<'a>(product: &Product, opening: &Opening<'a>) -> Option<&'a Item> {
    let items = &opening.catalogue.items;
    let linked = opening.item_links.iter().find(|(id, _)| *id == product.id);
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
mod tests {
    use super::*;
    use crate::{
        draft::{Rules, preview},
        tax::{Of, Rounding, TaxCode, TaxRate},
        terms::Term,
    };
    use iso_currency::Currency;
    use jiff::civil::date;

    fn catalogue() -> Catalogue {
        let code = |id: &str, percent: Decimal| TaxCode {
            id: id.into(),
            name: id.into(),
            rates: vec![TaxRate { id: id.into(), name: id.into(), percent, of: Of::Amount }],
        };
        let item = |id: &str, name: &str, sku: &str| Item {
            id: id.into(),
            name: name.into(),
            sku: (!sku.is_empty()).then(|| sku.into()),
            tax_code: Some("2".into()),
            taxable: false,
        };
        Catalogue {
            company_name: "Aurora".into(),
            country: "BR".into(),
            time_zone: String::new(),
            home_currency: Currency::BRL,
            currencies: vec![Currency::BRL, Currency::USD],
            tax: TaxModel::PerLine {
                codes: vec![code("2", dec!(5)), code("3", dec!(18))],
                rounding: Rounding::PerLine,
            },
            terms: Vec::new(),
            items: vec![
                item("10", "Consultoria", "CONS"),
                item("11", "Sensor", "SEN"),
                item("12", "Licença anual", ""),
            ],
            income_accounts: Vec::new(),
            numbers_by_hand: false,
            multicurrency: true,
            discounts: true,
            online_payment: false,
            closed_until: None,
            custom_fields: Vec::new(),
        }
    }

    fn product(id: i64, name: &str, code: &str, quantity: Decimal, price: Decimal) -> Product {
        Product {
            id,
            name: name.into(),
            code: code.into(),
            description: String::new(),
            quantity,
            price,
            discount: Reduction::Percent(Decimal::ZERO),
            tax: Decimal::ZERO,
            tax_included: false,
        }
    }

    fn open(products: Vec<Product>) -> Form {
        let deal = Deal {
            id: 1,
            title: "Projeto".into(),
            value: dec!(15000),
            currency: "BRL".into(),
            organization: None,
            person: None,
            values: Values::new(),
            products,
            discounts: Vec::new(),
        };
        open_form(
            &deal,
            &Opening {
                settings: &Settings { term: Term::Days(7), ..Settings::default() },
                catalogue: &catalogue(),
                item_links: &[(7, "12".into())],
                customer: None,
                next_number: "",
                billed: &Billed::default(),
                today: date(2026, 3, 13),
                mark: DecimalMark::Comma,
                intent: IntentKey(uuid::Uuid::nil()),
            },
        )
    }

    #[test]
    fn a_deal_without_products_gives_one_line() {
        let form = open(Vec::new());
        assert_eq!((form.issued.as_str(), form.due.as_str()), ("2026-03-13", "2026-03-20"));
        assert_eq!(form.lines.len(), 1);
        assert_eq!((form.lines[0].description.as_str(), form.lines[0].unit_price.as_str()), ("Projeto", "15000"));
    }

    #[test]
    fn items_are_found_by_link_then_code_then_name() {
        let one = dec!(1);
        let form = open(vec![
            product(7, "Sensor", "SEN", one, one),
            product(8, "Qualquer", "sen", one, one),
            product(9, "consultoria", "", one, one),
            product(10, "Novo", "", one, one),
        ]);
        let items: Vec<&str> = form.lines.iter().map(|line| line.item.as_str()).collect();
        assert_eq!(items, ["12", "11", "10", CREATE]);
    }

    #[test]
    fn discounts_by_amount_and_included_tax_come_to_the_deals_figures() {
        let mut by_amount = product(1, "Sensor", "SEN", dec!(40), dec!(617.25));
        by_amount.discount = Reduction::Amount(dec!(250));
        by_amount.tax = dec!(18);
        let mut included = product(2, "Sensor", "SEN", dec!(1), dec!(617.25));
        included.tax = dec!(18);
        included.tax_included = true;
        let form = open(vec![by_amount, included]);
        assert_eq!((form.lines[0].unit_price.as_str(), form.lines[0].tax_code.as_str()), ("611", "3"));
        let catalogue = catalogue();
        let rules = Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma };
        let sums = preview(&form, &rules).1.expect("all lines can be read");
        assert_eq!(sums.total, dec!(24440) * dec!(1.18) + dec!(617.25));
    }
}

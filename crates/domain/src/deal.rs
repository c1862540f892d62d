//! A deal as it is now, and the invoice form that opens from it.

use crate::{
    billing::{Billed, Part, split},
    catalogue::{Catalogue, Item},
    customer::Suggestion,
    draft::{CREATE, Form, FormLine, Rules, line_amounts, preview},
    ids::IntentKey,
    mapping::{Settings, Values, customer_details},
    money::{invoice_decimals, round_half_up},
    number::DecimalMark,
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::{LineAmounts, Totals, UNIT_PRICE_DECIMALS},
};
use iso_currency::Currency;
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

/// A deal as it would be billed in full.
struct Full {
    lines: Vec<FormLine>,
    /// The amount of each line after its own discount.
    amounts: Vec<Decimal>,
    discount: (&'static str, Decimal),
    /// What each line is of the total.
    shares: Vec<Decimal>,
    total: Decimal,
    places: u32,
}

fn full(deal: &Deal, opening: &Opening<'_>) -> Full {
    let mode = mode(deal, opening.catalogue);
    let lines: Vec<FormLine> = if deal.products.is_empty() {
        vec![FormLine {
            item: default_item(opening).map(|item| item.id.clone()).unwrap_or_default(),
            item_name: default_item(opening).map(|item| item.name.clone()).unwrap_or_default(),
            description: deal.title.clone(),
            name: deal.title.clone(),
            quantity: "1".into(),
            unit_price: written(round_half_up(deal.value, UNIT_PRICE_DECIMALS), opening.mark),
            tax_code: default_tax_code(default_item(opening), Decimal::ZERO, opening),
            ..FormLine::default()
        }]
    } else {
        deal.products.iter().map(|product| line(product, opening, mode, false)).collect()
    };
    let currency = Currency::from_code(&deal.currency).unwrap_or(opening.catalogue.home_currency);
    let places = invoice_decimals(currency);
    let mut discount = off(deal, places);
    let mut lines = lines;
    let moved = moved_discounts(deal, opening, mode, &lines);
    if !moved.is_zero() {
        lines = deal.products.iter().map(|product| line(product, opening, mode, true)).collect();
        let (kind, value) = discount;
        let whole = if kind == "percent" { subtotal(deal).saturating_mul(value) / dec!(100) } else { value };
        discount = ("amount", round_half_up(whole.saturating_add(moved), places));
    }
    let form = Form {
        currency: currency.code().to_owned(),
        tax_mode: mode.name().to_owned(),
        lines: lines.clone(),
        discount: written(discount.1, opening.mark),
        discount_kind: discount.0.to_owned(),
        ..Form::default()
    };
    let rules = Rules {
        catalogue: opening.catalogue,
        customer: None,
        mark: opening.mark,
        discounts_in_prices: opening.settings.discounts_in_prices,
    };
    let amounts: Vec<Decimal> = lines
        .iter()
        .map(|line| {
            line_amounts(line, opening.mark, Some(currency))
                .and_then(|line| line.checked_amount(currency))
                .unwrap_or_default()
        })
        .collect();
    let total = preview(&form, &rules).totals().map(|totals| priced(totals, mode)).unwrap_or_default();
    let shares = split(total, &amounts, places);
    Full { lines, amounts, discount, shares, total, places }
}

/// A total as priced: with tax where prices include it. What counts towards the deal's value.
pub fn priced(totals: &Totals, mode: TaxMode) -> Decimal {
    if mode == TaxMode::Included { totals.total } else { totals.total - totals.tax }
}

/// What a deal is worth as it is priced: what billing all of it comes to, before tax (with tax where its prices include it).
pub fn worth(deal: &Deal, opening: &Opening<'_>) -> Decimal {
    full(deal, opening).total
}

/// Fills the lines with a part of the deal, and the discount on the whole with the deal's.
///
/// What was billed by quantity remains by quantity. A part by percentage or amount, and what remains after one, is a
/// sentence with quantity 1 for each tax code of the deal's lines, to the cent.
pub fn fill(form: &mut Form, deal: &Deal, opening: &Opening<'_>, part: Part, describe: &Describe<'_>) {
    let full = full(deal, opening);
    form.part_applied = match part {
        Part::Percent(_) | Part::Amount(_) => form.part_text(),
        Part::All | Part::Remaining => String::new(),
    };
    if form.part_applied.is_empty() {
        form.part.clear();
    }
    form.priced_in.clone_from(&deal.currency);
    form.rate.clear();
    form.discount_kind = full.discount.0.to_owned();
    form.discount.clear();
    let whole = |form: &mut Form, lines: Vec<FormLine>| {
        if !full.discount.1.is_zero() {
            form.discount = written(full.discount.1, opening.mark);
        }
        form.lines = lines;
    };
    let remaining = full.total - opening.billed.amount;
    let of_whole = |amount: Decimal| round_half_up(amount, full.places);
    match part {
        Part::All => whole(form, full.lines.clone()),
        Part::Percent(percent) if percent == dec!(100) => whole(form, full.lines.clone()),
        Part::Remaining if opening.billed.invoices == 0 => whole(form, full.lines.clone()),
        Part::Remaining if remaining <= Decimal::ZERO => form.lines = Vec::new(),
        Part::Remaining => {
            let left = left(deal, opening.billed);
            match by_quantity(&full, &left, remaining, opening) {
                Some((lines, discount)) => {
                    form.lines = lines;
                    if !discount.1.is_zero() {
                        form.discount_kind = discount.0.to_owned();
                        form.discount = written(discount.1, opening.mark);
                    }
                }
                None => form.lines = sentences(&full, &left, remaining, opening, &describe(part)),
            }
        }
        Part::Percent(percent) => {
            let amount = of_whole(full.total.checked_mul(percent).unwrap_or_default() / dec!(100));
            form.lines = sentences(&full, &left(deal, opening.billed), amount, opening, &describe(part));
        }
        Part::Amount(amount) => {
            form.lines = sentences(&full, &left(deal, opening.billed), of_whole(amount), opening, &describe(part));
        }
    }
}

/// What share of each product's row is not billed yet by quantity: 1 for all of it.
fn left(deal: &Deal, billed: &Billed) -> Vec<Decimal> {
    let mut used = billed.quantities.clone();
    let of_row = |product: &Product| {
        let used = used.entry(product.id).or_default();
        let taken = product.quantity.min(*used).max(Decimal::ZERO);
        *used -= taken;
        if product.quantity.is_zero() { Decimal::ZERO } else { (product.quantity - taken) / product.quantity }
    };
    if deal.products.is_empty() { vec![Decimal::ONE] } else { deal.products.iter().map(of_row).collect() }
}

/// The rows that are left, with the discount that makes them come to what remains; `None` where quantities do not explain it.
fn by_quantity(
    full: &Full,
    left: &[Decimal],
    remaining: Decimal,
    opening: &Opening<'_>,
) -> Option<(Vec<FormLine>, (&'static str, Decimal))> {
    let mut lines = Vec::new();
    let (mut sum, mut expected) = (Decimal::ZERO, Decimal::ZERO);
    for (at, line) in full.lines.iter().enumerate().filter(|(at, _)| !left[*at].is_zero()) {
        let amounts = line_amounts(line, opening.mark, None)?;
        let quantity = (amounts.quantity.checked_mul(left[at])?).normalize();
        let quantity = if left[at] == Decimal::ONE { amounts.quantity } else { round_half_up(quantity, 8).normalize() };
        let row = LineAmounts { quantity, ..amounts };
        let amount = round_half_up(row.quantity.checked_mul(row.net_unit_price())?, full.places);
        sum += if left[at] == Decimal::ONE { full.amounts[at] } else { amount };
        expected += full.shares[at].checked_mul(left[at])?;
        lines.push(FormLine { quantity: written(quantity, opening.mark), ..line.clone() });
    }
    // Each invoice before may have rounded each of its lines.
    let cent = Decimal::new(1, full.places);
    let rounded = Decimal::from(opening.billed.invoices.saturating_add(1).saturating_mul(full.lines.len()));
    if lines.is_empty() || (expected - remaining).abs() > cent.checked_mul(rounded)? {
        return None;
    }
    let discount = sum - remaining;
    let (kind, value) = full.discount;
    let as_percent = kind == "percent" && round_half_up(sum.checked_mul(value)? / dec!(100), full.places) == discount;
    if as_percent {
        Some((lines, (kind, value)))
    } else if discount >= Decimal::ZERO && (discount.is_zero() || opening.catalogue.discount_line) {
        Some((lines, ("amount", discount)))
    } else {
        None
    }
}

/// An amount in sentences: one for each tax code of the rows that are left, or of all rows where none is.
fn sentences(full: &Full, left: &[Decimal], amount: Decimal, opening: &Opening<'_>, text: &str) -> Vec<FormLine> {
    let weigh = |at: usize| {
        let weight = full.shares[at].checked_mul(left[at]).unwrap_or_default();
        round_half_up(weight, full.places)
    };
    let is_any_left = (0..full.lines.len()).any(|at| !weigh(at).is_zero());
    let weight = |at: usize| if is_any_left { weigh(at) } else { full.shares[at] };
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, line) in full.lines.iter().enumerate() {
        if full.lines.len() > 1 && weight(at).is_zero() {
            continue;
        }
        match groups.iter_mut().find(|(code, _)| *code == line.tax_code) {
            Some((_, rows)) => rows.push(at),
            None => groups.push((line.tax_code.clone(), vec![at])),
        }
    }
    let weights: Vec<Decimal> = groups.iter().map(|(_, rows)| rows.iter().map(|at| weight(*at)).sum()).collect();
    let amounts = split(amount, &weights, full.places);
    let is_one = groups.len() == 1;
    let sentence = |((tax_code, rows), amount): ((String, Vec<usize>), Decimal)| {
        let names: Vec<&str> = rows.iter().map(|at| full.lines[*at].name.as_str()).collect();
        let description = if is_one { text.to_owned() } else { format!("{text} – {}", names.join(", ")) };
        let largest = rows.iter().max_by_key(|at| weight(**at)).map(|at| &full.lines[*at]);
        let known = rows.iter().map(|at| &full.lines[*at]).find(|line| !matches!(line.item.as_str(), "" | CREATE));
        let item = deposit_item(opening).or_else(|| {
            let id = &largest.filter(|line| line.item != CREATE).or(known)?.item;
            opening.catalogue.item(id)
        });
        let item = item.or_else(|| default_item(opening));
        let name = largest.map(|line| line.name.clone()).unwrap_or_default();
        FormLine {
            item: item
                .map_or_else(|| largest.map(|line| line.item.clone()).unwrap_or_default(), |item| item.id.clone()),
            item_name: item.map(|item| item.name.clone()).unwrap_or_default(),
            name,
            description,
            quantity: "1".into(),
            unit_price: written(amount, opening.mark),
            tax_code,
            ..FormLine::default()
        }
    };
    groups.into_iter().zip(amounts).filter(|(_, amount)| !amount.is_zero() || is_one).map(sentence).collect()
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
                Reduction::Percent(percent) => subtotal.saturating_mul(*percent) / dec!(100),
                Reduction::Amount(amount) => *amount,
            });
            ("amount", round_half_up(amount.fold(Decimal::ZERO, Decimal::saturating_add), places))
        }
    }
}

/// What rows take off by amounts that no percentage says exactly, where it can stand in the discount line, so that their prices
/// stay as they are. Only where all rows are taxed alike: QuickBooks spreads the discount line over all of them.
fn moved_discounts(deal: &Deal, opening: &Opening<'_>, mode: TaxMode, lines: &[FormLine]) -> Decimal {
    let is_taxed_alike = lines.iter().all(|line| line.tax_code == lines[0].tax_code);
    if !opening.catalogue.discount_line
        || opening.settings.discounts_in_prices
        || mode == TaxMode::Included
        || !is_taxed_alike
        || deal.products.iter().any(|product| product.tax_included)
    {
        return Decimal::ZERO;
    }
    deal.products.iter().filter_map(inexact_discount).sum()
}

/// A row's discount by amount that no percentage says exactly.
fn inexact_discount(product: &Product) -> Option<Decimal> {
    let Reduction::Amount(amount) = product.discount else { return None };
    let full = product.quantity.saturating_mul(product.price);
    (amount > Decimal::ZERO && amount <= full && exact_percent(amount, full).is_none()).then_some(amount)
}

fn subtotal(deal: &Deal) -> Decimal {
    if deal.products.is_empty() {
        return deal.value;
    }
    let rows = deal.products.iter().map(|product| {
        let full = product.quantity.saturating_mul(product.price);
        match product.discount {
            Reduction::Percent(percent) => full.saturating_mul(dec!(100).saturating_sub(percent)) / dec!(100),
            Reduction::Amount(amount) => full.saturating_sub(amount),
        }
    });
    rows.fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A row of the deal as a line; `is_moved` where a discount by amount stands in the discount line instead.
fn line(product: &Product, opening: &Opening<'_>, mode: TaxMode, is_moved: bool) -> FormLine {
    let known = find_item(product, opening);
    let item = known.or_else(|| default_item(opening));
    let mut price = product.price;
    let mut discount = Decimal::ZERO;
    match product.discount {
        Reduction::Percent(percent) => discount = percent,
        // As a percentage where that comes to the same amount, so that the price stays as it is.
        Reduction::Amount(amount) => match exact_percent(amount, product.quantity.saturating_mul(product.price)) {
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

/// The percentage that an amount is of another, where four decimals say it exactly.
fn exact_percent(amount: Decimal, of: Decimal) -> Option<Decimal> {
    let percent = round_half_up(amount.checked_mul(dec!(100))?.checked_div(of)?, 4);
    let is_exact = percent.checked_mul(of)? / dec!(100) == amount;
    (is_exact && percent >= Decimal::ZERO && percent <= dec!(100)).then_some(percent)
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
        tax::{Of, Rounding, TaxCode, TaxRate},
        totals::Discount,
    };
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
            discount_line: true,
            has_more_items: false,
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

    fn deal(products: Vec<Product>) -> Deal {
        Deal {
            id: 1,
            title: "Projeto".into(),
            value: dec!(15000),
            currency: "BRL".into(),
            organization: None,
            person: None,
            values: Values::new(),
            products,
            discounts: Vec::new(),
        }
    }

    fn opening<'a>(catalogue: &'a Catalogue, settings: &'a Settings, billed: &'a Billed) -> Opening<'a> {
        Opening {
            settings,
            catalogue,
            item_links: &[],
            customer: None,
            next_number: "",
            billed,
            today: date(2026, 3, 13),
            mark: DecimalMark::Comma,
            intent: IntentKey(uuid::Uuid::nil()),
        }
    }

    fn describe(part: Part) -> String {
        format!("{part:?}")
    }

    fn opened(deal: &Deal, catalogue: &Catalogue, billed: &Billed) -> Form {
        let settings = Settings::default();
        let links = [(7, "12".into())];
        let opening = Opening { item_links: &links, ..opening(catalogue, &settings, billed) };
        open_form(deal, &opening, &describe)
    }

    fn open(products: Vec<Product>) -> Form {
        opened(&deal(products), &catalogue(), &Billed::default())
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
        assert_eq!(summed(&form, &catalogue()), (dec!(24440) * dec!(1.18) + dec!(617.25), None));
    }

    fn summed(form: &Form, catalogue: &Catalogue) -> (Decimal, Option<Discount>) {
        let rules = Rules { catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
        let printed = preview(form, &rules).printed.expect("all lines can be read");
        (printed.totals.total, printed.discount)
    }

    #[test]
    fn lines_keep_their_price_and_discounts_are_one_line() {
        let mut by_percent = product(1, "Sensor", "SEN", dec!(2), dec!(617.25));
        by_percent.discount = Reduction::Percent(dec!(10));
        let mut by_amount = product(2, "Sensor", "SEN", dec!(40), dec!(617.25));
        by_amount.discount = Reduction::Amount(dec!(250));
        let form = open(vec![by_percent.clone(), by_amount]);
        assert_eq!(form.lines.iter().map(|line| line.unit_price.as_str()).collect::<Vec<_>>(), ["617,25", "617,25"]);
        assert_eq!((form.discount_kind.as_str(), form.discount.as_str()), ("amount", "250"));
        let net = dec!(1234.50) - dec!(123.45) + dec!(24690) - dec!(250);
        let (total, discount) = summed(&form, &catalogue());
        assert_eq!(discount, Some(Discount::Amount(dec!(373.45))));
        // QuickBooks rounds the tax of each line: 60.84 + 1,216.72.
        assert_eq!(total, net + dec!(1277.56));
        // Taxed differently, a discount line would tax other amounts.
        let mut other = product(3, "Sensor", "SEN", dec!(1), dec!(100));
        other.tax = dec!(18);
        assert_eq!(summed(&open(vec![by_percent.clone(), other]), &catalogue()).1, None);
        // A company without discount lines has them in its prices.
        let without = Catalogue { discount_line: false, ..catalogue() };
        assert_eq!(summed(&opened(&deal(vec![by_percent]), &without, &Billed::default()), &without).1, None);
    }

    fn check_part(deal: &Deal, billed: &Billed, part: Part, expected: &[(&str, &str, &str)]) {
        let (catalogue, settings) = (catalogue(), Settings::default());
        let mut form = Form { currency: "BRL".into(), ..Form::default() };
        fill(&mut form, deal, &opening(&catalogue, &settings, billed), part, &describe);
        let lines: Vec<(&str, &str, &str)> = form
            .lines
            .iter()
            .map(|line| (line.description.as_str(), line.quantity.as_str(), line.unit_price.as_str()))
            .collect();
        assert_eq!(lines, expected, "{part:?}");
    }

    fn billed_before(amount: Decimal, quantities: &[(i64, Decimal)]) -> Billed {
        Billed { invoices: 1, amount, quantities: quantities.iter().copied().collect(), ..Billed::default() }
    }

    #[test]
    fn a_part_is_a_sentence_with_quantity_one() {
        let plain = deal(Vec::new());
        check_part(&plain, &Billed::default(), Part::Percent(dec!(30)), &[("Percent(30)", "1", "4500")]);
        check_part(&plain, &Billed::default(), Part::Amount(dec!(99.9)), &[("Amount(99.9)", "1", "99,9")]);
        let mut taxed = product(2, "Taxed", "", dec!(1), dec!(50));
        taxed.tax = dec!(18);
        let mixed = deal(vec![product(1, "Sensor", "SEN", dec!(3), dec!(33.33)), taxed]);
        check_part(
            &mixed,
            &Billed::default(),
            Part::Percent(dec!(50)),
            &[("Percent(50) – Sensor", "1", "50"), ("Percent(50) – Taxed", "1", "25")],
        );
    }

    #[test]
    fn what_remains_is_by_quantity_where_quantities_explain_it() {
        let of = deal(vec![
            product(1, "Sensor", "SEN", dec!(10), dec!(10)),
            product(2, "Consultoria", "", dec!(1), dec!(10)),
            product(1, "Sensor", "SEN", dec!(5), dec!(10)),
        ]);
        check_part(&of, &Billed::default(), Part::Remaining, &[("", "10", "10"), ("", "1", "10"), ("", "5", "10")]);
        let by_quantity = billed_before(dec!(135), &[(1, dec!(12.5)), (2, dec!(1))]);
        check_part(&of, &by_quantity, Part::Remaining, &[("", "2,5", "10")]);
        check_part(&of, &billed_before(dec!(160), &[]), Part::Remaining, &[]);
        check_part(&of, &billed_before(dec!(200), &[(1, dec!(1))]), Part::Remaining, &[]);
        // After a deposit by amount quantities explain nothing: the amount decides.
        check_part(&of, &billed_before(dec!(48), &[]), Part::Remaining, &[("Remaining", "1", "112")]);
        // After an invoice whose price was changed by hand the amount decides as well.
        check_part(&of, &billed_before(dec!(90), &[(1, dec!(10))]), Part::Remaining, &[("Remaining", "1", "70")]);
    }

    #[test]
    fn discounts_of_the_deal_leave_no_cent() {
        let mut of = deal(vec![product(1, "Sensor", "SEN", dec!(3), dec!(33.33))]);
        of.discounts = vec![Reduction::Percent(dec!(7))];
        let (catalogue, settings) = (catalogue(), Settings::default());
        // 99.99 - 7.00 = 92.99; one of three was billed with 33.33 - 2.33.
        let billed = billed_before(dec!(31.00), &[(1, dec!(1))]);
        let opening = opening(&catalogue, &settings, &billed);
        assert_eq!(worth(&of, &opening), dec!(92.99));
        let mut form = Form { currency: "BRL".into(), tax_mode: "none".into(), ..Form::default() };
        fill(&mut form, &of, &opening, Part::Remaining, &describe);
        assert_eq!(form.lines[0].quantity, "2");
        assert_eq!(summed(&form, &catalogue).0, dec!(61.99));
    }
}

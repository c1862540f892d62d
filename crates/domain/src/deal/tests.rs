//! Tests of forms that are filled in from deals, and of the parts that they bill.

mod any_numbers;
mod discounts;
mod opening;
mod remaining;

use super::*;
use crate::{
    form::{Rules, preview_form},
    tax::{Rounding, TaxBase, TaxCode, TaxRate},
    totals::Discount,
};
use iso_currency::Currency;
use jiff::civil::date;

fn catalogue() -> Catalogue {
    let code = |id: &str, percent: Decimal| TaxCode {
        id: id.into(),
        name: id.into(),
        rates: vec![TaxRate { id: id.into(), name: id.into(), percent, base: TaxBase::Amount }],
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
        tax: TaxModel::PerLine { codes: vec![code("2", dec!(5)), code("3", dec!(18))], rounding: Rounding::PerLine },
        terms: Vec::new(),
        items: vec![item("10", "Consultoria", "CONS"), item("11", "Sensor", "SEN"), item("12", "Licença anual", "")],
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
        id: Some(id),
        name: name.into(),
        code: code.into(),
        description: String::new(),
        quantity,
        price: Some(price),
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
        values: FieldValues::new(),
        products,
        discounts: Vec::new(),
        is_incomplete: false,
    }
}

fn opening<'a>(catalogue: &'a Catalogue, settings: &'a Settings, billed: &'a Billed) -> Opening<'a> {
    Opening {
        settings,
        catalogue,
        item_links: &[],
        item_lookup_failed: false,
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

fn open_deal(deal: &Deal, catalogue: &Catalogue, billed: &Billed) -> Form {
    let settings = Settings::default();
    let links = [(7, "12".into())];
    let opening = Opening { item_links: &links, ..opening(catalogue, &settings, billed) };
    open_form(deal, &opening, &describe)
}

fn open_deal_with(products: Vec<Product>) -> Form {
    open_deal(&deal(products), &catalogue(), &Billed::default())
}

#[test]
fn a_deal_without_products_has_one_line() {
    let form = open_deal_with(Vec::new());
    assert_eq!((form.issued.as_str(), form.due.as_str()), ("2026-03-13", "2026-03-20"));
    assert_eq!(form.lines.len(), 1);
    assert_eq!((form.lines[0].description.as_str(), form.lines[0].unit_price.as_str()), ("Projeto", "15000"));
}

#[test]
fn finds_items_by_link_then_code_then_name() {
    let one = dec!(1);
    let form = open_deal_with(vec![
        product(7, "Sensor", "SEN", one, one),
        product(8, "Qualquer", "sen", one, one),
        product(9, "consultoria", "", one, one),
        product(10, "Novo", "", one, one),
    ]);
    let items: Vec<&str> = form.lines.iter().map(|line| line.item.as_str()).collect();
    assert_eq!(items, ["12", "11", "10", CREATE]);
}

#[test]
fn discounts_by_amount_and_included_tax_match_the_deal() {
    let mut by_amount = product(1, "Sensor", "SEN", dec!(40), dec!(617.25));
    by_amount.discount = Reduction::Amount(dec!(250));
    by_amount.tax = dec!(18);
    let mut included = product(2, "Sensor", "SEN", dec!(1), dec!(617.25));
    included.tax = dec!(18);
    included.tax_included = true;
    let form = open_deal_with(vec![by_amount, included]);
    assert_eq!((form.lines[0].unit_price.as_str(), form.lines[0].tax_code.as_str()), ("611", "3"));
    assert_eq!(sum_form(&form, &catalogue()), (dec!(24440) * dec!(1.18) + dec!(617.25), None));
}

fn sum_form(form: &Form, catalogue: &Catalogue) -> (Decimal, Option<Discount>) {
    let rules = Rules { catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
    let printed = preview_form(form, &rules).printed.expect("all lines can be parsed");
    (printed.totals.total, printed.discount)
}

#[test]
fn keeps_prices_and_combines_discounts_in_one_line() {
    let mut by_percent = product(1, "Sensor", "SEN", dec!(2), dec!(617.25));
    by_percent.discount = Reduction::Percent(dec!(10));
    let mut by_amount = product(2, "Sensor", "SEN", dec!(40), dec!(617.25));
    by_amount.discount = Reduction::Amount(dec!(250));
    let form = open_deal_with(vec![by_percent.clone(), by_amount]);
    assert_eq!(form.lines.iter().map(|line| line.unit_price.as_str()).collect::<Vec<_>>(), ["617,25", "617,25"]);
    assert_eq!((form.discount_kind.name(), form.discount.as_str()), ("amount", "250"));
    let net = dec!(1234.50) - dec!(123.45) + dec!(24690) - dec!(250);
    let (total, discount) = sum_form(&form, &catalogue());
    assert_eq!(discount, Some(Discount::Amount(dec!(373.45))));
    // QuickBooks rounds the tax of each line: 60.84 + 1,216.72.
    assert_eq!(total, net + dec!(1277.56));
    // Rows with different taxes get no discount line: it would change the taxed amounts.
    let mut other = product(3, "Sensor", "SEN", dec!(1), dec!(100));
    other.tax = dec!(18);
    assert_eq!(sum_form(&open_deal_with(vec![by_percent.clone(), other]), &catalogue()).1, None);
    // Without discount lines, the discount lowers the prices.
    let without = Catalogue { discount_line: false, ..catalogue() };
    assert_eq!(sum_form(&open_deal(&deal(vec![by_percent]), &without, &Billed::default()), &without).1, None);
}

fn check_part(deal: &Deal, billed: &Billed, part: Part, expected: &[(&str, &str, &str)]) {
    let (catalogue, settings) = (catalogue(), Settings::default());
    let mut form = Form { currency: "BRL".into(), ..Form::default() };
    fill_lines(&mut form, deal, &opening(&catalogue, &settings, billed), part, &describe);
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
fn bills_a_part_as_a_summary_line() {
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
fn bills_remaining_quantities_if_they_explain_the_amount() {
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
    // After a deposit by amount, quantities do not explain the remaining amount, so the amount is billed.
    check_part(&of, &billed_before(dec!(48), &[]), Part::Remaining, &[("Remaining", "1", "112")]);
    // The same after an invoice with a price that was changed by hand.
    check_part(&of, &billed_before(dec!(90), &[(1, dec!(10))]), Part::Remaining, &[("Remaining", "1", "70")]);
}

#[test]
fn deal_discounts_are_exact_to_the_cent() {
    let mut of = deal(vec![product(1, "Sensor", "SEN", dec!(3), dec!(33.33))]);
    of.discounts = vec![Reduction::Percent(dec!(7))];
    let (catalogue, settings) = (catalogue(), Settings::default());
    // 99.99 - 7.00 = 92.99; one of three was billed with 33.33 - 2.33.
    let billed = billed_before(dec!(31.00), &[(1, dec!(1))]);
    let opening = opening(&catalogue, &settings, &billed);
    assert_eq!(compute_deal_total(&of, &opening), dec!(92.99));
    let mut form = Form { currency: "BRL".into(), tax_mode: TaxMode::None, ..Form::default() };
    fill_lines(&mut form, &of, &opening, Part::Remaining, &describe);
    assert_eq!(form.lines[0].quantity, "2");
    assert_eq!(sum_form(&form, &catalogue).0, dec!(61.99));
}

/// A row of a purged product, without price and name, is a line like the others; its missing values are left empty.
#[test]
fn bills_an_empty_row_with_the_others() {
    let catalogue = catalogue();
    let settings = Settings::default();
    let bare = Product { id: None, price: None, ..product(0, "", "", dec!(1), dec!(0)) };
    let deal = deal(vec![product(7, "Consultoria", "CONS", dec!(2), dec!(100)), bare]);
    let nothing = Billed::default();
    let form = open_form(&deal, &opening(&catalogue, &settings, &nothing), &|_| "part".to_owned());
    let fields: Vec<(&str, &str, &str)> =
        form.lines.iter().map(|line| (line.product.as_str(), line.unit_price.as_str(), line.name.as_str())).collect();
    assert_eq!(fields, [("7", "100", "Consultoria"), ("", "", "")]);
    assert_eq!(compute_deal_total(&deal, &opening(&catalogue, &settings, &nothing)), dec!(200));
    let half = Billed { invoices: 1, amount: dec!(50), ..Billed::default() };
    let form = open_form(&deal, &opening(&catalogue, &settings, &half), &|_| "remaining".to_owned());
    assert_eq!(form.lines.iter().map(|line| line.unit_price.as_str()).collect::<Vec<_>>(), ["150"]);
}

//! Tests of the place of a deal's discounts in the form: the percentage of a line, its price, or the discount line.

use super::*;
use crate::billing::Part;

/// A row of 40 units at 617.25. A discount of 250 is not an exact percentage of 24,690.
fn inexact_discount() -> Product {
    Product { discount: Reduction::Amount(dec!(250)), ..product(1, "Sensor", "SEN", dec!(40), dec!(617.25)) }
}

/// A row of 2 units at 100. A discount of 20 is 10 %.
fn exact_discount() -> Product {
    Product { discount: Reduction::Amount(dec!(20)), ..product(2, "Sensor", "SEN", dec!(2), dec!(100)) }
}

/// Formats price and discount of each line, and the discount line.
fn discounts(
    products: Vec<Product>,
    of_deal: &[Reduction],
    change: impl FnOnce(&mut Catalogue, &mut Settings),
) -> String {
    let (mut company, mut settings, billed) = (catalogue(), Settings::default(), Billed::default());
    change(&mut company, &mut settings);
    let of = Deal { discounts: of_deal.to_vec(), ..deal(products) };
    let form = open_form(&of, &opening(&company, &settings, &billed), &describe);
    let lines: Vec<String> = form.lines.iter().map(|line| format!("{} ({})", line.unit_price, line.discount)).collect();
    format!("{}; {} {}", lines.join(", "), form.discount, form.discount_kind)
}

#[test]
fn puts_a_discount_by_amount_where_it_is_exact() {
    let plain = |products: Vec<Product>| discounts(products, &[], |_, _| ());
    assert_eq!(plain(vec![exact_discount()]), "100 (10);  percent");
    assert_eq!(plain(vec![inexact_discount(), exact_discount()]), "617,25 (), 100 (10); 250 amount");
    let with = |discount: Decimal, price: Decimal| Product {
        discount: Reduction::Amount(discount),
        ..product(3, "Sensor", "SEN", dec!(1), price)
    };
    assert_eq!(plain(vec![with(dec!(150), dec!(100))]), "-50 ();  percent", "a discount of more than the row");
    assert_eq!(plain(vec![with(dec!(-3), dec!(100))]), "103 ();  percent", "an increase");
    assert_eq!(plain(vec![with(dec!(100), dec!(100))]), "100 (100);  percent");
    assert_eq!(plain(vec![with(dec!(0), dec!(0))]), "0 ();  percent");
}

#[test]
fn lowers_prices_if_a_discount_line_would_be_wrong() {
    let lowered = "611 ();  percent";
    assert_eq!(discounts(vec![inexact_discount()], &[], |_, _| ()), "617,25 (); 250 amount");
    assert_eq!(discounts(vec![inexact_discount()], &[], |company, _| company.discount_line = false), lowered);
    assert_eq!(discounts(vec![inexact_discount()], &[], |_, settings| settings.discounts_in_prices = true), lowered);
    let included = Product { tax: dec!(18), tax_included: true, ..inexact_discount() };
    assert_eq!(discounts(vec![included.clone()], &[], |_, _| ()), lowered);
    let added = Product { discount: Reduction::Percent(dec!(0)), tax: dec!(18), ..exact_discount() };
    assert_eq!(discounts(vec![included, added.clone()], &[], |_, _| ()), "517,79661 (), 100 ();  percent");
    assert_eq!(
        discounts(vec![inexact_discount(), added], &[], |_, _| ()),
        "611 (), 100 ();  percent",
        "rows with different taxes"
    );
}

#[test]
fn combines_the_discounts_of_a_deal() {
    let (percent, amount) = (Reduction::Percent(dec!(10)), Reduction::Amount(dec!(5)));
    let of = |products: Vec<Product>, of_deal: &[Reduction]| discounts(products, of_deal, |_, _| ());
    assert_eq!(of(vec![exact_discount()], &[percent]), "100 (10); 10 percent");
    assert_eq!(of(vec![exact_discount()], &[amount]), "100 (10); 5 amount");
    assert_eq!(of(vec![exact_discount()], &[percent, amount]), "100 (10); 23 amount", "10 % of 180, and 5");
    assert_eq!(of(vec![inexact_discount()], &[percent]), "617,25 (); 2694 amount", "10 % of 24,440, and 250");
    assert_eq!(of(vec![inexact_discount()], &[amount]), "617,25 (); 255 amount");
    assert_eq!(of(Vec::new(), &[percent, amount]), "15000 (); 1505 amount");
}

#[test]
fn computes_the_deal_total() {
    let (company, settings, billed) = (catalogue(), Settings::default(), Billed::default());
    let total = |of: &Deal| compute_deal_total(of, &opening(&company, &settings, &billed));
    let included = Product { tax: dec!(18), tax_included: true, ..product(1, "Sensor", "SEN", dec!(1), dec!(118)) };
    assert_eq!(total(&deal(vec![included.clone()])), dec!(118), "prices include the tax");
    assert_eq!(total(&deal(vec![Product { tax_included: false, ..included }])), dec!(118));
    let off = |reduction| Deal { discounts: vec![reduction], ..deal(vec![exact_discount()]) };
    assert_eq!(total(&off(Reduction::Amount(dec!(50)))), dec!(130));
    assert_eq!(total(&off(Reduction::Percent(dec!(50)))), dec!(90));
    assert_eq!(total(&Deal { discounts: vec![Reduction::Amount(dec!(50))], ..deal(Vec::new()) }), dec!(14950));
}

#[test]
fn bills_all_rows_at_a_hundred_percent() {
    let rows = deal(vec![product(1, "Sensor", "SEN", dec!(10), dec!(10)), product(2, "Sensor", "", dec!(1), dec!(10))]);
    let billed = billed_before(dec!(50), &[]);
    let all = [("", "10", "10"), ("", "1", "10")];
    check_part(&rows, &billed, Part::Percent(dec!(100)), &all);
    check_part(&rows, &billed, Part::All, &all);
    check_part(&rows, &billed, Part::Percent(dec!(99.99)), &[("Percent(99.99)", "1", "109,99")]);
}

#[test]
fn a_percentage_out_of_range_saturates() {
    assert_eq!(saturating_percent_of(dec!(50), dec!(10)), dec!(5));
    for (of, percent, expected) in [
        (Decimal::MAX, dec!(200), Decimal::MAX),
        (Decimal::MIN, dec!(-200), Decimal::MAX),
        (Decimal::MAX, dec!(-200), Decimal::MIN),
        (Decimal::MIN, dec!(200), Decimal::MIN),
    ] {
        assert_eq!(saturating_percent_of(of, percent), expected, "{percent} of {of}");
    }
}

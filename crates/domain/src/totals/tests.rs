//! Tests of `totals`.

use super::*;
use crate::tax::TaxCode;
use proptest::prelude::*;

fn compute_totals(sale: &Sale<'_>) -> Totals {
    super::compute_totals(sale).expect("numbers within the limits")
}

fn code(id: &str, percents: &[Decimal]) -> TaxCode {
    let rate = |(at, percent): (usize, &Decimal)| TaxRate {
        id: format!("{id}.{at}"),
        name: format!("{id} {at}"),
        percent: *percent,
        base: TaxBase::Amount,
    };
    TaxCode { id: id.into(), name: id.into(), rates: percents.iter().enumerate().map(rate).collect() }
}

fn per_line(codes: Vec<TaxCode>) -> TaxModel {
    TaxModel::PerLine { codes, rounding: Rounding::PerLine }
}

fn line(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal, tax_code: &str) -> LineAmounts {
    LineAmounts { quantity, unit_price, discount_percent, tax_code: Some(tax_code.into()) }
}

fn sale<'a>(lines: &'a [LineAmounts], model: &'a TaxModel, invoice_code: Option<&'a str>) -> Sale<'a> {
    Sale { lines, discount: None, mode: TaxMode::Excluded, model, invoice_code, currency: Currency::USD }
}

#[test]
fn us_tax_applies_to_the_taxable_sum() {
    let model = TaxModel::SalesTax { codes: vec![code("2", &[dec!(8)])], default: None };
    let lines = [line(dec!(1), dec!(335.25), dec!(0), TAXABLE), line(dec!(2), dec!(10), dec!(0), NON_TAXABLE)];
    let plain = sale(&lines, &model, Some("2"));
    let sums = compute_totals(&plain);
    assert_eq!((sums.subtotal, sums.tax, sums.total), (dec!(355.25), dec!(26.82), dec!(382.07)));
    let half = compute_totals(&Sale { discount: Some(Discount::Percent(dec!(50))), ..plain });
    assert_eq!((half.invoice_discount, half.tax, half.total), (dec!(177.63), dec!(13.41), dec!(191.03)));
    assert_eq!(compute_totals(&Sale { mode: TaxMode::None, ..plain }).total, dec!(355.25));
}

#[test]
fn rounds_tax_line_by_line_outside_the_us() {
    let model = per_line(vec![code("5", &[dec!(5), dec!(9.975)])]);
    let lines = [line(dec!(1), dec!(0.50), dec!(0), "5"), line(dec!(1), dec!(0.50), dec!(0), "5")];
    let sums = compute_totals(&sale(&lines, &model, None));
    assert_eq!(sums.taxes.iter().map(|tax| tax.amount).collect::<Vec<_>>(), [dec!(0.06), dec!(0.10)]);
    assert_eq!(sums.total, dec!(1.16));
}

#[test]
fn a_price_with_included_tax_is_the_total() {
    let model = per_line(vec![code("2", &[dec!(20)])]);
    let lines = [line(dec!(3), dec!(19.99), dec!(0), "2")];
    let sums = compute_totals(&Sale { mode: TaxMode::Included, ..sale(&lines, &model, None) });
    assert_eq!((sums.subtotal, sums.tax, sums.total), (dec!(49.98), dec!(9.99), dec!(59.97)));
}

#[test]
fn a_discount_lowers_the_included_tax() {
    let model = per_line(vec![code("2", &[dec!(20)])]);
    let lines = [line(dec!(3), dec!(19.99), dec!(0), "2")];
    let included = Sale { mode: TaxMode::Included, ..sale(&lines, &model, None) };
    let off = |discount| {
        let sums = compute_totals(&Sale { discount: Some(discount), ..included });
        (sums.invoice_discount, sums.tax, sums.total)
    };
    assert_eq!(off(Discount::Percent(dec!(0))), (dec!(0), dec!(9.99), dec!(59.97)), "exactly the price");
    assert_eq!(off(Discount::Percent(dec!(50))), (dec!(24.99), dec!(5.00), dec!(29.99)), "20 % of 24.99");
    assert_eq!(off(Discount::Amount(dec!(49.98))), (dec!(49.98), dec!(0), dec!(0)));
}

#[test]
fn rounds_the_tax_of_each_rate_once_in_australia() {
    let lines = [dec!(0.33); 3].map(|price| line(dec!(1), price, dec!(0), "5"));
    for (rounding, tax) in [(Rounding::PerLine, dec!(0.09)), (Rounding::PerRate, dec!(0.10))] {
        let model = TaxModel::PerLine { codes: vec![code("5", &[dec!(10)])], rounding };
        assert_eq!(compute_totals(&sale(&lines, &model, None)).tax, tax, "{rounding:?}");
    }
}

/// The rounding remainder of the discount lowers the tax of the largest line.
#[test]
fn a_discount_is_spread_over_the_lines_to_the_cent() {
    let model = per_line(vec![code("5", &[dec!(100)]), code("6", &[dec!(0)])]);
    let prices = [(dec!(1), "6"), (dec!(1.01), "5"), (dec!(1), "6")];
    let lines = prices.map(|(price, code)| line(dec!(1), price, dec!(0), code));
    // Each line's share of 0.50 is 0.17 before the remainder is allocated.
    let sums = compute_totals(&Sale { discount: Some(Discount::Amount(dec!(0.50))), ..sale(&lines, &model, None) });
    assert_eq!((sums.invoice_discount, sums.tax, sums.total), (dec!(0.50), dec!(0.85), dec!(3.36)));
}

#[test]
fn moves_the_invoice_discount_to_the_prices() {
    let lines = [line(dec!(2), dec!(100), dec!(10), "x"), line(dec!(1), dec!(50), dec!(0), "y")];
    let model = TaxModel::None;
    let spread = |lines: &[LineAmounts], discount| {
        move_discount_to_lines(&Sale { discount, ..sale(lines, &model, None) }).expect("within the limits")
    };
    let lowered = [line(dec!(2), dec!(100), dec!(19), "x"), line(dec!(1), dec!(50), dec!(10), "y")];
    assert_eq!(spread(&lines, Some(Discount::Percent(dec!(10)))), lowered);
    assert_eq!(spread(&lines, Some(Discount::Amount(dec!(23)))), lowered, "23 of 230");
    assert_eq!(spread(&lines, None), lines);
    let free = [line(dec!(2), dec!(0), dec!(10), "x")];
    assert_eq!(spread(&free, Some(Discount::Amount(dec!(5)))), free, "zero cannot be discounted");
}

#[test]
fn a_rate_may_apply_to_earlier_taxes() {
    let mut compound = code("8", &[dec!(5), dec!(9.5)]);
    compound.rates[1].base = TaxBase::AmountAndTax;
    let model = per_line(vec![compound]);
    let lines = [line(dec!(1), dec!(100), dec!(0), "8")];
    assert_eq!(compute_totals(&sale(&lines, &model, None)).total, dec!(114.98));
}

#[test]
fn automated_tax_is_left_to_quickbooks() {
    let lines = [line(dec!(1), dec!(100), dec!(0), TAXABLE)];
    let sums = compute_totals(&sale(&lines, &TaxModel::Automated, None));
    assert_eq!((sums.total, sums.is_before_tax), (dec!(100), true));
    let free = [line(dec!(1), dec!(100), dec!(0), NON_TAXABLE)];
    assert!(!compute_totals(&sale(&free, &TaxModel::Automated, None)).is_before_tax);
}

#[test]
fn automated_tax_spreads_no_discount_over_different_tax_codes() {
    let is_spread = |code: &str, mode| {
        let lines = [line(dec!(1), dec!(100), dec!(50), TAXABLE), line(dec!(1), dec!(100), dec!(0), code)];
        move_discounts_to_invoice(&Sale { mode, ..sale(&lines, &TaxModel::Automated, None) }).is_some()
    };
    assert!(!is_spread(NON_TAXABLE, TaxMode::Excluded), "75 would be taxed instead of 50");
    assert!(is_spread(TAXABLE, TaxMode::Excluded) && is_spread(NON_TAXABLE, TaxMode::None));
}

#[test]
fn a_discount_lowers_the_unit_price() {
    let one = line(dec!(3), dec!(617.25), dec!(12.5), "x");
    assert_eq!(one.net_unit_price(), Some(dec!(540.09375)));
    let sums = compute_totals(&sale(&[one], &TaxModel::None, None));
    assert_eq!((sums.subtotal, sums.discount, sums.total), (dec!(1851.75), dec!(231.47), dec!(1620.28)));
}

proptest! {
    #[test]
    fn subtotal_discount_and_tax_add_up_to_the_total(
        rows in prop::collection::vec((1_i64..100_000, 0_u32..3, 0_i64..10_000_000, 0_i64..=100), 1..20),
        off in 0_i64..=100,
        is_included: bool,
    ) {
        let model = per_line(vec![code("5", &[dec!(5), dec!(9.975)])]);
        let lines: Vec<LineAmounts> = rows
            .into_iter()
            .map(|(q, scale, p, d)| line(Decimal::new(q, scale), Decimal::new(p, 2), Decimal::from(d), "5"))
            .collect();
        let mode = if is_included { TaxMode::Included } else { TaxMode::Excluded };
        let discount = (off > 0).then(|| Discount::Percent(off.into()));
        let sums = compute_totals(&Sale { discount, mode, ..sale(&lines, &model, None) });
        prop_assert_eq!(sums.subtotal - sums.discount + sums.tax, sums.total);
        if !is_included {
            prop_assert_eq!(sums.lines.iter().sum::<Decimal>() - sums.invoice_discount + sums.tax, sums.total);
        } else if off == 0 {
            prop_assert_eq!(sums.lines.iter().sum::<Decimal>(), sums.total);
        }
        prop_assert!(sums.total.scale() <= 2 && sums.total >= Decimal::ZERO);
    }
}

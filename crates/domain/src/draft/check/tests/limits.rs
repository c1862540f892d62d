//! What QuickBooks holds no more of is said at its field, and no number that can be typed ends in a panic.

use super::{Form, FormField, FormLine, Problem, catalogue, check, check_problem, checked, form};
use crate::{
    draft::{Rules, preview},
    number::DecimalMark,
    tax::{Rounding, TaxModel},
};
use proptest::prelude::*;
use rust_decimal::dec;

const NINES: &str = "999999999999999999999999999";

#[test]
fn numbers_that_quickbooks_does_not_hold_are_refused_at_their_field() {
    use Problem::{NotAPercentage, NotPositive, TooLarge};
    for large in ["10000000000", NINES] {
        check_problem(|f| f.lines[0].quantity = large.into(), FormField::Quantity(0), TooLarge);
        check_problem(|f| f.lines[0].unit_price = large.into(), FormField::UnitPrice(0), TooLarge);
        check_problem(
            |f| (f.discount, f.discount_kind) = (large.into(), "amount".into()),
            FormField::InvoiceDiscount,
            TooLarge,
        );
    }
    check_problem(|f| f.lines[0].discount = NINES.into(), FormField::Discount(0), NotAPercentage);
    check_problem(|f| f.discount = NINES.into(), FormField::InvoiceDiscount, NotAPercentage);
    check_problem(|f| f.lines[0].quantity = format!("-{NINES}"), FormField::Quantity(0), NotPositive);
    // Each fits, but not their product.
    check_problem(
        |f| (f.lines[0].quantity, f.lines[0].unit_price) = ("200000".into(), "100000".into()),
        FormField::UnitPrice(0),
        TooLarge,
    );
    // Each line fits, but not their sum.
    let many = |f: &mut Form| {
        let line = FormLine { quantity: "1".into(), unit_price: "9.000.000.000".into(), ..f.lines[0].clone() };
        f.lines = vec![line.clone(), line];
    };
    check_problem(many, FormField::Lines, TooLarge);
}

#[test]
fn the_largest_line_is_taken() {
    let mut form = form();
    (form.lines[0].quantity, form.lines[0].unit_price) = ("1".into(), "9.000.000.000,12345".into());
    form.lines[0].discount.clear();
    let draft = checked(&form).expect("fits");
    assert_eq!((draft.lines[0].amount, draft.total), (dec!(9000000000.12), dec!(9450000000.13)));
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,30}(,[0-9]{1,28})?",
        Just(NINES.to_owned()),
        Just("79228162514264337593543950335".to_owned()),
        Just("9999999999,99999".to_owned()),
        Just("0,000000000000000000000000001".to_owned()),
        "[0-9.,%() -]{0,12}",
    ]
}

proptest! {
    #[test]
    fn no_typed_number_panics(
        numbers in prop::collection::vec((any_number(), any_number(), any_number()), 1..6),
        discount in any_number(),
        is_amount: bool,
        mode in prop_oneof![Just("included"), Just("excluded"), Just("none")],
        model in 0..4,
        currency in prop_oneof![Just("BRL"), Just("USD"), Just("")],
    ) {
        let mut catalogue = catalogue();
        catalogue.tax = match (model, catalogue.tax) {
            (0, TaxModel::PerLine { codes, .. }) => TaxModel::PerLine { codes, rounding: Rounding::PerRate },
            (1, TaxModel::PerLine { codes, .. }) => TaxModel::SalesTax { codes, default: None },
            (2, _) => TaxModel::Automated,
            (_, model) => model,
        };
        let mut form = Form { discount, tax_mode: mode.into(), invoice_code: "3".into(), currency: currency.into(), ..form() };
        if is_amount {
            form.discount_kind = "amount".into();
        }
        let line = |(quantity, unit_price, discount)| FormLine { quantity, unit_price, discount, ..form.lines[0].clone() };
        form.lines = numbers.into_iter().map(line).collect();
        let rules = Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma };
        let sums = preview(&form, &rules).1;
        // Whatever is confirmed has sums.
        prop_assert!(check(&form, &rules).is_err() || sums.is_some());
    }
}

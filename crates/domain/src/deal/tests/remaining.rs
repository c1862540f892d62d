//! Tests of the remaining part of a deal: by quantity if possible, else as one summary line for each tax code.

use super::*;
use crate::billing::Part;

/// Formats lines as quantity × price, and the invoice discount.
fn remaining(of: &Deal, billed: &Billed, part: Part, has_discount_line: bool) -> String {
    let (company, settings) = (Catalogue { discount_line: has_discount_line, ..catalogue() }, Settings::default());
    let mut form = Form { currency: "BRL".into(), ..Form::default() };
    fill_lines(&mut form, of, &opening(&company, &settings, billed), part, &describe);
    let lines: Vec<String> =
        form.lines.iter().map(|line| format!("{}{} × {}", line.description, line.quantity, line.unit_price)).collect();
    format!("{}; {} {}", lines.join(", "), form.discount, form.discount_kind)
}

/// Each earlier invoice may have rounded each of its lines by a cent. A difference within this tolerance becomes a
/// discount; quantities do not explain a greater one.
#[test]
fn tolerates_rounding_of_earlier_invoices() {
    let of = deal(vec![product(1, "Sensor", "SEN", dec!(10), dec!(10))]);
    let after =
        |amount: Decimal, has_line| remaining(&of, &billed_before(amount, &[(1, dec!(5))]), Part::Remaining, has_line);
    for has_line in [true, false] {
        assert_eq!(after(dec!(50), has_line), "5 × 10;  percent");
        assert_eq!(after(dec!(49.98), has_line), "Remaining1 × 50,02;  percent", "a discount cannot be negative");
        assert_eq!(after(dec!(50.03), has_line), "Remaining1 × 49,97;  percent");
    }
    assert_eq!(after(dec!(50.02), true), "5 × 10; 0,02 amount");
    assert_eq!(after(dec!(50.02), false), "Remaining1 × 49,98;  percent", "the company has no discount line");
}

#[test]
fn keeps_a_percentage_that_is_exact_to_the_cent() {
    let of = Deal {
        discounts: vec![Reduction::Percent(dec!(7))],
        ..deal(vec![product(1, "Sensor", "SEN", dec!(3), dec!(33.33))])
    };
    let after = |amount: Decimal| remaining(&of, &billed_before(amount, &[(1, dec!(1))]), Part::Remaining, true);
    assert_eq!(after(dec!(31.00)), "2 × 33,33; 7 percent");
    assert_eq!(after(dec!(30.99)), "2 × 33,33; 4,66 amount");
    let by_amount = Deal { discounts: vec![Reduction::Amount(dec!(7))], ..of };
    let after = billed_before(dec!(31.00), &[(1, dec!(1))]);
    assert_eq!(remaining(&by_amount, &after, Part::Remaining, true), "2 × 33,33; 4,67 amount");
}

#[test]
fn weighs_summary_lines_by_unbilled_rows() {
    let taxed = |id, name, tax| Product { tax, ..product(id, name, "", dec!(10), dec!(10)) };
    let of = deal(vec![taxed(1, "a", dec!(5)), taxed(2, "b", dec!(5)), taxed(3, "c", dec!(18))]);
    let part = |quantities: &[(i64, Decimal)], part| remaining(&of, &billed_before(dec!(1), quantities), part, true);
    let amount = Part::Amount(dec!(75));
    assert_eq!(part(&[], amount), "Amount(75) – a, b1 × 50, Amount(75) – c1 × 25;  percent");
    assert_eq!(
        part(&[(1, dec!(5)), (2, dec!(10))], amount),
        "Amount(75) – a1 × 25, Amount(75) – c1 × 50;  percent",
        "all of b is billed"
    );
    assert_eq!(part(&[(1, dec!(10)), (2, dec!(10))], amount), "Amount(75)1 × 75;  percent");
    let all = [(1, dec!(10)), (2, dec!(10)), (3, dec!(10))];
    assert_eq!(part(&all, amount), "Amount(75) – a, b1 × 50, Amount(75) – c1 × 25;  percent", "all rows are billed");
    let free = deal(vec![product(1, "a", "", dec!(1), dec!(0))]);
    assert_eq!(remaining(&free, &billed_before(dec!(1), &[]), amount, true), "Amount(75)1 × 75;  percent");
}

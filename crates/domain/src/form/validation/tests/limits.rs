//! Tests of QuickBooks' limits: each is reported at its field, and no typed number causes a panic.

use super::{CREATE, Form, FormField, FormLine, Problem, catalogue, check_problem, form, validate, validate_form};
use crate::{
    address,
    catalogue::CustomField,
    customer::CustomerField,
    form::FieldError,
    form::{AmountKind, Rules, check_preset, check_recipient, preview_form},
    ids::{DealId, IntentKey, UserId},
    mark::Mark,
    number::DecimalMark,
    settings::Preset,
    tax::{Rounding, TaxMode, TaxModel},
};
use proptest::prelude::*;
use rust_decimal::dec;

const NINES: &str = "999999999999999999999999999";

#[test]
fn refuses_numbers_that_quickbooks_cannot_store() {
    use Problem::{NotAPercentage, NotPositive, TooLarge};
    for large in ["10000000000", NINES] {
        check_problem(|f| f.lines[0].quantity = large.into(), FormField::Quantity(0), TooLarge);
        check_problem(|f| f.lines[0].unit_price = large.into(), FormField::UnitPrice(0), TooLarge);
        check_problem(
            |f| (f.discount, f.discount_kind) = (large.into(), AmountKind::Amount),
            FormField::InvoiceDiscount,
            TooLarge,
        );
    }
    check_problem(|f| f.lines[0].discount = NINES.into(), FormField::Discount(0), NotAPercentage);
    check_problem(|f| f.discount = NINES.into(), FormField::InvoiceDiscount, NotAPercentage);
    check_problem(|f| f.lines[0].quantity = format!("-{NINES}"), FormField::Quantity(0), NotPositive);
    // Each number is within the limit, but their product is not.
    check_problem(
        |f| (f.lines[0].quantity, f.lines[0].unit_price) = ("200000".into(), "100000".into()),
        FormField::UnitPrice(0),
        TooLarge,
    );
    // Each line is within the limit, but their sum is not.
    let many = |f: &mut Form| {
        let line = FormLine { quantity: "1".into(), unit_price: "9.000.000.000".into(), ..f.lines[0].clone() };
        f.lines = vec![line.clone(), line];
    };
    check_problem(many, FormField::Lines, TooLarge);
}

#[test]
fn each_invalid_number_has_its_own_problem() {
    use Problem::{NotANumber, NotAPercentage, NotPositive, TooLarge, TooManyDecimals};
    let set = |form: &mut Form, field: FormField, text: &str| match field {
        FormField::Quantity(_) => form.lines[0].quantity = text.into(),
        FormField::UnitPrice(_) => form.lines[0].unit_price = text.into(),
        FormField::Discount(_) => form.lines[0].discount = text.into(),
        FormField::InvoiceDiscount => (form.discount, form.discount_kind) = (text.into(), AmountKind::Amount),
        _ => (form.part, form.deal_value) = (text.into(), "1 BRL".parse().ok()),
    };
    let digits = |count: usize| "1".repeat(count);
    let too_fine = "0,0000000000000000000000000001";
    let (quantity, price, percent) = (FormField::Quantity(0), FormField::UnitPrice(0), FormField::Discount(0));
    let (whole, part) = (FormField::InvoiceDiscount, FormField::Part);
    for (text, field, problem) in [
        (digits(28), quantity, TooLarge),
        (digits(28), price, TooLarge),
        (format!("R$ {}", digits(29)), price, TooLarge),
        (digits(28), percent, NotAPercentage),
        (digits(29), whole, TooLarge),
        (digits(29), part, NotAPercentage),
        (format!("-{}", digits(29)), quantity, NotPositive),
        (format!("-{}", digits(29)), price, TooLarge),
        (format!("-{}", digits(11)), price, TooLarge),
        (format!("-{}", digits(29)), percent, NotAPercentage),
        (format!("-{}", digits(29)), whole, NotPositive),
        (too_fine.into(), quantity, TooManyDecimals(18)),
        (too_fine.into(), price, TooManyDecimals(18)),
        (too_fine.into(), percent, TooManyDecimals(18)),
        (too_fine.into(), whole, TooManyDecimals(18)),
        (too_fine.into(), part, TooManyDecimals(18)),
        ("0".into(), quantity, NotPositive),
        ("1e28".into(), quantity, NotANumber),
    ] {
        check_problem(|form| set(form, field, &text), field, problem);
    }
}

#[test]
fn accepts_the_largest_line() {
    let mut form = form();
    (form.lines[0].quantity, form.lines[0].unit_price) = ("1".into(), "9.000.000.000,12345".into());
    form.lines[0].discount.clear();
    let request = validate(&form).expect("a valid form");
    assert_eq!((request.lines[0].amount, request.total), (dec!(9000000000.12), dec!(9450000000.13)));
}

/// A text of `length` characters, one of them longer than one byte.
fn text_of_length(length: usize) -> String {
    format!("é{}", "x".repeat(length - 1))
}

/// A text field, its maximum of characters in QuickBooks, and a function that sets it.
type Text = (FormField, usize, Set);
type Set = fn(&mut Form, String);

const TEXTS: [Text; 15] = [
    (FormField::To, 500, |form, text| form.to = text),
    (FormField::Customer, 500, |form, text| form.customer_name = text),
    (FormField::TaxId, 20, |form, text| form.tax_id = text),
    (FormField::Address, 500, |form, text| form.street = text),
    (FormField::City, 255, |form, text| form.city = text),
    (FormField::State, 255, |form, text| form.state = text),
    (FormField::PostalCode, 30, |form, text| form.postal_code = text),
    (FormField::Country, 255, |form, text| form.country = text),
    (FormField::Number, 21, |form, text| form.number = text),
    (FormField::Message, 1000, |form, text| form.message = text),
    (FormField::Memo, 3800, |form, text| form.memo = text),
    (FormField::Custom(2), 31, |form, text| {
        form.custom.insert("2".into(), text);
    }),
    (FormField::Item(0), 100, |form, text| {
        (form.lines[0].item, form.lines[0].item_name) = (CREATE.into(), text);
    }),
    (FormField::Description(0), 4000, |form, text| form.lines[0].description = text),
    // In a street of several lines, the second line is too long.
    (FormField::Address, 500, |form, text| form.street = format!("Rua do Comércio\r\n{text}\r\nSala 3")),
];

fn problems(change: impl FnOnce(&mut Form)) -> Vec<FieldError> {
    let mut catalogue = catalogue();
    catalogue.custom_fields = vec![CustomField { id: "2".into(), name: "PO".into() }];
    catalogue.numbers_by_hand = true;
    let mut form = form();
    change(&mut form);
    validate_form(
        &form,
        &Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false },
    )
    .err()
    .unwrap_or_default()
}

#[test]
fn accepts_each_text_up_to_its_limit() {
    for (field, max, set) in TEXTS {
        assert_eq!(problems(|form| set(form, text_of_length(max))), [], "{field:?}");
        assert_eq!(problems(|form| set(form, format!("  {}\n", text_of_length(max)))), [], "blanks around {field:?}");
        let problem = Problem::TooLong(max);
        assert_eq!(problems(|form| set(form, text_of_length(max + 1))), [FieldError { field, problem }]);
    }
    // A colon becomes " -", which makes a name longer.
    let problem = Problem::TooLong(500);
    assert_eq!(
        problems(|form| form.to = format!("a:{}", text_of_length(498))),
        [FieldError { field: FormField::To, problem }]
    );
}

#[test]
fn a_french_company_that_numbers_by_hand_needs_a_number() {
    let problems = |country: &str, by_hand: bool, number: &str| {
        let mut catalogue = catalogue();
        (catalogue.country, catalogue.numbers_by_hand) = (country.into(), by_hand);
        let form = Form { number: number.into(), ..form() };
        let rules =
            Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
        validate_form(&form, &rules).err().unwrap_or_default()
    };
    let missing = FieldError { field: FormField::Number, problem: Problem::Missing };
    assert_eq!(problems("FR", true, " "), [missing]);
    for (country, by_hand, number) in [("FR", true, "F-1"), ("FR", false, ""), ("BR", true, "")] {
        assert_eq!(problems(country, by_hand, number), [], "{country} {by_hand} {number}");
    }
}

#[test]
fn refuses_a_long_tax_number_that_would_be_sent_for_a_us_customer() {
    let problems = |customer: &str, is_ticked: bool, agreed: CustomerField| {
        let mut catalogue = catalogue();
        catalogue.country = "US".into();
        let mut form = Form { tax_id: "12.345.678/0001-95".into(), ..form() };
        (form.customer, form.update_customer, form.agreed) = (customer.into(), is_ticked, vec![agreed]);
        validate_form(
            &form,
            &Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false },
        )
        .err()
    };
    let refused = Some(vec![FieldError { field: FormField::TaxId, problem: Problem::TooLong(16) }]);
    assert_eq!(problems(CREATE, false, CustomerField::TaxId), refused);
    assert_eq!(problems("58", true, CustomerField::TaxId), refused);
    assert_eq!(problems("58", true, CustomerField::Email), None);
    assert_eq!(problems("58", false, CustomerField::TaxId), None);
}

#[test]
fn refuses_control_characters() {
    let more: [(FormField, Set); 3] = [
        (FormField::Email, |form, text| form.email = format!("{text}@b.example")),
        (FormField::Cc, |form, text| form.cc = format!("{text}@b.example")),
        (FormField::Item(0), |form, text| {
            (form.lines[0].item, form.lines[0].name) = (CREATE.into(), text);
        }),
    ];
    for (field, set) in TEXTS.into_iter().map(|(field, _, set)| (field, set)).chain(more) {
        for control in ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{fffe}'] {
            let errors = problems(|form| set(form, format!("a{control}b")));
            assert_eq!(errors, [FieldError { field, problem: Problem::ControlCharacter }], "{control:?}");
        }
    }
    let lines = |form: &mut Form| {
        (form.message, form.memo) = ("one\r\ntwo\tthree".into(), "one\n\ntwo".into());
        form.lines[0].description = "one\ntwo 😀\u{200d}".into();
    };
    assert_eq!(problems(lines), []);
}

#[test]
fn a_preset_has_the_limits_of_the_form() {
    let problems = |change: fn(&mut Preset)| {
        let mut preset =
            Preset { message: text_of_length(1000), cc: "a@b.example, c@d.example".into(), ..Preset::default() };
        preset.custom.insert("2".into(), text_of_length(31));
        change(&mut preset);
        check_preset(&preset).into_iter().map(|error| (error.field, error.problem)).collect::<Vec<_>>()
    };
    assert_eq!(problems(|_| ()), []);
    assert_eq!(problems(|preset| preset.message.push('x')), [(FormField::Message, Problem::TooLong(1000))]);
    assert_eq!(problems(|preset| preset.cc = "nobody".into()), [(FormField::Cc, Problem::NotAnEmail)]);
    assert_eq!(problems(|preset| preset.cc = text_of_length(101)), [(FormField::Cc, Problem::TooLong(100))]);
    let custom = |preset: &mut Preset| drop(preset.custom.insert("2".into(), "a\0".into()));
    assert_eq!(problems(custom), [(FormField::Custom(2), Problem::ControlCharacter)]);
}

#[test]
fn an_invoice_is_sent_to_one_address() {
    use Problem::{ControlCharacter, Missing, NotAnEmail, TooLong};
    let long = format!("{}@b.example", "x".repeat(100));
    let invalid =
        ["", " \n", "nobody", "a@b", "@b.example", "a@b.example, c@d.example", "a b@c.example", "a\0@b.example", &long];
    let expected =
        [Missing, Missing, NotAnEmail, NotAnEmail, NotAnEmail, NotAnEmail, NotAnEmail, ControlCharacter, TooLong(100)];
    assert_eq!(invalid.map(check_recipient), expected.map(Some));
    assert_eq!([" a@b.example ", "é.x+y@sub.b.example"].map(check_recipient), [None, None]);
}

#[test]
fn the_longest_memo_leaves_room_for_mark_and_void() {
    let longest = i64::MIN;
    let mark =
        Mark { intent: IntentKey(uuid::Uuid::max()), company: longest, deal: DealId(longest), user: UserId(longest) };
    assert!("Voided - ".len() + super::super::limits::MAX_MEMO_CHARS + 1 + mark.to_string().len() <= 4000);
}

#[test]
fn keeps_all_lines_of_a_street() {
    assert_eq!(address::split_street("a\r\n\nb\nc"), ["a", "b", "c"]);
    assert_eq!(address::split_street("a\nb\nc\nd\ne\n f "), ["a", "b", "c", "d", "e, f"]);
    assert_eq!(address::split_street(" "), [""; 0]);
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
        let mut form = Form { discount, tax_mode: TaxMode::from_name(mode), invoice_code: "3".into(), currency: currency.into(), ..form() };
        if is_amount {
            form.discount_kind = AmountKind::Amount;
        }
        let line = |(quantity, unit_price, discount)| FormLine { quantity, unit_price, discount, ..form.lines[0].clone() };
        form.lines = numbers.into_iter().map(line).collect();
        let rules = Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
        let totals = preview_form(&form, &rules).printed.map(|printed| printed.totals);
        // A valid form has totals.
        prop_assert!(validate_form(&form, &rules).is_err() || totals.is_some());
    }
}

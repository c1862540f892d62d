//! Tests of the validation of forms.

mod companies;
mod limits;

use super::*;
use crate::{
    catalogue::{Catalogue, Item},
    customer::CustomerField,
    form::FormLine,
    number::DecimalMark,
    tax::{NON_TAXABLE, Rounding, TaxBase, TaxCode, TaxRate},
};
use jiff::civil::date;

fn catalogue() -> Catalogue {
    let rate = TaxRate { id: "1".into(), name: "ISS".into(), percent: dec!(5), base: TaxBase::Amount };
    let code = TaxCode { id: "3".into(), name: "ISS 5%".into(), rates: vec![rate] };
    Catalogue {
        company_name: "Aurora".into(),
        country: "BR".into(),
        time_zone: String::new(),
        home_currency: Currency::BRL,
        currencies: vec![Currency::BRL, Currency::USD],
        tax: TaxModel::PerLine { codes: vec![code], rounding: Rounding::PerLine },
        terms: Vec::new(),
        items: vec![Item { id: "10".into(), name: "Work".into(), sku: None, tax_code: None, taxable: false }],
        income_accounts: Vec::new(),
        numbers_by_hand: false,
        multicurrency: true,
        discount_line: true,
        has_more_items: false,
        online_payment: false,
        closed_until: Some(date(2025, 12, 31)),
        custom_fields: Vec::new(),
    }
}

fn form() -> Form {
    let line = FormLine {
        item: "10".into(),
        quantity: "2".into(),
        unit_price: "1.234,50".into(),
        discount: "10".into(),
        tax_code: "3".into(),
        ..FormLine::default()
    };
    Form {
        customer: CREATE.into(),
        to: "Oceano: Azul".into(),
        issued: "2026-03-13".into(),
        due: "2026-03-20".into(),
        currency: "BRL".into(),
        lines: vec![line],
        ..Form::default()
    }
}

fn validate(form: &Form) -> Result<InvoiceRequest, Vec<FieldError>> {
    let catalogue = catalogue();
    let rules = Rules { catalogue: &catalogue, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
    validate_form(form, &rules)
}

fn check_problem(change: impl FnOnce(&mut Form), field: FormField, problem: Problem) {
    let mut form = form();
    change(&mut form);
    assert_eq!(validate(&form), Err(vec![FieldError { field, problem }]));
}

#[test]
fn converts_a_valid_form_to_a_request() {
    let request = validate(&form()).expect("a valid form");
    assert_eq!(request.customer, Choice::New("Oceano - Azul".into()));
    assert_eq!((request.lines[0].unit_price, request.lines[0].amount), (dec!(1234.50), dec!(2469)));
    assert_eq!((request.discount, request.amount()), (Some(Discount::Amount(dec!(246.90))), dec!(2222.10)));
    assert_eq!(request.total, dec!(2333.21));
}

#[test]
fn accepts_pasted_amounts() {
    let mut form = form();
    (form.discount, form.discount_kind) = ("R$ 100,00".into(), AmountKind::Amount);
    (form.lines[0].unit_price, form.lines[0].discount) = ("R$\u{a0}1.234,50".into(), "10 %".into());
    let request = validate(&form).expect("a valid form");
    // The line's discount is moved to the discount line: 246.90 + 100.
    assert_eq!((request.lines[0].unit_price, request.discount), (dec!(1234.50), Some(Discount::Amount(dec!(346.90)))));
}

#[test]
fn exports_only_confirmed_differences() {
    let updates = |customer: &str, is_ticked: bool| {
        let mut form = form();
        form.customer = customer.into();
        form.update_customer = is_ticked;
        form.agreed = vec![CustomerField::Email];
        validate(&form).expect("a valid form").update
    };
    assert_eq!(updates("58", true), [CustomerField::Email]);
    assert_eq!(updates("58", false), []);
    assert_eq!(updates(CREATE, true), []);
}

#[test]
fn refuses_a_total_that_is_negative_because_of_tax() {
    let mut company = catalogue();
    let exempt = TaxCode { id: "4".into(), name: "Isento".into(), rates: Vec::new() };
    let TaxModel::PerLine { codes, .. } = &mut company.tax else { panic!("a tax code for each line") };
    codes.push(exempt);
    let rules = Rules { catalogue: &company, customer: None, mark: DecimalMark::Comma, discounts_in_prices: false };
    let line = |price: &str, code: &str| FormLine {
        quantity: "1".into(),
        unit_price: price.into(),
        discount: String::new(),
        tax_code: code.into(),
        ..form().lines[0].clone()
    };
    let problems = |lines: [FormLine; 2]| validate_form(&Form { lines: lines.into(), ..form() }, &rules).err();
    let negative = FieldError { field: FormField::Lines, problem: Problem::NegativeTotal };
    assert_eq!(problems([line("100", "4"), line("-100", "3")]), Some(vec![negative]), "-5 of tax");
    assert_eq!(problems([line("100", "4"), line("-90", "3")]), None);
}

#[test]
fn reports_each_problem_at_its_field() {
    use Problem::{
        BeforeIssued, ClosedUntil, CustomerCurrency, Inactive, Missing, NegativeTotal, NotANumber, NotAPercentage,
        NotAnEmail, NotPositive, OtherCurrency, PartPending, PricesIn, TooMuch, Unknown, UnlikelyYear,
    };
    check_problem(|f| f.customer.clear(), FormField::Customer, Missing);
    check_problem(|f| f.to.clear(), FormField::To, Missing);
    check_problem(|f| f.email = "nobody".into(), FormField::Email, NotAnEmail);
    check_problem(|f| f.due = "2026-03-12".into(), FormField::Due, BeforeIssued);
    check_problem(|f| f.currency = "EUR".into(), FormField::Currency, Unknown);
    check_problem(|f| f.issued = "0026-03-13".into(), FormField::Issued, UnlikelyYear(26));
    check_problem(|f| f.due = "2206-03-20".into(), FormField::Due, UnlikelyYear(2206));
    check_problem(|f| f.issued = "2025-12-31".into(), FormField::Issued, ClosedUntil(date(2025, 12, 31)));
    check_problem(|f| f.cc = "a@b.example, nobody".into(), FormField::Cc, NotAnEmail);
    check_problem(|f| f.discount = "101".into(), FormField::InvoiceDiscount, NotAPercentage);
    check_problem(
        |f| {
            f.discount = "2.222,11".into();
            f.discount_kind = AmountKind::Amount;
        },
        FormField::InvoiceDiscount,
        TooMuch,
    );
    check_problem(|f| f.lines.clear(), FormField::Lines, Missing);
    check_problem(|f| f.lines[0].unit_price = "-1".into(), FormField::Lines, NegativeTotal);
    check_problem(|f| f.part = "25".into(), FormField::Part, PartPending);
    check_problem(|f| f.part = "-25".into(), FormField::Part, NotPositive);
    check_problem(|f| f.part = "101".into(), FormField::Part, NotAPercentage);
    check_problem(|f| f.priced_in = "USD".into(), FormField::Currency, PricesIn("USD".into()));
    check_problem(|f| f.lines[0].item.clear(), FormField::Item(0), Missing);
    check_problem(|f| f.lines[0].item = "11".into(), FormField::Item(0), Inactive);
    check_problem(|f| f.lines[0].quantity = "R$ 2".into(), FormField::Quantity(0), NotANumber);
    check_problem(|f| f.lines[0].unit_price = "US$ 5".into(), FormField::UnitPrice(0), OtherCurrency("BRL".into()));
    check_problem(
        |f| (f.discount, f.discount_kind) = ("5 €".into(), AmountKind::Amount),
        FormField::InvoiceDiscount,
        OtherCurrency("BRL".into()),
    );
    check_problem(|f| f.lines[0].quantity = "two".into(), FormField::Quantity(0), NotANumber);
    check_problem(|f| f.lines[0].quantity = "0".into(), FormField::Quantity(0), NotPositive);
    check_problem(|f| f.lines[0].discount = "101".into(), FormField::Discount(0), NotAPercentage);
    check_problem(|f| f.lines[0].tax_code.clear(), FormField::TaxCode(0), Missing);
    check_problem(
        |f| {
            f.customer = "58".into();
            f.customer_currency = "USD".into();
        },
        FormField::Currency,
        CustomerCurrency("USD".into()),
    );
}

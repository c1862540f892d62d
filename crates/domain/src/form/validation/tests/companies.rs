//! Tests of required fields, by the company's tax model, its customer and its closing date.

use super::{
    CREATE, Catalogue, Choice, FieldError, Form, FormField, FormLine, InvoiceRequest, MAX_LINES, NON_TAXABLE, Problem,
    Rules, TAXABLE, TaxMode, TaxModel, catalogue, check_problem, form, validate, validate_form,
};
use crate::{address::Address, catalogue::CustomField, customer::Customer, number::DecimalMark};
use jiff::civil::date;
use rust_decimal::{Decimal, dec};

fn validate_for(
    change: impl FnOnce(&mut Catalogue),
    customer: Option<&Customer>,
    form: &Form,
) -> Result<InvoiceRequest, Vec<FieldError>> {
    let mut catalogue = catalogue();
    change(&mut catalogue);
    validate_form(
        form,
        &Rules { catalogue: &catalogue, customer, mark: DecimalMark::Comma, discounts_in_prices: false },
    )
}

/// The tax model, then tax mode, tax code of the invoice and tax code of its line, then the expected result.
type Case<'a> = (&'a dyn Fn() -> TaxModel, [&'a str; 3], TaxResult);
/// For an invoice of 2,222.10: its tax code, the tax code of its line, and the total. Or the problem.
type TaxResult = Result<(Option<&'static str>, Option<&'static str>, Decimal), (FormField, Problem)>;

#[test]
fn each_tax_model_requires_its_codes() {
    let codes = || {
        let TaxModel::PerLine { codes, .. } = catalogue().tax else { panic!("a code for each line") };
        codes
    };
    let per_line = || catalogue().tax;
    let sales_tax = || TaxModel::SalesTax { codes: codes(), default: None };
    let (automated, untaxed) = (|| TaxModel::Automated, || TaxModel::None);
    let (net, gross) = (dec!(2222.10), dec!(2333.21));
    let (missing, unknown) = (Problem::Missing, Problem::Unknown);
    let cases: [Case<'_>; 23] = [
        (&per_line, ["excluded", "", "3"], Ok((None, Some("3"), gross))),
        (&per_line, ["excluded", "3", "3"], Ok((None, Some("3"), gross))),
        (&per_line, ["included", "", "3"], Ok((None, Some("3"), net))),
        (&per_line, ["excluded", "", "4"], Err((FormField::TaxCode(0), unknown.clone()))),
        (&per_line, ["excluded", "", ""], Err((FormField::TaxCode(0), missing.clone()))),
        (&per_line, ["none", "", ""], Ok((None, None, net))),
        (&per_line, ["none", "", "4"], Ok((None, None, net))),
        (&sales_tax, ["excluded", "3", TAXABLE], Ok((Some("3"), Some(TAXABLE), gross))),
        (&sales_tax, ["excluded", "3", NON_TAXABLE], Ok((Some("3"), Some(NON_TAXABLE), net))),
        (&sales_tax, ["excluded", "", NON_TAXABLE], Ok((None, Some(NON_TAXABLE), net))),
        (&sales_tax, ["excluded", "", TAXABLE], Err((FormField::InvoiceCode, missing.clone()))),
        (&sales_tax, ["excluded", "4", TAXABLE], Err((FormField::InvoiceCode, unknown.clone()))),
        (&sales_tax, ["excluded", "4", NON_TAXABLE], Err((FormField::InvoiceCode, unknown))),
        (&sales_tax, ["excluded", "3", "3"], Err((FormField::TaxCode(0), missing.clone()))),
        (&sales_tax, ["none", "3", TAXABLE], Ok((None, Some(NON_TAXABLE), net))),
        (&sales_tax, ["none", "4", ""], Ok((None, Some(NON_TAXABLE), net))),
        (&automated, ["excluded", "", TAXABLE], Ok((None, Some(TAXABLE), net))),
        (&automated, ["excluded", "3", NON_TAXABLE], Ok((None, Some(NON_TAXABLE), net))),
        (&automated, ["excluded", "", ""], Err((FormField::TaxCode(0), missing))),
        (&automated, ["none", "", TAXABLE], Ok((None, Some(NON_TAXABLE), net))),
        (&untaxed, ["excluded", "", ""], Ok((None, None, net))),
        (&untaxed, ["excluded", "3", "3"], Ok((None, None, net))),
        (&untaxed, ["none", "", ""], Ok((None, None, net))),
    ];
    for (model, [mode, invoice_code, line_code], expected) in cases {
        let mut form = Form { tax_mode: TaxMode::from_name(mode), invoice_code: invoice_code.into(), ..form() };
        form.lines[0].tax_code = line_code.into();
        let result = validate_for(|catalogue| catalogue.tax = model(), None, &form);
        let result = result
            .as_ref()
            .map(|request| (request.invoice_code.as_deref(), request.lines[0].tax_code.as_deref(), request.total))
            .map_err(|errors| errors.iter().map(|error| (error.field, error.problem.clone())).collect::<Vec<_>>());
        assert_eq!(
            result,
            expected.map_err(|problem| vec![problem]),
            "{:?} {mode} {invoice_code} {line_code}",
            model()
        );
    }
}

#[test]
fn a_line_with_included_tax_has_a_net_amount() {
    let nets = |mode: &str, code: &str| {
        let mut form = Form { tax_mode: TaxMode::from_name(mode), ..form() };
        form.lines[0].tax_code = code.into();
        validate(&form).expect("a valid form").lines[0].net
    };
    assert_eq!(nets("included", "3"), Some(dec!(2116.29)));
    assert_eq!(nets("excluded", "3"), None);
    let mut form = Form { tax_mode: TaxMode::Included, ..form() };
    form.lines[0].tax_code = "3".into();
    let untaxed = |catalogue: &mut Catalogue| catalogue.tax = TaxModel::None;
    assert_eq!(validate_for(untaxed, None, &form).expect("a valid form").lines[0].net, None);
}

#[test]
fn refuses_an_inactive_customer() {
    let customer = |id: &str, active| Customer {
        id: id.into(),
        display_name: "Oceano".into(),
        email: None,
        currency: None,
        tax_id: None,
        address: Address::default(),
        active,
        sync_token: "0".into(),
    };
    let form = Form { customer: "58".into(), ..form() };
    let inactive = FieldError { field: FormField::Customer, problem: Problem::Inactive };
    let validate = |customer: &Customer| validate_for(|_| (), Some(customer), &form).map(|request| request.customer);
    assert_eq!(validate(&customer("58", false)), Err(vec![inactive]));
    assert_eq!(validate(&customer("58", true)), Ok(Choice::Existing("58".into())));
    assert_eq!(validate(&customer("59", false)), Ok(Choice::Existing("58".into())), "another customer is inactive");
}

#[test]
fn an_invoice_has_the_currency_of_its_customer() {
    let mut form = Form { customer: "58".into(), customer_currency: "BRL".into(), ..form() };
    assert!(validate(&form).is_ok());
    form.customer_currency.clear();
    assert!(validate(&form).is_ok(), "the currency is unknown");
    (form.customer, form.customer_currency) = (CREATE.into(), "USD".into());
    assert!(validate(&form).is_ok(), "the currency of the customer chosen before");
    for (code, problem) in [("", Problem::Missing), ("ZZZ", Problem::Unknown)] {
        form.currency = code.into();
        assert_eq!(validate(&form), Err(vec![FieldError { field: FormField::Currency, problem }]));
    }
}

#[test]
fn prints_the_billed_party_if_it_is_not_the_customer() {
    let attention = |customer: &str, name: &str, to: &str| {
        let form = Form { customer: customer.into(), customer_name: name.into(), to: to.into(), ..form() };
        validate(&form).expect("a valid form").attention
    };
    assert_eq!(attention("58", "Oceano", "Ana"), "Ana");
    assert_eq!(attention("58", " Oceano", "Oceano "), "");
    assert_eq!(attention(CREATE, "Oceano", "Ana"), "Ana");
    assert_eq!(attention(CREATE, "", "Oceano: Azul"), "");
}

#[test]
fn compares_dates_with_each_other_and_with_closed_books() {
    let closed = Problem::ClosedUntil(date(2025, 12, 31));
    for (field, issued, due, problem) in [
        (FormField::Issued, " ", "2026-03-20", Problem::Missing),
        (FormField::Issued, "13/03/2026", "2026-03-20", Problem::NotADate),
        (FormField::Issued, "2025-12-30", "2026-03-20", closed),
        (FormField::Due, "2026-03-13", "", Problem::Missing),
        (FormField::Due, "2026-03-13", "2026-02-30", Problem::NotADate),
    ] {
        check_problem(|form| (form.issued, form.due) = (issued.into(), due.into()), field, problem);
    }
    for (issued, due) in [("2026-03-13", "2026-03-13"), ("2026-01-01", " 2026-03-20 ")] {
        assert!(validate(&Form { issued: issued.into(), due: due.into(), ..form() }).is_ok(), "{issued} {due}");
    }
}

#[test]
fn a_discount_cannot_exceed_the_amount() {
    use Problem::{NotAPercentage, NotPositive};
    let discounts = |form: &mut Form, line: &str, whole: &str, kind: &str| {
        form.lines[0].discount = line.into();
        (form.discount, form.discount_kind) = (whole.into(), kind.to_owned().into());
    };
    check_problem(|form| discounts(form, "-0,01", "", ""), FormField::Discount(0), NotAPercentage);
    check_problem(|form| discounts(form, "100,01", "", ""), FormField::Discount(0), NotAPercentage);
    check_problem(|form| discounts(form, "", "-0,01", "percent"), FormField::InvoiceDiscount, NotAPercentage);
    check_problem(|form| discounts(form, "", "100,01", "percent"), FormField::InvoiceDiscount, NotAPercentage);
    check_problem(|form| discounts(form, "", "-0,01", "amount"), FormField::InvoiceDiscount, NotPositive);
    let large = "1".repeat(28);
    check_problem(|form| discounts(form, "", &large, "percent"), FormField::InvoiceDiscount, NotAPercentage);
    for (line, whole, kind, total) in [
        ("0", "0", "percent", dec!(2592.45)),
        ("100", "", "", dec!(0)),
        ("10", "100", "percent", dec!(0)),
        ("10", "2222,10", "amount", dec!(0)),
        ("10", "2222,09", "amount", dec!(0.01)),
    ] {
        let mut form = form();
        discounts(&mut form, line, whole, kind);
        assert_eq!(validate(&form).map(|request| request.total), Ok(total), "{line} {whole} {kind}");
    }
}

#[test]
fn limits_the_number_of_lines() {
    let lines = |count: usize| {
        let one = FormLine { discount: String::new(), unit_price: "1".into(), ..form().lines[0].clone() };
        validate(&Form { lines: vec![one; count], ..form() }).map(|request| request.lines.len())
    };
    assert_eq!(lines(MAX_LINES), Ok(MAX_LINES));
    let problem = Problem::TooLong(MAX_LINES);
    assert_eq!(lines(MAX_LINES + 1), Err(vec![FieldError { field: FormField::Lines, problem }]));
}

#[test]
fn names_a_new_item_by_the_first_filled_name() {
    let item = |item_name: &str, name: &str, description: &str| {
        let mut form = form();
        let line = FormLine {
            item: CREATE.into(),
            item_name: item_name.into(),
            name: name.into(),
            description: description.into(),
            ..form.lines.remove(0)
        };
        validate(&Form { lines: vec![line], ..form }).map(|request| request.lines[0].item.clone())
    };
    let new = |name: &str| Ok(Choice::New(name.into()));
    assert_eq!(item("Work", "Product", "Text"), new("Work"));
    assert_eq!(item(" ", "Product", "Text"), new("Product"));
    assert_eq!(item("", "", "Text"), new("Text"));
    assert_eq!(item("", " ", ""), Err(vec![FieldError { field: FormField::Item(0), problem: Problem::Missing }]));
}

#[test]
fn sends_only_fields_that_the_company_has() {
    let mut form = Form { number: " F-1 ".into(), online_payment: true, ..form() };
    form.custom.extend([("2".into(), " PO ".into()), ("3".into(), " ".into()), ("4".into(), "else".into())]);
    let sent = |form: &Form, is_offered: bool| {
        let change = |catalogue: &mut Catalogue| {
            (catalogue.numbers_by_hand, catalogue.online_payment) = (is_offered, is_offered);
            let fields = if is_offered { &["2", "3"][..] } else { &[] };
            catalogue.custom_fields =
                fields.iter().map(|id| CustomField { id: (*id).into(), name: String::new() }).collect();
        };
        let request = validate_for(change, None, form).expect("a valid form");
        (request.number, request.online_payment, request.custom)
    };
    assert_eq!(sent(&form, true), (Some("F-1".into()), Some(true), vec![("2".into(), "PO".into())]));
    assert_eq!(sent(&form, false), (None, None, Vec::new()));
    (form.number, form.online_payment) = (" ".into(), false);
    let (number, online_payment, _) = sent(&form, true);
    assert_eq!((number, online_payment), (None, Some(false)));
}

//! Faults of QuickBooks, with the expected fields and problems.

use super::*;
use domain::{address::Address, invoice_request::RequestLine};
use iso_currency::Currency;
use jiff::civil::date;
use rust_decimal::{Decimal, dec};

fn line(item: &str, amount: Decimal, tax_code: Option<&str>) -> RequestLine {
    RequestLine {
        product: None,
        item: Choice::Existing(item.into()),
        description: "work".into(),
        quantity: dec!(1),
        unit_price: amount,
        amount,
        net: None,
        tax_code: tax_code.map(str::to_owned),
    }
}

/// An invoice for customer 58 with the items 11, 12 and 13, of which the last has no tax code.
fn request() -> InvoiceRequest {
    InvoiceRequest {
        customer: Choice::Existing("58".into()),
        attention: String::new(),
        email: "ap@cascade.example".into(),
        tax_id: String::new(),
        address: Address::default(),
        issued: date(2026, 3, 13),
        due: date(2026, 3, 20),
        currency: Currency::USD,
        number: Some("1044".into()),
        invoice_code: None,
        message: String::new(),
        memo: String::new(),
        cc: String::new(),
        online_payment: None,
        custom: Vec::new(),
        update: Vec::new(),
        tax_mode: TaxMode::Excluded,
        discount: None,
        discount_amount: Decimal::ZERO,
        rate: None,
        lines: vec![line("11", dec!(100), Some("3")), line("12", dec!(1861.07), Some("4")), line("13", dec!(5), None)],
        total: dec!(1966.07),
    }
}

fn fault(code: &str, element: &str, detail: &str) -> Fault {
    Fault { code: code.into(), detail: detail.into(), element: element.into() }
}

fn explain_at(step: Step, request: &InvoiceRequest, fault: &Fault) -> Vec<FieldError> {
    let Fault { code, detail, element } = fault.clone();
    let refusal = Refusal { code, detail, element, ..Refusal::default() };
    explain(&refusal, &Context { request, customer: None, step })
}

/// Checks the explanation of a fault of the invoice itself.
#[track_caller]
fn check(code: &str, element: &str, detail: &str, expected: &[(FormField, Problem)]) {
    check_with(&request(), Step::CreateInvoice, code, element, detail, expected);
}

#[track_caller]
fn check_with(
    request: &InvoiceRequest,
    step: Step,
    code: &str,
    element: &str,
    detail: &str,
    expected: &[(FormField, Problem)],
) {
    let expected: Vec<FieldError> =
        expected.iter().cloned().map(|(field, problem)| FieldError { field, problem }).collect();
    assert_eq!(explain_at(step, request, &fault(code, element, detail)), expected, "{code} {element:?} {detail:?}");
}

fn explained(cause: Cause, detail: &str) -> Problem {
    Problem::Explained(cause, detail.into())
}

const INACTIVE: &str = "Invalid Reference Id : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.";

#[test]
fn an_inactive_reference_is_reported_only_at_the_named_field() {
    use FormField::{Customer, Item, Lines, Whole};
    use Problem::{Inactive, Unknown};
    check("2500", "", INACTIVE, &[(Whole, explained(Cause::Reference, INACTIVE))]);
    check("610", "", INACTIVE, &[(Whole, explained(Cause::Reference, INACTIVE))]);
    check("2500", "Line.SalesItemLineDetail.ItemRef", "Line.SalesItemLineDetail.ItemRef", &[(Lines, Inactive)]);
    check("2500", "", "Invalid Reference Id : Line.SalesItemLineDetail.ItemRef", &[(Lines, Inactive)]);
    check("2500", "", "Line 2: ItemRef is invalid", &[(Item(1), Inactive)]);
    check("2500", "", "Line 9: ItemRef is invalid", &[(Lines, Inactive)]);
    check("2500", "", "Invalid Reference Id : Names element id 58 not found", &[(Customer, Inactive)]);
    let other = "Invalid Reference Id : Names element id 583 not found";
    check("2500", "", other, &[(Whole, explained(Cause::Reference, other))]);
    check("2500", "", "Invalid Reference Id : Items element id 12 not found", &[(Item(1), Inactive)]);
    check("2500", "", "Invalid Reference Id : Items element id 99 not found", &[(Lines, Inactive)]);
    for (list, cause) in
        [("Accounts", Cause::Account), ("Klasses", Cause::Class), ("Depts", Cause::Class), ("Terms", Cause::Term)]
    {
        let detail = format!("Invalid Reference Id : {list} element id 58 not found");
        check("2500", "", &detail, &[(Whole, explained(cause, &detail))]);
    }
    check("2500", "", "TaxCodes element id 4 not found", &[(FormField::TaxCode(1), Unknown)]);
    check("2500", "Line.SalesItemLineDetail.TaxCodeRef", INACTIVE, &[(Lines, Unknown)]);
    check("2500", "CurrencyRef", INACTIVE, &[(FormField::Currency, Unknown)]);
    check("2500", "CustomerRef", INACTIVE, &[(Customer, Inactive)]);
    check("2500", "SalesTermRef", INACTIVE, &[(Whole, explained(Cause::Term, INACTIVE))]);

    let mut one = request();
    one.lines.truncate(1);
    let element = "Line.SalesItemLineDetail.ItemRef";
    check_with(&one, Step::CreateInvoice, "2500", element, INACTIVE, &[(Item(0), Inactive)]);
    let twice = InvoiceRequest {
        lines: vec![line("12", dec!(1), None), line("11", dec!(1), None), line("12", dec!(2), None)],
        ..request()
    };
    let detail = "Items element id 12 not found";
    check_with(&twice, Step::CreateInvoice, "2500", "", detail, &[(Item(0), Inactive), (Item(2), Inactive)]);
    check_with(&request(), Step::UpdateCustomer, "610", "", INACTIVE, &[(Customer, Inactive)]);
    check_with(&request(), Step::CreateItem(1), "2500", "", INACTIVE, &[(Whole, explained(Cause::Account, INACTIVE))]);
}

#[test]
fn a_taken_name_is_reported_at_the_field_of_the_step() {
    let name = "The name supplied already exists. : Another customer, vendor or employee is already using this \nname. Please use a different name.";
    check_with(&request(), Step::CreateCustomer, "6240", "", name, &[(FormField::Customer, Problem::NameTaken)]);
    check_with(
        &request(),
        Step::CreateItem(2),
        "6240",
        "",
        name,
        &[(FormField::Item(2), explained(Cause::ItemNameTaken, name))],
    );
    check("6240", "", name, &[(FormField::Whole, Problem::Refused(name.into()))]);
    let number = "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=1044 is assigned to TxnType=Invoice with TxnId=145";
    check("6140", "", number, &[(FormField::Number, Problem::NumberTaken)]);
    let unnumbered = InvoiceRequest { number: None, ..request() };
    check_with(
        &unnumbered,
        Step::CreateInvoice,
        "6140",
        "",
        number,
        &[(FormField::Whole, explained(Cause::NumberAssigned, number))],
    );
}

#[test]
fn a_missing_tax_code_is_reported_at_the_lines_without_one() {
    for detail in [
        "Business Validation Error: Make sure all your transactions have a GST/HST rate before you save.",
        "Business Validation Error: Make sure all your transactions have a VAT rate before you save.",
    ] {
        check("6000", "", detail, &[(FormField::TaxCode(2), Problem::Missing)]);
        let untaxed = InvoiceRequest { tax_mode: TaxMode::None, ..request() };
        check_with(
            &untaxed,
            Step::CreateInvoice,
            "6000",
            "",
            detail,
            &[(FormField::Lines, explained(Cause::TaxRequired, detail))],
        );
    }
    let filed = "Business Validation Error: This transaction is in a VAT period that was filed.";
    check("6000", "", filed, &[(FormField::Whole, Problem::Refused(filed.into()))]);
    check(
        "6100",
        "Line.SalesItemLineDetail.TaxCodeRef",
        "Invalid tax rate id - 4",
        &[(FormField::TaxCode(1), Problem::Unknown)],
    );
    check("6100", "", "Invalid tax rate id - 77", &[(FormField::Lines, Problem::Unknown)]);
}

#[test]
fn a_refused_query_or_property_is_reported_at_no_field() {
    let class = "Unrecognized field \"Foo\" (class com.intuit.schema.finance.v3.Invoice), not marked as ignorable (92 known properties: \"DocNumber\", \"CustomerRef\", \"TxnDate\", \"BillEmail\"])";
    check("2010", "", class, &[(FormField::Whole, explained(Cause::Request, class))]);
    let context = "QueryValidationError: invalid context declaration: CustomerRef";
    check("4001", "", context, &[(FormField::Whole, explained(Cause::Request, context))]);
    let parsing =
        "QueryParserError: Encountered \" <IDENTIFIER> \"Foo \"\" at line 1, column 29. Was expecting DocNumber";
    check("4000", "", parsing, &[(FormField::Whole, explained(Cause::Request, parsing))]);
    // The address is that of another invoice.
    let address = "To email address entered is invalid";
    check("4002", "", address, &[(FormField::Whole, explained(Cause::OtherEmailAddress, address))]);
}

#[test]
fn an_invalid_value_is_reported_at_the_named_field() {
    let length =
        "String length specified does not match the supported length. Min:0 Max:21 supported. Supplied length:45";
    check("2050", "DocNumber", length, &[(FormField::Number, Problem::TooLong(21))]);
    check("2050", "BillAddr.City", length, &[(FormField::City, Problem::TooLong(21))]);
    check("2050", "", length, &[(FormField::Whole, explained(Cause::Value, length))]);
    check("2020", "Line", "Required parameter Line is missing in the request", &[(FormField::Lines, Problem::Missing)]);
    check("2020", "", "Required parameter DueDate is missing in the request", &[(FormField::Due, Problem::Missing)]);
    let unnamed = "Required parameter Foo is missing in the request";
    check("2020", "Foo", unnamed, &[(FormField::Whole, explained(Cause::Required, unnamed))]);
    check("2030", "Id", "Id should be a valid number. Supplied value:12", &[(FormField::Item(1), Problem::Unknown)]);
    let id = "Id should be a valid number. Supplied value:QB:7";
    check("2030", "Id", id, &[(FormField::Whole, explained(Cause::Request, id))]);
    let amount = "Amount is not equal to UnitPrice * Qty. Supplied value:1,861.07";
    check("6070", "", amount, &[(FormField::UnitPrice(1), explained(Cause::Amount, amount))]);
    let amount = "Amount is not equal to UnitPrice * Qty. Supplied value:7.00";
    check("6070", "", amount, &[(FormField::Lines, explained(Cause::Amount, amount))]);
    let email = "Email Address does not conform to the RFC 822 standard.";
    check("2210", "BillEmailCc.Address", email, &[(FormField::Cc, Problem::NotAnEmail)]);
    check("2210", "", email, &[(FormField::Email, Problem::NotAnEmail)]);
    let both = InvoiceRequest { cc: "b@cascade.example".into(), ..request() };
    check_with(
        &both,
        Step::CreateInvoice,
        "2210",
        "",
        email,
        &[(FormField::Whole, explained(Cause::EmailAddress, email))],
    );
    let currency = "Business Validation Error: You can only use one foreign currency per transaction.";
    check("6000", "", currency, &[(FormField::Currency, explained(Cause::Currency, currency))]);
    check("6210", "", "You have closed the books through 2026-03-31.", &[(FormField::Issued, Problem::PeriodClosed)]);
}

#[test]
fn an_unknown_code_quotes_quickbooks() {
    check("9999", "", "Nobody has seen this.", &[(FormField::Whole, Problem::Refused("Nobody has seen this.".into()))]);
    check("9999", "DueDate", "Odd.", &[(FormField::Due, Problem::Refused("Odd.".into()))]);
}

#[test]
fn all_faults_are_explained_without_duplicates() {
    let refusal = Refusal {
        code: "2050".into(),
        detail: "Min:0 Max:21 supported. Supplied length:45".into(),
        element: "DocNumber".into(),
        others: vec![
            fault("2210", "BillEmail", "no address"),
            fault("2500", "", "Items element id 12 not found"),
            fault("2500", "", "Items element id 12 not found"),
        ]
        .into(),
        ..Refusal::default()
    };
    let request = request();
    let errors = explain(&refusal, &Context { request: &request, customer: None, step: Step::CreateInvoice });
    let fields: Vec<FormField> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, [FormField::Number, FormField::Email, FormField::Item(1)]);
}

/// The codes that QuickBooks' reference documents for writes of invoices, customers, items and terms, and for void, delete and send.
const CODES: [&str; 54] = [
    "100", "110", "120", "130", "140", "150", "500", "610", "620", "700", "800", "1040", "1050", "2000", "2010",
    "2020", "2030", "2040", "2050", "2060", "2070", "2080", "2090", "2100", "2110", "2130", "2140", "2170", "2200",
    "2210", "2220", "2290", "2500", "2600", "3000", "3100", "3200", "4000", "4001", "4002", "5010", "5020", "5030",
    "6070", "6090", "6100", "6140", "6190", "6200", "6250", "6420", "6430", "6450", "6540",
];

#[test]
fn every_documented_code_has_an_explanation() {
    for code in CODES {
        let errors = explain_at(Step::CreateInvoice, &request(), &fault(code, "", "Their words."));
        assert!(!errors.is_empty(), "{code}");
        assert!(!errors.iter().any(|error| matches!(error.problem, Problem::Refused(_))), "{code} has no explanation");
    }
}

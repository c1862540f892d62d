//! Validation: converts a form to an invoice request, or lists all problems.

mod limits;
mod lines;

pub use limits::{check_preset, check_recipient, looks_like_email, to_item_name};

use limits::selected_updates;
use lines::check_lines;

use super::{
    AmountKind, CREATE, FieldError, Form, FormField, MAX_LINES, PrintedInvoice, Problem, Rules, parse_discount,
    preview_form,
};
use crate::{
    address::Address,
    billing::Part,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    money::checked_sum,
    tax::{TAXABLE, TaxMode, TaxModel},
    totals::{Discount, is_within_limit},
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use std::ops::RangeInclusive;

/// Converts a form to an invoice request. Returns all problems, not just the first.
pub fn validate_form(form: &Form, rules: &Rules<'_>) -> Result<InvoiceRequest, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut add_problem = |field, problem| errors.push(FieldError { field, problem });
    let mode = form.tax_mode;
    limits::check_texts(form, rules, &mut add_problem);
    let customer = check_customer(form, rules, &mut add_problem);
    let dates = check_dates(form, rules, &mut add_problem);
    let currency = check_currency(form, rules, &mut add_problem);
    check_number(form, rules, &mut add_problem);
    check_invoice_code(form, rules, mode, &mut add_problem);
    check_discount(form, rules, currency, &mut add_problem);
    let printed = preview_form(form, rules).printed;
    check_sum(form, rules, printed.as_ref(), &mut add_problem);
    let lines = check_lines(form, rules, currency, printed.as_ref(), &mut add_problem);

    let total = printed.as_ref().map(|printed| printed.totals.total).unwrap_or_default();
    if !is_within_limit(total) {
        add_problem(FormField::Lines, Problem::TooLarge);
    }
    if errors.is_empty() {
        // A form without totals must not be confirmed. The total can be negative because of tax alone.
        let problem = if printed.is_none() {
            Some(Problem::TooLarge)
        } else {
            (total < Decimal::ZERO).then_some(Problem::NegativeTotal)
        };
        errors.extend(problem.map(|problem| FieldError { field: FormField::Lines, problem }));
    }
    match (customer, dates, currency) {
        (Some(customer), Some(dates), Some(currency)) if errors.is_empty() => {
            Ok(build_request(form, rules, RequestParts { customer, dates, currency, lines, printed }))
        }
        _ => Err(errors),
    }
}

/// The parts of a form, converted without a problem.
struct RequestParts {
    customer: Choice,
    /// The issue date and the due date.
    dates: (Date, Date),
    currency: Currency,
    lines: Vec<RequestLine>,
    printed: Option<PrintedInvoice>,
}

fn build_request(form: &Form, rules: &Rules<'_>, parts: RequestParts) -> InvoiceRequest {
    let RequestParts { customer, dates: (issued, due), currency, lines, printed } = parts;
    let mode = form.tax_mode;
    let (to, number) = (form.to.trim(), form.number.trim());
    let own_name = match &customer {
        Choice::New(name) => name,
        Choice::Existing(_) => form.customer_name.trim(),
    };
    let attention = if crate::customer::to_display_name(to) == own_name { String::new() } else { to.to_owned() };
    InvoiceRequest {
        customer,
        attention,
        email: form.email.trim().to_owned(),
        tax_id: form.tax_id.trim().to_owned(),
        address: Address {
            street: form.street.trim().to_owned(),
            city: form.city.trim().to_owned(),
            state: form.state.trim().to_owned(),
            postal_code: form.postal_code.trim().to_owned(),
            country: form.country.trim().to_owned(),
        },
        issued,
        due,
        currency,
        number: (rules.catalogue.numbers_by_hand && !number.is_empty()).then(|| number.to_owned()),
        invoice_code: (mode != TaxMode::None && !form.invoice_code.is_empty())
            .then(|| form.invoice_code.clone())
            .filter(|_| matches!(rules.catalogue.tax, TaxModel::SalesTax { .. })),
        message: form.message.trim().to_owned(),
        memo: form.memo.trim().to_owned(),
        cc: form.cc.trim().to_owned(),
        online_payment: rules.catalogue.online_payment.then_some(form.online_payment),
        custom: collect_custom_fields(form, rules),
        update: selected_updates(form),
        tax_mode: mode,
        discount: printed.as_ref().and_then(|printed| printed.discount),
        discount_amount: printed.as_ref().map(|printed| printed.totals.invoice_discount).unwrap_or_default(),
        rate: form.exchange_rate(),
        lines,
        total: printed.map(|printed| printed.totals.total).unwrap_or_default(),
    }
}

/// Checks the customer and the e-mail address.
fn check_customer(form: &Form, rules: &Rules<'_>, add_problem: &mut impl FnMut(FormField, Problem)) -> Option<Choice> {
    let customer = match form.customer.as_str() {
        "" => {
            add_problem(FormField::Customer, Problem::Missing);
            None
        }
        CREATE => {
            let typed = if form.customer_name.trim().is_empty() { &form.to } else { &form.customer_name };
            let name = crate::customer::to_display_name(typed);
            if name.is_empty() {
                add_problem(FormField::To, Problem::Missing);
            }
            Some(Choice::New(name))
        }
        id => {
            if rules.customer.is_some_and(|customer| customer.id == id && !customer.active) {
                add_problem(FormField::Customer, Problem::Inactive);
            }
            Some(Choice::Existing(id.to_owned()))
        }
    };
    let email = form.email.trim();
    if limits::fits(email, limits::MAX_EMAIL_CHARS) && !email.is_empty() && !looks_like_email(email) {
        add_problem(FormField::Email, Problem::NotAnEmail);
    }
    customer
}

/// Checks the issue date and the due date.
fn check_dates(
    form: &Form,
    rules: &Rules<'_>,
    add_problem: &mut impl FnMut(FormField, Problem),
) -> Option<(Date, Date)> {
    let issued = parse_date(&form.issued, FormField::Issued, add_problem);
    let due = parse_date(&form.due, FormField::Due, add_problem);
    if let (Some(issued), Some(closed)) = (issued, rules.catalogue.closed_until)
        && issued <= closed
    {
        add_problem(FormField::Issued, Problem::ClosedUntil(closed));
    }
    if let (Some(issued), Some(due)) = (issued, due)
        && due < issued
    {
        add_problem(FormField::Due, Problem::BeforeIssued);
    }
    issued.zip(due)
}

fn check_currency(
    form: &Form,
    rules: &Rules<'_>,
    add_problem: &mut impl FnMut(FormField, Problem),
) -> Option<Currency> {
    match Currency::from_code(&form.currency) {
        None if form.currency.is_empty() => {
            add_problem(FormField::Currency, Problem::Missing);
            None
        }
        Some(currency) if rules.catalogue.currencies.contains(&currency) => {
            if form.customer != CREATE
                && !form.customer_currency.is_empty()
                && form.customer_currency != currency.code()
            {
                add_problem(FormField::Currency, Problem::CustomerCurrency(form.customer_currency.clone()));
            }
            Some(currency)
        }
        _ => {
            add_problem(FormField::Currency, Problem::Unknown);
            None
        }
    }
}

/// Checks that the invoice has a number if QuickBooks requires one: in a French company that numbers by hand.
fn check_number(form: &Form, rules: &Rules<'_>, add_problem: &mut impl FnMut(FormField, Problem)) {
    if form.number.trim().is_empty() && rules.catalogue.numbers_by_hand && rules.catalogue.country == "FR" {
        add_problem(FormField::Number, Problem::Missing);
    }
}

/// Checks the tax code for the whole invoice of a US company.
fn check_invoice_code(form: &Form, rules: &Rules<'_>, mode: TaxMode, add_problem: &mut impl FnMut(FormField, Problem)) {
    if !matches!(rules.catalogue.tax, TaxModel::SalesTax { .. }) || mode == TaxMode::None {
        return;
    }
    let has_taxable_line = form.lines.iter().any(|line| line.tax_code == TAXABLE);
    if form.invoice_code.is_empty() {
        if has_taxable_line {
            add_problem(FormField::InvoiceCode, Problem::Missing);
        }
    } else if rules.catalogue.tax.code(&form.invoice_code).is_none() {
        add_problem(FormField::InvoiceCode, Problem::Unknown);
    }
}

/// Checks the discount on the whole invoice.
fn check_discount(
    form: &Form,
    rules: &Rules<'_>,
    currency: Option<Currency>,
    add_problem: &mut impl FnMut(FormField, Problem),
) {
    let problem = match parse_discount(form, rules) {
        Err(error) if form.discount_kind == AmountKind::Amount => Some(error.positive_problem(currency)),
        Err(error) => Some(error.percent_problem()),
        Ok(Some(Discount::Percent(percent))) if !(Decimal::ZERO..=dec!(100)).contains(&percent) => {
            Some(Problem::NotAPercentage)
        }
        Ok(Some(Discount::Amount(amount))) if amount.is_sign_negative() => Some(Problem::NotPositive),
        Ok(Some(Discount::Amount(amount))) if !is_within_limit(amount) => Some(Problem::TooLarge),
        Ok(Some(Discount::Amount(amount))) => {
            let undiscounted = Form { discount: String::new(), ..form.clone() };
            let totals = preview_form(&undiscounted, rules).printed.map(|printed| printed.totals);
            let max_discount = totals.and_then(|totals| totals.subtotal.checked_sub(totals.discount));
            max_discount.filter(|max| amount > *max).map(|_| Problem::TooMuch)
        }
        Ok(_) => None,
    };
    if let Some(problem) = problem {
        add_problem(FormField::InvoiceDiscount, problem);
    }
}

/// Checks the number of lines and their sum, that the typed part is applied, and that prices are in the invoice's
/// currency.
fn check_sum(
    form: &Form,
    rules: &Rules<'_>,
    printed: Option<&PrintedInvoice>,
    add_problem: &mut impl FnMut(FormField, Problem),
) {
    if form.lines.is_empty() {
        add_problem(FormField::Lines, Problem::Missing);
    } else if form.lines.len() > MAX_LINES {
        add_problem(FormField::Lines, Problem::TooLong(MAX_LINES));
    }
    let net = printed.and_then(|printed| checked_sum(printed.totals.nets.iter().copied()));
    if net.is_some_and(|net| net < Decimal::ZERO) {
        add_problem(FormField::Lines, Problem::NegativeTotal);
    }
    if form.part_is_pending() {
        let part = Part::from_form(form, rules.mark);
        add_problem(FormField::Part, part.err().unwrap_or(Problem::PartPending));
    }
    if form.prices_are_foreign() {
        add_problem(FormField::Currency, Problem::PricesIn(form.priced_in.clone()));
    }
}

fn parse_date(text: &str, field: FormField, add_problem: &mut impl FnMut(FormField, Problem)) -> Option<Date> {
    if text.trim().is_empty() {
        add_problem(field, Problem::Missing);
        return None;
    }
    let date: Option<Date> = text.trim().parse().ok();
    let likely = date.filter(|date| LIKELY_YEARS.contains(&date.year()));
    if likely.is_none() {
        add_problem(field, date.map_or(Problem::NotADate, |date| Problem::UnlikelyYear(date.year())));
    }
    likely
}

/// Accepted years of invoice dates. A browser's date field turns a typed `26` into the year 26.
const LIKELY_YEARS: RangeInclusive<i16> = 1990..=2100;

/// Collects the filled custom fields that the company has.
fn collect_custom_fields(form: &Form, rules: &Rules<'_>) -> Vec<(String, String)> {
    let value = |id: &String| form.custom.get(id).map(|value| value.trim()).unwrap_or_default();
    let fields = rules.catalogue.custom_fields.iter().map(|field| (field.id.clone(), value(&field.id).to_owned()));
    fields.filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests;

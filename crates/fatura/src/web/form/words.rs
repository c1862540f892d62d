//! Texts for the problems of a form, and the ids and names of its fields.

use super::super::refusals;
use crate::format::Writer;
use domain::{
    form::{FieldError, FormField, Problem},
    tax::TaxMode,
    totals::AMOUNT_LIMIT,
};
use i18n_embed_fl::fl;

/// Returns the words after an amount that say whether it includes tax. Empty if the company does not tax its sales.
pub(super) fn basis(w: Writer, mode: Option<TaxMode>) -> String {
    match mode {
        None => String::new(),
        Some(TaxMode::Included) => fl!(w.t, "amount-with-tax"),
        Some(_) => fl!(w.t, "amount-before-tax"),
    }
}

/// Returns the id of a field's input element.
pub(super) fn field_id(field: FormField) -> String {
    match field {
        FormField::Whole => "invoice-form".into(),
        FormField::Customer => "customer_name".into(),
        FormField::To => "to".into(),
        FormField::Email => "email".into(),
        FormField::TaxId => "tax_id".into(),
        FormField::Address => "street".into(),
        FormField::City => "city".into(),
        FormField::State => "state".into(),
        FormField::PostalCode => "postal_code".into(),
        FormField::Country => "country".into(),
        FormField::Issued => "issued".into(),
        FormField::Due => "due".into(),
        FormField::Currency => "currency".into(),
        FormField::Number => "number".into(),
        FormField::InvoiceCode => "invoice_code".into(),
        FormField::Message => "message".into(),
        FormField::Memo => "memo".into(),
        FormField::Cc => "cc".into(),
        FormField::Custom(id) => format!("custom-{id}"),
        FormField::InvoiceDiscount => "discount".into(),
        FormField::Part => "part".into(),
        FormField::Lines => "lines".into(),
        FormField::Item(at) => format!("lines-{at}-item"),
        FormField::Description(at) => format!("lines-{at}-description"),
        FormField::Quantity(at) => format!("lines-{at}-quantity"),
        FormField::UnitPrice(at) => format!("lines-{at}-unit_price"),
        FormField::Discount(at) => format!("lines-{at}-discount"),
        FormField::TaxCode(at) => format!("lines-{at}-tax_code"),
    }
}

/// Describes a problem, and what to do next.
pub(in crate::web) fn message(w: Writer, error: &FieldError) -> String {
    match (&error.problem, error.field) {
        (Problem::Missing, FormField::Customer) => fl!(w.t, "problem-choose-customer"),
        (Problem::Missing, FormField::Lines) => fl!(w.t, "problem-no-lines"),
        (Problem::Missing, FormField::Item(at)) => fl!(w.t, "problem-choose-item", line = (at + 1).to_string()),
        (Problem::Missing, FormField::TaxCode(at)) => fl!(w.t, "problem-choose-tax", line = (at + 1).to_string()),
        (Problem::Missing, field) => fl!(w.t, "problem-missing", field = label(w, field)),
        (Problem::NotANumber, field) => fl!(w.t, "problem-not-a-number", field = label(w, field)),
        (Problem::OtherCurrency(currency), field) => {
            fl!(w.t, "problem-other-currency", field = label(w, field), currency = currency.as_str())
        }
        (Problem::NotADate, field) => fl!(w.t, "problem-not-a-date", field = label(w, field)),
        (Problem::NotAnEmail, _) => fl!(w.t, "problem-not-an-email"),
        (Problem::TooLong(most), field) => {
            fl!(w.t, "problem-too-long", field = label(w, field), most = most.to_string())
        }
        (Problem::ControlCharacter, field) => fl!(w.t, "problem-control-character", field = label(w, field)),
        (Problem::Unknown, field) => fl!(w.t, "problem-unknown", field = label(w, field)),
        (Problem::NotPositive, field) => fl!(w.t, "problem-not-positive", field = label(w, field)),
        (Problem::TooLarge, field) => {
            fl!(w.t, "problem-too-large", field = label(w, field), limit = w.number(&AMOUNT_LIMIT))
        }
        (Problem::TooManyDecimals(most), field) => {
            fl!(w.t, "problem-too-many-decimals", field = label(w, field), most = most.to_string())
        }
        (Problem::NotAPercentage, field) => fl!(w.t, "problem-not-a-percentage", field = label(w, field)),
        (Problem::BeforeIssued, _) => fl!(w.t, "problem-before-issued"),
        (Problem::UnlikelyYear(year), field) => {
            fl!(w.t, "problem-unlikely-year", field = label(w, field), year = year.to_string())
        }
        (Problem::OtherCompany, _) => fl!(w.t, "problem-other-company"),
        (Problem::CustomerCurrency(currency), _) => fl!(w.t, "problem-customer-currency", currency = currency.as_str()),
        (Problem::NameTaken, _) => fl!(w.t, "problem-name-taken"),
        (Problem::NumberTaken, _) => fl!(w.t, "problem-number-taken"),
        (Problem::PeriodClosed, _) => fl!(w.t, "problem-period-closed"),
        (Problem::ClosedUntil(day), _) => fl!(w.t, "problem-closed-until", date = w.long_date(day)),
        (Problem::TooMuch, _) => fl!(w.t, "problem-too-much"),
        (Problem::Inactive, FormField::Customer) => fl!(w.t, "problem-customer-inactive"),
        (Problem::Inactive, _) => fl!(w.t, "problem-item-inactive"),
        (Problem::NegativeTotal, _) => fl!(w.t, "problem-negative-total"),
        (Problem::PartPending, _) => fl!(w.t, "problem-part-pending"),
        (Problem::PricesIn(currency), _) => fl!(w.t, "problem-prices-in", currency = currency.as_str()),
        (Problem::UnsupportedCharacter(character), _) => {
            fl!(w.t, "problem-unsupported-character", character = character.to_string())
        }
        (Problem::Explained(cause, detail), _) => refusals::describe_cause(w, *cause, detail),
        (Problem::Refused(detail), _) => refusals::describe_unknown(w, detail),
    }
}

/// Returns a field's name, as on its label.
fn label(w: Writer, field: FormField) -> String {
    match field {
        FormField::Whole => String::new(),
        FormField::Customer => fl!(w.t, "form-customer"),
        FormField::To => fl!(w.t, "form-to"),
        FormField::Email => fl!(w.t, "form-email"),
        FormField::TaxId => fl!(w.t, "form-tax-id"),
        FormField::Address => fl!(w.t, "form-address"),
        FormField::City => fl!(w.t, "form-city"),
        FormField::State => fl!(w.t, "form-state"),
        FormField::PostalCode => fl!(w.t, "form-postal-code"),
        FormField::Country => fl!(w.t, "form-country"),
        FormField::Issued => fl!(w.t, "form-issued"),
        FormField::Due => fl!(w.t, "form-due"),
        FormField::Currency => fl!(w.t, "form-currency"),
        FormField::Number => fl!(w.t, "form-number"),
        FormField::InvoiceCode => fl!(w.t, "form-invoice-code"),
        FormField::Message => fl!(w.t, "form-message"),
        FormField::Memo => fl!(w.t, "form-memo"),
        FormField::Cc => fl!(w.t, "form-cc"),
        FormField::Custom(_) => fl!(w.t, "form-custom"),
        FormField::InvoiceDiscount => fl!(w.t, "form-discount-sum"),
        FormField::Part => fl!(w.t, "form-part"),
        FormField::Lines => fl!(w.t, "form-lines"),
        FormField::Item(_) => fl!(w.t, "form-item"),
        FormField::Description(_) => fl!(w.t, "form-description"),
        FormField::Quantity(_) => fl!(w.t, "form-quantity"),
        FormField::UnitPrice(_) => fl!(w.t, "form-unit-price"),
        FormField::Discount(_) => fl!(w.t, "form-discount"),
        FormField::TaxCode(_) => fl!(w.t, "form-tax"),
    }
}

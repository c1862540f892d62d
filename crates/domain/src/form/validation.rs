//! Validation: converts a form to an invoice request, or lists all problems.

mod limits;

pub use limits::{check_preset, check_recipient, looks_like_email, to_item_name};

use limits::selected_updates;

use super::{
    CREATE, FieldError, Form, FormField, FormLine, MAX_LINES, Problem, Rules, parse_discount, parse_optional_percent,
    preview_form,
};
use crate::{
    address::Address,
    billing::Part,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    money::checked_sum,
    number::{AmountError, parse_amount, parse_decimal},
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::{Discount, LineAmounts, is_within_limit},
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use std::ops::RangeInclusive;

/// Converts a form to an invoice request. Returns all problems, not just the first.
pub fn validate_form(form: &Form, rules: &Rules<'_>) -> Result<InvoiceRequest, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut add_problem = |field, problem| errors.push(FieldError { field, problem });
    limits::check_texts(form, rules, &mut add_problem);

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
    let email = form.email.trim().to_owned();
    if limits::fits(&email, limits::MAX_EMAIL_CHARS) && !email.is_empty() && !looks_like_email(&email) {
        add_problem(FormField::Email, Problem::NotAnEmail);
    }
    let address = Address {
        street: form.street.trim().to_owned(),
        city: form.city.trim().to_owned(),
        state: form.state.trim().to_owned(),
        postal_code: form.postal_code.trim().to_owned(),
        country: form.country.trim().to_owned(),
    };
    let issued = parse_date(&form.issued, FormField::Issued, &mut add_problem);
    let due = parse_date(&form.due, FormField::Due, &mut add_problem);
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
    let currency = match Currency::from_code(&form.currency) {
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
    };
    let number = form.number.trim();
    // For a French company that numbers by hand, QuickBooks accepts no invoice without a number.
    if number.is_empty() && rules.catalogue.numbers_by_hand && rules.catalogue.country == "FR" {
        add_problem(FormField::Number, Problem::Missing);
    }
    let mode = TaxMode::from_name(&form.tax_mode);
    if let TaxModel::SalesTax { .. } = rules.catalogue.tax
        && mode != TaxMode::None
    {
        let taxable = form.lines.iter().any(|line| line.tax_code == TAXABLE);
        if form.invoice_code.is_empty() {
            if taxable {
                add_problem(FormField::InvoiceCode, Problem::Missing);
            }
        } else if rules.catalogue.tax.code(&form.invoice_code).is_none() {
            add_problem(FormField::InvoiceCode, Problem::Unknown);
        }
    }
    let cc = form.cc.trim().to_owned();
    let custom = collect_custom_fields(form, rules);
    let whole = parse_discount(form, rules);
    match whole {
        Err(error) if form.discount_kind == "amount" => {
            add_problem(FormField::InvoiceDiscount, error.positive_problem(currency));
        }
        Err(error) => add_problem(FormField::InvoiceDiscount, error.percent_problem()),
        Ok(Some(Discount::Percent(percent))) if !(Decimal::ZERO..=dec!(100)).contains(&percent) => {
            add_problem(FormField::InvoiceDiscount, Problem::NotAPercentage);
        }
        Ok(Some(Discount::Amount(amount))) if amount.is_sign_negative() => {
            add_problem(FormField::InvoiceDiscount, Problem::NotPositive);
        }
        Ok(Some(Discount::Amount(amount))) if !is_within_limit(amount) => {
            add_problem(FormField::InvoiceDiscount, Problem::TooLarge);
        }
        Ok(Some(Discount::Amount(amount))) => {
            let whole = Form { discount: String::new(), ..form.clone() };
            let before = preview_form(&whole, rules).printed.map(|printed| printed.totals);
            let max_discount = before.and_then(|sums| sums.subtotal.checked_sub(sums.discount));
            if max_discount.is_some_and(|max| amount > max) {
                add_problem(FormField::InvoiceDiscount, Problem::TooMuch);
            }
        }
        Ok(_) => {}
    }
    if form.lines.is_empty() {
        add_problem(FormField::Lines, Problem::Missing);
    } else if form.lines.len() > MAX_LINES {
        add_problem(FormField::Lines, Problem::TooLong(MAX_LINES));
    }
    let printed = preview_form(form, rules).printed;
    let net = printed.as_ref().and_then(|printed| checked_sum(printed.totals.nets.iter().copied()));
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
    let mut lines: Vec<RequestLine> = form
        .lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| check_line(at, line, rules, currency, mode, &mut add_problem))
        .collect();
    if let Some(printed) = &printed {
        for (at, line) in lines.iter_mut().enumerate() {
            let (Some(unit_price), Some(amount), Some(net)) = (
                printed.lines.get(at).and_then(LineAmounts::net_unit_price),
                printed.totals.lines.get(at),
                printed.totals.nets.get(at),
            ) else {
                continue;
            };
            line.unit_price = unit_price;
            line.amount = *amount;
            line.net = (mode == TaxMode::Included && net != amount).then_some(*net);
        }
    }

    let total = printed.as_ref().map(|printed| printed.totals.total).unwrap_or_default();
    if !is_within_limit(total) {
        add_problem(FormField::Lines, Problem::TooLarge);
    }
    if errors.is_empty() {
        // Nothing is confirmed that has no sums. The tax of a negative line alone may make a total negative.
        let problem = if printed.is_none() {
            Some(Problem::TooLarge)
        } else {
            (total < Decimal::ZERO).then_some(Problem::NegativeTotal)
        };
        errors.extend(problem.map(|problem| FieldError { field: FormField::Lines, problem }));
    }

    match (customer, issued, due, currency) {
        (Some(customer), Some(issued), Some(due), Some(currency)) if errors.is_empty() => {
            let to = form.to.trim();
            let own_name = match &customer {
                Choice::New(name) => name,
                Choice::Existing(_) => form.customer_name.trim(),
            };
            let attention =
                if crate::customer::to_display_name(to) == own_name { String::new() } else { to.to_owned() };
            Ok(InvoiceRequest {
                customer,
                attention,
                email,
                tax_id: form.tax_id.trim().to_owned(),
                address,
                issued,
                due,
                currency,
                number: (rules.catalogue.numbers_by_hand && !number.is_empty()).then(|| number.to_owned()),
                invoice_code: (mode != TaxMode::None && !form.invoice_code.is_empty())
                    .then(|| form.invoice_code.clone())
                    .filter(|_| matches!(rules.catalogue.tax, TaxModel::SalesTax { .. })),
                message: form.message.trim().to_owned(),
                memo: form.memo.trim().to_owned(),
                cc,
                online_payment: rules.catalogue.online_payment.then(|| form.online_payment == "on"),
                custom,
                update: selected_updates(form),
                tax_mode: mode,
                discount: printed.as_ref().and_then(|printed| printed.discount),
                discount_amount: printed.as_ref().map(|printed| printed.totals.invoice_discount).unwrap_or_default(),
                rate: form.exchange_rate(),
                lines,
                total,
            })
        }
        _ => Err(errors),
    }
}

fn parse_date(text: &str, field: FormField, add_problem: &mut impl FnMut(FormField, Problem)) -> Option<Date> {
    if text.trim().is_empty() {
        add_problem(field, Problem::Missing);
        return None;
    }
    let date: Option<Date> = text.trim().parse().ok();
    let likely = date.filter(|date| YEARS.contains(&date.year()));
    if likely.is_none() {
        add_problem(field, date.map_or(Problem::NotADate, |date| Problem::UnlikelyYear(date.year())));
    }
    likely
}

/// The years of an invoice. A browser's date field takes `26` for the year 26.
const YEARS: RangeInclusive<i16> = 1990..=2100;

fn check_line(
    at: usize,
    line: &FormLine,
    rules: &Rules<'_>,
    currency: Option<Currency>,
    mode: TaxMode,
    add_problem: &mut impl FnMut(FormField, Problem),
) -> Option<RequestLine> {
    let item = match line.item.as_str() {
        "" => {
            add_problem(FormField::Item(at), Problem::Missing);
            None
        }
        CREATE => {
            let typed =
                [&line.item_name, &line.name, &line.description].into_iter().find(|name| !name.trim().is_empty());
            let name = to_item_name(typed.map_or("", |name| name));
            if name.is_empty() {
                add_problem(FormField::Item(at), Problem::Missing);
            }
            Some(Choice::New(name))
        }
        id if rules.catalogue.items.iter().any(|item| item.id == id) => Some(Choice::Existing(id.to_owned())),
        _ => {
            add_problem(FormField::Item(at), Problem::Inactive);
            None
        }
    };
    let mut number = |text: &str, field, read: Result<Decimal, AmountError>| {
        if text.trim().is_empty() {
            add_problem(field, Problem::Missing);
        } else if let Err(error) = read {
            add_problem(
                field,
                if matches!(field, FormField::Quantity(_)) {
                    error.positive_problem(None)
                } else {
                    error.amount_problem(currency)
                },
            );
        }
        read.ok()
    };
    let quantity = parse_decimal(&line.quantity, rules.mark);
    let quantity = number(&line.quantity, FormField::Quantity(at), quantity);
    let unit_price = parse_amount(&line.unit_price, rules.mark, currency);
    let unit_price = number(&line.unit_price, FormField::UnitPrice(at), unit_price);
    if quantity.is_some_and(|quantity| quantity <= Decimal::ZERO) {
        add_problem(FormField::Quantity(at), Problem::NotPositive);
    }
    let discount_percent = parse_optional_percent(&line.discount, rules.mark);
    match discount_percent {
        Err(error) => add_problem(FormField::Discount(at), error.percent_problem()),
        Ok(percent) if !(Decimal::ZERO..=dec!(100)).contains(&percent) => {
            add_problem(FormField::Discount(at), Problem::NotAPercentage);
        }
        Ok(_) => {}
    }
    let tax_code = match rules.catalogue.tax {
        TaxModel::None => None,
        TaxModel::SalesTax { .. } | TaxModel::Automated if mode == TaxMode::None => Some(NON_TAXABLE.to_owned()),
        TaxModel::PerLine { .. } if mode == TaxMode::None => None,
        TaxModel::SalesTax { .. } | TaxModel::Automated => match line.tax_code.as_str() {
            TAXABLE | NON_TAXABLE => Some(line.tax_code.clone()),
            _ => {
                add_problem(FormField::TaxCode(at), Problem::Missing);
                None
            }
        },
        TaxModel::PerLine { .. } if line.tax_code.is_empty() => {
            add_problem(FormField::TaxCode(at), Problem::Missing);
            None
        }
        TaxModel::PerLine { .. } => {
            if rules.catalogue.tax.code(&line.tax_code).is_none() {
                add_problem(FormField::TaxCode(at), Problem::Unknown);
            }
            Some(line.tax_code.clone())
        }
    };
    let amounts = LineAmounts {
        quantity: quantity?,
        unit_price: unit_price?,
        discount_percent: discount_percent.ok()?,
        tax_code,
    };
    let amount = amounts.amount(currency?);
    if let Some(field) = limits::find_too_large_field(at, &amounts, amount) {
        add_problem(field, Problem::TooLarge);
    }
    let amount = amount?;
    Some(RequestLine {
        product: line.product.parse().ok(),
        item: item?,
        description: line.description.trim().to_owned(),
        quantity: amounts.quantity,
        unit_price: amounts.net_unit_price()?,
        amount,
        net: None,
        tax_code: amounts.tax_code,
    })
}

/// Collects the filled custom fields that the company has.
fn collect_custom_fields(form: &Form, rules: &Rules<'_>) -> Vec<(String, String)> {
    let value = |id: &String| form.custom.get(id).map(|value| value.trim()).unwrap_or_default();
    let fields = rules.catalogue.custom_fields.iter().map(|field| (field.id.clone(), value(&field.id).to_owned()));
    fields.filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests;

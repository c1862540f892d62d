//! The invoice form: its fields, its validation, and the preview of its totals.

mod fields;
mod validation;
mod values;

pub use fields::{CREATE, FieldError, Form, FormField, FormLine, Problem};
pub use validation::{check_preset, check_recipient, looks_like_email, to_item_name, validate_form};
pub use values::{AmountKind, DealValue};

use crate::{
    catalogue::Catalogue,
    customer::Customer,
    number::{AmountError, DecimalMark, parse_amount, parse_decimal, parse_percent},
    totals::{Discount, LineAmounts, Sale, Totals, compute_totals, move_discount_to_lines, move_discounts_to_invoice},
};
use iso_currency::Currency;
use rust_decimal::Decimal;

/// Maximum number of lines on a taxable transaction in QuickBooks.
pub const MAX_LINES: usize = 750;

/// The inputs of validation: the connected QuickBooks company and the person's decimal mark.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The company's lists.
    pub catalogue: &'a Catalogue,
    /// The chosen customer, if it was read.
    pub customer: Option<&'a Customer>,
    /// The person's decimal mark.
    pub mark: DecimalMark,
    /// Whether line discounts lower the printed unit price even if QuickBooks could print one discount line.
    pub discounts_in_prices: bool,
}

/// Parses the numbers of a line. Returns `None` if one cannot be parsed.
pub fn parse_line(line: &FormLine, mark: DecimalMark, currency: Option<Currency>) -> Option<LineAmounts> {
    Some(LineAmounts {
        quantity: parse_decimal(&line.quantity, mark).ok()?,
        unit_price: parse_amount(&line.unit_price, mark, currency).ok()?,
        discount_percent: parse_optional_percent(&line.discount, mark).ok()?,
        tax_code: (!line.tax_code.is_empty()).then(|| line.tax_code.clone()),
    })
}

fn parse_optional_percent(text: &str, mark: DecimalMark) -> Result<Decimal, AmountError> {
    if text.trim().is_empty() { Ok(Decimal::ZERO) } else { parse_percent(text, mark) }
}

/// Parses the invoice discount, if there is one.
fn parse_discount(form: &Form, rules: &Rules<'_>) -> Result<Option<Discount>, AmountError> {
    if form.discount.trim().is_empty() {
        return Ok(None);
    }
    let is_amount = form.discount_kind == AmountKind::Amount;
    let value = if is_amount {
        parse_amount(&form.discount, rules.mark, Currency::from_code(&form.currency))?
    } else {
        parse_percent(&form.discount, rules.mark)?
    };
    let discount = if is_amount { Discount::Amount(value) } else { Discount::Percent(value) };
    Ok((!value.is_zero()).then_some(discount))
}

/// The totals of a form, and its lines as QuickBooks will print them.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Printed amount of each line; `None` for a line that cannot be parsed.
    pub lines: Vec<Option<Decimal>>,
    /// The printed invoice; `None` while a line or the discount cannot be parsed.
    pub printed: Option<PrintedInvoice>,
}

impl Preview {
    /// The totals, if all lines can be parsed.
    pub fn totals(&self) -> Option<&Totals> {
        self.printed.as_ref().map(|printed| &printed.totals)
    }
}

/// The lines, discount and totals that QuickBooks will print.
#[derive(Debug, Clone)]
pub struct PrintedInvoice {
    /// The lines. Their prices do not contain the discounts that are in the discount line.
    pub lines: Vec<LineAmounts>,
    /// The discount line.
    pub discount: Option<Discount>,
    /// The totals.
    pub totals: Totals,
}

/// Computes the totals of a form as far as its lines can be parsed.
pub fn preview_form(form: &Form, rules: &Rules<'_>) -> Preview {
    let Some(currency) = Currency::from_code(&form.currency) else {
        return Preview { lines: vec![None; form.lines.len()], printed: None };
    };
    let parsed_lines: Vec<Option<LineAmounts>> =
        form.lines.iter().map(|line| parse_line(line, rules.mark, Some(currency))).collect();
    let lines: Vec<LineAmounts> = parsed_lines.iter().flatten().cloned().collect();
    let amounts: Vec<Option<Decimal>> =
        parsed_lines.iter().map(|line| line.as_ref().and_then(|line| line.amount(currency))).collect();
    let Some(discount) = parse_discount(form, rules).ok().filter(|_| lines.len() == form.lines.len()) else {
        return Preview { lines: amounts, printed: None };
    };
    let sale = Sale {
        lines: &lines,
        discount,
        mode: form.tax_mode,
        model: &rules.catalogue.tax,
        invoice_code: (!form.invoice_code.is_empty()).then_some(form.invoice_code.as_str()),
        currency,
    };
    match compute_printed(&sale, rules) {
        Some(printed) => {
            Preview { lines: printed.totals.lines.iter().copied().map(Some).collect(), printed: Some(printed) }
        }
        None => Preview { lines: amounts, printed: None },
    }
}

/// Computes how QuickBooks will print a sale. Returns `None` if the numbers are too large.
fn compute_printed(sale: &Sale<'_>, rules: &Rules<'_>) -> Option<PrintedInvoice> {
    // The functions below require a sale with totals.
    compute_totals(sale)?;
    let as_typed = || (sale.lines.to_vec(), sale.discount);
    let (lines, discount) = if !rules.catalogue.discount_line {
        (move_discount_to_lines(sale)?, None)
    } else if rules.discounts_in_prices {
        as_typed()
    } else {
        move_discounts_to_invoice(sale).map_or_else(as_typed, |(lines, discount)| (lines, Some(discount)))
    };
    let totals = compute_totals(&Sale { lines: &lines, discount, ..*sale })?;
    Some(PrintedInvoice { lines, discount, totals })
}

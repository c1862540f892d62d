//! The invoice form as it is typed, and the invoice that follows from it when nothing is missing.

mod check;
mod form;

pub use check::{check, check_preset, check_recipient, item_name, looks_like_email};
pub use form::{CREATE, FieldError, Form, FormField, FormLine, Problem};

use crate::{
    address::Address,
    catalogue::Catalogue,
    customer::{Customer, CustomerField},
    ids::IntentKey,
    money::{checked_sum, invoice_decimals, percent_of, round_half_up},
    number::{DecimalMark, NotAnAmount, parse_amount, parse_decimal, parse_percent},
    tax::TaxMode,
    totals::{Discount, LineAmounts, Sale, Totals, totals, with_discount_in_lines, with_one_discount},
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

/// QuickBooks takes no more lines on a taxable transaction.
pub const LINES_MAX: usize = 750;

/// An existing customer or item, or one to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// By QuickBooks id.
    Existing(String),
    /// To be created under the name given.
    New(String),
}

/// An invoice that a person has confirmed. What is sent to QuickBooks follows from it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The customer.
    pub customer: Choice,
    /// Who is billed, where that is not the customer's own name: stands above the address. Or empty.
    pub attention: String,
    /// E-mail address, or empty.
    pub email: String,
    /// Tax number, or empty; goes to a customer that is created.
    pub tax_id: String,
    /// Bill-to address.
    pub address: Address,
    /// Issue date.
    pub issued: Date,
    /// Due date, not before the issue date.
    pub due: Date,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Number given by hand.
    pub number: Option<String>,
    /// Tax code of the whole invoice (US companies).
    pub invoice_code: Option<String>,
    /// Printed on the invoice.
    pub message: String,
    /// Not printed.
    pub memo: String,
    /// Who gets a copy of the e-mail, or empty.
    #[serde(default)]
    pub cc: String,
    /// Whether the customer can pay online; `None` where the company has no such thing.
    #[serde(default)]
    pub online_payment: Option<bool>,
    /// The company's own fields that are filled in: `DefinitionId` and value.
    #[serde(default)]
    pub custom: Vec<(String, String)>,
    /// What of an existing customer is exported to QuickBooks, if it differs there.
    #[serde(default)]
    pub update: Vec<CustomerField>,
    /// How prices stand to tax.
    #[serde(default)]
    pub tax_mode: TaxMode,
    /// The discount line.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// The amount of the discount line, without tax.
    #[serde(default)]
    pub discount_amount: Decimal,
    /// How much of the invoice's currency one unit of the deal's currency is, where they differ.
    #[serde(default)]
    pub rate: Option<Decimal>,
    /// At least one line.
    pub lines: Vec<DraftLine>,
    /// What the person saw as total when confirming.
    pub total: Decimal,
}

impl Draft {
    /// The amount that counts towards the deal's value: the lines less the invoice discount. With tax where
    /// prices include it. Where the lines cannot be added up, the total stands for them.
    pub fn amount(&self) -> Decimal {
        if self.tax_mode == TaxMode::Included {
            return self.total;
        }
        self.lines_amount().unwrap_or(self.total)
    }

    /// The lines less the invoice discount; `None` where an older version confirmed what cannot be added up.
    fn lines_amount(&self) -> Option<Decimal> {
        let lines = checked_sum(self.lines.iter().map(|line| line.amount))?;
        match self.discount {
            None => Some(lines),
            Some(_) if !self.discount_amount.is_zero() => lines.checked_sub(self.discount_amount),
            Some(Discount::Percent(percent)) => {
                let left = percent_of(lines, dec!(100).checked_sub(percent)?)?;
                Some(round_half_up(left, invoice_decimals(self.currency)))
            }
            Some(Discount::Amount(amount)) => lines.checked_sub(amount),
        }
    }
}

/// One confirmed line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// Pipedrive product that the line came from.
    pub product: Option<i64>,
    /// The QuickBooks item.
    pub item: Choice,
    /// Printed on the invoice.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one, discount taken off.
    pub unit_price: Decimal,
    /// Quantity times price, rounded; with tax where prices include it.
    pub amount: Decimal,
    /// The amount without tax, where prices include it.
    #[serde(default)]
    pub net: Option<Decimal>,
    /// Tax code.
    pub tax_code: Option<String>,
}

/// What a form is checked against: the connected QuickBooks company and the person's way of writing numbers.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The company's lists.
    pub catalogue: &'a Catalogue,
    /// The chosen customer, where it was read.
    pub customer: Option<&'a Customer>,
    /// How the person writes decimals.
    pub mark: DecimalMark,
    /// Discounts of lines lower the printed unit price, even where QuickBooks could print one discount line.
    pub discounts_in_prices: bool,
}

/// The numbers of a line; `None` where it cannot be read.
pub fn line_amounts(line: &FormLine, mark: DecimalMark, currency: Option<Currency>) -> Option<LineAmounts> {
    Some(LineAmounts {
        quantity: parse_decimal(&line.quantity, mark).ok()?,
        unit_price: parse_amount(&line.unit_price, mark, currency).ok()?,
        discount_percent: percent(&line.discount, mark).ok()?,
        tax_code: (!line.tax_code.is_empty()).then(|| line.tax_code.clone()),
    })
}

fn percent(text: &str, mark: DecimalMark) -> Result<Decimal, NotAnAmount> {
    if text.trim().is_empty() { Ok(Decimal::ZERO) } else { parse_percent(text, mark) }
}

/// The discount on the whole, if there is one.
fn discount(form: &Form, rules: &Rules<'_>) -> Result<Option<Discount>, NotAnAmount> {
    if form.discount.trim().is_empty() {
        return Ok(None);
    }
    let is_amount = form.discount_kind == "amount";
    let value = if is_amount {
        parse_amount(&form.discount, rules.mark, Currency::from_code(&form.currency))?
    } else {
        parse_percent(&form.discount, rules.mark)?
    };
    let discount = if is_amount { Discount::Amount(value) } else { Discount::Percent(value) };
    Ok((!value.is_zero()).then_some(discount))
}

/// The sums of a form, and how QuickBooks will print its lines.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Each line's amount as it is printed; `None` for a line that cannot be read.
    pub lines: Vec<Option<Decimal>>,
    /// The sums; `None` while a line or the discount cannot be read.
    pub printed: Option<Printed>,
}

impl Preview {
    /// The sums, where all lines can be read.
    pub fn totals(&self) -> Option<&Totals> {
        self.printed.as_ref().map(|printed| &printed.totals)
    }
}

/// An invoice as QuickBooks will print it.
#[derive(Debug, Clone)]
pub struct Printed {
    /// The lines: discounts that stand in the discount line are not in their prices.
    pub lines: Vec<LineAmounts>,
    /// The discount line.
    pub discount: Option<Discount>,
    /// The sums.
    pub totals: Totals,
}

/// Computes the sums of a form as far as its lines can be read.
pub fn preview(form: &Form, rules: &Rules<'_>) -> Preview {
    let Some(currency) = Currency::from_code(&form.currency) else {
        return Preview { lines: vec![None; form.lines.len()], printed: None };
    };
    let amounts: Vec<Option<LineAmounts>> =
        form.lines.iter().map(|line| line_amounts(line, rules.mark, Some(currency))).collect();
    let lines: Vec<LineAmounts> = amounts.iter().flatten().cloned().collect();
    let shown: Vec<Option<Decimal>> =
        amounts.iter().map(|line| line.as_ref().and_then(|line| line.amount(currency))).collect();
    let Some(discount) = discount(form, rules).ok().filter(|_| lines.len() == form.lines.len()) else {
        return Preview { lines: shown, printed: None };
    };
    let sale = Sale {
        lines: &lines,
        discount,
        mode: TaxMode::named(&form.tax_mode),
        model: &rules.catalogue.tax,
        invoice_code: (!form.invoice_code.is_empty()).then_some(form.invoice_code.as_str()),
        currency,
    };
    match printed(&sale, rules) {
        Some(printed) => {
            Preview { lines: printed.totals.lines.iter().copied().map(Some).collect(), printed: Some(printed) }
        }
        None => Preview { lines: shown, printed: None },
    }
}

/// How QuickBooks will print a sale; `None` where its numbers are too large.
fn printed(sale: &Sale<'_>, rules: &Rules<'_>) -> Option<Printed> {
    // Only what can be computed is looked at more closely.
    totals(sale)?;
    let as_typed = || (sale.lines.to_vec(), sale.discount);
    let (lines, discount) = if !rules.catalogue.discount_line {
        (with_discount_in_lines(sale)?, None)
    } else if rules.discounts_in_prices {
        as_typed()
    } else {
        with_one_discount(sale).map_or_else(as_typed, |(lines, one)| (lines, Some(one)))
    };
    let totals = totals(&Sale { lines: &lines, discount, ..*sale })?;
    Some(Printed { lines, discount, totals })
}

/// The form's intent key, if it carries one.
pub fn intent_key(form: &Form) -> Option<IntentKey> {
    form.intent.parse().ok().map(IntentKey)
}

//! Validation of the lines of a form.

use super::{
    super::{CREATE, Form, FormField, FormLine, PrintedInvoice, Problem, Rules, parse_optional_percent},
    limits, to_item_name,
};
use crate::{
    invoice_request::{Choice, RequestLine},
    number::{AmountError, parse_amount, parse_decimal},
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::LineAmounts,
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// Converts the valid lines, with the amounts that QuickBooks will print.
pub(super) fn check_lines(
    form: &Form,
    rules: &Rules<'_>,
    currency: Option<Currency>,
    printed: Option<&PrintedInvoice>,
    add_problem: &mut impl FnMut(FormField, Problem),
) -> Vec<RequestLine> {
    let mode = form.tax_mode;
    let mut checker = LineChecker { rules, currency, mode, add_problem };
    let mut lines: Vec<RequestLine> =
        form.lines.iter().enumerate().filter_map(|(at, line)| checker.check(at, line)).collect();
    let Some(printed) = printed else { return lines };
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
    lines
}

struct LineChecker<'a, F> {
    rules: &'a Rules<'a>,
    currency: Option<Currency>,
    mode: TaxMode,
    add_problem: &'a mut F,
}

impl<F: FnMut(FormField, Problem)> LineChecker<'_, F> {
    fn check(&mut self, at: usize, line: &FormLine) -> Option<RequestLine> {
        let item = self.check_item(at, line);
        let quantity = parse_decimal(&line.quantity, self.rules.mark);
        let quantity = self.check_number(&line.quantity, FormField::Quantity(at), quantity);
        let unit_price = parse_amount(&line.unit_price, self.rules.mark, self.currency);
        let unit_price = self.check_number(&line.unit_price, FormField::UnitPrice(at), unit_price);
        if quantity.is_some_and(|quantity| quantity <= Decimal::ZERO) {
            (self.add_problem)(FormField::Quantity(at), Problem::NotPositive);
        }
        let discount_percent = self.check_discount(at, line);
        let tax_code = self.check_tax_code(at, line);
        let amounts =
            LineAmounts { quantity: quantity?, unit_price: unit_price?, discount_percent: discount_percent?, tax_code };
        let amount = amounts.amount(self.currency?);
        if let Some(field) = limits::find_too_large_field(at, &amounts, amount) {
            (self.add_problem)(field, Problem::TooLarge);
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

    fn check_item(&mut self, at: usize, line: &FormLine) -> Option<Choice> {
        match line.item.as_str() {
            "" => {
                (self.add_problem)(FormField::Item(at), Problem::Missing);
                None
            }
            CREATE => {
                let typed =
                    [&line.item_name, &line.name, &line.description].into_iter().find(|name| !name.trim().is_empty());
                let name = to_item_name(typed.map_or("", |name| name));
                if name.is_empty() {
                    (self.add_problem)(FormField::Item(at), Problem::Missing);
                }
                Some(Choice::New(name))
            }
            id if self.rules.catalogue.item(id).is_some() => Some(Choice::Existing(id.to_owned())),
            _ => {
                (self.add_problem)(FormField::Item(at), Problem::Inactive);
                None
            }
        }
    }

    fn check_number(&mut self, text: &str, field: FormField, parsed: Result<Decimal, AmountError>) -> Option<Decimal> {
        if text.trim().is_empty() {
            (self.add_problem)(field, Problem::Missing);
        } else if let Err(error) = parsed {
            let problem = if matches!(field, FormField::Quantity(_)) {
                error.positive_problem(None)
            } else {
                error.amount_problem(self.currency)
            };
            (self.add_problem)(field, problem);
        }
        parsed.ok()
    }

    /// Returns the percentage even if it is out of range: the line's amount is computed with it.
    fn check_discount(&mut self, at: usize, line: &FormLine) -> Option<Decimal> {
        let percent = parse_optional_percent(&line.discount, self.rules.mark);
        match percent {
            Err(error) => (self.add_problem)(FormField::Discount(at), error.percent_problem()),
            Ok(percent) if !(Decimal::ZERO..=dec!(100)).contains(&percent) => {
                (self.add_problem)(FormField::Discount(at), Problem::NotAPercentage);
            }
            Ok(_) => {}
        }
        percent.ok()
    }

    fn check_tax_code(&mut self, at: usize, line: &FormLine) -> Option<String> {
        match self.rules.catalogue.tax {
            TaxModel::None => None,
            TaxModel::SalesTax { .. } | TaxModel::Automated if self.mode == TaxMode::None => {
                Some(NON_TAXABLE.to_owned())
            }
            TaxModel::PerLine { .. } if self.mode == TaxMode::None => None,
            TaxModel::SalesTax { .. } | TaxModel::Automated => match line.tax_code.as_str() {
                TAXABLE | NON_TAXABLE => Some(line.tax_code.clone()),
                _ => {
                    (self.add_problem)(FormField::TaxCode(at), Problem::Missing);
                    None
                }
            },
            TaxModel::PerLine { .. } if line.tax_code.is_empty() => {
                (self.add_problem)(FormField::TaxCode(at), Problem::Missing);
                None
            }
            TaxModel::PerLine { .. } => {
                if self.rules.catalogue.tax.code(&line.tax_code).is_none() {
                    (self.add_problem)(FormField::TaxCode(at), Problem::Unknown);
                }
                Some(line.tax_code.clone())
            }
        }
    }
}

//! Totals of an invoice. They are computed once, for the form and for the request, by the rules that QuickBooks
//! applies.
//!
//! Outside of the United States the tax of each line is rounded, then summed (QuickBooks taxes 4,495.16 in several
//! lines at 9.975 % with 448.40); in Australia the tax of each rate is rounded once. In the United States each rate
//! applies to the sum of the taxable lines. The invoice discount lowers the taxed amount.

mod discounts;

pub use discounts::{move_discount_to_lines, move_discounts_to_invoice};

use crate::{
    money::{checked_sum, invoice_decimals, percent_of, round_half_up},
    tax::{NON_TAXABLE, Rounding, TAXABLE, TaxBase, TaxMode, TaxModel, TaxRate},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

/// Decimals of unit prices in QuickBooks (its schema defines `Amount` with 10.5 digits).
pub const UNIT_PRICE_DECIMALS: u32 = 5;

/// Exclusive upper bound of quantities, prices and amounts in QuickBooks: ten digits before the decimal mark.
pub const AMOUNT_LIMIT: Decimal = dec!(10_000_000_000);

/// Whether QuickBooks can store a number. Within the limit, no sum of an invoice leaves the range of [`Decimal`].
pub fn is_within_limit(value: Decimal) -> bool {
    value.abs() < AMOUNT_LIMIT
}

/// The numbers of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAmounts {
    /// Quantity.
    pub quantity: Decimal,
    /// Unit price before discount; with tax if the invoice's prices include it.
    pub unit_price: Decimal,
    /// Discount in percent of the price.
    pub discount_percent: Decimal,
    /// The line's tax code, from the company's [`TaxModel`].
    pub tax_code: Option<String>,
}

impl LineAmounts {
    /// The unit price after the line's discount. QuickBooks has no line discounts, so the request carries this price.
    pub fn net_unit_price(&self) -> Option<Decimal> {
        let factor = dec!(100).checked_sub(self.discount_percent)?.checked_div(dec!(100))?;
        Some(round_half_up(self.unit_price.checked_mul(factor)?, UNIT_PRICE_DECIMALS))
    }

    /// Quantity times net unit price, rounded to the currency; QuickBooks refuses any other amount (code 6070). Returns
    /// `None` if QuickBooks cannot store the line.
    pub fn amount(&self, currency: Currency) -> Option<Decimal> {
        let is_computable = [self.quantity, self.unit_price, self.discount_percent].into_iter().all(is_within_limit);
        if !is_computable {
            return None;
        }
        let amount = round_half_up(self.quantity.checked_mul(self.net_unit_price()?)?, invoice_decimals(currency));
        is_within_limit(amount).then_some(amount)
    }

    fn amount_before_discount(&self, currency: Currency) -> Option<Decimal> {
        Some(round_half_up(self.quantity.checked_mul(self.unit_price)?, invoice_decimals(currency)))
    }
}

/// A discount on the whole invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Percent of the subtotal.
    Percent(Decimal),
    /// An amount without tax.
    Amount(Decimal),
}

/// The inputs of an invoice's totals.
#[derive(Debug, Clone, Copy)]
pub struct Sale<'a> {
    /// The lines.
    pub lines: &'a [LineAmounts],
    /// The invoice discount.
    pub discount: Option<Discount>,
    /// Whether prices include tax.
    pub mode: TaxMode,
    /// The company's tax model.
    pub model: &'a TaxModel,
    /// Tax code of the whole invoice, in a US company.
    pub invoice_code: Option<&'a str>,
    /// Currency of all amounts.
    pub currency: Currency,
}

/// The tax of one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxAmount {
    /// The rate.
    pub rate: TaxRate,
    /// The amount that the rate applies to.
    pub net: Decimal,
    /// The tax.
    pub amount: Decimal,
}

/// The totals of an invoice, in its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Printed amount of each line; with tax if prices include it.
    pub lines: Vec<Decimal>,
    /// Amount of each line without tax.
    pub nets: Vec<Decimal>,
    /// Sum of the lines before discounts and without tax.
    pub subtotal: Decimal,
    /// Sum of all discounts: line discounts and invoice discount.
    pub discount: Decimal,
    /// The invoice discount alone.
    pub invoice_discount: Decimal,
    /// Tax by rate, in the order of first appearance.
    pub taxes: Vec<TaxAmount>,
    /// Sum of the taxes.
    pub tax: Decimal,
    /// The amount that the customer pays.
    pub total: Decimal,
    /// Whether QuickBooks adds taxes to the total. It computes them from the customer's address, which Fatura cannot
    /// do.
    pub is_before_tax: bool,
}

impl Sale<'_> {
    fn rates_of(&self, line: &LineAmounts) -> &[TaxRate] {
        match (self.model, self.mode) {
            (TaxModel::PerLine { .. }, TaxMode::Excluded | TaxMode::Included) => {
                line.tax_code.as_deref().and_then(|id| self.model.code(id)).map_or(&[], |code| &code.rates)
            }
            _ => &[],
        }
    }

    fn includes_tax(&self) -> bool {
        self.mode == TaxMode::Included && matches!(self.model, TaxModel::PerLine { .. })
    }

    /// The amount of a line without tax.
    fn net_amount(&self, line: &LineAmounts, amount: Decimal) -> Option<Decimal> {
        if !self.includes_tax() {
            return Some(amount);
        }
        let unit_tax = checked_sum(compute_rates(Decimal::ONE, self.rates_of(line))?.into_iter().map(|(_, tax)| tax))?;
        let net = amount.checked_div(Decimal::ONE.checked_add(unit_tax)?)?;
        Some(round_half_up(net, invoice_decimals(self.currency)))
    }
}

/// Computes base and tax of each rate on an amount, without rounding.
fn compute_rates(amount: Decimal, rates: &[TaxRate]) -> Option<Vec<(Decimal, Decimal)>> {
    let mut before = Decimal::ZERO;
    let mut parts = Vec::with_capacity(rates.len());
    for rate in rates {
        let base = match rate.base {
            TaxBase::Amount => amount,
            TaxBase::AmountAndTax => amount.checked_add(before)?,
            TaxBase::Tax => before,
        };
        let tax = percent_of(base, rate.percent)?;
        before = before.checked_add(tax)?;
        parts.push((base, tax));
    }
    Some(parts)
}

/// Computes the invoice discount and allocates it to the lines. The rounding remainder goes to the largest line.
fn allocate_discount(sale: &Sale<'_>, nets: &[Decimal]) -> Option<(Decimal, Vec<Decimal>)> {
    let places = invoice_decimals(sale.currency);
    let subtotal = checked_sum(nets.iter().copied())?;
    let discount = match sale.discount {
        None => Decimal::ZERO,
        Some(Discount::Percent(percent)) => round_half_up(percent_of(subtotal, percent)?, places),
        Some(Discount::Amount(amount)) => round_half_up(amount, places),
    };
    let share = |net: &Decimal| {
        if subtotal.is_zero() {
            return Some(Decimal::ZERO);
        }
        Some(round_half_up(discount.checked_mul(*net)?.checked_div(subtotal)?, places))
    };
    let mut shares: Vec<Decimal> = nets.iter().map(share).collect::<Option<_>>()?;
    let remainder = discount.checked_sub(checked_sum(shares.iter().copied())?)?;
    if let Some((_, share)) = nets.iter().zip(&mut shares).max_by_key(|(net, _)| **net) {
        *share = share.checked_add(remainder)?;
    }
    Some((discount, shares))
}

/// Computes the totals of an invoice. Returns `None` if the numbers are too large, or the discount exceeds 100 %.
pub fn compute_totals(sale: &Sale<'_>) -> Option<Totals> {
    let is_within = match sale.discount {
        None => true,
        Some(Discount::Percent(percent)) => percent.abs() <= dec!(100),
        Some(Discount::Amount(amount)) => is_within_limit(amount),
    };
    if !is_within {
        return None;
    }
    let currency = sale.currency;
    let amounts: Vec<Decimal> = sale.lines.iter().map(|line| line.amount(currency)).collect::<Option<_>>()?;
    let nets: Vec<Decimal> =
        sale.lines.iter().zip(&amounts).map(|(line, amount)| sale.net_amount(line, *amount)).collect::<Option<_>>()?;
    let before_discount = |line| sale.net_amount(line, LineAmounts::amount_before_discount(line, currency)?);
    let subtotal = checked_sum(sale.lines.iter().map(before_discount).collect::<Option<Vec<_>>>()?)?;
    let net = checked_sum(nets.iter().copied())?;
    let (invoice_discount, shares) = allocate_discount(sale, &nets)?;
    let taxes = match sale.model {
        TaxModel::None | TaxModel::Automated => Vec::new(),
        TaxModel::SalesTax { .. } => tax_taxable_sum(sale, &nets, &shares)?,
        TaxModel::PerLine { rounding, .. } => tax_each_line(sale, *rounding, &amounts, &nets, &shares)?,
    };
    let tax = checked_sum(taxes.iter().map(|tax| tax.amount))?;
    let is_before_tax = *sale.model == TaxModel::Automated
        && sale.mode != TaxMode::None
        && sale.lines.iter().any(|line| line.tax_code.as_deref() != Some(NON_TAXABLE));
    Some(Totals {
        lines: amounts,
        nets,
        subtotal,
        discount: subtotal.checked_sub(net)?.checked_add(invoice_discount)?,
        invoice_discount,
        taxes,
        tax,
        total: net.checked_sub(invoice_discount)?.checked_add(tax)?,
        is_before_tax,
    })
}

/// United States: applies each rate of the invoice's code to the sum of the taxable lines.
fn tax_taxable_sum(sale: &Sale<'_>, nets: &[Decimal], shares: &[Decimal]) -> Option<Vec<TaxAmount>> {
    if sale.mode == TaxMode::None {
        return Some(Vec::new());
    }
    let taxable = sale
        .lines
        .iter()
        .zip(nets.iter().zip(shares))
        .filter(|(line, _)| line.tax_code.as_deref() == Some(TAXABLE))
        .try_fold(Decimal::ZERO, |sum, (_, (net, share))| sum.checked_add(net.checked_sub(*share)?))?;
    let rates = sale.invoice_code.and_then(|id| sale.model.code(id)).map_or(&[][..], |code| &code.rates);
    let rounded = |tax| round_half_up(tax, invoice_decimals(sale.currency));
    let taxes = rates.iter().zip(compute_rates(taxable, rates)?);
    Some(taxes.map(|(rate, (net, tax))| TaxAmount { rate: rate.clone(), net, amount: rounded(tax) }).collect())
}

/// Other countries: applies the rates of each line's own code.
fn tax_each_line(
    sale: &Sale<'_>,
    rounding: Rounding,
    amounts: &[Decimal],
    nets: &[Decimal],
    shares: &[Decimal],
) -> Option<Vec<TaxAmount>> {
    let places = invoice_decimals(sale.currency);
    let is_discounted = shares.iter().any(|share| !share.is_zero());
    let mut taxes: Vec<TaxAmount> = Vec::new();
    let numbers = amounts.iter().zip(nets.iter().zip(shares));
    for (line, (amount, (net, share))) in sale.lines.iter().zip(numbers) {
        let rates = sale.rates_of(line);
        let base = net.checked_sub(*share)?;
        // If the price includes tax, the tax is exactly the difference between price and net amount.
        let mut tax_left = if sale.includes_tax() && !is_discounted { Some(amount.checked_sub(*net)?) } else { None };
        for (index, (rate, (net, exact))) in rates.iter().zip(compute_rates(base, rates)?).enumerate() {
            let is_rounded = rounding == Rounding::PerLine || sale.includes_tax();
            let mut tax = if is_rounded { round_half_up(exact, places) } else { exact };
            if let Some(tax_left) = &mut tax_left {
                if index.saturating_add(1) == rates.len() {
                    tax = *tax_left;
                }
                *tax_left = tax_left.checked_sub(tax)?;
            }
            match taxes.iter_mut().find(|total| total.rate.id == rate.id) {
                Some(total) => {
                    total.net = total.net.checked_add(net)?;
                    total.amount = total.amount.checked_add(tax)?;
                }
                None => taxes.push(TaxAmount { rate: rate.clone(), net, amount: tax }),
            }
        }
    }
    for tax in &mut taxes {
        tax.amount = round_half_up(tax.amount, places);
    }
    Some(taxes)
}

#[cfg(test)]
mod tests;

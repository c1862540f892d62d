//! Moves discounts between the lines and the whole invoice.

use super::{Discount, LineAmounts, Sale, Totals, compute_totals};
use crate::{
    money::checked_sum,
    tax::{TaxMode, TaxModel},
};
use rust_decimal::{Decimal, dec};

/// Moves the discounts of the lines to the invoice discount, so that lines keep their prices.
///
/// QuickBooks spreads an invoice discount over all lines in proportion to their amounts. If lines have different taxes, this can change the
/// taxed amounts. Returns `None` if the taxed amount of a rate would change, or if QuickBooks computes the tax itself and lines have different
/// tax codes. Also returns `None` if prices include tax, if no line has a discount, or if the discounts are negative.
pub fn move_discounts_to_invoice(sale: &Sale<'_>) -> Option<(Vec<LineAmounts>, Discount)> {
    let is_taxed_alike = sale.lines.windows(2).all(|pair| pair[0].tax_code == pair[1].tax_code);
    let is_undiscounted = sale.lines.iter().all(|line| line.discount_percent.is_zero());
    let is_unknown = *sale.model == TaxModel::Automated && sale.mode != TaxMode::None && !is_taxed_alike;
    if is_unknown || is_undiscounted || sale.includes_tax() {
        return None;
    }
    let before = compute_totals(sale)?;
    let lines: Vec<LineAmounts> =
        sale.lines.iter().map(|line| LineAmounts { discount_percent: Decimal::ZERO, ..line.clone() }).collect();
    let discount = Discount::Amount(before.discount);
    let after = compute_totals(&Sale { lines: &lines, discount: Some(discount), ..*sale })?;
    let taxed = |totals: &Totals| -> Vec<(String, Decimal)> {
        totals.taxes.iter().map(|tax| (tax.rate.id.clone(), tax.net.normalize())).collect()
    };
    (taxed(&after) == taxed(&before) && before.discount >= Decimal::ZERO).then_some((lines, discount))
}

/// Spreads the invoice discount over the lines as lower prices, for QuickBooks companies without a discount line. A
/// discount by amount can differ by the rounding of each line. Returns `None` if the numbers are too large.
pub fn move_discount_to_lines(sale: &Sale<'_>) -> Option<Vec<LineAmounts>> {
    let amounts = sale.lines.iter().map(|line| line.amount(sale.currency));
    let subtotal = checked_sum(amounts.collect::<Option<Vec<_>>>()?)?;
    let percent = match sale.discount {
        None => Decimal::ZERO,
        Some(Discount::Percent(percent)) => percent,
        Some(Discount::Amount(_)) if subtotal.is_zero() => Decimal::ZERO,
        Some(Discount::Amount(amount)) => amount.checked_mul(dec!(100))?.checked_div(subtotal)?,
    };
    let factor = dec!(100).checked_sub(percent)?.checked_div(dec!(100))?;
    let spread = |line: &LineAmounts| {
        let paid = dec!(100).checked_sub(line.discount_percent)?.checked_mul(factor)?;
        Some(LineAmounts { discount_percent: dec!(100).checked_sub(paid)?, ..line.clone() })
    };
    sale.lines.iter().map(spread).collect()
}

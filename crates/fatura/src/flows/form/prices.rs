//! Converts or removes the prices of a form whose currency has changed.

use domain::{
    form::{AmountKind, Form},
    money::{invoice_decimals, round_half_up},
    number::{DecimalMark, format_decimal, parse_decimal},
};
use iso_currency::Currency;
use rust_decimal::Decimal;

/// Converts the prices of a form into `currency`, which is that of the form, at a rate. Text that is no number stays.
pub(super) fn convert(form: &mut Form, currency: Currency, rate: Decimal, deal_currency: &str, mark: DecimalMark) {
    let converted = |text: &str| {
        let price = parse_decimal(text, mark).ok()?.checked_mul(rate)?;
        Some(format_decimal(round_half_up(price, invoice_decimals(currency)), mark))
    };
    for line in &mut form.lines {
        if let Some(price) = converted(&line.unit_price) {
            line.unit_price = price;
        }
    }
    if form.discount_kind == AmountKind::Amount
        && let Some(discount) = converted(&form.discount)
    {
        form.discount = discount;
    }
    let before = form.exchange_rate().unwrap_or(Decimal::ONE);
    let rate = before.checked_mul(rate).unwrap_or(rate);
    form.rate = if form.currency == deal_currency { String::new() } else { rate.normalize().to_string() };
    form.priced_in.clone_from(&form.currency);
}

/// Removes the prices, so that they are typed in the currency of the invoice.
pub(super) fn remove(form: &mut Form) {
    for line in &mut form.lines {
        line.unit_price.clear();
    }
    if form.discount_kind == AmountKind::Amount {
        form.discount.clear();
    }
    form.rate.clear();
    form.priced_in.clone_from(&form.currency);
}

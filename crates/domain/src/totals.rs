//! What an invoice adds up to: computed here once, for the form and for what is sent, by the rules by which
//! QuickBooks computes it again.

use crate::{
    money::{decimals, round_half_up},
    tax::{TAXABLE, TaxModel, TaxRate},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// QuickBooks keeps unit prices to five decimals (`Amount` is 10.5 digits in its schema).
pub const UNIT_PRICE_DECIMALS: u32 = 5;

/// The numbers of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAmounts {
    /// How many.
    pub quantity: Decimal,
    /// Price of one, before discount.
    pub unit_price: Decimal,
    /// In percent of the price.
    pub discount_percent: Decimal,
    /// The line's tax code, as the company's [`TaxModel`] has it.
    pub tax_code: Option<String>,
}

impl LineAmounts {
    /// The price of one after the line's discount. QuickBooks has no discount on a line, so this is the price it is sent.
    pub fn net_unit_price(&self) -> Decimal {
        let factor = (dec!(100) - self.discount_percent) / dec!(100);
        round_half_up(self.unit_price * factor, UNIT_PRICE_DECIMALS)
    }

    /// Quantity times net unit price, rounded to the currency: QuickBooks refuses any other amount (code 6070).
    pub fn amount(&self, currency: Currency) -> Decimal {
        round_half_up(self.quantity * self.net_unit_price(), decimals(currency))
    }

    fn amount_before_discount(&self, currency: Currency) -> Decimal {
        round_half_up(self.quantity * self.unit_price, decimals(currency))
    }
}

/// One rate's part of the tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxAmount {
    /// The rate.
    pub rate: TaxRate,
    /// What it is taken of.
    pub net: Decimal,
    /// What it comes to.
    pub amount: Decimal,
}

/// An invoice's sums, in the invoice's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Each line's amount, after its discount.
    pub lines: Vec<Decimal>,
    /// Sum of the lines before discounts.
    pub subtotal: Decimal,
    /// What the discounts take off.
    pub discount: Decimal,
    /// Tax by rate, in the order of first appearance.
    pub taxes: Vec<TaxAmount>,
    /// Sum of the taxes.
    pub tax: Decimal,
    /// What the customer pays.
    pub total: Decimal,
}

/// Adds up an invoice.
///
/// `invoice_code` is the code of the whole invoice in a US company. There each rate is taken of the sum of the
/// taxable lines and rounded once; elsewhere each line's tax is rounded by itself and then summed, which is how
/// 9.975 % of 4,495.16 in several lines comes to 448.40 in QuickBooks.
pub fn totals(lines: &[LineAmounts], model: &TaxModel, invoice_code: Option<&str>, currency: Currency) -> Totals {
    let places = decimals(currency);
    let amounts: Vec<Decimal> = lines.iter().map(|line| line.amount(currency)).collect();
    let net: Decimal = amounts.iter().sum();
    let subtotal: Decimal = lines.iter().map(|line| line.amount_before_discount(currency)).sum();
    let mut taxes: Vec<TaxAmount> = Vec::new();
    match model {
        TaxModel::None => {}
        TaxModel::SalesTax { .. } => {
            let taxable: Decimal = lines
                .iter()
                .zip(&amounts)
                .filter(|(line, _)| line.tax_code.as_deref() == Some(TAXABLE))
                .map(|(_, amount)| *amount)
                .sum();
            for rate in invoice_code.and_then(|id| model.code(id)).map_or(&[][..], |code| &code.rates) {
                let amount = round_half_up(taxable * rate.percent / dec!(100), places);
                taxes.push(TaxAmount { rate: rate.clone(), net: taxable, amount });
            }
        }
        TaxModel::PerLine { .. } => {
            for (line, amount) in lines.iter().zip(&amounts) {
                let code = line.tax_code.as_deref().and_then(|id| model.code(id));
                for rate in code.map_or(&[][..], |code| &code.rates) {
                    add_tax(&mut taxes, rate, *amount, places);
                }
            }
        }
    }
    let tax: Decimal = taxes.iter().map(|tax| tax.amount).sum();
    Totals { lines: amounts, subtotal, discount: subtotal - net, taxes, tax, total: net + tax }
}

fn add_tax(taxes: &mut Vec<TaxAmount>, rate: &TaxRate, net: Decimal, places: u32) {
    let amount = round_half_up(net * rate.percent / dec!(100), places);
    match taxes.iter_mut().find(|tax| tax.rate.id == rate.id) {
        Some(tax) => {
            tax.net += net;
            tax.amount += amount;
        }
        None => taxes.push(TaxAmount { rate: rate.clone(), net, amount }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::{NON_TAXABLE, TaxCode};
    use proptest::prelude::*;

    fn code(id: &str, percents: &[Decimal]) -> TaxCode {
        let rates = percents
            .iter()
            .enumerate()
            .map(|(at, percent)| TaxRate { id: format!("{id}.{at}"), name: format!("{id} {at}"), percent: *percent })
            .collect();
        TaxCode { id: id.into(), name: id.into(), rates }
    }

    fn line(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal, tax_code: &str) -> LineAmounts {
        LineAmounts { quantity, unit_price, discount_percent, tax_code: Some(tax_code.into()) }
    }

    #[test]
    fn us_tax_is_taken_of_the_taxable_sum() {
        let model = TaxModel::SalesTax { codes: vec![code("2", &[dec!(8)])], default: None };
        let lines = [line(dec!(1), dec!(335.25), dec!(0), TAXABLE), line(dec!(2), dec!(10), dec!(0), NON_TAXABLE)];
        let sums = totals(&lines, &model, Some("2"), Currency::USD);
        assert_eq!((sums.subtotal, sums.tax, sums.total), (dec!(355.25), dec!(26.82), dec!(382.07)));
    }

    #[test]
    fn elsewhere_tax_is_rounded_line_by_line() {
        let model = TaxModel::PerLine { codes: vec![code("5", &[dec!(5), dec!(9.975)])] };
        let lines = [line(dec!(1), dec!(0.50), dec!(0), "5"), line(dec!(1), dec!(0.50), dec!(0), "5")];
        let sums = totals(&lines, &model, None, Currency::CAD);
        assert_eq!(sums.taxes.iter().map(|tax| tax.amount).collect::<Vec<_>>(), [dec!(0.06), dec!(0.10)]);
        assert_eq!(sums.total, dec!(1.16));
    }

    #[test]
    fn a_discount_lowers_the_unit_price() {
        let one = line(dec!(3), dec!(617.25), dec!(12.5), "x");
        assert_eq!(one.net_unit_price(), dec!(540.09375));
        let sums = totals(&[one], &TaxModel::None, None, Currency::BRL);
        assert_eq!((sums.subtotal, sums.discount, sums.total), (dec!(1851.75), dec!(231.47), dec!(1620.28)));
    }

    proptest! {
        #[test]
        fn the_parts_make_the_total(
            rows in prop::collection::vec((1_i64..100_000, 0_u32..3, 0_i64..10_000_000, 0_i64..=100), 1..20)
        ) {
            let model = TaxModel::PerLine { codes: vec![code("5", &[dec!(5), dec!(9.975)])] };
            let lines: Vec<LineAmounts> = rows
                .into_iter()
                .map(|(q, scale, p, d)| line(Decimal::new(q, scale), Decimal::new(p, 2), Decimal::from(d), "5"))
                .collect();
            let sums = totals(&lines, &model, None, Currency::BRL);
            prop_assert_eq!(sums.lines.iter().sum::<Decimal>() + sums.tax, sums.total);
            prop_assert_eq!(sums.subtotal - sums.discount + sums.tax, sums.total);
            prop_assert!(sums.total.scale() <= 2);
        }
    }
}

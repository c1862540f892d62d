//! Several invoices for one deal: what is billed already, and what is left.

use crate::{
    deal::{Deal, Product},
    draft::Draft,
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};
use std::collections::BTreeMap;

/// What the invoices of a deal that stand come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Billed {
    /// How many.
    pub invoices: usize,
    /// Their amount in the deal's currency.
    pub amount: Decimal,
    /// Quantities by product.
    pub quantities: BTreeMap<i64, Decimal>,
}

/// Adds up the invoices that stand. Those in another currency count by their quantities alone.
pub fn billed<'a>(invoices: impl IntoIterator<Item = &'a Draft>, currency: Option<Currency>) -> Billed {
    let mut billed = Billed::default();
    for draft in invoices {
        billed.invoices += 1;
        if Some(draft.currency) == currency {
            billed.amount += draft.amount();
        }
        for line in &draft.lines {
            if let Some(product) = line.product {
                *billed.quantities.entry(product).or_default() += line.quantity;
            }
        }
    }
    billed
}

/// What part of a deal an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// What was not billed yet.
    Rest,
    /// So many percent of it.
    Percent(Decimal),
    /// An amount, in one line.
    Amount(Decimal),
}

/// What is to be billed of a deal: its products, or an amount under its title where it has none.
#[derive(Debug, Clone)]
pub struct ToBill {
    /// Products with the quantities to bill.
    pub products: Vec<Product>,
    /// The amount, where there are no products.
    pub value: Decimal,
}

impl ToBill {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.value <= Decimal::ZERO
    }
}

/// Takes a part of a deal.
pub fn part(deal: &Deal, billed: &Billed, part: Part) -> ToBill {
    let has_products = !deal.products.is_empty();
    match part {
        Part::All => ToBill { products: deal.products.clone(), value: deal.value },
        Part::Percent(percent) => {
            let share = percent / dec!(100);
            let scaled = |product: &Product| Product { quantity: product.quantity * share, ..product.clone() };
            ToBill { products: deal.products.iter().map(scaled).collect(), value: deal.value * share }
        }
        Part::Amount(amount) => ToBill { products: Vec::new(), value: amount },
        Part::Rest => {
            let mut left = billed.quantities.clone();
            let products = deal
                .products
                .iter()
                .filter_map(|product| {
                    let used = left.entry(product.id).or_default();
                    let taken = product.quantity.min(*used);
                    *used -= taken;
                    let quantity = product.quantity - taken;
                    (quantity > Decimal::ZERO).then(|| Product { quantity, ..product.clone() })
                })
                .collect();
            let value = if has_products { Decimal::ZERO } else { (deal.value - billed.amount).max(Decimal::ZERO) };
            ToBill { products, value }
        }
    }
}

/// By how much an invoice, with those before it, bills more than the deal; `None` when it does not.
pub fn excess(deal_value: Decimal, billed: &Billed, amount: Decimal) -> Option<Decimal> {
    let excess = billed.amount.checked_add(amount)?.checked_sub(deal_value)?;
    (billed.invoices > 0 && excess > Decimal::ZERO).then_some(excess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deal::Reduction, mapping::Values};

    fn deal(quantities: &[(i64, Decimal)], value: Decimal) -> Deal {
        let product = |(id, quantity): &(i64, Decimal)| Product {
            id: *id,
            name: format!("Product {id}"),
            code: String::new(),
            description: String::new(),
            quantity: *quantity,
            price: dec!(10),
            discount: Reduction::Percent(Decimal::ZERO),
            tax: Decimal::ZERO,
            tax_included: false,
        };
        Deal {
            id: 1,
            title: "Deal".into(),
            value,
            currency: "BRL".into(),
            organization: None,
            person: None,
            values: Values::new(),
            products: quantities.iter().map(product).collect(),
            discounts: Vec::new(),
        }
    }

    fn left(deal: &Deal, billed: &[(i64, Decimal)]) -> Vec<(i64, Decimal)> {
        let billed = Billed { invoices: 1, amount: Decimal::ZERO, quantities: billed.iter().copied().collect() };
        part(deal, &billed, Part::Rest).products.iter().map(|product| (product.id, product.quantity)).collect()
    }

    #[test]
    fn the_rest_is_by_product_and_quantity() {
        let deal = deal(&[(1, dec!(10)), (2, dec!(1)), (1, dec!(5))], dec!(160));
        assert_eq!(left(&deal, &[]), [(1, dec!(10)), (2, dec!(1)), (1, dec!(5))]);
        assert_eq!(left(&deal, &[(1, dec!(12.5)), (2, dec!(1))]), [(1, dec!(2.5))]);
        assert_eq!(left(&deal, &[(1, dec!(99)), (2, dec!(1))]), []);
        let third = part(&deal, &Billed::default(), Part::Percent(dec!(30)));
        assert_eq!(
            third.products.iter().map(|product| product.quantity).collect::<Vec<_>>(),
            [dec!(3), dec!(0.3), dec!(1.5)]
        );
    }

    #[test]
    fn a_deal_without_products_is_billed_by_its_value() {
        let deal = deal(&[], dec!(15000));
        let billed = Billed { invoices: 1, amount: dec!(4500), quantities: BTreeMap::new() };
        assert_eq!(part(&deal, &billed, Part::Rest).value, dec!(10500));
        assert_eq!(part(&deal, &billed, Part::Percent(dec!(30))).value, dec!(4500));
        assert!(part(&deal, &Billed { amount: dec!(15000), ..billed.clone() }, Part::Rest).is_empty());
        assert_eq!(excess(deal.value, &billed, dec!(10500)), None);
        assert_eq!(excess(deal.value, &billed, dec!(10500.01)), Some(dec!(0.01)));
    }
}

//! The ledger of a deal: what its invoices have billed, and what is left of it.

use crate::{
    deal::Deal,
    draft::{Draft, Form, Problem},
    ids::InvoiceId,
    invoice::Snapshot,
    money::{Money, checked_sum, invoice_decimals, round_half_up},
    number::{DecimalMark, NotAnAmount, parse_amount, parse_percent},
    tax::TaxMode,
    totals::is_within_limit,
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};
use std::collections::BTreeMap;

/// An invoice of the deal that counts as billed: it stands in QuickBooks, or is on its way there.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Ours.
    pub id: InvoiceId,
    /// The confirmed content.
    pub request: &'a Draft,
    /// As QuickBooks last showed it; `None` while it is on its way.
    pub snapshot: Option<&'a Snapshot>,
}

impl Standing<'_> {
    /// The billed amount, as priced: without tax, or with it where prices include tax. Follows edits in QuickBooks.
    pub fn amount(&self) -> Decimal {
        let confirmed = self.request.amount();
        let Some(snapshot) = self.snapshot else { return confirmed };
        let total = snapshot.total.amount();
        match snapshot.tax {
            _ if self.request.tax_mode == TaxMode::Included => total,
            Some(tax) => total.saturating_sub(tax.amount()),
            // Read before taxes were kept: an invoice that was not edited bills what was confirmed.
            None if total == self.request.total || self.request.total.is_zero() => confirmed,
            None => {
                let share = confirmed.checked_mul(total).and_then(|product| product.checked_div(self.request.total));
                round_half_up(share.unwrap_or(total), invoice_decimals(self.request.currency))
            }
        }
    }

    /// Whether it still bills what was confirmed: only then its quantities can be told.
    fn is_as_confirmed(&self) -> bool {
        self.amount() == self.request.amount()
    }
}

/// What the invoices of a deal that stand come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Billed {
    /// How many.
    pub invoices: usize,
    /// Their amount in the deal's currency.
    pub amount: Decimal,
    /// Quantities by product, of invoices that were not edited.
    pub quantities: BTreeMap<i64, Decimal>,
    /// Amounts in other currencies that cannot be told in the deal's: never added up with the others.
    pub foreign: Vec<Money>,
    /// Changes with every invoice that comes, goes or is edited.
    pub fingerprint: String,
}

/// Adds up the invoices that stand. An amount in another currency counts by the rate at which it was converted; without a rate
/// by its products at the deal's prices; else it is named apart.
///
/// A sum that leaves the range of [`Decimal`] stays at its end: that is more than any deal is worth, which is what it is compared with.
pub fn billed<'a>(invoices: impl IntoIterator<Item = Standing<'a>>, deal: Option<&Deal>, code: &str) -> Billed {
    let mut billed = Billed::default();
    let currency = Currency::from_code(code);
    let add = |sum: &mut Decimal, amount: Decimal| *sum = sum.saturating_add(amount);
    let (mut ids, mut sums) = (0_u128, BTreeMap::<&str, Decimal>::new());
    for invoice in invoices {
        let request = invoice.request;
        let amount = invoice.amount();
        billed.invoices = billed.invoices.saturating_add(1);
        ids ^= invoice.id.0.as_u128();
        add(sums.entry(request.currency.code()).or_default(), amount);
        if Some(request.currency) == currency {
            add(&mut billed.amount, amount);
        } else if let Some(converted) = currency.and_then(|currency| in_currency(&invoice, amount, currency, deal)) {
            add(&mut billed.amount, converted);
        } else {
            billed.foreign.push(Money::rounded(amount, request.currency));
        }
        if invoice.is_as_confirmed() {
            for line in &request.lines {
                if let Some(product) = line.product {
                    add(billed.quantities.entry(product).or_default(), line.quantity);
                }
            }
        }
    }
    let sums: Vec<String> = sums.iter().map(|(code, sum)| format!("{}{code}", sum.normalize())).collect();
    billed.fingerprint = format!("{}-{ids:x}-{}", billed.invoices, sums.join("-"));
    billed
}

/// The amount of an invoice in another currency, in the deal's currency; `None` without a rate or known products.
fn in_currency(invoice: &Standing<'_>, amount: Decimal, currency: Currency, deal: Option<&Deal>) -> Option<Decimal> {
    let converted = match invoice.request.rate {
        Some(rate) if rate > Decimal::ZERO => amount.checked_div(rate)?,
        _ => {
            let deal = deal?;
            let worth = |line: &crate::draft::DraftLine| {
                let product =
                    deal.products.iter().find(|product| product.id.is_some() && product.id == line.product)?;
                product.price?.checked_mul(line.quantity)
            };
            invoice.request.lines.iter().map(worth).try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line?))?
        }
    };
    Some(round_half_up(converted, invoice_decimals(currency)))
}

/// What part of a deal an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it, whatever was billed before.
    All,
    /// What was not billed yet.
    Remaining,
    /// So many percent of it.
    Percent(Decimal),
    /// An amount.
    Amount(Decimal),
}

impl Part {
    /// The part that is typed into a form; what remains where none is typed.
    pub fn typed(form: &Form, mark: DecimalMark) -> Result<Self, Problem> {
        let text = form.part.trim();
        if text.is_empty() {
            return Ok(Self::Remaining);
        }
        let is_amount = form.part_kind == "amount";
        let value = if is_amount {
            let code = form.deal_value.split_once(' ').map(|(_, code)| code).unwrap_or_default();
            parse_amount(text, mark, Currency::from_code(code)).map_err(|not| match not {
                NotAnAmount::OtherCurrency => Problem::OtherCurrency(code.to_owned()),
                not => not.positive_problem(None),
            })?
        } else {
            parse_percent(text, mark).map_err(NotAnAmount::percent_problem)?
        };
        if value <= Decimal::ZERO {
            Err(Problem::NotPositive)
        } else if !is_within_limit(value) {
            Err(Problem::TooLarge)
        } else if is_amount {
            Ok(Self::Amount(value))
        } else if value > dec!(100) {
            Err(Problem::NotAPercentage)
        } else {
            Ok(Self::Percent(value))
        }
    }
}

/// By how much an invoice, with those before it, bills more than the deal; `None` when it does not.
pub fn excess(worth: Decimal, billed: Decimal, amount: Decimal) -> Option<Decimal> {
    let excess = billed.saturating_add(amount).saturating_sub(worth);
    (excess > Decimal::ZERO).then_some(excess)
}

/// Splits an amount by weights. Rounding remainders go to the last share that has a weight. `None` where the numbers are too large.
pub fn split(amount: Decimal, weights: &[Decimal], places: u32) -> Option<Vec<Decimal>> {
    let sum = checked_sum(weights.iter().copied())?;
    let share = |weight: &Decimal| {
        if sum.is_zero() {
            return Some(Decimal::ZERO);
        }
        Some(round_half_up(amount.checked_mul(*weight)?.checked_div(sum)?, places))
    };
    let mut shares: Vec<Decimal> = weights.iter().map(share).collect::<Option<_>>()?;
    let left = amount.checked_sub(checked_sum(shares.iter().copied())?)?;
    if let Some(at) = weights.iter().rposition(|weight| !weight.is_zero()).or(weights.len().checked_sub(1)) {
        let share = shares.get_mut(at)?;
        *share = share.checked_add(left)?;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::Address,
        draft::{Choice, DraftLine},
    };
    use jiff::civil::date;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn request(total: Decimal, currency: Currency, product: Option<i64>) -> Draft {
        let line = DraftLine {
            product,
            item: Choice::Existing("1".into()),
            description: String::new(),
            quantity: dec!(2),
            unit_price: total / dec!(2),
            amount: total,
            net: None,
            tax_code: None,
        };
        Draft {
            customer: Choice::Existing("1".into()),
            attention: String::new(),
            email: String::new(),
            tax_id: String::new(),
            address: Address::default(),
            issued: date(2026, 3, 13),
            due: date(2026, 3, 20),
            currency,
            number: None,
            invoice_code: None,
            message: String::new(),
            memo: String::new(),
            cc: String::new(),
            online_payment: None,
            custom: Vec::new(),
            update: Vec::new(),
            tax_mode: TaxMode::Excluded,
            discount: None,
            discount_amount: Decimal::ZERO,
            rate: None,
            lines: vec![line],
            total,
        }
    }

    fn snapshot(total: Decimal, tax: Option<Decimal>) -> Snapshot {
        let brl = |amount| Money::rounded(amount, Currency::BRL);
        Snapshot {
            quickbooks_id: "1".into(),
            sync_token: "0".into(),
            doc_number: None,
            customer_name: String::new(),
            customer_id: "1".into(),
            email: String::new(),
            total: brl(total),
            balance: brl(total),
            tax: tax.map(brl),
            issued: date(2026, 3, 13),
            due: date(2026, 3, 20),
            sent: false,
            voided: false,
            deleted: false,
        }
    }

    fn one<'a>(request: &'a Draft, snapshot: Option<&'a Snapshot>) -> [Standing<'a>; 1] {
        [Standing { id: InvoiceId(Uuid::from_u128(7)), request, snapshot }]
    }

    #[test]
    fn an_invoice_counts_as_it_stands_in_quickbooks() {
        let confirmed = request(dec!(100), Currency::BRL, Some(5));
        let before = billed(one(&confirmed, None), None, "BRL");
        assert_eq!((before.amount, before.quantities.get(&5)), (dec!(100), Some(&dec!(2))));
        let taxed = snapshot(dec!(118), Some(dec!(18)));
        let issued = billed(one(&confirmed, Some(&taxed)), None, "BRL");
        assert_eq!(issued, before, "issued, it bills the same");
        let edited = snapshot(dec!(59), Some(dec!(9)));
        let edited = billed(one(&confirmed, Some(&edited)), None, "BRL");
        assert_eq!((edited.amount, edited.quantities.is_empty()), (dec!(50), true));
        assert_ne!(edited.fingerprint, before.fingerprint);
    }

    #[test]
    fn currencies_are_never_added_up() {
        let mut foreign = request(dec!(50), Currency::USD, None);
        let apart = billed(one(&foreign, None), None, "BRL");
        assert_eq!((apart.amount, apart.foreign), (Decimal::ZERO, vec![Money::rounded(dec!(50), Currency::USD)]));
        foreign.rate = Some(dec!(0.2));
        assert_eq!(billed(one(&foreign, None), None, "BRL").amount, dec!(250), "by the rate of its conversion");
    }

    #[test]
    fn more_than_the_deal_is_an_excess() {
        assert_eq!(excess(dec!(100), dec!(0), dec!(100)), None);
        assert_eq!(excess(dec!(100), dec!(0), dec!(100.01)), Some(dec!(0.01)));
        assert_eq!(excess(dec!(100), dec!(90), dec!(20)), Some(dec!(10)));
        assert!(
            excess(dec!(-1), Decimal::MAX, Decimal::MAX).is_some(),
            "what cannot be added up is more than the deal"
        );
    }

    proptest! {
        #[test]
        fn shares_make_the_amount(amount in 0_i64..10_000_000, weights in prop::collection::vec(0_i64..100_000, 1..20)) {
            let weights: Vec<Decimal> = weights.into_iter().map(|weight| Decimal::new(weight, 2)).collect();
            for places in [0, 2, 3] {
                let amount = Decimal::new(amount, places);
                let shares = split(amount, &weights, places).expect("within the limits");
                prop_assert_eq!(shares.iter().sum::<Decimal>(), amount);
            }
        }
    }
}

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
            // Read before taxes were kept: the same share of what was confirmed as of its total; all of it if it was not edited.
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
        deal::{Product, Reduction},
        draft::{Choice, DraftLine},
        mapping::Values,
        totals::Discount,
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

    /// Each invoice by the way in which its amount is found: with prices that include tax, and read before taxes were kept.
    #[test]
    fn the_amount_of_an_invoice_follows_quickbooks() {
        let amount = |confirmed: &Draft, total, tax| {
            let snapshot = snapshot(total, tax);
            billed(one(confirmed, Some(&snapshot)), None, "BRL").amount
        };
        let taxed = Draft { total: dec!(118), ..request(dec!(100), Currency::BRL, None) };
        let included = Draft { tax_mode: TaxMode::Included, ..taxed.clone() };
        assert_eq!(amount(&included, dec!(118), Some(dec!(18))), dec!(118), "the deal's prices include the tax");
        assert_eq!(amount(&included, dec!(59), None), dec!(59));
        assert_eq!(amount(&taxed, dec!(118), None), dec!(100), "as confirmed");
        assert_eq!(amount(&taxed, dec!(59), None), dec!(50), "half of what was confirmed");
        let free = request(dec!(0), Currency::BRL, None);
        assert_eq!(amount(&free, dec!(0), None), dec!(0));
        assert_eq!(amount(&free, dec!(50), None), dec!(50), "no share of nothing can be told");
    }

    /// Earlier versions confirmed no amount of the discount.
    #[test]
    fn a_discount_lowers_what_an_invoice_bills() {
        let amount = |currency, discount, discount_amount| {
            Draft { discount: Some(discount), discount_amount, ..request(dec!(99), currency, None) }.amount()
        };
        let percent = Discount::Percent(dec!(10));
        assert_eq!(amount(Currency::BRL, percent, dec!(9.91)), dec!(89.09), "as it was confirmed");
        assert_eq!(amount(Currency::BRL, percent, dec!(0)), dec!(89.10));
        assert_eq!(amount(Currency::JPY, percent, dec!(0)), dec!(89));
        assert_eq!(amount(Currency::BRL, Discount::Amount(dec!(7)), dec!(0)), dec!(92));
        assert_eq!(request(dec!(99), Currency::BRL, None).amount(), dec!(99));
    }

    #[test]
    fn without_a_rate_an_invoice_counts_by_the_prices_of_its_products() {
        let product = |id: Option<i64>, price| Product {
            id,
            name: String::new(),
            code: String::new(),
            description: String::new(),
            quantity: dec!(9),
            price: Some(price),
            discount: Reduction::Percent(Decimal::ZERO),
            tax: Decimal::ZERO,
            tax_included: false,
        };
        let deal = Deal {
            id: 1,
            title: String::new(),
            value: dec!(1000),
            currency: "BRL".into(),
            organization: None,
            person: None,
            values: Values::new(),
            products: vec![
                product(None, dec!(1)),
                product(Some(5), dec!(100)),
                product(Some(6), dec!(33.335)),
                Product { price: None, ..product(Some(7), dec!(0)) },
            ],
            discounts: Vec::new(),
            is_incomplete: false,
        };
        let in_deal = |product, rate| {
            let foreign = Draft { rate, ..request(dec!(50), Currency::USD, product) };
            let billed = billed(one(&foreign, None), Some(&deal), "BRL");
            (billed.amount, billed.foreign.len())
        };
        assert_eq!(in_deal(Some(6), None), (dec!(66.67), 0), "two of it");
        assert_eq!(in_deal(Some(6), Some(dec!(0))), (dec!(66.67), 0), "zero is no rate");
        assert_eq!(in_deal(Some(6), Some(dec!(-2))), (dec!(66.67), 0));
        assert_eq!(in_deal(Some(6), Some(dec!(0.3))), (dec!(166.67), 0), "a rate goes before");
        for unknown in [None, Some(7), Some(8)] {
            assert_eq!(in_deal(unknown, None), (dec!(0), 1), "{unknown:?} has no price");
        }
    }

    #[test]
    fn the_fingerprint_names_the_invoices() {
        let confirmed = request(dec!(100), Currency::BRL, None);
        let fingerprint = |ids: &[u128]| {
            let standing =
                |id: &u128| Standing { id: InvoiceId(Uuid::from_u128(*id)), request: &confirmed, snapshot: None };
            billed(ids.iter().map(standing), None, "BRL").fingerprint
        };
        assert_eq!(fingerprint(&[1, 2]), fingerprint(&[2, 1]));
        let all =
            [fingerprint(&[]), fingerprint(&[1]), fingerprint(&[1, 2]), fingerprint(&[1, 3]), fingerprint(&[2, 3])];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
    }

    #[test]
    fn a_part_is_read_as_it_is_typed() {
        use Problem::{NotANumber, NotAPercentage, NotPositive, TooLarge};
        let typed = |part: &str, kind: &str| {
            let form =
                Form { part: part.into(), part_kind: kind.into(), deal_value: "15000 BRL".into(), ..Form::default() };
            Part::typed(&form, DecimalMark::Comma)
        };
        for kind in ["percent", "amount"] {
            assert_eq!(typed(" ", kind), Ok(Part::Remaining));
            assert_eq!(typed("0", kind), Err(NotPositive));
            assert_eq!(typed("x", kind), Err(NotANumber));
            assert_eq!(typed("10.000.000.000", kind), Err(TooLarge));
        }
        assert_eq!(typed("100 %", "percent"), Ok(Part::Percent(dec!(100))));
        assert_eq!(typed("0,01", "percent"), Ok(Part::Percent(dec!(0.01))));
        assert_eq!(typed("100,01", "percent"), Err(NotAPercentage));
        assert_eq!(typed("R$ 100,01", "amount"), Ok(Part::Amount(dec!(100.01))));
        assert_eq!(typed("US$ 5", "amount"), Err(Problem::OtherCurrency("BRL".into())));
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_last_share_with_a_weight() {
        let shares = |weights: &[i64]| {
            let weights: Vec<Decimal> = weights.iter().copied().map(Decimal::from).collect();
            split(dec!(100), &weights, 2).expect("within the limits")
        };
        assert_eq!(shares(&[1, 1, 1, 0]), [dec!(33.33), dec!(33.33), dec!(33.34), dec!(0)]);
        assert_eq!(shares(&[0, 3, 1]), [dec!(0), dec!(75), dec!(25)]);
        assert_eq!(shares(&[0, 0]), [dec!(0), dec!(100)], "without any weight");
        assert_eq!(shares(&[]), []);
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

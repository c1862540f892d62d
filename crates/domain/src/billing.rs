//! The ledger of a deal: the amounts and quantities that its invoices bill, and the remaining amount.

use crate::{
    deal::Deal,
    form::{AmountKind, Form, Problem},
    ids::InvoiceId,
    invoice::Snapshot,
    invoice_request::InvoiceRequest,
    money::{Money, checked_sum, invoice_decimals, round_half_up},
    number::{AmountError, DecimalMark, parse_amount, parse_percent},
    tax::TaxMode,
    totals::is_within_limit,
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};
use std::collections::BTreeMap;

/// An invoice that counts as billed: it exists in QuickBooks, or its operation is not finished.
#[derive(Debug, Clone, Copy)]
pub struct BilledInvoice<'a> {
    /// Fatura's id of the invoice.
    pub id: InvoiceId,
    /// The confirmed content.
    pub request: &'a InvoiceRequest,
    /// Its last known state in QuickBooks; `None` until QuickBooks has confirmed it.
    pub snapshot: Option<&'a Snapshot>,
}

impl BilledInvoice<'_> {
    /// The billed amount: without tax, or with tax if prices include it. It follows edits in QuickBooks.
    pub fn amount(&self) -> Decimal {
        let confirmed = self.request.amount();
        let Some(snapshot) = self.snapshot else { return confirmed };
        let total = snapshot.total.amount();
        match snapshot.tax {
            _ if self.request.tax_mode == TaxMode::Included => total,
            Some(tax) => total.saturating_sub(tax.amount()),
            // Snapshots of earlier versions have no tax. The confirmed amount is scaled by the ratio of the current
            // total to the confirmed total; an invoice that was not edited bills the confirmed amount.
            None => {
                let share = confirmed.checked_mul(total).and_then(|product| product.checked_div(self.request.total));
                round_half_up(share.unwrap_or(total), invoice_decimals(self.request.currency))
            }
        }
    }

    /// Whether the invoice still bills the confirmed amount. Otherwise its quantities are not certain.
    fn is_as_confirmed(&self) -> bool {
        self.amount() == self.request.amount()
    }
}

/// Sums over the billed invoices of a deal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Billed {
    /// Number of invoices.
    pub invoices: usize,
    /// Billed amount in the deal's currency.
    pub amount: Decimal,
    /// Billed quantities by product id, without invoices that were edited in QuickBooks.
    pub quantities: BTreeMap<i64, Decimal>,
    /// Amounts in other currencies that cannot be converted to the deal's currency. They are never added to `amount`.
    pub foreign: Vec<Money>,
    /// Changes whenever an invoice is added, removed or edited.
    pub fingerprint: String,
}

/// Adds up billed invoices. An amount in another currency is converted by the rate of its form. Without a rate, its
/// products count at the deal's prices. If neither is possible, the amount is listed in [`Billed::foreign`].
///
/// A sum that leaves the range of [`Decimal`] saturates. It is compared with the total of a deal, and the end of the
/// range is more than any deal total.
pub fn sum_billed<'a>(
    invoices: impl IntoIterator<Item = BilledInvoice<'a>>,
    deal: Option<&Deal>,
    code: &str,
) -> Billed {
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
        } else if let Some(converted) =
            currency.and_then(|currency| convert_to_currency(&invoice, amount, currency, deal))
        {
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

/// Converts the amount of an invoice to the deal's currency. Returns `None` without a rate or known products.
fn convert_to_currency(
    invoice: &BilledInvoice<'_>,
    amount: Decimal,
    currency: Currency,
    deal: Option<&Deal>,
) -> Option<Decimal> {
    let converted = match invoice.request.rate {
        Some(rate) if rate > Decimal::ZERO => amount.checked_div(rate)?,
        _ => {
            let deal = deal?;
            let line_value = |line: &crate::invoice_request::RequestLine| {
                let product =
                    deal.products.iter().find(|product| product.id.is_some() && product.id == line.product)?;
                product.price?.checked_mul(line.quantity)
            };
            invoice.request.lines.iter().map(line_value).try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line?))?
        }
    };
    Some(round_half_up(converted, invoice_decimals(currency)))
}

/// The part of a deal that an invoice bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of the deal, including amounts that earlier invoices bill.
    All,
    /// The remaining, unbilled part.
    Remaining,
    /// A percentage of the deal.
    Percent(Decimal),
    /// An amount in the deal's currency.
    Amount(Decimal),
}

impl Part {
    /// Parses the part that a person typed into a form. An empty field means [`Part::Remaining`].
    pub fn from_form(form: &Form, mark: DecimalMark) -> Result<Self, Problem> {
        let text = form.part.trim();
        if text.is_empty() {
            return Ok(Self::Remaining);
        }
        let is_amount = form.part_kind == AmountKind::Amount;
        let value = if is_amount {
            let code = form.deal_value.as_ref().map(|value| value.currency.as_str()).unwrap_or_default();
            parse_amount(text, mark, Currency::from_code(code)).map_err(|error| match error {
                AmountError::OtherCurrency => Problem::OtherCurrency(code.to_owned()),
                error => error.positive_problem(None),
            })?
        } else {
            parse_percent(text, mark).map_err(AmountError::percent_problem)?
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

/// Computes by how much an invoice of `amount`, together with the amount billed before, exceeds the deal total. Returns
/// `None` if it does not.
pub fn compute_excess(deal_total: Decimal, billed: Decimal, amount: Decimal) -> Option<Decimal> {
    let excess = billed.saturating_add(amount).saturating_sub(deal_total);
    (excess > Decimal::ZERO).then_some(excess)
}

/// Splits an amount by weights. The rounding remainder goes to the last share with a weight. Returns `None` if the
/// numbers are too large.
pub fn split_by_weights(amount: Decimal, weights: &[Decimal], places: u32) -> Option<Vec<Decimal>> {
    let sum = checked_sum(weights.iter().copied())?;
    let share = |weight: &Decimal| {
        if sum.is_zero() {
            return Some(Decimal::ZERO);
        }
        Some(round_half_up(amount.checked_mul(*weight)?.checked_div(sum)?, places))
    };
    let mut shares: Vec<Decimal> = weights.iter().map(share).collect::<Option<_>>()?;
    let remainder = amount.checked_sub(checked_sum(shares.iter().copied())?)?;
    if let Some(at) = weights.iter().rposition(|weight| !weight.is_zero()).or(weights.len().checked_sub(1)) {
        let share = shares.get_mut(at)?;
        *share = share.checked_add(remainder)?;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::Address,
        deal::{Product, Reduction},
        invoice_request::{Choice, RequestLine},
        mapping::FieldValues,
        totals::Discount,
    };
    use jiff::civil::date;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn request(total: Decimal, currency: Currency, product: Option<i64>) -> InvoiceRequest {
        let line = RequestLine {
            product,
            item: Choice::Existing("1".into()),
            description: String::new(),
            quantity: dec!(2),
            unit_price: total / dec!(2),
            amount: total,
            net: None,
            tax_code: None,
        };
        InvoiceRequest {
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

    fn single<'a>(request: &'a InvoiceRequest, snapshot: Option<&'a Snapshot>) -> [BilledInvoice<'a>; 1] {
        [BilledInvoice { id: InvoiceId(Uuid::from_u128(7)), request, snapshot }]
    }

    #[test]
    fn an_edited_invoice_counts_with_its_current_amount() {
        let confirmed = request(dec!(100), Currency::BRL, Some(5));
        let before = sum_billed(single(&confirmed, None), None, "BRL");
        assert_eq!((before.amount, before.quantities.get(&5)), (dec!(100), Some(&dec!(2))));
        let taxed = snapshot(dec!(118), Some(dec!(18)));
        let issued = sum_billed(single(&confirmed, Some(&taxed)), None, "BRL");
        assert_eq!(issued, before, "an issued invoice bills the same amount");
        let edited = snapshot(dec!(59), Some(dec!(9)));
        let edited = sum_billed(single(&confirmed, Some(&edited)), None, "BRL");
        assert_eq!((edited.amount, edited.quantities.is_empty()), (dec!(50), true));
        assert_ne!(edited.fingerprint, before.fingerprint);
    }

    #[test]
    fn currencies_are_never_added_up() {
        let mut foreign = request(dec!(50), Currency::USD, None);
        let apart = sum_billed(single(&foreign, None), None, "BRL");
        assert_eq!((apart.amount, apart.foreign), (Decimal::ZERO, vec![Money::rounded(dec!(50), Currency::USD)]));
        foreign.rate = Some(dec!(0.2));
        assert_eq!(
            sum_billed(single(&foreign, None), None, "BRL").amount,
            dec!(250),
            "converted by the rate of the form"
        );
    }

    /// Covers prices that include tax, and snapshots of earlier versions without tax.
    #[test]
    fn the_billed_amount_follows_edits_in_quickbooks() {
        let amount = |confirmed: &InvoiceRequest, total, tax| {
            let snapshot = snapshot(total, tax);
            sum_billed(single(confirmed, Some(&snapshot)), None, "BRL").amount
        };
        let taxed = InvoiceRequest { total: dec!(118), ..request(dec!(100), Currency::BRL, None) };
        let included = InvoiceRequest { tax_mode: TaxMode::Included, ..taxed.clone() };
        assert_eq!(amount(&included, dec!(118), Some(dec!(18))), dec!(118), "prices include the tax");
        assert_eq!(amount(&included, dec!(59), None), dec!(59));
        assert_eq!(amount(&taxed, dec!(118), None), dec!(100), "as confirmed");
        assert_eq!(amount(&taxed, dec!(59), None), dec!(50), "half of the confirmed amount");
        let free = request(dec!(0), Currency::BRL, None);
        assert_eq!(amount(&free, dec!(0), None), dec!(0));
        assert_eq!(amount(&free, dec!(50), None), dec!(50), "a confirmed amount of zero cannot be scaled");
    }

    /// Requests of earlier versions have no `discount_amount`.
    #[test]
    fn a_discount_lowers_the_billed_amount() {
        let amount = |currency, discount, discount_amount| {
            InvoiceRequest { discount: Some(discount), discount_amount, ..request(dec!(99), currency, None) }.amount()
        };
        let percent = Discount::Percent(dec!(10));
        assert_eq!(amount(Currency::BRL, percent, dec!(9.91)), dec!(89.09), "the confirmed discount");
        assert_eq!(amount(Currency::BRL, percent, dec!(0)), dec!(89.10));
        assert_eq!(amount(Currency::JPY, percent, dec!(0)), dec!(89));
        assert_eq!(amount(Currency::BRL, Discount::Amount(dec!(7)), dec!(0)), dec!(92));
        assert_eq!(request(dec!(99), Currency::BRL, None).amount(), dec!(99));
    }

    #[test]
    fn converts_by_product_prices_without_a_rate() {
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
            values: FieldValues::new(),
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
            let foreign = InvoiceRequest { rate, ..request(dec!(50), Currency::USD, product) };
            let billed = sum_billed(single(&foreign, None), Some(&deal), "BRL");
            (billed.amount, billed.foreign.len())
        };
        assert_eq!(in_deal(Some(6), None), (dec!(66.67), 0), "two at the price of the deal");
        assert_eq!(in_deal(Some(6), Some(dec!(0))), (dec!(66.67), 0), "zero is not a rate");
        assert_eq!(in_deal(Some(6), Some(dec!(-2))), (dec!(66.67), 0));
        assert_eq!(in_deal(Some(6), Some(dec!(0.3))), (dec!(166.67), 0), "a rate takes precedence");
        for unknown in [None, Some(7), Some(8)] {
            assert_eq!(in_deal(unknown, None), (dec!(0), 1), "{unknown:?} has no price");
        }
    }

    #[test]
    fn the_fingerprint_depends_on_the_invoices() {
        let confirmed = request(dec!(100), Currency::BRL, None);
        let fingerprint = |ids: &[u128]| {
            let billed =
                |id: &u128| BilledInvoice { id: InvoiceId(Uuid::from_u128(*id)), request: &confirmed, snapshot: None };
            sum_billed(ids.iter().map(billed), None, "BRL").fingerprint
        };
        assert_eq!(fingerprint(&[1, 2]), fingerprint(&[2, 1]));
        let all =
            [fingerprint(&[]), fingerprint(&[1]), fingerprint(&[1, 2]), fingerprint(&[1, 3]), fingerprint(&[2, 3])];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
    }

    #[test]
    fn parses_a_typed_part() {
        use Problem::{NotANumber, NotAPercentage, NotPositive, TooLarge};
        let parse = |part: &str, kind: &str| {
            let form = Form {
                part: part.into(),
                part_kind: kind.to_owned().into(),
                deal_value: "15000 BRL".parse().ok(),
                ..Form::default()
            };
            Part::from_form(&form, DecimalMark::Comma)
        };
        for kind in ["percent", "amount"] {
            assert_eq!(parse(" ", kind), Ok(Part::Remaining));
            assert_eq!(parse("0", kind), Err(NotPositive));
            assert_eq!(parse("x", kind), Err(NotANumber));
            assert_eq!(parse("10.000.000.000", kind), Err(TooLarge));
        }
        assert_eq!(parse("100 %", "percent"), Ok(Part::Percent(dec!(100))));
        assert_eq!(parse("0,01", "percent"), Ok(Part::Percent(dec!(0.01))));
        assert_eq!(parse("100,01", "percent"), Err(NotAPercentage));
        assert_eq!(parse("R$ 100,01", "amount"), Ok(Part::Amount(dec!(100.01))));
        assert_eq!(parse("US$ 5", "amount"), Err(Problem::OtherCurrency("BRL".into())));
    }

    #[test]
    fn the_rounding_remainder_goes_to_the_last_weight() {
        let shares = |weights: &[i64]| {
            let weights: Vec<Decimal> = weights.iter().copied().map(Decimal::from).collect();
            split_by_weights(dec!(100), &weights, 2).expect("within the limits")
        };
        assert_eq!(shares(&[1, 1, 1, 0]), [dec!(33.33), dec!(33.33), dec!(33.34), dec!(0)]);
        assert_eq!(shares(&[0, 3, 1]), [dec!(0), dec!(75), dec!(25)]);
        assert_eq!(shares(&[0, 0]), [dec!(0), dec!(100)], "without any weight");
        assert_eq!(shares(&[]), []);
    }

    #[test]
    fn computes_the_excess_over_the_deal_total() {
        assert_eq!(compute_excess(dec!(100), dec!(0), dec!(100)), None);
        assert_eq!(compute_excess(dec!(100), dec!(0), dec!(100.01)), Some(dec!(0.01)));
        assert_eq!(compute_excess(dec!(100), dec!(90), dec!(20)), Some(dec!(10)));
        assert!(
            compute_excess(dec!(-1), Decimal::MAX, Decimal::MAX).is_some(),
            "a sum out of range exceeds any deal total"
        );
    }

    proptest! {
        #[test]
        fn weighted_parts_add_up_to_the_amount(amount in 0_i64..10_000_000, weights in prop::collection::vec(0_i64..100_000, 1..20)) {
            let weights: Vec<Decimal> = weights.into_iter().map(|weight| Decimal::new(weight, 2)).collect();
            for places in [0, 2, 3] {
                let amount = Decimal::new(amount, places);
                let shares = split_by_weights(amount, &weights, places).expect("within the limits");
                prop_assert_eq!(shares.iter().sum::<Decimal>(), amount);
            }
        }
    }
}

//! Property tests: no number of a deal, a form or an invoice of an earlier version causes a panic.

use super::*;
use crate::{
    billing::{BilledInvoice, compute_excess, split_by_weights, sum_billed},
    form::{DealValue, validate_form},
    ids::InvoiceId,
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    money::Money,
    sums::sum_invoices,
};
use proptest::prelude::*;

fn any_decimal() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (any::<[u32; 3]>(), any::<bool>(), 0_u32..=28).prop_map(|([low, middle, high], is_negative, scale)| {
            Decimal::from_parts(low, middle, high, is_negative, scale)
        }),
        (-1_000_000_i64..1_000_000, 0_u32..=28).prop_map(|(units, scale)| Decimal::new(units, scale)),
        Just(Decimal::MAX),
        Just(Decimal::MIN),
        Just(Decimal::ZERO),
        Just(dec!(0.0000000000000000000000000001)),
        Just(dec!(9999999999.99999)),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any_decimal().prop_map(|value| value.to_string()),
        any_decimal().prop_map(|value| format_decimal(value, DecimalMark::Comma)),
        "-?[0-9]{1,40}([.,][0-9]{1,40})?",
        "[-() 0-9.,'%$€R\u{a0}]{0,30}",
        "(?s).{0,20}",
    ]
}

fn any_reduction() -> impl Strategy<Value = Reduction> {
    prop_oneof![any_decimal().prop_map(Reduction::Percent), any_decimal().prop_map(Reduction::Amount)]
}

prop_compose! {
    fn any_product()(
        quantity in any_decimal(), price in prop::option::of(any_decimal()), discount in any_reduction(),
        tax in any_decimal(), tax_included: bool, id in prop::option::of(1_i64..4),
    ) -> Product {
        Product { id, quantity, price, discount, tax, tax_included, ..product(1, "Sensor", "SEN", quantity, quantity) }
    }
}

prop_compose! {
    fn any_deal()(
        value in any_decimal(), currency in prop_oneof![Just("BRL"), Just("USD"), Just("JPY"), Just("")],
        products in prop::collection::vec(any_product(), 0..6), discounts in prop::collection::vec(any_reduction(), 0..3),
    ) -> Deal {
        Deal { value, currency: currency.into(), discounts, ..deal(products) }
    }
}

prop_compose! {
    /// A company with arbitrary tax rates.
    fn any_catalogue()(
        model in 0..5, discount_line: bool, percents in prop::collection::vec(any_decimal(), 4),
        base in prop::sample::select(vec![TaxBase::Amount, TaxBase::AmountAndTax, TaxBase::Tax]),
    ) -> Catalogue {
        let rate = |(at, percent): (usize, &Decimal)| TaxRate { id: at.to_string(), name: String::new(), percent: *percent, base };
        let code = |id: &str, percents: &[Decimal]| {
            TaxCode { id: id.into(), name: id.into(), rates: percents.iter().enumerate().map(rate).collect() }
        };
        let codes = vec![code("2", &percents[..2]), code("3", &percents[2..])];
        let tax = match model {
            0 => TaxModel::None,
            1 => TaxModel::Automated,
            2 => TaxModel::SalesTax { codes, default: Some("2".into()) },
            3 => TaxModel::PerLine { codes, rounding: Rounding::PerRate },
            _ => TaxModel::PerLine { codes, rounding: Rounding::PerLine },
        };
        Catalogue { tax, discount_line, ..catalogue() }
    }
}

prop_compose! {
    fn any_line()(
        quantity in any_text(), unit_price in any_text(), discount in any_text(),
        tax_code in prop_oneof![Just("2"), Just("3"), Just(TAXABLE), Just("")],
    ) -> FormLine {
        FormLine { item: "10".into(), quantity, unit_price, discount, tax_code: tax_code.into(), ..FormLine::default() }
    }
}

prop_compose! {
    fn any_form()(
        lines in prop::collection::vec(any_line(), 0..50), discount in any_text(), part in any_text(), rate in any_text(),
        is_amount: bool, is_part_amount: bool, number in any_text(), value in any_decimal(),
        mode in prop_oneof![Just(TaxMode::Included), Just(TaxMode::Excluded), Just(TaxMode::None)],
        currency in prop_oneof![Just("BRL"), Just("USD"), Just("JPY"), Just("?")],
    ) -> Form {
        let kind = |is_amount| if is_amount { AmountKind::Amount } else { AmountKind::Percent };
        Form {
            customer: "1".into(), issued: "2026-03-13".into(), due: "2026-03-20".into(), mark: Some(DecimalMark::Point),
            lines, discount, part, rate, number, discount_kind: kind(is_amount), part_kind: kind(is_part_amount),
            tax_mode: mode, currency: currency.into(), invoice_code: "3".into(), deal_value: Some(DealValue { amount: value, currency: "BRL".into() }),
            ..Form::default()
        }
    }
}

/// An invoice request that an earlier version may have stored.
fn stored_request(numbers: &[Decimal], discount: Option<Discount>, currency: Currency) -> InvoiceRequest {
    let line = |amount: &Decimal| RequestLine {
        product: Some(1),
        item: Choice::Existing("1".into()),
        description: String::new(),
        quantity: *amount,
        unit_price: *amount,
        amount: *amount,
        net: Some(*amount),
        tax_code: None,
    };
    let first = numbers.first().copied().unwrap_or_default();
    InvoiceRequest {
        customer: Choice::Existing("1".into()),
        attention: String::new(),
        email: String::new(),
        tax_id: String::new(),
        address: crate::address::Address::default(),
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
        discount,
        discount_amount: if numbers.len() > 2 { first } else { Decimal::ZERO },
        rate: (numbers.len() > 1).then_some(first),
        lines: numbers.iter().map(line).collect(),
        total: first,
    }
}

fn snapshot(total: Decimal, balance: Decimal, tax: Option<Decimal>, currency: Currency) -> Snapshot {
    let money = |amount| Money::rounded(amount, currency);
    Snapshot {
        quickbooks_id: "1".into(),
        sync_token: "0".into(),
        doc_number: None,
        customer_name: String::new(),
        customer_id: "1".into(),
        email: String::new(),
        total: money(total),
        balance: money(balance),
        tax: tax.map(money),
        issued: date(2026, 3, 13),
        due: date(2026, 3, 20),
        sent: false,
        voided: false,
        deleted: false,
    }
}

proptest! {
    #[test]
    fn no_form_panics(mut form in any_form(), catalogue in any_catalogue(), discounts_in_prices: bool) {
        for mark in [DecimalMark::Comma, DecimalMark::Point] {
            let rules = Rules { catalogue: &catalogue, customer: None, mark, discounts_in_prices };
            let printed = preview_form(&form, &rules).printed;
            let result = validate_form(&form, &rules);
            prop_assert!(result.is_err() || printed.is_some(), "valid without totals");
            if let Ok(request) = result {
                prop_assert_eq!(request.lines.len(), form.lines.len(), "a line was lost");
                request.amount();
            }
            let _ = (Part::from_form(&form, mark), form.exchange_rate());
            form.rewrite_numbers(mark);
        }
    }

    #[test]
    fn no_deal_panics(
        deal in any_deal(), catalogue in any_catalogue(), numbers in prop::collection::vec(any_decimal(), 0..5),
        part in any_decimal(), discounts_in_prices: bool, currency in prop::sample::select(vec![Currency::BRL, Currency::USD]),
        discount in prop::option::of(any_reduction()), tax in prop::option::of(any_decimal()),
    ) {
        let discount = discount.map(|discount| match discount {
            Reduction::Percent(percent) => Discount::Percent(percent),
            Reduction::Amount(amount) => Discount::Amount(amount),
        });
        let request = stored_request(&numbers, discount, currency);
        let snapshots: Vec<Snapshot> = numbers.iter().map(|total| snapshot(*total, part, tax, currency)).collect();
        let id = InvoiceId(uuid::Uuid::nil());
        let unsent = std::iter::once(BilledInvoice { id, request: &request, snapshot: None });
        let invoices = unsent.chain(snapshots.iter().map(|snapshot| BilledInvoice { id, request: &request, snapshot: Some(snapshot) }));
        let billed = sum_billed(invoices, Some(&deal), &deal.currency);
        for sum in sum_invoices(snapshots.iter().map(|snapshot| (snapshot, date(2026, 3, 13)))) {
            let _ = (sum.balance(), sum.invoiced());
        }
        let settings = Settings { discounts_in_prices, ..Settings::default() };
        let opening = opening(&catalogue, &settings, &billed);
        let _ = (compute_excess(compute_deal_total(&deal, &opening), billed.amount, part), split_by_weights(part, &numbers, 2));
        let mut form = open_form(&deal, &opening, &describe);
        for part in [Part::All, Part::Remaining, Part::Percent(part), Part::Amount(part)] {
            fill_lines(&mut form, &deal, &opening, part, &describe);
            let rules = Rules { catalogue: &catalogue, customer: None, mark: opening.mark, discounts_in_prices };
            let _ = (preview_form(&form, &rules), validate_form(&form, &rules));
        }
    }
}

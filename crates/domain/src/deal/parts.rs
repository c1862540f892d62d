//! Form lines for a part of a deal: all of it, the remaining part, a percentage or an amount.

use super::{
    Deal, Describe, Opening, Product, build_line, choose_tax_code, choose_tax_mode, combine_discounts,
    find_default_item, find_deposit_item, saturating_percent_of, sum_moved_discounts, sum_rows, total_as_priced,
};
use crate::{
    billing::{Billed, Part, split_by_weights},
    form::{AmountKind, CREATE, Form, FormLine, Rules, parse_line, preview_form},
    money::{checked_sum, invoice_decimals, percent_of, round_half_up},
    number::format_decimal,
    totals::{LineAmounts, UNIT_PRICE_DECIMALS},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// A deal billed in full.
pub(super) struct FullBill {
    lines: Vec<FormLine>,
    /// Amount of each line after its own discount.
    amounts: Vec<Decimal>,
    discount: (AmountKind, Decimal),
    /// Share of each line in the total.
    shares: Vec<Decimal>,
    pub(super) total: Decimal,
    places: u32,
}

pub(super) fn compute_full_bill(deal: &Deal, opening: &Opening<'_>) -> FullBill {
    let mode = choose_tax_mode(deal, opening.catalogue);
    let lines: Vec<FormLine> = if deal.products.is_empty() {
        vec![FormLine {
            item: find_default_item(opening).map(|item| item.id.clone()).unwrap_or_default(),
            item_name: find_default_item(opening).map(|item| item.name.clone()).unwrap_or_default(),
            description: deal.title.clone(),
            name: deal.title.clone(),
            quantity: "1".into(),
            unit_price: format_decimal(round_half_up(deal.value, UNIT_PRICE_DECIMALS), opening.mark),
            tax_code: choose_tax_code(find_default_item(opening), Decimal::ZERO, opening),
            ..FormLine::default()
        }]
    } else {
        deal.products.iter().map(|product| build_line(product, opening, mode, false)).collect()
    };
    let currency = Currency::from_code(&deal.currency).unwrap_or(opening.catalogue.home_currency);
    let places = invoice_decimals(currency);
    let mut lines = lines;
    let mut discount = combine_discounts(deal, places);
    let moved = sum_moved_discounts(deal, opening, &lines);
    if !moved.is_zero() {
        lines = deal.products.iter().map(|product| build_line(product, opening, mode, true)).collect();
        let (kind, value) = discount;
        let deal_discount =
            if kind == AmountKind::Percent { saturating_percent_of(sum_rows(deal), value) } else { value };
        discount = (AmountKind::Amount, round_half_up(deal_discount.saturating_add(moved), places));
    }
    let form = Form {
        currency: currency.code().to_owned(),
        tax_mode: mode,
        lines: lines.clone(),
        discount: format_decimal(discount.1, opening.mark),
        discount_kind: discount.0,
        ..Form::default()
    };
    let rules = Rules {
        catalogue: opening.catalogue,
        customer: None,
        mark: opening.mark,
        discounts_in_prices: opening.settings.discounts_in_prices,
    };
    let amounts: Vec<Decimal> = lines
        .iter()
        .map(|line| {
            parse_line(line, opening.mark, Some(currency)).and_then(|line| line.amount(currency)).unwrap_or_default()
        })
        .collect();
    let total = preview_form(&form, &rules).totals().map(|totals| total_as_priced(totals, mode)).unwrap_or_default();
    let shares = split_by_weights(total, &amounts, places).unwrap_or_else(|| vec![Decimal::ZERO; amounts.len()]);
    for (line, product) in lines.iter_mut().zip(&deal.products) {
        if product.price.is_none() {
            line.unit_price.clear();
        }
    }
    FullBill { lines, amounts, discount, shares, total, places }
}

/// Fills in the lines for a part of the deal, and the invoice discount.
///
/// If the earlier invoices bill quantities, the lines bill the remaining quantities. A percentage, an amount, and the
/// remaining amount after one of these, become one summary line with quantity 1 for each tax code of the deal's rows,
/// exact to the cent.
pub fn fill_lines(form: &mut Form, deal: &Deal, opening: &Opening<'_>, part: Part, describe: &Describe<'_>) {
    let full = compute_full_bill(deal, opening);
    form.part_applied = match part {
        Part::Percent(_) | Part::Amount(_) => form.part_text(),
        Part::All | Part::Remaining => String::new(),
    };
    if form.part_applied.is_empty() {
        form.part.clear();
    }
    form.priced_in.clone_from(&deal.currency);
    form.rate.clear();
    form.discount_kind = full.discount.0;
    form.discount.clear();
    let fill_whole_deal = |form: &mut Form, lines: Vec<FormLine>| {
        if !full.discount.1.is_zero() {
            form.discount = format_decimal(full.discount.1, opening.mark);
        }
        form.lines = lines;
    };
    let remaining = full.total.saturating_sub(opening.billed.amount);
    let round = |amount: Decimal| round_half_up(amount, full.places);
    match part {
        Part::All => fill_whole_deal(form, full.lines.clone()),
        Part::Percent(percent) if percent == dec!(100) => fill_whole_deal(form, full.lines.clone()),
        Part::Remaining if opening.billed.invoices == 0 => fill_whole_deal(form, full.lines.clone()),
        Part::Remaining if remaining <= Decimal::ZERO => form.lines = Vec::new(),
        Part::Remaining => {
            let unbilled = compute_unbilled_shares(deal, opening.billed);
            match build_remaining_lines(&full, &unbilled, remaining, opening) {
                Some((lines, discount)) => {
                    form.lines = lines;
                    if !discount.1.is_zero() {
                        form.discount_kind = discount.0;
                        form.discount = format_decimal(discount.1, opening.mark);
                    }
                }
                None => form.lines = build_summary_lines(&full, &unbilled, remaining, opening, &describe(part)),
            }
        }
        Part::Percent(percent) => {
            let amount = round(saturating_percent_of(full.total, percent));
            form.lines = build_summary_lines(
                &full,
                &compute_unbilled_shares(deal, opening.billed),
                amount,
                opening,
                &describe(part),
            );
        }
        Part::Amount(amount) => {
            form.lines = build_summary_lines(
                &full,
                &compute_unbilled_shares(deal, opening.billed),
                round(amount),
                opening,
                &describe(part),
            );
        }
    }
}

/// Computes the unbilled share of each row by quantity: 1 if nothing of the row is billed, 0 if all of it is.
fn compute_unbilled_shares(deal: &Deal, billed: &Billed) -> Vec<Decimal> {
    let mut quantities = billed.quantities.clone();
    let unbilled_share = |product: &Product| {
        let mut none = Decimal::ZERO;
        let unassigned = product.id.map_or(&mut none, |id| quantities.entry(id).or_default());
        let of_row = product.quantity.min(*unassigned).max(Decimal::ZERO);
        *unassigned = unassigned.saturating_sub(of_row);
        product.quantity.saturating_sub(of_row).checked_div(product.quantity).unwrap_or_default()
    };
    if deal.products.is_empty() { vec![Decimal::ONE] } else { deal.products.iter().map(unbilled_share).collect() }
}

/// Builds lines for the unbilled quantities, with the discount that makes them add up to the remaining amount. Returns
/// `None` if quantities do not explain the remaining amount.
fn build_remaining_lines(
    full: &FullBill,
    unbilled: &[Decimal],
    remaining: Decimal,
    opening: &Opening<'_>,
) -> Option<(Vec<FormLine>, (AmountKind, Decimal))> {
    let mut lines = Vec::new();
    let (mut sum, mut expected) = (Decimal::ZERO, Decimal::ZERO);
    let rows = full.amounts.iter().zip(&full.shares).zip(unbilled);
    for (line, ((full_amount, share), unbilled)) in
        full.lines.iter().zip(rows).filter(|(_, (_, unbilled))| !unbilled.is_zero())
    {
        let amounts = parse_line(line, opening.mark, None)?;
        let quantity = amounts.quantity.checked_mul(*unbilled)?.normalize();
        let quantity =
            if *unbilled == Decimal::ONE { amounts.quantity } else { round_half_up(quantity, 8).normalize() };
        let row = LineAmounts { quantity, ..amounts };
        let amount = round_half_up(row.quantity.checked_mul(row.net_unit_price()?)?, full.places);
        sum = sum.checked_add(if *unbilled == Decimal::ONE { *full_amount } else { amount })?;
        expected = expected.checked_add(share.checked_mul(*unbilled)?)?;
        lines.push(FormLine { quantity: format_decimal(quantity, opening.mark), ..line.clone() });
    }
    // Each earlier invoice may have rounded each of its lines by a cent.
    let cent = Decimal::new(1, full.places);
    let max_roundings = Decimal::from(opening.billed.invoices.saturating_add(1).saturating_mul(full.lines.len()));
    if lines.is_empty() || expected.checked_sub(remaining)?.abs() > cent.checked_mul(max_roundings)? {
        return None;
    }
    let discount = sum.checked_sub(remaining)?;
    let (kind, value) = full.discount;
    let is_percent_exact =
        kind == AmountKind::Percent && round_half_up(percent_of(sum, value)?, full.places) == discount;
    if is_percent_exact {
        Some((lines, (kind, value)))
    } else if discount >= Decimal::ZERO && (discount.is_zero() || opening.catalogue.discount_line) {
        Some((lines, (AmountKind::Amount, discount)))
    } else {
        None
    }
}

/// Builds summary lines for an amount: one for each tax code of the unbilled rows, or of all rows if none is unbilled.
fn build_summary_lines(
    full: &FullBill,
    unbilled: &[Decimal],
    amount: Decimal,
    opening: &Opening<'_>,
    text: &str,
) -> Vec<FormLine> {
    let unbilled_amount = |at: usize| {
        let amount = full.shares[at].checked_mul(unbilled[at]).unwrap_or_default();
        round_half_up(amount, full.places)
    };
    let is_any_unbilled = (0..full.lines.len()).any(|at| !unbilled_amount(at).is_zero());
    let weight = |at: usize| if is_any_unbilled { unbilled_amount(at) } else { full.shares[at] };
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, line) in full.lines.iter().enumerate() {
        if full.lines.len() > 1 && weight(at).is_zero() {
            continue;
        }
        match groups.iter_mut().find(|(code, _)| *code == line.tax_code) {
            Some((_, rows)) => rows.push(at),
            None => groups.push((line.tax_code.clone(), vec![at])),
        }
    }
    let sum_of = |rows: &[usize]| checked_sum(rows.iter().map(|at| weight(*at))).unwrap_or(Decimal::MAX);
    let weights: Vec<Decimal> = groups.iter().map(|(_, rows)| sum_of(rows)).collect();
    // An amount that is too large to be split goes to the first summary line; the form reports the problem there.
    let amounts = split_by_weights(amount, &weights, full.places).unwrap_or_else(|| {
        let mut amounts = vec![Decimal::ZERO; weights.len()];
        amounts.first_mut().into_iter().for_each(|first| *first = amount);
        amounts
    });
    let is_single = groups.len() == 1;
    let summary_line = |((tax_code, rows), amount): ((String, Vec<usize>), Decimal)| {
        let names: Vec<&str> = rows.iter().map(|at| full.lines[*at].name.as_str()).collect();
        let description = if is_single { text.to_owned() } else { format!("{text} – {}", names.join(", ")) };
        let largest = rows.iter().max_by_key(|at| weight(**at)).map(|at| &full.lines[*at]);
        let with_item = rows.iter().map(|at| &full.lines[*at]).find(|line| !matches!(line.item.as_str(), "" | CREATE));
        let item = find_deposit_item(opening).or_else(|| {
            let id = &largest.filter(|line| line.item != CREATE).or(with_item)?.item;
            opening.catalogue.item(id)
        });
        // An empty item is one that the person has to choose.
        let is_uncertain = largest.is_some_and(|line| line.item.is_empty());
        let item = item.or_else(|| if is_uncertain { None } else { find_default_item(opening) });
        let name = largest.map(|line| line.name.clone()).unwrap_or_default();
        FormLine {
            item: item
                .map_or_else(|| largest.map(|line| line.item.clone()).unwrap_or_default(), |item| item.id.clone()),
            item_name: item.map(|item| item.name.clone()).unwrap_or_default(),
            name,
            description,
            quantity: "1".into(),
            unit_price: format_decimal(amount, opening.mark),
            tax_code,
            ..FormLine::default()
        }
    };
    groups.into_iter().zip(amounts).filter(|(_, amount)| !amount.is_zero() || is_single).map(summary_line).collect()
}

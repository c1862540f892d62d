//! Taxes of a form: per line outside the United States, per transaction inside, or as the request states them.
//!
//! The rules are those of the reference, 3.8 and 5.12. Outside the United States, tax is rounded on each line and added
//! up, unless the company's rules say "per rate". Inside, each rate applies to the sum of the taxable lines.

use super::{
    lines::{Discount, Form, includes_tax, is_untaxed},
    rates::{Rate, on, rates},
};
use crate::{
    company::{Company, Rounding, SalesTax, TaxRounding},
    entity::Entity,
    fault::Fault,
    objects::draft::Draft,
};
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::{decimal, number, round};
use serde_json::{Value, json};

/// Tax of one rate on a form.
#[derive(Debug, Clone)]
struct TaxLine {
    rate: Rate,
    taxable: Decimal,
    amount: Decimal,
}

/// Taxes of a form.
#[derive(Debug)]
pub(super) struct Taxed {
    /// `TxnTaxDetail` as it is stored.
    pub(super) detail: Value,
    pub(super) total: Decimal,
    /// Amount of each sale without tax.
    pub(super) nets: Vec<Decimal>,
    pub(super) discount: Decimal,
}

/// Adds a tax to the line of its rate.
fn add(lines: &mut Vec<TaxLine>, rate: &Rate, taxable: Decimal, amount: Decimal) {
    match lines.iter_mut().find(|line| line.rate.id == rate.id) {
        Some(line) => {
            line.taxable += taxable;
            line.amount += amount;
        }
        None => lines.push(TaxLine { rate: rate.clone(), taxable, amount }),
    }
}

/// Adds the taxes of one line. If the price includes tax, the taxes add up to the difference between gross and net.
fn add_line(
    lines: &mut Vec<TaxLine>,
    rates: &[Rate],
    base: Decimal,
    mut holds: Option<Decimal>,
    decimals: Option<u32>,
) {
    for (index, (rate, (taxable, tax))) in rates.iter().zip(on(base, rates)).enumerate() {
        let mut tax = decimals.map_or(tax, |decimals| round(tax, decimals));
        if let Some(rest) = &mut holds {
            if index + 1 == rates.len() {
                tax = *rest;
            }
            *rest -= tax;
        }
        add(lines, rate, taxable, tax);
    }
}

/// Returns the amount of the discount, and the share of each sale.
fn discount(form: &Form, nets: &[Decimal]) -> (Decimal, Vec<Decimal>) {
    let subtotal: Decimal = nets.iter().sum();
    let discount = match form.discount {
        Discount::None => Decimal::ZERO,
        Discount::Percent(percent) => round(subtotal * percent / dec!(100), form.decimals),
        Discount::Amount(amount) => amount,
    };
    let mut left = discount;
    let mut shares: Vec<Decimal> = nets
        .iter()
        .map(|net| {
            let share =
                if subtotal.is_zero() { Decimal::ZERO } else { round(discount * net / subtotal, form.decimals) };
            left -= share;
            share
        })
        .collect();
    // The largest share takes the cents that rounding left over.
    if let Some(at) = (0..nets.len()).max_by_key(|at| nets[*at]) {
        shares[at] += left;
    }
    (discount, shares)
}

/// Computes the taxes of a form.
pub(super) fn compute(
    company: &Company,
    draft: &mut Draft,
    form: &Form,
    customer: Option<&Value>,
) -> Result<Taxed, Fault> {
    let sent = draft.sent.get("TxnTaxDetail").cloned().filter(|sent| !sent.is_null());
    if is_untaxed(&draft.row)
        && sent.as_ref().is_some_and(|sent| sent["TxnTaxCodeRef"].is_object() || sent["TaxLine"].is_array())
    {
        return Err(Fault::validation(
            "6170",
            "Invalid tax detail",
            "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable",
            "TxnTaxDetail",
        ));
    }
    let taxed = company.prefers("TaxPrefs", "UsingSalesTax");
    match company.rules.sales_tax {
        SalesTax::PerLine => {
            let mode = if is_untaxed(&draft.row) {
                "NotApplicable"
            } else if includes_tax(company, &draft.row) {
                "TaxInclusive"
            } else {
                "TaxExcluded"
            };
            draft.row.insert("GlobalTaxCalculation".into(), json!(mode));
            per_line(company, draft, form, sent.as_ref(), taxed)
        }
        SalesTax::UnitedStates | SalesTax::Automated => {
            draft.row.remove("GlobalTaxCalculation");
            united_states(company, draft, form, sent.as_ref(), taxed, customer)
        }
    }
}

fn before_tax(draft: &Draft) -> bool {
    draft.row.get("ApplyTaxAfterDiscount") == Some(&json!(true))
}

fn per_line(company: &Company, draft: &Draft, form: &Form, sent: Option<&Value>, taxed: bool) -> Result<Taxed, Fault> {
    let including = includes_tax(company, &draft.row);
    let rates_of: Vec<Vec<Rate>> = form
        .sales
        .iter()
        .map(|sale| sale.code.as_deref().filter(|_| taxed).map(|code| rates(company, code)).unwrap_or_default())
        .collect();
    let nets: Vec<Decimal> = form.sales.iter().map(|sale| sale.price.net).collect();
    let (discount, shares) = discount(form, &nets);
    let early = before_tax(draft) && !discount.is_zero();
    let mut lines = Vec::new();
    let by_line = company.rules.rounding == Rounding::PerLine && company.quirks.tax_rounding == TaxRounding::Country;
    let is_rounded = by_line || including;
    for (at, rates) in rates_of.iter().enumerate() {
        let price = form.sales[at].price;
        let base = if early { nets[at] - shares[at] } else { nets[at] };
        let holds = (including && !early).then(|| price.gross - price.net);
        add_line(&mut lines, rates, base, holds, is_rounded.then_some(form.decimals));
    }
    for (_, price, code) in &form.extras {
        let rates = code.as_deref().filter(|_| taxed).map(|code| rates(company, code)).unwrap_or_default();
        let holds = including.then(|| price.gross - price.net);
        add_line(&mut lines, &rates, price.net, holds, Some(form.decimals));
    }
    for line in &mut lines {
        line.amount = round(line.amount, form.decimals);
        line.taxable = round(line.taxable, form.decimals);
    }
    let (detail, total) =
        match sent.filter(|sent| taxed && sent["TaxLine"].as_array().is_some_and(|lines| !lines.is_empty())) {
            Some(sent) => overruled(company, sent, None)?,
            None => shown(&lines, None),
        };
    Ok(Taxed { detail, total, nets, discount })
}

fn united_states(
    company: &Company,
    draft: &Draft,
    form: &Form,
    sent: Option<&Value>,
    taxed: bool,
    customer: Option<&Value>,
) -> Result<Taxed, Fault> {
    let nets: Vec<Decimal> = form.sales.iter().map(|sale| sale.price.net).collect();
    let (discount, shares) = discount(form, &nets);
    let is_taxed = |code: &Option<String>| code.as_deref() == Some("TAX");
    let mut taxable: Decimal =
        form.sales.iter().zip(&nets).filter(|(sale, _)| is_taxed(&sale.code)).map(|(_, net)| *net).sum();
    if before_tax(draft) {
        taxable -= form
            .sales
            .iter()
            .zip(&shares)
            .filter(|(sale, _)| is_taxed(&sale.code))
            .map(|(_, share)| *share)
            .sum::<Decimal>();
    }
    taxable += form.extras.iter().filter(|(_, _, code)| is_taxed(code)).map(|(_, price, _)| price.net).sum::<Decimal>();
    let none = Taxed { detail: json!({ "TotalTax": 0 }), total: Decimal::ZERO, nets: nets.clone(), discount };
    if !taxed {
        return Ok(none);
    }
    let automated = company.rules.sales_tax == SalesTax::Automated;
    let asked = draft.row.get("TxnTaxDetail").and_then(|detail| detail["TxnTaxCodeRef"]["value"].as_str());
    let code = if automated { jurisdiction(company, draft, customer) } else { asked.map(str::to_owned) };
    let given = sent.and_then(|sent| decimal(&sent["TotalTax"]));
    if let Some(sent) = sent.filter(|sent| sent["TaxLine"].as_array().is_some_and(|lines| !lines.is_empty())) {
        let (detail, total) = overruled(company, sent, code.as_deref())?;
        return Ok(Taxed { detail, total, ..none });
    }
    if asked == Some("CustomSalesTax") {
        let Some(total) = given else {
            return Err(Fault::validation(
                "6160",
                "Custom sales tax",
                "TotalTax is needed with CustomSalesTax",
                "TxnTaxDetail.TotalTax",
            ));
        };
        let detail = json!({ "TxnTaxCodeRef": { "value": "CustomSalesTax" }, "TotalTax": number(total) });
        return Ok(Taxed { detail, total, ..none });
    }
    let Some(code) = code else { return Ok(none) };
    company.referenced(Entity::TaxCode, &json!({ "value": code }), "TxnTaxDetail.TxnTaxCodeRef")?;
    if matches!(code.as_str(), "TAX" | "NON") {
        return Err(Fault::tax_code("TxnTaxDetail.TxnTaxCodeRef", &code));
    }
    let rates = rates(company, &code);
    let lines: Vec<TaxLine> = rates
        .iter()
        .zip(on(taxable, &rates))
        .map(|(rate, (base, tax))| TaxLine { rate: rate.clone(), taxable: base, amount: round(tax, form.decimals) })
        .collect();
    let (detail, total) = shown(&lines, Some(&code));
    Ok(Taxed { detail, total, ..none })
}

/// Returns the tax code of the place of delivery, for automated sales tax. An exempt customer has none.
fn jurisdiction(company: &Company, draft: &Draft, customer: Option<&Value>) -> Option<String> {
    if customer.is_some_and(|customer| customer["Taxable"] == json!(false)) {
        return None;
    }
    let state = |address: &Value| address["CountrySubDivisionCode"].as_str().map(str::to_ascii_uppercase);
    let place = ["ShipAddr", "BillAddr"]
        .iter()
        .find_map(|member| draft.row.get(*member).and_then(state))
        .or_else(|| customer.and_then(|customer| state(&customer["ShipAddr"]).or_else(|| state(&customer["BillAddr"]))))
        .or_else(|| state(&company.info()["LegalAddr"]))?;
    company.rules.jurisdictions.get(&place).cloned()
}

/// Accepts taxes that the request states itself, if their rates exist.
fn overruled(company: &Company, sent: &Value, code: Option<&str>) -> Result<(Value, Decimal), Fault> {
    let mut detail = sent.clone();
    let mut total = Decimal::ZERO;
    for line in detail["TaxLine"].as_array_mut().into_iter().flatten() {
        let rate = company.referenced(
            Entity::TaxRate,
            &line["TaxLineDetail"]["TaxRateRef"],
            "TxnTaxDetail.TaxLine.TaxLineDetail.TaxRateRef",
        )?;
        let amount = decimal(&line["Amount"]).ok_or_else(|| Fault::missing("TxnTaxDetail.TaxLine.Amount"))?;
        total += amount;
        line["DetailType"] = json!("TaxLineDetail");
        line["TaxLineDetail"]["PercentBased"] = json!(true);
        if line["TaxLineDetail"]["TaxPercent"].is_null() {
            line["TaxLineDetail"]["TaxPercent"] = rate["RateValue"].clone();
        }
    }
    detail["TotalTax"] = number(total);
    if let Some(code) = code {
        detail["TxnTaxCodeRef"] = json!({ "value": code });
    }
    Ok((detail, total))
}

fn shown(lines: &[TaxLine], code: Option<&str>) -> (Value, Decimal) {
    let total: Decimal = lines.iter().map(|line| line.amount).sum();
    let mut detail = json!({ "TotalTax": number(total) });
    if let Some(code) = code {
        detail["TxnTaxCodeRef"] = json!({ "value": code });
    }
    if !lines.is_empty() {
        detail["TaxLine"] = lines
            .iter()
            .map(|line| {
                json!({
                    "Amount": number(line.amount),
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": { "value": line.rate.id }, "PercentBased": true, "TaxPercent": number(line.rate.percent),
                        "NetAmountTaxable": number(line.taxable),
                    },
                })
            })
            .collect();
    }
    (detail, total)
}

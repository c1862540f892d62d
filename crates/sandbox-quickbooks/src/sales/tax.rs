//! Taxes of a form: per line outside the United States, per transaction in the United States, or as the request states
//! them.
//!
//! The rules are those of the reference, 3.8 and 5.12. Outside the United States, tax is rounded on each line and added
//! up, unless the company's rules say "per rate". In the United States, each rate applies to the sum of the taxable lines.

use super::{
    lines::{Discount, Form, includes_tax, is_untaxed},
    rates::{Rate, rates, taxes_on},
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
pub(super) struct FormTaxes {
    /// `TxnTaxDetail` as it is stored.
    pub(super) detail: Value,
    pub(super) total: Decimal,
    /// Amount of each sale without tax.
    pub(super) nets: Vec<Decimal>,
    pub(super) discount: Decimal,
}

/// Adds a tax to the line of its rate.
fn add_tax(lines: &mut Vec<TaxLine>, rate: &Rate, taxable: Decimal, amount: Decimal) {
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
    mut contained_tax: Option<Decimal>,
    decimals: Option<u32>,
) {
    for (index, (rate, (taxable, tax))) in rates.iter().zip(taxes_on(base, rates)).enumerate() {
        let mut tax = decimals.map_or(tax, |decimals| round(tax, decimals));
        if let Some(open_tax) = &mut contained_tax {
            if index + 1 == rates.len() {
                tax = *open_tax;
            }
            *open_tax -= tax;
        }
        add_tax(lines, rate, taxable, tax);
    }
}

/// Returns the amount of the discount, and its share for each sale.
fn spread_discount(form: &Form, nets: &[Decimal]) -> (Decimal, Vec<Decimal>) {
    let subtotal: Decimal = nets.iter().sum();
    let discount = match form.discount {
        Discount::None => Decimal::ZERO,
        Discount::Percent(percent) => round(subtotal * percent / dec!(100), form.decimals),
        Discount::Amount(amount) => amount,
    };
    let mut remainder = discount;
    let mut shares: Vec<Decimal> = nets
        .iter()
        .map(|net| {
            let share =
                if subtotal.is_zero() { Decimal::ZERO } else { round(discount * net / subtotal, form.decimals) };
            remainder -= share;
            share
        })
        .collect();
    // The sale with the largest amount gets the remainder of the rounding.
    if let Some(at) = (0..nets.len()).max_by_key(|at| nets[*at]) {
        shares[at] += remainder;
    }
    (discount, shares)
}

/// Computes the taxes of a form.
pub(super) fn compute(
    company: &Company,
    draft: &mut Draft,
    form: &Form,
    customer: Option<&Value>,
) -> Result<FormTaxes, Fault> {
    let sent = draft.request.get("TxnTaxDetail").cloned().filter(|sent| !sent.is_null());
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
    let is_tax_enabled = company.has_preference("TaxPrefs", "UsingSalesTax");
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
            compute_per_line(company, draft, form, sent.as_ref(), is_tax_enabled)
        }
        SalesTax::UnitedStates | SalesTax::Automated => {
            draft.row.remove("GlobalTaxCalculation");
            compute_united_states(company, draft, form, sent.as_ref(), is_tax_enabled, customer)
        }
    }
}

fn applies_tax_after_discount(draft: &Draft) -> bool {
    draft.row.get("ApplyTaxAfterDiscount") == Some(&json!(true))
}

fn compute_per_line(
    company: &Company,
    draft: &Draft,
    form: &Form,
    sent: Option<&Value>,
    is_tax_enabled: bool,
) -> Result<FormTaxes, Fault> {
    let including = includes_tax(company, &draft.row);
    let rates_of: Vec<Vec<Rate>> = form
        .sales
        .iter()
        .map(|sale| {
            sale.code.as_deref().filter(|_| is_tax_enabled).map(|code| rates(company, code)).unwrap_or_default()
        })
        .collect();
    let nets: Vec<Decimal> = form.sales.iter().map(|sale| sale.price.net).collect();
    let (discount, shares) = spread_discount(form, &nets);
    let is_discounted_first = applies_tax_after_discount(draft) && !discount.is_zero();
    let mut lines = Vec::new();
    let by_line = company.rules.rounding == Rounding::PerLine && company.quirks.tax_rounding == TaxRounding::Country;
    let is_rounded = by_line || including;
    for (at, rates) in rates_of.iter().enumerate() {
        let price = form.sales[at].price;
        let base = if is_discounted_first { nets[at] - shares[at] } else { nets[at] };
        let contained_tax = (including && !is_discounted_first).then(|| price.gross - price.net);
        add_line(&mut lines, rates, base, contained_tax, is_rounded.then_some(form.decimals));
    }
    for (_, price, code) in &form.extras {
        let rates = code.as_deref().filter(|_| is_tax_enabled).map(|code| rates(company, code)).unwrap_or_default();
        let contained_tax = including.then(|| price.gross - price.net);
        add_line(&mut lines, &rates, price.net, contained_tax, Some(form.decimals));
    }
    for line in &mut lines {
        line.amount = round(line.amount, form.decimals);
        line.taxable = round(line.taxable, form.decimals);
    }
    let (detail, total) =
        match sent.filter(|sent| is_tax_enabled && sent["TaxLine"].as_array().is_some_and(|lines| !lines.is_empty())) {
            Some(sent) => stated_taxes(company, sent, None)?,
            None => tax_detail(&lines, None),
        };
    Ok(FormTaxes { detail, total, nets, discount })
}

fn compute_united_states(
    company: &Company,
    draft: &Draft,
    form: &Form,
    sent: Option<&Value>,
    is_tax_enabled: bool,
    customer: Option<&Value>,
) -> Result<FormTaxes, Fault> {
    let nets: Vec<Decimal> = form.sales.iter().map(|sale| sale.price.net).collect();
    let (discount, shares) = spread_discount(form, &nets);
    let is_taxed = |code: &Option<String>| code.as_deref() == Some("TAX");
    let mut taxable: Decimal =
        form.sales.iter().zip(&nets).filter(|(sale, _)| is_taxed(&sale.code)).map(|(_, net)| *net).sum();
    if applies_tax_after_discount(draft) {
        taxable -= form
            .sales
            .iter()
            .zip(&shares)
            .filter(|(sale, _)| is_taxed(&sale.code))
            .map(|(_, share)| *share)
            .sum::<Decimal>();
    }
    taxable += form.extras.iter().filter(|(_, _, code)| is_taxed(code)).map(|(_, price, _)| price.net).sum::<Decimal>();
    let no_taxes = FormTaxes { detail: json!({ "TotalTax": 0 }), total: Decimal::ZERO, nets: nets.clone(), discount };
    if !is_tax_enabled {
        return Ok(no_taxes);
    }
    let automated = company.rules.sales_tax == SalesTax::Automated;
    let requested_code = draft.row.get("TxnTaxDetail").and_then(|detail| detail["TxnTaxCodeRef"]["value"].as_str());
    let code = if automated { jurisdiction_code(company, draft, customer) } else { requested_code.map(str::to_owned) };
    let stated_total = sent.and_then(|sent| decimal(&sent["TotalTax"]));
    if let Some(sent) = sent.filter(|sent| sent["TaxLine"].as_array().is_some_and(|lines| !lines.is_empty())) {
        let (detail, total) = stated_taxes(company, sent, code.as_deref())?;
        return Ok(FormTaxes { detail, total, ..no_taxes });
    }
    if requested_code == Some("CustomSalesTax") {
        let Some(total) = stated_total else {
            return Err(Fault::validation(
                "6160",
                "Custom sales tax",
                "TotalTax is needed with CustomSalesTax",
                "TxnTaxDetail.TotalTax",
            ));
        };
        let detail = json!({ "TxnTaxCodeRef": { "value": "CustomSalesTax" }, "TotalTax": number(total) });
        return Ok(FormTaxes { detail, total, ..no_taxes });
    }
    let Some(code) = code else { return Ok(no_taxes) };
    company.get_referenced(Entity::TaxCode, &json!({ "value": code }), "TxnTaxDetail.TxnTaxCodeRef")?;
    if matches!(code.as_str(), "TAX" | "NON") {
        return Err(Fault::tax_code("TxnTaxDetail.TxnTaxCodeRef", &code));
    }
    let rates = rates(company, &code);
    let lines: Vec<TaxLine> = rates
        .iter()
        .zip(taxes_on(taxable, &rates))
        .map(|(rate, (base, tax))| TaxLine { rate: rate.clone(), taxable: base, amount: round(tax, form.decimals) })
        .collect();
    let (detail, total) = tax_detail(&lines, Some(&code));
    Ok(FormTaxes { detail, total, ..no_taxes })
}

/// Returns the tax code of the place of delivery, for automated sales tax. Returns `None` for an exempt customer.
fn jurisdiction_code(company: &Company, draft: &Draft, customer: Option<&Value>) -> Option<String> {
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

/// Returns the taxes that the request states, if their rates exist.
fn stated_taxes(company: &Company, sent: &Value, code: Option<&str>) -> Result<(Value, Decimal), Fault> {
    let mut detail = sent.clone();
    let mut total = Decimal::ZERO;
    for line in detail["TaxLine"].as_array_mut().into_iter().flatten() {
        let rate = company.get_referenced(
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

fn tax_detail(lines: &[TaxLine], code: Option<&str>) -> (Value, Decimal) {
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

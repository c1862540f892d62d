//! How QuickBooks adds up an invoice: tax by rate, total, balance.

use super::super::{
    company::{Company, SalesTax},
    fault::Fault,
};
use crate::decimal::{cents, decimal, number};
use rust_decimal::{Decimal, dec};
use serde_json::{Map, Value, json};

/// Tax, total and balance.
pub(super) fn sums(company: &Company, row: &mut Map<String, Value>, paid: Decimal) -> Result<(), Fault> {
    let lines = row.get("Line").and_then(Value::as_array).cloned().unwrap_or_default();
    let sales: Vec<(Decimal, String)> = lines
        .iter()
        .filter(|line| line["DetailType"] == json!("SalesItemLineDetail"))
        .map(|line| {
            let code = line["SalesItemLineDetail"]["TaxCodeRef"]["value"].as_str().unwrap_or_default();
            (decimal(&line["Amount"]).unwrap_or_default(), code.to_owned())
        })
        .collect();
    let subtotal: Decimal = sales.iter().map(|(amount, _)| *amount).sum();
    let discount =
        lines.iter().find(|line| line["DetailType"] == json!("DiscountLineDetail")).map_or(Decimal::ZERO, |line| {
            let detail = &line["DiscountLineDetail"];
            match (detail["PercentBased"] == json!(true), decimal(&detail["DiscountPercent"])) {
                (true, Some(percent)) => cents(subtotal * percent / dec!(100)),
                _ => decimal(&line["Amount"]).unwrap_or_default(),
            }
        });
    let mut taxes: Vec<(String, Decimal, Decimal, Decimal)> = Vec::new();
    let mut add = |rate: &Value, net: Decimal, amount: Decimal| {
        let id = rate["Id"].as_str().unwrap_or_default().to_owned();
        match taxes.iter_mut().find(|tax| tax.0 == id) {
            Some(tax) => {
                tax.2 += net;
                tax.3 += amount;
            }
            None => taxes.push((id, decimal(&rate["RateValue"]).unwrap_or_default(), net, amount)),
        }
    };
    let using_tax = company.preferences()["TaxPrefs"]["UsingSalesTax"] == json!(true);
    let invoice_code =
        row.get("TxnTaxDetail").map(|detail| detail["TxnTaxCodeRef"].clone()).filter(|code| !code.is_null());
    let untaxed = row.get("GlobalTaxCalculation") == Some(&json!("NotApplicable"));
    match company.sales_tax {
        SalesTax::UnitedStates if using_tax => {
            row.remove("GlobalTaxCalculation");
            let taxable: Decimal = sales.iter().filter(|(_, code)| code == "TAX").map(|(amount, _)| *amount).sum();
            if let Some(code) = &invoice_code {
                let code = company.active("TaxCode", code, "TxnTaxDetail.TxnTaxCodeRef")?;
                for rate in rates(company, code) {
                    let percent = decimal(&rate["RateValue"]).unwrap_or_default();
                    add(rate, taxable, cents(taxable * percent / dec!(100)));
                }
            }
        }
        SalesTax::PerLine if using_tax && !untaxed => {
            if row.get("GlobalTaxCalculation") == Some(&json!("TaxInclusive")) {
                return Err(Fault::unsupported("GlobalTaxCalculation TaxInclusive"));
            }
            row.insert("GlobalTaxCalculation".into(), json!("TaxExcluded"));
            for (amount, code) in &sales {
                if let Some(code) = company.row("TaxCode", code) {
                    for rate in rates(company, code) {
                        let percent = decimal(&rate["RateValue"]).unwrap_or_default();
                        add(rate, *amount, cents(*amount * percent / dec!(100)));
                    }
                }
            }
        }
        _ => {
            if untaxed && row.get("TxnTaxDetail").is_some_and(|detail| !detail["TxnTaxCodeRef"].is_null()) {
                return Err(Fault::validation(
                    "6170",
                    "Invalid tax detail",
                    "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable",
                    "TxnTaxDetail",
                ));
            }
        }
    }
    let tax: Decimal = taxes.iter().map(|tax| tax.3).sum();
    let tax_lines: Vec<Value> = taxes
        .iter()
        .map(|(id, percent, net, amount)| {
            json!({
                "Amount": number(*amount),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": { "TaxRateRef": { "value": id }, "PercentBased": true, "TaxPercent": number(*percent), "NetAmountTaxable": number(*net) },
            })
        })
        .collect();
    let mut detail = json!({ "TotalTax": number(tax) });
    if !tax_lines.is_empty() {
        detail["TaxLine"] = Value::Array(tax_lines);
    }
    if let Some(code) = invoice_code {
        detail["TxnTaxCodeRef"] = json!({ "value": code["value"] });
    }
    row.insert("TxnTaxDetail".into(), detail);
    let total = subtotal - discount + tax;
    if total < Decimal::ZERO {
        return Err(Fault::validation(
            "2290",
            "Negative amount not allowed",
            "The total of an invoice must not be negative",
            "TotalAmt",
        ));
    }
    let deposit = row.get("Deposit").and_then(decimal).unwrap_or_default();
    let balance = (total - deposit - paid).max(Decimal::ZERO);
    row.insert("TotalAmt".into(), number(total));
    row.insert("Balance".into(), number(balance));
    if company.multicurrency() {
        let rate = row.get("ExchangeRate").and_then(decimal).unwrap_or(Decimal::ONE);
        row.insert("HomeTotalAmt".into(), number(cents(total * rate)));
        row.insert("HomeBalance".into(), number(cents(balance * rate)));
    }
    Ok(())
}

fn rates<'a>(company: &'a Company, code: &'a Value) -> Vec<&'a Value> {
    let details = code["SalesTaxRateList"]["TaxRateDetail"].as_array();
    details
        .into_iter()
        .flatten()
        .filter_map(|detail| company.row("TaxRate", detail["TaxRateRef"]["value"].as_str()?))
        .collect()
}

//! Taxes and totals, case by case, from `taxes.txt`.

use crate::support::{Bench, realm};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashMap;

const CASES: &str = include_str!("taxes.txt");

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text} is no number"))
}

/// Builds the invoice of a case from its options and lines.
fn invoice(options: &[&str], lines: &str) -> Value {
    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(&format!("{name}=")));
    let mut body = json!({ "CustomerRef": { "value": "1" } });
    body["Line"] = lines
        .split_whitespace()
        .map(|line| {
            let (code, amount) = line.split_once(':').expect("code:amount");
            json!({ "DetailType": "SalesItemLineDetail", "Amount": number(amount), "SalesItemLineDetail": { "ItemRef": { "value": "10" }, "TaxCodeRef": { "value": code } } })
        })
        .collect();
    if let Some(discount) = option("discount") {
        let line = match discount.strip_suffix('%') {
            Some(percent) => {
                json!({ "DetailType": "DiscountLineDetail", "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": number(percent) } })
            }
            None => {
                json!({ "DetailType": "DiscountLineDetail", "Amount": number(discount), "DiscountLineDetail": { "PercentBased": false } })
            }
        };
        body["Line"].as_array_mut().expect("lines").push(line);
    }
    if let Some(code) = option("code") {
        body["TxnTaxDetail"] = json!({ "TxnTaxCodeRef": { "value": code } });
    }
    if let Some(state) = option("ship") {
        body["ShipAddr"] = json!({ "Line1": "1 Main St", "CountrySubDivisionCode": state });
    }
    for (word, member, value) in [
        ("early", "ApplyTaxAfterDiscount", json!(true)),
        ("inclusive", "GlobalTaxCalculation", json!("TaxInclusive")),
        ("none", "GlobalTaxCalculation", json!("NotApplicable")),
    ] {
        if options.contains(&word) {
            body[member] = value;
        }
    }
    body
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

#[tokio::test]
async fn every_case_has_the_expected_tax_and_total() {
    let bench = Bench::start().await;
    let mut companies = HashMap::new();
    let (mut count, mut failures) = (0, Vec::new());
    for case in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<&str> = case.split('#').next().unwrap_or_default().split('|').map(str::trim).collect();
        let [head, lines, tax, total] = parts[..] else { panic!("not a case: {case}") };
        let mut options: Vec<&str> = head.split_whitespace().collect();
        let preset = options.remove(0);
        if !companies.contains_key(preset) {
            companies.insert(preset, bench.company(realm(preset)).await);
        }
        let company = &companies[preset];
        let mut body = invoice(&options, lines);
        if options.contains(&"exempt") {
            let name = format!("Exempt {count}");
            let created =
                company.post("/customer", json!({ "DisplayName": name, "Taxable": false })).await.ok("Customer");
            body["CustomerRef"] = json!({ "value": created["Id"] });
        }
        let created = company.post("/invoice", body).await.ok("Invoice");
        let actual = (decimal(&created["TxnTaxDetail"]["TotalTax"]), decimal(&created["TotalAmt"]));
        let expected = (tax.parse::<Decimal>().expect("a tax"), total.parse::<Decimal>().expect("a total"));
        if actual != expected {
            failures.push(format!("{case}: found {actual:?}"));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 200, "only {count} cases were read");
}

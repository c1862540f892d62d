//! Differences between countries and between currencies.

use crate::support::{Bench, realm};
use serde_json::{Value, json};

fn line(code: &str, quantity: u32, price: f64) -> Value {
    let amount = f64::from(quantity) * price;
    json!({ "DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": { "ItemRef": { "value": "10" }, "Qty": quantity, "UnitPrice": price, "TaxCodeRef": { "value": code } } })
}

#[tokio::test]
async fn french_companies_drop_the_discount_line() {
    let bench = Bench::start().await;
    let company = bench.company(realm("fr")).await;
    for discount in [
        json!({ "DetailType": "DiscountLineDetail", "Amount": 20, "DiscountLineDetail": { "PercentBased": false } }),
        json!({ "DetailType": "DiscountLineDetail", "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 10 } }),
    ] {
        let body =
            json!({ "CustomerRef": { "value": "1" }, "Line": [line("2", 2, 60.0), line("4", 1, 40.0), discount] });
        let created = company.post("/invoice", body).await.ok("Invoice");
        assert_eq!((&created["TxnTaxDetail"]["TotalTax"], &created["TotalAmt"]), (&json!(26.2), &json!(186.2)));
        let lines = created["Line"].as_array().expect("lines");
        let kinds: Vec<&str> = lines.iter().filter_map(|line| line["DetailType"].as_str()).collect();
        assert_eq!(kinds, ["SalesItemLineDetail", "SalesItemLineDetail", "SalesItemLineDetail", "SubTotalLineDetail"]);
        for line in &lines[..3] {
            assert_eq!(line["SalesItemLineDetail"]["DiscountAmt"], json!(0), "{line}");
        }
        assert_eq!((&lines[2]["Amount"], &lines[3]["Amount"]), (&json!(0), &json!(160)));
        let again = company.post("/invoice", created.clone()).await.ok("Invoice");
        assert_eq!((&again["Line"], &again["TotalAmt"]), (&created["Line"], &created["TotalAmt"]));
    }
}

#[tokio::test]
async fn french_forms_have_a_number() {
    let bench = Bench::start().await;
    let company = bench.company(realm("fr")).await;
    let prefer = json!({ "realm_id": realm("fr"), "preferences": { "SalesFormsPrefs": { "CustomTxnNumbers": true } } });
    bench.control("/quickbooks/preferences", prefer).await;
    let mut body = json!({ "CustomerRef": { "value": "1" }, "Line": [line("3", 1, 85.0)] });
    assert_eq!(company.post("/invoice", body.clone()).await.code(), "2020");
    body["DocNumber"] = json!("F-2026-7");
    assert_eq!(company.post("/invoice", body).await.ok("Invoice")["TotalAmt"], json!(93.5));
}

#[tokio::test]
async fn yen_have_no_decimals_as_home_currency_either() {
    let bench = Bench::start().await;
    let company = bench.company(realm("jp")).await;
    let discount = json!({ "DetailType": "DiscountLineDetail", "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 5 } });
    let body =
        json!({ "CustomerRef": { "value": "1" }, "Line": [line("3", 3, 333.0), line("2", 1, 1234.0), discount] });
    let created = company.post("/invoice", body).await.ok("Invoice");
    // 8 % of 999 are 79.92, 10 % of 1234 are 123.4, 5 % of 2233 are 111.65.
    assert_eq!((&created["TxnTaxDetail"]["TotalTax"], &created["TotalAmt"]), (&json!(203), &json!(2324)));
    assert_eq!(created["HomeTotalAmt"], json!(2324));
    let body =
        json!({ "CustomerRef": { "value": "2" }, "CurrencyRef": { "value": "USD" }, "Line": [line("4", 2, 52.25)] });
    let created = company.post("/invoice", body).await.ok("Invoice");
    assert_eq!((&created["TotalAmt"], &created["HomeTotalAmt"]), (&json!(104.5), &json!(15818)), "104.5 x 151.37 yen");
    let included = json!({ "CustomerRef": { "value": "1" }, "GlobalTaxCalculation": "TaxInclusive", "Line": [line("2", 1, 1000.0)] });
    let created = company.post("/invoice", included).await.ok("Invoice");
    assert_eq!((&created["Line"][0]["Amount"], &created["TotalAmt"]), (&json!(909), &json!(1000)));
}

#[tokio::test]
async fn dinars_have_two_decimals_or_three() {
    let bench = Bench::start().await;
    let company = bench.company(realm("kw")).await;
    let sale = |amount: f64, price: f64| json!({ "CustomerRef": { "value": "1" }, "Line": [{ "DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": { "ItemRef": { "value": "10" }, "Qty": 1, "UnitPrice": price, "TaxCodeRef": { "value": "2" } } }] });
    assert_eq!(company.post("/invoice", sale(12.345, 12.345)).await.code(), "6070");
    let created = company.post("/invoice", sale(12.35, 12.345)).await.ok("Invoice");
    assert_eq!((&created["TxnTaxDetail"]["TotalTax"], &created["TotalAmt"]), (&json!(0.62), &json!(12.97)));
    bench.control("/quickbooks/quirks", json!({ "realm_id": realm("kw"), "third_decimal": "kept" })).await;
    assert_eq!(company.post("/invoice", sale(12.35, 12.345)).await.code(), "6070");
    let created = company.post("/invoice", sale(12.345, 12.345)).await.ok("Invoice");
    assert_eq!((&created["TxnTaxDetail"]["TotalTax"], &created["TotalAmt"]), (&json!(0.617), &json!(12.962)));
    assert_eq!(created["HomeTotalAmt"], json!(12.962));
}

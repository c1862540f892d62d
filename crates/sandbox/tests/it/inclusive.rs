//! Prices that include tax, as recorded from Australian companies, and taxes that a request states.

use crate::support::{Bench, realm};
use serde_json::{Value, json};

/// Builds a line of item 10, overlaid with `detail`.
fn line(code: &str, amount: Value, detail: Value) -> Value {
    let mut line = json!({ "DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": { "ItemRef": { "value": "10" }, "TaxCodeRef": { "value": code } } });
    for (name, value) in detail.as_object().expect("an object") {
        line["SalesItemLineDetail"][name] = value.clone();
    }
    line
}

fn inclusive(lines: Value) -> Value {
    json!({ "CustomerRef": { "value": "1" }, "GlobalTaxCalculation": "TaxInclusive", "Line": lines })
}

fn assert_line(line: &Value, net: Value, gross: Value, price: Value) {
    let detail = &line["SalesItemLineDetail"];
    assert_eq!((&line["Amount"], &detail["TaxInclusiveAmt"], &detail["UnitPrice"]), (&net, &gross, &price), "{line}");
}

#[tokio::test]
async fn net_and_gross_requests_get_the_recorded_answers() {
    let bench = Bench::start().await;
    let company = bench.company(realm("au")).await;
    let (net, gross, price) = (json!(409.09), json!(450), json!(0.909_088_9));
    for sent in [
        line("2", gross.clone(), json!({ "Qty": 450, "UnitPrice": 1 })),
        line("2", gross.clone(), json!({ "Qty": 450, "UnitPrice": 1, "TaxInclusiveAmt": gross })),
        line("2", net.clone(), json!({ "Qty": 450, "UnitPrice": price, "TaxInclusiveAmt": gross })),
        line("2", net.clone(), json!({ "Qty": 450, "UnitPrice": 0.9091, "TaxInclusiveAmt": gross })),
    ] {
        let created = company.post("/invoice", inclusive(json!([sent]))).await.ok("Invoice");
        assert_line(&created["Line"][0], net.clone(), gross.clone(), price.clone());
        assert_eq!(created["Line"][1]["Amount"], net, "the subtotal");
        assert_eq!(created["TxnTaxDetail"]["TotalTax"], json!(40.91));
        assert_eq!(created["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"], net);
        assert_eq!(created["TotalAmt"], gross);
    }
    let wrong_price = line("2", json!(409.09), json!({ "Qty": 450, "UnitPrice": 0.90914, "TaxInclusiveAmt": 450 }));
    assert_eq!(company.post("/invoice", inclusive(json!([wrong_price]))).await.code(), "6070");
    let excluded = json!({ "CustomerRef": { "value": "1" }, "Line": [line("2", json!(409.09), json!({ "Qty": 450, "UnitPrice": 0.9091 }))] });
    assert_eq!(
        company.post("/invoice", excluded).await.code(),
        "6070",
        "a difference of a cent is refused if prices exclude tax"
    );
}

#[tokio::test]
async fn the_total_is_the_sum_of_the_gross_amounts() {
    let bench = Bench::start().await;
    let company = bench.company(realm("gb")).await;
    // 20 % of 83.33 is 16.67, and 20 % of 83.32 is 16.66. Clients round 99.99 to both pairs.
    for net in [83.33, 83.32] {
        let sent = line("2", json!(net), json!({ "TaxInclusiveAmt": 99.99 }));
        let created = company.post("/invoice", inclusive(json!([sent.clone(), sent]))).await.ok("Invoice");
        assert_eq!((&created["Line"][0]["Amount"], &created["TotalAmt"]), (&json!(net), &json!(199.98)));
    }
    // If a pair does not match the rate, the gross amount counts.
    for (code, amount) in [("2", 90.0), ("4", 99.98)] {
        let created = company
            .post("/invoice", inclusive(json!([line(code, json!(amount), json!({ "TaxInclusiveAmt": 99.99 }))])))
            .await
            .ok("Invoice");
        assert_eq!(created["TotalAmt"], json!(99.99), "{code}");
    }
}

#[tokio::test]
async fn shipping_includes_tax_as_well() {
    let bench = Bench::start().await;
    let company = bench.company(realm("gb")).await;
    let shipping = json!({ "DetailType": "SalesItemLineDetail", "Amount": 12, "SalesItemLineDetail": { "ItemRef": { "value": "SHIPPING_ITEM_ID" }, "TaxCodeRef": { "value": "2" } } });
    let prefer = json!({ "realm_id": realm("gb"), "preferences": { "SalesFormsPrefs": { "AllowShipping": true } } });
    bench.control("/quickbooks/preferences", prefer).await;
    let created =
        company.post("/invoice", inclusive(json!([line("2", json!(120), json!({})), shipping]))).await.ok("Invoice");
    assert_eq!((&created["TotalAmt"], &created["TxnTaxDetail"]["TotalTax"]), (&json!(132), &json!(22)));
    assert_line(&created["Line"][2], json!(10), json!(12), Value::Null);
}

#[tokio::test]
async fn a_company_may_take_every_amount_as_net() {
    let bench = Bench::start().await;
    let company = bench.company(realm("gb")).await;
    bench.control("/quickbooks/quirks", json!({ "realm_id": realm("gb"), "tax_inclusive_amount": "net" })).await;
    for detail in [json!({}), json!({ "TaxInclusiveAmt": 120 }), json!({ "Qty": 2, "UnitPrice": 60 })] {
        let created = company.post("/invoice", inclusive(json!([line("2", json!(120), detail)]))).await.ok("Invoice");
        assert_eq!((&created["Line"][0]["Amount"], &created["TotalAmt"]), (&json!(120), &json!(144)));
        assert_eq!(created["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"], json!(144));
    }
    let pair = line("2", json!(100), json!({ "TaxInclusiveAmt": 120 }));
    let created = company.post("/invoice", inclusive(json!([pair]))).await.ok("Invoice");
    assert_eq!(created["TotalAmt"], json!(120), "a request with both amounts is unambiguous");
}

#[tokio::test]
async fn a_full_update_with_the_answer_changes_nothing() {
    let bench = Bench::start().await;
    let amounts = [0.01, 0.03, 0.05, 1.0, 450.0, 617.25, 99_999.99, 1_234_567.89];
    for (preset, code) in [("au", "2"), ("gb", "2"), ("gb", "4"), ("ca", "7"), ("in", "4"), ("br", "4")] {
        for reading in ["gross", "net"] {
            let company = bench.company(realm(preset)).await;
            let quirks = json!({ "realm_id": realm(preset), "tax_inclusive_amount": reading });
            bench.control("/quickbooks/quirks", quirks).await;
            for quantity in [1.0, 3.0, 7.0, 450.0, 1_000_000.0] {
                let lines: Vec<Value> = amounts
                    .iter()
                    .map(|amount| line(code, json!(amount), json!({ "Qty": quantity, "UnitPrice": amount / quantity })))
                    .collect();
                let answer = company.post("/invoice", inclusive(json!(lines))).await;
                if answer.status != 200 {
                    continue; // the quotient has more than seven decimals
                }
                let created = answer.ok("Invoice");
                for members in [&["Line"][..], &["Line", "TxnTaxDetail"], &["CustomerRef"]] {
                    let id = created["Id"].as_str().expect("an id");
                    let before = company.get(&format!("/invoice/{id}")).await.ok("Invoice");
                    let mut full = before.clone();
                    full.as_object_mut().map(|row| row.remove("TxnTaxDetail")).expect("taxes");
                    let mut sparse = json!({ "Id": id, "sparse": true });
                    for member in members {
                        sparse[*member] = before[*member].clone();
                        full[*member] = before[*member].clone();
                    }
                    let mut token = before["SyncToken"].clone();
                    for mut body in [full, sparse] {
                        body["SyncToken"] = token.clone();
                        let after = company.post("/invoice", body).await.ok("Invoice");
                        for member in ["Line", "TotalAmt", "TxnTaxDetail", "Balance", "GlobalTaxCalculation"] {
                            assert_eq!(after[member], before[member], "{preset} {code} {reading} {member}");
                        }
                        token = after["SyncToken"].clone();
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_voided_invoice_is_sent_back_unchanged() {
    let bench = Bench::start().await;
    let company = bench.company(realm("au")).await;
    let sent = line("2", json!(450), json!({ "Qty": 450, "UnitPrice": 1 }));
    let created = company.post("/invoice", inclusive(json!([sent]))).await.ok("Invoice");
    let reference = json!({ "Id": created["Id"], "SyncToken": created["SyncToken"] });
    let voided = company.post("/invoice?operation=void", reference).await.ok("Invoice");
    assert_line(&voided["Line"][0], json!(0), json!(0), json!(0.909_088_9));
    let after = company.post("/invoice", voided.clone()).await.ok("Invoice");
    for member in ["Line", "TotalAmt", "Balance", "PrivateNote"] {
        assert_eq!(after[member], voided[member], "{member}");
    }
    assert_eq!(after["TxnTaxDetail"]["TotalTax"], json!(0));
}

#[tokio::test]
async fn taxes_that_a_request_states_overrule_the_computed_ones_on_create_and_update() {
    let bench = Bench::start().await;
    let company = bench.company(realm("gb")).await;
    let stated = |amount: f64| json!({ "TotalTax": amount, "TaxLine": [{ "Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": { "TaxRateRef": { "value": "1" }, "PercentBased": true, "TaxPercent": 20, "NetAmountTaxable": 100 } }] });
    let mut body = json!({ "CustomerRef": { "value": "1" }, "Line": [line("2", json!(100), json!({}))], "TxnTaxDetail": stated(20.01) });
    let created = company.post("/invoice", body.clone()).await.ok("Invoice");
    assert_eq!((&created["TxnTaxDetail"], &created["TotalAmt"]), (&stated(20.01), &json!(120.01)));
    // An unchanged customer does not cause the taxes to be computed again.
    let same = json!({ "Id": created["Id"], "SyncToken": "0", "sparse": true, "CustomerRef": { "value": "1" }, "PrivateNote": "x" });
    assert_eq!(company.post("/invoice", same).await.ok("Invoice")["TotalAmt"], json!(120.01));
    let sparse = json!({ "Id": created["Id"], "SyncToken": "1", "sparse": true, "TxnTaxDetail": stated(19.99) });
    assert_eq!(company.post("/invoice", sparse).await.ok("Invoice")["TotalAmt"], json!(119.99));
    body["Id"] = created["Id"].clone();
    body["SyncToken"] = json!("2");
    assert_eq!(company.post("/invoice", body.clone()).await.ok("Invoice")["TotalAmt"], json!(120.01), "a full update");
    body["SyncToken"] = json!("3");
    body.as_object_mut().map(|body| body.remove("TxnTaxDetail"));
    assert_eq!(company.post("/invoice", body.clone()).await.ok("Invoice")["TotalAmt"], json!(120), "computed again");
    body["SyncToken"] = json!("4");
    body["TxnTaxDetail"] = stated(20.0);
    body["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxRateRef"]["value"] = json!("99");
    assert_eq!(company.post("/invoice", body).await.code(), "2500");
}

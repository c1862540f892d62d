//! Further cases of invoices: rounding by currency, stated taxes, automatic credits, XML, online payment.

use crate::support::{BR, Bench, US, invoice, line, realm};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn amounts_have_the_decimals_of_their_currency() {
    let bench = Bench::start().await;
    let company = bench.company(BR).await;
    company.post("/companycurrency", json!({ "Code": "JPY" })).await.ok("CompanyCurrency");
    let customer = company
        .post("/customer", json!({ "DisplayName": "Kaede", "CurrencyRef": { "value": "JPY" } }))
        .await
        .ok("Customer");
    let mut body = json!({ "CustomerRef": { "value": customer["Id"] }, "CurrencyRef": { "value": "JPY" }, "ExchangeRate": 0.0355 });
    body["Line"] = json!([line(1333.0, "2")]);
    let created = company.post("/invoice", body).await.ok("Invoice");
    assert_eq!(created["TxnTaxDetail"]["TotalTax"], json!(67), "66.65 yen are 67");
    assert_eq!(created["HomeTotalAmt"], json!(49.7), "1400 yen in reais, to the centavo");
}

#[tokio::test]
async fn taxes_that_the_request_states_are_kept() {
    let bench = Bench::start().await;
    let company = bench.company(realm("us-ast")).await;
    let mut body = invoice(100.0);
    body["Line"] = json!([line(100.0, "TAX")]);
    body["TxnTaxDetail"] = json!({ "TotalTax": 1.23, "TaxLine": [{ "Amount": 1.23, "DetailType": "TaxLineDetail", "TaxLineDetail": { "TaxRateRef": { "value": "1" } } }] });
    let created = company.post("/invoice", body.clone()).await.ok("Invoice");
    assert_eq!(created["TotalAmt"], json!(101.23));
    body["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxRateRef"]["value"] = json!("999");
    assert_eq!(company.post("/invoice", body).await.code(), "2500");
    let ours = bench.company(US).await;
    let mut custom = invoice(100.0);
    custom["TxnTaxDetail"] = json!({ "TxnTaxCodeRef": { "value": "CustomSalesTax" }, "TotalTax": 7.5 });
    assert_eq!(ours.post("/invoice", custom.clone()).await.ok("Invoice")["TotalAmt"], json!(107.5));
    custom["TxnTaxDetail"] = json!({ "TxnTaxCodeRef": { "value": "CustomSalesTax" } });
    assert_eq!(ours.post("/invoice", custom).await.code(), "6160");
}

#[tokio::test]
async fn credits_and_payments_apply_automatically_if_the_company_prefers_it() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let prefer = json!({ "realm_id": US, "preferences": { "SalesFormsPrefs": { "AutoApplyCredit": true, "AutoApplyPayments": true } } });
    bench.control("/quickbooks/preferences", prefer).await;
    let customer = company.post("/customer", json!({ "DisplayName": "Automatic" })).await.ok("Customer")["Id"].clone();
    let form = |amount: f64| json!({ "CustomerRef": { "value": customer }, "Line": [line(amount, "NON")] });
    company.post("/creditmemo", form(30.0)).await.ok("CreditMemo");
    let created = company.post("/invoice", form(100.0)).await.ok("Invoice");
    assert_eq!(created["Balance"], json!(70), "the credit was applied");
    company.post("/payment", json!({ "CustomerRef": { "value": customer }, "TotalAmt": 80 })).await.ok("Payment");
    let id = created["Id"].as_str().expect("an id");
    assert_eq!(company.get(&format!("/invoice/{id}")).await.ok("Invoice")["Balance"], json!(0));
    let after = company.get(&format!("/customer/{}", customer.as_str().expect("an id"))).await.ok("Customer");
    assert_eq!(after["Balance"], json!(-10), "10 were overpaid");
}

#[tokio::test]
async fn a_smaller_invoice_releases_excess_payments() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let created = company.post("/invoice", invoice(100.0)).await.ok("Invoice");
    let pay = json!({ "realm_id": US, "invoice_id": created["Id"], "amount": 90 });
    let payment = bench.control("/quickbooks/payment", pay).await;
    let smaller = json!({ "Id": created["Id"], "SyncToken": "1", "sparse": true, "Line": [line(60.0, "NON")] });
    let now = company.post("/invoice", smaller).await.ok("Invoice");
    assert_eq!((&now["TotalAmt"], &now["Balance"]), (&json!(60), &json!(0)));
    let id = payment["Id"].as_str().expect("an id");
    assert_eq!(company.get(&format!("/payment/{id}")).await.ok("Payment")["UnappliedAmt"], json!(30));
}

#[tokio::test]
async fn a_request_that_accepts_xml_gets_xml() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let text = async |path: &str| {
        let answer = company.call(Method::GET, path, None, "application/xml").await.expect("an answer");
        assert!(answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/xml")));
        answer.text().await.expect("a text")
    };
    let customer = text("/customer/2").await;
    assert!(customer.contains("<DisplayName>Harbor &amp; Pine Hotels</DisplayName>"), "{customer}");
    let fault = text("/invoice/99999").await;
    assert!(fault.contains("<Fault type=\"ValidationFault\"><Error code=\"610\""), "{fault}");
}

#[tokio::test]
async fn the_payment_link_is_answered_on_request_if_online_payment_is_on() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let preferences =
        json!({ "realm_id": US, "preferences": { "SalesFormsPrefs": { "ETransactionPaymentEnabled": true } } });
    bench.control("/quickbooks/preferences", preferences).await;
    let mut body = invoice(10.0);
    body["BillEmail"] = json!({ "Address": "a@b.example" });
    let created = company.post("/invoice", body).await.ok("Invoice");
    assert_eq!(created["AllowOnlineCreditCardPayment"], json!(true));
    let id = created["Id"].as_str().expect("an id");
    assert!(company.get(&format!("/invoice/{id}")).await.ok("Invoice")["InvoiceLink"].is_null());
    let linked = company.get(&format!("/invoice/{id}?include=invoiceLink")).await.ok("Invoice");
    assert!(linked["InvoiceLink"].as_str().is_some_and(|link| link.starts_with("http")));
}

#[tokio::test]
async fn every_entity_accepts_its_own_answer_as_an_update() {
    let bench = Bench::start().await;
    for preset in ["us", "br", "us-ast", "ca", "gb", "au", "in", "fr", "jp", "kw"] {
        let company = bench.company(realm(preset)).await;
        for entity in [
            "CompanyInfo",
            "Preferences",
            "Account",
            "Term",
            "PaymentMethod",
            "Class",
            "Department",
            "Item",
            "Customer",
            "Vendor",
            "Employee",
            "Estimate",
            "Invoice",
            "SalesReceipt",
            "CreditMemo",
            "RefundReceipt",
            "Payment",
            "Attachable",
            "CompanyCurrency",
        ] {
            for row in company.rows(entity, "").await {
                let id = row["Id"].as_str().expect("an id").to_owned();
                let path = format!("/{}", entity.to_lowercase());
                let before = company.get(&format!("{path}/{id}")).await.ok(entity);
                let updated = company.post(&path, before.clone()).await.ok(entity);
                for member in ["TotalAmt", "Balance", "DisplayName", "Name", "DocNumber", "DueDate", "Line"] {
                    assert_eq!(updated[member], before[member], "{preset} {entity} {id} {member}");
                }
            }
        }
    }
}

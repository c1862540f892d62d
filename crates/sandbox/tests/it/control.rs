//! The control port: companies, the accountant, saving and loading.

use crate::support::{Bench, US, invoice};
use serde_json::{Value, json};

#[tokio::test]
async fn companies_are_created_from_every_preset() {
    let bench = Bench::start().await;
    let presets = bench.control("/quickbooks/companies", Value::Null).await["presets"].clone();
    for preset in presets.as_array().expect("presets") {
        let created = bench.control("/quickbooks/companies", json!({ "preset": preset, "name": "A new one" })).await;
        let company = bench.company(created["realm_ids"][0].as_str().expect("a realm")).await;
        let info = company.get("/companyinfo/1").await.ok("CompanyInfo");
        assert_eq!(info["CompanyName"], json!("A new one"));
        let customer = company.post("/customer", json!({ "DisplayName": "First" })).await.ok("Customer");
        let code = if info["Country"] == json!("US") { "NON" } else { "2" };
        let line = json!({ "DetailType": "SalesItemLineDetail", "Amount": 10, "SalesItemLineDetail": { "ItemRef": { "value": "1" }, "TaxCodeRef": { "value": code } } });
        let created = company
            .post("/invoice", json!({ "CustomerRef": { "value": customer["Id"] }, "Line": [line] }))
            .await
            .ok("Invoice");
        assert_eq!(created["DocNumber"], json!("1001"), "{preset}");
    }
}

#[tokio::test]
async fn a_company_from_a_file_has_the_transactions_of_its_history() {
    let bench = Bench::start().await;
    let file = json!({ "companies": [{
        "realm_id": "777", "preset": "us", "Customer": [{ "Id": "1", "DisplayName": "Old friend" }],
        "history": [["Invoice", { "CustomerRef": { "value": "1" }, "TxnDate": "-40d", "Line": [{ "DetailType": "SalesItemLineDetail", "Amount": 12, "SalesItemLineDetail": { "ItemRef": { "value": "1" } } }] }]],
    }] });
    assert_eq!(bench.control("/quickbooks/seed", file).await["realm_ids"], json!(["777"]));
    let company = bench.company("777").await;
    assert_eq!(company.get("/customer/1").await.ok("Customer")["Balance"], json!(12));
}

#[tokio::test]
async fn companies_of_a_file_are_open_to_its_users_or_to_all() {
    let bench = Bench::start().await;
    let file = json!({
        "users": [{ "sub": "92", "name": "Ana", "email": "ana@example.com", "realms": ["777"] }],
        "companies": [{ "realm_id": "777", "preset": "us", "name": "Hers" }, { "realm_id": "778", "preset": "us", "name": "Of all" }],
    });
    bench.control("/quickbooks/seed", file).await;
    for (sub, is_hers) in [("92", true), ("9130000000000001", false)] {
        let page = bench.consent_page(sub).await;
        assert_eq!(page.contains("Hers"), is_hers, "{sub}");
        assert!(page.contains("Of all"), "{sub}");
    }
}

#[tokio::test]
async fn the_accountant_pays_credits_edits_voids_and_deletes() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let created = company.post("/invoice", invoice(100.0)).await.ok("Invoice");
    let id = created["Id"].as_str().expect("an id");
    let read = async || company.get(&format!("/invoice/{id}")).await.ok("Invoice");
    bench.control("/quickbooks/payment", json!({ "realm_id": US, "invoice_id": id, "amount": 40 })).await;
    assert_eq!(read().await["Balance"], json!(60));
    let memo =
        bench.control("/quickbooks/credit", json!({ "realm_id": US, "invoice_id": id, "amount": "10.50" })).await;
    assert_eq!(memo["RemainingCredit"], json!(0));
    assert_eq!(read().await["Balance"], json!(49.5));
    bench
        .control(
            "/quickbooks/edit",
            json!({ "realm_id": US, "entity": "Invoice", "id": id, "changes": { "DueDate": "2030-01-01" } }),
        )
        .await;
    assert_eq!(read().await["DueDate"], json!("2030-01-01"));
    bench.control("/quickbooks/void", json!({ "realm_id": US, "entity": "Invoice", "id": id })).await;
    assert_eq!(read().await["TotalAmt"], json!(0));
    bench.control("/quickbooks/delete", json!({ "realm_id": US, "entity": "Invoice", "id": id })).await;
    assert_eq!(company.get(&format!("/invoice/{id}")).await.code(), "610");
}

#[tokio::test]
async fn everything_is_saved_and_loaded() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    company.post("/invoice?requestid=r", invoice(10.0)).await.ok("Invoice");
    let saved = bench.control("/state", Value::Null).await;
    let before = company.rows("Invoice", "maxresults 1000").await;
    company.post("/invoice", invoice(11.0)).await.ok("Invoice");
    bench.control("/state", saved).await;
    assert_eq!(
        company.rows("Invoice", "maxresults 1000").await,
        before,
        "the token is valid again, and the books are unchanged"
    );
    let again = company.post("/invoice?requestid=r", invoice(10.0)).await.ok("Invoice");
    assert_eq!(Some(&again), before.last(), "the state contains the request ids");
    let next = company.post("/invoice", invoice(12.0)).await.ok("Invoice");
    assert_ne!(next["Id"], again["Id"]);
}

#[tokio::test]
async fn a_restarted_sandbox_has_its_earlier_state() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = || sandbox::Options { dir: Some(dir.path().to_owned()), ..Default::default() };
    let first = sandbox::start(options()).await.expect("it starts");
    let env = first.env();
    first.stop().await.expect("it stops");
    let began = std::time::Instant::now();
    let second = sandbox::start(options()).await.expect("it starts again");
    let took = began.elapsed();
    assert_eq!(second.env(), env, "the addresses are the same");
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
    second.stop().await.expect("it stops");
}

#[tokio::test]
async fn books_are_listed_without_an_api_call() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    bench.control("/quickbooks/quirks", json!({ "realm_id": US, "query_lag_ms": 3_600_000 })).await;
    let created = company.post("/invoice", invoice(12.0)).await.ok("Invoice");
    bench.control("/faults", json!({ "provider": "quickbooks", "times": 9, "effect": { "status": 503 } })).await;
    let calls = bench.control("/calls", Value::Null).await;
    let books = bench.control("/quickbooks/books", json!({ "realm_id": US, "entity": "Invoice" })).await;
    assert_eq!(books.as_array().expect("rows").last().expect("the new one")["Id"], created["Id"]);
    assert_eq!(bench.control("/calls", Value::Null).await, calls);
    assert_eq!(bench.control("/faults", Value::Null).await[0]["times"], json!(9));
}

#[tokio::test]
async fn a_query_lag_does_not_hide_seeded_rows() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    bench.control("/quickbooks/quirks", json!({ "realm_id": US, "query_lag_ms": 3_600_000 })).await;
    company.post("/customer", json!({ "DisplayName": "Brand new" })).await.ok("Customer");
    assert_eq!(company.rows("Customer", "where DisplayName = 'Brand new'").await.len(), 0);
    assert_eq!(company.rows("Customer", "where Id = '3'").await.len(), 1);
    assert_eq!(company.rows("CompanyInfo", "").await.len(), 1);
}

//! Terms of invoices, and terms that a client creates.

use crate::support::{Bench, US, invoice};
use serde_json::json;

#[tokio::test]
async fn the_default_term_stays_with_a_different_due_date() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let customer = json!({ "DisplayName": "With a term", "SalesTermRef": { "value": "2" } });
    let customer = company.post("/customer", customer).await.ok("Customer")["Id"].clone();
    for (customer, term) in [(json!("1"), "Net 30"), (customer, "Net 15")] {
        let mut body = invoice(10.0);
        body["CustomerRef"] = json!({ "value": customer });
        body["TxnDate"] = json!("2026-03-13");
        body["DueDate"] = json!("2026-03-20");
        let created = company.post("/invoice", body).await.ok("Invoice");
        assert_eq!((&created["SalesTermRef"]["name"], &created["DueDate"]), (&json!(term), &json!("2026-03-20")));
        let page = bench.web_page(&format!("/app/{US}/invoice?txnId={}", created["Id"].as_str().expect("an id"))).await;
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&format!("<dt>Terms</dt> <dd>{term}</dd>")), "{page}");
    }
}

#[tokio::test]
async fn a_term_is_created_once_and_its_name_is_unique() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let term = json!({ "Name": "Net 7", "DueDays": 7 });
    let created = company.post("/term?requestid=t1", term.clone()).await.ok("Term");
    assert_eq!(
        company.post("/term?requestid=t1", term.clone()).await.ok("Term"),
        created,
        "the first answer is repeated"
    );
    assert_eq!(
        (&created["Type"], &created["DueDays"], &created["Active"]),
        (&json!("STANDARD"), &json!(7), &json!(true))
    );
    assert_eq!(company.post("/term?requestid=t2", term).await.code(), "6240");
    assert_eq!(company.post("/term", json!({ "Name": "nET 30", "DueDays": 1 })).await.code(), "6240");
    assert_eq!(company.post("/term", json!({ "Name": "n".repeat(32), "DueDays": 1 })).await.code(), "2050");
    company.post("/term", json!({ "Name": "n".repeat(31), "DueDays": 1 })).await.ok("Term");
    assert_eq!(company.post("/term", json!({ "Name": "Net", "DueDays": 1000 })).await.code(), "2090");
    let mut body = invoice(10.0);
    body["TxnDate"] = json!("2026-03-13");
    body["SalesTermRef"] = json!({ "value": created["Id"] });
    let created = company.post("/invoice", body).await.ok("Invoice");
    assert_eq!((&created["SalesTermRef"]["name"], &created["DueDate"]), (&json!("Net 7"), &json!("2026-03-20")));
    assert_eq!(company.rows("Term", "where Name = 'Net 7'").await.len(), 1);
}

//! Webhooks, received by an HTTP endpoint.

use crate::support::{Bench, US, invoice};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Default)]
struct Inbox {
    received: Arc<Mutex<Vec<Value>>>,
    status: Arc<Mutex<u16>>,
}

impl Inbox {
    /// Opens an endpoint that checks signatures. Returns it with its address.
    async fn open() -> (Self, String) {
        async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"sandbox-quickbooks-verifier-token");
            let signature = BASE64_STANDARD.decode(headers["intuit-signature"].as_bytes()).expect("base64");
            aws_lc_rs::hmac::verify(&key, &body, &signature).expect("Intuit's signature");
            let status = *inbox.status.lock().expect("a status");
            if status == 200 {
                inbox.received.lock().expect("an inbox").push(serde_json::from_slice(&body).expect("JSON"));
            }
            StatusCode::from_u16(status).expect("a status")
        }
        let inbox = Self { received: Arc::default(), status: Arc::new(Mutex::new(200)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(receive)).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (inbox, url)
    }

    fn set_status(&self, status: u16) {
        *self.status.lock().expect("a status") = status;
    }

    fn deliveries(&self) -> Vec<Value> {
        self.received.lock().expect("an inbox").clone()
    }

    /// Waits for a number of deliveries.
    async fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..100 {
            if self.deliveries().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        // Waits a little longer for unexpected deliveries.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let deliveries = self.deliveries();
        assert_eq!(deliveries.len(), count, "{deliveries:?}");
        deliveries
    }
}

#[tokio::test]
async fn changes_are_gathered_into_one_delivery_of_cloud_events() {
    let bench = Bench::start().await;
    let (inbox, url) = Inbox::open().await;
    bench
        .control("/quickbooks/webhooks", json!({ "url": url, "delay": 200, "entities": ["Invoice", "Payment"] }))
        .await;
    let company = bench.company(US).await;
    let created = company.post("/invoice", invoice(10.0)).await.ok("Invoice");
    bench.control("/quickbooks/payment", json!({ "realm_id": US, "invoice_id": created["Id"] })).await;
    company
        .post(&format!("/invoice/{}/send?sendTo=a%40b.example", created["Id"].as_str().expect("an id")), json!({}))
        .await
        .ok("Invoice");
    let delivery = inbox.wait_for(1).await.remove(0);
    let kinds: Vec<&str> =
        delivery.as_array().expect("a list").iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(
        kinds,
        ["qbo.invoice.created.v1", "qbo.payment.created.v1", "qbo.invoice.updated.v1", "qbo.invoice.emailed.v1"]
    );
    assert_eq!(delivery[0]["intuitentityid"], created["Id"]);
    assert_eq!(delivery[0]["intuitaccountid"], json!(US));
    assert_eq!(delivery[0]["specversion"], json!("1.0"));
}

#[tokio::test]
async fn the_older_format_groups_by_company() {
    let bench = Bench::start().await;
    let (inbox, url) = Inbox::open().await;
    bench.control("/quickbooks/webhooks", json!({ "url": url, "delay": 100, "format": "legacy" })).await;
    let company = bench.company(US).await;
    let created = company.post("/invoice", invoice(10.0)).await.ok("Invoice");
    company.post("/invoice?operation=void", json!({ "Id": created["Id"], "SyncToken": "0" })).await.ok("Invoice");
    let delivery = inbox.wait_for(1).await.remove(0);
    let notification = &delivery["eventNotifications"][0];
    assert_eq!(notification["realmId"], json!(US));
    let changes: Vec<(&Value, &Value)> = notification["dataChangeEvent"]["entities"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| (&event["name"], &event["operation"]))
        .collect();
    assert_eq!(changes, [(&json!("Invoice"), &json!("Create")), (&json!("Invoice"), &json!("Void"))]);
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_and_later_ones_wait() {
    let bench = Bench::start().await;
    let (inbox, url) = Inbox::open().await;
    inbox.set_status(500);
    bench.control("/quickbooks/webhooks", json!({ "url": url, "delay": 50, "entities": ["Invoice"] })).await;
    let company = bench.company(US).await;
    company.post("/invoice", invoice(1.0)).await.ok("Invoice");
    tokio::time::sleep(Duration::from_millis(400)).await;
    company.post("/invoice", invoice(2.0)).await.ok("Invoice");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let state = bench.control("/quickbooks/webhooks", Value::Null).await;
    assert_eq!(
        state["attempts"].as_array().map(Vec::len),
        Some(1),
        "one attempt, and the next one after ten seconds: {state}"
    );
    inbox.set_status(200);
    bench.control("/clock", json!({ "advance_seconds": 11 })).await;
    let deliveries = inbox.wait_for(2).await;
    assert_ne!(deliveries[0][0]["intuitentityid"], deliveries[1][0]["intuitentityid"]);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_black_listed_until_it_is_enabled() {
    let bench = Bench::start().await;
    let (inbox, url) = Inbox::open().await;
    inbox.set_status(503);
    bench.control("/quickbooks/webhooks", json!({ "url": url, "delay": 10, "entities": ["Invoice"] })).await;
    let company = bench.company(US).await;
    company.post("/invoice", invoice(1.0)).await.ok("Invoice");
    let state = async || bench.control("/quickbooks/webhooks", Value::Null).await;
    for _ in 0..100 {
        if state().await["blacklisted"] == json!(true) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        bench.control("/clock", json!({ "advance_seconds": 21_600 })).await;
    }
    assert_eq!(state().await["blacklisted"], json!(true));
    inbox.set_status(200);
    bench.control("/quickbooks/webhooks/enable", json!({})).await;
    inbox.wait_for(1).await;
}

#[tokio::test]
async fn deliveries_are_lost_doubled_and_late_on_request() {
    let bench = Bench::start().await;
    let (inbox, url) = Inbox::open().await;
    bench.control("/quickbooks/webhooks", json!({ "url": url, "delay": 10, "entities": ["Invoice"] })).await;
    let company = bench.company(US).await;
    let next = async |mishap: Value, expected: usize| {
        bench.control("/quickbooks/webhooks/mishaps", json!({ "effect": mishap })).await;
        company.post("/invoice", invoice(1.0)).await.ok("Invoice");
        inbox.wait_for(expected).await
    };
    next(json!("lost"), 0).await;
    let twice = next(json!("duplicated"), 2).await;
    assert_eq!(twice[0], twice[1], "the event ids are the same");
    next(json!({ "late": 3_600_000 }), 2).await;
    bench.control("/clock", json!({ "advance_seconds": 3601 })).await;
    inbox.wait_for(3).await;
}

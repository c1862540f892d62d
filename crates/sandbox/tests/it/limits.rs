//! Limits of requests, as the gateway keeps them.

use crate::support::{Bench, US};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn the_five_hundred_and_first_request_of_a_minute_is_throttled() {
    let bench = Bench::with(|options| options.limits = true).await;
    let company = bench.company(US).await;
    bench.control("/clock", json!({ "set": "2026-11-24T10:00:00Z" })).await;
    let company_again = bench.company(US).await;
    for at in 0..500 {
        let answer = company_again.get("/companyinfo/1").await;
        assert_eq!(answer.status, StatusCode::OK, "request {at}: {}", answer.body);
    }
    let over = company_again.get("/companyinfo/1").await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(over.body["fault"]["error"][0]["code"], json!("3001"));
    assert!(
        over.body["fault"]["error"][0]["message"].as_str().is_some_and(|message| message.contains("ThrottleExceeded"))
    );
    bench.control("/clock", json!({ "advance_seconds": 61 })).await;
    assert_eq!(company_again.get("/companyinfo/1").await.status, StatusCode::OK, "a minute later it is over");
    drop(company);
}

#[tokio::test]
async fn batches_have_a_limit_of_their_own() {
    let bench = Bench::with(|options| options.limits = true).await;
    bench.control("/clock", json!({ "set": "2026-11-24T10:00:00Z" })).await;
    let company = bench.company(US).await;
    let body = json!({ "BatchItemRequest": [{ "bId": "1", "Query": "select * from Term" }] });
    for _ in 0..40 {
        assert_eq!(company.post("/batch", body.clone()).await.status, StatusCode::OK);
    }
    assert_eq!(company.post("/batch", body).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(company.get("/companyinfo/1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn more_than_ten_at_once_are_throttled() {
    let bench = Bench::with(|options| options.limits = true).await;
    let company = bench.company(US).await;
    bench.control("/faults", json!({ "provider": "quickbooks", "times": 10, "effect": { "delay": 500 } })).await;
    let answers = futures_util::future::join_all((0..12).map(|_| company.get("/companyinfo/1"))).await;
    let throttled = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(throttled, 2);
}

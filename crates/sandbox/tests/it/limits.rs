//! Limits of requests at the gateway.

use crate::support::{BR, Bench, US, invoice};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn the_five_hundred_and_first_request_of_a_minute_is_throttled() {
    let bench = Bench::start_with(|options| options.limits = true).await;
    let company = bench.company(US).await;
    bench.control("/clock", json!({ "set": "2026-11-24T10:00:00Z" })).await;
    let company_again = bench.company(US).await;
    for at in 0..500 {
        let answer = company_again.get("/companyinfo/1").await;
        assert_eq!(answer.status, StatusCode::OK, "request {at}: {}", answer.body);
    }
    let excess = company_again.get("/companyinfo/1").await;
    assert_eq!(excess.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(excess.body["fault"]["error"][0]["code"], json!("3001"));
    assert!(
        excess.body["fault"]["error"][0]["message"]
            .as_str()
            .is_some_and(|message| message.contains("ThrottleExceeded"))
    );
    bench.control("/clock", json!({ "advance_seconds": 61 })).await;
    assert_eq!(company_again.get("/companyinfo/1").await.status, StatusCode::OK, "the limit is for one minute");
    drop(company);
}

#[tokio::test]
async fn batches_have_a_limit_of_their_own() {
    let bench = Bench::start_with(|options| options.limits = true).await;
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
async fn more_than_ten_concurrent_requests_are_throttled() {
    let bench = Bench::start_with(|options| options.limits = true).await;
    let company = bench.company(US).await;
    bench.control("/faults", json!({ "provider": "quickbooks", "times": 10, "effect": { "delay": 500 } })).await;
    let answers = futures_util::future::join_all((0..12).map(|_| company.get("/companyinfo/1"))).await;
    let throttled = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(throttled, 2);
}

#[tokio::test]
async fn reads_are_metered_by_the_month_and_writes_are_not() {
    for (refusal, status) in [("throttle", StatusCode::TOO_MANY_REQUESTS), ("forbidden", StatusCode::FORBIDDEN)] {
        let bench = Bench::start().await;
        bench.control("/clock", json!({ "set": "2026-11-29T12:00:00Z" })).await;
        let (company, other) = (bench.company(US).await, bench.company(BR).await);
        bench.control("/quickbooks/limits", json!({ "reads_per_month": 4, "read_refusal": refusal })).await;
        assert_eq!(company.get("/companyinfo/1").await.status, StatusCode::OK);
        let queries = json!({ "BatchItemRequest": [
            { "bId": "1", "Query": "select * from Term" }, { "bId": "2", "Query": "select * from Account" } ] });
        assert_eq!(company.post("/batch", queries.clone()).await.status, StatusCode::OK);
        assert_eq!(company.post("/batch", queries.clone()).await.status, status, "the batch would make it five reads");
        assert_eq!(other.get("/companyinfo/1").await.status, StatusCode::OK, "the fourth read, of another company");
        let refused = other.call(reqwest::Method::GET, "/companyinfo/1", None, "application/json").await.expect("sent");
        assert_eq!(refused.status(), status);
        let wait = refused.headers().get("retry-after").map(|wait| wait.to_str().expect("a text").to_owned());
        let body: serde_json::Value = refused.json().await.expect("JSON");
        assert_eq!(body["fault"]["type"], json!("SERVICE"), "{body}");
        if refusal == "throttle" {
            let wait: i64 = wait.expect("retry-after").parse().expect("seconds");
            assert!((129_000..=129_600).contains(&wait), "a day and a half: {wait}");
        } else {
            assert_eq!(body["fault"]["error"][0]["detail"], json!(null));
        }
        assert_eq!(company.post("/invoice", invoice(10.0)).await.status, StatusCode::OK, "writes are not limited");
        let calls = bench.control("/calls", json!(null)).await;
        let sum = |member: &str| -> u64 {
            calls.as_array().expect("a list").iter().filter_map(|call| call[member].as_u64()).sum()
        };
        assert_eq!((sum("reads"), sum("writes")), (7, 1), "refused calls are logged too");
        assert_eq!(bench.control("/quickbooks/limits", json!(null)).await["reads_this_month"], json!(4));
        bench.control("/clock", json!({ "set": "2026-12-01T00:00:10Z" })).await;
        let again = bench.company(US).await;
        assert_eq!(again.post("/batch", queries).await.status, StatusCode::OK, "the next month has begun");
    }
}

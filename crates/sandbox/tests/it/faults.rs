//! Faults on request: each does what its name says, before or after the work.

use crate::support::{Bench, US, invoice};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Whether the invoice of a call under a fault stands in the books, and how the call was answered.
async fn under(effect: Value) -> (usize, Option<(StatusCode, String)>) {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    bench
        .control("/faults", json!({ "provider": "quickbooks", "method": "POST", "path": "/invoice", "effect": effect }))
        .await;
    let answer = company.call(Method::POST, "/invoice", Some(invoice(55.55).to_string()), "application/json").await;
    let told = match answer {
        Some(answer) => {
            let status = answer.status();
            answer.text().await.ok().map(|text| (status, text))
        }
        None => None,
    };
    let kept = company.rows("Invoice", "where Balance = '55.55'").await.len();
    let after = company.post("/invoice", invoice(1.0)).await;
    assert_eq!(after.status, StatusCode::OK, "the fault is over");
    (kept, told)
}

#[tokio::test]
async fn what_breaks_before_the_work_leaves_nothing() {
    let (kept, told) = under(json!({ "status": 503 })).await;
    assert_eq!((kept, told.map(|(status, _)| status.as_u16())), (0, Some(503)));
    assert_eq!(under(json!("drop_before")).await, (0, None));
    let (kept, told) = under(json!({ "fault": "6000" })).await;
    let (status, text) = told.expect("an answer");
    assert_eq!((kept, status.as_u16()), (0, 400));
    assert!(text.contains("\"code\":\"6000\""), "{text}");
    let (kept, told) = under(json!("throttle")).await;
    assert_eq!((kept, told.map(|(status, _)| status.as_u16())), (0, Some(429)));
}

#[tokio::test]
async fn what_breaks_after_the_work_has_done_it() {
    assert_eq!(under(json!("drop_after")).await, (1, None));
    for effect in ["truncate", "malformed"] {
        let (kept, told) = under(json!(effect)).await;
        let (status, text) = told.expect("an answer");
        assert_eq!((kept, status.as_u16()), (1, 200), "{effect}");
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{effect}: {text}");
    }
    let (kept, told) = under(json!({ "delay_after": 50 })).await;
    assert_eq!((kept, told.map(|(status, _)| status.as_u16())), (1, Some(200)));
}

#[tokio::test]
async fn chance_is_repeated_by_its_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bench = Bench::start().await;
        let company = bench.company(US).await;
        bench.control("/faults/seed", json!({ "seed": 42 })).await;
        bench
            .control(
                "/faults",
                json!({ "provider": "quickbooks", "times": 1000, "percent": 30, "effect": { "status": 500 } }),
            )
            .await;
        let mut hits = Vec::new();
        for _ in 0..60 {
            let answer =
                company.call(Method::GET, "/companyinfo/1", None, "application/json").await.expect("an answer");
            hits.push(answer.status() == StatusCode::INTERNAL_SERVER_ERROR);
        }
        let count = hits.iter().filter(|hit| **hit).count();
        assert!((5..40).contains(&count), "{count} of 60 at 30 %");
        runs.push(hits);
    }
    assert_eq!(runs[0], runs[1]);
}

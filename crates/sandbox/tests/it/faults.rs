//! Faults on request, before and after the call is carried out.

use crate::support::{Bench, US, invoice};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Creates an invoice under a fault. Returns the number of invoices in the books, and the answer.
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
async fn a_fault_before_the_call_leaves_the_books_unchanged() {
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

/// An effect, the status of its answer, and texts that its answer holds.
type Spelling = (Value, u16, &'static [&'static str]);

#[tokio::test]
async fn refusals_have_every_recorded_form() {
    let errors = json!([{ "code": 6240, "Message": "m", "Detail": "d" }, { "code": "2050", "Message": "n" }]);
    let spellings: [Spelling; 9] = [
        (json!({ "fault": { "errors": errors } }), 400, &["\"code\":6240", "\"code\":\"2050\"", "ValidationFault"]),
        (
            json!({ "fault": { "errors": errors, "status": 200, "object": true } }),
            200,
            &["\"Error\":{", "\"code\":6240"],
        ),
        (json!({ "page": 403 }), 403, &["<html>"]),
        (json!({ "xml": "authentication" }), 401, &["<Fault type=\"AuthenticationFault\"><Error code=\"100\">"]),
        (json!({ "xml": "forbidden" }), 403, &["code=\"3200\""]),
        (json!({ "xml": "wrong_cluster" }), 401, &["code=\"130\"", "Accessing Wrong Cluster"]),
        (json!({ "xml": "throttle" }), 403, &["ThrottleExceeded"]),
        (json!("not_authorized"), 403, &["ApplicationAuthorizationFailed", "\"type\":\"SERVICE\"", "\"detail\":null"]),
        (json!("scope_missing"), 403, &["message=AuthorizationFailed", "\"code\":\"3100\""]),
    ];
    for (effect, status, texts) in spellings {
        let (kept, told) = under(effect.clone()).await;
        let (answered, text) = told.expect("an answer");
        assert_eq!((kept, answered.as_u16()), (0, status), "{effect}");
        for part in texts {
            assert!(text.contains(part), "{effect}: {text}");
        }
    }
    let (kept, told) = under(json!({ "page_after": 403 })).await;
    assert_eq!((kept, told.map(|(status, _)| status.as_u16())), (1, Some(403)), "carried out all the same");
}

/// Returns code, detail and element of the first error.
fn first(body: &Value) -> (&str, &str, Option<&str>) {
    let error = &body["Fault"]["Error"][0];
    let text = |name: &str| error[name].as_str();
    (text("code").unwrap_or_default(), text("Detail").unwrap_or_default(), text("element"))
}

#[tokio::test]
async fn faults_are_as_vague_as_those_of_quickbooks() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = invoice(5.0);
        change(&mut body);
        body
    };
    let item = "Line.SalesItemLineDetail.ItemRef";
    let unknown = with(&|body| body["Line"][0]["SalesItemLineDetail"]["ItemRef"] = json!({ "value": "9999" }));
    let answer = company.post("/invoice", unknown).await;
    assert_eq!(first(&answer.body), ("2500", &*format!("Invalid Reference Id : {item}"), Some(item)));
    let nobody = with(&|body| body["CustomerRef"] = json!({ "value": "9999" }));
    let answer = company.post("/invoice", nobody).await;
    assert_eq!(first(&answer.body), ("2500", "Invalid Reference Id : Names element id 9999 not found", Some("")));
    let class = with(&|body| body["Line"][0]["SalesItemLineDetail"]["ClassRef"] = json!({ "value": "9999" }));
    assert!(first(&company.post("/invoice", class).await.body).1.contains("Klasses element id 9999 not found"));

    let foo = with(&|body| body["Foo"] = json!(1));
    let answer = company.post("/invoice", foo).await;
    let (code, detail, element) = first(&answer.body);
    assert_eq!((code, element), ("2010", None));
    assert!(
        detail.contains("class com.intuit.schema.finance.v3.Invoice") && detail.contains("\"DocNumber\""),
        "{detail}"
    );
    let answer = company.get("/query?query=select%20*%20from%20Nothing").await;
    assert_eq!(first(&answer.body), ("4001", "QueryValidationError: invalid context declaration: Nothing", None));

    let made = company.post("/customer", json!({ "DisplayName": "Soon gone" })).await.body["Customer"].clone();
    let gone = json!({ "Id": made["Id"], "SyncToken": "0", "sparse": true, "Active": false });
    assert_eq!(company.post("/customer", gone).await.status, StatusCode::OK);
    let inactive = with(&|body| body["CustomerRef"] = json!({ "value": made["Id"] }));
    let answer = company.post("/invoice", inactive).await;
    let (code, detail, element) = first(&answer.body);
    assert_eq!((code, element), ("2500", Some("")), "nothing says what");
    assert!(detail.contains("has been made inactive"), "{detail}");
}

#[tokio::test]
async fn a_fault_after_the_call_leaves_it_carried_out() {
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
async fn a_seed_repeats_random_faults() {
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

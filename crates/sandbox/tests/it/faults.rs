//! Faults on request, before and after the call is carried out.

use crate::support::{Bench, US, invoice};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Creates an invoice under a fault. Returns the number of invoices in the books, and the answer.
async fn create_under_fault(effect: Value) -> (usize, Option<(StatusCode, String)>) {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    bench
        .control("/faults", json!({ "provider": "quickbooks", "method": "POST", "path": "/invoice", "effect": effect }))
        .await;
    let answer = company.call(Method::POST, "/invoice", Some(invoice(55.55).to_string()), "application/json").await;
    let answer = match answer {
        Some(answer) => {
            let status = answer.status();
            answer.text().await.ok().map(|text| (status, text))
        }
        None => None,
    };
    let count = company.rows("Invoice", "where Balance = '55.55'").await.len();
    let after = company.post("/invoice", invoice(1.0)).await;
    assert_eq!(after.status, StatusCode::OK, "the fault affects one call only");
    (count, answer)
}

#[tokio::test]
async fn a_fault_before_the_call_leaves_the_books_unchanged() {
    let (count, answer) = create_under_fault(json!({ "status": 503 })).await;
    assert_eq!((count, answer.map(|(status, _)| status.as_u16())), (0, Some(503)));
    assert_eq!(create_under_fault(json!("drop_before")).await, (0, None));
    let (count, answer) = create_under_fault(json!({ "fault": "6000" })).await;
    let (status, text) = answer.expect("an answer");
    assert_eq!((count, status.as_u16()), (0, 400));
    assert!(text.contains("\"code\":\"6000\""), "{text}");
    let (count, answer) = create_under_fault(json!("throttle")).await;
    assert_eq!((count, answer.map(|(status, _)| status.as_u16())), (0, Some(429)));
}

/// An effect, the status of its answer, and texts in its answer.
type RecordedForm = (Value, u16, &'static [&'static str]);

#[tokio::test]
async fn refusals_have_every_recorded_form() {
    let errors = json!([{ "code": 6240, "Message": "m", "Detail": "d" }, { "code": "2050", "Message": "n" }]);
    let forms: [RecordedForm; 9] = [
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
    for (effect, status, texts) in forms {
        let (count, answer) = create_under_fault(effect.clone()).await;
        let (answered, text) = answer.expect("an answer");
        assert_eq!((count, answered.as_u16()), (0, status), "{effect}");
        for part in texts {
            assert!(text.contains(part), "{effect}: {text}");
        }
    }
    let (count, answer) = create_under_fault(json!({ "page_after": 403 })).await;
    assert_eq!((count, answer.map(|(status, _)| status.as_u16())), (1, Some(403)), "the call was carried out");
}

/// Returns code, detail and element of the first error.
fn first_error(body: &Value) -> (&str, &str, Option<&str>) {
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
    let unknown_item = with(&|body| body["Line"][0]["SalesItemLineDetail"]["ItemRef"] = json!({ "value": "9999" }));
    let answer = company.post("/invoice", unknown_item).await;
    assert_eq!(first_error(&answer.body), ("2500", &*format!("Invalid Reference Id : {item}"), Some(item)));
    let unknown_customer = with(&|body| body["CustomerRef"] = json!({ "value": "9999" }));
    let answer = company.post("/invoice", unknown_customer).await;
    assert_eq!(first_error(&answer.body), ("2500", "Invalid Reference Id : Names element id 9999 not found", Some("")));
    let class = with(&|body| body["Line"][0]["SalesItemLineDetail"]["ClassRef"] = json!({ "value": "9999" }));
    assert!(first_error(&company.post("/invoice", class).await.body).1.contains("Klasses element id 9999 not found"));

    let unknown_member = with(&|body| body["Foo"] = json!(1));
    let answer = company.post("/invoice", unknown_member).await;
    let (code, detail, element) = first_error(&answer.body);
    assert_eq!((code, element), ("2010", None));
    assert!(
        detail.contains("class com.intuit.schema.finance.v3.Invoice") && detail.contains("\"DocNumber\""),
        "{detail}"
    );
    let answer = company.get("/query?query=select%20*%20from%20Nothing").await;
    assert_eq!(first_error(&answer.body), ("4001", "QueryValidationError: invalid context declaration: Nothing", None));

    let created = company.post("/customer", json!({ "DisplayName": "Soon gone" })).await.body["Customer"].clone();
    let deactivation = json!({ "Id": created["Id"], "SyncToken": "0", "sparse": true, "Active": false });
    assert_eq!(company.post("/customer", deactivation).await.status, StatusCode::OK);
    let inactive = with(&|body| body["CustomerRef"] = json!({ "value": created["Id"] }));
    let answer = company.post("/invoice", inactive).await;
    let (code, detail, element) = first_error(&answer.body);
    assert_eq!((code, element), ("2500", Some("")), "the fault does not identify the row");
    assert!(detail.contains("has been made inactive"), "{detail}");
}

#[tokio::test]
async fn a_fault_after_the_call_leaves_it_carried_out() {
    assert_eq!(create_under_fault(json!("drop_after")).await, (1, None));
    for effect in ["truncate", "malformed"] {
        let (count, answer) = create_under_fault(json!(effect)).await;
        let (status, text) = answer.expect("an answer");
        assert_eq!((count, status.as_u16()), (1, 200), "{effect}");
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{effect}: {text}");
    }
    let (count, answer) = create_under_fault(json!({ "delay_after": 50 })).await;
    assert_eq!((count, answer.map(|(status, _)| status.as_u16())), (1, Some(200)));
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

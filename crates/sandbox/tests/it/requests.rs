//! Invalid requests, and the gateway in front of the API.

use crate::support::{BR, Bench, US, invoice};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Bodies that the contract refuses, with the code of the fault (the reference, 2.4 and chapter 3).
const INVALID_BODIES: &[(&str, &str, &str)] = &[
    ("customer", r#"{"DisplayName":"A","BillAddr":{"Street":"x"}}"#, "2010"),
    ("customer", r#"{"DisplayName":"A","Active":"perhaps"}"#, "2010"),
    ("customer", r#"{"DisplayName":["A"]}"#, "2010"),
    ("customer", r#"{"DisplayName":"Tab\there"}"#, "2040"),
    ("customer", r#"{"DisplayName":"東京商会"}"#, "2040"),
    ("customer", r#"{"DisplayName":"A","PreferredDeliveryMethod":"Pigeon"}"#, "2170"),
    ("customer", r#"{"DisplayName":"A","CurrencyRef":{"value":"XXX"}}"#, "2500"),
    ("customer", r#"{"DisplayName":"A","SalesTermRef":{"value":"99"}}"#, "2500"),
    ("customer", r#"{"DisplayName":"A","ParentRef":{"value":"99"}}"#, "2500"),
    ("customer", r#"{"DisplayName":"A","Title":"12345678901234567"}"#, "2050"),
    ("customer", r#"{"DisplayName":"A","PrimaryPhone":{"FreeFormNumber":"1234567890123456789012345678901"}}"#, "2050"),
    ("customer", r#"{"DisplayName":"A","BillAddr":{"PostalCode":"1234567890123456789012345678901"}}"#, "2050"),
    ("customer", r#"{"Id":"9999","SyncToken":"0","sparse":true,"Notes":"x"}"#, "610"),
    ("customer", r#"{"Id":"1","sparse":true,"Notes":"x"}"#, "2020"),
    ("customer", r#"{"Id":"1","SyncToken":"7","sparse":true,"Notes":"x"}"#, "5010"),
    ("customer", r#"{"Id":"1","SyncToken":"0","sparse":true,"CurrencyRef":{"value":"EUR"}}"#, "6000"),
    ("customer", r"{", "2010"),
    ("item", r#"{"Type":"Service","IncomeAccountRef":{"value":"1"}}"#, "2020"),
    ("item", r#"{"Name":"A:B","Type":"Service","IncomeAccountRef":{"value":"1"}}"#, "2040"),
    ("term", r#"{"Name":"A","DueDays":3,"DayOfMonthDue":4}"#, "2600"),
    ("account", r#"{"Name":"A"}"#, "2020"),
    ("account", r#"{"Name":"A","AccountType":"Income","AccountSubType":"Checking"}"#, "2170"),
    ("payment", r#"{"TotalAmt":10}"#, "2020"),
    ("payment", r#"{"CustomerRef":{"value":"1"}}"#, "2020"),
    ("payment", r#"{"CustomerRef":{"value":"1"},"TotalAmt":-1}"#, "2290"),
    (
        "payment",
        r#"{"CustomerRef":{"value":"1"},"TotalAmt":1,"Line":[{"Amount":1,"LinkedTxn":[{"TxnId":"9999","TxnType":"Invoice"}]}]}"#,
        "2500",
    ),
    ("payment", r#"{"CustomerRef":{"value":"1"},"TotalAmt":1,"PaymentRefNum":"1234567890123456789012"}"#, "2050"),
    ("invoice", r#"{"CustomerRef":{"value":"1"},"Line":[]}"#, "2020"),
    ("invoice", r#"{"CustomerRef":{"value":"1"},"Line":[{"Amount":1}]}"#, "2020"),
    (
        "invoice",
        r#"{"CustomerRef":{"value":"1"},"Line":[{"DetailType":"SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"1"}}}]}"#,
        "2020",
    ),
    ("invoice", r#"{"CustomerRef":{"value":"1"},"Line":[{"DetailType":"TDSLineDetail","Amount":1}]}"#, "2170"),
    ("invoice", r#"{"CustomerRef":{"value":"1"},"DueDate":"31/12/2026","Line":[]}"#, "2060"),
    ("invoice", r#"{"CustomerRef":{"value":"1"},"TemplateId":"3","Line":[]}"#, "2010"),
    ("taxservice/taxcode", r#"{"TaxRateDetails":[]}"#, "2020"),
    (
        "taxservice/taxcode",
        r#"{"TaxCode":"A","TaxRateDetails":[{"TaxRateName":"A","RateValue":101,"TaxAgencyId":"1"}]}"#,
        "2110",
    ),
    ("companycurrency", r#"{"Code":"USD"}"#, "2220"),
    ("exchangerate", r#"{"SourceCurrencyCode":"EUR","Rate":0}"#, "2140"),
    (
        "invoice",
        r#"{"CustomerRef":{"value":"1"},"Line":[{"DetailType":"SalesItemLineDetail","Amount":1e15,"SalesItemLineDetail":{"ItemRef":{"value":"1"}}}]}"#,
        "2110",
    ),
    ("invoice", r#"{"Id":"abc","SyncToken":"0","sparse":true}"#, "2030"),
    ("bill", "{}", "500"),
    ("batch", "{}", "2020"),
];

#[tokio::test]
async fn bad_bodies_are_refused_with_the_contracts_codes_and_change_nothing() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let before = bench.control("/quickbooks/companies", Value::Null).await;
    for (entity, body, code) in INVALID_BODIES {
        let answer = company
            .call(Method::POST, &format!("/{entity}"), Some((*body).to_owned()), "application/json")
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{entity} {body}");
        assert!(answer.headers().contains_key("intuit_tid"));
        let fault: Value = answer.json().await.expect("JSON");
        assert_eq!(fault["Fault"]["Error"][0]["code"], json!(code), "{entity} {body}: {fault}");
        assert_eq!(fault["Fault"]["type"], json!("ValidationFault"));
        assert!(
            fault["time"].as_str().is_some_and(|time| time.ends_with("-08:00") || time.ends_with("-07:00")),
            "{fault}"
        );
    }
    assert_eq!(bench.control("/quickbooks/companies", Value::Null).await, before);
}

#[tokio::test]
async fn the_gateway_refuses_in_its_own_envelope() {
    let bench = Bench::start().await;
    let mut company = bench.company(US).await;
    let token = std::mem::replace(&mut company.token, "short".into());
    let unknown = company.get("/companyinfo/1").await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    assert_eq!(unknown.body["fault"]["error"][0]["code"], json!("3200"));
    assert_eq!(unknown.body["fault"]["type"], json!("AUTHENTICATION"));
    assert!(unknown.body["time"].is_i64(), "the time is a number of milliseconds");
    company.token = token;
    company.realm = BR.into();
    let foreign = company.get("/companyinfo/1").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(foreign.body["fault"]["error"][0]["code"], json!("3100"));
}

#[tokio::test]
async fn a_request_id_counts_for_its_company_and_for_success_only() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    assert_eq!(company.post("/invoice?requestid=r1", json!({ "CustomerRef": { "value": "1" } })).await.code(), "2020");
    let first = company.post("/invoice?requestid=r1", invoice(10.0)).await.ok("Invoice");
    let again = company.post("/invoice?requestid=r1", invoice(99.0)).await.ok("Invoice");
    assert_eq!(first, again, "the first answer is repeated for any body");
    let item = json!({ "BatchItemRequest": [{ "bId": "1", "operation": "create", "Invoice": invoice(5.0) }] });
    let one = company.post("/batch?requestid=r2", item.clone()).await.ok("BatchItemResponse");
    assert_eq!(company.post("/batch?requestid=r2", item).await.ok("BatchItemResponse"), one);
    assert_eq!(company.rows("Invoice", "where Balance = '5'").await.len(), 1);
}

#[tokio::test]
async fn twenty_concurrent_requests_with_one_id_create_one_invoice() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let calls = (0..20).map(|_| company.post("/invoice?requestid=race", invoice(77.77)));
    let answers = futures_util::future::join_all(calls).await;
    let mut ids: Vec<String> = answers.into_iter().map(|answer| answer.ok("Invoice")["Id"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(company.rows("Invoice", "where Balance = '77.77'").await.len(), 1);
}

#[tokio::test]
async fn queries_answer_pages_projections_and_times_with_zones() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for at in 0..120_u32 {
        company.post("/customer", json!({ "DisplayName": format!("Page {at:03}") })).await.ok("Customer");
    }
    assert_eq!(company.rows("Customer", "").await.len(), 100, "100 rows by default");
    let page = company
        .rows("Customer", "where DisplayName like 'Page %' orderby DisplayName desc startposition 2 maxresults 3")
        .await;
    let names: Vec<_> = page.iter().map(|row| row["DisplayName"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Page 118", "Page 117", "Page 116"]);
    let past = company.query("select * from Customer startposition 5000").await.ok("QueryResponse");
    assert_eq!(past, json!({}));
    let projected =
        company.query("select DisplayName, MetaData.CreateTime from Customer where Id = '1'").await.ok("QueryResponse");
    let row = projected["Customer"][0].as_object().expect("a row");
    assert_eq!(row.keys().collect::<Vec<_>>(), ["DisplayName", "MetaData", "domain", "sparse"]);
    let count =
        company.query("SELECT COUNT(*) FROM customer WHERE displayname LIKE 'page 00%'").await.ok("QueryResponse");
    assert_eq!(count, json!({ "totalCount": 10 }));
    let now = bench.control("/clock", Value::Null).await["now"].as_str().expect("a time").to_owned();
    let soon = now.parse::<jiff::Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(60);
    let zoned =
        soon.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    assert!(company.rows("Customer", &format!("where MetaData.LastUpdatedTime > '{zoned}'")).await.is_empty());
    assert!(!company.rows("Customer", &format!("where MetaData.LastUpdatedTime < '{zoned}'")).await.is_empty());
    let posted = company
        .call(Method::POST, "/query", Some("select * from Term".into()), "application/json")
        .await
        .expect("an answer");
    assert_eq!(posted.status(), StatusCode::OK);
}

//! Requests to QuickBooks without an answer: resent if that cannot create a second invoice, otherwise parked.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    page::Outcome,
    person::US,
    test_app::TestApp,
    waiting::wait_until,
};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};

/// Delay of new rows in queries, in milliseconds. Longer than any test.
const QUERY_LAG_MS: u32 = 600_000;

#[rstest]
#[tokio::test]
async fn a_lost_request_is_resent_after_quickbooks_has_recognised_a_repeat(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let files = app.providers.list_objects(US, "Attachable").await;
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(4).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_before")).await;
    let begun = Instant::now();
    let number = form.create().await.number();
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    let invoices = app.providers.invoices(US).await;
    assert_eq!(invoices.len(), before + 1);
    assert_eq!(invoices.last().unwrap()["DocNumber"], json!(number));
    assert_eq!(app.providers.list_objects(US, "Attachable").await, files, "the test note is deleted");
}

#[rstest]
#[tokio::test]
async fn a_resend_by_request_id_issues_one_invoice_when_queries_are_delayed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(8).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": QUERY_LAG_MS })).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_after")).await;
    form.create().await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

/// With a lost connection, and with the answer of a gateway. Each takes half a minute, so they run concurrently.
#[rstest]
#[tokio::test]
async fn an_invoice_is_parked_when_repeats_are_ignored_and_queries_are_delayed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let effects = [json!("drop_after"), json!({ "page_after": 503 })];
    join_all(effects.map(async |effect| {
        let app = TestApp::start(backend).await.with_company(US).await;
        let before = app.providers.invoices(US).await.len();
        let files = app.providers.list_objects(US, "Attachable").await;
        let dana = app.sign_in(US);
        let form = dana.open_simple_form(5).await;
        app.providers.set_quirks(US, json!({ "ignores_request_ids": true, "query_lag_ms": QUERY_LAG_MS })).await;
        app.providers.inject_quickbooks_fault(Method::POST, "/invoice", effect).await;
        let answer = form.create().await;
        let Outcome::Parked { invoice } = answer.outcome() else { panic!("{}", answer.text) };
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "QuickBooks has the invoice");
        assert_eq!(app.providers.list_objects(US, "Attachable").await, files, "both test notes are deleted");
        app.providers.set_quirks(US, json!({ "ignores_request_ids": true })).await;
        let again = dana.retry_lookup(&invoice).await;
        dana.wait_for_outcome(again).await.number();
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "the lookup finds it");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_second_email_with_a_lost_answer_is_sent_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(3).await;
    let row = dana.open_panel(3).await.row(&number).clone();
    let send = async || {
        let key = dana.open_email_form(3, &row.id).await;
        let fields = [("recipient", "again@customer.example"), ("key", key.as_str())];
        assert_eq!(dana.post_action(3, &row.id, "send", &fields).await.status, StatusCode::OK);
    };
    let count = async || app.providers.count_emails(US, "again@customer.example").await;
    send().await;
    assert_eq!(count().await, 1);
    // The second e-mail is recognised by its delivery time, which QuickBooks returns in whole seconds.
    app.providers.advance_to_next_second().await;
    app.providers.set_quirks(US, json!({ "ignores_request_ids": true })).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/send", json!("drop_after")).await;
    send().await;
    wait_until("the second e-mail is no longer pending", async || !dana.open_panel(3).await.row(&number).is_pending)
        .await;
    assert_eq!(count().await, 2);
}

#[rstest]
#[tokio::test]
async fn an_invoice_missing_from_queries_is_not_taken_for_deleted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(3).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": QUERY_LAG_MS })).await;
    let number = form.create().await.number();
    assert_eq!(dana.refresh_panel(3).await.status, StatusCode::OK);
    let row = dana.open_panel(3).await.row(&number).clone();
    assert_eq!(row.status, "open");
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_before")).await;
    dana.void_invoice(3, &row).await;
    wait_until("the lost void is repeated", async || dana.open_panel(3).await.row(&number).status == "voided").await;
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(0));
}

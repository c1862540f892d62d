//! Requests to QuickBooks without an answer: repeated where that makes no second invoice, and left for a person
//! otherwise.

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

/// Longer than any test looks.
const LATE_MS: u32 = 600_000;

#[rstest]
#[tokio::test]
async fn a_call_that_was_lost_on_its_way_is_made_again_once_quickbooks_has_shown_that_it_recognises_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let files = app.providers.books(US, "Attachable").await;
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(4).await;
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!("drop_before")).await;
    let begun = Instant::now();
    let number = form.create().await.number();
    assert!(begun.elapsed() < Duration::from_secs(25), "it took {:?}", begun.elapsed());
    let invoices = app.providers.invoices(US).await;
    assert_eq!(invoices.len(), before + 1);
    assert_eq!(invoices.last().unwrap()["DocNumber"], json!(number));
    assert_eq!(app.providers.books(US, "Attachable").await, files, "what QuickBooks was asked with is gone");
}

#[rstest]
#[tokio::test]
async fn an_invoice_whose_answer_is_lost_and_that_is_found_late_is_issued_once_by_its_request_id(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(8).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": LATE_MS })).await;
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!("drop_after")).await;
    form.create().await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

/// Whether the connection is lost or a gateway answers. Both take half a minute, at the same time.
#[rstest]
#[tokio::test]
async fn where_quickbooks_recognises_nothing_and_finds_it_late_a_person_is_asked_and_there_is_one_invoice(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let effects = [json!("drop_after"), json!({ "page_after": 503 })];
    join_all(effects.map(async |effect| {
        let app = TestApp::start(backend).await.with_company(US).await;
        let before = app.providers.invoices(US).await.len();
        let files = app.providers.books(US, "Attachable").await;
        let dana = app.sign_in(US);
        let form = dana.open_simple_form(5).await;
        app.providers.set_quirks(US, json!({ "ignores_request_ids": true, "query_lag_ms": LATE_MS })).await;
        app.providers.fail_quickbooks(Method::POST, "/invoice", effect).await;
        let answer = form.create().await;
        let Outcome::Stuck { invoice } = answer.outcome() else { panic!("{}", answer.text) };
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "the one that was sent");
        assert_eq!(app.providers.books(US, "Attachable").await, files, "what QuickBooks was asked with is gone, both");
        app.providers.set_quirks(US, json!({ "ignores_request_ids": true })).await;
        let again = dana.look_again(&invoice).await;
        dana.follow(again).await.number();
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "it is found");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn an_invoice_that_is_emailed_once_more_is_not_emailed_twice_where_the_answer_is_lost(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(3).await;
    let row = dana.open_panel(3).await.row(&number).clone();
    let send = async || {
        let key = dana.open_recipient(3, &row.id).await;
        let fields = [("recipient", "again@customer.example"), ("key", key.as_str())];
        assert_eq!(dana.act(3, &row.id, "send", &fields).await.status, StatusCode::OK);
    };
    let count = async || app.providers.count_emails(US, "again@customer.example").await;
    send().await;
    assert_eq!(count().await, 1);
    // QuickBooks tells the time of delivery in whole seconds. By it, the second e-mail is recognised.
    app.providers.advance_to_next_second().await;
    app.providers.set_quirks(US, json!({ "ignores_request_ids": true })).await;
    app.providers.fail_quickbooks(Method::POST, "/send", json!("drop_after")).await;
    send().await;
    wait_until("the second e-mail is known to be sent", async || !dana.open_panel(3).await.row(&number).is_pending)
        .await;
    assert_eq!(count().await, 2);
}

#[rstest]
#[tokio::test]
async fn an_invoice_that_quickbooks_does_not_find_yet_was_not_deleted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(3).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": LATE_MS })).await;
    let number = form.create().await.number();
    assert_eq!(dana.refresh(3).await.status, StatusCode::OK);
    let row = dana.open_panel(3).await.row(&number).clone();
    assert_eq!(row.status, "open");
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!("drop_before")).await;
    dana.void(3, &row).await;
    wait_until("the void that was lost is made up for", async || {
        dana.open_panel(3).await.row(&number).status == "voided"
    })
    .await;
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(0));
}

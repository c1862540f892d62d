//! The service stops or crashes while an invoice is being created.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    form::Fields,
    person::{Surface, US},
    test_app::TestApp,
    waiting::{wait_until, wait_within},
};
use futures_util::future::join_all;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

/// Kills the service before the call has reached QuickBooks, and after QuickBooks has carried it out.
#[rstest]
#[tokio::test]
async fn an_invoice_is_issued_once_when_the_service_is_killed(#[values(Sqlite, Postgres)] backend: Backend) {
    join_all(["delay", "delay_after"].map(async |effect| {
        let mut app = TestApp::start(backend).await.with_company(US).await;
        let before = app.providers.invoices(US).await.len();
        let fields = submit_and_leave(&app, json!({ effect: 5000 })).await;
        app.kill_service().await;
        app.restart_service().await;
        let dana = app.sign_in(US);
        let answer = dana.post(Surface::Form, "/deals/4/invoices", &fields.pairs()).await;
        let number = dana.wait_for_outcome(answer).await.number();
        let invoices = app.providers.invoices(US).await;
        assert_eq!(invoices.len(), before + 1, "{effect}");
        assert_eq!(invoices.last().unwrap()["DocNumber"], json!(number), "{effect}");
    }))
    .await;
}

/// Submits the form, and leaves the page as soon as the injected fault has hit the call with the invoice. Returns the
/// fields of the form.
async fn submit_and_leave(app: &TestApp, effect: Value) -> Fields {
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(4).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", effect).await;
    tokio::select! {
        answer = form.submit() => panic!("answered before the fault: {}", answer.text),
        () = app.providers.wait_for_faults() => {}
    }
    form.fields
}

#[rstest]
#[tokio::test]
async fn a_stopping_service_finishes_work_in_progress(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    submit_and_leave(&app, json!({ "delay_after": 1500 })).await;
    app.stop_service().await;
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
    app.restart_service().await;
    let panel = app.sign_in(US).open_panel(4).await;
    assert_eq!(panel.rows.len(), 1);
    assert_eq!(panel.rows[0].status, "open", "the answer is stored");
    let sent = app.providers.calls("/invoice").await;
    assert_eq!(sent.iter().filter(|call| call["method"] == json!("POST")).count(), 1, "{sent:?}");
}

#[rstest]
#[tokio::test]
async fn an_invoice_is_created_by_the_process_that_stored_it(#[values(Sqlite, Postgres)] backend: Backend) {
    const COUNT_JOBS: [&str; 2] = ["UPDATE river_job SET kind = kind WHERE kind = 'issue_invoice'"; 2];
    let app = TestApp::start(backend).await.with_company(US).await;
    app.sign_in(US).bill_deal(4).await;
    assert_eq!(app.execute(COUNT_JOBS).await, 0, "no job was needed");
}

/// The attempt does not wait for its lease to expire, which takes 10 seconds.
#[rstest]
#[tokio::test]
async fn an_invoice_is_created_though_the_browser_disconnects(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    submit_and_leave(&app, json!({ "delay": 1000 })).await;
    wait_within(Duration::from_secs(5), "the invoice is in QuickBooks", async || {
        (app.providers.invoices(US).await.len() == before + 1).then_some(())
    })
    .await;
    wait_until("the panel shows it", async || {
        app.sign_in(US).open_panel(4).await.rows.iter().any(|row| row.status == "open")
    })
    .await;
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

/// The lease of a sync that crashed ends within seconds.
#[rstest]
#[tokio::test]
async fn a_payment_is_shown_soon_after_a_crash_during_the_sync(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut app = TestApp::start(backend).await.with_company(US).await;
    let number = app.sign_in(US).bill_deal(4).await;
    let invoice = app.providers.invoice(US, &number).await;
    app.providers.pay_invoice(US, &invoice, Some(1)).await;
    wait_until("a part is paid on the panel", async || {
        app.sign_in(US).open_panel(4).await.row(&number).status == "partially-paid"
    })
    .await;
    app.providers.inject_quickbooks_fault(Method::GET, "/cdc", json!({ "delay": 9000 })).await;
    app.providers.pay_invoice(US, &invoice, None).await;
    app.providers.wait_for_faults().await;
    app.kill_service().await;
    app.restart_service().await;
    wait_within(Duration::from_secs(40), "the invoice is paid on its panel", async || {
        let panel = app.sign_in(US).open_panel(4).await;
        (panel.row(&number).status == "paid").then_some(())
    })
    .await;
}

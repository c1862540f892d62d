//! The service is ended, or crashes, while an invoice is under way.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    form::Fields,
    person::{Surface, US},
    test_app::TestApp,
};
use futures_util::future::join_all;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

/// Killed with the call on its way to QuickBooks, and after QuickBooks has carried it out.
#[rstest]
#[tokio::test]
async fn an_invoice_whose_service_is_killed_is_issued_once(#[values(Sqlite, Postgres)] backend: Backend) {
    join_all(["delay", "delay_after"].map(async |effect| {
        let mut app = TestApp::start(backend).await.with_company(US).await;
        let before = app.providers.invoices(US).await.len();
        let fields = leave_under_way(&app, json!({ effect: 5000 })).await;
        app.kill_service().await;
        app.restart_service().await;
        let dana = app.sign_in(US);
        let answer = dana.post(Surface::Form, "/deals/4/invoices", &fields.pairs()).await;
        let number = dana.follow(answer).await.number();
        let invoices = app.providers.invoices(US).await;
        assert_eq!(invoices.len(), before + 1, "{effect}");
        assert_eq!(invoices.last().unwrap()["DocNumber"], json!(number), "{effect}");
    }))
    .await;
}

/// Presses *Create*, and leaves the page as soon as the call with the invoice has met its fault. Returns the form.
async fn leave_under_way(app: &TestApp, effect: Value) -> Fields {
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(4).await;
    app.providers.fail_quickbooks(Method::POST, "/invoice", effect).await;
    tokio::select! {
        answer = form.press() => panic!("answered: {}", answer.text),
        () = app.providers.wait_for_faults() => {}
    }
    form.fields
}

#[rstest]
#[tokio::test]
async fn a_service_that_is_told_to_stop_finishes_what_is_under_way(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    leave_under_way(&app, json!({ "delay_after": 1500 })).await;
    app.stop_service().await;
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
    app.restart_service().await;
    let panel = app.sign_in(US).open_panel(4).await;
    assert_eq!(panel.rows.len(), 1);
    assert_eq!(panel.rows[0].status, "open", "the answer was kept");
    let sent = app.providers.calls("/invoice").await;
    assert_eq!(sent.iter().filter(|call| call["method"] == json!("POST")).count(), 1, "{sent:?}");
}

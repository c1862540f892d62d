//! Refusals of QuickBooks and Pipedrive, and pages of proxies: nothing is created twice, and a call that may have been
//! carried out never counts as refused.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    page::Outcome,
    person::US,
    ready::open_ready_form,
    test_app::TestApp,
    waiting::wait_within,
};
use futures_util::future::join_all;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

/// Upper bound for several lookups, whose pauses grow.
const LOOKUPS_TIMEOUT: Duration = Duration::from_secs(60);

/// A fault of QuickBooks with these errors.
fn fault_with(errors: Value) -> Value {
    json!({ "fault": { "errors": errors } })
}

/// Answers that do not show whether the invoice was created: pages of a proxy, before and after QuickBooks has carried out
/// the call, and system faults of QuickBooks.
fn unclear_answers() -> Vec<Value> {
    let errors =
        json!([{ "code": "10000", "Message": "An application error has occurred while processing your request" }]);
    let system_fault = |status: u16| json!({ "fault": { "errors": errors, "status": status, "type": "SystemFault" } });
    vec![
        json!({ "page_after": 403 }),
        json!({ "page": 403 }),
        json!({ "page_after": 502 }),
        json!({ "page_after": 404 }),
        json!({ "page_after": 400 }),
        json!({ "page_after": 503 }),
        json!({ "page": 503 }),
        system_fault(200),
        system_fault(400),
    ]
}

/// Runs on SQLite only, because the meaning of an answer does not depend on the database. Each answer has its own
/// `TestApp`.
#[tokio::test]
async fn an_unclear_answer_leads_to_one_invoice() {
    join_all(unclear_answers().into_iter().map(async |effect| {
        let app = TestApp::start(Sqlite).await.with_company(US).await;
        let dana = app.sign_in(US);
        let before = app.providers.invoices(US).await.len();
        let form = dana.open_simple_form(4).await;
        app.providers.inject_quickbooks_fault(Method::POST, "/invoice", effect.clone()).await;
        let answer = form.create().await;
        assert!(matches!(answer.outcome(), Outcome::Issued { .. }), "{effect}: {}", answer.text);
        app.providers.wait_for_faults().await;
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "{effect}");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_token_refused_in_xml_is_refreshed_once_and_the_invoice_issued_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    for xml in ["authentication", "forbidden"] {
        let form = open_ready_form(&app, &dana).await;
        let before = app.providers.invoices(US).await.len();
        let refreshes = app.providers.calls("/tokens").await.len();
        app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "xml": xml })).await;
        form.create().await.number();
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "{xml}");
        assert_eq!(app.providers.calls("/tokens").await.len(), refreshes + 1, "{xml}");
    }
}

#[rstest]
#[tokio::test]
async fn a_refused_lookup_leaves_the_outcome_unknown(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    let before = app.providers.invoices(US).await.len();
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_after")).await;
    let (answer, ()) = tokio::join!(form.submit(), async {
        app.providers.wait_for_faults().await;
        let error =
            json!({ "code": "4002", "Message": "Invalid query", "Detail": "To email address entered is invalid" });
        app.providers.inject_fault("quickbooks", Method::GET, "/query", 1000, fault_with(json!([error]))).await;
    });
    let Outcome::Checking { invoice } = answer.outcome() else { panic!("{} {}", answer.status, answer.text) };
    // Long enough that the call can no longer be in progress.
    wait_within(LOOKUPS_TIMEOUT, "several lookups of the invoice were refused", async || {
        let answer = dana.get_progress(&invoice).await;
        assert!(matches!(answer.outcome(), Outcome::Checking { .. }), "{} {}", answer.status, answer.text);
        let queries = app.providers.calls("/query").await;
        (queries.iter().filter(|call| call["status"] == json!(400)).count() >= 5).then_some(())
    })
    .await;
    app.providers.clear_faults().await;
    dana.wait_for_outcome(answer).await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

#[rstest]
#[tokio::test]
async fn a_page_with_status_404_does_not_mark_an_invoice_as_deleted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(3).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": 600_000 })).await;
    app.providers.inject_fault("quickbooks", Method::GET, "/invoice/", 100, json!({ "page": 404 })).await;
    dana.refresh_panel(3).await;
    assert_eq!(dana.open_panel(3).await.row(&number).status, "open");
}

#[rstest]
#[tokio::test]
async fn an_xml_throttle_with_status_403_is_waited_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    let before = app.providers.invoices(US).await.len();
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "xml": "throttle" })).await;
    let answer = form.submit().await;
    assert!(matches!(answer.outcome(), Outcome::Checking { .. }), "{} {}", answer.status, answer.text);
    assert_eq!(app.providers.invoices(US).await.len(), before);
}

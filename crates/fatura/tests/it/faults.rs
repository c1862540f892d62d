//! Refusals of QuickBooks and Pipedrive, and pages that stand in front of them: nothing is made twice, and nothing is
//! taken for a refusal that may have been carried out.

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

/// How long lookups are waited for. After each the pause grows.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fault of QuickBooks, word for word.
pub(crate) fn written(errors: Value) -> Value {
    json!({ "fault": { "errors": errors } })
}

/// Answers after which nobody knows whether the invoice was made: pages of a proxy, with and without the call having
/// arrived, and breakdowns that QuickBooks reports.
fn unclear_answers() -> Vec<Value> {
    let broken =
        json!([{ "code": "10000", "Message": "An application error has occurred while processing your request" }]);
    let breakdown = |status: u16| json!({ "fault": { "errors": broken, "status": status, "type": "SystemFault" } });
    vec![
        json!({ "page_after": 403 }),
        json!({ "page": 403 }),
        json!({ "page_after": 502 }),
        json!({ "page_after": 404 }),
        json!({ "page_after": 400 }),
        json!({ "page_after": 503 }),
        json!({ "page": 503 }),
        breakdown(200),
        breakdown(400),
    ]
}

/// The meaning of an answer does not depend on the database. Each answer has a world of its own.
#[tokio::test]
async fn an_answer_that_tells_nothing_of_the_invoice_leads_to_one_invoice() {
    join_all(unclear_answers().into_iter().map(async |effect| {
        let app = TestApp::start(Sqlite).await.with_company(US).await;
        let dana = app.sign_in(US);
        let before = app.providers.invoices(US).await.len();
        let form = dana.open_simple_form(4).await;
        app.providers.fail_quickbooks(Method::POST, "/invoice", effect.clone()).await;
        let answer = form.create().await;
        assert!(matches!(answer.outcome(), Outcome::Issued { .. }), "{effect}: {}", answer.text);
        app.providers.wait_for_faults().await;
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "{effect}");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_refused_in_xml_is_renewed_once_and_the_invoice_is_made_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    for xml in ["authentication", "forbidden"] {
        let form = open_ready_form(&app, &dana).await;
        let before = app.providers.invoices(US).await.len();
        let renewed = app.providers.calls("/tokens").await.len();
        app.providers.fail_quickbooks(Method::POST, "/invoice", json!({ "xml": xml })).await;
        form.create().await.number();
        assert_eq!(app.providers.invoices(US).await.len(), before + 1, "{xml}");
        assert_eq!(app.providers.calls("/tokens").await.len(), renewed + 1, "{xml}");
    }
}

#[rstest]
#[tokio::test]
async fn a_query_that_is_refused_while_an_invoice_is_in_doubt_does_not_end_the_doubt(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    let before = app.providers.invoices(US).await.len();
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!("drop_after")).await;
    let (answer, ()) = tokio::join!(form.press(), async {
        app.providers.wait_for_faults().await;
        let error =
            json!({ "code": "4002", "Message": "Invalid query", "Detail": "To email address entered is invalid" });
        app.providers.fail("quickbooks", Method::GET, "/query", 1000, written(json!([error]))).await;
    });
    let Outcome::Checking { invoice } = answer.outcome() else { panic!("{} {}", answer.status, answer.text) };
    // Past the time in which the call may still have been under way.
    wait_within(PATIENCE, "the invoice was looked for, and refused, several times", async || {
        let answer = dana.look_at_progress(&invoice).await;
        assert!(matches!(answer.outcome(), Outcome::Checking { .. }), "{} {}", answer.status, answer.text);
        let queries = app.providers.calls("/query").await;
        (queries.iter().filter(|call| call["status"] == json!(400)).count() >= 5).then_some(())
    })
    .await;
    app.providers.clear_faults().await;
    dana.follow(answer).await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

#[rstest]
#[tokio::test]
async fn a_page_with_status_404_makes_no_invoice_a_deleted_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(3).await;
    app.providers.set_quirks(US, json!({ "query_lag_ms": 600_000 })).await;
    app.providers.fail("quickbooks", Method::GET, "/invoice/", 100, json!({ "page": 404 })).await;
    dana.refresh(3).await;
    assert_eq!(dana.open_panel(3).await.row(&number).status, "open");
}

#[rstest]
#[tokio::test]
async fn a_throttle_that_comes_as_xml_with_status_403_is_waited_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    let before = app.providers.invoices(US).await.len();
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!({ "xml": "throttle" })).await;
    let answer = form.press().await;
    assert!(matches!(answer.outcome(), Outcome::Checking { .. }), "{} {}", answer.status, answer.text);
    assert_eq!(app.providers.invoices(US).await.len(), before);
}

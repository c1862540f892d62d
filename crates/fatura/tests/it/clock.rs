//! The job queue dates its jobs by the clock of the machine, which may be ahead.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    page::Outcome,
    person::US,
    test_app::TestApp,
    waiting::{wait_until, wait_within},
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use std::time::Duration;

/// A job that was dated while the clock was ahead. It has to be corrected long before.
const POSTPONE_UNTIL_TOMORROW: [&str; 2] = [
    "UPDATE river_job SET state = 'available', scheduled_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '1 day') \
     WHERE kind = 'issue_invoice' AND state IN ('available', 'scheduled', 'retryable')",
    "UPDATE river_job SET state = 'available', scheduled_at = now() + interval '1 day' \
     WHERE kind = 'issue_invoice' AND state IN ('available', 'scheduled', 'retryable')",
];

#[rstest]
#[tokio::test]
async fn an_invoice_whose_job_is_dated_tomorrow_is_issued_today(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(4).await;
    app.providers.inject_fault("quickbooks", Method::POST, "/invoice", 100, json!({ "status": 503 })).await;
    let answer = form.submit().await;
    assert!(matches!(answer.outcome(), Outcome::Checking { .. }), "{}", answer.text);
    // The job may be running at the moment.
    wait_until("the job is postponed", async || app.execute(POSTPONE_UNTIL_TOMORROW).await > 0).await;
    app.providers.clear_faults().await;
    wait_within(Duration::from_secs(30), "the invoice is in QuickBooks", async || {
        (app.providers.invoices(US).await.len() == before + 1).then_some(())
    })
    .await;
    dana.wait_for_outcome(answer).await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

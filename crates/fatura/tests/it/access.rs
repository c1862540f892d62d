//! Requests in progress while the QuickBooks tokens are refreshed or the access ends.

use crate::{
    browser::{connect_from_settings, install},
    database::Backend::{self, Postgres, Sqlite},
    person::{Surface, US},
    test_app::TestApp,
};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

/// Number of concurrent requests.
const CONCURRENT_REQUESTS: usize = 12;

/// On PostgreSQL, the requests go to two replicas.
#[rstest]
#[tokio::test]
async fn concurrent_requests_refresh_an_expired_token_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut app = TestApp::start(backend).await.with_company(US).await;
    let second = match backend {
        Sqlite => app.url.clone(),
        Postgres => app.start_replica().await,
    };
    app.providers.lift_pipedrive_limits().await;
    let people = [app.sign_in(US), app.sign_in_at(&second, US)];
    people[0].bill_deal(3).await;
    for _ in 0..2 {
        app.providers.post_control("/quickbooks/expire", json!({ "realm_id": US.realm })).await;
        let before = app.providers.calls("/tokens").await.len();
        let answers = join_all((0..CONCURRENT_REQUESTS).map(|at| people[at % 2].refresh_panel(3))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
        assert_eq!(app.providers.calls("/tokens").await.len(), before + 1);
    }
}

#[rstest]
#[tokio::test]
async fn disconnecting_during_a_token_refresh_stays_in_effect(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("delay_after", "delay")] effect: &str,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    dana.bill_deal(3).await;
    app.providers.post_control("/quickbooks/expire", json!({ "realm_id": US.realm })).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/tokens", json!({ effect: 1500 })).await;
    tokio::join!(dana.refresh_panel(3), async {
        app.providers.wait_for_faults().await;
        assert_eq!(dana.post_settings("/settings/disconnect", &[]).await.status, StatusCode::OK);
    });
    let calls = app.providers.calls("/v3/company").await.len();
    dana.refresh_panel(3).await;
    assert_eq!(app.providers.calls("/v3/company").await.len(), calls, "the refreshed tokens are not stored");
    connect_from_settings(&app, US).await;
    dana.refresh_panel(3).await;
    assert!(app.providers.calls("/v3/company").await.len() > calls);
}

/// QuickBooks creates the invoice before the uninstallation, and Fatura does not create it again.
#[rstest]
#[tokio::test]
async fn uninstalling_while_an_invoice_is_created_leads_to_one_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(5).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "delay_after": 3000 })).await;
    let path = "/deals/5/invoices";
    let fields = form.fields.pairs();
    // The answer does not matter.
    let (_, ()) = tokio::join!(dana.try_call(Surface::Form, path, Some(&fields)), async {
        app.providers.wait_for_faults().await;
        let user = json!({ "company_id": US.company, "user_id": US.id });
        app.providers.post_control("/pipedrive/uninstall", user).await;
    });
    install(&app, US).await;
    // The page is still open, and the user submits the form again.
    let returned = app.sign_in(US);
    let answer = returned.post(Surface::Form, path, &fields).await;
    let outcome = returned.wait_for_outcome(answer).await;
    assert!(outcome.find_attribute("[data-number]", "data-number").is_some(), "{}", outcome.text);
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
    assert_eq!(returned.open_panel(5).await.rows.len(), 1);
}

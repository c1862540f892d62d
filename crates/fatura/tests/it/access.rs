//! Work that is under way when its access to QuickBooks is renewed or taken away.

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

/// Requests at the same time.
const CALLERS: usize = 12;

/// On PostgreSQL by two replicas.
#[rstest]
#[tokio::test]
async fn an_access_that_has_expired_is_renewed_once_for_all_requests(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut app = TestApp::start(backend).await.with_company(US).await;
    let second = match backend {
        Sqlite => app.url.clone(),
        Postgres => app.start_replica().await,
    };
    app.providers.lift_pipedrive_limits().await;
    let people = [app.sign_in(US), app.sign_in_at(&second, US)];
    people[0].bill(3).await;
    for _ in 0..2 {
        app.providers.act("/quickbooks/expire", json!({ "realm_id": US.realm })).await;
        let before = app.providers.calls("/tokens").await.len();
        let answers = join_all((0..CALLERS).map(|at| people[at % 2].refresh(3))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
        assert_eq!(app.providers.calls("/tokens").await.len(), before + 1);
    }
}

#[rstest]
#[tokio::test]
async fn a_company_that_is_disconnected_while_its_access_is_renewed_stays_disconnected(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("delay_after", "delay")] effect: &str,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    dana.bill(3).await;
    app.providers.act("/quickbooks/expire", json!({ "realm_id": US.realm })).await;
    app.providers.fail_quickbooks(Method::POST, "/tokens", json!({ effect: 1500 })).await;
    tokio::join!(dana.refresh(3), async {
        app.providers.wait_for_faults().await;
        assert_eq!(dana.post_settings("/settings/disconnect", &[]).await.status, StatusCode::OK);
    });
    let calls = app.providers.calls("/v3/company").await.len();
    dana.refresh(3).await;
    assert_eq!(app.providers.calls("/v3/company").await.len(), calls, "nothing is kept of what came back");
    connect_from_settings(&app, US).await;
    dana.refresh(3).await;
    assert!(app.providers.calls("/v3/company").await.len() > calls);
}

/// The invoice whose answer is under way stands, and is not made again.
#[rstest]
#[tokio::test]
async fn an_uninstallation_while_the_answer_is_under_way_leads_to_one_invoice(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let before = app.providers.invoices(US).await.len();
    let dana = app.sign_in(US);
    let form = dana.open_simple_form(5).await;
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!({ "delay_after": 3000 })).await;
    let path = "/deals/5/invoices";
    let fields = form.fields.pairs();
    // Its answer does not matter.
    let (_, ()) = tokio::join!(dana.try_call(Surface::Form, path, Some(&fields)), async {
        app.providers.wait_for_faults().await;
        let user = json!({ "company_id": US.company, "user_id": US.id });
        app.providers.act("/pipedrive/uninstall", user).await;
    });
    install(&app, US).await;
    // The page is still open, and its person presses again.
    let again = app.sign_in(US);
    let answer = again.post(Surface::Form, path, &fields).await;
    let told = again.follow(answer).await;
    assert!(told.find_attribute("[data-number]", "data-number").is_some(), "{}", told.text);
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
    assert_eq!(again.open_panel(5).await.rows.len(), 1);
}

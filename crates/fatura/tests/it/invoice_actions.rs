//! Voiding, deleting and sending: each happens once, and only on the state that the user saw.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::{BR, US},
    test_app::TestApp,
    waiting::wait_until,
};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn an_action_of_a_stale_page_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(BR).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(1).await;
    let seen = dana.open_panel(1).await.row(&number).clone();
    // Paid in QuickBooks, but the webhook is lost.
    app.providers.post_control("/quickbooks/webhooks/mishaps", json!({ "effect": "lost" })).await;
    app.providers.pay_invoice(US, &app.providers.invoice(US, &number).await, Some(1)).await;
    assert_eq!(dana.void_invoice(1, &seen).await.status, StatusCode::CONFLICT);
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(10), "nothing was voided");

    // The current state is accepted. QuickBooks refuses to delete a paid invoice.
    let row = dana.open_panel(1).await.row(&number).clone();
    assert_eq!(row.status, "partially-paid");
    assert_ne!(row.seen, seen.seen);
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "fault": "6540" })).await;
    assert_eq!(dana.delete_invoice(1, &row).await.status, StatusCode::CONFLICT);
    assert!(app.providers.find_invoice(US, &number).await.is_some());
    assert_eq!(dana.void_invoice(1, &row).await.status, StatusCode::OK);
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(0));

    // A voided invoice is not voided again, and a user of another company does not find it.
    let calls = app.providers.calls("/invoice").await.len();
    assert_eq!(dana.void_invoice(1, &row).await.status, StatusCode::CONFLICT);
    assert_eq!(app.sign_in(BR).void_invoice(1, &row).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.providers.calls("/invoice").await.len(), calls, "QuickBooks is not called");
}

#[rstest]
#[tokio::test]
async fn a_void_whose_answer_is_lost_happens_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(4).await;
    let row = dana.open_panel(4).await.row(&number).clone();
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_after")).await;
    dana.void_invoice(4, &row).await;
    wait_until("it is voided", async || dana.open_panel(4).await.row(&number).status == "voided").await;
    assert_eq!(app.providers.invoice(US, &number).await["SyncToken"], json!("1"), "voided once");
}

#[rstest]
#[tokio::test]
async fn an_action_in_doubt_is_not_repeated_on_a_changed_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(9).await;
    let row = dana.open_panel(9).await.row(&number).clone();
    let invoice = app.providers.invoice(US, &number).await;
    // QuickBooks fails without an effect. The customer pays before the next attempt.
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "status": 503 })).await;
    let (answer, ()) = tokio::join!(dana.void_invoice(9, &row), async {
        app.providers.wait_for_faults().await;
        app.providers.pay_invoice(US, &invoice, Some(1)).await;
    });
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(10));
    assert_eq!(dana.open_panel(9).await.row(&number).status, "partially-paid");
}

#[rstest]
#[tokio::test]
async fn an_email_whose_answer_is_lost_is_sent_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(12).await;
    let row = dana.open_panel(12).await.row(&number).clone();
    app.providers.inject_quickbooks_fault(Method::POST, "/send", json!("drop_after")).await;
    let fields = [("recipient", "once@cascaderobotics.example")];
    assert_eq!(dana.post_action(12, &row.id, "send", &fields).await.status, StatusCode::OK);
    wait_until("the panel shows the e-mail as sent", async || {
        let panel = dana.open_panel(12).await;
        let row = panel.row(&number);
        row.is_sent && !row.is_pending
    })
    .await;
    assert_eq!(app.providers.count_emails(US, "once@cascaderobotics.example").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_form_submitted_twice_sends_one_email_and_a_reopened_form_another(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    let send = async |key: &str| {
        let fields = [("recipient", "twice@cascaderobotics.example"), ("key", key)];
        assert_eq!(dana.post_action(12, &id, "send", &fields).await.status, StatusCode::OK);
    };
    let count = async || app.providers.count_emails(US, "twice@cascaderobotics.example").await;
    let key = dana.open_email_form(12, &id).await;
    tokio::join!(send(&key), send(&key));
    send(&key).await;
    assert_eq!(count().await, 1);
    send(&dana.open_email_form(12, &id).await).await;
    assert_eq!(count().await, 2);
}

//! Voiding, deleting and sending: each happens once, and only to what the person saw.

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
async fn an_act_of_a_stale_page_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(BR).await;
    let dana = app.sign_in(US);
    let number = dana.bill(1).await;
    let seen = dana.open_panel(1).await.row(&number).clone();
    // Paid in QuickBooks, and nobody has told us: the webhook is lost.
    app.providers.act("/quickbooks/webhooks/mishaps", json!({ "effect": "lost" })).await;
    app.providers.pay(US, &app.providers.invoice(US, &number).await, Some(1)).await;
    assert_eq!(dana.void(1, &seen).await.status, StatusCode::CONFLICT);
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(10), "nothing was voided");

    // With the state as it is now, the person may go on. QuickBooks refuses to delete what is paid.
    let row = dana.open_panel(1).await.row(&number).clone();
    assert_eq!(row.status, "partially-paid");
    assert_ne!(row.seen, seen.seen);
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!({ "fault": "6540" })).await;
    assert_eq!(dana.delete(1, &row).await.status, StatusCode::CONFLICT);
    assert!(app.providers.find_invoice(US, &number).await.is_some());
    assert_eq!(dana.void(1, &row).await.status, StatusCode::OK);
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(0));

    // A voided invoice is not voided again, and a user of another company finds no such invoice.
    let calls = app.providers.calls("/invoice").await.len();
    assert_eq!(dana.void(1, &row).await.status, StatusCode::CONFLICT);
    assert_eq!(app.sign_in(BR).void(1, &row).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.providers.calls("/invoice").await.len(), calls, "QuickBooks is not asked");
}

#[rstest]
#[tokio::test]
async fn a_void_whose_answer_is_lost_happens_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(4).await;
    let row = dana.open_panel(4).await.row(&number).clone();
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!("drop_after")).await;
    dana.void(4, &row).await;
    wait_until("it is voided", async || dana.open_panel(4).await.row(&number).status == "voided").await;
    assert_eq!(app.providers.invoice(US, &number).await["SyncToken"], json!("1"), "voided once");
}

#[rstest]
#[tokio::test]
async fn an_act_in_doubt_is_not_repeated_on_an_invoice_that_has_changed_since(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(9).await;
    let row = dana.open_panel(9).await.row(&number).clone();
    let invoice = app.providers.invoice(US, &number).await;
    // QuickBooks fails without having done anything; before the next attempt the customer pays.
    app.providers.fail_quickbooks(Method::POST, "/invoice", json!({ "status": 503 })).await;
    let (answer, ()) = tokio::join!(dana.void(9, &row), async {
        app.providers.wait_for_faults().await;
        app.providers.pay(US, &invoice, Some(1)).await;
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
    let number = dana.bill(12).await;
    let row = dana.open_panel(12).await.row(&number).clone();
    app.providers.fail_quickbooks(Method::POST, "/send", json!("drop_after")).await;
    let fields = [("recipient", "once@cascaderobotics.example")];
    assert_eq!(dana.act(12, &row.id, "send", &fields).await.status, StatusCode::OK);
    wait_until("the e-mail is known to be sent", async || {
        let panel = dana.open_panel(12).await;
        let row = panel.row(&number);
        row.is_sent && !row.is_pending
    })
    .await;
    assert_eq!(app.providers.count_emails(US, "once@cascaderobotics.example").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_form_that_is_pressed_twice_sends_one_email_and_opened_anew_another(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    let send = async |key: &str| {
        let fields = [("recipient", "twice@cascaderobotics.example"), ("key", key)];
        assert_eq!(dana.act(12, &id, "send", &fields).await.status, StatusCode::OK);
    };
    let count = async || app.providers.count_emails(US, "twice@cascaderobotics.example").await;
    let key = dana.open_recipient(12, &id).await;
    tokio::join!(send(&key), send(&key));
    send(&key).await;
    assert_eq!(count().await, 1);
    send(&dana.open_recipient(12, &id).await).await;
    assert_eq!(count().await, 2);
}

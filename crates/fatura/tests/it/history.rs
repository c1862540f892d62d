//! The deal history in Pipedrive has one entry for each change.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::US,
    test_app::TestApp,
    waiting::wait_until,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn an_entry_whose_answer_is_lost_is_written_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    app.providers.inject_fault("pipedrive", Method::POST, "/notes", 1, json!("drop_after")).await;
    let number = dana.bill_deal(10).await;
    app.providers.wait_for_faults().await;
    let count_lookups = async || {
        let calls = app.providers.calls("/notes").await;
        calls.iter().filter(|call| call["method"] == json!("GET")).count()
    };
    let before = count_lookups().await;
    // The first attempt was carried out, but its answer is lost. The next attempt reads the notes before it writes.
    wait_until("the notes of the deal are read", async || count_lookups().await > before).await;
    // The next entry is written after both attempts.
    app.providers.pay_invoice(US, &app.providers.invoice(US, &number).await, None).await;
    let notes = app.providers.wait_for_notes(US, 10, 2).await;
    assert_eq!(notes.iter().filter(|note| note.contains("created")).count(), 1, "{notes:?}");
}

#[rstest]
#[tokio::test]
async fn a_resent_entry_is_written_even_if_an_earlier_one_has_the_same_text(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(10).await;
    let invoice = app.providers.invoice(US, &number).await;
    app.providers.wait_for_notes(US, 10, 1).await;
    app.providers.pay_invoice(US, &invoice, None).await;
    app.providers.wait_for_notes(US, 10, 2).await;
    let payment = app.providers.list_objects(US, "Payment").await.pop().unwrap();
    let deleted = json!({ "realm_id": US.realm, "entity": "Payment", "id": payment["Id"] });
    app.providers.post_control("/quickbooks/delete", deleted).await;
    app.providers.wait_for_notes(US, 10, 3).await;
    // The request with the second "is paid" is lost. The first note with this text belongs to another entry.
    app.providers.inject_fault("pipedrive", Method::POST, "/notes", 1, json!("drop_before")).await;
    app.providers.pay_invoice(US, &invoice, None).await;
    let notes = app.providers.wait_for_notes(US, 10, 4).await;
    assert!(notes[0].contains("created") && notes[1].contains("is paid"), "{notes:?}");
    assert_eq!(notes[1], notes[3]);
    assert_ne!(notes[1], notes[2]);
}

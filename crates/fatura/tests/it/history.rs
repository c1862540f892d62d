//! The deal's history in Pipedrive tells each change once.

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
    app.providers.fail("pipedrive", Method::POST, "/notes", 1, json!("drop_after")).await;
    let number = dana.bill(10).await;
    app.providers.wait_for_faults().await;
    let count_looks = async || {
        let calls = app.providers.calls("/notes").await;
        calls.iter().filter(|call| call["method"] == json!("GET")).count()
    };
    let before = count_looks().await;
    // The first attempt was carried out, and its answer lost. The next one looks before it writes.
    wait_until("the deal's notes are looked at", async || count_looks().await > before).await;
    // An entry that follows is written after both.
    app.providers.pay(US, &app.providers.invoice(US, &number).await, None).await;
    let notes = app.providers.wait_for_notes(US, 10, 2).await;
    assert_eq!(notes.iter().filter(|note| note.contains("created")).count(), 1, "{notes:?}");
}

#[rstest]
#[tokio::test]
async fn an_entry_that_says_the_same_as_an_earlier_one_is_written_also_where_it_is_sent_again(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(10).await;
    let invoice = app.providers.invoice(US, &number).await;
    app.providers.wait_for_notes(US, 10, 1).await;
    app.providers.pay(US, &invoice, None).await;
    app.providers.wait_for_notes(US, 10, 2).await;
    let payment = app.providers.books(US, "Payment").await.pop().unwrap();
    let deleted = json!({ "realm_id": US.realm, "entity": "Payment", "id": payment["Id"] });
    app.providers.act("/quickbooks/delete", deleted).await;
    app.providers.wait_for_notes(US, 10, 3).await;
    // The second one is lost on its way: the first stands for another entry.
    app.providers.fail("pipedrive", Method::POST, "/notes", 1, json!("drop_before")).await;
    app.providers.pay(US, &invoice, None).await;
    let notes = app.providers.wait_for_notes(US, 10, 4).await;
    assert!(notes[0].contains("created") && notes[1].contains("is paid"), "{notes:?}");
    assert_eq!(notes[1], notes[3]);
    assert_ne!(notes[1], notes[2]);
}

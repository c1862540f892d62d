//! New items of a form.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::US,
    ready::open_ready_form,
    test_app::TestApp,
};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn two_lines_with_the_same_new_item_create_one_item_when_queries_are_delayed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await.with(&[
        ("lines[0][item]", "new"),
        ("lines[0][item_name]", "Twice the same"),
        ("lines[1][item]", "new"),
        ("lines[1][item_name]", "Twice the same"),
        ("lines[1][quantity]", "1"),
        ("lines[1][unit_price]", "10"),
        ("lines[1][description]", ""),
        ("lines[1][discount]", ""),
    ]);
    app.providers.set_quirks(US, json!({ "query_lag_ms": 600_000 })).await;
    let number = form.create().await.number();
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(20));
    let items = app.providers.list_objects(US, "Item").await;
    assert_eq!(items.iter().filter(|item| item["Name"] == json!("Twice the same")).count(), 1);
}

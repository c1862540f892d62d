//! Deals, organizations and persons that are merged in Pipedrive.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::{CASCADE, Person, US},
    test_app::TestApp,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

/// Bills 400 dollars of a deal. Returns the number of the invoice.
async fn bill_400(person: &Person<'_>, deal: i64) -> String {
    person.open_simple_form(deal).await.with(&[("lines[0][unit_price]", "400")]).create().await.number()
}

/// Creates an organization or a person.
async fn create(app: &TestApp, kind: &str, name: &str) -> i64 {
    let made = app.providers.pipedrive(US, Method::POST, &format!("v2/{kind}s"), Some(json!({ "name": name }))).await;
    made["id"].as_i64().unwrap()
}

async fn merge(app: &TestApp, kind: &str, gone: i64, left: i64) {
    let body = json!({ "merge_with_id": left });
    app.providers.pipedrive(US, Method::PUT, &format!("v1/{kind}s/{gone}/merge"), Some(body)).await;
}

#[rstest]
#[tokio::test]
async fn what_was_billed_on_a_deal_that_is_gone_is_not_billed_again_on_the_one_that_is_left(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let org = create(&app, "organization", "Merging and Sons").await;
    let other = create(&app, "organization", "Merging and Daughters").await;
    let gone = app.providers.create_deal(US, "Twice", json!({ "org_id": org })).await;
    let left = app.providers.create_deal(US, "Twice, again", json!({ "org_id": org })).await;
    let elsewhere = app.providers.create_deal(US, "Another name", json!({ "org_id": other })).await;
    let number = bill_400(&dana, gone).await;
    app.providers.wait_for_notes(US, gone, 1).await;
    merge(&app, "deal", gone, left).await;
    dana.open_panel(left).await.row(&number);

    // Another organization's deal: then the form finds it.
    merge(&app, "deal", left, elsewhere).await;
    assert_eq!(dana.open_form(elsewhere).await.field("lines[0][unit_price]"), "600", "what is left of the deal");
    dana.open_panel(elsewhere).await.row(&number);
}

#[rstest]
#[case("organization", "org_id")]
#[case("person", "person_id")]
#[tokio::test]
async fn invoices_and_customer_go_along_with_the_one_that_is_merged(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] kind: &str,
    #[case] member: &str,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let gone = create(&app, kind, "Old").await;
    let left = create(&app, kind, "New").await;
    let deal = app.providers.create_deal(US, "Of a merged one", json!({ member: gone })).await;
    let number = bill_400(&dana, deal).await;
    assert!(!dana.open_panel_of(kind, left).await.has(&number));
    merge(&app, kind, gone, left).await;
    assert!(dana.open_panel_of(kind, left).await.has(&number));
    assert_eq!(dana.open_form(deal).await.field("customer"), CASCADE[0].1);

    // Another deal that is given to them by hand brings its invoices, and not its customer.
    let stays = create(&app, kind, "Third").await;
    let third = create(&app, kind, "Fourth").await;
    let moved = app.providers.create_deal(US, "Given away", json!({ member: stays })).await;
    let second = bill_400(&dana, moved).await;
    let path = format!("v2/deals/{moved}");
    app.providers.pipedrive(US, Method::PATCH, &path, Some(json!({ member: third }))).await;
    assert!(dana.open_panel_of(kind, third).await.has(&second));
    assert!(!dana.open_panel_of(kind, stays).await.has(&second));
    assert_eq!(dana.open_form(moved).await.field("customer"), "");
}

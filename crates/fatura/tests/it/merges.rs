//! Merges of deals, organizations and persons in Pipedrive.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::{CASCADE, Person, US},
    test_app::TestApp,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

/// Bills 400 dollars of a deal. Returns the invoice number.
async fn bill_400(person: &Person<'_>, deal: i64) -> String {
    person.open_simple_form(deal).await.with(&[("lines[0][unit_price]", "400")]).create().await.number()
}

/// Creates an organization or a person.
async fn create(app: &TestApp, kind: &str, name: &str) -> i64 {
    let made =
        app.providers.call_pipedrive(US, Method::POST, &format!("v2/{kind}s"), Some(json!({ "name": name }))).await;
    made["id"].as_i64().unwrap()
}

/// Merges a record into another one, which is kept.
async fn merge(app: &TestApp, kind: &str, from: i64, into: i64) {
    let body = json!({ "merge_with_id": into });
    app.providers.call_pipedrive(US, Method::PUT, &format!("v1/{kind}s/{from}/merge"), Some(body)).await;
}

#[rstest]
#[tokio::test]
async fn amounts_billed_before_a_merge_are_not_billed_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let org = create(&app, "organization", "Merging and Sons").await;
    let other = create(&app, "organization", "Merging and Daughters").await;
    let merged = app.providers.create_deal(US, "Twice", json!({ "org_id": org })).await;
    let kept = app.providers.create_deal(US, "Twice, again", json!({ "org_id": org })).await;
    let elsewhere = app.providers.create_deal(US, "Another name", json!({ "org_id": other })).await;
    let number = bill_400(&dana, merged).await;
    app.providers.wait_for_notes(US, merged, 1).await;
    merge(&app, "deal", merged, kept).await;
    dana.open_panel(kept).await.row(&number);

    // In a deal of another organization, opening the form finds the merge.
    merge(&app, "deal", kept, elsewhere).await;
    assert_eq!(dana.open_form(elsewhere).await.field("lines[0][unit_price]"), "600", "the remaining amount");
    dana.open_panel(elsewhere).await.row(&number);
}

#[rstest]
#[case("organization", "org_id")]
#[case("person", "person_id")]
#[tokio::test]
async fn invoices_and_customer_follow_a_merged_organization_or_person(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] kind: &str,
    #[case] member: &str,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let merged = create(&app, kind, "Old").await;
    let kept = create(&app, kind, "New").await;
    let deal = app.providers.create_deal(US, "Of a merged one", json!({ member: merged })).await;
    let number = bill_400(&dana, deal).await;
    assert!(!dana.open_panel_of(kind, kept).await.has_invoice(&number));
    merge(&app, kind, merged, kept).await;
    assert!(dana.open_panel_of(kind, kept).await.has_invoice(&number));
    assert_eq!(dana.open_form(deal).await.field("customer"), CASCADE[0].1);

    // A deal that a user moves to another record brings its invoices, but not its customer.
    let former = create(&app, kind, "Third").await;
    let new = create(&app, kind, "Fourth").await;
    let moved = app.providers.create_deal(US, "Given away", json!({ member: former })).await;
    let second = bill_400(&dana, moved).await;
    let path = format!("v2/deals/{moved}");
    app.providers.call_pipedrive(US, Method::PATCH, &path, Some(json!({ member: new }))).await;
    assert!(dana.open_panel_of(kind, new).await.has_invoice(&second));
    assert!(!dana.open_panel_of(kind, former).await.has_invoice(&second));
    assert_eq!(dana.open_form(moved).await.field("customer"), "");
}

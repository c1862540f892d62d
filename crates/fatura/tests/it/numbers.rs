//! Very large and small numbers: a form that cannot be computed is stored as typed, opens again, and reports the field.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    page::Outcome,
    person::{CASCADE, US},
    test_app::TestApp,
};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

const QUANTITY: &str = "lines[0][quantity]";
const PRICE: &str = "lines[0][unit_price]";
const TOO_LARGE: &str = "10,000,000,000";

#[rstest]
#[tokio::test]
async fn a_number_out_of_range_is_stored_as_typed_and_reported_at_its_field(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let before = app.providers.invoices(US).await.len();
    let many = "1".repeat(28);
    let small = format!("0.{}1", "0".repeat(27));
    for (field, typed, reported_at, words) in [
        (QUANTITY, many.clone(), "lines-0-quantity", TOO_LARGE),
        (PRICE, many.clone(), "lines-0-unit_price", TOO_LARGE),
        (PRICE, format!("-{many}"), "lines-0-unit_price", TOO_LARGE),
        (QUANTITY, small, "lines-0-quantity", "18 decimals at most"),
        ("discount", format!("{many}1"), "discount", TOO_LARGE),
    ] {
        let form = dana.open_form(1).await.with(CASCADE);
        let form = form.with(&[("discount_kind", "amount"), (field, &typed), ("version", "1")]);
        let preview = form.preview().await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
        assert!(preview.text.contains(words), "{typed}: {}", preview.text);
        let reopened = dana.open_form(1).await;
        assert_eq!(reopened.field(field), typed, "stored as typed");
        assert!(reopened.text.contains(words), "{typed}");
        let answer = reopened.with(CASCADE).submit().await;
        let Outcome::Refused { fields } = answer.outcome() else { panic!("{typed}: {}", answer.text) };
        assert!(fields.contains(&reported_at.to_owned()), "{typed}: {fields:?}");
        dana.discard_form(1).await;
    }
    assert_eq!(app.providers.invoices(US).await.len(), before);
}

#[rstest]
#[tokio::test]
async fn a_deal_of_any_value_opens(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let values: [Value; 5] =
        [json!(1e27), json!(-1e27), json!(1e300), json!(1e-28), json!("79228162514264337593543950335")];
    for value in values {
        let row = json!({ "company_id": US.company, "resource": "Deal", "id": 11, "members": { "value": value } });
        app.providers.post_control("/pipedrive/rows", row).await;
        dana.discard_form(11).await;
        assert!(!dana.open_form(11).await.field("intent").is_empty(), "{value}");
    }
}

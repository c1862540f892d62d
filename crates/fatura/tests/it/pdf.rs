//! The PDF of an invoice, passed on from QuickBooks.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    person::US,
    providers::send,
    test_app::TestApp,
};
use reqwest::{Method, StatusCode, header};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_pdf_is_passed_on_whole_as_it_comes_and_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    for encoding in ["gzip", "br", "identity"] {
        let url = dana.ask_for_pdf(&id).await;
        let get = async || send(app.providers.http.get(&url).header(header::ACCEPT_ENCODING, encoding)).await.unwrap();
        let pdf = get().await;
        assert_eq!(pdf.headers().get(header::CONTENT_LENGTH), None, "its length is not known before it has come");
        assert_eq!(pdf.headers().get(header::CONTENT_ENCODING), None, "it is compressed already");
        let bytes = pdf.bytes().await.unwrap();
        assert!(bytes.starts_with(b"%PDF-") && bytes.trim_ascii_end().ends_with(b"%%EOF"), "{encoding}");
        let again = get().await;
        assert_eq!(again.headers()[header::LOCATION], "/outcome/quickbooks-expired");
    }
}

#[rstest]
#[tokio::test]
async fn a_page_that_quickbooks_answers_in_place_of_a_pdf_is_not_passed_on(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    let show = async || {
        let url = dana.ask_for_pdf(&id).await;
        send(app.providers.http.get(&url)).await.unwrap()
    };
    app.providers.fail_quickbooks(Method::GET, "/pdf", json!({ "page": 200 })).await;
    let answer = show().await;
    app.providers.wait_for_faults().await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/outcome/quickbooks-failed");
    assert_eq!(answer.text().await.unwrap(), "");
    assert_eq!(show().await.headers()[header::CONTENT_TYPE], "application/pdf", "the next one is a PDF");
}

//! The PDF of an invoice, streamed from QuickBooks.

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
async fn a_pdf_link_streams_the_whole_pdf_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    for encoding in ["gzip", "br", "identity"] {
        let url = dana.request_pdf_link(&id).await;
        let get = async || send(app.providers.http.get(&url).header(header::ACCEPT_ENCODING, encoding)).await.unwrap();
        let pdf = get().await;
        assert_eq!(pdf.headers().get(header::CONTENT_LENGTH), None, "the length is not known in advance");
        assert_eq!(pdf.headers().get(header::CONTENT_ENCODING), None, "a PDF is already compressed");
        let bytes = pdf.bytes().await.unwrap();
        assert!(bytes.starts_with(b"%PDF-") && bytes.trim_ascii_end().ends_with(b"%%EOF"), "{encoding}");
        let second = get().await;
        assert_eq!(second.headers()[header::LOCATION], "/outcome/quickbooks-expired");
    }
}

#[rstest]
#[tokio::test]
async fn a_page_instead_of_a_pdf_is_not_passed_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(12).await;
    let id = dana.open_panel(12).await.row(&number).id.clone();
    let open_pdf = async || {
        let url = dana.request_pdf_link(&id).await;
        send(app.providers.http.get(&url)).await.unwrap()
    };
    app.providers.inject_quickbooks_fault(Method::GET, "/pdf", json!({ "page": 200 })).await;
    let answer = open_pdf().await;
    app.providers.wait_for_faults().await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/outcome/quickbooks-failed");
    assert_eq!(answer.text().await.unwrap(), "");
    assert_eq!(open_pdf().await.headers()[header::CONTENT_TYPE], "application/pdf", "the next answer is a PDF");
}

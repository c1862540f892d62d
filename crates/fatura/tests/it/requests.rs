//! Requests that Fatura's pages never send: they are answered with Fatura's error pages and have no effect.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    form::{Fields, Form},
    person::{BR, MIGUEL, Surface, US},
    providers::send,
    ready::open_ready_form,
    test_app::TestApp,
};
use futures_util::StreamExt;
use reqwest::{Method, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// An invalid request and its expected status.
struct InvalidRequest {
    status: u16,
    method: Method,
    path: &'static str,
    body: Option<(&'static str, String)>,
}

fn invalid(status: u16, method: Method, path: &'static str, body: Option<(&'static str, &str)>) -> InvalidRequest {
    InvalidRequest { status, method, path, body: body.map(|(kind, text)| (kind, text.to_owned())) }
}

#[tokio::test]
async fn an_invalid_request_gets_our_error_page_in_the_users_language() {
    let app = TestApp::start(Sqlite).await.with_company(US).await;
    let dana = app.sign_in(US);
    let bearer = dana.bearer(Surface::Form).await;
    let large = "x".repeat(3_000_000);
    let without_session = [
        invalid(400, Method::GET, "/outcome/%ff", None),
        invalid(400, Method::GET, "/outcome/x?cancelled=a&cancelled=b", None),
        invalid(400, Method::GET, "/pdf/no-uuid/x", None),
        invalid(415, Method::POST, "/quickbooks/confirm", Some((JSON, "{}"))),
        invalid(422, Method::POST, "/quickbooks/confirm", Some((FORM, "pending=a&pending=b"))),
        invalid(405, Method::POST, "/install", None),
        invalid(401, Method::POST, "/posted/deals/4/invoices", Some((FORM, "x=1"))),
        invalid(413, Method::POST, "/posted/deals/4/invoices", Some((FORM, &large))),
    ];
    let with_session = [
        invalid(400, Method::GET, "/deals/no-number/form", None),
        invalid(400, Method::POST, "/deals/4/form/preview", Some((FORM, "lines[a]=x&lines[0][item]=%ff"))),
        invalid(400, Method::POST, "/deals/4/form/preview", Some((JSON, "{}"))),
    ];
    let requests =
        without_session.map(|request| (request, false)).into_iter().chain(with_session.map(|request| (request, true)));
    for (InvalidRequest { status, method, path, body }, has_session) in requests {
        let mut request = app.providers.http.request(method, format!("{}{path}", app.url));
        request = request.header(header::ACCEPT_LANGUAGE, "pt-BR");
        if has_session {
            request = request.bearer_auth(bearer);
        }
        if let Some((kind, text)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(text);
        }
        let answer = send(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        for (name, part) in [
            ("content-type", "text/html"),
            ("content-security-policy", "frame-ancestors"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("strict-transport-security", "max-age"),
        ] {
            assert!(answer.headers()[name].to_str().unwrap().contains(part), "{path}: {name}");
        }
        let text = answer.text().await.unwrap();
        assert!(text.contains("Nada foi alterado"), "{path}: {text}");
        let reference = text.split_once("reference: ").unwrap().1.chars().take_while(char::is_ascii_hexdigit);
        assert_eq!(reference.count(), 32, "{path}");
        // Pages in a frame use the language of the user, not `Accept-Language`.
        assert_eq!(text.contains("<html lang=\"pt-BR\""), !has_session, "{path}");
    }
}

#[tokio::test]
async fn an_invalid_callback_redirects_to_an_address_without_its_code() {
    let app = TestApp::start(Sqlite).await;
    for (path, leads_to) in [
        ("/quickbooks/callback?state=a&state=b", "quickbooks"),
        ("/quickbooks/callback?code=x", "quickbooks"),
        ("/quickbooks/callback", "quickbooks"),
        ("/quickbooks/callback?code=%ff&state=%00", "quickbooks"),
        ("/quickbooks/connect?ticket=a&ticket=b", "quickbooks"),
        ("/quickbooks/connect?ticket=x", "quickbooks"),
        ("/pipedrive/callback?state=a&state=b", "pipedrive"),
        ("/pipedrive/callback?code=x&state=forged", "pipedrive"),
    ] {
        let answer = send(app.providers.http.get(format!("{}{path}", app.url))).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.headers()[header::LOCATION], format!("/outcome/{leads_to}-expired"), "{path}");
        assert!(answer.headers()[header::REFERRER_POLICY].to_str().unwrap().contains("no-referrer"), "{path}");
        assert_eq!(answer.text().await.unwrap(), "", "{path}");
    }
}

/// Fields into which users type.
const TEXT_FIELDS: [&str; 17] = [
    "customer_name",
    "to",
    "email",
    "tax_id",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "number",
    "message",
    "memo",
    "cc",
    "custom[",
    "lines[0][description]",
    "lines[0][quantity]",
    "lines[0][unit_price]",
];

#[rstest]
#[tokio::test]
async fn a_nul_is_refused_wherever_it_is_typed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(4).await;
    let form = dana.open_simple_form(3).await;
    let is_text =
        |name: &str| TEXT_FIELDS.iter().any(|text| name == *text || text.ends_with('[') && name.starts_with(text));
    let with = |name: &str, value: &str| {
        let mut fields = form.fields.clone();
        fields.set(&[(name, value)]);
        fields
    };
    let names: Vec<&String> = form.fields.0.keys().collect();
    assert!(names.iter().filter(|name| is_text(name)).count() > 8);
    for name in names {
        if is_text(name) {
            let created = dana.post(Surface::Form, "/deals/3/invoices", &with(name, "a\0b").pairs()).await;
            assert_eq!(created.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", created.text);
            assert!(!created.problems().is_empty(), "{name}");
        }
        // Test all other fields on PostgreSQL only, because SQLite can store a NUL.
        if matches!(backend, Sqlite) {
            continue;
        }
        let value = format!("{}\0", form.field(name));
        for path in ["/deals/3/form/preview", "/deals/3/form/change", "/deals/3/invoices"] {
            let answer = dana.post(Surface::Form, path, &with(name, &value).pairs()).await;
            assert!(!answer.status.is_server_error(), "{path}, {name}: {}", answer.text);
        }
    }
    let search = [("customer_name", "a\0b"), ("email", "\0"), ("tax_id", "\0")];
    assert!(!dana.post(Surface::Form, "/customers/search", &search).await.status.is_server_error());
    assert!(!dana.get(Surface::Form, "/items?item_name=a%00b").await.status.is_server_error());
    let row = dana.open_panel(4).await.row(&number).clone();
    let sent = dana.post_action(4, &row.id, "send", &[("recipient", "a\0@example.com")]).await;
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[rstest]
#[tokio::test]
async fn a_nul_is_saved_in_no_setting(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let read = async || Fields::of_page(&dana.get_settings("/settings/page").await.text);
    let mut saved = read().await;
    let preset = [("name", "A"), ("message", "m"), ("cc", ""), ("days", "7")];
    for (name, value) in preset {
        saved.set(&[(&format!("presets[0][{name}]"), value)]);
    }
    saved.set(&[("seen", "")]);
    for name in saved.0.keys() {
        let mut fields = saved.clone();
        fields.set(&[(name, "a\0b")]);
        let answer = dana.post_settings("/settings/save", &fields.pairs()).await;
        assert!(!answer.status.is_server_error(), "{name}: {}", answer.text);
        let is_saved = answer.status.is_success() && read().await.0.get(name).is_some_and(|value| value.contains('\0'));
        assert!(!is_saved, "{name} was saved");
    }
}

/// Members that Fatura's pages do not have, with values of another company, user and invoice.
fn foreign_members() -> Vec<(&'static str, String)> {
    let uuid = || Uuid::new_v4().to_string();
    let fixed = [
        ("tenant_id", "1"),
        ("connection", "1"),
        ("role", "admin"),
        ("is_admin", "true"),
        ("right", "administer"),
        ("status", "paid"),
        ("phase", "done"),
        ("badge", "paid"),
        ("paid", "true"),
        ("balance", "0"),
        ("total", "0.01"),
        ("tax", "0"),
        ("sync_token", "99"),
        ("SyncToken", "99"),
        ("doc_number", "EVIL-1"),
        ("DocNumber", "EVIL-1"),
        ("requestid", "evil"),
        ("generation", "9"),
        ("deal", "5"),
        ("deal_id", "5"),
        ("lines[0][amount]", "0.01"),
        ("lines[0][total]", "0.01"),
        ("lines[0][id]", "9"),
        ("realm_id", BR.realm),
        ("realmId", BR.realm),
    ];
    let mut members: Vec<_> = fixed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    members.extend([("company_id", BR.company.to_string()), ("companyId", BR.company.to_string())]);
    members.extend([
        ("user", BR.id.to_string()),
        ("user_id", BR.id.to_string()),
        ("created_by", MIGUEL.id.to_string()),
    ]);
    members.extend(["tenant", "connection_id", "id", "invoice"].map(|name| (name, uuid())));
    members
}

/// Removes ids, versions, numbers and timestamps of an invoice, so that equal invoices can be compared.
fn content(invoice: &Value) -> Value {
    let mut invoice = invoice.clone();
    for member in ["Id", "SyncToken", "MetaData", "DocNumber", "PrivateNote"] {
        invoice.as_object_mut().unwrap().remove(member);
    }
    for line in invoice["Line"].as_array_mut().unwrap() {
        line.as_object_mut().unwrap().remove("Id");
    }
    for address in ["BillAddr", "ShipAddr"] {
        if let Some(address) = invoice[address].as_object_mut() {
            address.remove("Id");
        }
    }
    invoice
}

#[rstest]
#[tokio::test]
async fn unknown_form_members_have_no_effect(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(BR).await.with_company(MIGUEL).await;
    let (dana, miguel) = (app.sign_in(US), app.sign_in(MIGUEL));
    let foreign = foreign_members();
    let foreign: Vec<(&str, &str)> = foreign.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let others = app.providers.invoices(BR).await;
    let first = open_ready_form(&app, &dana).await;
    let deal = first.deal;
    let number = first.create().await.number();
    let reference = app.providers.invoice(US, &number).await;
    let intent = Uuid::new_v4().to_string();
    let second = Form { fields: first.fields.clone(), text: String::new(), ..first };
    let second = second.with(&foreign).with(&[("intent", &intent)]);
    let number = second.create().await.number();
    let created_invoice = app.providers.invoice(US, &number).await;
    assert_eq!(content(&created_invoice), content(&reference));
    assert_eq!(created_invoice["TotalAmt"], json!(10));
    assert_eq!(app.providers.invoices(BR).await, others);
    let panel = dana.open_panel(deal).await;
    assert_eq!(panel.rows.len(), 2, "both invoices belong to the deal");

    // An action takes its invoice from the path only.
    let row = panel.row(&number).clone();
    let other = panel.rows.iter().find(|other| other.id != row.id).unwrap();
    let key = Uuid::new_v4().to_string();
    let members = |own: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let kept = foreign.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name));
        kept.chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let post = async |action: &str, own: &[(&'static str, &str)]| {
        let members = members(own);
        let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        dana.post_action(deal, &row.id, action, &members).await
    };
    let sent = post("send", &[("recipient", "ap@cascade.example"), ("key", &key), ("invoice", &other.id)]).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    assert_eq!(app.providers.emails(US, "ap@cascade.example").await, [created_invoice["Id"].clone()]);
    let before = app.providers.invoices(US).await;
    assert_eq!(post("void", &[("seen", "something else")]).await.status, StatusCode::CONFLICT);
    assert_eq!(miguel.post_action(deal, &row.id, "remove", &foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.providers.invoices(US).await, before);

    // Foreign members change no setting and grant no right.
    let read = async || Fields::of_page(&dana.get_settings("/settings/page").await.text);
    let mut kept = read().await;
    kept.set(&[("seen", "")]);
    let mut more = kept.clone();
    more.set(&foreign);
    assert_eq!(dana.post_settings("/settings/save", &more.pairs()).await.status, StatusCode::OK);
    let mut now = read().await;
    now.set(&[("seen", "")]);
    assert_eq!(now.0, kept.0);
    more.set(&[("days", "99")]);
    assert_eq!(miguel.post_settings("/settings/save", &more.pairs()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(miguel.post_settings("/settings/disconnect", &foreign).await.status, StatusCode::FORBIDDEN);
    let mut now = read().await;
    now.set(&[("seen", "")]);
    assert_eq!(now.0, kept.0);
}

#[rstest]
#[tokio::test]
async fn uninstalling_ends_the_event_streams_of_the_user(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(MIGUEL).await;
    let miguel = app.sign_in(MIGUEL);
    let bearer = miguel.bearer(Surface::Panel).await;
    let stream = send(app.providers.http.get(format!("{}/live", app.url)).bearer_auth(bearer)).await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let user = json!({ "company_id": MIGUEL.company, "user_id": MIGUEL.id });
    app.providers.post_control("/pipedrive/uninstall", user).await;
    let end = stream.bytes_stream().for_each(async |_| ());
    tokio::time::timeout(std::time::Duration::from_secs(8), end).await.expect("the stream has not ended");
}

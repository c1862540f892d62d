//! Requests that no page of ours sends: they are answered with our own error pages, and harm nothing.

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

/// A request without a session.
struct Odd {
    status: u16,
    method: Method,
    path: &'static str,
    body: Option<(&'static str, String)>,
}

fn odd(status: u16, method: Method, path: &'static str, body: Option<(&'static str, &str)>) -> Odd {
    Odd { status, method, path, body: body.map(|(kind, text)| (kind, text.to_owned())) }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_answered_with_our_error_page_in_the_persons_language() {
    let app = TestApp::start(Sqlite).await.with_company(US).await;
    let dana = app.sign_in(US);
    let bearer = dana.bearer(Surface::Form).await;
    let large = "x".repeat(3_000_000);
    let without_session = [
        odd(400, Method::GET, "/outcome/%ff", None),
        odd(400, Method::GET, "/outcome/x?cancelled=a&cancelled=b", None),
        odd(400, Method::GET, "/pdf/no-uuid/x", None),
        odd(415, Method::POST, "/quickbooks/confirm", Some((JSON, "{}"))),
        odd(422, Method::POST, "/quickbooks/confirm", Some((FORM, "pending=a&pending=b"))),
        odd(405, Method::POST, "/install", None),
        odd(401, Method::POST, "/posted/deals/4/invoices", Some((FORM, "x=1"))),
        odd(413, Method::POST, "/posted/deals/4/invoices", Some((FORM, &large))),
    ];
    let with_session = [
        odd(400, Method::GET, "/deals/no-number/form", None),
        odd(400, Method::POST, "/deals/4/form/preview", Some((FORM, "lines[a]=x&lines[0][item]=%ff"))),
        odd(400, Method::POST, "/deals/4/form/preview", Some((JSON, "{}"))),
    ];
    let requests = without_session.map(|odd| (odd, false)).into_iter().chain(with_session.map(|odd| (odd, true)));
    for (Odd { status, method, path, body }, has_session) in requests {
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
        // A page in a frame speaks the user's language.
        assert_eq!(text.contains("<html lang=\"pt-BR\""), !has_session, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_may_hold_a_code_is_answered_with_another_address_whatever_is_wrong_with_it() {
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

/// Fields into which somebody types.
const TYPED: [&str; 17] = [
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
    let number = dana.bill(4).await;
    let form = dana.open_simple_form(3).await;
    let is_typed =
        |name: &str| TYPED.iter().any(|typed| name == *typed || typed.ends_with('[') && name.starts_with(typed));
    let with = |name: &str, value: &str| {
        let mut fields = form.fields.clone();
        fields.set(&[(name, value)]);
        fields
    };
    let names: Vec<&String> = form.fields.0.keys().collect();
    assert!(names.iter().filter(|name| is_typed(name)).count() > 8);
    for name in names {
        if is_typed(name) {
            let created = dana.post(Surface::Form, "/deals/3/invoices", &with(name, "a\0b").pairs()).await;
            assert_eq!(created.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", created.text);
            assert!(!created.problems().is_empty(), "{name}");
        }
        // Values that nobody types as well. SQLite would store them.
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
    let sent = dana.act(4, &row.id, "send", &[("recipient", "a\0@example.com")]).await;
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

/// Members that our pages do not have, with values of another company, another user and another invoice.
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

/// Returns what of an invoice does not differ from one to the next.
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
async fn members_that_a_form_does_not_have_decide_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(BR).await.with_company(MIGUEL).await;
    let (dana, miguel) = (app.sign_in(US), app.sign_in(MIGUEL));
    let foreign = foreign_members();
    let foreign: Vec<(&str, &str)> = foreign.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let others = app.providers.invoices(BR).await;
    let first = open_ready_form(&app, &dana).await;
    let deal = first.deal;
    let number = first.create().await.number();
    let without = app.providers.invoice(US, &number).await;
    let intent = Uuid::new_v4().to_string();
    let second = Form { fields: first.fields.clone(), text: String::new(), ..first };
    let second = second.with(&foreign).with(&[("intent", &intent)]);
    let number = second.create().await.number();
    let made = app.providers.invoice(US, &number).await;
    assert_eq!(content(&made), content(&without));
    assert_eq!(made["TotalAmt"], json!(10));
    assert_eq!(app.providers.invoices(BR).await, others);
    let panel = dana.open_panel(deal).await;
    assert_eq!(panel.rows.len(), 2, "both are this deal's");

    // An act takes its invoice from the address alone.
    let row = panel.row(&number).clone();
    let other = panel.rows.iter().find(|other| other.id != row.id).unwrap();
    let key = Uuid::new_v4().to_string();
    let members = |own: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let kept = foreign.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name));
        kept.chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let post = async |act: &str, own: &[(&'static str, &str)]| {
        let members = members(own);
        let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        dana.act(deal, &row.id, act, &members).await
    };
    let sent = post("send", &[("recipient", "ap@cascade.example"), ("key", &key), ("invoice", &other.id)]).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    assert_eq!(app.providers.emails(US, "ap@cascade.example").await, [made["Id"].clone()]);
    let before = app.providers.invoices(US).await;
    assert_eq!(post("void", &[("seen", "something else")]).await.status, StatusCode::CONFLICT);
    assert_eq!(miguel.act(deal, &row.id, "remove", &foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.providers.invoices(US).await, before);

    // The settings keep what the page has, and no right comes with them.
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
async fn the_event_stream_of_an_open_page_ends_with_its_users_uninstallation(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await.with_company(US).await.with_company(MIGUEL).await;
    let miguel = app.sign_in(MIGUEL);
    let bearer = miguel.bearer(Surface::Panel).await;
    let stream = send(app.providers.http.get(format!("{}/live", app.url)).bearer_auth(bearer)).await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let user = json!({ "company_id": MIGUEL.company, "user_id": MIGUEL.id });
    app.providers.act("/pipedrive/uninstall", user).await;
    let end = stream.bytes_stream().for_each(async |_| ());
    tokio::time::timeout(std::time::Duration::from_secs(8), end).await.expect("the stream ends");
}

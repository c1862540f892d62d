//! Irregular answers of the providers: rows with missing members, an invoice that QuickBooks cannot list, timestamps in
//! whole seconds. None of them may stop the sync of a company or make a deal unbillable.

use crate::{
    database::Backend::{self, Postgres, Sqlite},
    form::Form,
    page::Outcome,
    person::{BR, Person, US, User},
    ready::{ITEM, open_ready_form},
    test_app::TestApp,
    waiting::{wait_for, wait_until},
};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

/// Bills the first line of a deal for a new customer and a new item. Returns the invoice in the books.
async fn bill_new(app: &TestApp, person: &Person<'_>, deal: i64) -> Value {
    let form = person.open_form(deal).await.with_first_line_only();
    let name = format!("Customer of deal {deal}");
    let mut changes = vec![
        ("customer", "new"),
        ("customer_name", name.as_str()),
        ("lines[0][item]", "new"),
        ("lines[0][item_name]", "Work"),
    ];
    if person.user.realm == BR.realm {
        changes.push(("lines[0][tax_code]", "2"));
    }
    let number = form.with(&changes).create().await.number();
    app.providers.invoice(person.user, &number).await
}

fn number(invoice: &Value) -> &str {
    invoice["DocNumber"].as_str().unwrap()
}

/// Overlays members of a deal or of its rows with values that Pipedrive would not accept.
async fn overlay(app: &TestApp, user: User, resource: &str, id: &Value, members: Value) {
    let body = json!({ "company_id": user.company, "resource": resource, "id": id, "members": members });
    app.providers.post_control("/pipedrive/rows", body).await;
}

async fn rows_of_deal(app: &TestApp, user: User, deal: i64) -> Vec<Value> {
    let rows = app.providers.call_pipedrive(user, Method::GET, &format!("v2/deals/{deal}/products"), None).await;
    rows.as_array().unwrap().clone()
}

async fn wait_until_paid(person: &Person<'_>, deal: i64, invoice: &Value) {
    wait_until("the invoice is paid on its panel", async || {
        person.open_panel(deal).await.row(number(invoice)).status == "paid"
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn a_deal_with_a_purged_product_can_be_billed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let rows = rows_of_deal(&app, US, 1).await;
    let purged = json!({ "company_id": US.company, "product_id": rows[0]["product_id"] });
    app.providers.post_control("/pipedrive/purge", purged).await;
    let members = json!({
        "name": null, "item_price": null, "discount": null, "tax": null, "comments": null, "tax_method": null,
        "discount_type": null,
    });
    overlay(&app, US, "DealProduct", &rows[0]["id"], members).await;
    let form = dana.open_form(1).await;
    assert_eq!(form.count_lines(), rows.len());
    assert_eq!((form.field("lines[0][unit_price]"), form.field("lines[0][product]")), ("", ""));
    let form = form.with(&[
        ("customer", "new"),
        ("customer_name", "Freeman and Sons"),
        ("lines[0][item]", "new"),
        ("lines[0][item_name]", "Consulting hours"),
        ("lines[0][description]", "Hours"),
    ]);
    let Outcome::Refused { fields } = form.create().await.outcome() else { panic!("a missing price was accepted") };
    assert_eq!(fields, ["lines-0-unit_price"]);
    let number = form.with(&[("lines[0][unit_price]", "100")]).create().await.number();
    let invoice = app.providers.invoice(US, &number).await;
    let lines = invoice["Line"].as_array().unwrap();
    let sold = lines.iter().filter(|line| line["DetailType"] == json!("SalesItemLineDetail"));
    assert_eq!(sold.count(), rows.len());
    assert_eq!(lines[0]["SalesItemLineDetail"]["UnitPrice"], json!(100));
}

#[rstest]
#[tokio::test]
async fn an_invalid_deal_row_is_reported_and_hides_no_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(BR).await;
    let ana = app.sign_in(BR);
    let rows = rows_of_deal(&app, BR, 1).await;
    let notices = ana.open_form(1).await.count_warnings();
    overlay(&app, BR, "DealProduct", &rows[0]["id"], json!({ "item_price": { "amount": 5 } })).await;
    let form = ana.open_form(1).await;
    assert_eq!(form.count_warnings(), notices + 1);
    assert_eq!(form.count_lines(), rows.len());
}

#[rstest]
#[tokio::test]
async fn a_deal_without_currency_can_be_billed_in_a_chosen_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let notices = dana.open_form(11).await.count_warnings();
    let members = json!({ "currency": null, "title": null, "value": null, "org_id": null, "person_id": null });
    overlay(&app, US, "Deal", &json!(11), members).await;
    let form = dana.open_form(11).await;
    assert_eq!(form.count_warnings(), notices + 1);
    let form = form.with(&[
        ("customer", "new"),
        ("customer_name", "Without currency"),
        ("lines[0][item]", "new"),
        ("lines[0][item_name]", "Work"),
        ("lines[0][unit_price]", "50"),
    ]);
    let Outcome::Refused { fields } = form.create().await.outcome() else { panic!("no currency was required") };
    assert!(fields.contains(&"currency".to_owned()), "{fields:?}");
    let number = form.with(&[("currency", "USD")]).create().await.number();
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(50));
}

/// An invoice that QuickBooks refuses in lists only, and one that it also refuses by id.
#[rstest]
#[case(400, false)]
#[case(500, true)]
#[tokio::test]
async fn an_invoice_that_quickbooks_refuses_to_list_does_not_block_others(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] status: u16,
    #[case] by_id: bool,
) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    let unreadable_invoice = bill_new(&app, &dana, 3).await;
    let other_invoice = bill_new(&app, &dana, 4).await;
    let invalid =
        json!({ "invalid_addresses": { "invoices": [unreadable_invoice["Id"]], "status": status, "by_id": by_id } });
    app.providers.set_quirks(US, invalid).await;
    // Change both, so that both are in the list of changes.
    let due = json!({ "DueDate": "2031-01-01" });
    let edit = json!({ "realm_id": US.realm, "entity": "Invoice", "id": unreadable_invoice["Id"], "changes": due });
    app.providers.post_control("/quickbooks/edit", edit).await;
    app.providers.pay_invoice(US, &other_invoice, None).await;
    wait_until_paid(&dana, 4, &other_invoice).await;
    if by_id {
        let row = wait_for("the panel shows that the invoice cannot be read", async || {
            let row = dana.open_panel(3).await.row(number(&unreadable_invoice)).clone();
            row.has_warning.then_some(row)
        })
        .await;
        assert_eq!(row.status, "open", "it shows the last known state");
        assert!(!row.text.contains("2031"));
        let settings = dana.get_settings("/settings/page").await;
        let unreadable = settings.texts("section[aria-labelledby=unreadable-title] li");
        assert!(unreadable.len() == 1 && unreadable[0].contains(number(&unreadable_invoice)), "{unreadable:?}");
        // New invoices can still be created.
        bill_new(&app, &dana, 9).await;
        app.providers.set_quirks(US, json!({})).await;
        assert_eq!(dana.refresh_panel(3).await.status, StatusCode::OK);
        assert!(!dana.open_panel(3).await.row(number(&unreadable_invoice)).has_warning);
    }
    wait_until("the panel shows the change of the invoice", async || {
        dana.open_panel(3).await.row(number(&unreadable_invoice)).text.contains("2031")
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn an_invalid_invoice_row_does_not_block_others(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(BR).await;
    let ana = app.sign_in(BR);
    let unreadable_invoice = bill_new(&app, &ana, 3).await;
    let other_invoice = bill_new(&app, &ana, 10).await;
    let overlay = async |token: Value| {
        let members = json!({ "SyncToken": token });
        let row =
            json!({ "realm_id": BR.realm, "entity": "Invoice", "id": unreadable_invoice["Id"], "members": members });
        app.providers.post_control("/quickbooks/rows", row).await;
    };
    overlay(json!("newest")).await;
    app.providers.pay_invoice(BR, &other_invoice, None).await;
    wait_until_paid(&ana, 10, &other_invoice).await;
    ana.refresh_panel(3).await;
    assert!(ana.open_panel(3).await.row(number(&unreadable_invoice)).has_warning);
    overlay(unreadable_invoice["SyncToken"].clone()).await;
    ana.refresh_panel(3).await;
    assert!(!ana.open_panel(3).await.row(number(&unreadable_invoice)).has_warning);
}

#[rstest]
#[tokio::test]
async fn an_invoice_without_currency_is_in_the_home_currency(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(BR).await;
    let ana = app.sign_in(BR);
    let invoice = bill_new(&app, &ana, 11).await;
    let members = json!({ "CurrencyRef": null, "ExchangeRate": null });
    let row = json!({ "realm_id": BR.realm, "entity": "Invoice", "id": invoice["Id"], "members": members });
    app.providers.post_control("/quickbooks/rows", row).await;
    app.providers.pay_invoice(BR, &invoice, None).await;
    wait_until_paid(&ana, 11, &invoice).await;
    assert!(ana.open_panel(11).await.row(number(&invoice)).text.contains("R$"));
}

#[rstest]
#[tokio::test]
async fn timestamps_in_whole_seconds_hide_no_change_and_no_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::start(backend).await.with_company(US).await;
    let dana = app.sign_in(US);
    app.providers.set_quirks(US, json!({ "moments": "whole_seconds" })).await;
    let invoice = bill_new(&app, &dana, 10).await;
    app.providers.pay_invoice(US, &invoice, None).await;
    wait_until_paid(&dana, 10, &invoice).await;
    // After a lost answer, the invoice is looked up by its time of creation.
    let before = app.providers.invoices(US).await.len();
    let form = dana.open_simple_form(4).await;
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!("drop_after")).await;
    form.create().await.number();
    assert_eq!(app.providers.invoices(US).await.len(), before + 1);
}

#[rstest]
#[tokio::test]
async fn a_company_whose_terms_currencies_or_accounts_are_refused_can_be_billed(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("Term", "CompanyCurrency", "Account")] list: &str,
) {
    let app = TestApp::start(backend).await;
    app.providers.set_quirks(US, json!({ "refused_queries": [list] })).await;
    let app = app.with_company(US).await;
    let dana = app.sign_in(US);
    let number = open_ready_form(&app, &dana).await.create().await.number();
    assert_eq!(app.providers.invoice(US, &number).await["TotalAmt"], json!(10));
}

/// Neither the list of items nor a lookup of one is answered: no other item takes its place.
#[rstest]
#[tokio::test]
async fn an_item_that_quickbooks_refuses_to_look_up_is_reported_at_its_line(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::start(backend).await;
    app.providers.set_quirks(US, json!({ "refused_queries": ["Item"] })).await;
    let app = app.with_company(US).await;
    let before = app.providers.invoices(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    assert_eq!(form.submit().await.outcome(), Outcome::Refused { fields: vec!["lines-0-item".to_owned()] });
    assert_eq!(app.providers.invoices(US).await, before);
    app.providers.set_quirks(US, json!({})).await;
    let number = form.create().await.number();
    let invoice = app.providers.invoice(US, &number).await;
    assert_eq!(invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"], json!(ITEM[0]));
}

#[rstest]
#[tokio::test]
async fn nothing_is_billed_while_quickbooks_refuses_a_list_that_the_tax_depends_on(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("CompanyInfo", "Preferences", "TaxCode", "TaxRate")] list: &str,
) {
    let mut app = TestApp::start(backend).await.with_company(BR).await;
    let (deal, fields) = {
        let ana = app.sign_in(BR);
        let form = open_ready_form(&app, &ana).await;
        (form.deal, form.fields)
    };
    let before = app.providers.invoices(BR).await;
    app.providers.set_quirks(BR, json!({ "refused_queries": [list] })).await;
    // A service that has just started has no list in its cache.
    app.stop_service().await;
    app.restart_service().await;
    let ana = app.sign_in(BR);
    let form = Form { person: &ana, deal, fields, text: String::new() };
    assert_eq!(form.submit().await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(app.providers.invoices(BR).await, before);
    app.providers.set_quirks(BR, json!({})).await;
    let number = form.create().await.number();
    assert_eq!(app.providers.invoice(BR, &number).await["TotalAmt"], json!(10));
}

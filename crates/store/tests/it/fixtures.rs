//! Fixtures: a company, a connection, invoices in several states.

use crate::database::{Database, at};
use domain::{
    address::Address,
    form::Form,
    ids::{ConnectionId, DealId, EntryId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    money::Money,
    tax::TaxMode,
};
use iso_currency::Currency;
use jiff::civil::date;
use rust_decimal::{Decimal, dec};
use store::{
    Tokens, Tx, grants,
    history::Entry,
    invoices::{self, Intent, PlaceOutcome},
    links, quickbooks, tenants,
};
use uuid::Uuid;

pub(crate) const USER: UserId = UserId(7);
pub(crate) const DEAL: DealId = DealId(42);

pub(crate) fn tokens(name: &str) -> Tokens {
    Tokens { access: format!("{name}-access").into(), refresh: format!("{name}-refresh").into(), expires_at: at(3600) }
}

pub(crate) fn profile() -> grants::Profile {
    grants::Profile {
        name: "Ana".into(),
        locale: "pt_BR".into(),
        language: "pt".into(),
        time_zone: "America/Sao_Paulo".into(),
        is_admin: true,
    }
}

pub(crate) fn company<'a>(id: i64, name: &'a str, locale: &'a str) -> tenants::Company<'a> {
    tenants::Company { id, name, domain: "aurora", locale, language: "" }
}

pub(crate) async fn tenant(tx: &mut Tx, company_id: i64) -> TenantId {
    tenants::install(tx, TenantId(Uuid::new_v4()), &company(company_id, "Aurora", "pt_BR"), at(0)).await.unwrap().id
}

pub(crate) async fn connection(t: &Database, tx: &mut Tx, tenant: TenantId, realm: &str) -> ConnectionId {
    let company = quickbooks::Company {
        name: "Oak".into(),
        country: "US".into(),
        home_currency: "USD".into(),
        time_zone: "UTC".into(),
    };
    let id = ConnectionId(Uuid::now_v7());
    quickbooks::connect(tx, &t.vault, tenant, id, realm, &company, "Ana", &tokens(realm), at(0)).await.unwrap()
}

pub(crate) fn intent(connection: ConnectionId, key: IntentKey, total: i64) -> Intent {
    let line = RequestLine {
        product: None,
        item: Choice::Existing("10".into()),
        description: "Work".into(),
        quantity: dec!(1),
        unit_price: total.into(),
        amount: total.into(),
        net: None,
        tax_code: None,
    };
    Intent {
        id: InvoiceId(Uuid::new_v4()),
        key,
        connection,
        deal: DEAL,
        organization: Some(1),
        person: None,
        by: USER,
        form: Form::default(),
        request: InvoiceRequest {
            customer: Choice::New("Acme".into()),
            attention: String::new(),
            email: String::new(),
            tax_id: String::new(),
            address: Address::default(),
            issued: date(2026, 3, 13),
            due: date(2026, 3, 20),
            currency: Currency::USD,
            number: None,
            invoice_code: None,
            message: String::new(),
            memo: String::new(),
            cc: String::new(),
            online_payment: None,
            custom: Vec::new(),
            update: Vec::new(),
            tax_mode: TaxMode::Excluded,
            discount: None,
            discount_amount: Decimal::ZERO,
            rate: None,
            lines: vec![line],
            total: total.into(),
        },
        customer_name: "Acme".into(),
    }
}

pub(crate) fn snapshot(sync_token: &str, balance: i64) -> Snapshot {
    Snapshot {
        quickbooks_id: "130".into(),
        sync_token: sync_token.into(),
        doc_number: Some("1038".into()),
        customer_name: "Acme".into(),
        customer_id: "58".into(),
        email: "ap@acme.example".into(),
        total: Money::from_minor(10_000, Currency::USD),
        balance: Money::from_minor(balance, Currency::USD),
        tax: None,
        issued: date(2026, 3, 13),
        due: date(2026, 3, 20),
        sent: false,
        voided: false,
        deleted: false,
    }
}

pub(crate) fn customer(id: &str) -> links::LinkedCustomer {
    links::LinkedCustomer { id: id.into(), name: "Acme".into() }
}

/// An invoice that was not sent yet.
pub(crate) async fn queued(t: &Database, tx: &mut Tx) -> (TenantId, ConnectionId, InvoiceId) {
    let tenant = tenant(tx, 1).await;
    let connection = connection(t, tx, tenant, "1").await;
    let intent = intent(connection, IntentKey(Uuid::new_v4()), 100);
    (tenant, connection, new_id(invoices::place(tx, tenant, &intent, at(0)).await.unwrap()))
}

/// An issued invoice, with the id 130 in QuickBooks.
pub(crate) async fn issued(t: &Database, tx: &mut Tx) -> (TenantId, ConnectionId, InvoiceId) {
    let (tenant, connection, id) = queued(t, tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    assert!(invoices::mark_issued(tx, tenant, id, owner, &snapshot("0", 10_000), at(1)).await.unwrap());
    (tenant, connection, id)
}

pub(crate) fn new_id(placed: PlaceOutcome) -> InvoiceId {
    match placed {
        PlaceOutcome::New(id) => id,
        other => panic!("not new: {other:?}"),
    }
}

/// An entry of a deal history, for an overdue invoice.
pub(crate) fn entry(invoice: InvoiceId) -> Entry {
    Entry {
        id: EntryId(Uuid::new_v4()),
        invoice,
        deal: DEAL,
        user: USER,
        event: "overdue".into(),
        snapshot: snapshot("0", 10_000),
        made_at: at(0),
    }
}

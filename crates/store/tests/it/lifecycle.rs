//! Tests of the end of an installation: deleted rows, kept rows, and rows of other tenants.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{DEAL, USER, company, entry, intent, new_id, profile, snapshot, tokens},
};
use domain::{
    form::Form,
    ids::{ActionId, ConnectionId, IntentKey, TenantId, UserId},
    invoice::InvoiceAction,
    invoice_request::Choice,
};
use jiff::SignedDuration;
use rstest::rstest;
use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;
use std::{fs, os::unix::fs::PermissionsExt};
use store::{
    Tx, audit,
    changes::{self, Overdue},
    drafts, grants, history, invoice_actions, invoices, links,
    one_time_tokens::{self, Purpose},
    quickbooks::{self, Company},
    revocations::{self, ClaimedRevocation, Provider as Grantor},
    tenants,
};
use uuid::Uuid;

/// Every table with rows of a company.
const TABLES: [&str; 14] = [
    "history_entry",
    "act",
    "invoice",
    "draft",
    "deal_billing",
    "customer_link",
    "item_link",
    "settings",
    "connection_usage",
    "quickbooks_connection",
    "pipedrive_grant",
    "oauth_flow",
    "audit",
    "tenant",
];

/// Creates a company with rows in most tables, and with `word` in every text.
async fn fill_company(t: &Database, tx: &mut Tx, number: i64, word: &str) -> TenantId {
    let text = |what: &str| format!("{word}-{what}");
    let (name, domain) = (text("company"), text("domain"));
    let named = tenants::Company { domain: &domain, ..company(number, &name, "pt_BR") };
    let tenant = tenants::install(tx, TenantId(Uuid::new_v4()), &named, at(0)).await.unwrap().id;
    let user = grants::Profile { name: text("user"), ..profile() };
    grants::install(tx, &t.vault, tenant, USER, &user, &text("api"), &tokens(&text("pipedrive")), at(0)).await.unwrap();
    let books =
        Company { name: text("books"), country: text("country"), home_currency: text("home"), time_zone: text("zone") };
    let id = ConnectionId(Uuid::new_v4());
    let (realm, by) = (text("realm"), text("by"));
    quickbooks::connect(tx, &t.vault, tenant, id, &realm, &books, &by, &tokens(&text("quickbooks")), at(0))
        .await
        .unwrap();
    let form = Form { memo: text("memo"), customer: text("typed"), ..Form::default() };
    drafts::save(tx, tenant, DEAL, USER, &form, at(0)).await.unwrap();
    let mut request = intent(id, IntentKey(Uuid::new_v4()), 100);
    request.form = form;
    request.customer_name = text("customer");
    request.request.customer = Choice::New(text("new customer"));
    request.request.email = text("e-mail");
    request.request.lines[0].description = text("line");
    let invoice = new_id(invoices::place(tx, tenant, &request, at(0)).await.unwrap());
    let owner = Uuid::new_v4();
    invoices::claim(tx, tenant, invoice, owner, at(0), at(10)).await.unwrap();
    let mut issued = snapshot("0", 10_000);
    issued.customer_name = text("customer of the invoice");
    issued.email = text("e-mail of the invoice");
    assert!(invoices::mark_issued(tx, tenant, invoice, owner, &issued, at(1)).await.unwrap());
    let mut entry = entry(invoice);
    entry.snapshot = issued;
    history::add(tx, tenant, &entry).await.unwrap();
    let action = invoice_actions::ActionRequest {
        id: ActionId(Uuid::new_v4()),
        invoice,
        action: InvoiceAction::Void,
        seen: text("seen"),
        recipient: text("recipient"),
        by: USER,
    };
    assert!(invoice_actions::request(tx, tenant, &action, at(2)).await.unwrap());
    let linked = links::LinkedCustomer { id: text("link"), name: text("linked") };
    links::link_customer(tx, tenant, id, links::Party::Organization(1), &linked).await.unwrap();
    let detail = serde_json::json!({ "text": text("audit") });
    audit::record(tx, tenant, Some(USER), "connected", Some(invoice), &detail, at(1)).await.unwrap();
    let who = Some((tenant, USER));
    one_time_tokens::begin(tx, &t.vault, Purpose::Ticket, &text("ticket"), "", who, at(9_000)).await.unwrap();
    tenant
}

/// Counts the rows of a company in each table.
async fn count_rows(tx: &mut Tx, tenant: TenantId) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in TABLES {
        let column = if table == "tenant" { "id" } else { "tenant_id" };
        let statement = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1"));
        let count: i64 = match tx {
            Tx::Sqlite(c) => sqlx::query_scalar(statement).bind(tenant.0).fetch_one(&mut **c).await,
            Tx::Postgres(c) => sqlx::query_scalar(statement).bind(tenant.0).fetch_one(&mut **c).await,
        }
        .unwrap();
        rows.push((table, count));
    }
    rows
}

#[rstest]
#[tokio::test]
async fn a_purge_deletes_all_rows_of_one_company_and_none_of_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (gone, stays) = (fill_company(&t, &mut tx, 1, "gone").await, fill_company(&t, &mut tx, 2, "stays").await);
    let before = count_rows(&mut tx, stays).await;
    let filled = before.iter().filter(|(_, count)| *count > 0).count();
    assert!(filled >= 10, "{before:?}");
    tenants::uninstall(&mut tx, gone, at(10)).await.unwrap();
    assert!(tenants::purge(&mut tx, gone).await.unwrap());
    tx.commit().await.unwrap();
    t.db.erase_deleted().await.unwrap();
    let mut tx = t.db.read().await.unwrap();
    assert_eq!(count_rows(&mut tx, stays).await, before);
    assert_eq!(count_rows(&mut tx, gone).await, TABLES.map(|table| (table, 0)));
}

#[tokio::test]
async fn after_a_purge_the_files_hold_nothing_of_the_company() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    let gone = fill_company(&t, &mut tx, 1, "canary").await;
    // Values that need overflow pages.
    for user in 10..40 {
        let form = Form { memo: "canary".repeat(2000), ..Form::default() };
        drafts::save(&mut tx, gone, DEAL, UserId(user), &form, at(0)).await.unwrap();
    }
    fill_company(&t, &mut tx, 2, "stays").await;
    tx.commit().await.unwrap();
    let mut tx = t.db.read().await.unwrap();
    let sealed: Vec<String> = match &mut tx {
        Tx::Sqlite(c) => sqlx::query_scalar("SELECT refresh_token FROM quickbooks_connection WHERE tenant_id = $1 UNION SELECT access_token FROM pipedrive_grant WHERE tenant_id = $1")
            .bind(gone.0).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(_) => unreachable!(),
    };
    drop(tx);
    let found = |word: &str| {
        let files = fs::read_dir(t.folder()).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| fs::read(file).unwrap().windows(word.len()).any(|part| part == word.as_bytes())).count()
    };
    t.db.backup_to(t.folder().join("backup.db").to_str().unwrap()).await.unwrap();
    for secret in ["canary-realm", "canary-quickbooks-access", "canary-quickbooks-refresh", "canary-pipedrive-access"] {
        assert_eq!(found(secret), 0, "{secret} is sealed in the database and in a backup");
    }
    fs::remove_file(t.folder().join("backup.db")).unwrap();
    assert!(
        found("canary") > 0 && sealed.iter().all(|sealed| found(sealed) > 0),
        "the texts are there before the purge"
    );
    let mut tx = t.db.begin().await.unwrap();
    tenants::uninstall(&mut tx, gone, at(10)).await.unwrap();
    assert!(tenants::purge(&mut tx, gone).await.unwrap());
    tx.commit().await.unwrap();
    t.db.erase_deleted().await.unwrap();
    assert_eq!(found("canary"), 0);
    for sealed in sealed {
        assert_eq!(found(&sealed), 0);
    }
    assert!(found("stays-company") > 0);
}

#[tokio::test]
async fn only_their_owner_may_read_files_with_data() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    fill_company(&t, &mut tx, 1, "a").await;
    tx.commit().await.unwrap();
    let database = t.folder().join("test.db");
    let _lock = store::Db::acquire_process_lock(&format!("sqlite:{}", database.display())).unwrap();
    t.db.backup_to(t.folder().join("backup.db").to_str().unwrap()).await.unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(t.folder()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["backup.db", "test.db", "test.db-shm", "test.db-wal", "test.db.serving"]);
}

/// `grants::count_active`, `tenants::find_by_company`
#[rstest]
#[tokio::test]
async fn an_uninstallation_older_than_the_installation_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = crate::fixtures::tenant(&mut tx, 1).await;
    let install = async |tx: &mut Tx, user: i64, now: i64| {
        grants::install(tx, &t.vault, tenant, UserId(user), &profile(), "https://a", &tokens("x"), at(now))
            .await
            .unwrap();
    };
    install(&mut tx, 1, 0).await;
    install(&mut tx, 1, 100).await;
    install(&mut tx, 2, 0).await;
    assert_eq!(
        grants::uninstall(&mut tx, tenant, UserId(1), at(99)).await.unwrap(),
        None,
        "the user installed the app again"
    );
    assert_eq!(grants::count_active(&mut tx, tenant).await.unwrap(), 2);
    assert_eq!(grants::uninstall(&mut tx, tenant, UserId(1), at(100)).await.unwrap(), Some(1));
    // A revoked grant does not count as active, and is deleted with the last active one.
    install(&mut tx, 3, 0).await;
    assert!(grants::release_refresh(&mut tx, tenant, UserId(3), at(3600), true).await.unwrap());
    assert_eq!(grants::list_refresh_tokens(&mut tx, &t.vault, tenant).await.unwrap().len(), 2);
    assert_eq!(grants::uninstall(&mut tx, tenant, UserId(2), at(100)).await.unwrap(), Some(0));
    assert!(grants::list_refresh_tokens(&mut tx, &t.vault, tenant).await.unwrap().is_empty());

    tenants::uninstall(&mut tx, tenant, at(200)).await.unwrap();
    tenants::uninstall(&mut tx, tenant, at(300)).await.unwrap();
    assert_eq!(
        tenants::list_uninstalled(&mut tx, at(201), 5).await.unwrap(),
        [tenant],
        "the grace period starts with the first mark"
    );
    assert!(tenants::find_by_company(&mut tx, 1).await.unwrap().is_some());
    assert!(!tenants::is_installed(&mut tx, tenant).await.unwrap());
    tenants::reinstate(&mut tx, tenant).await.unwrap();
    assert!(tenants::is_installed(&mut tx, tenant).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn an_uninstalled_company_is_not_swept(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = crate::fixtures::tenant(&mut tx, 1).await;
    let connection = crate::fixtures::connection(&t, &mut tx, tenant, "1").await;
    let overdue = Overdue { interval: SignedDuration::from_secs(300), marked: at(0) };
    tenants::uninstall(&mut tx, tenant, at(10)).await.unwrap();
    assert!(changes::claim_overdue(&mut tx, &overdue, at(900), at(960), 5).await.unwrap().is_empty());
    tenants::reinstate(&mut tx, tenant).await.unwrap();
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(900), at(960), 5).await.unwrap(), [(tenant, connection)]);
}

#[rstest]
#[tokio::test]
async fn a_revocation_is_kept_until_the_provider_has_answered(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    for (subject, provider) in [("77", Grantor::QuickBooks), ("78", Grantor::QuickBooks), ("77", Grantor::Pipedrive)] {
        revocations::add(&mut tx, &t.vault, provider, subject, &format!("token-{subject}").into(), at(0))
            .await
            .unwrap();
    }
    let claim = async |tx: &mut Tx, now: i64, until: i64| match revocations::claim(tx, &t.vault, at(now), at(until))
        .await
        .unwrap()
    {
        Some(ClaimedRevocation::Opened(revocation)) => Some(revocation),
        Some(ClaimedRevocation::Unreadable) => panic!("the vault has the key"),
        None => None,
    };
    for _ in 0..3 {
        let claimed = claim(&mut tx, 0, 60).await.unwrap();
        assert!(claimed.attempts == 1 && claimed.refresh.expose_secret().starts_with("token-7"));
    }
    assert!(claim(&mut tx, 59, 99).await.is_none(), "all are claimed");
    revocations::supersede(&mut tx, &t.vault, Grantor::QuickBooks, "77").await.unwrap();
    revocations::defer(&mut tx, &t.vault, Grantor::QuickBooks, "78", at(700)).await.unwrap();
    let pipedrive = claim(&mut tx, 61, 120).await.unwrap();
    assert_eq!(
        (pipedrive.provider, pipedrive.attempts),
        (Grantor::Pipedrive, 2),
        "claimed again after the claim has ended"
    );
    assert!(claim(&mut tx, 61, 120).await.is_none());
    revocations::postpone(&mut tx, &pipedrive, at(500)).await.unwrap();
    assert!(claim(&mut tx, 499, 599).await.is_none());
    revocations::finish(&mut tx, pipedrive.id).await.unwrap();
    assert_eq!(revocations::count(&mut tx).await.unwrap(), 1);
    let attempted = claim(&mut tx, 700, 760).await.unwrap();
    // The company is being connected again during an attempt: a failed attempt does not end the deferral.
    revocations::defer(&mut tx, &t.vault, Grantor::QuickBooks, "78", at(1500)).await.unwrap();
    revocations::postpone(&mut tx, &attempted, at(702)).await.unwrap();
    assert!(claim(&mut tx, 1499, 1560).await.is_none());
    assert!(claim(&mut tx, 1500, 1560).await.is_some());
    // A deferral by a clock that was ahead has no effect.
    assert!(claim(&mut tx, -9000, 0).await.is_some());
}

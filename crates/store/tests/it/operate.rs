//! Tests of operation: database failures, replicas, backups, and the move to PostgreSQL.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{DEAL, USER, company, intent, issued, new_id, tenant},
};
use domain::{
    form::Form,
    ids::{ActionId, DealId, IntentKey, TenantId},
};
use rstest::rstest;
use std::{
    iter::repeat_with,
    time::{Duration, Instant},
};
use store::{
    Tx, audit, drafts, grants,
    invoices::{self, InvoiceScope},
    queue::{CarryOut, IssueInvoice},
    replicas, tenants,
    usage::{self, Usage},
};
use uuid::Uuid;

/// A held lock stands for a frozen server or a dead connection: each call times out, and the pool replaces the connections.
#[tokio::test]
async fn calls_to_an_unresponsive_database_time_out() {
    let t = Database::new(Postgres).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    tx.commit().await.unwrap();
    let mut holder = t.db.begin().await.unwrap();
    tenants::watch_won_deals(&mut holder, tenant, None).await.unwrap();
    let started = Instant::now();
    // PostgreSQL would end an idle transaction, so the lock's holder stays active.
    let hold_lock = async {
        while started.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_secs(2)).await;
            tenants::watch_won_deals(&mut holder, tenant, None).await.unwrap();
        }
    };
    let update_blocked = async {
        let results = futures_util::future::join_all(repeat_with(|| update_tenant(&t.db, tenant)).take(15)).await;
        (results, t.db.begin().await)
    };
    let (results, next) = tokio::select! {
        done = update_blocked => done,
        () = hold_lock => panic!("no timeout within a minute"),
    };
    for result in results {
        let Err(store::Error::Database(sqlx::Error::Io(error))) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
    next.unwrap();
}

async fn update_tenant(db: &store::Db, tenant: TenantId) -> Result<(), store::Error> {
    let mut tx = db.begin().await.unwrap();
    tenants::watch_won_deals(&mut tx, tenant, None).await
}

/// SQLite then rolls the transaction back itself. The next transaction must work.
#[tokio::test]
async fn the_database_works_again_after_a_full_disk() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let Tx::Sqlite(connection) = &mut tx else { panic!("SQLite") };
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut **connection).await.unwrap();
    let form = Form { memo: "x".repeat(100_000), ..Form::default() };
    let mut full = Ok(drafts::SaveOutcome::Kept);
    for deal in 0..1000 {
        full = drafts::save(&mut tx, tenant, DealId(deal), USER, &form, at(0)).await;
        if full.is_err() {
            break;
        }
    }
    full.unwrap_err();
    drop(tx);
    let mut tx = t.db.begin().await.unwrap();
    tenants::install(&mut tx, TenantId(Uuid::new_v4()), &company(2, "Oak", "en_US"), at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn replicas_count_each_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(replicas::record_heartbeat(&mut tx, one, at(0), at(-20)).await.unwrap(), 1);
    assert_eq!(replicas::record_heartbeat(&mut tx, other, at(5), at(-15)).await.unwrap(), 2);
    assert_eq!(
        replicas::record_heartbeat(&mut tx, other, at(25), at(5)).await.unwrap(),
        1,
        "the other replica sent no heartbeat"
    );
    replicas::record_heartbeat(&mut tx, one, at(26), at(6)).await.unwrap();
    replicas::mark_ended(&mut tx, other).await.unwrap();
    assert_eq!(replicas::record_heartbeat(&mut tx, one, at(27), at(7)).await.unwrap(), 1);
}

/// `replicas::find_last_heartbeat`
#[rstest]
#[tokio::test]
async fn an_ended_replica_keeps_its_last_heartbeat(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    assert_eq!(replicas::find_last_heartbeat(&mut tx).await.unwrap(), None);
    let one = Uuid::new_v4();
    replicas::record_heartbeat(&mut tx, one, at(5), at(-15)).await.unwrap();
    replicas::mark_ended(&mut tx, one).await.unwrap();
    assert_eq!(replicas::find_last_heartbeat(&mut tx).await.unwrap(), Some(at(5)));
    replicas::record_heartbeat(&mut tx, Uuid::new_v4(), at(60), at(40)).await.unwrap();
    assert_eq!(
        replicas::find_last_heartbeat(&mut tx).await.unwrap(),
        Some(at(60)),
        "the heartbeat of the next replica"
    );
}

#[rstest]
#[tokio::test]
async fn replicas_use_the_clock_of_their_database(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (first, second) = (t.db.now().await.unwrap(), t.db.now().await.unwrap());
    assert_eq!(first.is_some(), matches!(backend, Postgres));
    assert!(first <= second);
}

#[tokio::test]
async fn all_rows_and_jobs_are_copied_from_sqlite_to_postgresql() {
    let (from, to) = (Database::new(Sqlite).await, Database::new(Postgres).await);
    let mut tx = from.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&from, &mut tx).await;
    let key = IntentKey(Uuid::new_v4());
    let open = new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 700), at(5)).await.unwrap());
    from.db.enqueue(&mut tx, IssueInvoice { tenant, invoice: open }).await.unwrap();
    from.db.enqueue(&mut tx, CarryOut { tenant, action: ActionId(Uuid::new_v4()) }).await.unwrap();
    let tokens = crate::fixtures::tokens("ana");
    grants::install(
        &mut tx,
        &from.vault,
        tenant,
        USER,
        &crate::fixtures::profile(),
        "https://a.example",
        &tokens,
        at(0),
    )
    .await
    .unwrap();
    audit::record(
        &mut tx,
        tenant,
        Some(USER),
        "invoice issued",
        Some(invoice),
        &serde_json::json!({ "total": 1 }),
        at(1),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let before = summary(&from, tenant).await;
    let calls = Usage { reads: 3, writes: 1 };
    let mut tx = from.db.begin().await.unwrap();
    usage::add_to_connection(&mut tx, tenant, connection, 202_611, calls).await.unwrap();
    usage::add_to_app(&mut tx, 202_611, calls).await.unwrap();
    tx.commit().await.unwrap();

    assert!(from.db.copy_to(&to.db).await.unwrap() >= 8);
    assert_eq!(summary(&to, tenant).await, before);
    let mut tx = to.db.read().await.unwrap();
    assert_eq!(usage::find_of_connection(&mut tx, tenant, connection, 202_611).await.unwrap(), calls);
    assert_eq!(usage::find_of_app(&mut tx, 202_611).await.unwrap(), calls);
    drop(tx);
    let mut tx = to.db.read().await.unwrap();
    let grant = grants::find(&mut tx, &to.vault, tenant, USER).await.unwrap().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&grant.tokens.refresh), "ana-refresh");
    drop(tx);
    assert!(matches!(from.db.copy_to(&to.db).await, Err(store::Error::NotEmpty)), "the target is not empty");
    assert!(matches!(to.db.copy_to(&from.db).await, Err(store::Error::NotFromSqlite)));
}

#[tokio::test]
async fn a_backup_is_the_whole_database_at_one_moment() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, _) = issued(&t, &mut tx).await;
    tx.commit().await.unwrap();
    let before = summary(&t, tenant).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    t.db.backup_to(file.to_str().unwrap()).await.unwrap();
    let restored = store::Db::open(&format!("sqlite:{}", file.display())).await.unwrap();
    let restored = Database::of(restored, folder);
    assert_eq!(summary(&restored, tenant).await, before);
    assert!(t.db.backup_to(file.to_str().unwrap()).await.is_err(), "an existing file is not overwritten");
    let other = Database::new(Postgres).await;
    assert!(matches!(other.db.backup_to("x").await, Err(store::Error::NotSqlite)));
}

/// Formats the invoices and the connection of a company, to compare databases.
async fn summary(t: &Database, tenant: TenantId) -> String {
    let mut tx = t.db.read().await.unwrap();
    let invoices = invoices::list(&mut tx, tenant, InvoiceScope::Deal(DEAL)).await.unwrap();
    let connection = store::quickbooks::find_current(&mut tx, &t.vault, tenant).await.unwrap().unwrap();
    format!("{invoices:?} {:?} {} {:?}", connection.company, connection.realm_id, connection.connected_at)
}

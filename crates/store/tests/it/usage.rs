//! Tests of the counts of calls to QuickBooks.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::issued,
};
use domain::ids::{ConnectionId, TenantId};
use rstest::rstest;
use store::{
    tenants,
    usage::{self, Usage},
};
use uuid::Uuid;

const NOVEMBER: i32 = 202_611;
const DECEMBER: i32 = 202_612;

fn calls(reads: i64, writes: i64) -> Usage {
    Usage { reads, writes }
}

#[rstest]
#[tokio::test]
async fn replicas_add_to_the_counts_of_a_month(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, _) = issued(&t, &mut tx).await;
    assert_eq!(usage::find_of_app(&mut tx, NOVEMBER).await.unwrap(), Usage::default());
    assert_eq!(usage::add_to_app(&mut tx, NOVEMBER, calls(8, 1)).await.unwrap(), calls(8, 1));
    usage::add_to_connection(&mut tx, tenant, connection, NOVEMBER, calls(8, 1)).await.unwrap();
    usage::add_to_connection(&mut tx, tenant, connection, NOVEMBER, calls(2, 0)).await.unwrap();
    assert_eq!(usage::add_to_app(&mut tx, NOVEMBER, calls(2, 0)).await.unwrap(), calls(10, 1));
    assert_eq!(usage::add_to_app(&mut tx, DECEMBER, calls(1, 1)).await.unwrap(), calls(1, 1), "a month starts at 0");
    assert_eq!(usage::find_of_connection(&mut tx, tenant, connection, NOVEMBER).await.unwrap(), calls(10, 1));
    assert_eq!(usage::find_of_connection(&mut tx, tenant, connection, DECEMBER).await.unwrap(), Usage::default());
    let stranger = TenantId(Uuid::new_v4());
    assert_eq!(usage::find_of_connection(&mut tx, stranger, connection, NOVEMBER).await.unwrap(), Usage::default());

    // Calls of a deleted connection, or of another tenant's, are not counted.
    usage::add_to_connection(&mut tx, tenant, ConnectionId(Uuid::new_v4()), NOVEMBER, calls(1, 1)).await.unwrap();
    usage::add_to_connection(&mut tx, stranger, connection, NOVEMBER, calls(1, 1)).await.unwrap();
    assert_eq!(usage::find_of_connection(&mut tx, tenant, connection, NOVEMBER).await.unwrap(), calls(10, 1));
    assert_eq!(usage::find_of_app(&mut tx, NOVEMBER).await.unwrap(), calls(10, 1));

    tenants::uninstall(&mut tx, tenant, at(5)).await.unwrap();
    assert!(tenants::purge(&mut tx, tenant).await.unwrap());
    assert_eq!(usage::find_of_connection(&mut tx, tenant, connection, NOVEMBER).await.unwrap(), Usage::default());
    assert_eq!(
        usage::find_of_app(&mut tx, NOVEMBER).await.unwrap(),
        calls(10, 1),
        "the app's count includes calls of deleted companies"
    );
}

#[rstest]
#[tokio::test]
async fn each_threshold_is_warned_of_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    assert!(!usage::mark_warned(&mut tx, NOVEMBER, 50).await.unwrap(), "no calls were counted");
    usage::add_to_app(&mut tx, NOVEMBER, calls(60, 0)).await.unwrap();
    assert!(usage::mark_warned(&mut tx, NOVEMBER, 50).await.unwrap());
    assert!(!usage::mark_warned(&mut tx, NOVEMBER, 50).await.unwrap());
    assert!(usage::mark_warned(&mut tx, NOVEMBER, 95).await.unwrap());
    assert!(
        !usage::mark_warned(&mut tx, NOVEMBER, 80).await.unwrap(),
        "a lower threshold is not reported after a higher one"
    );
    usage::add_to_app(&mut tx, DECEMBER, calls(60, 0)).await.unwrap();
    assert!(usage::mark_warned(&mut tx, DECEMBER, 50).await.unwrap());
}

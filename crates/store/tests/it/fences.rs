//! Fencing of former lease owners, and separation of companies.

use crate::{
    database::{Backend, Backend::*, Database, at},
    fixtures::{DEAL, USER, connection, entry, intent, issued, new_id, queued, tenant},
};
use domain::{
    ids::{ActionId, DealId, IntentKey, InvoiceId},
    invoice::InvoiceAction,
};
use rstest::rstest;
use store::{
    Error, history,
    invoice_actions::{self, ActionRequest},
    invoices::{self, Intent, InvoiceScope},
    leases, quickbooks,
};
use uuid::Uuid;

/// `leases::mark_sending`
#[rstest]
#[tokio::test]
async fn a_former_lease_owner_cannot_mark_sending(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let (former, owner) = (Uuid::new_v4(), Uuid::new_v4());
    invoices::claim(&mut tx, tenant, id, former, at(0), at(10)).await.unwrap().unwrap();
    invoices::claim(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().unwrap();
    assert!(!leases::mark_sending(&mut tx, tenant, id, former, at(21)).await.unwrap());
    let invoice = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(invoice.state, invoices::State::Queued, "it does not count as sent");
    assert!(leases::mark_sending(&mut tx, tenant, id, owner, at(22)).await.unwrap());
}

/// `leases::postpone`, `leases::park`
#[rstest]
#[tokio::test]
async fn a_former_lease_owner_cannot_postpone_or_park(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let (former, owner) = (Uuid::new_v4(), Uuid::new_v4());
    invoices::claim(&mut tx, tenant, id, former, at(0), at(10)).await.unwrap().unwrap();
    invoices::claim(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().unwrap();
    leases::postpone(&mut tx, tenant, id, former, at(21)).await.unwrap();
    let reason = store::parked::ParkReason::Failed("by the former owner".into());
    leases::park(&mut tx, tenant, id, former, &reason).await.unwrap();
    assert!(
        invoices::claim(&mut tx, tenant, id, Uuid::new_v4(), at(22), at(32)).await.unwrap().is_none(),
        "still leased"
    );
    assert!(leases::extend(&mut tx, tenant, id, owner, at(23), at(33)).await.unwrap());
    assert!(
        invoices::claim(&mut tx, tenant, id, Uuid::new_v4(), at(40), at(50)).await.unwrap().is_some(),
        "not parked"
    );
}

/// `history::mark_written`
#[rstest]
#[tokio::test]
async fn a_former_lease_owner_cannot_settle_a_history_entry(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, invoice) = issued(&t, &mut tx).await;
    let entry = entry(invoice);
    history::add(&mut tx, tenant, &entry).await.unwrap();
    let (former, owner) = (Uuid::new_v4(), Uuid::new_v4());
    history::claim(&mut tx, tenant, entry.id, former, at(0), at(10)).await.unwrap().unwrap();
    history::claim(&mut tx, tenant, entry.id, owner, at(20), at(30)).await.unwrap().unwrap();
    history::mark_written(&mut tx, tenant, entry.id, former, Some(5)).await.unwrap();
    assert!(!history::is_ours(&mut tx, tenant, 5).await.unwrap());
    history::mark_written(&mut tx, tenant, entry.id, owner, Some(6)).await.unwrap();
    assert!(history::is_ours(&mut tx, tenant, 6).await.unwrap());
}

/// `invoices::list`
#[rstest]
#[tokio::test]
async fn companies_with_equal_numbers_see_their_own_invoices(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let mut placed = Vec::new();
    for company in [1, 2] {
        let tenant = tenant(&mut tx, company).await;
        let connection = connection(&t, &mut tx, tenant, &company.to_string()).await;
        let wanted = Intent { person: Some(3), ..intent(connection, IntentKey(Uuid::new_v4()), 100) };
        placed.push((tenant, new_id(invoices::place(&mut tx, tenant, &wanted, at(0)).await.unwrap())));
    }
    for (tenant, id) in &placed {
        for scope in [InvoiceScope::Deal(DEAL), InvoiceScope::Organization(1), InvoiceScope::Person(3)] {
            let listed: Vec<_> =
                invoices::list(&mut tx, *tenant, scope).await.unwrap().iter().map(|invoice| invoice.id).collect();
            assert_eq!(listed, [*id], "{scope:?}");
        }
        assert!(invoices::list(&mut tx, *tenant, InvoiceScope::Deal(DealId(43))).await.unwrap().is_empty());
    }
    let [(first, one), (second, other)] = &placed[..] else { panic!("two companies") };
    assert!(invoices::find(&mut tx, *first, *other).await.unwrap().is_none());
    assert!(invoices::find(&mut tx, *second, *one).await.unwrap().is_none());
}

/// The place that a secret is sealed for contains the tenant.
#[rstest]
#[tokio::test]
async fn a_secret_of_one_company_does_not_open_for_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (first, second) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let (from, to) = (connection(&t, &mut tx, first, "1").await, connection(&t, &mut tx, second, "2").await);
    for column in ["access_token", "refresh_token", "realm_id"] {
        let moved = format!(
            "UPDATE quickbooks_connection SET {column} = (SELECT {column} FROM quickbooks_connection WHERE id = $1) WHERE id = $2"
        );
        let statement = sqlx::AssertSqlSafe(moved);
        let rows = match &mut tx {
            store::Tx::Sqlite(c) => {
                sqlx::query(statement).bind(from.0).bind(to.0).execute(&mut **c).await.unwrap().rows_affected()
            }
            store::Tx::Postgres(c) => {
                sqlx::query(statement).bind(from.0).bind(to.0).execute(&mut **c).await.unwrap().rows_affected()
            }
        };
        assert_eq!(rows, 1);
        let read = quickbooks::find(&mut tx, &t.vault, second, to).await;
        assert!(matches!(read, Err(Error::Unreadable(_))), "{column}");
        quickbooks::find(&mut tx, &t.vault, first, from).await.unwrap().unwrap();
        connection(&t, &mut tx, second, "2").await;
    }
}

/// A newer version may write other states. Such a row must not be read as if it had a known state.
#[rstest]
#[tokio::test]
async fn an_unknown_state_is_an_error(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let wanted = intent(connection, IntentKey(Uuid::from_u128(7)), 100);
    let id = new_id(invoices::place(&mut tx, tenant, &wanted, at(0)).await.unwrap());
    let request = ActionRequest {
        id: ActionId(Uuid::from_u128(8)),
        invoice: id,
        action: InvoiceAction::Void,
        seen: String::new(),
        recipient: String::new(),
        by: USER,
    };
    assert!(invoice_actions::request(&mut tx, tenant, &request, at(0)).await.unwrap());
    for (table, id) in [("invoice", id.0), ("act", request.id.0), ("quickbooks_connection", connection.0)] {
        let statement = sqlx::AssertSqlSafe(format!("UPDATE {table} SET state = 'later' WHERE id = $1"));
        let changed = match &mut tx {
            store::Tx::Sqlite(c) => sqlx::query(statement).bind(id).execute(&mut **c).await.unwrap().rows_affected(),
            store::Tx::Postgres(c) => sqlx::query(statement).bind(id).execute(&mut **c).await.unwrap().rows_affected(),
        };
        assert_eq!(changed, 1, "{table}");
    }
    assert!(matches!(invoices::find(&mut tx, tenant, id).await, Err(Error::Unreadable("invoice"))));
    assert!(matches!(invoice_actions::find(&mut tx, tenant, request.id).await, Err(Error::Unreadable("act"))));
    let read = quickbooks::find(&mut tx, &t.vault, tenant, connection).await;
    assert!(matches!(read, Err(Error::Unreadable("connection"))));
}

/// A second crash must not wait for the time at which the first reclaim would be repeated.
#[rstest]
#[tokio::test]
async fn an_operation_abandoned_again_is_reclaimed_when_its_lease_ends(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(95), at(100), at(130)).await.unwrap(), [(tenant, id)]);
    assert!(invoices::claim(&mut tx, tenant, id, Uuid::new_v4(), at(101), at(111)).await.unwrap().is_some());
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(105), at(110), at(140)).await.unwrap(), [], "leased");
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(107), at(112), at(142)).await.unwrap(), [(tenant, id)]);
    // An attempt that is overdue stays overdue.
    assert!(invoices::claim(&mut tx, tenant, id, Uuid::new_v4(), at(150), at(160)).await.unwrap().is_some());
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(143), at(161), at(191)).await.unwrap(), [(tenant, id)]);
}

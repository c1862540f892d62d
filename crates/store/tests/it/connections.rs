//! Each function on a connection changes that connection only, not other connections of the same company or of another one.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{connection, tenant, tokens},
};
use domain::ids::{ConnectionId, TenantId};
use rstest::rstest;
use store::{
    Tx,
    changes::{self, ChangeSource, Pace},
    quickbooks,
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    id: Uuid,
    state: String,
    access_token: String,
    refresh_token: String,
    expires_at: i64,
    lease_until: i64,
    changes_until: i64,
    changed_at: i64,
    changes_lease_until: i64,
    silent_since: Option<i64>,
    swept_until: i64,
    sweep_steps: i32,
    webhook_at: i64,
    webhook_confirmed_at: i64,
    webhook_missed_at: i64,
    active_at: i64,
    reads_refused_until: i64,
}

async fn rows(tx: &mut Tx) -> Vec<Row> {
    let statement = "/* test */ SELECT id, state, access_token, refresh_token, expires_at, lease_until, changes_until, changed_at, \
        changes_lease_until, silent_since, swept_until, sweep_steps, webhook_at, webhook_confirmed_at, webhook_missed_at, active_at, \
        reads_refused_until FROM quickbooks_connection ORDER BY id";
    match tx {
        Tx::Sqlite(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
    }
}

/// Gives every connection the same timestamps. Their states stay.
async fn reset(tx: &mut Tx) {
    let statement = sqlx::AssertSqlSafe(format!(
        "/* test */ UPDATE quickbooks_connection SET lease_until = 7, changes_until = 7, changed_at = 7, changes_lease_until = 7, silent_since = 7, \
         swept_until = 7, sweep_steps = 12, webhook_at = 7, reads_refused_until = 7, expires_at = {}",
        at(3600).as_microsecond()
    ));
    match tx {
        Tx::Sqlite(c) => drop(sqlx::query(statement).execute(&mut **c).await.unwrap()),
        Tx::Postgres(c) => drop(sqlx::query(statement).execute(&mut **c).await.unwrap()),
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    ClaimRefresh,
    StoreRefreshed,
    ReleaseRefresh,
    MarkChanged,
    ExpectWebhook,
    ClaimSync,
    MarkSynced,
    ReleaseSync,
    MarkRefused,
    RecordFailure,
    Disconnect,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::ClaimRefresh,
        Self::StoreRefreshed,
        Self::ReleaseRefresh,
        Self::MarkChanged,
        Self::ExpectWebhook,
        Self::ClaimSync,
        Self::MarkSynced,
        Self::ReleaseSync,
        Self::MarkRefused,
        Self::RecordFailure,
        Self::Disconnect,
    ];

    async fn run(self, t: &Database, tx: &mut Tx, tenant: TenantId, id: ConnectionId) {
        let (now, until) = (at(0), at(40));
        let pace = Pace { steps: 3, active_at: Some(now), confirmed_at: Some(at(1)), missed_at: Some(at(2)) };
        match self {
            Self::ClaimRefresh => drop(quickbooks::claim_refresh(tx, tenant, id, now, until).await),
            Self::StoreRefreshed => {
                drop(quickbooks::store_refreshed(tx, &t.vault, tenant, id, at(3600), &tokens("new")).await);
            }
            Self::ReleaseRefresh => drop(quickbooks::release_refresh(tx, tenant, id, at(3600), false).await),
            Self::MarkChanged => drop(changes::mark_changed(tx, tenant, id, ChangeSource::Webhook, now).await),
            Self::ExpectWebhook => drop(changes::expect_webhook(tx, tenant, id).await),
            Self::ClaimSync => drop(changes::claim(tx, tenant, id, now, until).await),
            // Fails with the connection of another company.
            Self::MarkSynced => drop(changes::mark_synced(tx, tenant, id, now, &pace).await),
            Self::ReleaseSync => drop(changes::release(tx, tenant, id).await),
            Self::MarkRefused => drop(changes::mark_refused(tx, tenant, id, until).await),
            Self::RecordFailure => drop(changes::record_failure(tx, tenant, id, now, until).await),
            Self::Disconnect => drop(quickbooks::disconnect(tx, &t.vault, tenant, id).await),
        }
    }

    /// The row after the step, without the tokens.
    fn expected(self, row: &Row) -> Row {
        let (row, now, until) = (row.clone(), at(0).as_microsecond(), at(40).as_microsecond());
        match self {
            Self::ClaimRefresh => Row { lease_until: until, ..row },
            Self::StoreRefreshed | Self::ReleaseRefresh => Row { lease_until: 0, ..row },
            Self::MarkChanged => Row { changed_at: now, webhook_at: now, ..row },
            Self::ExpectWebhook => Row { sweep_steps: 1, ..row },
            Self::ClaimSync => Row { changes_lease_until: until, swept_until: 0, ..row },
            Self::MarkSynced => Row {
                changes_until: now,
                changes_lease_until: 0,
                silent_since: None,
                reads_refused_until: 0,
                sweep_steps: 3,
                webhook_confirmed_at: at(1).as_microsecond(),
                webhook_missed_at: at(2).as_microsecond(),
                active_at: now,
                ..row
            },
            Self::ReleaseSync => Row { changes_lease_until: 0, ..row },
            Self::MarkRefused => Row { changes_lease_until: 0, reads_refused_until: until, ..row },
            Self::RecordFailure => Row { changes_lease_until: until, ..row },
            Self::Disconnect => Row { state: "disconnected".into(), lease_until: 0, expires_at: 0, ..row },
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_step_changes_one_connection(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (ours, theirs) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    connection(&t, &mut tx, ours, "1").await;
    let id = connection(&t, &mut tx, ours, "2").await;
    connection(&t, &mut tx, theirs, "3").await;
    for step in Step::ALL {
        reset(&mut tx).await;
        let before = rows(&mut tx).await;
        step.run(&t, &mut tx, theirs, id).await;
        assert_eq!(rows(&mut tx).await, before, "{step:?} by another company");
        step.run(&t, &mut tx, ours, id).await;
        for (before, after) in before.iter().zip(rows(&mut tx).await) {
            if before.id != id.0 {
                assert_eq!(after, *before, "{step:?} of another connection");
                continue;
            }
            let has_new_tokens = matches!(step, Step::StoreRefreshed | Step::Disconnect);
            assert_eq!(after.access_token != before.access_token, has_new_tokens, "{step:?}");
            assert_eq!(after.refresh_token != before.refresh_token, has_new_tokens, "{step:?}");
            let expected = step.expected(before);
            let tokens = (after.access_token.clone(), after.refresh_token.clone());
            assert_eq!(after, Row { access_token: tokens.0, refresh_token: tokens.1, ..expected }, "{step:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_realm_is_connected_by_one_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (first, second) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let id = connection(&t, &mut tx, first, "77").await;
    assert_eq!(connection(&t, &mut tx, first, "77").await, id, "the same tenant connects it again");
    tx.commit().await.unwrap();
    let connect = async |tx: &mut Tx| {
        let company = quickbooks::Company {
            name: "Oak".into(),
            country: "US".into(),
            home_currency: "USD".into(),
            time_zone: "UTC".into(),
        };
        let new = ConnectionId(Uuid::new_v4());
        quickbooks::connect(tx, &t.vault, second, new, "77", &company, "Ana", &tokens("77"), at(1)).await
    };
    let mut tx = t.db.begin().await.unwrap();
    assert!(matches!(connect(&mut tx).await, Err(store::Error::RealmTaken)));
    drop(tx);
    let mut tx = t.db.begin().await.unwrap();
    quickbooks::disconnect(&mut tx, &t.vault, first, id).await.unwrap();
    connect(&mut tx).await.unwrap();
}

/// A failure of the database must not be explained by another company.
#[rstest]
#[tokio::test]
async fn only_a_conflict_counts_as_a_realm_of_another_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let company = quickbooks::Company {
        name: "Oak".into(),
        country: "US".into(),
        home_currency: "USD".into(),
        time_zone: "UTC".into(),
    };
    let (unknown, new) = (TenantId(Uuid::new_v4()), ConnectionId(Uuid::new_v4()));
    let connected =
        quickbooks::connect(&mut tx, &t.vault, unknown, new, "77", &company, "Ana", &tokens("77"), at(1)).await;
    assert!(matches!(connected, Err(store::Error::Database(_))), "{connected:?}");
}

//! Tests of one-time tokens: the steps of a connect flow and links.

use crate::database::{
    Backend::{self, Postgres, Sqlite},
    Database, at,
};
use crate::fixtures::{USER, tenant};
use domain::ids::{TenantId, UserId};
use rstest::rstest;
use store::{
    Tx,
    one_time_tokens::{self, Purpose},
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_flow_is_used_once_by_its_own_browser(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let who = Some((TenantId(Uuid::new_v4()), USER));
    for state in ["good", "stolen", "late", "wrong provider"] {
        one_time_tokens::begin(&mut tx, &t.vault, Purpose::QuickBooks, state, "browser", who, at(600)).await.unwrap();
    }
    let unknown =
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::QuickBooks, "unknown", "browser", at(1)).await.unwrap();
    assert_eq!(unknown, None, "a state that was not issued");
    let good = one_time_tokens::finish(&mut tx, &t.vault, Purpose::QuickBooks, "good", "browser", at(1)).await.unwrap();
    assert_eq!(good, Some(who));
    assert_eq!(
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::QuickBooks, "good", "browser", at(2)).await.unwrap(),
        None
    );
    assert_eq!(
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::QuickBooks, "stolen", "other", at(1)).await.unwrap(),
        None
    );
    assert_eq!(
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::Pipedrive, "wrong provider", "browser", at(1))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::QuickBooks, "late", "browser", at(601)).await.unwrap(),
        None
    );
}

/// `one_time_tokens::begin_confirmation`, `one_time_tokens::find_pending_confirmation`
#[rstest]
#[tokio::test]
async fn a_pending_confirmation_belongs_to_its_browser_and_is_used_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let who = (TenantId(Uuid::new_v4()), USER);
    for (state, sealed) in [("one", "first"), ("another", "second")] {
        one_time_tokens::begin_confirmation(&mut tx, &t.vault, state, "browser", who, sealed, at(600)).await.unwrap();
    }
    one_time_tokens::begin(&mut tx, &t.vault, Purpose::QuickBooks, "consent", "browser", Some(who), at(600))
        .await
        .unwrap();
    let found = async |tx: &mut Tx, state, browser, now| {
        one_time_tokens::find_pending_confirmation(tx, &t.vault, state, browser, now).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(found(&mut tx, "one", "browser", at(1)).await.as_deref(), Some("first"), "a query ends no flow");
    }
    assert_eq!(found(&mut tx, "one", "other", at(1)).await, None);
    assert_eq!(found(&mut tx, "one", "browser", at(601)).await, None);
    assert_eq!(found(&mut tx, "consent", "browser", at(1)).await, None);
    let answered =
        one_time_tokens::finish(&mut tx, &t.vault, Purpose::Confirmation, "one", "browser", at(2)).await.unwrap();
    assert_eq!(answered, Some(Some(who)));
    assert_eq!(found(&mut tx, "one", "browser", at(3)).await, None);
    assert_eq!(found(&mut tx, "another", "browser", at(3)).await.as_deref(), Some("second"));
}

/// `one_time_tokens::consume_state`, `one_time_tokens::find_consumer`
#[rstest]
#[tokio::test]
async fn a_state_that_was_not_stored_is_consumed_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [one, other] = [(tenant(&mut tx, 1).await, UserId(1)), (tenant(&mut tx, 2).await, UserId(2))];
    let provider = Purpose::Pipedrive;
    assert_eq!(one_time_tokens::find_consumer(&mut tx, &t.vault, provider, "one", at(1)).await.unwrap(), None);
    assert!(one_time_tokens::consume_state(&mut tx, &t.vault, provider, "one", one, at(600), at(1)).await.unwrap());
    assert!(!one_time_tokens::consume_state(&mut tx, &t.vault, provider, "one", other, at(601), at(2)).await.unwrap());
    assert!(
        one_time_tokens::consume_state(&mut tx, &t.vault, provider, "another", other, at(600), at(2)).await.unwrap()
    );
    assert_eq!(one_time_tokens::find_consumer(&mut tx, &t.vault, provider, "one", at(600)).await.unwrap(), Some(one));
    assert_eq!(
        one_time_tokens::find_consumer(&mut tx, &t.vault, provider, "another", at(600)).await.unwrap(),
        Some(other)
    );
    assert_eq!(
        one_time_tokens::find_consumer(&mut tx, &t.vault, Purpose::QuickBooks, "one", at(3)).await.unwrap(),
        None
    );
    assert_eq!(
        one_time_tokens::find_consumer(&mut tx, &t.vault, provider, "one", at(601)).await.unwrap(),
        None,
        "expired"
    );
}

//! One draft for each deal and user, saved by the window that opened it last.

use crate::{
    database::{Backend, Backend::*, Database, at},
    fixtures::{DEAL, USER, connection, intent, tenant},
};
use domain::{
    draft::Form,
    ids::{DealId, IntentKey, TenantId, UserId},
};
use rstest::rstest;
use store::{
    Tx, deals,
    drafts::{self, Origin, Saved},
    invoices,
};
use uuid::Uuid;

fn form(key: Uuid, window: &str, version: &str, memo: &str) -> Form {
    Form {
        intent: key.to_string(),
        window: window.into(),
        version: version.into(),
        memo: memo.into(),
        ..Form::default()
    }
}

async fn open(tx: &mut Tx, tenant: TenantId, form: &Form) -> drafts::Draft {
    drafts::open(tx, tenant, DEAL, USER, form, Origin::Opened, at(0)).await.unwrap()
}

async fn save(tx: &mut Tx, tenant: TenantId, form: &Form) -> Saved {
    drafts::save(tx, tenant, DEAL, USER, form, at(1)).await.unwrap()
}

async fn memo(tx: &mut Tx, tenant: TenantId) -> String {
    drafts::find(tx, tenant, DEAL, USER).await.unwrap().unwrap().form.memo
}

#[rstest]
#[tokio::test]
async fn a_form_that_opens_twice_has_one_key_and_is_saved_by_the_later_window(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert_eq!(open(&mut tx, tenant, &form(first, "a", "", "as the deal was")).await.form.intent, first.to_string());
    let again = open(&mut tx, tenant, &form(second, "b", "", "as the deal is")).await;
    assert_eq!((again.form.intent, again.form.memo.as_str()), (first.to_string(), "as the deal is"));
    assert_eq!(save(&mut tx, tenant, &form(first, "a", "1", "from the earlier window")).await, Saved::Elsewhere);
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "2", "newer")).await, Saved::Kept);
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "1", "older")).await, Saved::Older);
    assert_eq!(memo(&mut tx, tenant).await, "newer");
    let submitted = form(first, "a", "3", "submitted by the earlier window");
    drafts::take_over(&mut tx, tenant, DEAL, USER, &submitted, at(2)).await.unwrap();
    assert_eq!(memo(&mut tx, tenant).await, "submitted by the earlier window");
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "9", "newer")).await, Saved::Elsewhere);
    assert_eq!(save(&mut tx, tenant, &form(first, "a", "4", "newer")).await, Saved::Kept);
    let typed = open(&mut tx, tenant, &form(second, "c", "", "as the deal is")).await;
    assert_eq!((typed.form.memo.as_str(), typed.origin), ("newer", Origin::Typed), "what was typed stays");
    assert_eq!(typed.form.window, "c");
}

/// `drafts::MAX_DRAFTS_OF_USER`
#[rstest]
#[tokio::test]
async fn the_drafts_of_a_user_are_bounded_and_what_was_typed_stays_longest(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, stranger) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let colleague = UserId(USER.0 + 1);
    let empty = |key: i64| form(Uuid::from_u128(u128::try_from(key).unwrap()), "a", "", "");
    // Of the deals whose drafts are discarded, and newer than any.
    for deal in [2, 3, 4] {
        for (tenant, user) in [(tenant, colleague), (stranger, USER)] {
            drafts::open(&mut tx, tenant, DealId(deal), user, &empty(deal), Origin::Opened, at(9000)).await.unwrap();
        }
    }
    drafts::open(&mut tx, tenant, DealId(1), USER, &empty(1), Origin::Typed, at(0)).await.unwrap();
    for deal in 2..=drafts::MAX_DRAFTS_OF_USER + 3 {
        drafts::open(&mut tx, tenant, DealId(deal), USER, &empty(deal), Origin::Opened, at(deal)).await.unwrap();
    }
    let mut kept = Vec::new();
    for deal in 1..=drafts::MAX_DRAFTS_OF_USER + 3 {
        if drafts::find(&mut tx, tenant, DealId(deal), USER).await.unwrap().is_some() {
            kept.push(deal);
        }
    }
    let newest = 5..=drafts::MAX_DRAFTS_OF_USER + 3;
    assert_eq!(kept, [1].into_iter().chain(newest).collect::<Vec<_>>());
    for deal in [2, 3, 4] {
        for (tenant, user) in [(tenant, colleague), (stranger, USER)] {
            let kept = drafts::find(&mut tx, tenant, DealId(deal), user).await.unwrap();
            assert!(kept.is_some(), "a colleague's stays, and another company's");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_draft_ends_with_its_invoice_and_does_not_come_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let key = Uuid::from_u128(1);
    open(&mut tx, tenant, &form(key, "a", "", "")).await;
    invoices::place(&mut tx, tenant, &intent(connection, IntentKey(key), 100), at(0)).await.unwrap();
    drafts::discard(&mut tx, tenant, DEAL, USER, Some(IntentKey(Uuid::from_u128(9)))).await.unwrap();
    assert!(drafts::find(&mut tx, tenant, DEAL, USER).await.unwrap().is_some(), "another key's draft stays");
    drafts::discard(&mut tx, tenant, DEAL, USER, Some(IntentKey(key))).await.unwrap();
    assert_eq!(save(&mut tx, tenant, &form(key, "a", "1", "late")).await, Saved::Ended);
    assert!(drafts::find(&mut tx, tenant, DEAL, USER).await.unwrap().is_none());
    // A draft that was discarded in another window comes back with the next key.
    assert_eq!(save(&mut tx, tenant, &form(Uuid::from_u128(3), "a", "2", "typed on")).await, Saved::Kept);
    assert_eq!(memo(&mut tx, tenant).await, "typed on");
}

#[rstest]
#[tokio::test]
async fn colleagues_drafts_are_those_that_were_typed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (ours, theirs) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    open(&mut tx, ours, &form(Uuid::from_u128(1), "a", "", "")).await;
    let colleague = UserId(8);
    let seen = async |tx: &mut Tx, tenant, since| {
        let found = drafts::of_colleagues(tx, tenant, DEAL, colleague, at(since)).await.unwrap();
        found.into_iter().map(|(user, _)| user).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut tx, ours, 0).await, [], "merely opened");
    save(&mut tx, ours, &form(Uuid::from_u128(1), "a", "1", "typed")).await;
    assert_eq!(seen(&mut tx, ours, 0).await, [USER]);
    assert_eq!(seen(&mut tx, ours, 2).await, [], "too old");
    assert_eq!(seen(&mut tx, theirs, 0).await, []);
}

#[rstest]
#[tokio::test]
async fn two_submissions_of_a_deal_see_each_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    tx.commit().await.unwrap();
    let submit = async || {
        let mut tx = t.db.begin().await.unwrap();
        deals::lock(&mut tx, tenant, DEAL).await.unwrap();
        let before = invoices::list(&mut tx, tenant, invoices::Of::Deal(DEAL)).await.unwrap().len();
        tokio::task::yield_now().await;
        let key = IntentKey(Uuid::new_v4());
        invoices::place(&mut tx, tenant, &intent(connection, key, 100), at(0)).await.unwrap();
        tx.commit().await.unwrap();
        before
    };
    let (a, b, c) = tokio::join!(submit(), submit(), submit());
    let mut seen = [a, b, c];
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2]);
}

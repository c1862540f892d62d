//! Tests of drafts: one for each deal and user, saved by the window that opened it last.

use crate::{
    database::{Backend, Backend::*, Database, at},
    fixtures::{DEAL, USER, connection, intent, new_id, tenant},
};
use domain::{
    form::Form,
    ids::{DealId, IntentKey, TenantId, UserId},
};
use rstest::rstest;
use std::time::Duration;
use store::{
    Tx, deals,
    drafts::{self, Origin, SaveOutcome},
    invoices::{self, Intent, PlaceOutcome},
};
use uuid::Uuid;

fn form(key: Uuid, window: &str, version: &str, memo: &str) -> Form {
    Form {
        intent: Some(IntentKey(key)),
        window: window.into(),
        version: version.parse().ok(),
        memo: memo.into(),
        ..Form::default()
    }
}

async fn open(tx: &mut Tx, tenant: TenantId, form: &Form) -> drafts::Draft {
    drafts::open(tx, tenant, DEAL, USER, form, Origin::Opened, at(0)).await.unwrap()
}

async fn save(tx: &mut Tx, tenant: TenantId, form: &Form) -> SaveOutcome {
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
    assert_eq!(
        open(&mut tx, tenant, &form(first, "a", "", "as the deal was")).await.form.intent,
        Some(IntentKey(first))
    );
    let again = open(&mut tx, tenant, &form(second, "b", "", "as the deal is")).await;
    assert_eq!((again.form.intent, again.form.memo.as_str()), (Some(IntentKey(first)), "as the deal is"));
    assert_eq!(save(&mut tx, tenant, &form(first, "a", "1", "from the earlier window")).await, SaveOutcome::Elsewhere);
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "2", "newer")).await, SaveOutcome::Kept);
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "1", "older")).await, SaveOutcome::Older);
    assert_eq!(memo(&mut tx, tenant).await, "newer");
    let submitted = form(first, "a", "3", "submitted by the earlier window");
    drafts::take_over(&mut tx, tenant, DEAL, USER, &submitted, at(2)).await.unwrap();
    assert_eq!(memo(&mut tx, tenant).await, "submitted by the earlier window");
    assert_eq!(save(&mut tx, tenant, &form(first, "b", "9", "newer")).await, SaveOutcome::Elsewhere);
    assert_eq!(save(&mut tx, tenant, &form(first, "a", "4", "newer")).await, SaveOutcome::Kept);
    let typed = open(&mut tx, tenant, &form(second, "c", "", "as the deal is")).await;
    assert_eq!((typed.form.memo.as_str(), typed.origin), ("newer", Origin::Typed), "typed content stays");
    assert_eq!(typed.form.window, "c");
}

/// `drafts::MAX_DRAFTS_OF_USER`
#[rstest]
#[tokio::test]
async fn a_user_has_a_maximum_of_drafts_and_typed_ones_are_kept_longest(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, stranger) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let colleague = UserId(USER.0 + 1);
    let empty = |key: i64| form(Uuid::from_u128(u128::try_from(key).unwrap()), "a", "", "");
    // Drafts of the same deals, of a colleague and of another company, newer than all others.
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
            assert!(kept.is_some(), "drafts of a colleague and of another company stay");
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
    assert_eq!(save(&mut tx, tenant, &form(key, "a", "1", "late")).await, SaveOutcome::Ended);
    assert!(drafts::find(&mut tx, tenant, DEAL, USER).await.unwrap().is_none());
    // After another window discarded the draft, the next save stores it again.
    assert_eq!(save(&mut tx, tenant, &form(Uuid::from_u128(3), "a", "2", "typed on")).await, SaveOutcome::Kept);
    assert_eq!(memo(&mut tx, tenant).await, "typed on");
}

#[rstest]
#[tokio::test]
async fn only_typed_drafts_of_colleagues_are_listed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (ours, theirs) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    open(&mut tx, ours, &form(Uuid::from_u128(1), "a", "", "")).await;
    let colleague = UserId(8);
    let list = async |tx: &mut Tx, tenant, since| {
        let found = drafts::list_of_colleagues(tx, tenant, DEAL, colleague, at(since)).await.unwrap();
        found.into_iter().map(|(user, _)| user).collect::<Vec<_>>()
    };
    assert_eq!(list(&mut tx, ours, 0).await, [], "nothing was typed");
    save(&mut tx, ours, &form(Uuid::from_u128(1), "a", "1", "typed")).await;
    assert_eq!(list(&mut tx, ours, 0).await, [USER]);
    assert_eq!(list(&mut tx, ours, 2).await, [], "too old");
    assert_eq!(list(&mut tx, theirs, 0).await, []);
}

#[rstest]
#[tokio::test]
async fn concurrent_submissions_of_a_deal_see_each_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    tx.commit().await.unwrap();
    let submit = async || {
        let mut tx = t.db.begin().await.unwrap();
        deals::lock(&mut tx, tenant, DEAL).await.unwrap();
        let before = invoices::list(&mut tx, tenant, invoices::InvoiceScope::Deal(DEAL)).await.unwrap().len();
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

/// `drafts::belongs_to_other_deal`, and `invoices::place` with such a key.
#[rstest]
#[tokio::test]
async fn a_key_belongs_to_the_deal_that_it_was_issued_for(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let other = DealId(DEAL.0 + 1);
    let key = Uuid::new_v4();
    let issued = form(key, "a", "", "");
    let is_foreign = async |tx: &mut Tx, tenant, deal, user, form: &Form| {
        drafts::belongs_to_other_deal(tx, tenant, deal, user, form).await.unwrap()
    };
    assert!(!is_foreign(&mut tx, tenant, other, USER, &issued).await, "the key is unused");
    open(&mut tx, tenant, &issued).await;
    assert!(!is_foreign(&mut tx, tenant, DEAL, USER, &issued).await);
    assert!(is_foreign(&mut tx, tenant, other, USER, &issued).await, "a draft has the key");
    let json = format!(r#"{{ "intent": "{}" }}"#, key.simple().to_string().to_uppercase());
    let other_notation: Form = serde_json::from_str(&json).unwrap();
    assert!(is_foreign(&mut tx, tenant, other, USER, &other_notation).await);
    assert!(!is_foreign(&mut tx, TenantId(Uuid::new_v4()), other, USER, &issued).await);
    assert!(!is_foreign(&mut tx, tenant, other, USER, &Form::default()).await);

    let placed = invoices::place(&mut tx, tenant, &intent(connection, IntentKey(key), 100), at(0)).await;
    let id = new_id(placed.unwrap());
    drafts::discard(&mut tx, tenant, DEAL, USER, None).await.unwrap();
    assert!(!is_foreign(&mut tx, tenant, DEAL, USER, &issued).await);
    assert!(is_foreign(&mut tx, tenant, other, UserId(USER.0 + 1), &issued).await, "an invoice has the key");

    // A refused invoice can be corrected by a form of its own deal only.
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    assert!(invoices::mark_refused(&mut tx, tenant, id, owner, &[]).await.unwrap());
    let foreign = Intent { deal: other, ..intent(connection, IntentKey(key), 200) };
    let placed = invoices::place(&mut tx, tenant, &foreign, at(1)).await.unwrap();
    assert!(matches!(placed, PlaceOutcome::Different(known) if known.id == id && known.generation == 1));
    let placed = invoices::place(&mut tx, tenant, &intent(connection, IntentKey(key), 200), at(2)).await;
    assert_eq!(new_id(placed.unwrap()), id);
}

/// A row of the table of drafts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    tenant_id: Uuid,
    deal_id: i64,
    user_id: i64,
    form: String,
    updated_at: i64,
    intent: String,
    window_id: String,
    version: i64,
    state: String,
}

async fn rows(tx: &mut Tx) -> Vec<Row> {
    let statement = "/* test */ SELECT tenant_id, deal_id, user_id, form, updated_at, intent, window_id, version, state FROM draft \
        ORDER BY tenant_id, deal_id, user_id";
    match tx {
        Tx::Sqlite(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
    }
}

/// Drafts of another deal, of a colleague and of another company have the same key and window, and must not change.
#[rstest]
#[tokio::test]
async fn changing_a_draft_changes_no_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (ours, theirs) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let [first, second, third] = [1, 2, 3].map(Uuid::from_u128);
    let begin = form(first, "a", "", "as the deal was");
    for (tenant, deal, user) in
        [(ours, DEAL, USER), (ours, DealId(50), USER), (ours, DEAL, UserId(8)), (theirs, DEAL, USER)]
    {
        drafts::open(&mut tx, tenant, deal, user, &begin, Origin::Prepared, at(0)).await.unwrap();
    }
    let is_changed = |row: &Row| row.tenant_id == ours.0 && row.deal_id == DEAL.0 && row.user_id == USER.0;
    let others: Vec<Row> = rows(&mut tx).await.into_iter().filter(|row| !is_changed(row)).collect();
    let now = async |tx: &mut Tx| {
        let (it, rest): (Vec<Row>, Vec<Row>) = rows(tx).await.into_iter().partition(is_changed);
        assert_eq!(rest, others);
        it.into_iter().next().map(|row| {
            let form: Form = serde_json::from_str(&row.form).unwrap();
            let seconds = (row.updated_at - at(0).as_microsecond()) / 1_000_000;
            format!("{} {} {} {} {} {}", form.memo, row.intent, row.window_id, row.version, row.state, seconds)
        })
    };
    let row = |memo: &str, key: Uuid, rest: &str| Some(format!("{memo} {key} {rest}"));
    let save =
        async |tx: &mut Tx, form: Form, seconds| drafts::save(tx, ours, DEAL, USER, &form, at(seconds)).await.unwrap();
    let take_over = async |tx: &mut Tx, form: Form, seconds| {
        drafts::take_over(tx, ours, DEAL, USER, &form, at(seconds)).await.unwrap()
    };

    open(&mut tx, ours, &form(second, "b", "", "anew")).await;
    assert_eq!(now(&mut tx).await, row("anew", first, "b 0 opened 0"));
    assert_eq!(save(&mut tx, form(first, "b", "3", "typed"), 7).await, SaveOutcome::Kept);
    assert_eq!(now(&mut tx).await, row("typed", first, "b 3 typed 7"));
    assert_eq!(save(&mut tx, form(third, "b", "4", "of another key"), 8).await, SaveOutcome::Elsewhere);
    assert_eq!(save(&mut tx, form(third, "", "", "without a window"), 9).await, SaveOutcome::Kept);
    assert_eq!(now(&mut tx).await, row("without a window", third, "b 4 typed 9"));
    open(&mut tx, ours, &form(second, "c", "", "anew")).await;
    assert_eq!(now(&mut tx).await, row("without a window", third, "c 0 typed 9"));
    assert_eq!(take_over(&mut tx, form(third, "d", "2", "taken over"), 11).await, SaveOutcome::Kept);
    assert_eq!(now(&mut tx).await, row("taken over", third, "d 2 typed 11"));
    assert_eq!(take_over(&mut tx, form(first, "e", "5", "of another key"), 12).await, SaveOutcome::Elsewhere);
    assert_eq!(take_over(&mut tx, form(third, "d", "1", "older"), 12).await, SaveOutcome::Older);
    assert_eq!(now(&mut tx).await, row("taken over", third, "d 2 typed 11"));
    assert_eq!(take_over(&mut tx, form(third, "e", "1", "by another window"), 13).await, SaveOutcome::Kept);
    assert_eq!(now(&mut tx).await, row("by another window", third, "e 1 typed 13"));
    drafts::discard(&mut tx, ours, DEAL, USER, Some(IntentKey(first))).await.unwrap();
    assert!(now(&mut tx).await.is_some(), "the draft has another key");
    drafts::discard(&mut tx, ours, DEAL, USER, Some(IntentKey(third))).await.unwrap();
    assert_eq!(now(&mut tx).await, None);
}

#[rstest]
#[tokio::test]
async fn a_draft_is_saved_again_if_its_key_made_no_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (ours, theirs) = (tenant(&mut tx, 1).await, tenant(&mut tx, 2).await);
    let key = Uuid::from_u128(1);
    let other = connection(&t, &mut tx, theirs, "2").await;
    invoices::place(&mut tx, theirs, &intent(other, IntentKey(key), 100), at(0)).await.unwrap();
    assert_eq!(
        save(&mut tx, ours, &form(key, "a", "1", "typed")).await,
        SaveOutcome::Kept,
        "the invoice of another company"
    );
    drafts::discard(&mut tx, ours, DEAL, USER, None).await.unwrap();

    let connection = connection(&t, &mut tx, ours, "1").await;
    let wanted = intent(connection, IntentKey(key), 100);
    let owner = Uuid::new_v4();
    invoices::place(&mut tx, ours, &wanted, at(0)).await.unwrap();
    invoices::claim(&mut tx, ours, wanted.id, owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(invoices::mark_refused(&mut tx, ours, wanted.id, owner, &[]).await.unwrap());
    assert_eq!(save(&mut tx, ours, &form(key, "a", "1", "corrected")).await, SaveOutcome::Kept, "it was refused");
    let draft = drafts::find(&mut tx, ours, DEAL, USER).await.unwrap().unwrap();
    assert_eq!(
        (draft.form.memo.as_str(), draft.form.version),
        ("corrected", None),
        "a new draft counts its saves anew"
    );
}

/// PostgreSQL only: SQLite has one writing transaction at a time.
#[tokio::test]
async fn opening_a_form_during_a_save_keeps_the_typed_content() {
    let t = Database::new(Postgres).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let fresh = Form { intent: Some(IntentKey(Uuid::new_v4())), window: "one".into(), ..Form::default() };
    drafts::open(&mut tx, tenant, DEAL, USER, &fresh, Origin::Opened, at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let mut save_tx = t.db.begin().await.unwrap();
    let typed = Form { memo: "typed".into(), version: Some(1), ..fresh.clone() };
    assert_eq!(drafts::save(&mut save_tx, tenant, DEAL, USER, &typed, at(1)).await.unwrap(), SaveOutcome::Kept);
    let db = t.db.clone();
    let open = tokio::spawn(async move {
        let mut tx = db.begin().await.unwrap();
        let again = Form { window: "two".into(), ..fresh };
        let opened = drafts::open(&mut tx, tenant, DEAL, USER, &again, Origin::Opened, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        opened
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    save_tx.commit().await.unwrap();
    let opened = open.await.unwrap();
    assert_eq!((opened.origin, opened.form.memo.as_str()), (Origin::Typed, "typed"));
    let mut tx = t.db.read().await.unwrap();
    let kept = drafts::find(&mut tx, tenant, DEAL, USER).await.unwrap().unwrap();
    assert_eq!((kept.origin, kept.form.memo.as_str()), (Origin::Typed, "typed"));
}

//! What is done to one deal leaves other deals, and those of other companies, as they are.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{DEAL, USER, connection, entry, intent, new_id, snapshot, tenant},
};
use domain::{
    draft::Form,
    ids::{DealId, IntentKey, InvoiceId, TenantId, UserId},
};
use rstest::rstest;
use store::{
    Tx,
    drafts::{self, Origin},
    history::{self, Entry},
    invoices::{self, Intent, Of},
    merges, unreadable,
};
use uuid::Uuid;

const OTHER: DealId = DealId(50);
const LEFT: DealId = DealId(43);

/// An invoice that stands, with an entry in its deal's history, in two deals of one company and in one of another.
async fn three(t: &Database, tx: &mut Tx) -> [(TenantId, DealId, InvoiceId); 3] {
    let (ours, theirs) = (tenant(tx, 1).await, tenant(tx, 2).await);
    let mut made = Vec::new();
    for (tenant, deal, realm, note) in [(ours, DEAL, "1", 5), (ours, OTHER, "1", 6), (theirs, DEAL, "2", 7)] {
        let connection = connection(t, tx, tenant, realm).await;
        let wanted = Intent { deal, ..intent(connection, IntentKey(Uuid::new_v4()), 100) };
        let id = new_id(invoices::place(tx, tenant, &wanted, at(0)).await.unwrap());
        let owner = Uuid::new_v4();
        invoices::lease(tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
        assert!(invoices::issued(tx, tenant, id, owner, &snapshot("0", 10_000), at(1)).await.unwrap());
        let entry = Entry { deal, ..entry(id) };
        history::add(tx, tenant, &entry).await.unwrap();
        history::lease(tx, tenant, entry.id, owner, at(0), at(40)).await.unwrap().unwrap();
        history::written(tx, tenant, entry.id, owner, Some(note)).await.unwrap();
        made.push((tenant, deal, id));
    }
    made.try_into().unwrap()
}

/// The deals of a company in which there are invoices, and those in whose history something is written.
async fn deals(tx: &mut Tx, tenant: TenantId) -> (Vec<i64>, Vec<i64>) {
    let mut of_invoices = Vec::new();
    for deal in [DEAL, LEFT, OTHER] {
        let listed = invoices::list(tx, tenant, Of::Deal(deal)).await.unwrap();
        of_invoices.extend(listed.iter().map(|_| deal.0));
    }
    let written = merges::written_in(tx, tenant, &[5, 6, 7], DealId(0)).await.unwrap();
    let mut of_history: Vec<i64> = written.into_iter().map(|deal| deal.0).collect();
    of_history.sort_unstable();
    (of_invoices, of_history)
}

#[rstest]
#[tokio::test]
async fn a_merge_moves_one_deal(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, ..), _, (theirs, ..)] = three(&t, &mut tx).await;
    let form = |memo: &str| Form { memo: memo.into(), ..Form::default() };
    // In the deal that goes, the first has typed and the second has not; the third has a form there alone.
    let users = [USER, UserId(8), UserId(9)];
    for (tenant, deal, user, origin, memo) in [
        (ours, DEAL, users[0], Origin::Typed, "typed"),
        (ours, DEAL, users[1], Origin::Opened, "opened"),
        (ours, DEAL, users[2], Origin::Opened, "alone"),
        (ours, LEFT, users[0], Origin::Opened, "gives way"),
        (ours, LEFT, users[1], Origin::Opened, "stays"),
        (ours, OTHER, users[0], Origin::Opened, "elsewhere"),
        (theirs, DEAL, users[0], Origin::Typed, "theirs"),
        (theirs, LEFT, users[0], Origin::Opened, "theirs too"),
    ] {
        drafts::open(&mut tx, tenant, deal, user, &form(memo), origin, at(0)).await.unwrap();
    }
    assert_eq!(merges::follow(&mut tx, ours, DEAL, LEFT).await.unwrap(), 1);
    assert_eq!(deals(&mut tx, ours).await, (vec![LEFT.0, OTHER.0], vec![LEFT.0, OTHER.0]));
    assert_eq!(deals(&mut tx, theirs).await, (vec![DEAL.0], vec![DEAL.0]));
    let memo = async |tx: &mut Tx, tenant, deal, user| {
        drafts::find(tx, tenant, deal, user).await.unwrap().map(|draft| draft.form.memo).unwrap_or_default()
    };
    for (tenant, deal, user, expected) in [
        (ours, LEFT, users[0], "typed"),
        (ours, LEFT, users[1], "stays"),
        (ours, LEFT, users[2], "alone"),
        (ours, OTHER, users[0], "elsewhere"),
        (ours, DEAL, users[0], ""),
        (theirs, DEAL, users[0], "theirs"),
        (theirs, LEFT, users[0], "theirs too"),
    ] {
        assert_eq!(memo(&mut tx, tenant, deal, user).await, expected, "{deal:?} {user:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_party_takes_the_invoices_of_one_deal(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, ..), _, (theirs, ..)] = three(&t, &mut tx).await;
    merges::belongs(&mut tx, ours, DEAL, (Some(2), Some(3))).await.unwrap();
    let parties = async |tx: &mut Tx, tenant| {
        let mut found = merges::parties(tx, tenant, &[DEAL.0, OTHER.0]).await.unwrap();
        found.sort_unstable_by_key(|(deal, _)| deal.0);
        found
    };
    assert_eq!(parties(&mut tx, ours).await, [(DEAL, (Some(2), Some(3))), (OTHER, (Some(1), None))]);
    assert_eq!(parties(&mut tx, theirs).await, [(DEAL, (Some(1), None))]);
}

/// `unreadable::mark`
#[rstest]
#[tokio::test]
async fn one_invoice_is_marked_as_unreadable(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, _, first), (_, _, second), (theirs, _, third)] = three(&t, &mut tx).await;
    unreadable::mark(&mut tx, theirs, first, at(5)).await.unwrap();
    unreadable::mark(&mut tx, ours, first, at(5)).await.unwrap();
    unreadable::mark(&mut tx, ours, first, at(6)).await.unwrap();
    let connection = invoices::find(&mut tx, ours, first).await.unwrap().unwrap().connection;
    let queued = intent(connection, IntentKey(Uuid::new_v4()), 100);
    let queued = new_id(invoices::place(&mut tx, ours, &queued, at(0)).await.unwrap());
    unreadable::mark(&mut tx, ours, queued, at(5)).await.unwrap();
    for (tenant, id, expected) in [
        (ours, first, (Some(at(5)), Some(at(6)))),
        (ours, second, (None, Some(at(1)))),
        (theirs, third, (None, Some(at(1)))),
        (ours, queued, (None, None)),
    ] {
        let invoice = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
        assert_eq!((invoice.unreadable_since, invoice.read_at), expected);
    }
}

//! Changes to one deal do not affect other deals, or deals of other companies.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{DEAL, USER, connection, customer, entry, intent, new_id, profile, snapshot, tenant, tokens},
};
use domain::{
    form::Form,
    ids::{ActionId, DealId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::InvoiceAction,
    operation::Phase,
    settings::Settings,
};
use jiff::civil::date;
use rstest::rstest;
use secrecy::ExposeSecret;
use std::collections::HashSet;
use store::{
    Tx, audit, changes,
    drafts::{self, Origin},
    grants,
    history::{self, Entry},
    invoice_actions::{self, ActionRequest},
    invoices::{self, Intent, InvoiceScope},
    leases, links, merges, quickbooks, settings, tenants, unreadable,
};
use uuid::Uuid;

const OTHER: DealId = DealId(50);
const REMAINING: DealId = DealId(43);

/// Creates an issued invoice with a written history entry in two deals of one company, and in one deal of another company.
async fn create_three(t: &Database, tx: &mut Tx) -> [(TenantId, DealId, InvoiceId); 3] {
    let (ours, theirs) = (tenant(tx, 1).await, tenant(tx, 2).await);
    let mut created = Vec::new();
    for (tenant, deal, realm, note) in [(ours, DEAL, "1", 5), (ours, OTHER, "1", 6), (theirs, DEAL, "2", 7)] {
        let connection = connection(t, tx, tenant, realm).await;
        let wanted = Intent { deal, ..intent(connection, IntentKey(Uuid::new_v4()), 100) };
        let id = new_id(invoices::place(tx, tenant, &wanted, at(0)).await.unwrap());
        let owner = Uuid::new_v4();
        invoices::claim(tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
        assert!(invoices::mark_issued(tx, tenant, id, owner, &snapshot("0", 10_000), at(1)).await.unwrap());
        let entry = Entry { deal, ..entry(id) };
        history::add(tx, tenant, &entry).await.unwrap();
        history::claim(tx, tenant, entry.id, owner, at(0), at(40)).await.unwrap().unwrap();
        history::mark_written(tx, tenant, entry.id, owner, Some(note)).await.unwrap();
        created.push((tenant, deal, id));
    }
    created.try_into().unwrap()
}

/// Lists the deals of a company that have invoices, and those that have notes.
async fn list_deals(tx: &mut Tx, tenant: TenantId) -> (Vec<i64>, Vec<i64>) {
    let mut of_invoices = Vec::new();
    for deal in [DEAL, REMAINING, OTHER] {
        let listed = invoices::list(tx, tenant, InvoiceScope::Deal(deal)).await.unwrap();
        of_invoices.extend(listed.iter().map(|_| deal.0));
    }
    let written = merges::list_deals_of_notes(tx, tenant, &[5, 6, 7], DealId(0)).await.unwrap();
    let mut of_history: Vec<i64> = written.into_iter().map(|deal| deal.0).collect();
    of_history.sort_unstable();
    (of_invoices, of_history)
}

#[rstest]
#[tokio::test]
async fn a_merge_moves_one_deal(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, ..), _, (theirs, ..)] = create_three(&t, &mut tx).await;
    let form = |memo: &str| Form { memo: memo.into(), ..Form::default() };
    // In the merged deal, the first user has typed, the second has not. The third user has a draft of the merged deal only.
    let users = [USER, UserId(8), UserId(9)];
    for (tenant, deal, user, origin, memo) in [
        (ours, DEAL, users[0], Origin::Typed, "typed"),
        (ours, DEAL, users[1], Origin::Opened, "opened"),
        (ours, DEAL, users[2], Origin::Opened, "alone"),
        (ours, REMAINING, users[0], Origin::Opened, "replaced"),
        (ours, REMAINING, users[1], Origin::Opened, "stays"),
        (ours, OTHER, users[0], Origin::Opened, "elsewhere"),
        (theirs, DEAL, users[0], Origin::Typed, "theirs"),
        (theirs, REMAINING, users[0], Origin::Opened, "theirs too"),
    ] {
        drafts::open(&mut tx, tenant, deal, user, &form(memo), origin, at(0)).await.unwrap();
    }
    assert_eq!(merges::move_deal(&mut tx, ours, DEAL, REMAINING).await.unwrap(), 1);
    assert_eq!(list_deals(&mut tx, ours).await, (vec![REMAINING.0, OTHER.0], vec![REMAINING.0, OTHER.0]));
    assert_eq!(list_deals(&mut tx, theirs).await, (vec![DEAL.0], vec![DEAL.0]));
    let memo = async |tx: &mut Tx, tenant, deal, user| {
        drafts::find(tx, tenant, deal, user).await.unwrap().map(|draft| draft.form.memo).unwrap_or_default()
    };
    for (tenant, deal, user, expected) in [
        (ours, REMAINING, users[0], "typed"),
        (ours, REMAINING, users[1], "stays"),
        (ours, REMAINING, users[2], "alone"),
        (ours, OTHER, users[0], "elsewhere"),
        (ours, DEAL, users[0], ""),
        (theirs, DEAL, users[0], "theirs"),
        (theirs, REMAINING, users[0], "theirs too"),
    ] {
        assert_eq!(memo(&mut tx, tenant, deal, user).await, expected, "{deal:?} {user:?}");
    }
}

#[rstest]
#[tokio::test]
async fn set_parties_changes_the_invoices_of_one_deal(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, ..), _, (theirs, ..)] = create_three(&t, &mut tx).await;
    merges::set_parties(&mut tx, ours, DEAL, (Some(2), Some(3))).await.unwrap();
    let parties = async |tx: &mut Tx, tenant| {
        let mut found = merges::list_parties(tx, tenant, &[DEAL.0, OTHER.0]).await.unwrap();
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
    let [(ours, _, first), (_, _, second), (theirs, _, third)] = create_three(&t, &mut tx).await;
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

#[rstest]
#[tokio::test]
async fn queries_return_rows_of_their_own_company_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, _, first), (_, _, second), (theirs, _, third)] = create_three(&t, &mut tx).await;
    let of = async |tx: &mut Tx, tenant, id| invoices::find(tx, tenant, id).await.unwrap().unwrap().connection;
    let (one, other) = (of(&mut tx, ours, first).await, of(&mut tx, theirs, third).await);
    let new = connection(&t, &mut tx, ours, "3").await;

    assert!(history::is_ours(&mut tx, ours, 5).await.unwrap());
    assert!(!history::is_ours(&mut tx, theirs, 5).await.unwrap());
    assert!(merges::has_invoices_in_other_deals(&mut tx, ours, DEAL, Some(1), None).await.unwrap());
    assert!(!merges::has_invoices_in_other_deals(&mut tx, theirs, DEAL, Some(1), None).await.unwrap());
    let unread = async |tx: &mut Tx, tenant, connection| {
        let found = invoices::list_not_read_within(tx, tenant, connection, at(100)..=at(200), "", 5).await.unwrap();
        found.into_iter().map(|invoice| invoice.id).collect::<HashSet<_>>()
    };
    assert_eq!(unread(&mut tx, ours, one).await, HashSet::from([first, second]));
    assert_eq!(unread(&mut tx, theirs, other).await, HashSet::from([third]));
    for (tenant, connection) in [(theirs, one), (ours, other), (ours, new)] {
        assert!(unread(&mut tx, tenant, connection).await.is_empty());
        assert!(!changes::has_open(&mut tx, tenant, connection).await.unwrap());
        assert!(invoices::find_by_quickbooks_id(&mut tx, tenant, connection, "130").await.unwrap().is_none());
    }
    assert!(changes::has_open(&mut tx, ours, one).await.unwrap());
    assert!(invoices::find_by_quickbooks_id(&mut tx, ours, one, "130").await.unwrap().is_some());

    let queued = intent(new, IntentKey(Uuid::new_v4()), 100);
    invoices::place(&mut tx, ours, &queued, at(0)).await.unwrap();
    assert!(!changes::has_open(&mut tx, ours, new).await.unwrap(), "the invoice is not issued yet");
    assert!(unread(&mut tx, ours, new).await.is_empty());
    invoices::update_snapshot(&mut tx, ours, second, &snapshot("1", 0), at(2), at(2)).await.unwrap();
    let due = history::list_overdue(&mut tx, date(2026, 4, 1), None, 9).await.unwrap();
    let due: HashSet<_> = due.into_iter().map(|unpaid| (unpaid.tenant, unpaid.invoice)).collect();
    assert_eq!(due, HashSet::from([(ours, first), (theirs, third)]), "paid and unissued invoices are not overdue");
}

#[rstest]
#[tokio::test]
async fn recent_acts_are_listed_for_one_company(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, _, first), (_, _, second), (theirs, _, third)] = create_three(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    let mut requested = Vec::new();
    for (tenant, invoice) in [(ours, first), (ours, second), (theirs, third)] {
        let id = ActionId(Uuid::new_v4());
        let (seen, recipient) = (String::new(), String::new());
        let request = ActionRequest { id, invoice, action: InvoiceAction::Send, seen, recipient, by: USER };
        assert!(invoice_actions::request(&mut tx, tenant, &request, at(0)).await.unwrap());
        requested.push(id);
    }
    let recent = async |tx: &mut Tx, tenant, since| {
        let found = invoice_actions::list_recent(tx, tenant, at(since)).await.unwrap();
        found.into_iter().map(|action| action.request.id).collect::<HashSet<_>>()
    };
    invoice_actions::claim(&mut tx, ours, requested[0], owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(invoice_actions::finish(&mut tx, ours, requested[0], owner, None).await.unwrap());
    assert_eq!(recent(&mut tx, ours, 0).await, HashSet::from([requested[0], requested[1]]));
    assert_eq!(recent(&mut tx, ours, 1).await, HashSet::from([requested[1]]), "an unfinished act is listed at any age");
    assert_eq!(recent(&mut tx, theirs, 0).await, HashSet::from([requested[2]]));

    // The phase of each action depends on its own lease: released, or expired.
    for id in &requested[1..] {
        let tenant = if *id == requested[2] { theirs } else { ours };
        invoice_actions::claim(&mut tx, tenant, *id, owner, at(0), at(10)).await.unwrap().unwrap();
        assert!(leases::mark_sending(&mut tx, tenant, *id, owner, at(1)).await.unwrap());
    }
    leases::postpone(&mut tx, ours, requested[1], owner, at(2)).await.unwrap();
    let (_, released) =
        invoice_actions::claim(&mut tx, ours, requested[1], owner, at(20), at(30)).await.unwrap().unwrap();
    let (_, lost) =
        invoice_actions::claim(&mut tx, theirs, requested[2], owner, at(20), at(30)).await.unwrap().unwrap();
    assert_eq!((released, lost), (Phase::Sending, Phase::Lost));
}

#[rstest]
#[tokio::test]
async fn links_belong_to_one_connection_and_the_last_one_wins(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, _, first), (_, _, second), _] = create_three(&t, &mut tx).await;
    let one = invoices::find(&mut tx, ours, first).await.unwrap().unwrap().connection;
    let new = connection(&t, &mut tx, ours, "3").await;
    let party = links::Party::Organization(1);
    for id in ["58", "61"] {
        let linked = links::LinkedCustomer { id: id.into(), name: format!("Customer {id}") };
        links::link_customer(&mut tx, ours, one, party, &linked).await.unwrap();
        assert_eq!(links::find_customer(&mut tx, ours, one, party).await.unwrap(), Some(linked));
        links::link_item(&mut tx, ours, one, 5, id).await.unwrap();
        assert_eq!(links::list_items(&mut tx, ours, one).await.unwrap(), [(5, id.to_owned())]);
    }
    assert_eq!(links::find_customer(&mut tx, ours, new, party).await.unwrap(), None);
    assert!(links::list_items(&mut tx, ours, new).await.unwrap().is_empty());

    audit::record(&mut tx, ours, Some(USER), "invoice voided", Some(first), &serde_json::json!({}), at(0))
        .await
        .unwrap();
    assert_eq!(audit::list_actions_of_invoice(&mut tx, ours, first).await.unwrap(), ["invoice voided"]);
    assert!(audit::list_actions_of_invoice(&mut tx, ours, second).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn purging_a_company_deletes_nothing_of_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let [(ours, ..), _, (theirs, _, third)] = create_three(&t, &mut tx).await;
    for tenant in [ours, theirs] {
        let connection = quickbooks::find_current(&mut tx, &t.vault, tenant).await.unwrap().unwrap().id;
        settings::save(&mut tx, tenant, &Settings::default(), USER, at(0)).await.unwrap();
        links::link_item(&mut tx, tenant, connection, 5, "10").await.unwrap();
        links::link_customer(&mut tx, tenant, connection, links::Party::Person(3), &customer("58")).await.unwrap();
        drafts::save(&mut tx, tenant, DEAL, USER, &Form::default(), at(0)).await.unwrap();
        for user in [USER, UserId(8)] {
            grants::install(&mut tx, &t.vault, tenant, user, &profile(), "https://a", &tokens("old"), at(0))
                .await
                .unwrap();
        }
        tenants::watch_won_deals(&mut tx, tenant, Some(at(10))).await.unwrap();
    }
    // Refreshing the tokens of one user does not change those of a colleague or of another company.
    assert!(grants::claim_refresh(&mut tx, ours, USER, at(0), at(40)).await.unwrap());
    grants::store_refreshed(&mut tx, &t.vault, ours, USER, at(3600), "https://b", &tokens("new")).await.unwrap();
    grants::set_profile(&mut tx, ours, USER, &grants::Profile { name: "Bia".into(), ..profile() }, at(5))
        .await
        .unwrap();
    for (tenant, user) in [(ours, UserId(8)), (theirs, USER)] {
        let grant = grants::find(&mut tx, &t.vault, tenant, user).await.unwrap().unwrap();
        assert_eq!((grant.tokens.refresh.expose_secret(), grant.api_domain.as_str()), ("old-refresh", "https://a"));
        assert_eq!(grant.profile, profile());
        assert!(
            grants::claim_refresh(&mut tx, tenant, user, at(1), at(41)).await.unwrap(),
            "the lease of another user"
        );
    }

    tenants::uninstall(&mut tx, ours, at(20)).await.unwrap();
    assert!(!tenants::purge(&mut tx, theirs).await.unwrap(), "the company is installed");
    assert!(tenants::is_installed(&mut tx, theirs).await.unwrap());
    assert!(!tenants::is_installed(&mut tx, ours).await.unwrap());
    assert_eq!(tenants::list_uninstalled(&mut tx, at(30), 5).await.unwrap(), [ours]);
    assert!(tenants::purge(&mut tx, ours).await.unwrap());
    let connection = quickbooks::find_current(&mut tx, &t.vault, theirs).await.unwrap().unwrap().id;
    assert_eq!(settings::find(&mut tx, theirs).await.unwrap(), Some(Settings::default()));
    assert_eq!(links::list_items(&mut tx, theirs, connection).await.unwrap(), [(5, "10".to_owned())]);
    let party = links::Party::Person(3);
    assert_eq!(links::find_customer(&mut tx, theirs, connection, party).await.unwrap(), Some(customer("58")));
    assert!(drafts::find(&mut tx, theirs, DEAL, USER).await.unwrap().is_some());
    assert!(invoices::find(&mut tx, theirs, third).await.unwrap().is_some());
    assert!(history::is_ours(&mut tx, theirs, 7).await.unwrap());
    assert!(grants::find(&mut tx, &t.vault, theirs, USER).await.unwrap().is_some());
    assert!(settings::find(&mut tx, ours).await.unwrap().is_none());
}

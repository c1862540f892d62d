//! Tests of actions, syncs, history entries, adoption, won deals and companies.

use crate::database::{
    Backend::{self, Postgres, Sqlite},
    Database, at,
};
use crate::fixtures::{
    DEAL, USER, connection, entry, intent, issued, new_id, profile, queued, snapshot, tenant, tokens,
};
use domain::{
    ids::{ActionId, EntryId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::{InvoiceAction, Snapshot, Status},
    operation::Phase,
};
use jiff::{SignedDuration, civil::date};
use rstest::rstest;
use secrecy::ExposeSecret;
use store::{
    Tx,
    changes::{self, ChangeSource, Overdue, Pace},
    grants, history,
    invoice_actions::{self, ActionRequest, Reason},
    invoices::{self, Intent, InvoiceScope},
    leases, quickbooks, tenants, unreadable,
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn an_invoice_has_one_unfinished_action(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, invoice) = issued(&t, &mut tx).await;
    let request = |action| ActionRequest {
        id: ActionId(Uuid::new_v4()),
        invoice,
        action,
        seen: snapshot("0", 10_000).state_text(),
        recipient: String::new(),
        by: USER,
    };
    let first = request(InvoiceAction::Void);
    assert!(invoice_actions::request(&mut tx, tenant, &first, at(0)).await.unwrap());
    assert!(!invoice_actions::request(&mut tx, tenant, &request(InvoiceAction::Delete), at(0)).await.unwrap());
    assert_eq!(leases::claim_abandoned::<ActionId>(&mut tx, at(6), at(6), at(40)).await.unwrap(), [(tenant, first.id)]);
    let (former, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoice_actions::claim(&mut tx, tenant, first.id, former, at(0), at(10)).await.unwrap().is_some());
    assert!(invoice_actions::claim(&mut tx, tenant, first.id, other, at(5), at(15)).await.unwrap().is_none());
    assert!(leases::extend(&mut tx, tenant, first.id, former, at(5), at(12)).await.unwrap());
    assert!(leases::mark_sending(&mut tx, tenant, first.id, former, at(5)).await.unwrap());
    let (claimed, phase) =
        invoice_actions::claim(&mut tx, tenant, first.id, other, at(20), at(30)).await.unwrap().unwrap();
    assert_eq!((claimed.state, phase, claimed.attempts), (invoice_actions::State::Sending, Phase::Lost, 2));
    assert!(!leases::extend(&mut tx, tenant, first.id, former, at(21), at(31)).await.unwrap());
    leases::postpone(&mut tx, tenant, first.id, former, at(99)).await.unwrap();
    assert!(invoice_actions::finish(&mut tx, tenant, first.id, other, Some(&Reason::Changed)).await.unwrap());
    assert!(!invoice_actions::finish(&mut tx, tenant, first.id, former, None).await.unwrap());
    assert!(invoice_actions::request(&mut tx, tenant, &request(InvoiceAction::Delete), at(40)).await.unwrap());
    let refused = invoice_actions::find(&mut tx, tenant, first.id).await.unwrap().unwrap();
    assert_eq!(refused.state, invoice_actions::State::Refused(Reason::Changed));
    let recent = invoice_actions::list_recent(&mut tx, tenant, at(900)).await.unwrap();
    assert_eq!(recent.iter().map(|action| action.request.action).collect::<Vec<_>>(), [InvoiceAction::Delete]);
    assert!(invoice_actions::find(&mut tx, TenantId(Uuid::new_v4()), first.id).await.unwrap().is_none());
}

/// The bounds of overdue companies: a polling interval, and a time of marks, both in seconds.
fn overdue(interval: i64, marked: i64) -> Overdue {
    Overdue { interval: SignedDuration::from_secs(interval), marked: at(marked) }
}

#[rstest]
#[tokio::test]
async fn a_change_during_a_sync_causes_another_sync(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, _) = issued(&t, &mut tx).await;
    assert_eq!(
        changes::claim_overdue(&mut tx, &overdue(5, 0), at(1), at(9), 10).await.unwrap(),
        [(tenant, connection)]
    );
    assert!(
        changes::claim_overdue(&mut tx, &overdue(5, 0), at(8), at(9), 10).await.unwrap().is_empty(),
        "a sweep has claimed it"
    );
    assert_eq!(
        changes::claim_overdue(&mut tx, &overdue(5, 0), at(9), at(19), 10).await.unwrap(),
        [(tenant, connection)]
    );
    assert!(changes::mark_changed(&mut tx, tenant, connection, ChangeSource::Webhook, at(2)).await.unwrap());
    assert_eq!(changes::claim(&mut tx, tenant, connection, at(3), at(43)).await.unwrap().unwrap().until, None);
    assert!(changes::claim(&mut tx, tenant, connection, at(4), at(44)).await.unwrap().is_none());
    // Several marks cause one sync.
    assert!(!changes::mark_changed(&mut tx, tenant, connection, ChangeSource::PageView, at(5)).await.unwrap());
    assert!(changes::mark_synced(&mut tx, tenant, connection, at(3), &Pace::default()).await.unwrap());
    let known = changes::claim(&mut tx, tenant, connection, at(6), at(46)).await.unwrap().unwrap();
    assert_eq!((known.until, known.webhook_at), (Some(at(3)), Some(at(2))), "a page view does not count as a webhook");
    changes::record_failure(&mut tx, tenant, connection, at(7), at(8)).await.unwrap();
    changes::record_failure(&mut tx, tenant, connection, at(9), at(10)).await.unwrap();
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().failing_since, Some(at(7)));
    assert!(!changes::mark_synced(&mut tx, tenant, connection, at(10), &Pace::default()).await.unwrap());
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().failing_since, None);
    assert!(changes::claim_overdue(&mut tx, &overdue(41, 49), at(50), at(50), 10).await.unwrap().is_empty());
    assert!(changes::mark_changed(&mut tx, tenant, connection, ChangeSource::Webhook, at(20)).await.unwrap());
    assert_eq!(
        changes::claim_overdue(&mut tx, &overdue(41, 49), at(50), at(50), 10).await.unwrap(),
        [(tenant, connection)]
    );
}

#[rstest]
#[tokio::test]
async fn each_company_is_swept_at_its_own_pace(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    assert!(changes::has_open(&mut tx, tenant, connection).await.unwrap());
    assert!(!changes::has_open(&mut tx, TenantId(Uuid::new_v4()), connection).await.unwrap());
    let pace = Pace { steps: 12, confirmed_at: Some(at(8)), missed_at: Some(at(4)), active_at: Some(at(9)) };
    changes::mark_synced(&mut tx, tenant, connection, at(10), &pace).await.unwrap();
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().pace, pace);
    let overdue = overdue(5, 0);
    assert!(changes::claim_overdue(&mut tx, &overdue, at(70), at(70), 10).await.unwrap().is_empty());
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(71), at(0), 10).await.unwrap(), [(tenant, connection)]);
    // After a write, a webhook is expected.
    changes::expect_webhook(&mut tx, tenant, connection).await.unwrap();
    assert!(changes::claim_overdue(&mut tx, &overdue, at(15), at(15), 10).await.unwrap().is_empty());
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(16), at(0), 10).await.unwrap(), [(tenant, connection)]);
    invoices::update_snapshot(&mut tx, tenant, invoice, &snapshot("1", 0), at(11), at(11)).await.unwrap();
    assert!(!changes::has_open(&mut tx, tenant, connection).await.unwrap(), "all invoices are paid");
    invoices::update_snapshot(&mut tx, tenant, invoice, &snapshot("2", 10_000), at(12), at(12)).await.unwrap();
    assert!(changes::has_open(&mut tx, tenant, connection).await.unwrap());
    let deleted = Snapshot { deleted: true, ..snapshot("3", 10_000) };
    invoices::update_snapshot(&mut tx, tenant, invoice, &deleted, at(13), at(13)).await.unwrap();
    assert!(!changes::has_open(&mut tx, tenant, connection).await.unwrap(), "a deleted invoice has no balance to pay");
    // After a failure, the lease delays the next sync.
    changes::record_failure(&mut tx, tenant, connection, at(30), at(60)).await.unwrap();
    assert!(changes::claim_overdue(&mut tx, &overdue, at(59), at(59), 10).await.unwrap().is_empty());
    assert!(changes::claim(&mut tx, tenant, connection, at(59), at(99)).await.unwrap().is_none());
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(60), at(60), 10).await.unwrap(), [(tenant, connection)]);
}

/// `changes::expect_changes`
#[rstest]
#[tokio::test]
async fn after_an_outage_every_company_is_due_after_one_interval(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, _) = issued(&t, &mut tx).await;
    let weekly = Pace { steps: 2016, ..Pace::default() };
    changes::mark_synced(&mut tx, tenant, connection, at(10), &weekly).await.unwrap();
    assert!(changes::claim_overdue(&mut tx, &overdue(5, 0), at(1000), at(1000), 10).await.unwrap().is_empty());
    changes::expect_changes(&mut tx).await.unwrap();
    assert_eq!(
        changes::claim_overdue(&mut tx, &overdue(5, 0), at(1000), at(0), 10).await.unwrap(),
        [(tenant, connection)]
    );
}

#[rstest]
#[tokio::test]
async fn refused_reads_prevent_syncs_longer_than_a_lease(#[values(Sqlite, Postgres)] backend: Backend) {
    const HOURS: i64 = 3600;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, _) = issued(&t, &mut tx).await;
    assert!(changes::mark_changed(&mut tx, tenant, connection, ChangeSource::Webhook, at(1)).await.unwrap());
    assert!(changes::claim(&mut tx, tenant, connection, at(2), at(62)).await.unwrap().is_some());
    changes::release(&mut tx, tenant, connection).await.unwrap();
    assert!(
        changes::claim(&mut tx, tenant, connection, at(3), at(63)).await.unwrap().is_some(),
        "the lease was released"
    );
    changes::mark_refused(&mut tx, tenant, connection, at(6 * HOURS)).await.unwrap();
    let overdue = overdue(5, 100);
    assert!(changes::claim_overdue(&mut tx, &overdue, at(5 * HOURS), at(5 * HOURS), 10).await.unwrap().is_empty());
    assert!(changes::claim(&mut tx, tenant, connection, at(5 * HOURS), at(5 * HOURS + 60)).await.unwrap().is_none());
    let known = changes::find(&mut tx, tenant, connection).await.unwrap().unwrap();
    assert_eq!((known.refused_until, known.failing_since), (Some(at(6 * HOURS)), None));
    // A company that was marked meanwhile is due then.
    assert_eq!(
        changes::claim_overdue(&mut tx, &overdue, at(6 * HOURS), at(9), 10).await.unwrap(),
        [(tenant, connection)]
    );
    assert!(changes::claim(&mut tx, tenant, connection, at(6 * HOURS), at(6 * HOURS + 60)).await.unwrap().is_some());
    changes::mark_synced(&mut tx, tenant, connection, at(6 * HOURS), &Pace::default()).await.unwrap();
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().refused_until, None);
}

/// PostgreSQL only: on SQLite one process runs one sweep.
#[tokio::test]
async fn concurrent_sweeps_claim_different_companies() {
    let t = Database::new(Postgres).await;
    let mut tx = t.db.begin().await.unwrap();
    for company in 1..=3 {
        let tenant = tenant(&mut tx, company).await;
        connection(&t, &mut tx, tenant, &company.to_string()).await;
    }
    tx.commit().await.unwrap();
    let (mut one, mut other) = (t.db.begin().await.unwrap(), t.db.begin().await.unwrap());
    let first = changes::claim_overdue(&mut one, &overdue(5, 0), at(1), at(9), 2).await.unwrap();
    let second = changes::claim_overdue(&mut other, &overdue(5, 0), at(1), at(9), 2).await.unwrap();
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(first.iter().all(|company| !second.contains(company)));
}

#[rstest]
#[tokio::test]
async fn a_status_is_announced_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    let due = date(2026, 3, 20);
    let list_overdue = async |tx: &mut Tx, before| -> Vec<_> {
        let unpaid = history::list_overdue(tx, before, None, 10).await.unwrap();
        unpaid.into_iter().map(|unpaid| (unpaid.tenant, unpaid.invoice)).collect()
    };
    assert!(list_overdue(&mut tx, due).await.is_empty());
    assert_eq!(list_overdue(&mut tx, date(2026, 3, 21)).await, [(tenant, invoice)]);
    assert!(history::set_announced_status(&mut tx, tenant, invoice, Status::Overdue).await.unwrap());
    assert!(!history::set_announced_status(&mut tx, tenant, invoice, Status::Overdue).await.unwrap());
    assert!(list_overdue(&mut tx, date(2026, 3, 21)).await.is_empty());
    assert_eq!(invoices::find_by_quickbooks_id(&mut tx, tenant, connection, "130").await.unwrap().unwrap().id, invoice);
    assert!(invoices::find_by_quickbooks_id(&mut tx, tenant, connection, "131").await.unwrap().is_none());

    let entry = entry(invoice);
    history::add(&mut tx, tenant, &entry).await.unwrap();
    let owner = Uuid::new_v4();
    assert_eq!(leases::claim_abandoned::<EntryId>(&mut tx, at(6), at(6), at(40)).await.unwrap(), [(tenant, entry.id)]);
    let (read, phase, attempts) =
        history::claim(&mut tx, tenant, entry.id, owner, at(0), at(40)).await.unwrap().unwrap();
    assert_eq!((read.snapshot, phase, attempts), (entry.snapshot, Phase::Queued, 1));
    assert!(history::claim(&mut tx, tenant, entry.id, owner, at(1), at(41)).await.unwrap().is_none());
    assert!(leases::mark_sending(&mut tx, tenant, entry.id, owner, at(2)).await.unwrap());
    leases::postpone(&mut tx, tenant, entry.id, owner, at(50)).await.unwrap();
    let (_, phase, _) = history::claim(&mut tx, tenant, entry.id, owner, at(50), at(90)).await.unwrap().unwrap();
    assert_eq!(phase, Phase::Sending);
    let (_, phase, _) = history::claim(&mut tx, tenant, entry.id, owner, at(91), at(131)).await.unwrap().unwrap();
    assert_eq!(phase, Phase::Lost, "the lease ran out");
    assert!(!history::is_ours(&mut tx, tenant, 5).await.unwrap());
    history::mark_written(&mut tx, tenant, entry.id, owner, Some(5)).await.unwrap();
    assert!(history::is_ours(&mut tx, tenant, 5).await.unwrap());
    assert!(history::claim(&mut tx, tenant, entry.id, owner, at(99), at(100)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn an_invoice_without_a_row_is_adopted_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, queued) = queued(&t, &mut tx).await;
    let known = invoices::find(&mut tx, tenant, queued).await.unwrap().unwrap();
    let (key, issued) = (IntentKey(Uuid::new_v4()), snapshot("3", 4_000));
    let (lost, paid) = (intent(connection, key, 100), Status::PartiallyPaid);
    let of_queued = Intent { key: known.intent, ..lost.clone() };
    assert!(!invoices::adopt(&mut tx, tenant, &of_queued, at(1), &issued, Some(paid), at(9)).await.unwrap());
    assert!(invoices::adopt(&mut tx, tenant, &lost, at(1), &issued, Some(paid), at(9)).await.unwrap());
    assert!(!invoices::adopt(&mut tx, tenant, &lost, at(1), &issued, Some(paid), at(9)).await.unwrap());
    let list = invoices::list(&mut tx, tenant, InvoiceScope::Deal(DEAL)).await.unwrap();
    let [adopted, other] = &list[..] else { panic!("{list:?}") };
    assert_eq!((other.id, &other.state), (queued, &invoices::State::Queued));
    assert_eq!((adopted.intent, &adopted.state, adopted.created_at), (key, &invoices::State::Issued(issued), at(1)));
    assert!(!history::set_announced_status(&mut tx, tenant, adopted.id, paid).await.unwrap(), "the badge was adopted");
    let due = at(9_999);
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, due, due, at(10_030)).await.unwrap(), [(tenant, queued)]);
}

#[rstest]
#[tokio::test]
async fn administrators_are_listed_first(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let plain = grants::Profile { is_admin: false, ..profile() };
    for (user, profile) in [(UserId(3), plain), (USER, profile())] {
        grants::install(&mut tx, &t.vault, tenant, user, &profile, "https://a", &tokens("x"), at(0)).await.unwrap();
    }
    let users: Vec<UserId> =
        grants::list_users(&mut tx, tenant).await.unwrap().into_iter().map(|(user, _)| user).collect();
    assert_eq!(users, [USER, UserId(3)]);
}

#[rstest]
#[tokio::test]
async fn an_announcement_reaches_subscribers(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut announcements = t.db.subscribe_to_announcements();
    let forwarder = tokio::spawn({
        let db = t.db.clone();
        async move { db.forward_announcements().await }
    });
    let tenant = TenantId(Uuid::new_v4());
    // The forwarder may not listen yet, so the announcement is repeated.
    let first = loop {
        t.db.announce(tenant).await;
        if let Ok(first) = tokio::time::timeout(std::time::Duration::from_millis(200), announcements.recv()).await {
            break first.unwrap();
        }
    };
    assert_eq!(first, tenant);
    let mut outcomes = t.db.subscribe_to_outcomes();
    let operation = Uuid::new_v4();
    t.db.announce_outcome(tenant, operation).await;
    assert_eq!(outcomes.recv().await.unwrap(), operation);
    // Pages show the outcome as a change.
    while announcements.len() > 1 {
        announcements.recv().await.unwrap();
    }
    assert_eq!(announcements.recv().await.unwrap(), tenant);
    forwarder.abort();
}

#[rstest]
#[tokio::test]
async fn a_company_is_deleted_after_its_grace_period(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    quickbooks::disconnect(&mut tx, &t.vault, tenant, connection).await.unwrap();
    let ended = quickbooks::find(&mut tx, &t.vault, tenant, connection).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.tokens.refresh.expose_secret()), (quickbooks::State::Disconnected, ""));
    assert!(!tenants::purge(&mut tx, tenant).await.unwrap(), "the company is installed");
    tenants::uninstall(&mut tx, tenant, at(10)).await.unwrap();
    assert!(tenants::list_uninstalled(&mut tx, at(10), 5).await.unwrap().is_empty());
    assert_eq!(tenants::list_uninstalled(&mut tx, at(11), 5).await.unwrap(), [tenant]);
    assert!(tenants::purge(&mut tx, tenant).await.unwrap());
    assert!(tenants::find(&mut tx, tenant).await.unwrap().is_none());
    assert!(invoices::find(&mut tx, tenant, invoice).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn won_deals_are_swept_by_one_replica_from_the_cursor_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let claim = async |tx: &mut Tx, now: i64| {
        tenants::claim_won_sweep(tx, at(now - 100), at(now), at(now + 600))
            .await
            .unwrap()
            .map(|won| (won.until, won.failures))
    };
    assert_eq!(claim(&mut tx, 200).await, None);
    tenants::watch_won_deals(&mut tx, tenant, Some(at(10))).await.unwrap();
    tenants::watch_won_deals(&mut tx, tenant, Some(at(50))).await.unwrap();
    assert_eq!(claim(&mut tx, 200).await, Some((at(10), 0)));
    assert_eq!(claim(&mut tx, 799).await, None, "another replica has the lease");
    assert_eq!(claim(&mut tx, 800).await, Some((at(10), 0)), "the cursor has not moved");
    let sweep = tenants::WonSweep { tenant, until: at(10), failures: 0 };
    tenants::postpone_won_sweep(&mut tx, &sweep, at(860)).await.unwrap();
    assert_eq!(claim(&mut tx, 859).await, None);
    assert_eq!(claim(&mut tx, 860).await, Some((at(10), 1)));
    tenants::mark_won_swept(&mut tx, &sweep, at(860)).await.unwrap();
    assert_eq!(claim(&mut tx, 960).await, None);
    assert_eq!(claim(&mut tx, 961).await, Some((at(860), 0)));
    // A pause that was set by a clock far ahead has no effect.
    tenants::postpone_won_sweep(&mut tx, &tenants::WonSweep { until: at(860), ..sweep }, at(99_999)).await.unwrap();
    assert_eq!(claim(&mut tx, 970).await, Some((at(860), 1)));
    // Switching drafts off and on again ends the pause, and an earlier sweep has no effect.
    tenants::watch_won_deals(&mut tx, tenant, None).await.unwrap();
    assert_eq!(claim(&mut tx, 9000).await, None);
    tenants::watch_won_deals(&mut tx, tenant, Some(at(980))).await.unwrap();
    tenants::mark_won_swept(&mut tx, &sweep, at(990)).await.unwrap();
    assert_eq!(claim(&mut tx, 1081).await.map(|(until, _)| until), Some(at(980)));
}

#[rstest]
#[tokio::test]
async fn failing_sweeps_for_won_deals_delay_no_other_company(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    for company in 1..=21 {
        let tenant = tenant(&mut tx, company).await;
        tenants::watch_won_deals(&mut tx, tenant, Some(at(company))).await.unwrap();
    }
    for _ in 0..20 {
        let failing = tenants::claim_won_sweep(&mut tx, at(100), at(400), at(1000)).await.unwrap().unwrap();
        tenants::postpone_won_sweep(&mut tx, &failing, at(415)).await.unwrap();
    }
    // The company is claimed even if the pauses of the failing companies have ended.
    let last = tenants::claim_won_sweep(&mut tx, at(100), at(500), at(1100)).await.unwrap().unwrap();
    assert_eq!(last.until, at(21));
}

#[rstest]
#[tokio::test]
async fn overdue_invoices_are_listed_once_across_pages(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, first) = issued(&t, &mut tx).await;
    let mut all = vec![first];
    for _ in 0..201 {
        let request = intent(connection, IntentKey(Uuid::new_v4()), 100);
        let id = new_id(invoices::place(&mut tx, tenant, &request, at(0)).await.unwrap());
        let owner = Uuid::new_v4();
        invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
        assert!(invoices::mark_issued(&mut tx, tenant, id, owner, &snapshot("0", 10_000), at(1)).await.unwrap());
        all.push(id);
    }
    let before = date(2026, 3, 21);
    let page = history::list_overdue(&mut tx, before, None, 200).await.unwrap();
    assert_eq!((page.len(), page[0].due, page[0].time_zone.as_str()), (200, date(2026, 3, 20), "UTC"));
    let rest = history::list_overdue(&mut tx, before, page.last(), 200).await.unwrap();
    let mut found: Vec<_> = page.iter().chain(&rest).map(|unpaid| unpaid.invoice).collect();
    assert!(history::list_overdue(&mut tx, before, rest.last(), 200).await.unwrap().is_empty());
    found.sort_by_key(|id| id.0);
    all.sort_by_key(|id| id.0);
    assert_eq!(found, all, "each invoice is listed once");
}

#[rstest]
#[tokio::test]
async fn an_unreadable_invoice_is_listed_until_it_is_readable(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    assert!(unreadable::list_of_tenant(&mut tx, tenant, 10).await.unwrap().is_empty());
    unreadable::mark(&mut tx, tenant, invoice, at(50)).await.unwrap();
    unreadable::mark(&mut tx, tenant, invoice, at(60)).await.unwrap();
    unreadable::mark(&mut tx, TenantId(Uuid::new_v4()), invoice, at(1)).await.unwrap();
    let rows = unreadable::list_of_tenant(&mut tx, tenant, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.invoice, row.since)).collect::<Vec<_>>(), [(invoice, at(50))]);
    assert!(unreadable::list_of_tenant(&mut tx, TenantId(Uuid::new_v4()), 10).await.unwrap().is_empty());
    let known = invoices::find(&mut tx, tenant, invoice).await.unwrap().unwrap();
    assert_eq!((known.unreadable_since, known.read_at), (Some(at(50)), Some(at(60))));
    // It counts as read, so that unread invoices are read first.
    let unread = invoices::list_not_read_within(&mut tx, tenant, connection, at(55)..=at(70), "", 10).await.unwrap();
    assert!(unread.is_empty());
    invoices::update_snapshot(&mut tx, tenant, invoice, &snapshot("1", 10_000), at(80), at(80)).await.unwrap();
    assert!(unreadable::list_of_tenant(&mut tx, tenant, 10).await.unwrap().is_empty());
    assert_eq!(invoices::find(&mut tx, tenant, invoice).await.unwrap().unwrap().unreadable_since, None);
}

#[rstest]
#[tokio::test]
async fn a_sync_lease_is_extended_by_its_holder_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, _) = queued(&t, &mut tx).await;
    assert!(changes::claim(&mut tx, tenant, connection, at(0), at(10)).await.unwrap().is_some());
    assert!(changes::extend(&mut tx, tenant, connection, at(10), at(13)).await.unwrap());
    assert!(changes::claim(&mut tx, tenant, connection, at(12), at(22)).await.unwrap().is_none(), "it was extended");
    assert!(changes::claim(&mut tx, tenant, connection, at(13), at(23)).await.unwrap().is_some());
    assert!(!changes::extend(&mut tx, tenant, connection, at(13), at(26)).await.unwrap(), "another sync holds it");
    assert!(changes::claim(&mut tx, tenant, connection, at(22), at(32)).await.unwrap().is_none());
}

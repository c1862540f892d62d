//! Tests of the correction after a clock was ahead.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at, count, execute, moment,
    },
    fixtures::{DEAL, USER, intent, new_id, profile, queued, tokens},
};
use domain::ids::{IntentKey, InvoiceId, TenantId};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use store::{
    Tx,
    changes::{self, ChangeSource, Pace},
    clock_correction, grants,
    invoices::{self},
    leases,
    queue::WriteBack,
    quickbooks, replicas, tenants,
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_lease_of_a_wrong_clock_holds_nobody_up(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 26 * 3600;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let (wrong, right) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoices::claim(&mut tx, tenant, id, wrong, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    assert!(invoices::claim(&mut tx, tenant, id, right, at(1), at(11)).await.unwrap().is_some());
    assert!(store::quickbooks::claim_refresh(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 14)).await.unwrap());
    assert!(store::quickbooks::claim_refresh(&mut tx, tenant, connection, at(1), at(15)).await.unwrap());
    assert!(!store::quickbooks::claim_refresh(&mut tx, tenant, connection, at(2), at(16)).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn what_a_clock_that_was_ahead_has_kept_is_put_right(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 26 * 3600;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    assert!(invoices::claim(&mut tx, tenant, id, owner, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    leases::postpone(&mut tx, tenant, id, owner, at(AHEAD + 16)).await.unwrap();
    changes::mark_changed(&mut tx, tenant, connection, ChangeSource::Webhook, at(AHEAD)).await.unwrap();
    let pace = Pace { steps: 288, active_at: Some(at(AHEAD)), ..Pace::default() };
    changes::mark_synced(&mut tx, tenant, connection, at(AHEAD), &pace).await.unwrap();
    changes::mark_refused(&mut tx, tenant, connection, at(AHEAD + 3600)).await.unwrap();
    tenants::watch_won_deals(&mut tx, tenant, Some(at(AHEAD))).await.unwrap();
    grants::install(&mut tx, &t.vault, tenant, USER, &profile(), "https://a", &tokens("x"), at(AHEAD)).await.unwrap();
    replicas::record_heartbeat(&mut tx, owner, at(AHEAD), at(AHEAD)).await.unwrap();
    assert!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(100), at(100), at(110)).await.unwrap().is_empty());

    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, at(100)).await.unwrap(), 8);
    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, at(100)).await.unwrap(), 0, "once");
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(100), at(100), at(110)).await.unwrap(), [(tenant, id)]);
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().until, None);
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().pace, Pace::default());
    assert!(
        changes::mark_changed(&mut tx, tenant, connection, ChangeSource::PageView, at(100)).await.unwrap(),
        "a change is news"
    );
    let overdue = changes::Overdue { interval: SignedDuration::from_secs(300), marked: at(100) };
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(100), at(110), 9).await.unwrap(), [(tenant, connection)]);
    let won = tenants::claim_won_sweep(&mut tx, at(100), at(100), at(700)).await.unwrap().unwrap();
    assert_eq!((won.tenant, won.until), (tenant, at(100 - 24 * 3600)));
    assert_eq!(grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().profile_at, Timestamp::UNIX_EPOCH);
    assert!(grants::uninstall(&mut tx, tenant, USER, at(101)).await.unwrap().is_some(), "it was installed before");
    assert_eq!(replicas::record_heartbeat(&mut tx, Uuid::new_v4(), at(100), at(80)).await.unwrap(), 1);
}

/// Less than a day, and killed meanwhile: what waits, and who has had the right to work, would hold it up for minutes.
#[rstest]
#[tokio::test]
async fn what_a_clock_that_was_minutes_ahead_has_kept_waits_no_longer(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 240;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, leased) = queued(&t, &mut tx).await;
    let (zombie, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoices::claim(&mut tx, tenant, leased, zombie, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    let intent = intent(connection, IntentKey(Uuid::new_v4()), 100);
    let made = new_id(invoices::place(&mut tx, tenant, &intent, at(AHEAD)).await.unwrap());
    assert!(leases::mark_sending(&mut tx, tenant, leased, zombie, at(AHEAD + 1)).await.unwrap());
    assert!(quickbooks::claim_refresh(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 14)).await.unwrap());
    changes::record_failure(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 15)).await.unwrap();

    assert!(clock_correction::correct_future_timestamps(&mut tx, at(100)).await.unwrap() > 0);
    let sent = invoices::find(&mut tx, tenant, leased).await.unwrap().unwrap();
    assert_eq!(sent.sent_at, Some(at(100)), "no later than now: it is not waited for until that moment");
    let known = invoices::find(&mut tx, tenant, made).await.unwrap().unwrap();
    assert_eq!(known.created_at, at(100), "what was created for it is looked for from then on");
    assert_eq!(
        leases::claim_abandoned::<InvoiceId>(&mut tx, at(100), at(100), at(130)).await.unwrap(),
        [(tenant, made)]
    );
    let taken = invoices::claim(&mut tx, tenant, leased, other, at(101), at(111)).await.unwrap();
    assert!(taken.is_none(), "whoever has it may be alive");
    assert!(leases::extend(&mut tx, tenant, leased, zombie, at(103), at(104)).await.unwrap(), "and says so");
    assert!(invoices::claim(&mut tx, tenant, leased, other, at(120), at(130)).await.unwrap().is_some());
    assert!(!quickbooks::claim_refresh(&mut tx, tenant, connection, at(110), at(124)).await.unwrap());
    assert!(quickbooks::claim_refresh(&mut tx, tenant, connection, at(120), at(134)).await.unwrap());
    assert!(changes::claim(&mut tx, tenant, connection, at(110), at(170)).await.unwrap().is_none());
    assert!(changes::claim(&mut tx, tenant, connection, at(120), at(180)).await.unwrap().is_some());
}

/// The queue's own moments as well: what was enqueued, put off, begun or led in the future would wait until it comes.
#[rstest]
#[tokio::test]
async fn jobs_of_a_clock_that_was_ahead_wait_no_longer(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut tx = t.db.begin().await.unwrap();
    for _ in 0..7 {
        t.db.enqueue(&mut tx, WriteBack { tenant, deal: DEAL, user: USER }).await.unwrap();
    }
    let (soon, ahead, patient) = (moment(&tx, 20), moment(&tx, 26 * 3600), moment(&tx, 3600));
    for statement in [
        format!("UPDATE river_job SET scheduled_at = {ahead} WHERE id = 1"),
        format!(
            "UPDATE river_job SET state = 'retryable', attempted_at = {ahead}, scheduled_at = {ahead} WHERE id = 2"
        ),
        format!("UPDATE river_job SET state = 'running', attempted_at = {ahead} WHERE id = 3"),
        format!("UPDATE river_job SET state = 'retryable', scheduled_at = {patient} WHERE id = 4"),
        format!("UPDATE river_job SET scheduled_at = {soon} WHERE id = 5"),
        format!(
            "UPDATE river_job SET state = 'completed', finalized_at = {ahead}, scheduled_at = {ahead} WHERE id = 6"
        ),
        format!("UPDATE river_job SET state = 'scheduled', created_at = {ahead}, scheduled_at = {ahead} WHERE id = 7"),
        format!("INSERT INTO river_leader (leader_id, elected_at, expires_at) VALUES ('gone', {ahead}, {ahead})"),
    ] {
        execute(&mut tx, &statement).await;
    }
    let epoch = match &tx {
        Tx::Sqlite(_) => "SELECT unixepoch()",
        Tx::Postgres(_) => "SELECT CAST(extract(epoch FROM now()) AS BIGINT)",
    };
    let now = Timestamp::from_second(count(&mut tx, epoch).await).unwrap();
    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, now).await.unwrap(), 5);
    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, now).await.unwrap(), 0, "once");
    let soon = moment(&tx, 60);
    let mut ready = Vec::new();
    for id in 1..=7 {
        let wanted =
            format!("SELECT COUNT(*) FROM river_job WHERE id = {id} AND state = 'available' AND scheduled_at < {soon}");
        ready.push(count(&mut tx, &wanted).await);
    }
    assert_eq!(ready, [1, 1, 0, 0, 1, 0, 1], "a pause after a failure is kept, and what is at work is not given away");
    let begun = format!("SELECT COUNT(*) FROM river_job WHERE id = 3 AND attempted_at < {soon}");
    assert_eq!(count(&mut tx, &begun).await, 1, "from now on it is rescued as soon as any other");
    let led = format!("SELECT COUNT(*) FROM river_leader WHERE expires_at < {soon}");
    assert_eq!(count(&mut tx, &led).await, 1, "whoever leads may be alive and says so; another takes its place soon");
}

//! Tests of the correction of timestamps after a clock was ahead.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at, count, execute, queue_time,
    },
    fixtures::{DEAL, USER, intent, new_id, profile, queued, tokens},
};
use domain::ids::{IntentKey, InvoiceId, TenantId};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use store::{
    Tx,
    changes::{self, ChangeSource, Pace},
    clock_correction, grants, invoices, leases,
    queue::WriteBack,
    quickbooks, replicas, tenants,
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_lease_too_far_in_the_future_can_be_claimed(#[values(Sqlite, Postgres)] backend: Backend) {
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
async fn timestamps_a_day_in_the_future_are_corrected(#[values(Sqlite, Postgres)] backend: Backend) {
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
        "the cursor was reset"
    );
    let overdue = changes::Overdue { interval: SignedDuration::from_secs(300), marked: at(100) };
    assert_eq!(changes::claim_overdue(&mut tx, &overdue, at(100), at(110), 9).await.unwrap(), [(tenant, connection)]);
    let won = tenants::claim_won_sweep(&mut tx, at(100), at(100), at(700)).await.unwrap().unwrap();
    assert_eq!((won.tenant, won.until), (tenant, at(100 - 24 * 3600)));
    assert_eq!(grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().profile_at, Timestamp::UNIX_EPOCH);
    assert!(
        grants::uninstall(&mut tx, tenant, USER, at(101)).await.unwrap().is_some(),
        "the time of the installation was corrected"
    );
    assert_eq!(replicas::record_heartbeat(&mut tx, Uuid::new_v4(), at(100), at(80)).await.unwrap(), 1);
}

/// The clock was minutes ahead, and the process was killed meanwhile. Uncorrected, leases and pauses would delay the work for minutes.
#[rstest]
#[tokio::test]
async fn timestamps_minutes_in_the_future_are_corrected(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 240;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, leased) = queued(&t, &mut tx).await;
    let (former, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoices::claim(&mut tx, tenant, leased, former, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    let intent = intent(connection, IntentKey(Uuid::new_v4()), 100);
    let created_ahead = new_id(invoices::place(&mut tx, tenant, &intent, at(AHEAD)).await.unwrap());
    assert!(leases::mark_sending(&mut tx, tenant, leased, former, at(AHEAD + 1)).await.unwrap());
    assert!(quickbooks::claim_refresh(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 14)).await.unwrap());
    changes::record_failure(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 15)).await.unwrap();

    assert!(clock_correction::correct_future_timestamps(&mut tx, at(100)).await.unwrap() > 0);
    let sent = invoices::find(&mut tx, tenant, leased).await.unwrap().unwrap();
    assert_eq!(sent.sent_at, Some(at(100)), "the request does not count as under way in the future");
    let created = invoices::find(&mut tx, tenant, created_ahead).await.unwrap().unwrap();
    assert_eq!(created.created_at, at(100), "a lookup starts at the time of the correction");
    assert_eq!(
        leases::claim_abandoned::<InvoiceId>(&mut tx, at(100), at(100), at(130)).await.unwrap(),
        [(tenant, created_ahead)]
    );
    let claimed = invoices::claim(&mut tx, tenant, leased, other, at(101), at(111)).await.unwrap();
    assert!(claimed.is_none(), "the owner may be alive");
    assert!(leases::extend(&mut tx, tenant, leased, former, at(103), at(104)).await.unwrap(), "the owner is alive");
    assert!(invoices::claim(&mut tx, tenant, leased, other, at(120), at(130)).await.unwrap().is_some());
    assert!(!quickbooks::claim_refresh(&mut tx, tenant, connection, at(110), at(124)).await.unwrap());
    assert!(quickbooks::claim_refresh(&mut tx, tenant, connection, at(120), at(134)).await.unwrap());
    assert!(changes::claim(&mut tx, tenant, connection, at(110), at(170)).await.unwrap().is_none());
    assert!(changes::claim(&mut tx, tenant, connection, at(120), at(180)).await.unwrap().is_some());
}

/// Reads the clock of the database, in whole seconds.
async fn read_time(tx: &mut Tx) -> Timestamp {
    let epoch = match &tx {
        Tx::Sqlite(_) => "SELECT unixepoch()",
        Tx::Postgres(_) => "SELECT CAST(extract(epoch FROM now()) AS BIGINT)",
    };
    Timestamp::from_second(count(tx, epoch).await).unwrap()
}

/// Jobs with timestamps in the future, and a leader elected in the future, would otherwise block the queue until then.
#[rstest]
#[tokio::test]
async fn job_timestamps_in_the_future_are_corrected(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut tx = t.db.begin().await.unwrap();
    for _ in 0..7 {
        t.db.enqueue(&mut tx, WriteBack { tenant, deal: DEAL, user: USER }).await.unwrap();
    }
    let (soon, ahead, in_an_hour) = (queue_time(&tx, 20), queue_time(&tx, 26 * 3600), queue_time(&tx, 3600));
    for statement in [
        format!("UPDATE river_job SET scheduled_at = {ahead} WHERE id = 1"),
        format!(
            "UPDATE river_job SET state = 'retryable', attempted_at = {ahead}, scheduled_at = {ahead} WHERE id = 2"
        ),
        format!("UPDATE river_job SET state = 'running', attempted_at = {ahead} WHERE id = 3"),
        format!("UPDATE river_job SET state = 'retryable', scheduled_at = {in_an_hour} WHERE id = 4"),
        format!("UPDATE river_job SET scheduled_at = {soon} WHERE id = 5"),
        format!(
            "UPDATE river_job SET state = 'completed', finalized_at = {ahead}, scheduled_at = {ahead} WHERE id = 6"
        ),
        format!("UPDATE river_job SET state = 'scheduled', created_at = {ahead}, scheduled_at = {ahead} WHERE id = 7"),
        format!("INSERT INTO river_leader (leader_id, elected_at, expires_at) VALUES ('gone', {ahead}, {ahead})"),
    ] {
        execute(&mut tx, &statement).await;
    }
    let now = read_time(&mut tx).await;
    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, now).await.unwrap(), 5);
    assert_eq!(clock_correction::correct_future_timestamps(&mut tx, now).await.unwrap(), 0, "once");
    let soon = queue_time(&tx, 60);
    let mut available = Vec::new();
    for id in 1..=7 {
        let query =
            format!("SELECT COUNT(*) FROM river_job WHERE id = {id} AND state = 'available' AND scheduled_at < {soon}");
        available.push(count(&mut tx, &query).await);
    }
    assert_eq!(available, [1, 1, 0, 0, 1, 0, 1], "a pause after a failure is kept, and a running job keeps running");
    let started = format!("SELECT COUNT(*) FROM river_job WHERE id = 3 AND attempted_at < {soon}");
    assert_eq!(count(&mut tx, &started).await, 1, "a running job counts as started now");
    let leader = format!("SELECT COUNT(*) FROM river_leader WHERE expires_at < {soon}");
    assert_eq!(count(&mut tx, &leader).await, 1, "the leader's term ends soon");
}

/// The queue dates jobs by the clock of the machine, which may be ahead though the clock of the database is right.
#[rstest]
#[tokio::test]
async fn jobs_scheduled_in_the_future_are_made_due(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut tx = t.db.begin().await.unwrap();
    for _ in 0..5 {
        t.db.enqueue(&mut tx, WriteBack { tenant, deal: DEAL, user: USER }).await.unwrap();
    }
    let (soon, ahead) = (queue_time(&tx, 20), queue_time(&tx, 26 * 3600));
    for statement in [
        format!("UPDATE river_job SET scheduled_at = {ahead} WHERE id IN (1, 2)"),
        format!("UPDATE river_job SET scheduled_at = {soon} WHERE id = 3"),
        format!("UPDATE river_job SET state = 'scheduled', scheduled_at = {ahead} WHERE id = 4"),
        format!("UPDATE river_job SET state = 'retryable', scheduled_at = {ahead} WHERE id = 5"),
    ] {
        execute(&mut tx, &statement).await;
    }
    let now = read_time(&mut tx).await;
    assert_eq!(clock_correction::correct_available_jobs(&mut tx, now).await.unwrap(), 2);
    let due =
        format!("SELECT COUNT(*) FROM river_job WHERE state = 'available' AND scheduled_at < {}", queue_time(&tx, 25));
    assert_eq!(count(&mut tx, &due).await, 3, "a pause may be right: scheduled jobs keep it");
    assert_eq!(clock_correction::correct_waiting_jobs(&mut tx, now).await.unwrap(), 2);
    assert_eq!(count(&mut tx, &due).await, 5);
    assert_eq!(clock_correction::correct_waiting_jobs(&mut tx, now).await.unwrap(), 0, "once");
}

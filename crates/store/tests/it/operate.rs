//! What the store promises to whoever runs the service: stuck work, replicas, clocks, and moving to a larger database.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{DEAL, USER, company, intent, issued, new_id, profile, queued, tenant, tokens},
};
use domain::{
    form::Form,
    ids::{ActId, DealId, IntentKey, InvoiceId, TenantId},
    invoice::Act,
};
use jiff::{SignedDuration, Timestamp};
use riverqueue::{BoxError, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use std::{
    collections::HashSet,
    iter::repeat_with,
    time::{Duration, Instant},
};
use store::{
    Tx,
    acts::{self, Wish},
    ahead, audit,
    changes::{self, Pace, Sign},
    drafts, grants, history,
    invoices::{self, Of, State},
    leases,
    queue::{self, CarryOut, IssueInvoice, WriteBack},
    quickbooks, replicas,
    stuck::{self, Trouble, Work},
    tenants,
    usage::{self, Usage},
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn stuck_work_that_was_never_sent_can_be_removed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::lease(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is worked on");
    leases::stick(&mut tx, tenant, id, owner, &Trouble::Disconnected).await.unwrap();
    let known = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(known.trouble, Some(Trouble::Disconnected));
    assert!(invoices::remove_unsent(&mut tx, tenant, id).await.unwrap());
    assert!(stuck::of_tenant(&mut tx, tenant).await.unwrap().is_empty());
    assert!(invoices::lease(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().is_none());
    assert!(!stuck::retry(&mut tx, tenant, Work::Invoice, id.0, at(20)).await.unwrap());
    assert!(invoices::list(&mut tx, tenant, invoices::Of::Deal(DEAL)).await.unwrap().is_empty());
    // The form that is still open makes it anew.
    let again = intent(connection, known.intent, 100);
    assert_eq!(new_id(invoices::place(&mut tx, tenant, &again, at(30)).await.unwrap()), id);
    // What may have arrived stays.
    invoices::lease(&mut tx, tenant, id, owner, at(40), at(50)).await.unwrap().unwrap();
    assert!(leases::sending(&mut tx, tenant, id, owner, at(41)).await.unwrap());
    leases::stick(&mut tx, tenant, id, owner, &Trouble::Disconnected).await.unwrap();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn stuck_work_waits_for_a_person(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::lease(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(leases::sending(&mut tx, tenant, id, owner, at(1)).await.unwrap());
    leases::stick(&mut tx, tenant, id, Uuid::new_v4(), &Trouble::Doubt).await.unwrap();
    assert!(stuck::of_all(&mut tx).await.unwrap().is_empty(), "whoever has lost the lease changes nothing");
    leases::stick(&mut tx, tenant, id, owner, &Trouble::Doubt).await.unwrap();
    assert!(invoices::lease(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().is_none());
    assert!(leases::orphans::<InvoiceId>(&mut tx, at(90), at(90), at(99)).await.unwrap().is_empty());
    let found = stuck::of_tenant(&mut tx, tenant).await.unwrap();
    assert_eq!(found, stuck::of_all(&mut tx).await.unwrap());
    assert_eq!(
        (found[0].kind, found[0].id, found[0].deal, &found[0].trouble),
        (Work::Invoice, id.0, DEAL.0, &Trouble::Doubt)
    );
    assert!(stuck::of_tenant(&mut tx, TenantId(Uuid::new_v4())).await.unwrap().is_empty());

    invoices::allow_resending(&mut tx, tenant, id).await.unwrap();
    assert!(!stuck::retry(&mut tx, TenantId(Uuid::new_v4()), Work::Invoice, id.0, at(100)).await.unwrap());
    assert!(stuck::retry(&mut tx, tenant, Work::Invoice, id.0, at(100)).await.unwrap());
    assert!(!stuck::retry(&mut tx, tenant, Work::Invoice, id.0, at(100)).await.unwrap(), "it is not stuck any more");
    let again = invoices::lease(&mut tx, tenant, id, owner, at(100), at(110)).await.unwrap().unwrap();
    assert_eq!((again.state, again.attempts, again.may_resend, again.trouble), (State::Sending, 2, true, None));
    invoices::resending(&mut tx, tenant, id, owner).await.unwrap();
    assert!(!invoices::find(&mut tx, tenant, id).await.unwrap().unwrap().may_resend, "once, and no more");
}

#[rstest]
#[tokio::test]
async fn what_waits_for_its_turn_is_told_from_what_was_lost(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut tx = t.db.begin().await.unwrap();
    let [ready, pausing, failed, begun, done] = [(); 5].map(|()| Uuid::new_v4());
    for act in [ready, pausing, failed, begun, done] {
        t.db.enqueue(&mut tx, CarryOut { tenant, act: ActId(act) }).await.unwrap();
    }
    for (id, state) in [(2, "scheduled"), (3, "retryable"), (4, "running")] {
        execute(&mut tx, &format!("UPDATE river_job SET state = '{state}' WHERE id = {id}")).await;
    }
    let past = moment(&tx, -60);
    execute(&mut tx, &format!("UPDATE river_job SET state = 'completed', finalized_at = {past} WHERE id = 5")).await;
    let waiting = queue::waiting::<CarryOut, ActId>(&mut tx).await.unwrap();
    assert_eq!(waiting, HashSet::from([ready]), "whoever has begun, or lets others go on, may be dead");
    assert!(queue::waiting::<IssueInvoice, InvoiceId>(&mut tx).await.unwrap().is_empty(), "of its kind");
}

#[rstest]
#[tokio::test]
async fn failed_jobs_of_others_hide_none_of_a_company(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (other, ours) = (TenantId(Uuid::new_v4()), TenantId(Uuid::new_v4()));
    let mut tx = t.db.begin().await.unwrap();
    for tenant in [other].repeat(1001).into_iter().chain([ours]) {
        t.db.enqueue(&mut tx, CarryOut { tenant, act: ActId(Uuid::new_v4()) }).await.unwrap();
    }
    let past = moment(&tx, -60);
    execute(&mut tx, &format!("UPDATE river_job SET state = 'discarded', finalized_at = {past}")).await;
    tx.commit().await.unwrap();
    let failed = t.db.failed(Some(ours)).await.unwrap();
    assert_eq!(failed.iter().map(|job| job.tenant).collect::<Vec<_>>(), [ours]);
    assert!(!t.db.retry_failed(other, failed[0].id).await.unwrap(), "another company's");
    assert!(t.db.retry_failed(ours, failed[0].id).await.unwrap());
    assert!(t.db.failed(Some(ours)).await.unwrap().is_empty());
}

/// A job of which the first failure is the last.
#[derive(Debug, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_back", max_attempts = 1)]
struct Hopeless {
    tenant: TenantId,
}

#[rstest]
#[tokio::test]
async fn a_job_that_has_failed_too_often_is_kept_with_its_error(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut workers = Workers::new();
    workers
        .add_fn(|_: WorkContext, _: Job<Hopeless>| async { Err::<WorkOutcome, BoxError>("it does not work".into()) })
        .unwrap();
    let client = t.db.worker().workers(workers).queue("default", QueueConfig::new(1)).build().unwrap();
    let mut working = client.start().unwrap();
    let mut tx = t.db.begin().await.unwrap();
    t.db.enqueue(&mut tx, Hopeless { tenant }).await.unwrap();
    tx.commit().await.unwrap();
    let mut failed = Vec::new();
    while failed.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        failed = t.db.failed(None).await.unwrap();
    }
    working.stop().await.unwrap();
    let [job] = &failed[..] else { panic!("one job") };
    assert!(job.is_write_back());
    assert_eq!((job.tenant, job.attempts, job.error.as_str()), (tenant, 1, "it does not work"));
    assert_eq!(t.db.failed(Some(tenant)).await.unwrap(), failed);

    let stranger = TenantId(Uuid::new_v4());
    assert!(t.db.failed(Some(stranger)).await.unwrap().is_empty());
    assert!(!t.db.retry_failed(stranger, job.id).await.unwrap());
    assert!(t.db.retry_failed(tenant, job.id).await.unwrap());
    assert!(t.db.failed(None).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn acts_and_entries_get_stuck_as_well(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, invoice) = issued(&t, &mut tx).await;
    let wish = Wish {
        id: ActId(Uuid::new_v4()),
        invoice,
        act: Act::Void,
        seen: String::new(),
        recipient: String::new(),
        by: USER,
    };
    assert!(acts::request(&mut tx, tenant, &wish, at(0)).await.unwrap());
    let owner = Uuid::new_v4();
    acts::lease(&mut tx, tenant, wish.id, owner, at(0), at(10)).await.unwrap().unwrap();
    let failed = Trouble::Failed("QuickBooks: no usable answer came back".into());
    leases::stick(&mut tx, tenant, wish.id, owner, &failed).await.unwrap();
    let entry = crate::fixtures::entry(invoice);
    history::add(&mut tx, tenant, &entry).await.unwrap();
    history::lease(&mut tx, tenant, entry.id, owner, at(0), at(10)).await.unwrap().unwrap();
    leases::stick(&mut tx, tenant, entry.id, owner, &failed).await.unwrap();
    let found = stuck::of_tenant(&mut tx, tenant).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|stuck| (stuck.kind, stuck.id)).collect();
    assert!(kinds.contains(&(Work::Act, wish.id.0)) && kinds.contains(&(Work::Entry, entry.id.0)));
    assert!(found.iter().all(|stuck| stuck.trouble == failed));
    for stuck in found {
        assert!(stuck::retry(&mut tx, tenant, stuck.kind, stuck.id, at(20)).await.unwrap());
    }
    assert!(acts::lease(&mut tx, tenant, wish.id, owner, at(20), at(30)).await.unwrap().is_some());
}

#[rstest]
#[tokio::test]
async fn a_lease_of_a_wrong_clock_holds_nobody_up(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 26 * 3600;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let (wrong, right) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoices::lease(&mut tx, tenant, id, wrong, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    assert!(invoices::lease(&mut tx, tenant, id, right, at(1), at(11)).await.unwrap().is_some());
    assert!(store::quickbooks::lease(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 14)).await.unwrap());
    assert!(store::quickbooks::lease(&mut tx, tenant, connection, at(1), at(15)).await.unwrap());
    assert!(!store::quickbooks::lease(&mut tx, tenant, connection, at(2), at(16)).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn what_a_clock_that_was_ahead_has_kept_is_put_right(#[values(Sqlite, Postgres)] backend: Backend) {
    const AHEAD: i64 = 26 * 3600;
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    assert!(invoices::lease(&mut tx, tenant, id, owner, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    leases::postpone(&mut tx, tenant, id, owner, at(AHEAD + 16)).await.unwrap();
    changes::mark(&mut tx, tenant, connection, Sign::Webhook, at(AHEAD)).await.unwrap();
    let pace = Pace { steps: 288, active_at: Some(at(AHEAD)), ..Pace::default() };
    changes::read(&mut tx, tenant, connection, at(AHEAD), &pace).await.unwrap();
    changes::mark_refused(&mut tx, tenant, connection, at(AHEAD + 3600)).await.unwrap();
    tenants::watch_won(&mut tx, tenant, Some(at(AHEAD))).await.unwrap();
    grants::install(&mut tx, &t.vault, tenant, USER, &profile(), "https://a", &tokens("x"), at(AHEAD)).await.unwrap();
    replicas::seen(&mut tx, owner, at(AHEAD), at(AHEAD)).await.unwrap();
    assert!(leases::orphans::<InvoiceId>(&mut tx, at(100), at(100), at(110)).await.unwrap().is_empty());

    assert_eq!(ahead::correct(&mut tx, at(100)).await.unwrap(), 8);
    assert_eq!(ahead::correct(&mut tx, at(100)).await.unwrap(), 0, "once");
    assert_eq!(leases::orphans::<InvoiceId>(&mut tx, at(100), at(100), at(110)).await.unwrap(), [(tenant, id)]);
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().until, None);
    assert_eq!(changes::find(&mut tx, tenant, connection).await.unwrap().unwrap().pace, Pace::default());
    assert!(changes::mark(&mut tx, tenant, connection, Sign::Look, at(100)).await.unwrap(), "a change is news");
    let overdue = changes::Overdue { interval: SignedDuration::from_secs(300), marked: at(100) };
    assert_eq!(changes::unread(&mut tx, &overdue, at(100), at(110), 9).await.unwrap(), [(tenant, connection)]);
    let won = tenants::won_unread(&mut tx, at(100), at(100), at(700)).await.unwrap().unwrap();
    assert_eq!((won.tenant, won.until), (tenant, at(100 - 24 * 3600)));
    assert_eq!(grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().profile_at, Timestamp::UNIX_EPOCH);
    assert!(grants::uninstall(&mut tx, tenant, USER, at(101)).await.unwrap().is_some(), "it was installed before");
    assert_eq!(replicas::seen(&mut tx, Uuid::new_v4(), at(100), at(80)).await.unwrap(), 1);
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
    assert!(invoices::lease(&mut tx, tenant, leased, zombie, at(AHEAD), at(AHEAD + 10)).await.unwrap().is_some());
    let intent = intent(connection, IntentKey(Uuid::new_v4()), 100);
    let made = new_id(invoices::place(&mut tx, tenant, &intent, at(AHEAD)).await.unwrap());
    assert!(leases::sending(&mut tx, tenant, leased, zombie, at(AHEAD + 1)).await.unwrap());
    assert!(quickbooks::lease(&mut tx, tenant, connection, at(AHEAD), at(AHEAD + 14)).await.unwrap());

    assert!(ahead::correct(&mut tx, at(100)).await.unwrap() > 0);
    let sent = invoices::find(&mut tx, tenant, leased).await.unwrap().unwrap();
    assert_eq!(sent.sent_at, Some(at(100)), "no later than now: it is not waited for until that moment");
    let known = invoices::find(&mut tx, tenant, made).await.unwrap().unwrap();
    assert_eq!(known.created_at, at(100), "what was created for it is looked for from then on");
    assert_eq!(leases::orphans::<InvoiceId>(&mut tx, at(100), at(100), at(130)).await.unwrap(), [(tenant, made)]);
    let taken = invoices::lease(&mut tx, tenant, leased, other, at(101), at(111)).await.unwrap();
    assert!(taken.is_none(), "whoever has it may be alive");
    assert!(leases::extend(&mut tx, tenant, leased, zombie, at(103), at(104)).await.unwrap(), "and says so");
    assert!(invoices::lease(&mut tx, tenant, leased, other, at(120), at(130)).await.unwrap().is_some());
    assert!(!quickbooks::lease(&mut tx, tenant, connection, at(110), at(124)).await.unwrap());
    assert!(quickbooks::lease(&mut tx, tenant, connection, at(120), at(134)).await.unwrap());
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
    assert_eq!(ahead::correct(&mut tx, now).await.unwrap(), 5);
    assert_eq!(ahead::correct(&mut tx, now).await.unwrap(), 0, "once");
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

/// A moment so many seconds from now, as the queue keeps it.
fn moment(tx: &Tx, seconds: i64) -> String {
    match tx {
        Tx::Sqlite(_) => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds} seconds')"),
        Tx::Postgres(_) => format!("now() + interval '{seconds} seconds'"),
    }
}

async fn execute(tx: &mut Tx, statement: &str) {
    match tx {
        Tx::Sqlite(c) => sqlx::query(AssertSqlSafe(statement)).execute(&mut **c).await.map(drop),
        Tx::Postgres(c) => sqlx::query(AssertSqlSafe(statement)).execute(&mut **c).await.map(drop),
    }
    .unwrap();
}

async fn count(tx: &mut Tx, statement: &str) -> i64 {
    match tx {
        Tx::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut **c).await,
        Tx::Postgres(c) => sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut **c).await,
    }
    .unwrap()
}

/// A lock that somebody holds, a server that is frozen, a line that was cut without a word: nobody waits for it for ever, and those on
/// which nothing comes back take no place away from others.
#[tokio::test]
async fn a_database_that_does_not_answer_is_given_up() {
    let t = Database::new(Postgres).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    tx.commit().await.unwrap();
    let mut holds = t.db.begin().await.unwrap();
    tenants::watch_won(&mut holds, tenant, None).await.unwrap();
    let asked = Instant::now();
    // Whoever were silent would be made to let go.
    let holding = async {
        while asked.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_secs(2)).await;
            tenants::watch_won(&mut holds, tenant, None).await.unwrap();
        }
    };
    let many = async {
        let waited = futures_util::future::join_all(repeat_with(|| waiting_for(&t.db, tenant)).take(15)).await;
        (waited, t.db.begin().await)
    };
    let (waited, next) = tokio::select! {
        done = many => done,
        () = holding => panic!("no end after a minute"),
    };
    for waited in waited {
        let Err(store::Error::Database(sqlx::Error::Io(error))) = waited else { panic!("{waited:?}") };
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
    next.unwrap();
}

async fn waiting_for(db: &store::Db, tenant: TenantId) -> Result<(), store::Error> {
    let mut waits = db.begin().await.unwrap();
    tenants::watch_won(&mut waits, tenant, None).await
}

/// SQLite ends the transaction by itself; what is begun next must not suffer for it.
#[tokio::test]
async fn after_a_full_disk_it_goes_on() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let Tx::Sqlite(connection) = &mut tx else { panic!("SQLite") };
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut **connection).await.unwrap();
    let form = Form { memo: "x".repeat(100_000), ..Form::default() };
    let mut full = Ok(drafts::Saved::Kept);
    for deal in 0..1000 {
        full = drafts::save(&mut tx, tenant, DealId(deal), USER, &form, at(0)).await;
        if full.is_err() {
            break;
        }
    }
    full.unwrap_err();
    drop(tx);
    let mut tx = t.db.begin().await.unwrap();
    tenants::install(&mut tx, TenantId(Uuid::new_v4()), &company(2, "Oak", "en_US"), at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn replicas_see_each_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(replicas::seen(&mut tx, one, at(0), at(-20)).await.unwrap(), 1);
    assert_eq!(replicas::seen(&mut tx, other, at(5), at(-15)).await.unwrap(), 2);
    assert_eq!(replicas::seen(&mut tx, other, at(25), at(5)).await.unwrap(), 1, "one was not seen for long");
    replicas::seen(&mut tx, one, at(26), at(6)).await.unwrap();
    replicas::gone(&mut tx, other).await.unwrap();
    assert_eq!(replicas::seen(&mut tx, one, at(27), at(7)).await.unwrap(), 1);
}

/// `replicas::last_heartbeat`
#[rstest]
#[tokio::test]
async fn a_replica_that_has_ended_leaves_its_last_heartbeat(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    assert_eq!(replicas::last_heartbeat(&mut tx).await.unwrap(), None);
    let one = Uuid::new_v4();
    replicas::seen(&mut tx, one, at(5), at(-15)).await.unwrap();
    replicas::gone(&mut tx, one).await.unwrap();
    assert_eq!(replicas::last_heartbeat(&mut tx).await.unwrap(), Some(at(5)));
    replicas::seen(&mut tx, Uuid::new_v4(), at(60), at(40)).await.unwrap();
    assert_eq!(replicas::last_heartbeat(&mut tx).await.unwrap(), Some(at(60)), "the next one takes its place");
}

#[rstest]
#[tokio::test]
async fn replicas_go_by_the_clock_of_their_database(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (first, second) = (t.db.now().await.unwrap(), t.db.now().await.unwrap());
    assert_eq!(first.is_some(), matches!(backend, Postgres));
    assert!(first <= second);
}

#[tokio::test]
async fn everything_moves_from_sqlite_to_postgresql() {
    let (from, to) = (Database::new(Sqlite).await, Database::new(Postgres).await);
    let mut tx = from.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&from, &mut tx).await;
    let key = IntentKey(Uuid::new_v4());
    let open = new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 700), at(5)).await.unwrap());
    from.db.enqueue(&mut tx, IssueInvoice { tenant, invoice: open }).await.unwrap();
    from.db.enqueue(&mut tx, CarryOut { tenant, act: ActId(Uuid::new_v4()) }).await.unwrap();
    let tokens = crate::fixtures::tokens("ana");
    grants::install(
        &mut tx,
        &from.vault,
        tenant,
        USER,
        &crate::fixtures::profile(),
        "https://a.example",
        &tokens,
        at(0),
    )
    .await
    .unwrap();
    audit::record(
        &mut tx,
        tenant,
        Some(USER),
        "invoice issued",
        Some(invoice),
        &serde_json::json!({ "total": 1 }),
        at(1),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let before = held(&from, tenant).await;
    let calls = Usage { reads: 3, writes: 1 };
    let mut tx = from.db.begin().await.unwrap();
    usage::add_to_connection(&mut tx, tenant, connection, 202_611, calls).await.unwrap();
    usage::add_to_app(&mut tx, 202_611, calls).await.unwrap();
    tx.commit().await.unwrap();

    assert!(from.db.copy_to(&to.db).await.unwrap() >= 8);
    assert_eq!(held(&to, tenant).await, before);
    let mut tx = to.db.read().await.unwrap();
    assert_eq!(usage::of_connection(&mut tx, tenant, connection, 202_611).await.unwrap(), calls);
    assert_eq!(usage::of_app(&mut tx, 202_611).await.unwrap(), calls);
    drop(tx);
    let mut tx = to.db.read().await.unwrap();
    let grant = grants::find(&mut tx, &to.vault, tenant, USER).await.unwrap().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&grant.tokens.refresh), "ana-refresh");
    drop(tx);
    assert!(matches!(from.db.copy_to(&to.db).await, Err(store::Error::NotEmpty)), "nothing is copied over something");
    assert!(matches!(to.db.copy_to(&from.db).await, Err(store::Error::NotFromSqlite)));
}

#[tokio::test]
async fn a_backup_is_the_whole_database_at_one_moment() {
    let t = Database::new(Sqlite).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, _) = issued(&t, &mut tx).await;
    tx.commit().await.unwrap();
    let before = held(&t, tenant).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    t.db.backup_to(file.to_str().unwrap()).await.unwrap();
    let restored = store::Db::open(&format!("sqlite:{}", file.display())).await.unwrap();
    let restored = Database::of(restored, folder);
    assert_eq!(held(&restored, tenant).await, before);
    assert!(t.db.backup_to(file.to_str().unwrap()).await.is_err(), "a file that is there is not overwritten");
    let other = Database::new(Postgres).await;
    assert!(matches!(other.db.backup_to("x").await, Err(store::Error::NotSqlite)));
}

/// What a database holds of a company, in words.
async fn held(t: &Database, tenant: TenantId) -> String {
    let mut tx = t.db.read().await.unwrap();
    let invoices = invoices::list(&mut tx, tenant, Of::Deal(DEAL)).await.unwrap();
    let connection = store::quickbooks::current(&mut tx, &t.vault, tenant).await.unwrap().unwrap();
    format!("{invoices:?} {:?} {} {:?}", connection.company, connection.realm_id, connection.connected_at)
}

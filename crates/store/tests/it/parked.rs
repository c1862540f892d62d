//! Tests of parked operations.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at, execute, queue_time,
    },
    fixtures::{DEAL, USER, intent, issued, new_id, queued},
};
use domain::{
    ids::{ActionId, InvoiceId, TenantId},
    invoice::InvoiceAction,
};
use riverqueue::{BoxError, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, time::Duration};
use store::{
    history,
    invoice_actions::{self, ActionRequest},
    invoices::{self, State},
    leases,
    parked::{self, OperationKind, ParkReason},
    queue::{self, CarryOut, IssueInvoice},
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_parked_invoice_that_was_never_sent_can_be_removed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is not parked");
    leases::park(&mut tx, tenant, id, owner, &ParkReason::Disconnected).await.unwrap();
    let known = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(known.park_reason, Some(ParkReason::Disconnected));
    assert!(invoices::remove_unsent(&mut tx, tenant, id).await.unwrap());
    assert!(parked::list_of_tenant(&mut tx, tenant).await.unwrap().is_empty());
    assert!(invoices::claim(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().is_none());
    assert!(!parked::retry(&mut tx, tenant, OperationKind::Invoice, id.0, at(20)).await.unwrap());
    assert!(invoices::list(&mut tx, tenant, invoices::InvoiceScope::Deal(DEAL)).await.unwrap().is_empty());
    // The form that is still open can be submitted again.
    let again = intent(connection, known.intent, 100);
    assert_eq!(new_id(invoices::place(&mut tx, tenant, &again, at(30)).await.unwrap()), id);
    // An invoice that may have been sent cannot be removed.
    invoices::claim(&mut tx, tenant, id, owner, at(40), at(50)).await.unwrap().unwrap();
    assert!(leases::mark_sending(&mut tx, tenant, id, owner, at(41)).await.unwrap());
    leases::park(&mut tx, tenant, id, owner, &ParkReason::Disconnected).await.unwrap();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_parked_invoice_waits_for_a_person(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap().unwrap();
    assert!(leases::mark_sending(&mut tx, tenant, id, owner, at(1)).await.unwrap());
    leases::park(&mut tx, tenant, id, Uuid::new_v4(), &ParkReason::Doubt).await.unwrap();
    assert!(parked::list_all(&mut tx).await.unwrap().is_empty(), "another owner cannot park it");
    leases::park(&mut tx, tenant, id, owner, &ParkReason::Doubt).await.unwrap();
    assert!(invoices::claim(&mut tx, tenant, id, owner, at(20), at(30)).await.unwrap().is_none());
    assert!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(90), at(90), at(99)).await.unwrap().is_empty());
    let found = parked::list_of_tenant(&mut tx, tenant).await.unwrap();
    assert_eq!(found, parked::list_all(&mut tx).await.unwrap());
    assert_eq!(
        (found[0].kind, found[0].id, found[0].deal, &found[0].park_reason),
        (OperationKind::Invoice, id.0, DEAL.0, &ParkReason::Doubt)
    );
    assert!(parked::list_of_tenant(&mut tx, TenantId(Uuid::new_v4())).await.unwrap().is_empty());

    invoices::allow_resending(&mut tx, tenant, id).await.unwrap();
    assert!(!parked::retry(&mut tx, TenantId(Uuid::new_v4()), OperationKind::Invoice, id.0, at(100)).await.unwrap());
    assert!(parked::retry(&mut tx, tenant, OperationKind::Invoice, id.0, at(100)).await.unwrap());
    assert!(
        !parked::retry(&mut tx, tenant, OperationKind::Invoice, id.0, at(100)).await.unwrap(),
        "it is no longer parked"
    );
    let again = invoices::claim(&mut tx, tenant, id, owner, at(100), at(110)).await.unwrap().unwrap();
    assert_eq!((again.state, again.attempts, again.may_resend, again.park_reason), (State::Sending, 2, true, None));
    invoices::revoke_resending(&mut tx, tenant, id, owner).await.unwrap();
    assert!(!invoices::find(&mut tx, tenant, id).await.unwrap().unwrap().may_resend, "the permission is used once");
}

#[rstest]
#[tokio::test]
async fn only_available_jobs_count_as_waiting(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut tx = t.db.begin().await.unwrap();
    let [available, scheduled, failed, running, completed] = [(); 5].map(|()| Uuid::new_v4());
    for action in [available, scheduled, failed, running, completed] {
        t.db.enqueue(&mut tx, CarryOut { tenant, action: ActionId(action) }).await.unwrap();
    }
    for (id, state) in [(2, "scheduled"), (3, "retryable"), (4, "running")] {
        execute(&mut tx, &format!("UPDATE river_job SET state = '{state}' WHERE id = {id}")).await;
    }
    let past = queue_time(&tx, -60);
    execute(&mut tx, &format!("UPDATE river_job SET state = 'completed', finalized_at = {past} WHERE id = 5")).await;
    let waiting = queue::list_waiting::<CarryOut, ActionId>(&mut tx).await.unwrap();
    assert_eq!(waiting, HashSet::from([available]), "the process of the other jobs may have crashed");
    assert!(
        queue::list_waiting::<IssueInvoice, InvoiceId>(&mut tx).await.unwrap().is_empty(),
        "there is no job of this kind"
    );
}

#[rstest]
#[tokio::test]
async fn failed_jobs_of_other_companies_hide_none_of_a_company(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (other, ours) = (TenantId(Uuid::new_v4()), TenantId(Uuid::new_v4()));
    let mut tx = t.db.begin().await.unwrap();
    for tenant in [other].repeat(1001).into_iter().chain([ours]) {
        t.db.enqueue(&mut tx, CarryOut { tenant, action: ActionId(Uuid::new_v4()) }).await.unwrap();
    }
    let past = queue_time(&tx, -60);
    execute(&mut tx, &format!("UPDATE river_job SET state = 'discarded', finalized_at = {past}")).await;
    tx.commit().await.unwrap();
    let failed = t.db.list_failed(Some(ours)).await.unwrap();
    assert_eq!(failed.iter().map(|job| job.tenant).collect::<Vec<_>>(), [ours]);
    assert!(!failed[0].is_write_back(), "the job carries out an act");
    assert!(!t.db.retry_failed(other, failed[0].id).await.unwrap(), "the job of another company");
    assert!(t.db.retry_failed(ours, failed[0].id).await.unwrap());
    assert!(t.db.list_failed(Some(ours)).await.unwrap().is_empty());
}

/// A job that is discarded after its first failure.
#[derive(Debug, Serialize, Deserialize, JobArgs)]
#[river(kind = "write_back", max_attempts = 1)]
struct FailingJob {
    tenant: TenantId,
}

#[rstest]
#[tokio::test]
async fn a_discarded_job_keeps_its_last_error(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let tenant = TenantId(Uuid::new_v4());
    let mut workers = Workers::new();
    workers
        .add_fn(|_: WorkContext, _: Job<FailingJob>| async { Err::<WorkOutcome, BoxError>("no connection".into()) })
        .unwrap();
    let client = t.db.worker_builder().workers(workers).queue("default", QueueConfig::new(1)).build().unwrap();
    let mut working = client.start().unwrap();
    let mut tx = t.db.begin().await.unwrap();
    t.db.enqueue(&mut tx, FailingJob { tenant }).await.unwrap();
    tx.commit().await.unwrap();
    let mut failed = Vec::new();
    while failed.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        failed = t.db.list_failed(None).await.unwrap();
    }
    working.stop().await.unwrap();
    let [job] = &failed[..] else { panic!("one job") };
    assert!(job.is_write_back());
    assert_eq!((job.tenant, job.attempts, job.error.as_str()), (tenant, 1, "no connection"));
    assert_eq!(t.db.list_failed(Some(tenant)).await.unwrap(), failed);

    let stranger = TenantId(Uuid::new_v4());
    assert!(t.db.list_failed(Some(stranger)).await.unwrap().is_empty());
    assert!(!t.db.retry_failed(stranger, job.id).await.unwrap());
    assert!(t.db.retry_failed(tenant, job.id).await.unwrap());
    assert!(t.db.list_failed(None).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn acts_and_history_entries_can_be_parked(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, invoice) = issued(&t, &mut tx).await;
    let request = ActionRequest {
        id: ActionId(Uuid::new_v4()),
        invoice,
        action: InvoiceAction::Void,
        seen: String::new(),
        recipient: String::new(),
        by: USER,
    };
    assert!(invoice_actions::request(&mut tx, tenant, &request, at(0)).await.unwrap());
    let owner = Uuid::new_v4();
    invoice_actions::claim(&mut tx, tenant, request.id, owner, at(0), at(10)).await.unwrap().unwrap();
    let failed = ParkReason::Failed("QuickBooks: no usable answer came back".into());
    leases::park(&mut tx, tenant, request.id, owner, &failed).await.unwrap();
    let entry = crate::fixtures::entry(invoice);
    history::add(&mut tx, tenant, &entry).await.unwrap();
    history::claim(&mut tx, tenant, entry.id, owner, at(0), at(10)).await.unwrap().unwrap();
    leases::park(&mut tx, tenant, entry.id, owner, &failed).await.unwrap();
    let found = parked::list_of_tenant(&mut tx, tenant).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|parked| (parked.kind, parked.id)).collect();
    assert!(
        kinds.contains(&(OperationKind::Action, request.id.0)) && kinds.contains(&(OperationKind::Entry, entry.id.0))
    );
    assert!(found.iter().all(|parked| parked.park_reason == failed));
    for operation in found {
        assert!(parked::retry(&mut tx, tenant, operation.kind, operation.id, at(20)).await.unwrap());
    }
    assert!(invoice_actions::claim(&mut tx, tenant, request.id, owner, at(20), at(30)).await.unwrap().is_some());
}

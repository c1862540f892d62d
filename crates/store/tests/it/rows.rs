//! Each function on an invoice changes the expected columns of its row, and no other row. It does not change an invoice of another company,
//! with another lease owner, or in a final state.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{USER, connection, entry, intent, new_id, snapshot, tenant},
};
use domain::{
    ids::{ActionId, IntentKey, InvoiceId, TenantId},
    invoice::{InvoiceAction, Snapshot, Status},
    invoice_request::Choice,
    money::Money,
    operation::Phase,
};
use iso_currency::Currency;
use jiff::civil::date;
use rstest::rstest;
use sqlx::AssertSqlSafe;
use store::{
    Tx, history,
    invoice_actions::{self, ActionRequest, Reason},
    invoices::{self, Intent, State},
    leases,
    parked::{self, OperationKind, ParkReason},
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    id: Uuid,
    state: String,
    lease_owner: Option<Uuid>,
    lease_until: i64,
    attempts: i32,
    next_attempt_at: i64,
    trouble: Option<String>,
    may_resend: bool,
    sent_at: i64,
    customer_id: Option<String>,
    quickbooks_id: Option<String>,
    balance_minor: i64,
    told: String,
}

async fn rows(tx: &mut Tx) -> Vec<Row> {
    let statement = "/* test */ SELECT id, state, lease_owner, lease_until, attempts, next_attempt_at, trouble, may_resend, sent_at, customer_id, \
        quickbooks_id, balance_minor, told FROM invoice ORDER BY id";
    match tx {
        Tx::Sqlite(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
    }
}

/// Sets every invoice of every company to one state, with one lease owner.
async fn set(tx: &mut Tx, state: &str, trouble: Option<&str>, owner: Uuid) {
    let statement = format!(
        "/* test */ UPDATE invoice SET state = $1, trouble = $2, lease_owner = $3, lease_until = {}, attempts = 3, next_attempt_at = {}, \
         sent_at = {}, may_resend = $4, refusal = '[]', customer_id = NULL, quickbooks_id = NULL, sync_token = NULL, told = '', \
         balance_minor = 10000",
        micros(100),
        micros(50),
        micros(1)
    );
    let statement = AssertSqlSafe(statement);
    let may_resend = state == "sending" && trouble.is_none();
    match tx {
        Tx::Sqlite(c) => {
            let query = sqlx::query(statement).bind(state).bind(trouble).bind(owner).bind(may_resend);
            query.execute(&mut **c).await.unwrap();
        }
        Tx::Postgres(c) => {
            let query = sqlx::query(statement).bind(state).bind(trouble).bind(owner).bind(may_resend);
            query.execute(&mut **c).await.unwrap();
        }
    }
}

fn micros(seconds: i64) -> i64 {
    at(seconds).as_microsecond()
}

/// A function on one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Claim,
    Extend,
    MarkSending,
    Postpone,
    Park,
    MarkUnsent,
    RevokeResending,
    MarkIssued,
    MarkRefused,
    Retry,
    AllowResending,
    SetCustomer,
    UpdateSnapshot,
    RemoveUnsent,
    SetAnnouncedStatus,
}

impl Step {
    /// The steps that require the lease.
    const OWNER_STEPS: [Self; 8] = [
        Self::Extend,
        Self::MarkSending,
        Self::Postpone,
        Self::Park,
        Self::MarkUnsent,
        Self::RevokeResending,
        Self::MarkIssued,
        Self::MarkRefused,
    ];

    async fn run(self, tx: &mut Tx, tenant: TenantId, id: InvoiceId, owner: Uuid) {
        let read = snapshot("0", 2_500);
        let result = match self {
            Self::Claim => invoices::claim(tx, tenant, id, owner, at(200), at(210)).await.map(|_| ()),
            Self::Extend => leases::extend(tx, tenant, id, owner, at(20), at(30)).await.map(|_| ()),
            Self::MarkSending => leases::mark_sending(tx, tenant, id, owner, at(21)).await.map(|_| ()),
            Self::Postpone => leases::postpone(tx, tenant, id, owner, at(60)).await,
            Self::Park => leases::park(tx, tenant, id, owner, &ParkReason::Doubt).await,
            Self::MarkUnsent => leases::mark_unsent(tx, tenant, id, owner).await,
            Self::RevokeResending => invoices::revoke_resending(tx, tenant, id, owner).await,
            Self::MarkIssued => invoices::mark_issued(tx, tenant, id, owner, &read, at(22)).await.map(|_| ()),
            Self::MarkRefused => invoices::mark_refused(tx, tenant, id, owner, &[]).await.map(|_| ()),
            Self::Retry => parked::retry(tx, tenant, OperationKind::Invoice, id.0, at(70)).await.map(|_| ()),
            Self::AllowResending => invoices::allow_resending(tx, tenant, id).await,
            Self::SetCustomer => invoices::set_customer(tx, tenant, id, "58").await,
            Self::UpdateSnapshot => invoices::update_snapshot(tx, tenant, id, &read, at(22), at(22)).await,
            Self::RemoveUnsent => invoices::remove_unsent(tx, tenant, id).await.map(|_| ()),
            Self::SetAnnouncedStatus => history::set_announced_status(tx, tenant, id, Status::Paid).await.map(|_| ()),
        };
        result.unwrap();
    }

    /// The state and the park reason before the step.
    fn initial_state(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Retry | Self::AllowResending => ("sending", Some("doubt")),
            Self::UpdateSnapshot | Self::SetAnnouncedStatus => ("issued", None),
            Self::RemoveUnsent => ("refused", None),
            Self::MarkSending => ("queued", None),
            _ => ("sending", None),
        }
    }

    /// The row after the step.
    fn expected(self, row: Row, owner: Uuid) -> Row {
        let with_snapshot = Row { quickbooks_id: Some("130".into()), balance_minor: 2_500, ..row.clone() };
        match self {
            Self::Claim => Row { lease_owner: Some(owner), lease_until: micros(210), attempts: 4, ..row },
            Self::Extend => Row { lease_until: micros(30), ..row },
            Self::MarkSending => Row { state: "sending".into(), sent_at: micros(21), ..row },
            Self::Postpone => Row { lease_until: 0, next_attempt_at: micros(60), ..row },
            Self::Park => Row { trouble: Some("doubt".into()), lease_until: 0, ..row },
            Self::MarkUnsent => Row { state: "queued".into(), sent_at: 0, ..row },
            Self::RevokeResending => Row { may_resend: false, ..row },
            Self::MarkIssued => Row { state: "issued".into(), lease_until: 0, ..with_snapshot },
            Self::MarkRefused => Row { state: "refused".into(), lease_until: 0, ..row },
            Self::Retry => Row { trouble: None, attempts: 1, next_attempt_at: micros(70), ..row },
            Self::AllowResending => Row { may_resend: true, ..row },
            Self::SetCustomer => Row { customer_id: Some("58".into()), ..row },
            Self::UpdateSnapshot => with_snapshot,
            Self::RemoveUnsent => Row { state: "removed".into(), ..row },
            Self::SetAnnouncedStatus => Row { told: "paid".into(), ..row },
        }
    }
}

/// Creates two invoices of one company and one of another. Returns the tenants and the first invoice.
async fn create_three(t: &Database, tx: &mut Tx) -> ([TenantId; 2], InvoiceId) {
    let tenants = [tenant(tx, 1).await, tenant(tx, 2).await];
    let mut placed = Vec::new();
    for (tenant, realm) in [(tenants[0], "1"), (tenants[0], "1"), (tenants[1], "2")] {
        let connection = connection(t, tx, tenant, realm).await;
        let wanted = intent(connection, IntentKey(Uuid::new_v4()), 100);
        placed.push(new_id(invoices::place(tx, tenant, &wanted, at(0)).await.unwrap()));
    }
    (tenants, placed[0])
}

#[rstest]
#[tokio::test]
async fn each_step_changes_the_row_of_its_invoice_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([ours, theirs], id) = create_three(&t, &mut tx).await;
    let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
    let other_steps = [
        Step::Claim,
        Step::Retry,
        Step::AllowResending,
        Step::SetCustomer,
        Step::UpdateSnapshot,
        Step::RemoveUnsent,
        Step::SetAnnouncedStatus,
    ];
    for step in Step::OWNER_STEPS.into_iter().chain(other_steps) {
        let (state, trouble) = step.initial_state();
        set(&mut tx, state, trouble, owner).await;
        let before = rows(&mut tx).await;
        step.run(&mut tx, theirs, id, owner).await;
        assert_eq!(rows(&mut tx).await, before, "{step:?} of another company");
        if Step::OWNER_STEPS.contains(&step) {
            step.run(&mut tx, ours, id, other).await;
            assert_eq!(rows(&mut tx).await, before, "{step:?} of another worker");
        }
        let worker = if step == Step::Claim { other } else { owner };
        let after_step = |row: Row| if row.id == id.0 { step.expected(row, worker) } else { row };
        let expected: Vec<Row> = before.into_iter().map(after_step).collect();
        step.run(&mut tx, ours, id, worker).await;
        assert_eq!(rows(&mut tx).await, expected, "{step:?}");
    }
}

/// Not even the lease owner may change it: a slow worker must not undo a settled state.
#[rstest]
#[tokio::test]
async fn a_settled_or_parked_invoice_does_not_change(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([tenant, _], id) = create_three(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    for (state, trouble, steps) in [
        (
            "issued",
            None,
            &[Step::Claim, Step::Extend, Step::MarkSending, Step::Park, Step::MarkIssued, Step::MarkRefused][..],
        ),
        (
            "refused",
            None,
            &[Step::Claim, Step::Extend, Step::MarkSending, Step::Park, Step::MarkIssued, Step::MarkRefused],
        ),
        ("issued", None, &[Step::MarkUnsent, Step::RemoveUnsent, Step::AllowResending, Step::Retry]),
        (
            "queued",
            None,
            &[Step::MarkUnsent, Step::RemoveUnsent, Step::AllowResending, Step::Retry, Step::UpdateSnapshot],
        ),
        ("sending", None, &[Step::RemoveUnsent, Step::AllowResending, Step::Retry, Step::UpdateSnapshot]),
        ("sending", Some("doubt"), &[Step::Claim]),
    ] {
        set(&mut tx, state, trouble, owner).await;
        let before = rows(&mut tx).await;
        for step in steps {
            step.run(&mut tx, tenant, id, owner).await;
            assert_eq!(rows(&mut tx).await, before, "{step:?} in state {state}");
        }
    }
}

/// The columns of an intent that a correction replaces.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Content {
    connection_id: Uuid,
    form: String,
    draft: String,
    state: String,
    refusal: Option<String>,
    lease_until: i64,
    attempts: i32,
    next_attempt_at: i64,
    trouble: Option<String>,
    may_resend: bool,
    customer_name: String,
    currency: String,
    total_minor: i64,
    balance_minor: i64,
    issued: String,
    due: String,
}

async fn content(tx: &mut Tx, id: InvoiceId) -> Content {
    let statement = "/* test */ SELECT connection_id, form, draft, state, refusal, lease_until, attempts, next_attempt_at, trouble, may_resend, \
        customer_name, currency, total_minor, balance_minor, issued, due FROM invoice WHERE id = $1";
    match tx {
        Tx::Sqlite(c) => sqlx::query_as(statement).bind(id.0).fetch_one(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_as(statement).bind(id.0).fetch_one(&mut **c).await.unwrap(),
    }
}

/// A correction keeps only the id and the generation of the refused row.
#[rstest]
#[tokio::test]
async fn a_corrected_invoice_is_stored_like_a_new_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([ours, _], id) = create_three(&t, &mut tx).await;
    let key = invoices::find(&mut tx, ours, id).await.unwrap().unwrap().intent;
    set(&mut tx, "refused", Some("doubt"), Uuid::new_v4()).await;
    invoices::set_customer(&mut tx, ours, id, "58").await.unwrap();
    invoices::allow_resending(&mut tx, ours, id).await.unwrap();
    let others = |rows: Vec<Row>| rows.into_iter().filter(|row| row.id != id.0).collect::<Vec<_>>();
    let before = others(rows(&mut tx).await);

    let connection = connection(&t, &mut tx, ours, "3").await;
    let mut corrected = intent(connection, key, 200);
    corrected.form.memo = "corrected".into();
    corrected.customer_name = "Beta".into();
    corrected.request.customer = Choice::Existing("77".into());
    corrected.request.currency = Currency::JPY;
    (corrected.request.issued, corrected.request.due) = (date(2026, 4, 1), date(2026, 5, 1));
    assert_eq!(new_id(invoices::place(&mut tx, ours, &corrected, at(80)).await.unwrap()), id);
    assert_eq!(others(rows(&mut tx).await), before, "no other invoice changes");
    let same = Intent { id: InvoiceId(Uuid::new_v4()), key: IntentKey(Uuid::new_v4()), ..corrected };
    let new = new_id(invoices::place(&mut tx, ours, &same, at(80)).await.unwrap());
    let expected = content(&mut tx, new).await;
    assert_eq!((expected.total_minor, expected.state.as_str(), expected.currency.as_str()), (200, "queued", "JPY"));
    assert_eq!(content(&mut tx, id).await, expected);
    let customer = invoices::find(&mut tx, ours, id).await.unwrap().unwrap().customer;
    assert_eq!(customer, None, "the form names another customer than the created one");
}

/// Lists actions or history entries: id, state, refusal or note, and end of the lease.
async fn list_settled(tx: &mut Tx, table: &str) -> Vec<(Uuid, String, Option<String>, i64)> {
    let result = if table == "act" { "refusal" } else { "CAST(note_id AS TEXT)" };
    let statement =
        AssertSqlSafe(format!("/* test */ SELECT id, state, {result}, lease_until FROM {table} ORDER BY id"));
    match tx {
        Tx::Sqlite(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_as(statement).fetch_all(&mut **c).await.unwrap(),
    }
}

#[rstest]
#[tokio::test]
async fn settling_an_act_or_an_entry_changes_its_row_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([ours, theirs], _) = create_three(&t, &mut tx).await;
    let invoices: Vec<Uuid> = rows(&mut tx).await.into_iter().map(|row| row.id).collect();
    let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (mut requests, mut entries) = (Vec::new(), Vec::new());
    for invoice in invoices.into_iter().map(InvoiceId) {
        let request = request(invoice);
        assert!(invoice_actions::request(&mut tx, ours, &request, at(0)).await.unwrap());
        let entry = entry(invoice);
        history::add(&mut tx, ours, &entry).await.unwrap();
        let (leased, phase) =
            invoice_actions::claim(&mut tx, ours, request.id, owner, at(0), at(10)).await.unwrap().unwrap();
        assert_eq!((phase, leased.at, leased.attempts), (Phase::Queued, at(0), 1));
        assert_eq!(format!("{:?}", leased.request), format!("{request:?}"));
        let (leased, phase, attempts) =
            history::claim(&mut tx, ours, entry.id, owner, at(0), at(10)).await.unwrap().unwrap();
        assert_eq!((phase, attempts), (Phase::Queued, 1));
        assert_eq!(format!("{leased:?}"), format!("{entry:?}"));
        requests.push(request.id);
        entries.push(entry.id);
    }
    for (table, result) in
        [("act", Some("\"changed\"")), ("act", None), ("history_entry", Some("5")), ("history_entry", None)]
    {
        let before = list_settled(&mut tx, table).await;
        let at = usize::from(result.is_none());
        let (action, entry) = (requests[at], entries[at]);
        let id = if table == "act" { action.0 } else { entry.0 };
        let settle = async |tx: &mut Tx, tenant: TenantId, owner: Uuid| match (table, result) {
            ("act", None) => invoice_actions::finish(tx, tenant, action, owner, None).await.unwrap(),
            ("act", _) => invoice_actions::finish(tx, tenant, action, owner, Some(&Reason::Changed)).await.unwrap(),
            (_, note) => {
                history::mark_written(tx, tenant, entry, owner, note.map(|_| 5)).await.unwrap();
                false
            }
        };
        assert!(!settle(&mut tx, theirs, owner).await);
        assert!(!settle(&mut tx, ours, other).await);
        assert_eq!(list_settled(&mut tx, table).await, before, "of another company, or by another worker");
        let is_finished = settle(&mut tx, ours, owner).await;
        assert_eq!(is_finished, table == "act");
        let state = match (table, result) {
            ("act", None) => "done",
            ("act", _) => "refused",
            (_, None) => "dropped",
            _ => "written",
        };
        let settled_now = |row: (Uuid, String, Option<String>, i64)| {
            if row.0 == id { (id, state.to_owned(), result.map(Into::into), 0) } else { row }
        };
        let expected: Vec<_> = before.into_iter().map(settled_now).collect();
        assert_eq!(list_settled(&mut tx, table).await, expected, "{table} {result:?}");
        if table == "act" {
            assert!(!invoice_actions::finish(&mut tx, ours, action, owner, Some(&Reason::NotNow)).await.unwrap());
            assert_eq!(list_settled(&mut tx, table).await, expected, "a finished act cannot be finished again");
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_operation_is_under_way_until_it_is_settled_or_parked(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([tenant, _], invoice) = create_three(&t, &mut tx).await;
    let request = request(invoice);
    assert!(invoice_actions::request(&mut tx, tenant, &request, at(0)).await.unwrap());
    for (state, trouble, is_under_way) in [
        ("queued", None, true),
        ("sending", None, true),
        ("queued", Some("doubt"), false),
        ("sending", Some("doubt"), false),
        ("refused", None, false),
    ] {
        set(&mut tx, state, trouble, Uuid::new_v4()).await;
        let invoice = invoices::find(&mut tx, tenant, invoice).await.unwrap().unwrap();
        assert_eq!(invoice.is_under_way(), is_under_way, "{state} {trouble:?}");
    }
    let owner = Uuid::new_v4();
    let action = async |tx: &mut Tx| invoice_actions::find(tx, tenant, request.id).await.unwrap().unwrap();
    assert!(action(&mut tx).await.is_under_way());
    invoice_actions::claim(&mut tx, tenant, request.id, owner, at(0), at(10)).await.unwrap();
    assert!(leases::mark_sending(&mut tx, tenant, request.id, owner, at(1)).await.unwrap());
    assert_eq!(
        (action(&mut tx).await.state, action(&mut tx).await.is_under_way()),
        (invoice_actions::State::Sending, true)
    );
    leases::park(&mut tx, tenant, request.id, owner, &ParkReason::Doubt).await.unwrap();
    assert!(!action(&mut tx).await.is_under_way());
    assert!(parked::retry(&mut tx, tenant, OperationKind::Action, request.id.0, at(2)).await.unwrap());
    let (_, phase) = invoice_actions::claim(&mut tx, tenant, request.id, owner, at(3), at(10)).await.unwrap().unwrap();
    assert_eq!(phase, Phase::Sending, "the lease was released");
    let (_, phase) = invoice_actions::claim(&mut tx, tenant, request.id, owner, at(11), at(20)).await.unwrap().unwrap();
    assert_eq!(phase, Phase::Lost, "the lease ran out");
    assert!(invoice_actions::finish(&mut tx, tenant, request.id, owner, None).await.unwrap());
    assert_eq!(
        (action(&mut tx).await.state, action(&mut tx).await.is_under_way()),
        (invoice_actions::State::Done, false)
    );
}

fn request(invoice: InvoiceId) -> ActionRequest {
    ActionRequest {
        id: ActionId(Uuid::new_v4()),
        invoice,
        action: InvoiceAction::Void,
        seen: "USD 100 100 stands 58".into(),
        recipient: "ap@acme.example".into(),
        by: USER,
    }
}

/// Even if no other worker has claimed it: its worker may have been suspended, and has to look up the invoice before sending.
#[rstest]
#[tokio::test]
async fn an_expired_lease_is_not_extended(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([tenant, _], id) = create_three(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    set(&mut tx, "sending", None, owner).await;
    let before = rows(&mut tx).await;
    assert!(!leases::extend(&mut tx, tenant, id, owner, at(100), at(110)).await.unwrap());
    assert_eq!(rows(&mut tx).await, before);
    assert!(leases::extend(&mut tx, tenant, id, owner, at(99), at(110)).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_snapshot_is_stored(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ([tenant, _], id) = create_three(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    set(&mut tx, "sending", None, owner).await;
    assert!(invoices::mark_issued(&mut tx, tenant, id, owner, &snapshot("0", 10_000), at(1)).await.unwrap());
    let money = |minor| Money::from_minor(minor, Currency::BRL);
    let edited = Snapshot {
        quickbooks_id: "131".into(),
        sync_token: "10".into(),
        doc_number: Some("1039".into()),
        customer_name: "Beta".into(),
        customer_id: "59".into(),
        email: "ap@beta.example".into(),
        total: money(20_000),
        balance: money(5_000),
        tax: Some(money(1_000)),
        issued: date(2026, 4, 1),
        due: date(2026, 5, 1),
        sent: true,
        voided: true,
        deleted: true,
    };
    invoices::update_snapshot(&mut tx, tenant, id, &edited, at(2), at(2)).await.unwrap();
    let stored = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.read_at), (State::Issued(edited.clone()), Some(at(2))));
    assert_eq!(stored.customer_name, "Beta");
    invoices::update_snapshot(&mut tx, tenant, id, &edited, at(3), at(3)).await.unwrap();
    let again = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(again.read_at, Some(at(3)), "the same version was read again");
}

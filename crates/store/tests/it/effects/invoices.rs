//! Entries of invoices from the submission until QuickBooks has answered: `invoices`.

use super::{
    harness::Effects,
    snapshot::id,
    world::{INVOICES, OTHER_DEAL, key, worker},
};
use crate::{
    database::at,
    fixtures::{intent, snapshot},
};
use domain::{
    ids::{ConnectionId, IntentKey, InvoiceId},
    invoice::Status,
};
use iso_currency::Currency;
use jiff::civil::date;
use store::invoices::{self, Intent, PlaceOutcome};
use uuid::Uuid;

/// A submitted form of deal 42. With a total of 1, its content equals that of the fixture.
fn submission(connection: ConnectionId, key: IntentKey, total: i64) -> Intent {
    let mut submission = Intent { id: InvoiceId(id("handed-in")), ..intent(connection, key, total) };
    (submission.organization, submission.person, submission.customer_name) = (Some(6), Some(7), "New customer".into());
    if total > 1 {
        submission.form.memo = "typed".into();
        (submission.request.currency, submission.request.issued, submission.request.due) =
            (Currency::EUR, date(2026, 4, 1), date(2026, 4, 8));
    }
    submission
}

fn outcome(placed: PlaceOutcome) -> (&'static str, Uuid) {
    match placed {
        PlaceOutcome::New(id) => ("new", id.0),
        PlaceOutcome::Known(known) => ("known", known.id.0),
        PlaceOutcome::Different(known) => ("different", known.id.0),
    }
}

pub(super) async fn check(e: &Effects<'_>) {
    check_steps(e).await;
    check_submissions(e).await;
}

/// Functions that workers and users call for an invoice.
async fn check_steps(e: &Effects<'_>) {
    let all = INVOICES.map(|(name, ..)| name);
    e.each(
        "invoices::claim",
        &all,
        async |tx, by, of, name| {
            Ok(invoices::claim(tx, by, of.invoice(name), id("new-owner"), at(9), at(20))
                .await?
                .map(|invoice| invoice.id.0))
        },
        &[
            "queued -> Some(A.queued)",
            "invoice A.queued: attempts=1 lease_owner=new-owner lease_until=@20",
            "given -> Some(A.given)",
            "invoice A.given: attempts=1 lease_owner=new-owner lease_until=@20",
        ],
    )
    .await;
    e.each(
        "invoices::claim",
        &all,
        async |tx, by, of, name| {
            Ok(invoices::claim(tx, by, of.invoice(name), id("new-owner"), at(10), at(20))
                .await?
                .map(|invoice| invoice.id.0))
        },
        &[
            "queued -> Some(A.queued)",
            "invoice A.queued: attempts=1 lease_owner=new-owner lease_until=@20",
            "held -> Some(A.held)",
            "invoice A.held: attempts=1 lease_owner=new-owner lease_until=@20",
            "sending -> Some(A.sending)",
            "invoice A.sending: attempts=1 lease_owner=new-owner lease_until=@20",
            "given -> Some(A.given)",
            "invoice A.given: attempts=1 lease_owner=new-owner lease_until=@20",
            "other -> Some(A.other)",
            "invoice A.other: attempts=1 lease_owner=new-owner lease_until=@20",
        ],
    )
    .await;
    // A lease that ends more than ten minutes after the end of a lease taken now was set by a wrong clock.
    e.given(&["UPDATE invoice SET lease_until = @620", "UPDATE invoice SET lease_until = @621 WHERE id = {A.sending}"])
        .each(
            "invoices::claim",
            &["held", "sending"],
            async |tx, by, of, name| {
                Ok(invoices::claim(tx, by, of.invoice(name), id("new-owner"), at(9), at(20))
                    .await?
                    .map(|invoice| invoice.id.0))
            },
            &["sending -> Some(A.sending)", "invoice A.sending: attempts=1 lease_owner=new-owner lease_until=@20"],
        )
        .await;
    e.each(
        "invoices::allow_resending",
        &all,
        async |tx, by, of, name| invoices::allow_resending(tx, by, of.invoice(name)).await,
        &["invoice A.stuck: may_resend=1", "invoice A.broken: may_resend=1"],
    )
    .await;
    e.given(&["UPDATE invoice SET may_resend = TRUE"])
        .each(
            "invoices::revoke_resending",
            &all,
            async |tx, by, of, name| invoices::revoke_resending(tx, by, of.invoice(name), worker()).await,
            &[
                "invoice A.held: may_resend=0",
                "invoice A.sending: may_resend=0",
                "invoice A.given: may_resend=0",
                "invoice A.stuck: may_resend=0",
                "invoice A.broken: may_resend=0",
                "invoice A.issued: may_resend=0",
                "invoice A.refused: may_resend=0",
                "invoice A.removed: may_resend=0",
            ],
        )
        .await;
    e.each(
        "invoices::set_customer",
        &["queued", "sending"],
        async |tx, by, of, name| invoices::set_customer(tx, by, of.invoice(name), "77").await,
        &["invoice A.queued: customer_id='77'", "invoice A.sending: customer_id='77'"],
    )
    .await;
    e.each(
        "invoices::mark_issued",
        &all,
        async |tx, by, of, name| {
            invoices::mark_issued(tx, by, of.invoice(name), worker(), &snapshot("6", 50), at(30)).await
        },
        &[
            "held -> true",
            "invoice A.held: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' doc_number='1038' \
                 lease_until=0 quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 state='issued' \
                 sync_token='6' total_minor=10000",
            "sending -> true",
            "invoice A.sending: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' \
                 doc_number='1038' lease_until=0 quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 \
                 state='issued' sync_token='6' total_minor=10000",
            "given -> true",
            "invoice A.given: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' \
                 doc_number='1038' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 state='issued' \
                 sync_token='6' total_minor=10000",
            "stuck -> true",
            "invoice A.stuck: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' \
                 doc_number='1038' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 state='issued' \
                 sync_token='6' total_minor=10000",
            "broken -> true",
            "invoice A.broken: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' \
                 doc_number='1038' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 state='issued' \
                 sync_token='6' total_minor=10000",
        ],
    )
    .await;
    e.each(
        "invoices::mark_refused",
        &all,
        async |tx, by, of, name| invoices::mark_refused(tx, by, of.invoice(name), worker(), &[]).await,
        &[
            "held -> true",
            "invoice A.held: lease_until=0 refusal='[]' state='refused'",
            "sending -> true",
            "invoice A.sending: lease_until=0 refusal='[]' state='refused'",
            "given -> true",
            "invoice A.given: refusal='[]' state='refused'",
            "stuck -> true",
            "invoice A.stuck: refusal='[]' state='refused'",
            "broken -> true",
            "invoice A.broken: refusal='[]' state='refused'",
        ],
    )
    .await;
    e.each(
        "invoices::remove_unsent",
        &all,
        async |tx, by, of, name| invoices::remove_unsent(tx, by, of.invoice(name)).await,
        &[
            "broken -> true",
            "invoice A.broken: refusal='[]' state='removed' trouble=null",
            "refused -> true",
            "invoice A.refused: state='removed' trouble=null",
        ],
    )
    .await;
}

/// Submitted and adopted invoices.
async fn check_submissions(e: &Effects<'_>) {
    e.by_id(
        "invoices::place",
        async |tx, by, of| {
            Ok(outcome(invoices::place(tx, by, &submission(of.connection("active"), key("new"), 1), at(30)).await?))
        },
        &["-> (\"new\", handed-in)", "+ invoice handed-in of A"],
    )
    .await;
    for (name, expected) in [
        ("queued", &["-> (\"different\", A.queued)"][..]),
        ("issued", &["-> (\"different\", A.issued)"]),
        (
            "refused",
            &[
                "-> (\"new\", A.refused)",
                "invoice A.refused: attempts=0 balance_minor=200 connection_id=A.former currency='EUR' \
                 customer_id=null customer_name='New customer' draft={..} due='2026-04-08' form={..} generation=2 \
                 issued='2026-04-01' lease_until=0 may_resend=0 next_attempt_at=@30 refusal=null state='queued' \
                 total_minor=200 trouble=null",
            ],
        ),
        (
            "removed",
            &[
                "-> (\"new\", A.removed)",
                "invoice A.removed: balance_minor=200 connection_id=A.former currency='EUR' customer_name='New \
                 customer' draft={..} due='2026-04-08' form={..} generation=2 issued='2026-04-01' lease_until=0 \
                 next_attempt_at=@30 refusal=null state='queued' total_minor=200",
            ],
        ),
    ] {
        e.by_number(
            "invoices::place",
            async |tx, by| {
                let connection = invoices::find_by_intent(tx, by, key("former")).await?.unwrap().connection;
                Ok(outcome(invoices::place(tx, by, &submission(connection, key(name), 2), at(30)).await?))
            },
            expected,
        )
        .await;
    }
    // In the same QuickBooks company, the created customer is kept.
    e.by_number(
        "invoices::place",
        async |tx, by| {
            let connection = invoices::find_by_intent(tx, by, key("issued")).await?.unwrap().connection;
            Ok(outcome(invoices::place(tx, by, &submission(connection, key("refused"), 1), at(30)).await?))
        },
        &[
            "-> (\"new\", A.refused)",
            "invoice A.refused: attempts=0 customer_name='New customer' generation=2 lease_until=0 may_resend=0 \
                 next_attempt_at=@30 refusal=null state='queued' trouble=null",
        ],
    )
    .await;
    e.by_number(
        "invoices::place",
        async |tx, by| {
            let former = invoices::find_by_intent(tx, by, key("former")).await?.unwrap();
            let elsewhere = Intent { deal: OTHER_DEAL, ..submission(former.connection, key("refused"), 2) };
            Ok(outcome(invoices::place(tx, by, &elsewhere, at(30)).await?))
        },
        &["-> (\"different\", A.refused)"],
    )
    .await;
    for (name, expected) in
        [("new", &["-> true", "+ invoice handed-in of A"][..]), ("queued", &["-> false"]), ("refused", ADOPTED_REFUSED)]
    {
        e.by_number(
            "invoices::adopt",
            async |tx, by| {
                let connection = invoices::find_by_intent(tx, by, key("former")).await?.unwrap().connection;
                let found = submission(connection, key(name), 2);
                invoices::adopt(tx, by, &found, at(25), &snapshot("6", 50), Some(Status::Paid), at(30)).await
            },
            expected,
        )
        .await;
    }
}

/// The effects of adopting an invoice whose row was refused.
const ADOPTED_REFUSED: &[&str] = &[
    "-> true",
    "invoice A.refused: attempts=0 balance_minor=50 bill_email='ap@acme.example' connection_id=A.former customer_id=null \
     customer_name='Acme' doc_number='1038' draft={..} form={..} generation=2 lease_until=0 may_resend=0 next_attempt_at=@25 \
     quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 refusal=null state='issued' sync_token='6' told='paid' \
     total_minor=10000 trouble=null",
];

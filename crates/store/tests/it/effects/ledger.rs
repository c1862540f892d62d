//! Entries of issued invoices: snapshots and queries: `invoices`, `unreadable`, `history`.

use super::{
    harness::Effects,
    world::{DEAL, INVOICES, OTHER_DEAL, key},
};
use crate::{database::at, fixtures::snapshot};
use domain::invoice::{Snapshot, Status};
use jiff::civil::date;
use store::{
    history,
    invoices::{self, Invoice, InvoiceScope},
    unreadable,
};
use uuid::Uuid;

fn ids(invoices: Vec<Invoice>) -> Vec<Uuid> {
    invoices.into_iter().map(|invoice| invoice.id.0).collect()
}

pub(super) async fn check(e: &Effects<'_>) {
    check_snapshots(e).await;
    check_queries(e).await;
}

/// Snapshots, announced badges and unreadable responses.
async fn check_snapshots(e: &Effects<'_>) {
    let all = INVOICES.map(|(name, ..)| name);
    for token in ["4", "10"] {
        let expected: &[&str] = if token == "4" {
            &[]
        } else {
            &[
                "invoice A.issued: balance_minor=50 bill_email='ap@acme.example' customer_name='Edited' \
                 doc_number='1038' quickbooks_customer_id='58' read_at=@30 sent=1 sync_token='10' total_minor=10000 \
                 unreadable_since=null voided=1",
                "invoice A.paid: balance_minor=50 bill_email='ap@acme.example' customer_name='Edited' \
                 doc_number='1038' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 sent=1 sync_token='10' \
                 total_minor=10000 unreadable_since=null voided=1",
                "invoice A.deleted: balance_minor=50 bill_email='ap@acme.example' customer_name='Edited' deleted=0 \
                 doc_number='1038' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 sent=1 sync_token='10' \
                 total_minor=10000 unreadable_since=null voided=1",
                "invoice A.later: balance_minor=50 bill_email='ap@acme.example' customer_name='Edited' \
                 doc_number='1038' due='2026-03-20' quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 sent=1 \
                 sync_token='10' total_minor=10000 unreadable_since=null voided=1",
                "invoice A.former: balance_minor=50 bill_email='ap@acme.example' customer_name='Edited' \
                 doc_number='1038' quickbooks_customer_id='58' read_at=@30 sent=1 sync_token='10' total_minor=10000 \
                 unreadable_since=null voided=1",
            ]
        };
        e.given(&["UPDATE invoice SET unreadable_since = @4"])
            .each(
                "invoices::update_snapshot",
                &all,
                async |tx, by, of, name| {
                    let edited =
                        Snapshot { customer_name: "Edited".into(), sent: true, voided: true, ..snapshot(token, 50) };
                    invoices::update_snapshot(tx, by, of.invoice(name), &edited, at(30), at(30)).await
                },
                expected,
            )
            .await;
    }
    // The same version is read again. An invoice that is being adopted has no version yet.
    e.given(&["UPDATE invoice SET sync_token = NULL WHERE id = {A.issued}"])
        .each(
            "invoices::update_snapshot",
            &["issued", "paid"],
            async |tx, by, of, name| {
                invoices::update_snapshot(tx, by, of.invoice(name), &snapshot("5", 50), at(30), at(30)).await
            },
            &[
                "invoice A.issued: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' \
                 doc_number='1038' quickbooks_customer_id='58' read_at=@30 sync_token='5' total_minor=10000",
                "invoice A.paid: balance_minor=50 bill_email='ap@acme.example' customer_name='Acme' doc_number='1038' \
                 quickbooks_customer_id='58' quickbooks_id='130' read_at=@30 total_minor=10000",
            ],
        )
        .await;
    e.given(&["UPDATE invoice SET told = 'paid' WHERE id = {A.paid}"])
        .each(
            "history::set_announced_status",
            &["issued", "paid"],
            async |tx, by, of, name| history::set_announced_status(tx, by, of.invoice(name), Status::Paid).await,
            &["issued -> true", "invoice A.issued: told='paid'"],
        )
        .await;
    e.given(&["UPDATE invoice SET unreadable_since = @4 WHERE id = {A.paid}"])
        .each(
            "unreadable::mark",
            &all,
            async |tx, by, of, name| unreadable::mark(tx, by, of.invoice(name), at(30)).await,
            &[
                "invoice A.issued: read_at=@30 unreadable_since=@30",
                "invoice A.paid: read_at=@30",
                "invoice A.deleted: read_at=@30 unreadable_since=@30",
                "invoice A.later: read_at=@30 unreadable_since=@30",
                "invoice A.former: read_at=@30 unreadable_since=@30",
            ],
        )
        .await;
    let unreadable = [
        "UPDATE invoice SET unreadable_since = @4 WHERE state = 'issued'",
        "UPDATE invoice SET unreadable_since = @3 WHERE id IN ({A.later}, {B.later})",
        "UPDATE invoice SET unreadable_since = @5 WHERE id IN ({A.issued}, {B.issued})",
        "UPDATE invoice SET unreadable_since = @6 WHERE id IN ({A.former}, {B.former})",
        "UPDATE invoice SET unreadable_since = @3 WHERE id IN ({A.sending}, {B.sending})",
    ];
    for most in [9, 2] {
        let expected: &[&str] = if most == 9 {
            &["-> [(A.later, 43, \"133\", @3), (A.paid, 42, \"131\", @4), (A.issued, 42, \"130\", @5), (A.former, \
                 42, \"130\", @6)]"]
        } else {
            &["-> [(A.later, 43, \"133\", @3), (A.paid, 42, \"131\", @4)]"]
        };
        e.given(&unreadable)
            .by_number(
                "unreadable::list_of_tenant",
                async |tx, by| {
                    let found = unreadable::list_of_tenant(tx, by, most).await?;
                    Ok(found
                        .into_iter()
                        .map(|one| (one.invoice.0, one.deal.0, one.quickbooks_id, one.since))
                        .collect::<Vec<_>>())
                },
                expected,
            )
            .await;
    }
}

/// Queries.
async fn check_queries(e: &Effects<'_>) {
    e.by_number(
        "invoices::find_by_intent",
        async |tx, by| Ok(invoices::find_by_intent(tx, by, key("sending")).await?.map(|invoice| invoice.id.0)),
        &["-> Some(A.sending)"],
    )
    .await;
    e.each(
        "invoices::find",
        &["queued", "sending"],
        async |tx, by, of, name| Ok(invoices::find(tx, by, of.invoice(name)).await?.map(|invoice| invoice.id.0)),
        &["queued -> Some(A.queued)", "sending -> Some(A.sending)"],
    )
    .await;
    // Invoices that were created at the same time are ordered by id.
    let same = ["UPDATE invoice SET created_at = @9 WHERE id IN ({A.issued}, {A.later}, {A.paid}, {B.issued}, \
                 {B.later}, {B.paid})"];
    for (of, expected) in [
        (
            InvoiceScope::Deal(DEAL),
            &["-> [A.former, A.refused, A.paid, A.issued, A.deleted, A.broken, A.stuck, A.other, A.given, \
                 A.sending, A.held, A.queued]"][..],
        ),
        (InvoiceScope::Deal(OTHER_DEAL), &["-> [A.later]"]),
        (
            InvoiceScope::Person(3),
            &["-> [A.former, A.refused, A.paid, A.issued, A.deleted, A.broken, A.stuck, A.other, A.given, \
                 A.sending, A.held, A.queued]"],
        ),
        (InvoiceScope::Person(4), &["-> [A.later]"]),
        (
            InvoiceScope::Organization(1),
            &["-> [A.former, A.refused, A.paid, A.issued, A.deleted, A.broken, A.stuck, A.other, A.given, \
                 A.sending, A.held, A.queued]"],
        ),
        (InvoiceScope::Organization(2), &["-> [A.later]"]),
    ] {
        e.given(&same)
            .by_number("invoices::list", async |tx, by| Ok(ids(invoices::list(tx, by, of).await?)), expected)
            .await;
    }
    let read = [
        "UPDATE invoice SET quickbooks_id = '129' WHERE id IN ({A.later}, {B.later})",
        "UPDATE invoice SET read_at = NULL WHERE id IN ({A.paid}, {B.paid})",
        "UPDATE invoice SET quickbooks_id = '128', read_at = @20 WHERE state = 'queued'",
    ];
    for (from, to, after, most, expected) in [
        (1, 2, "", 9, &["-> [A.later, A.issued, A.paid]"][..]),
        (20, 20, "", 9, &["-> [A.later, A.paid]"]),
        (21, 22, "", 9, &["-> [A.issued, A.paid]"]),
        (10, 20, "", 9, &["-> [A.later, A.paid]"]),
        (10, 19, "", 9, &["-> [A.later, A.issued, A.paid]"]),
        (1, 2, "129", 9, &["-> [A.issued, A.paid]"]),
        (1, 2, "", 2, &["-> [A.later, A.issued]"]),
    ] {
        e.given(&read)
            .by_id(
                "invoices::list_not_read_within",
                async |tx, by, of| {
                    let period = at(from)..=at(to);
                    Ok(ids(invoices::list_not_read_within(tx, by, of.connection("active"), period, after, most).await?))
                },
                expected,
            )
            .await;
    }
    for (connection, expected) in [("active", &["-> Some(A.issued)"][..]), ("former", &["-> Some(A.former)"])] {
        e.by_id(
            "invoices::find_by_quickbooks_id",
            async |tx, by, of| {
                let found = invoices::find_by_quickbooks_id(tx, by, of.connection(connection), "130").await?;
                Ok(found.map(|invoice| invoice.id.0))
            },
            expected,
        )
        .await;
    }
    // One invoice for each day. Invoices that are not issued or are paid are not listed.
    let due = [
        "UPDATE invoice SET due = '2026-03-17' WHERE state = 'issued'",
        "UPDATE invoice SET due = '2026-03-18' WHERE id = {A.issued}",
        "UPDATE invoice SET due = '2026-03-19' WHERE id = {A.later}",
        "UPDATE invoice SET due = '2026-03-20' WHERE id = {B.former}",
        "UPDATE invoice SET due = '2026-03-21' WHERE id = {A.former}",
        "UPDATE invoice SET due = '2026-03-17', balance_minor = 100 WHERE state = 'queued'",
        "UPDATE invoice SET told = 'overdue' WHERE id = {B.issued}",
    ];
    let all = ["-> [B.later, A.issued, A.later, B.former, A.former]"];
    let before = ["-> [B.later, A.issued, A.later, B.former]"];
    for (day, most, expected) in [(22, 9, all), (21, 9, before), (22, 4, before)] {
        e.given(&due)
            .of_all(
                "history::list_overdue",
                async |tx| {
                    let found = history::list_overdue(tx, date(2026, 3, day), None, most).await?;
                    Ok(found.into_iter().map(|unpaid| unpaid.invoice.0).collect::<Vec<_>>())
                },
                &expected,
            )
            .await;
    }
    for (told, expected) in [("overdue", before), ("voided", before), ("deleted", before), ("created", all)] {
        let told = format!("UPDATE invoice SET told = '{told}' WHERE id = {{A.former}}");
        e.given(&[&due[..], &[told.as_str()]].concat())
            .of_all(
                "history::list_overdue",
                async |tx| {
                    let found = history::list_overdue(tx, date(2026, 3, 22), None, 9).await?;
                    Ok(found.into_iter().map(|unpaid| unpaid.invoice.0).collect::<Vec<_>>())
                },
                &expected,
            )
            .await;
    }
}

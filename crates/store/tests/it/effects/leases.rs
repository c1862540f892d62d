//! Entries of functions that work alike on each kind of operation: `leases`, and `parked::retry`.

use super::{
    harness::Effects,
    world::{ACTIONS, Company, INVOICES, NOTES, worker},
};
use crate::database::at;
use domain::ids::{ActionId, EntryId, InvoiceId};
use store::{
    leases::{self, Leased},
    parked::{self, OperationKind, ParkReason},
};

/// The names of the rows of a kind, and their prefix in the id.
fn rows(kind: OperationKind) -> (Vec<&'static str>, &'static str) {
    match kind {
        OperationKind::Invoice => (INVOICES.map(|(name, ..)| name).to_vec(), ""),
        OperationKind::Action => (ACTIONS.map(|(name, ..)| name).to_vec(), "act."),
        OperationKind::Entry => (NOTES.map(|(name, ..)| name).to_vec(), "note."),
    }
}

pub(super) async fn check(e: &Effects<'_>) {
    check_steps::<InvoiceId>(
        e,
        OperationKind::Invoice,
        [
            &[
                "held -> true",
                "invoice A.held: lease_until=@20",
                "sending -> true",
                "invoice A.sending: lease_until=@20",
            ],
            &[
                "held -> true",
                "invoice A.held: sent_at=@9 state='sending'",
                "sending -> true",
                "invoice A.sending: sent_at=@9",
                "given -> true",
                "invoice A.given: sent_at=@9",
                "stuck -> true",
                "invoice A.stuck: sent_at=@9",
                "broken -> true",
                "invoice A.broken: sent_at=@9 state='sending'",
            ],
            &[
                "invoice A.sending: sent_at=0 state='queued'",
                "invoice A.given: sent_at=0 state='queued'",
                "invoice A.stuck: sent_at=0 state='queued'",
            ],
            &[
                "invoice A.held: lease_until=0 next_attempt_at=@30",
                "invoice A.sending: lease_until=0 next_attempt_at=@30",
                "invoice A.given: next_attempt_at=@30",
                "invoice A.stuck: next_attempt_at=@30",
                "invoice A.broken: next_attempt_at=@30",
                "invoice A.issued: lease_until=0 next_attempt_at=@30",
                "invoice A.refused: lease_until=0 next_attempt_at=@30",
                "invoice A.removed: lease_until=0 next_attempt_at=@30",
            ],
            &[
                "invoice A.held: lease_until=0 trouble='no'",
                "invoice A.sending: lease_until=0 trouble='no'",
                "invoice A.given: trouble='no'",
                "invoice A.stuck: trouble='no'",
                "invoice A.broken: trouble='no'",
            ],
            &[
                "stuck -> true",
                "invoice A.stuck: attempts=1 next_attempt_at=@30 trouble=null",
                "broken -> true",
                "invoice A.broken: attempts=1 next_attempt_at=@30 trouble=null",
                "refused -> true",
                "invoice A.refused: attempts=1 next_attempt_at=@30 trouble=null",
            ],
        ],
    )
    .await;
    check_steps::<ActionId>(
        e,
        OperationKind::Action,
        [
            &[
                "held -> true",
                "act A.act.held: lease_until=@20",
                "sending -> true",
                "act A.act.sending: lease_until=@20",
            ],
            &[
                "queued -> true",
                "act A.act.queued: sent_at=@9 state='sending'",
                "held -> true",
                "act A.act.held: sent_at=@9 state='sending'",
                "sending -> true",
                "act A.act.sending: sent_at=@9",
                "stuck -> true",
                "act A.act.stuck: sent_at=@9",
            ],
            &["act A.act.sending: sent_at=0 state='queued'", "act A.act.stuck: state='queued'"],
            &[
                "act A.act.done: lease_until=0 next_attempt_at=@30",
                "act A.act.queued: next_attempt_at=@30",
                "act A.act.held: lease_until=0 next_attempt_at=@30",
                "act A.act.sending: lease_until=0 next_attempt_at=@30",
                "act A.act.stuck: next_attempt_at=@30",
                "act A.act.refused: lease_until=0 next_attempt_at=@30",
            ],
            &[
                "act A.act.queued: trouble='no'",
                "act A.act.held: lease_until=0 trouble='no'",
                "act A.act.sending: lease_until=0 trouble='no'",
                "act A.act.stuck: trouble='no'",
            ],
            &["stuck -> true", "act A.act.stuck: attempts=1 next_attempt_at=@30 trouble=null"],
        ],
    )
    .await;
    check_steps::<EntryId>(
        e,
        OperationKind::Entry,
        [
            &[
                "held -> true",
                "history_entry A.note.held: lease_until=@20",
                "sending -> true",
                "history_entry A.note.sending: lease_until=@20",
            ],
            &[
                "queued -> true",
                "history_entry A.note.queued: sent_at=@9 state='sending'",
                "held -> true",
                "history_entry A.note.held: sent_at=@9 state='sending'",
                "sending -> true",
                "history_entry A.note.sending: sent_at=@9",
                "stuck -> true",
                "history_entry A.note.stuck: sent_at=@9",
            ],
            &["history_entry A.note.sending: sent_at=0 state='queued'", "history_entry A.note.stuck: state='queued'"],
            &[
                "history_entry A.note.queued: next_attempt_at=@30",
                "history_entry A.note.held: lease_until=0 next_attempt_at=@30",
                "history_entry A.note.sending: lease_until=0 next_attempt_at=@30",
                "history_entry A.note.stuck: next_attempt_at=@30",
                "history_entry A.note.written: lease_until=0 next_attempt_at=@30",
            ],
            &[
                "history_entry A.note.queued: trouble='no'",
                "history_entry A.note.held: lease_until=0 trouble='no'",
                "history_entry A.note.sending: lease_until=0 trouble='no'",
                "history_entry A.note.stuck: trouble='no'",
            ],
            &["stuck -> true", "history_entry A.note.stuck: attempts=1 next_attempt_at=@30 trouble=null"],
        ],
    )
    .await;
    check_abandoned::<InvoiceId>(
        e,
        [
            &[
                "invoice A.given: next_attempt_at=@20",
                "invoice A.queued: next_attempt_at=@20",
                "invoice B.given: next_attempt_at=@20",
                "invoice B.queued: next_attempt_at=@20",
            ],
            &[
                "invoice A.given: next_attempt_at=@20",
                "invoice A.held: next_attempt_at=@20",
                "invoice A.other: next_attempt_at=@20",
                "invoice A.queued: next_attempt_at=@20",
                "invoice A.sending: next_attempt_at=@20",
                "invoice B.given: next_attempt_at=@20",
                "invoice B.held: next_attempt_at=@20",
                "invoice B.other: next_attempt_at=@20",
                "invoice B.queued: next_attempt_at=@20",
                "invoice B.sending: next_attempt_at=@20",
            ],
            &[
                "invoice B.given: next_attempt_at=@20",
                "invoice B.held: next_attempt_at=@20",
                "invoice B.other: next_attempt_at=@20",
                "invoice B.queued: next_attempt_at=@20",
                "invoice B.sending: next_attempt_at=@20",
            ],
        ],
    )
    .await;
    check_abandoned::<ActionId>(
        e,
        [
            &["act A.act.queued: next_attempt_at=@20", "act B.act.queued: next_attempt_at=@20"],
            &[
                "act A.act.held: next_attempt_at=@20",
                "act A.act.other: next_attempt_at=@20",
                "act A.act.queued: next_attempt_at=@20",
                "act A.act.sending: next_attempt_at=@20",
                "act B.act.held: next_attempt_at=@20",
                "act B.act.other: next_attempt_at=@20",
                "act B.act.queued: next_attempt_at=@20",
                "act B.act.sending: next_attempt_at=@20",
            ],
            &[
                "act B.act.held: next_attempt_at=@20",
                "act B.act.other: next_attempt_at=@20",
                "act B.act.queued: next_attempt_at=@20",
                "act B.act.sending: next_attempt_at=@20",
            ],
        ],
    )
    .await;
    check_abandoned::<EntryId>(
        e,
        [
            &["history_entry A.note.queued: next_attempt_at=@20", "history_entry B.note.queued: next_attempt_at=@20"],
            &[
                "history_entry A.note.held: next_attempt_at=@20",
                "history_entry A.note.other: next_attempt_at=@20",
                "history_entry A.note.queued: next_attempt_at=@20",
                "history_entry A.note.sending: next_attempt_at=@20",
                "history_entry B.note.held: next_attempt_at=@20",
                "history_entry B.note.other: next_attempt_at=@20",
                "history_entry B.note.queued: next_attempt_at=@20",
                "history_entry B.note.sending: next_attempt_at=@20",
            ],
            &[
                "history_entry B.note.held: next_attempt_at=@20",
                "history_entry B.note.other: next_attempt_at=@20",
                "history_entry B.note.queued: next_attempt_at=@20",
                "history_entry B.note.sending: next_attempt_at=@20",
            ],
        ],
    )
    .await;
}

/// Functions on one operation.
async fn check_steps<Id: Leased>(e: &Effects<'_>, kind: OperationKind, expected: [&[&str]; 6]) {
    let (names, prefix) = rows(kind);
    let [extended, sent, unsent, postponed, parked, retried] = expected;
    let row = |of: &Company, name: &str| Id::new(of.id(&format!("{prefix}{name}")));
    e.each(
        "leases::extend",
        &names,
        async |tx, by, of, name| leases::extend(tx, by, row(of, name), worker(), at(9), at(20)).await,
        extended,
    )
    .await;
    // A lease is free from its end on.
    e.each(
        "leases::extend",
        &names,
        async |tx, by, of, name| leases::extend(tx, by, row(of, name), worker(), at(10), at(20)).await,
        &[],
    )
    .await;
    e.each(
        "leases::mark_sending",
        &names,
        async |tx, by, of, name| leases::mark_sending(tx, by, row(of, name), worker(), at(9)).await,
        sent,
    )
    .await;
    e.each(
        "leases::mark_unsent",
        &names,
        async |tx, by, of, name| leases::mark_unsent(tx, by, row(of, name), worker()).await,
        unsent,
    )
    .await;
    e.each(
        "leases::postpone",
        &names,
        async |tx, by, of, name| leases::postpone(tx, by, row(of, name), worker(), at(30)).await,
        postponed,
    )
    .await;
    e.each(
        "leases::park",
        &names,
        async |tx, by, of, name| leases::park(tx, by, row(of, name), worker(), &ParkReason::Failed("no".into())).await,
        parked,
    )
    .await;
    e.each(
        "parked::retry",
        &names,
        async |tx, by, of, name| parked::retry(tx, by, kind, row(of, name).get(), at(30)).await,
        retried,
    )
    .await;
}

/// Operations that are due since 7, with a lease that ends at 10, was released, or was set by a wrong clock.
async fn check_abandoned<Id: Leased>(e: &Effects<'_>, expected: [&[&str]; 3]) {
    let [released, run_out, wrong] = expected;
    for (due_before, now, expected) in [(6, 10, &[][..]), (7, 9, released), (8, 10, run_out)] {
        e.of_all(
            "leases::claim_abandoned",
            async |tx| leases::claim_abandoned::<Id>(tx, at(due_before), at(now), at(20)).await.map(drop),
            expected,
        )
        .await;
    }
    let ahead = format!("UPDATE {} SET lease_until = @620", Id::TABLE);
    let further = format!("UPDATE {0} SET lease_until = @621 WHERE tenant_id = {{B}}", Id::TABLE);
    e.given(&[&ahead, &further])
        .of_all(
            "leases::claim_abandoned",
            async |tx| leases::claim_abandoned::<Id>(tx, at(7), at(9), at(20)).await.map(drop),
            wrong,
        )
        .await;
}

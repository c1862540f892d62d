//! Entries of actions, history entries, parked operations and the audit log: `invoice_actions`, `history`, `parked`, `audit`.

use super::{
    harness::Effects,
    snapshot::id,
    world::{ACTIONS, ANA, NOTES, tenant, worker},
};
use crate::{
    database::at,
    fixtures::{entry, snapshot},
};
use domain::{
    ids::{ActionId, EntryId},
    invoice::InvoiceAction,
};
use store::{
    audit,
    history::{self, Entry},
    invoice_actions::{self, ActionRequest, Reason},
    parked::{self, ParkedOperation},
};

pub(super) async fn check(e: &Effects<'_>) {
    check_actions(e).await;
    check_history(e).await;
    check_parked(e).await;
}

async fn check_actions(e: &Effects<'_>) {
    let all = ACTIONS.map(|(name, ..)| name);
    for (invoice, expected) in [
        ("queued", &["-> true", "+ act requested of A"][..]),
        ("issued", &["-> false"]),
        ("former", &["-> true", "+ act requested of A"]),
    ] {
        e.by_id(
            "invoice_actions::request",
            async |tx, by, of| {
                let (seen, recipient) = (String::new(), String::new());
                let request = ActionRequest {
                    id: ActionId(id("requested")),
                    invoice: of.invoice(invoice),
                    action: InvoiceAction::Send,
                    seen,
                    recipient,
                    by: ANA,
                };
                invoice_actions::request(tx, by, &request, at(30)).await
            },
            expected,
        )
        .await;
    }
    e.each(
        "invoice_actions::find",
        &all,
        async |tx, by, of, name| {
            Ok(invoice_actions::find(tx, by, of.action(name))
                .await?
                .map(|action| (action.request.id.0, action.request.seen)))
        },
        &[
            "done -> Some((A.act.done, \"seen by A\"))",
            "queued -> Some((A.act.queued, \"seen by A\"))",
            "held -> Some((A.act.held, \"seen by A\"))",
            "sending -> Some((A.act.sending, \"seen by A\"))",
            "other -> Some((A.act.other, \"seen by A\"))",
            "stuck -> Some((A.act.stuck, \"seen by A\"))",
            "sooner -> Some((A.act.sooner, \"seen by A\"))",
            "refused -> Some((A.act.refused, \"seen by A\"))",
        ],
    )
    .await;
    for (since, expected) in [
        (6, &["-> [A.act.stuck, A.act.refused, A.act.held, A.act.queued, A.act.sending, A.act.other]"][..]),
        (7, &["-> [A.act.stuck, A.act.refused, A.act.held, A.act.queued, A.act.sending, A.act.other]"]),
        (0, &["-> [A.act.stuck, A.act.refused, A.act.held, A.act.queued, A.act.sending, A.act.other]"]),
    ] {
        e.by_number(
            "invoice_actions::list_recent",
            async |tx, by| {
                let found = invoice_actions::list_recent(tx, by, at(since)).await?;
                Ok(found.into_iter().map(|action| action.request.id.0).collect::<Vec<_>>())
            },
            expected,
        )
        .await;
    }
    // Of two actions at the same time, the one with the higher id is the last.
    e.given(&["UPDATE act SET requested_at = @6"])
        .by_number(
            "invoice_actions::list_recent",
            async |tx, by| {
                let found = invoice_actions::list_recent(tx, by, at(6)).await?;
                Ok(found.into_iter().map(|action| action.request.id.0).collect::<Vec<_>>())
            },
            &["-> [A.act.stuck, A.act.sooner, A.act.held, A.act.queued, A.act.sending, A.act.other]"],
        )
        .await;
    e.given(&["UPDATE act SET requested_at = @7 WHERE id IN ({A.act.sooner}, {B.act.sooner})"])
        .by_number(
            "invoice_actions::list_recent",
            async |tx, by| {
                let found = invoice_actions::list_recent(tx, by, at(0)).await?;
                Ok(found.into_iter().map(|action| action.request.id.0).collect::<Vec<_>>())
            },
            &["-> [A.act.stuck, A.act.sooner, A.act.held, A.act.queued, A.act.sending, A.act.other]"],
        )
        .await;
    for (now, expected) in [
        (
            9,
            &[
                "queued -> Some((A.act.queued, Queued))",
                "act A.act.queued: attempts=1 lease_owner=new-owner lease_until=@20",
            ][..],
        ),
        (
            10,
            &[
                "queued -> Some((A.act.queued, Queued))",
                "act A.act.queued: attempts=1 lease_owner=new-owner lease_until=@20",
                "held -> Some((A.act.held, Queued))",
                "act A.act.held: attempts=1 lease_owner=new-owner lease_until=@20",
                "sending -> Some((A.act.sending, Lost))",
                "act A.act.sending: attempts=1 lease_owner=new-owner lease_until=@20",
                "other -> Some((A.act.other, Lost))",
                "act A.act.other: attempts=1 lease_owner=new-owner lease_until=@20",
            ],
        ),
    ] {
        e.each(
            "invoice_actions::claim",
            &all,
            async |tx, by, of, name| {
                let leased = invoice_actions::claim(tx, by, of.action(name), id("new-owner"), at(now), at(20)).await?;
                Ok(leased.map(|(action, progress)| (action.request.id.0, progress)))
            },
            expected,
        )
        .await;
    }
    e.each(
        "invoice_actions::finish",
        &all,
        async |tx, by, of, name| invoice_actions::finish(tx, by, of.action(name), worker(), None).await,
        &[
            "queued -> true",
            "act A.act.queued: state='done'",
            "held -> true",
            "act A.act.held: lease_until=0 state='done'",
            "sending -> true",
            "act A.act.sending: lease_until=0 state='done'",
            "stuck -> true",
            "act A.act.stuck: state='done'",
        ],
    )
    .await;
    e.each(
        "invoice_actions::finish",
        &all,
        async |tx, by, of, name| {
            invoice_actions::finish(tx, by, of.action(name), worker(), Some(&Reason::NotNow)).await
        },
        &[
            "queued -> true",
            "act A.act.queued: refusal='\"not_now\"' state='refused'",
            "held -> true",
            "act A.act.held: lease_until=0 refusal='\"not_now\"' state='refused'",
            "sending -> true",
            "act A.act.sending: lease_until=0 refusal='\"not_now\"' state='refused'",
            "stuck -> true",
            "act A.act.stuck: refusal='\"not_now\"' state='refused'",
        ],
    )
    .await;
}

async fn check_history(e: &Effects<'_>) {
    let all = NOTES.map(|(name, ..)| name);
    e.by_id(
        "history::add",
        async |tx, by, of| {
            let new_entry =
                Entry { id: EntryId(id("added")), snapshot: snapshot("5", 1), ..entry(of.invoice("issued")) };
            history::add(tx, by, &new_entry).await
        },
        &["+ history_entry added of A"],
    )
    .await;
    for (now, expected) in [
        (
            9,
            &[
                "queued -> Some((A.note.queued, Queued, 1))",
                "history_entry A.note.queued: attempts=1 lease_owner=new-owner lease_until=@20",
            ][..],
        ),
        (
            10,
            &[
                "queued -> Some((A.note.queued, Queued, 1))",
                "history_entry A.note.queued: attempts=1 lease_owner=new-owner lease_until=@20",
                "held -> Some((A.note.held, Queued, 1))",
                "history_entry A.note.held: attempts=1 lease_owner=new-owner lease_until=@20",
                "sending -> Some((A.note.sending, Lost, 1))",
                "history_entry A.note.sending: attempts=1 lease_owner=new-owner lease_until=@20",
                "other -> Some((A.note.other, Lost, 1))",
                "history_entry A.note.other: attempts=1 lease_owner=new-owner lease_until=@20",
            ],
        ),
    ] {
        e.each(
            "history::claim",
            &all,
            async |tx, by, of, name| {
                let leased = history::claim(tx, by, of.note(name), id("new-owner"), at(now), at(20)).await?;
                Ok(leased.map(|(entry, progress, attempts)| (entry.id.0, progress, attempts)))
            },
            expected,
        )
        .await;
    }
    for (note, expected) in [
        (
            Some(8),
            &[
                "history_entry A.note.queued: note_id=8 state='written'",
                "history_entry A.note.held: lease_until=0 note_id=8 state='written'",
                "history_entry A.note.sending: lease_until=0 note_id=8 state='written'",
                "history_entry A.note.stuck: note_id=8 state='written'",
                "history_entry A.note.written: lease_until=0 note_id=8",
            ][..],
        ),
        (
            None,
            &[
                "history_entry A.note.queued: state='dropped'",
                "history_entry A.note.held: lease_until=0 state='dropped'",
                "history_entry A.note.sending: lease_until=0 state='dropped'",
                "history_entry A.note.stuck: state='dropped'",
                "history_entry A.note.written: lease_until=0 note_id=null state='dropped'",
            ],
        ),
    ] {
        e.each(
            "history::mark_written",
            &all,
            async |tx, by, of, name| history::mark_written(tx, by, of.note(name), worker(), note).await,
            expected,
        )
        .await;
    }
    for (note, expected) in [(5, &["-> true"][..]), (9, &["-> false"])] {
        e.by_number("history::is_ours", async |tx, by| history::is_ours(tx, by, note).await, expected).await;
    }
    e.given(&["UPDATE history_entry SET note_id = 9 WHERE tenant_id = {B}"])
        .of_all("history::is_ours", async |tx| history::is_ours(tx, tenant("A"), 9).await, &["-> false"])
        .await;
    for (invoice, expected) in
        [("issued", &["-> [\"first\", \"second\"]"][..]), ("later", &["-> [\"third\"]"]), ("paid", &["-> []"])]
    {
        e.by_id(
            "audit::list_actions_of_invoice",
            async |tx, by, of| audit::list_actions_of_invoice(tx, by, of.invoice(invoice)).await,
            expected,
        )
        .await;
    }
    e.by_id(
        "audit::find_last_refusal",
        async |tx, by, of| audit::find_last_refusal(tx, by, of.invoice("issued")).await,
        &["-> None"],
    )
    .await;
    e.given(&["UPDATE audit SET action = 'invoice refused' WHERE action IN ('first', 'second', 'third')"])
        .by_id(
            "audit::find_last_refusal",
            async |tx, by, of| Ok(audit::find_last_refusal(tx, by, of.invoice("issued")).await?.map(|(at, _)| at)),
            &["-> Some(@2)"],
        )
        .await;
    e.by_id(
        "audit::record",
        async |tx, by, of| {
            audit::record(tx, by, Some(ANA), "done", Some(of.invoice("issued")), &serde_json::json!({}), at(30)).await
        },
        &["+ audit A new"],
    )
    .await;
}

async fn check_parked(e: &Effects<'_>) {
    let names = |found: Vec<ParkedOperation>| found.into_iter().map(|one| (one.id, one.deal)).collect::<Vec<_>>();
    let since = [
        "UPDATE act SET requested_at = @12 WHERE trouble IS NOT NULL",
        "UPDATE history_entry SET made_at = @8 WHERE trouble IS NOT NULL",
        "UPDATE invoice SET created_at = created_at + 1 WHERE tenant_id = {B}",
        "UPDATE history_entry SET made_at = made_at + 1 WHERE tenant_id = {B}",
        "UPDATE act SET requested_at = @3 WHERE id = {B.act.stuck}",
    ];
    e.given(&since[..2])
        .by_number(
            "parked::list_of_tenant",
            async |tx, by| Ok(names(parked::list_of_tenant(tx, by).await?)),
            &["-> [(A.stuck, 42), (A.broken, 42), (A.note.stuck, 43), (A.refused, 42), (A.act.stuck, 42)]"],
        )
        .await;
    e.given(&since)
        .of_all(
            "parked::list_all",
            async |tx| Ok(names(parked::list_all(tx).await?)),
            &["-> [(B.act.stuck, 42), (A.stuck, 42), (B.stuck, 42), (A.broken, 42), (B.broken, 42), (A.note.stuck, \
                 43), (B.note.stuck, 43), (A.refused, 42), (B.refused, 42), (A.act.stuck, 42)]"],
        )
        .await;
}

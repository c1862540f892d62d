//! Entries of what people type, and of what is remembered and merged: `drafts`, `deals`, `links`, `merges`, `settings`.

use super::{
    harness::Effects,
    world::{ANA, BIA, CAIO, DEAL, OTHER_DEAL, form, key, tenant},
};
use crate::database::at;
use domain::{draft::Form, ids::DealId, ids::UserId, mapping::Settings};
use store::{
    deals,
    drafts::{self, Origin},
    links::{self, Linked, Party},
    merges, settings,
};

pub(super) async fn check(e: &Effects<'_>) {
    drafts_saved(e).await;
    drafts_found(e).await;
    linked(e).await;
    merged(e).await;
    e.by_number("deals::lock", async |tx, by| deals::lock(tx, by, DEAL).await, &["deal_billing A 42: submissions=2"])
        .await;
    e.by_number("deals::lock", async |tx, by| deals::lock(tx, by, DealId(44)).await, &["+ deal_billing A 44"]).await;
    e.by_number(
        "settings::save",
        async |tx, by| {
            settings::save(tx, by, &Settings { draft_on_won: true, ..Settings::default() }, BIA, at(30)).await
        },
        &["settings A: data={..} updated_at=@30 updated_by=8"],
    )
    .await;
    e.given(&["DELETE FROM settings WHERE tenant_id = {A}"])
        .of_all(
            "settings::find",
            async |tx| {
                let (a, b) = (tenant("A"), tenant("B"));
                Ok((settings::find(tx, a).await?.is_some(), settings::find(tx, b).await?.is_some()))
            },
            &["-> (false, true)"],
        )
        .await;
}

/// Forms as they are opened, typed and discarded.
async fn drafts_saved(e: &Effects<'_>) {
    for (deal, user, expected) in [
        (DEAL, ANA, &["-> (\"of A\", \"k.42.7\", Typed)", "draft A 42 7: form={..} version=0 window_id='new'"][..]),
        (DEAL, CAIO, &["-> (\"\", \"k.42.9\", Opened)", "draft A 42 9: form={..} version=0 window_id='new'"]),
        (DealId(44), ANA, &["-> (\"\", \"k.44.7\", Opened)", "+ draft A 44 7"]),
    ] {
        e.by_number(
            "drafts::open",
            async |tx, by| {
                let opened = Form { window: "new".into(), ..form(DealId(44), ANA) };
                let draft = drafts::open(tx, by, deal, user, &opened, Origin::Opened, at(30)).await?;
                Ok((draft.form.memo, draft.form.intent, draft.origin))
            },
            expected,
        )
        .await;
    }
    let saved = |version: &str, window: &str, name: &str| Form {
        version: version.into(),
        window: window.into(),
        intent: key(name).0.to_string(),
        memo: "saved".into(),
        ..Form::default()
    };
    for (version, window, name, expected) in [
        ("6", "window", "42.7", &["-> Kept", "draft A 42 7: form={..} updated_at=@30 version=6"][..]),
        ("5", "window", "42.7", &["-> Older"]),
        ("6", "another", "42.7", &["-> Elsewhere"]),
        ("6", "window", "another", &["-> Elsewhere"]),
        ("", "window", "42.7", &["-> Kept", "draft A 42 7: form={..} updated_at=@30 version=6"]),
        ("", "", "another", &["-> Kept", "draft A 42 7: form={..} intent=k.another updated_at=@30 version=6"]),
    ] {
        e.by_number(
            "drafts::save",
            async |tx, by| drafts::save(tx, by, DEAL, ANA, &saved(version, window, name), at(30)).await,
            expected,
        )
        .await;
    }
    // Where there is none: it is new, unless its key has made an invoice.
    for (name, expected) in [
        ("new", &["-> Kept", "+ draft A 44 7"][..]),
        ("issued", &["-> Ended"]),
        ("queued", &["-> Ended"]),
        ("refused", &["-> Kept", "+ draft A 44 7"]),
        ("removed", &["-> Kept", "+ draft A 44 7"]),
    ] {
        e.by_number(
            "drafts::save",
            async |tx, by| drafts::save(tx, by, DealId(44), ANA, &saved("6", "window", name), at(30)).await,
            expected,
        )
        .await;
    }
    for (window, name, expected) in [
        ("another", "42.7", &["-> Kept", "draft A 42 7: form={..} updated_at=@30 version=1 window_id='another'"][..]),
        ("window", "42.7", &["-> Older"]),
        ("another", "another", &["-> Elsewhere"]),
    ] {
        e.by_number(
            "drafts::take_over",
            async |tx, by| drafts::take_over(tx, by, DEAL, ANA, &saved("1", window, name), at(30)).await,
            expected,
        )
        .await;
    }
    for (name, expected) in
        [(Some("42.7"), &["- draft A 42 7"][..]), (Some("another"), &[]), (None, &["- draft A 42 7"])]
    {
        e.by_number(
            "drafts::discard",
            async |tx, by| drafts::discard(tx, by, DEAL, ANA, name.map(key)).await,
            expected,
        )
        .await;
    }
    e.given(&["UPDATE draft SET intent = ''"])
        .by_number(
            "drafts::discard",
            async |tx, by| drafts::discard(tx, by, DEAL, ANA, Some(key("another"))).await,
            &["- draft A 42 7"],
        )
        .await;
}

async fn drafts_found(e: &Effects<'_>) {
    for (deal, user, expected) in [
        (DEAL, ANA, &["-> Some((\"of A\", \"k.42.7\", @7))"][..]),
        (DEAL, CAIO, &["-> Some((\"of A\", \"k.42.9\", @9))"]),
        (OTHER_DEAL, ANA, &["-> Some((\"of A\", \"k.43.7\", @7))"]),
        (OTHER_DEAL, CAIO, &["-> None"]),
    ] {
        e.by_number(
            "drafts::find",
            async |tx, by| {
                Ok(drafts::find(tx, by, deal, user)
                    .await?
                    .map(|draft| (draft.form.memo, draft.form.intent, draft.saved_at)))
            },
            expected,
        )
        .await;
    }
    // The key of an invoice, of one's own draft, of a colleague's.
    for (deal, name, expected) in [
        (DEAL, "issued", &["-> false"][..]),
        (OTHER_DEAL, "issued", &["-> true"]),
        (DEAL, "42.7", &["-> false"]),
        (OTHER_DEAL, "42.7", &["-> true"]),
        (OTHER_DEAL, "42.8", &["-> false"]),
        (DEAL, "new", &["-> false"]),
    ] {
        e.by_number(
            "drafts::belongs_to_other_deal",
            async |tx, by| {
                let form = Form { intent: key(name).0.to_string(), ..Form::default() };
                drafts::belongs_to_other_deal(tx, by, deal, ANA, &form).await
            },
            expected,
        )
        .await;
    }
    let theirs = [
        "UPDATE draft SET intent = '0' WHERE tenant_id = {A}",
        "UPDATE invoice SET intent = {A.none} WHERE id = {A.issued}",
    ];
    for name in ["issued", "42.7"] {
        e.given(&theirs)
            .of_all(
                "drafts::belongs_to_other_deal",
                async |tx| {
                    let form = Form { intent: key(name).0.to_string(), ..Form::default() };
                    drafts::belongs_to_other_deal(tx, tenant("A"), OTHER_DEAL, ANA, &form).await
                },
                &["-> false"],
            )
            .await;
    }
    for (user, since, expected) in [
        (CAIO, 7, &["-> [(UserId(8), @8), (UserId(7), @7)]"][..]),
        (CAIO, 8, &["-> [(UserId(8), @8)]"]),
        (CAIO, 9, &["-> []"]),
        (ANA, 0, &["-> [(UserId(8), @8)]"]),
    ] {
        e.by_number(
            "drafts::of_colleagues",
            async |tx, by| drafts::of_colleagues(tx, by, DEAL, user, at(since)).await,
            expected,
        )
        .await;
    }
    e.by_number(
        "drafts::of_colleagues",
        async |tx, by| {
            for user in 20..30 {
                drafts::open(tx, by, DEAL, UserId(user), &Form::default(), Origin::Typed, at(user)).await?;
            }
            Ok(drafts::of_colleagues(tx, by, DEAL, ANA, at(0))
                .await?
                .into_iter()
                .map(|(user, _)| user.0)
                .collect::<Vec<_>>())
        },
        &[
            "-> [29, 28, 27, 26, 25]",
            "+ draft A 42 20",
            "+ draft A 42 21",
            "+ draft A 42 22",
            "+ draft A 42 23",
            "+ draft A 42 24",
            "+ draft A 42 25",
            "+ draft A 42 26",
            "+ draft A 42 27",
            "+ draft A 42 28",
            "+ draft A 42 29",
        ],
    )
    .await;
}

async fn linked(e: &Effects<'_>) {
    let new = || Linked { id: "99".into(), name: "New".into() };
    for (party, expected) in [
        (
            Party::Organization(1),
            &["customer_link A A.active organization 1: customer_id='99' customer_name='New'"][..],
        ),
        (Party::Person(1), &["customer_link A A.active person 1: customer_id='99' customer_name='New'"]),
        (Party::Person(9), &["+ customer_link A A.active person 9"]),
    ] {
        e.by_id(
            "links::link_customer",
            async |tx, by, of| links::link_customer(tx, by, of.connection("active"), party, &new()).await,
            expected,
        )
        .await;
    }
    for (party, expected) in [
        (Party::Organization(1), &["-> Some(Linked { id: \"58\", name: \"58 of A\" })"][..]),
        (Party::Person(3), &["-> Some(Linked { id: \"60\", name: \"60 of A\" })"]),
        (Party::Person(2), &["-> None"]),
    ] {
        e.by_id(
            "links::customer",
            async |tx, by, of| links::customer(tx, by, of.connection("active"), party).await,
            expected,
        )
        .await;
    }
    e.by_id(
        "links::unlink_customer",
        async |tx, by, of| links::unlink_customer(tx, by, of.connection("active"), Party::Organization(1)).await,
        &["- customer_link A A.active organization 1"],
    )
    .await;
    e.by_id(
        "links::customer_changed",
        async |tx, by, of| links::customer_changed(tx, by, of.connection("active"), "58", &new()).await,
        &[
            "customer_link A A.active organization 1: customer_id='99' customer_name='New'",
            "customer_link A A.active person 1: customer_id='99' customer_name='New'",
        ],
    )
    .await;
    for (connection, expected) in [
        ("active", &["-> [(5, \"5 of A active\"), (6, \"6 of A active\")]"][..]),
        ("former", &["-> [(5, \"5 of A former\"), (6, \"6 of A former\")]"]),
    ] {
        e.by_id("links::items", async |tx, by, of| links::items(tx, by, of.connection(connection)).await, expected)
            .await;
    }
    for (product, expected) in [(5, &["item_link A A.active 5: item_id='99'"][..]), (9, &["+ item_link A A.active 9"])]
    {
        e.by_id(
            "links::link_item",
            async |tx, by, of| links::link_item(tx, by, of.connection("active"), product, "99").await,
            expected,
        )
        .await;
    }
}

async fn merged(e: &Effects<'_>) {
    for (from, to, expected) in [
        (
            DEAL,
            DealId(44),
            &[
                "-> 13",
                "+ draft A 44 7",
                "+ draft A 44 8",
                "+ draft A 44 9",
                "history_entry A.note.other: deal_id=44",
                "history_entry A.note.queued: deal_id=44",
                "history_entry A.note.written: deal_id=44",
                "invoice A.broken: deal_id=44",
                "invoice A.deleted: deal_id=44",
                "invoice A.former: deal_id=44",
                "invoice A.given: deal_id=44",
                "invoice A.held: deal_id=44",
                "invoice A.issued: deal_id=44",
                "invoice A.other: deal_id=44",
                "invoice A.paid: deal_id=44",
                "invoice A.queued: deal_id=44",
                "invoice A.refused: deal_id=44",
                "invoice A.removed: deal_id=44",
                "invoice A.sending: deal_id=44",
                "invoice A.stuck: deal_id=44",
                "- draft A 42 7",
                "- draft A 42 8",
                "- draft A 42 9",
            ][..],
        ),
        (
            DEAL,
            OTHER_DEAL,
            &[
                "-> 13",
                "draft A 43 7: form={..} intent=k.42.7 state='typed'",
                "+ draft A 43 9",
                "history_entry A.note.other: deal_id=43",
                "history_entry A.note.queued: deal_id=43",
                "history_entry A.note.written: deal_id=43",
                "invoice A.broken: deal_id=43",
                "invoice A.deleted: deal_id=43",
                "invoice A.former: deal_id=43",
                "invoice A.given: deal_id=43",
                "invoice A.held: deal_id=43",
                "invoice A.issued: deal_id=43",
                "invoice A.other: deal_id=43",
                "invoice A.paid: deal_id=43",
                "invoice A.queued: deal_id=43",
                "invoice A.refused: deal_id=43",
                "invoice A.removed: deal_id=43",
                "invoice A.sending: deal_id=43",
                "invoice A.stuck: deal_id=43",
                "- draft A 42 7",
                "- draft A 42 9",
            ],
        ),
        (
            OTHER_DEAL,
            DEAL,
            &[
                "-> 1",
                "history_entry A.note.moved: deal_id=42",
                "history_entry A.note.sending: deal_id=42",
                "history_entry A.note.stuck: deal_id=42",
                "invoice A.later: deal_id=42",
            ],
        ),
    ] {
        e.by_number("merges::follow", async |tx, by| merges::follow(tx, by, from, to).await, expected).await;
    }
    for (notes, other_than, expected) in [
        (&[5, 6][..], 0, &["-> [DealId(42), DealId(43)]"][..]),
        (&[5, 6], 42, &["-> [DealId(43)]"]),
        (&[5], 0, &["-> [DealId(42)]"]),
        (&[9], 0, &["-> []"]),
    ] {
        e.given(&["UPDATE history_entry SET note_id = 9 WHERE id = {B.note.written}"])
            .of_all(
                "merges::written_in",
                async |tx| merges::written_in(tx, tenant("A"), notes, DealId(other_than)).await,
                expected,
            )
            .await;
    }
    for (deal, organization, person, expected) in [
        (DEAL, Some(1), None, &["-> false"][..]),
        (DEAL, Some(2), None, &["-> true"]),
        (DEAL, None, Some(4), &["-> true"]),
        (OTHER_DEAL, Some(2), Some(4), &["-> false"]),
        (OTHER_DEAL, Some(1), None, &["-> true"]),
        (OTHER_DEAL, Some(9), Some(9), &["-> false"]),
    ] {
        e.given(&["UPDATE invoice SET organization_id = 9 WHERE tenant_id = {B}"])
            .of_all(
                "merges::has_others",
                async |tx| merges::has_others(tx, tenant("A"), deal, organization, person).await,
                expected,
            )
            .await;
    }
    for (deals, expected) in [
        (&[42][..], &["-> [(DealId(42), (Some(1), Some(3)))]"][..]),
        (&[43], &["-> [(DealId(43), (Some(2), Some(4)))]"]),
        (&[44], &["-> []"]),
    ] {
        e.given(&["UPDATE invoice SET organization_id = 9 WHERE tenant_id = {B}"])
            .of_all("merges::parties", async |tx| merges::parties(tx, tenant("A"), deals).await, expected)
            .await;
    }
    e.by_number(
        "merges::belongs",
        async |tx, by| merges::belongs(tx, by, OTHER_DEAL, (Some(8), Some(9))).await,
        &["invoice A.later: organization_id=8 person_id=9"],
    )
    .await;
    for (gone, heir, expected) in [
        (
            Party::Organization(1),
            Party::Organization(9),
            &[
                "-> 2",
                "+ customer_link A A.active organization 9",
                "+ customer_link A A.former organization 9",
                "- customer_link A A.active organization 1",
                "- customer_link A A.former organization 1",
            ][..],
        ),
        (Party::Organization(1), Party::Organization(2), &["-> 0"]),
        (Party::Person(3), Party::Person(1), &["-> 0"]),
        (
            Party::Person(3),
            Party::Person(2),
            &[
                "-> 2",
                "+ customer_link A A.active person 2",
                "+ customer_link A A.former person 2",
                "- customer_link A A.active person 3",
                "- customer_link A A.former person 3",
            ],
        ),
    ] {
        e.by_number("merges::inherit", async |tx, by| merges::inherit(tx, by, gone, heir).await, expected).await;
    }
    // One connection in which the heir has a link itself, and one in which only another company's heir has.
    e.given(&[
        "DELETE FROM customer_link WHERE tenant_id = {A} AND connection_id = {A.active} AND kind = 'person' \
                 AND pipedrive_id = 1",
        "DELETE FROM customer_link WHERE tenant_id = {B} AND connection_id = {B.former} AND kind = 'person' \
                 AND pipedrive_id = 1",
        "INSERT INTO customer_link (tenant_id, connection_id, kind, pipedrive_id, customer_id) VALUES ({B}, \
                 {A.active}, 'person', 1, '58')",
    ])
    .of_all(
        "merges::inherit",
        async |tx| merges::inherit(tx, tenant("A"), Party::Person(3), Party::Person(1)).await,
        &["-> 1", "+ customer_link A A.active person 1", "- customer_link A A.active person 3"],
    )
    .await;
}

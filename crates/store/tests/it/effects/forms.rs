//! Entries of forms and settings: `drafts`, `deals`, `settings`.

use super::{
    harness::Effects,
    world::{ANA, BIA, CAIO, DEAL, OTHER_DEAL, form, key, tenant},
};
use crate::database::at;
use domain::{form::Form, ids::DealId, ids::UserId, settings::Settings};
use store::{
    deals,
    drafts::{self, Origin},
    settings,
};

pub(super) async fn check(e: &Effects<'_>) {
    check_draft_writes(e).await;
    check_draft_queries(e).await;
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

/// Drafts are opened, saved, taken over and discarded.
async fn check_draft_writes(e: &Effects<'_>) {
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
                Ok((draft.form.memo, draft.form.intent.map(|key| key.to_string()).unwrap_or_default(), draft.origin))
            },
            expected,
        )
        .await;
    }
    // A row without an intent key, from an older version, gets the key of its form.
    e.given(&["UPDATE draft SET intent = ''"])
        .by_number(
            "drafts::open",
            async |tx, by| {
                drafts::open(tx, by, DEAL, ANA, &form(DealId(44), ANA), Origin::Opened, at(30)).await.map(drop)
            },
            &["draft A 42 7: intent=k.42.7 version=0"],
        )
        .await;
    // Beyond the maximum, drafts without typed content are discarded first, then the oldest. Of equal times, the highest deal is discarded.
    let many = "INSERT INTO draft (tenant_id, deal_id, user_id, form, updated_at, state) WITH RECURSIVE deal (id) AS \
                (SELECT 1199 UNION ALL SELECT id - 1 FROM deal WHERE id > 1001) SELECT {A}, id, 7, '', @3, 'typed' FROM deal";
    e.given(&[many])
        .of_all(
            "drafts::open",
            async |tx| {
                drafts::open(tx, tenant("A"), DealId(44), ANA, &form(DEAL, ANA), Origin::Opened, at(30)).await.map(drop)
            },
            &["+ draft A 44 7", "- draft A 1199 7", "- draft A 43 7"],
        )
        .await;
    let saved = |version: &str, window: &str, name: &str| Form {
        version: version.parse().ok(),
        window: window.into(),
        intent: Some(key(name)),
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
    // Without a draft, the form is stored as a new one, unless an invoice was created with its key.
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

async fn check_draft_queries(e: &Effects<'_>) {
    for (deal, user, expected) in [
        (DEAL, ANA, &["-> Some((\"of A\", \"k.42.7\", @7))"][..]),
        (DEAL, CAIO, &["-> Some((\"of A\", \"k.42.9\", @9))"]),
        (OTHER_DEAL, ANA, &["-> Some((\"of A\", \"k.43.7\", @7))"]),
        (OTHER_DEAL, CAIO, &["-> None"]),
    ] {
        e.by_number(
            "drafts::find",
            async |tx, by| {
                Ok(drafts::find(tx, by, deal, user).await?.map(|draft| {
                    (draft.form.memo, draft.form.intent.map(|key| key.to_string()).unwrap_or_default(), draft.saved_at)
                }))
            },
            expected,
        )
        .await;
    }
    // The intent key of an invoice, of the user's own draft, and of a colleague's draft.
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
                let form = Form { intent: Some(key(name)), ..Form::default() };
                drafts::belongs_to_other_deal(tx, by, deal, ANA, &form).await
            },
            expected,
        )
        .await;
    }
    // The same keys in company B only.
    let only_in_b = [
        "UPDATE draft SET intent = '0' WHERE tenant_id = {A}",
        "UPDATE invoice SET intent = {A.none} WHERE id = {A.issued}",
    ];
    for name in ["issued", "42.7"] {
        e.given(&only_in_b)
            .of_all(
                "drafts::belongs_to_other_deal",
                async |tx| {
                    let form = Form { intent: Some(key(name)), ..Form::default() };
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
            "drafts::list_of_colleagues",
            async |tx, by| drafts::list_of_colleagues(tx, by, DEAL, user, at(since)).await,
            expected,
        )
        .await;
    }
    e.by_number(
        "drafts::list_of_colleagues",
        async |tx, by| {
            for user in 20..30 {
                drafts::open(tx, by, DEAL, UserId(user), &Form::default(), Origin::Typed, at(user)).await?;
            }
            Ok(drafts::list_of_colleagues(tx, by, DEAL, ANA, at(0))
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

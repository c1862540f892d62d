//! Entries of the sync state of companies: `changes`.

use super::harness::Effects;
use crate::database::at;
use jiff::Timestamp;
use store::changes::{self, ChangeSource, Pace, SyncState};

/// Each function is called for both connections of a company.
const BOTH: [&str; 2] = ["former", "active"];

pub(super) async fn check(e: &Effects<'_>) {
    check_writes(e).await;
    check_queries(e).await;
}

async fn check_writes(e: &Effects<'_>) {
    for (source, now, expected) in [
        (
            ChangeSource::Webhook,
            60,
            &[
                "quickbooks_connection A.former: changed_at=@60 webhook_at=@60",
                "active -> true",
                "quickbooks_connection A.active: changed_at=@60 webhook_at=@60",
            ][..],
        ),
        (
            ChangeSource::PageView,
            60,
            &[
                "quickbooks_connection A.former: changed_at=@60",
                "active -> true",
                "quickbooks_connection A.active: changed_at=@60",
            ],
        ),
        (ChangeSource::Webhook, 25, &["active -> true", "quickbooks_connection A.active: changed_at=@25"]),
    ] {
        e.each(
            "changes::mark_changed",
            &BOTH,
            async |tx, by, of, name| changes::mark_changed(tx, by, of.connection(name), source, at(now)).await,
            expected,
        )
        .await;
    }
    // With a cursor at 40, the mark at 40 is synced. With a cursor at 39, it is not: a sync is enqueued already.
    for (until, now, expected) in [
        (
            40,
            60,
            &[
                "quickbooks_connection A.former: changed_at=@60 webhook_at=@60",
                "active -> true",
                "quickbooks_connection A.active: changed_at=@60 webhook_at=@60",
            ][..],
        ),
        (
            39,
            60,
            &[
                "quickbooks_connection A.former: changed_at=@60 webhook_at=@60",
                "quickbooks_connection A.active: changed_at=@60 webhook_at=@60",
            ],
        ),
        (39, 40, &[]),
        (39, 35, &[]),
    ] {
        e.given(&[&format!("UPDATE quickbooks_connection SET changes_until = @{until}")])
            .each(
                "changes::mark_changed",
                &BOTH,
                async |tx, by, of, name| {
                    changes::mark_changed(tx, by, of.connection(name), ChangeSource::Webhook, at(now)).await
                },
                expected,
            )
            .await;
    }
    e.each(
        "changes::expect_webhook",
        &BOTH,
        async |tx, by, of, name| changes::expect_webhook(tx, by, of.connection(name)).await,
        &["quickbooks_connection A.former: sweep_steps=1", "quickbooks_connection A.active: sweep_steps=1"],
    )
    .await;
    for (now, expected) in [
        (9, &[][..]),
        (10, &["active -> Some(())", "quickbooks_connection A.active: changes_lease_until=@20 swept_until=0"]),
    ] {
        e.each(
            "changes::claim",
            &BOTH,
            async |tx, by, of, name| Ok(changes::claim(tx, by, of.connection(name), at(now), at(20)).await?.map(drop)),
            expected,
        )
        .await;
    }
    for (lease, refused, expected) in [
        (620, 9, &[][..]),
        (621, 9, &["active -> Some(())", "quickbooks_connection A.active: changes_lease_until=@20 swept_until=0"]),
        (9, 10, &[]),
    ] {
        let given = format!(
            "UPDATE quickbooks_connection SET changes_lease_until = @{lease}, reads_refused_until = @{refused}"
        );
        e.given(&[&given])
            .each(
                "changes::claim",
                &BOTH,
                async |tx, by, of, name| {
                    Ok(changes::claim(tx, by, of.connection(name), at(9), at(20)).await?.map(drop))
                },
                expected,
            )
            .await;
    }
    for (held, expected) in
        [(20, &["active -> Some(true)", "quickbooks_connection A.active: changes_lease_until=@30"][..]), (21, &[])]
    {
        e.given(&["UPDATE quickbooks_connection SET changes_lease_until = @20 WHERE id = {A.active}"])
            .each(
                "changes::extend",
                &BOTH,
                async |tx, by, of, name| {
                    Ok(changes::extend(tx, by, of.connection(name), at(held), at(30)).await?.then_some(true))
                },
                expected,
            )
            .await;
    }
    for (until, expected) in [
        (
            40,
            &[
                "former -> Some(true)",
                "quickbooks_connection A.former: active_at=@33 changes_lease_until=0 changes_until=@40 \
                 reads_refused_until=0 silent_since=null sweep_steps=3 webhook_confirmed_at=@31 webhook_missed_at=@32",
                "active -> Some(true)",
                "quickbooks_connection A.active: active_at=@33 changes_lease_until=0 changes_until=@40 \
                 reads_refused_until=0 silent_since=null sweep_steps=3 webhook_confirmed_at=@31 webhook_missed_at=@32",
            ][..],
        ),
        (
            41,
            &[
                "former -> Some(false)",
                "quickbooks_connection A.former: active_at=@33 changes_lease_until=0 changes_until=@41 \
                 reads_refused_until=0 silent_since=null sweep_steps=3 webhook_confirmed_at=@31 webhook_missed_at=@32",
                "active -> Some(false)",
                "quickbooks_connection A.active: active_at=@33 changes_lease_until=0 changes_until=@41 \
                 reads_refused_until=0 silent_since=null sweep_steps=3 webhook_confirmed_at=@31 webhook_missed_at=@32",
            ],
        ),
    ] {
        e.each(
            "changes::mark_synced",
            &BOTH,
            async |tx, by, of, name| {
                let pace =
                    Pace { steps: 3, confirmed_at: Some(at(31)), missed_at: Some(at(32)), active_at: Some(at(33)) };
                // Fails with the connection of another company.
                Ok(changes::mark_synced(tx, by, of.connection(name), at(until), &pace).await.ok())
            },
            expected,
        )
        .await;
    }
    e.each(
        "changes::release",
        &BOTH,
        async |tx, by, of, name| changes::release(tx, by, of.connection(name)).await,
        &[
            "quickbooks_connection A.former: changes_lease_until=0",
            "quickbooks_connection A.active: changes_lease_until=0",
        ],
    )
    .await;
    e.each(
        "changes::mark_refused",
        &BOTH,
        async |tx, by, of, name| changes::mark_refused(tx, by, of.connection(name), at(60)).await,
        &[
            "quickbooks_connection A.former: changes_lease_until=0 reads_refused_until=@60",
            "quickbooks_connection A.active: changes_lease_until=0 reads_refused_until=@60",
        ],
    )
    .await;
    e.each(
        "changes::record_failure",
        &BOTH,
        async |tx, by, of, name| changes::record_failure(tx, by, of.connection(name), at(50), at(60)).await,
        &[
            "quickbooks_connection A.former: changes_lease_until=@60",
            "quickbooks_connection A.active: changes_lease_until=@60",
        ],
    )
    .await;
    e.given(&["UPDATE quickbooks_connection SET silent_since = NULL"])
        .each(
            "changes::record_failure",
            &BOTH,
            async |tx, by, of, name| changes::record_failure(tx, by, of.connection(name), at(50), at(60)).await,
            &[
                "quickbooks_connection A.former: changes_lease_until=@60 silent_since=@50",
                "quickbooks_connection A.active: changes_lease_until=@60 silent_since=@50",
            ],
        )
        .await;
}

async fn check_queries(e: &Effects<'_>) {
    let seconds = |moment: Option<Timestamp>| moment.map(|moment| moment.as_second() - at(0).as_second());
    let summary = |state: Option<SyncState>| {
        state.map(|state| {
            (seconds(state.until), seconds(state.failing_since), seconds(state.webhook_at), state.pace.steps)
        })
    };
    e.given(&["UPDATE quickbooks_connection SET sweep_steps = 7 WHERE id IN ({A.former}, {B.former})"])
        .each(
            "changes::find",
            &BOTH,
            async |tx, by, of, name| Ok(summary(changes::find(tx, by, of.connection(name)).await?)),
            &["former -> Some((Some(50), Some(9), Some(30), 7))", "active -> Some((Some(50), Some(9), Some(30), 12))"],
        )
        .await;
    e.each(
        "changes::has_open",
        &BOTH,
        async |tx, by, of, name| changes::has_open(tx, by, of.connection(name)).await,
        &["former -> true", "active -> true"],
    )
    .await;
    for (given, expected) in [
        ("balance_minor = 0 WHERE id = {A.former}", &[][..]),
        ("balance_minor = 1 WHERE id = {A.former}", &["former -> true"]),
        ("state = 'sending' WHERE id = {A.former}", &[]),
    ] {
        e.given(&[&format!("UPDATE invoice SET {given}")])
            .each(
                "changes::has_open",
                &["former"],
                async |tx, by, of, name| changes::has_open(tx, by, of.connection(name)).await,
                expected,
            )
            .await;
    }
}

//! Entries of access to the providers: `grants`, `one_time_tokens`, `revocations`.

use super::{
    harness::Effects,
    snapshot::id,
    world::{ANA, BIA, CAIO, tenant},
};
use crate::{database::at, fixtures::tokens};
use domain::ids::UserId;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use store::{
    Tokens,
    grants::{self, Profile},
    one_time_tokens::{self, Purpose},
    revocations::{self, ClaimedRevocation, Provider as Grantor},
};

pub(super) async fn check(e: &Effects<'_>) {
    check_grants(e).await;
    check_refreshes(e).await;
    check_flow_starts(e).await;
    check_flow_ends(e).await;
    check_revocations(e).await;
}

async fn check_grants(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    let new = || Profile {
        name: "New".into(),
        locale: "en_US".into(),
        language: "en".into(),
        time_zone: "UTC".into(),
        is_admin: false,
    };
    let renewed = || Tokens { expires_at: at(7200), ..tokens("new") };
    for (user, expected) in [
        (
            BIA,
            &["pipedrive_grant A 8: access_token=sealed api_domain='https://new' expires_at=@7200 installed_at=@30 \
                 is_admin=0 language='en' lease_until=0 locale='en_US' profile_at=@30 refresh_token=sealed \
                 time_zone='UTC' user_name='New'"][..],
        ),
        (
            CAIO,
            &["pipedrive_grant A 9: access_token=sealed api_domain='https://new' expires_at=@7200 installed_at=@30 \
                 language='en' lease_until=0 locale='en_US' profile_at=@30 refresh_token=sealed state='active' \
                 time_zone='UTC' user_name='New'"],
        ),
        (UserId(10), &["+ pipedrive_grant A 10"]),
    ] {
        e.by_number(
            "grants::install",
            async |tx, by| grants::install(tx, vault, by, user, &new(), "https://new", &renewed(), at(30)).await,
            expected,
        )
        .await;
    }
    for (user, expected) in [
        (ANA, &["-> Some((7, \"7 of A\", true))"][..]),
        (BIA, &["-> Some((8, \"8 of A\", true))"]),
        (UserId(10), &["-> None"]),
    ] {
        e.by_number(
            "grants::find",
            async |tx, by| {
                Ok(grants::find(tx, vault, by, user)
                    .await?
                    .map(|grant| (grant.user.0, grant.profile.name, grant.active)))
            },
            expected,
        )
        .await;
    }
    e.by_number("grants::set_profile", async |tx, by| grants::set_profile(tx, by, BIA, &new(), at(30)).await, &["pipedrive_grant A 8: is_admin=0 language='en' locale='en_US' profile_at=@30 time_zone='UTC' user_name='New'"]).await;
    // An uninstallation that is older than the installation has no effect.
    for (moment, expected) in [(-1, &["-> None"][..]), (0, &["-> Some(1)", "- pipedrive_grant A 7"])] {
        e.by_number("grants::uninstall", async |tx, by| grants::uninstall(tx, by, ANA, at(moment)).await, expected)
            .await;
    }
    let newer = "UPDATE pipedrive_grant SET installed_at = @9 WHERE user_id <> 7 OR tenant_id = {B}";
    e.given(&[newer])
        .of_all(
            "grants::uninstall",
            async |tx| grants::uninstall(tx, tenant("A"), ANA, at(5)).await,
            &["-> Some(1)", "- pipedrive_grant A 7"],
        )
        .await;
    // The revoked grants are deleted with the last active one.
    e.given(&["UPDATE pipedrive_grant SET state = 'revoked' WHERE user_id = 8"])
        .by_number(
            "grants::uninstall",
            async |tx, by| grants::uninstall(tx, by, ANA, at(5)).await,
            &["-> Some(0)", "- pipedrive_grant A 7", "- pipedrive_grant A 8", "- pipedrive_grant A 9"],
        )
        .await;
    let fewer = "DELETE FROM pipedrive_grant WHERE tenant_id = {B} AND user_id = 7";
    e.given(&[fewer])
        .of_all(
            "grants::count_active",
            async |tx| Ok((grants::count_active(tx, tenant("A")).await?, grants::count_active(tx, tenant("B")).await?)),
            &["-> (2, 1)"],
        )
        .await;
    e.by_number(
        "grants::list_refresh_tokens",
        async |tx, by| {
            let found = grants::list_refresh_tokens(tx, vault, by).await?;
            Ok(found
                .into_iter()
                .map(|(user, token)| (user.0, token.expose_secret().to_owned()))
                .collect::<BTreeSet<_>>())
        },
        &["-> {(7, \"A-refresh\"), (8, \"A-refresh\"), (9, \"A-refresh\")}"],
    )
    .await;
    // Administrators first, then by number.
    let more = "UPDATE pipedrive_grant SET state = 'active' WHERE user_id = 9";
    for (given, expected) in [
        ("UPDATE pipedrive_grant SET expires_at = 0", &["-> [(8, \"8 of A\"), (7, \"7 of A\")]"][..]),
        (more, &["-> [(8, \"8 of A\"), (7, \"7 of A\"), (9, \"9 of A\")]"]),
    ] {
        e.given(&[given])
            .by_number(
                "grants::list_users",
                async |tx, by| {
                    Ok(grants::list_users(tx, by)
                        .await?
                        .into_iter()
                        .map(|(user, profile)| (user.0, profile.name))
                        .collect::<Vec<_>>())
                },
                expected,
            )
            .await;
    }
}

async fn check_refreshes(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    for (user, now, expected) in [
        (ANA, 9, &["-> false"][..]),
        (ANA, 10, &["-> true", "pipedrive_grant A 7: lease_until=@20"]),
        (CAIO, 10, &["-> false"]),
    ] {
        e.by_number(
            "grants::claim_refresh",
            async |tx, by| grants::claim_refresh(tx, by, user, at(now), at(20)).await,
            expected,
        )
        .await;
    }
    for (until, expected) in [(620, &["-> false"][..]), (621, &["-> true", "pipedrive_grant A 7: lease_until=@20"])] {
        e.given(&[&format!("UPDATE pipedrive_grant SET lease_until = @{until}")])
            .by_number(
                "grants::claim_refresh",
                async |tx, by| grants::claim_refresh(tx, by, ANA, at(9), at(20)).await,
                expected,
            )
            .await;
    }
    for (user, replaced, expected) in [
        (
            ANA,
            3600,
            &[
                "-> false",
                "pipedrive_grant A 7: access_token=sealed api_domain='https://new' expires_at=@7200 lease_until=0 \
                 refresh_token=sealed",
            ][..],
        ),
        (ANA, 3599, &["-> false"]),
        (
            CAIO,
            3600,
            &[
                "-> true",
                "pipedrive_grant A 9: access_token=sealed api_domain='https://new' expires_at=@7200 lease_until=0 \
                 refresh_token=sealed state='active'",
            ],
        ),
        (CAIO, 3599, &["-> false"]),
    ] {
        e.given(&["UPDATE pipedrive_grant SET state = 'revoked' WHERE user_id = 8"])
            .by_number(
                "grants::store_refreshed",
                async |tx, by| {
                    let new = Tokens { expires_at: at(7200), ..tokens("new") };
                    grants::store_refreshed(tx, vault, by, user, at(replaced), "https://new", &new).await
                },
                expected,
            )
            .await;
    }
    for (user, kept, is_revoked, expected) in [
        (ANA, 3600, false, &["-> true", "pipedrive_grant A 7: lease_until=0"][..]),
        (ANA, 3600, true, &["-> true", "pipedrive_grant A 7: lease_until=0 state='revoked'"]),
        (ANA, 3599, true, &["-> false"]),
        (CAIO, 3600, false, &["-> false"]),
    ] {
        e.by_number(
            "grants::release_refresh",
            async |tx, by| grants::release_refresh(tx, by, user, at(kept), is_revoked).await,
            expected,
        )
        .await;
    }
}

async fn check_flow_starts(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    let a = tenant("A");
    e.of_all(
        "one_time_tokens::begin",
        async |tx| {
            one_time_tokens::begin(tx, vault, Purpose::QuickBooks, "begun", "browser", Some((a, ANA)), at(30)).await
        },
        &["+ oauth_flow begun of A"],
    )
    .await;
    e.of_all(
        "one_time_tokens::begin_confirmation",
        async |tx| {
            one_time_tokens::begin_confirmation(tx, vault, "begun", "browser", (a, ANA), "pending", at(30)).await
        },
        &["+ oauth_flow begun of A"],
    )
    .await;
    for (state, browser, now, expected) in [
        ("A.Confirmation", "browser", 10, &["-> Some(\"A\")"][..]),
        ("B.Confirmation", "browser", 10, &["-> Some(\"B\")"]),
        ("A.Confirmation", "browser", 11, &["-> None"]),
        ("A.Confirmation", "another", 10, &["-> None"]),
    ] {
        e.of_all(
            "one_time_tokens::find_pending_confirmation",
            async |tx| one_time_tokens::find_pending_confirmation(tx, vault, state, browser, at(now)).await,
            expected,
        )
        .await;
    }
    e.given(&["UPDATE oauth_flow SET pending = 'other purpose' WHERE provider <> 'confirmation'"])
        .of_all(
            "one_time_tokens::find_pending_confirmation",
            async |tx| one_time_tokens::find_pending_confirmation(tx, vault, "A.Ticket", "browser", at(10)).await,
            &["-> None"],
        )
        .await;
}

async fn check_flow_ends(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    for (state, now, expected) in [
        ("begun", 10, &["-> true", "+ oauth_flow begun of A"][..]),
        (
            "begun",
            11,
            &[
                "-> true",
                "+ oauth_flow begun of A",
                "- oauth_flow A.Confirmation",
                "- oauth_flow A.Pipedrive",
                "- oauth_flow B.Confirmation",
                "- oauth_flow B.Pipedrive",
            ],
        ),
        ("A.Ticket", 10, &["-> false"]),
    ] {
        e.of_all(
            "one_time_tokens::consume_state",
            async |tx| {
                one_time_tokens::consume_state(tx, vault, Purpose::Ticket, state, (tenant("A"), ANA), at(30), at(now))
                    .await
            },
            expected,
        )
        .await;
    }
    for (provider, state, now, expected) in [
        (Purpose::Ticket, "A.Ticket", 20, &["-> Some((TenantId(A), UserId(7)))"][..]),
        (Purpose::Ticket, "A.Ticket", 21, &["-> None"]),
        (Purpose::Pdf, "A.Ticket", 20, &["-> None"]),
        (Purpose::Ticket, "begun", 20, &["-> None"]),
    ] {
        e.of_all(
            "one_time_tokens::find_consumer",
            async |tx| one_time_tokens::find_consumer(tx, vault, provider, state, at(now)).await,
            expected,
        )
        .await;
    }
    for (provider, state, browser, now, expected) in [
        (
            Purpose::Ticket,
            "A.Ticket",
            "browser",
            10,
            &["-> Some(Some((TenantId(A), UserId(7))))", "- oauth_flow A.Ticket"][..],
        ),
        (
            Purpose::Ticket,
            "A.Ticket",
            "browser",
            21,
            &[
                "-> None",
                "- oauth_flow A.Confirmation",
                "- oauth_flow A.Pipedrive",
                "- oauth_flow A.Ticket",
                "- oauth_flow B.Confirmation",
                "- oauth_flow B.Pipedrive",
                "- oauth_flow B.Ticket",
            ],
        ),
        (Purpose::Ticket, "A.Ticket", "another", 10, &["-> None", "- oauth_flow A.Ticket"]),
        (Purpose::Pdf, "A.Ticket", "browser", 10, &["-> None"]),
        (
            Purpose::Pipedrive,
            "A.Pipedrive",
            "browser",
            10,
            &["-> Some(Some((TenantId(A), UserId(7))))", "- oauth_flow A.Pipedrive"],
        ),
        (
            Purpose::Pipedrive,
            "A.Pipedrive",
            "browser",
            11,
            &[
                "-> None",
                "- oauth_flow A.Confirmation",
                "- oauth_flow A.Pipedrive",
                "- oauth_flow B.Confirmation",
                "- oauth_flow B.Pipedrive",
            ],
        ),
    ] {
        e.of_all(
            "one_time_tokens::finish",
            async |tx| one_time_tokens::finish(tx, vault, provider, state, browser, at(now)).await,
            expected,
        )
        .await;
    }
}

async fn check_revocations(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    e.of_all(
        "revocations::add",
        async |tx| revocations::add(tx, vault, Grantor::Pipedrive, "A subject", &"token".into(), at(30)).await,
        &["+ revocation new"],
    )
    .await;
    let one = id("A.revoke.p");
    e.of_all("revocations::finish", async |tx| revocations::finish(tx, one).await, &["- revocation A.revoke.p"]).await;
    e.of_all(
        "revocations::postpone",
        async |tx| {
            let Some(ClaimedRevocation::Opened(claimed)) = revocations::claim(tx, vault, at(10), at(40)).await? else {
                panic!("due")
            };
            revocations::postpone(tx, &claimed, at(60)).await
        },
        &["revocation A.revoke.p: attempts=1 next_attempt_at=@60"],
    )
    .await;
    e.of_all(
        "revocations::postpone",
        async |tx| {
            let Some(ClaimedRevocation::Opened(claimed)) = revocations::claim(tx, vault, at(10), at(40)).await? else {
                panic!("due")
            };
            revocations::defer(tx, vault, Grantor::Pipedrive, "A subject", at(50)).await?;
            revocations::postpone(tx, &claimed, at(60)).await
        },
        &["revocation A.revoke.p: attempts=1 next_attempt_at=@50"],
    )
    .await;
    e.of_all(
        "revocations::supersede",
        async |tx| revocations::supersede(tx, vault, Grantor::Pipedrive, "A subject").await,
        &["- revocation A.revoke.p"],
    )
    .await;
    e.of_all(
        "revocations::defer",
        async |tx| revocations::defer(tx, vault, Grantor::Pipedrive, "A subject", at(60)).await,
        &["revocation A.revoke.p: next_attempt_at=@60"],
    )
    .await;
    e.of_all("revocations::count", async |tx| revocations::count(tx).await, &["-> 4"]).await;
}

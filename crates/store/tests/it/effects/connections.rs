//! Entries of connections to QuickBooks: `quickbooks`, `usage`.

use super::{harness::Effects, snapshot::id, world::tenant};
use crate::{database::at, fixtures::tokens};
use domain::ids::ConnectionId;
use store::{
    Tokens,
    quickbooks::{self, Company, Connection},
    usage::{self, Usage},
};
use uuid::Uuid;

/// Each function is called for both connections of a company.
const BOTH: [&str; 2] = ["former", "active"];
/// Makes the current connection of each company need a reconnect.
const NEEDS_RECONNECT: &str = "UPDATE quickbooks_connection SET state = 'needs_reconnect' WHERE state = 'active'";

pub(super) async fn check(e: &Effects<'_>) {
    check_connections(e).await;
    check_refreshes(e).await;
    check_usage(e).await;
}

fn summary(found: Option<Connection>) -> Option<(Uuid, String, String)> {
    found.map(|connection| (connection.id.0, connection.realm_id, connection.company.name))
}

async fn check_connections(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    for (realm, expected) in [
        (
            "new",
            &[
                "-> connected",
                "quickbooks_connection A.active: state='disconnected'",
                "+ quickbooks_connection connected of A",
            ][..],
        ),
        (
            "former",
            &[
                "-> A.former",
                "quickbooks_connection A.active: state='disconnected'",
                "quickbooks_connection A.former: access_token=sealed company_name='Renamed' connected_at=@30 \
                 connected_by='Bia' country='BR' expires_at=@7200 home_currency='BRL' lease_until=0 realm_id=sealed \
                 refresh_token=sealed state='active' sweep_steps=1 time_zone='America/Bahia'",
            ],
        ),
        (
            "active",
            &[
                "-> A.active",
                "quickbooks_connection A.active: access_token=sealed company_name='Renamed' connected_at=@30 \
                 connected_by='Bia' country='BR' expires_at=@7200 home_currency='BRL' lease_until=0 realm_id=sealed \
                 refresh_token=sealed sweep_steps=1 time_zone='America/Bahia'",
            ],
        ),
    ] {
        e.by_number(
            "quickbooks::connect",
            async |tx, by| {
                let letter = if by == tenant("A") { "A" } else { "B" };
                let (new, realm) = (ConnectionId(id("connected")), format!("{letter} {realm}"));
                let renewed = Tokens { expires_at: at(7200), ..tokens("new") };
                let (name, country) = ("Renamed".to_owned(), "BR".to_owned());
                let renamed = Company { name, country, home_currency: "BRL".into(), time_zone: "America/Bahia".into() };
                quickbooks::connect(tx, vault, by, new, &realm, &renamed, "Bia", &renewed, at(30)).await.map(|id| id.0)
            },
            expected,
        )
        .await;
    }
    for (realm, expected) in
        [("A active", &["-> Some(A)"][..]), ("A former", &["-> None"]), ("B active", &["-> Some(B)"])]
    {
        e.of_all(
            "quickbooks::find_tenant_of_realm",
            async |tx| Ok(quickbooks::find_tenant_of_realm(tx, vault, realm).await?.map(|tenant| tenant.0)),
            expected,
        )
        .await;
    }
    e.by_number(
        "quickbooks::find_current",
        async |tx, by| Ok(summary(quickbooks::find_current(tx, vault, by).await?)),
        &["-> Some((A.active, \"A active\", \"A\"))"],
    )
    .await;
    for (latest, expected) in
        [("active", "-> Some(ConnectionId(A.active))"), ("disconnected", "-> Some(ConnectionId(A.former))")]
    {
        e.given(&[format!(
            "UPDATE quickbooks_connection SET connected_at = connected_at + 1 WHERE state = '{latest}'"
        )
        .as_str()])
            .by_number("quickbooks::find_latest", async |tx, by| quickbooks::find_latest(tx, by).await, &[expected])
            .await;
    }
    e.each(
        "quickbooks::find",
        &BOTH,
        async |tx, by, of, name| Ok(summary(quickbooks::find(tx, vault, by, of.connection(name)).await?)),
        &["former -> Some((A.former, \"A former\", \"A\"))", "active -> Some((A.active, \"A active\", \"A\"))"],
    )
    .await;
    e.each(
        "quickbooks::disconnect",
        &BOTH,
        async |tx, by, of, name| quickbooks::disconnect(tx, vault, by, of.connection(name)).await,
        &[
            "quickbooks_connection A.former: access_token=sealed expires_at=0 lease_until=0 refresh_token=sealed",
            "quickbooks_connection A.active: access_token=sealed expires_at=0 lease_until=0 refresh_token=sealed \
                 state='disconnected'",
        ],
    )
    .await;
}

async fn check_refreshes(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    for (now, expected) in [(9, &[][..]), (10, &["active -> true", "quickbooks_connection A.active: lease_until=@20"])]
    {
        e.each(
            "quickbooks::claim_refresh",
            &BOTH,
            async |tx, by, of, name| quickbooks::claim_refresh(tx, by, of.connection(name), at(now), at(20)).await,
            expected,
        )
        .await;
    }
    for (until, expected) in
        [(620, &[][..]), (621, &["active -> true", "quickbooks_connection A.active: lease_until=@20"])]
    {
        e.given(&[&format!("UPDATE quickbooks_connection SET lease_until = @{until}")])
            .each(
                "quickbooks::claim_refresh",
                &BOTH,
                async |tx, by, of, name| quickbooks::claim_refresh(tx, by, of.connection(name), at(9), at(20)).await,
                expected,
            )
            .await;
    }
    let new = || Tokens { expires_at: at(7200), ..tokens("new") };
    for (replaced, expected) in [
        (
            3600,
            &[
                "quickbooks_connection A.active: access_token=sealed expires_at=@7200 lease_until=0 refresh_token=sealed",
            ][..],
        ),
        (3599, &[]),
    ] {
        e.each(
            "quickbooks::store_refreshed",
            &BOTH,
            async |tx, by, of, name| {
                quickbooks::store_refreshed(tx, vault, by, of.connection(name), at(replaced), &new()).await
            },
            expected,
        )
        .await;
    }
    for (replaced, expected) in [
        (
            3600,
            &[
                "active -> true",
                "quickbooks_connection A.active: access_token=sealed expires_at=@7200 lease_until=0 \
                 refresh_token=sealed state='active'",
            ][..],
        ),
        (3599, &[]),
    ] {
        e.given(&[NEEDS_RECONNECT])
            .each(
                "quickbooks::store_refreshed",
                &BOTH,
                async |tx, by, of, name| {
                    quickbooks::store_refreshed(tx, vault, by, of.connection(name), at(replaced), &new()).await
                },
                expected,
            )
            .await;
    }
    for (kept, ended, expected) in [
        (3600, false, &["active -> true", "quickbooks_connection A.active: lease_until=0"][..]),
        (3600, true, &["active -> true", "quickbooks_connection A.active: lease_until=0 state='needs_reconnect'"]),
        (3599, true, &[]),
    ] {
        e.each(
            "quickbooks::release_refresh",
            &BOTH,
            async |tx, by, of, name| quickbooks::release_refresh(tx, by, of.connection(name), at(kept), ended).await,
            expected,
        )
        .await;
    }
    e.given(&[NEEDS_RECONNECT])
        .each(
            "quickbooks::release_refresh",
            &BOTH,
            async |tx, by, of, name| quickbooks::release_refresh(tx, by, of.connection(name), at(3600), false).await,
            &[],
        )
        .await;
}

async fn check_usage(e: &Effects<'_>) {
    let calls = Usage { reads: 3, writes: 2 };
    for (month, expected) in [
        (
            202_611,
            &[
                "connection_usage A.former 202611: reads=13 writes=7",
                "connection_usage A.active 202611: reads=13 writes=7",
            ][..],
        ),
        (202_701, &["+ connection_usage A.former 202701 of A", "+ connection_usage A.active 202701 of A"]),
    ] {
        e.each(
            "usage::add_to_connection",
            &BOTH,
            async |tx, by, of, name| usage::add_to_connection(tx, by, of.connection(name), month, calls).await,
            expected,
        )
        .await;
        let expected: &[&str] = if month == 202_611 {
            &["-> Usage { reads: 13, writes: 7 }", "app_usage 202611: reads=13 writes=7"]
        } else {
            &["-> Usage { reads: 3, writes: 2 }", "+ app_usage 202701"]
        };
        e.of_all("usage::add_to_app", async |tx| usage::add_to_app(tx, month, calls).await, expected).await;
    }
    let different = [
        "UPDATE connection_usage SET reads = 20 WHERE month = 202612",
        "UPDATE connection_usage SET writes = 7 WHERE connection_id IN ({A.former}, {B.former})",
        "UPDATE app_usage SET reads = 20 WHERE month = 202612",
    ];
    for (month, expected) in [
        (202_611, &["-> Usage { reads: 10, writes: 5 }"][..]),
        (202_612, &["-> Usage { reads: 20, writes: 5 }"]),
        (202_701, &["-> Usage { reads: 0, writes: 0 }"]),
    ] {
        e.given(&different)
            .of_all("usage::find_of_app", async |tx| usage::find_of_app(tx, month).await, expected)
            .await;
    }
    for (month, expected) in [
        (202_611, &["former -> Usage { reads: 10, writes: 7 }", "active -> Usage { reads: 10, writes: 5 }"][..]),
        (202_612, &["former -> Usage { reads: 20, writes: 7 }", "active -> Usage { reads: 20, writes: 5 }"]),
        (202_701, &[]),
    ] {
        e.given(&different)
            .each(
                "usage::find_of_connection",
                &BOTH,
                async |tx, by, of, name| usage::find_of_connection(tx, by, of.connection(name), month).await,
                expected,
            )
            .await;
    }
    for (percent, expected) in
        [(49, &["-> false"][..]), (50, &["-> false"]), (51, &["-> true", "app_usage 202611: warned_percent=51"])]
    {
        e.of_all("usage::mark_warned", async |tx| usage::mark_warned(tx, 202_611, percent).await, expected).await;
    }
}

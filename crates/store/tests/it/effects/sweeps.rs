//! Entries of functions that claim due work of all companies.

use super::harness::Effects;
use crate::database::at;
use domain::ids::{ConnectionId, TenantId};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use store::{
    Tx,
    changes::{self, Overdue},
    revocations::{self, ClaimedRevocation},
    tenants,
};
use uuid::Uuid;

pub(super) async fn check(e: &Effects<'_>) {
    check_overdue(e).await;
    check_won_sweeps(e).await;
    check_uninstalled(e).await;
    check_revocations(e).await;
    e.of_all(
        "changes::expect_changes",
        async |tx| changes::expect_changes(tx).await,
        &["quickbooks_connection A.active: sweep_steps=1", "quickbooks_connection B.active: sweep_steps=1"],
    )
    .await;
}

/// Connections are on both sides of each bound: the polling interval is 10 seconds, and the time is 100.
async fn check_overdue(e: &Effects<'_>) {
    let due = "UPDATE quickbooks_connection SET changes_until = @89, changed_at = @40, sweep_steps = 1, changes_lease_until = @100, \
               swept_until = @100, reads_refused_until = @100";
    let claim = async |tx: &mut Tx, most| {
        let overdue = Overdue { interval: SignedDuration::from_secs(10), marked: at(95) };
        let found = changes::claim_overdue(tx, &overdue, at(100), at(140), most).await?;
        let mut found: Vec<Uuid> = found.into_iter().map(|(_, ConnectionId(id))| id).collect();
        found.sort_unstable();
        Ok(found)
    };
    e.given(&[due])
        .of_all(
            "changes::claim_overdue",
            async |tx| claim(tx, 9).await,
            &[
                "-> [A.active, B.active]",
                "quickbooks_connection A.active: swept_until=@140",
                "quickbooks_connection B.active: swept_until=@140",
            ],
        )
        .await;
    for (change, expected) in [
        ("changes_until = @90", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"][..]),
        ("sweep_steps = 2", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        (
            "sweep_steps = 2, changed_at = @90",
            &[
                "-> [A.active, B.active]",
                "quickbooks_connection A.active: swept_until=@140",
                "quickbooks_connection B.active: swept_until=@140",
            ],
        ),
        ("sweep_steps = 2, changed_at = @89", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        ("sweep_steps = 2, changed_at = @95", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        ("changes_lease_until = @101", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        ("changes_lease_until = @740", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        (
            "changes_lease_until = @741",
            &[
                "-> [A.active, B.active]",
                "quickbooks_connection A.active: swept_until=@140",
                "quickbooks_connection B.active: swept_until=@140",
            ],
        ),
        ("swept_until = @101", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        ("swept_until = @740", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        (
            "swept_until = @741",
            &[
                "-> [A.active, B.active]",
                "quickbooks_connection A.active: swept_until=@140",
                "quickbooks_connection B.active: swept_until=@140",
            ],
        ),
        ("reads_refused_until = @101", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
        ("state = 'needs_reconnect'", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
    ] {
        let change = format!("UPDATE quickbooks_connection SET {change} WHERE id = {{A.active}}");
        e.given(&[due, &change]).of_all("changes::claim_overdue", async |tx| claim(tx, 9).await, expected).await;
    }
    e.given(&[due, "UPDATE tenant SET uninstalled_at = @5 WHERE id = {A}"])
        .of_all(
            "changes::claim_overdue",
            async |tx| claim(tx, 9).await,
            &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"],
        )
        .await;
    for (oldest, expected) in [
        ("A", &["-> [A.active]", "quickbooks_connection A.active: swept_until=@140"][..]),
        ("B", &["-> [B.active]", "quickbooks_connection B.active: swept_until=@140"]),
    ] {
        let change = format!("UPDATE quickbooks_connection SET changes_until = @80 WHERE id = {{{oldest}.active}}");
        e.given(&[due, &change]).of_all("changes::claim_overdue", async |tx| claim(tx, 1).await, expected).await;
    }
}

/// Claims up to `most` companies.
async fn claim_won_sweeps(tx: &mut Tx, before: i64, most: usize) -> Result<Vec<(TenantId, Timestamp)>, store::Error> {
    let mut claimed = Vec::new();
    while claimed.len() < most
        && let Some(sweep) = tenants::claim_won_sweep(tx, at(before), at(150), at(200)).await?
    {
        claimed.push((sweep.tenant, sweep.until));
    }
    Ok(claimed)
}

async fn check_won_sweeps(e: &Effects<'_>) {
    let later = ["UPDATE tenant SET won_until = @90 WHERE id = {B}"];
    for (before, most, expected) in [
        (90, 9, &["-> []"][..]),
        (91, 9, &["-> [(TenantId(B), @90)]", "tenant B: won_lease_until=@200"]),
        (
            101,
            9,
            &[
                "-> [(TenantId(B), @90), (TenantId(A), @100)]",
                "tenant A: won_lease_until=@200",
                "tenant B: won_lease_until=@200",
            ],
        ),
        (101, 1, &["-> [(TenantId(B), @90)]", "tenant B: won_lease_until=@200"]),
    ] {
        e.given(&later)
            .of_all("tenants::claim_won_sweep", async |tx| claim_won_sweeps(tx, before, most).await, expected)
            .await;
    }
    for (given, expected) in [
        ("uninstalled_at = @5, won_until = @90", &["-> [(TenantId(B), @90)]", "tenant B: won_lease_until=@200"][..]),
        ("won_until = NULL", &["-> [(TenantId(B), @90)]", "tenant B: won_lease_until=@200"]),
        (
            "won_until = @80",
            &[
                "-> [(TenantId(A), @80), (TenantId(B), @90)]",
                "tenant A: won_lease_until=@200",
                "tenant B: won_lease_until=@200",
            ],
        ),
    ] {
        let given = format!("UPDATE tenant SET {given} WHERE id = {{A}}");
        e.given(&[later[0], &given])
            .of_all("tenants::claim_won_sweep", async |tx| claim_won_sweeps(tx, 101, 9).await, expected)
            .await;
    }
}

async fn check_uninstalled(e: &Effects<'_>) {
    let uninstalled = [
        "UPDATE tenant SET uninstalled_at = @6 WHERE id = {A}",
        "UPDATE tenant SET uninstalled_at = @5 WHERE id = {B}",
    ];
    for (before, most, expected) in
        [(5, 9, &["-> []"][..]), (6, 9, &["-> [B]"]), (7, 9, &["-> [B, A]"]), (7, 1, &["-> [B]"])]
    {
        e.given(&uninstalled)
            .of_all(
                "tenants::list_uninstalled",
                async |tx| {
                    let found = tenants::list_uninstalled(tx, at(before), most).await?;
                    Ok(found.into_iter().map(|TenantId(id)| id).collect::<Vec<_>>())
                },
                expected,
            )
            .await;
    }
}

/// Two revocations are due at 10, two at 20.
async fn check_revocations(e: &Effects<'_>) {
    let vault = &e.world.t.vault;
    let order = ["UPDATE revocation SET next_attempt_at = @9 WHERE id = {B.revoke.p}"];
    for (now, most, expected) in [
        (8, 9, &["-> []"][..]),
        (9, 9, &["-> [(\"B.revoke.p\", 1)]", "revocation B.revoke.p: attempts=1 next_attempt_at=@60"]),
        (
            10,
            9,
            &[
                "-> [(\"A.revoke.p\", 1), (\"B.revoke.p\", 1)]",
                "revocation A.revoke.p: attempts=1 next_attempt_at=@60",
                "revocation B.revoke.p: attempts=1 next_attempt_at=@60",
            ],
        ),
        (30, 1, &["-> [(\"B.revoke.p\", 1)]", "revocation B.revoke.p: attempts=1 next_attempt_at=@60"]),
        (
            30,
            9,
            &[
                "-> [(\"A.revoke.p\", 1), (\"A.revoke.q\", 1), (\"B.revoke.p\", 1), (\"B.revoke.q\", 1)]",
                "revocation A.revoke.p: attempts=1 next_attempt_at=@60",
                "revocation A.revoke.q: attempts=1 next_attempt_at=@60",
                "revocation B.revoke.p: attempts=1 next_attempt_at=@60",
                "revocation B.revoke.q: attempts=1 next_attempt_at=@60",
            ],
        ),
    ] {
        e.given(&order)
            .of_all(
                "revocations::claim",
                async |tx| {
                    let mut found = Vec::new();
                    while found.len() < most
                        && let Some(one) = revocations::claim(tx, vault, at(now), at(60)).await?
                    {
                        let ClaimedRevocation::Opened(one) = one else { panic!("no key opens it") };
                        found.push((one.refresh.expose_secret().to_owned(), one.attempts));
                    }
                    found.sort_unstable();
                    Ok(found)
                },
                expected,
            )
            .await;
    }
    // A pause of more than two hours was set by a clock that was ahead.
    let ahead = [
        "UPDATE revocation SET next_attempt_at = @7208",
        "UPDATE revocation SET next_attempt_at = @7209 WHERE id = {B.revoke.p}",
    ];
    e.given(&ahead)
        .of_all(
            "revocations::claim",
            async |tx| Ok(revocations::claim(tx, vault, at(8), at(60)).await?.is_some()),
            &["-> true", "revocation B.revoke.p: attempts=1 next_attempt_at=@60"],
        )
        .await;
}

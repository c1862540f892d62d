//! Entries of companies, and of tables without a company: `tenants`, `replicas`, `keys`, `queue`.

use super::{harness::Effects, snapshot::id, world::tenant};
use crate::{database::at, fixtures::company};
use domain::ids::{InvoiceId, TenantId};
use store::{
    keys,
    queue::{self, IssueInvoice},
    replicas,
    tenants::{self, Tenant, WonSweep},
};
use uuid::Uuid;

/// Uninstalls company A.
const UNINSTALLED: &str = "UPDATE tenant SET uninstalled_at = @5 WHERE id = {A}";

pub(super) async fn check(e: &Effects<'_>) {
    check_tenants(e).await;
    check_rows_without_a_company(e).await;
}

fn summary(found: Option<Tenant>) -> Option<(Uuid, String)> {
    found.map(|tenant| (tenant.id.0, tenant.company_name))
}

async fn check_tenants(e: &Effects<'_>) {
    let a = tenant("A");
    for (number, expected) in [
        (1, &["-> A", "tenant A: company_domain='renamed' company_name='Renamed' uninstalled_at=null"][..]),
        (2, &["-> B", "tenant B: company_domain='renamed' company_name='Renamed'"]),
        (3, &["-> installed", "+ tenant installed"]),
    ] {
        e.given(&[UNINSTALLED])
            .of_all(
                "tenants::install",
                async |tx| {
                    let company = tenants::Company { domain: "renamed", ..company(number, "Renamed", "en_US") };
                    Ok(tenants::install(tx, TenantId(id("installed")), &company, at(30)).await?.id.0)
                },
                expected,
            )
            .await;
        let expected: &[&str] = if number == 1 {
            &["-> None"]
        } else if number == 2 {
            &["-> Some((B, \"Company B\"))"]
        } else {
            &["-> None"]
        };
        e.given(&[UNINSTALLED])
            .of_all(
                "tenants::find_installed_by_company",
                async |tx| Ok(summary(tenants::find_installed_by_company(tx, number).await?)),
                expected,
            )
            .await;
        let expected: &[&str] = if number == 1 {
            &["-> Some((A, \"Company A\"))"]
        } else if number == 2 {
            &["-> Some((B, \"Company B\"))"]
        } else {
            &["-> None"]
        };
        e.given(&[UNINSTALLED])
            .of_all(
                "tenants::find_by_company",
                async |tx| Ok(summary(tenants::find_by_company(tx, number).await?)),
                expected,
            )
            .await;
    }
    e.by_number(
        "tenants::find",
        async |tx, by| Ok(summary(tenants::find(tx, by).await?)),
        &["-> Some((A, \"Company A\"))"],
    )
    .await;
    e.by_number("tenants::is_installed", async |tx, by| tenants::is_installed(tx, by).await, &["-> true"]).await;
    e.given(&[UNINSTALLED])
        .of_all("tenants::is_installed", async |tx| tenants::is_installed(tx, a).await, &["-> false"])
        .await;
    e.by_number(
        "tenants::uninstall",
        async |tx, by| tenants::uninstall(tx, by, at(30)).await,
        &["tenant A: uninstalled_at=@30"],
    )
    .await;
    e.given(&[UNINSTALLED]).of_all("tenants::uninstall", async |tx| tenants::uninstall(tx, a, at(30)).await, &[]).await;
    e.given(&["UPDATE tenant SET uninstalled_at = @5"])
        .by_number(
            "tenants::reinstate",
            async |tx, by| tenants::reinstate(tx, by).await,
            &["tenant A: uninstalled_at=null"],
        )
        .await;
    for (since, expected) in [(Some(at(30)), &[][..]), (None, &["tenant A: won_until=null"])] {
        e.by_number("tenants::watch_won_deals", async |tx, by| tenants::watch_won_deals(tx, by, since).await, expected)
            .await;
    }
    e.given(&["UPDATE tenant SET won_until = NULL"])
        .by_number(
            "tenants::watch_won_deals",
            async |tx, by| tenants::watch_won_deals(tx, by, Some(at(30))).await,
            &["tenant A: won_until=@30"],
        )
        .await;
    let sweep = |tenant, until| WonSweep { tenant, until: at(until), failures: 0 };
    for (until, expected) in [(100, &["tenant A: won_failures=1 won_lease_until=@30"][..]), (99, &[])] {
        e.by_number(
            "tenants::postpone_won_sweep",
            async |tx, by| tenants::postpone_won_sweep(tx, &sweep(by, until), at(30)).await,
            expected,
        )
        .await;
    }
    for (until, expected) in [(100, &["tenant A: won_failures=0 won_lease_until=0 won_until=@30"][..]), (99, &[])] {
        e.given(&["UPDATE tenant SET won_failures = 3, won_lease_until = @20"])
            .by_number(
                "tenants::mark_won_swept",
                async |tx, by| tenants::mark_won_swept(tx, &sweep(by, until), at(30)).await,
                expected,
            )
            .await;
    }
    e.by_number("tenants::purge", async |tx, by| tenants::purge(tx, by).await, &["-> false"]).await;
    // Each table has rows of both companies. Rows without a company stay.
    e.of_all(
        "tenants::purge",
        async |tx| {
            tenants::uninstall(tx, a, at(30)).await?;
            tenants::purge(tx, a).await
        },
        &[
            "-> true",
            "- act A.act.done",
            "- act A.act.held",
            "- act A.act.other",
            "- act A.act.queued",
            "- act A.act.refused",
            "- act A.act.sending",
            "- act A.act.sooner",
            "- act A.act.stuck",
            "- audit A A.log.first",
            "- audit A A.log.second",
            "- audit A A.log.third",
            "- connection_usage A.active 202611",
            "- connection_usage A.active 202612",
            "- connection_usage A.former 202611",
            "- connection_usage A.former 202612",
            "- customer_link A A.active organization 1",
            "- customer_link A A.active organization 2",
            "- customer_link A A.active person 1",
            "- customer_link A A.active person 3",
            "- customer_link A A.former organization 1",
            "- customer_link A A.former organization 2",
            "- customer_link A A.former person 1",
            "- customer_link A A.former person 3",
            "- deal_billing A 42",
            "- deal_billing A 43",
            "- draft A 42 7",
            "- draft A 42 8",
            "- draft A 42 9",
            "- draft A 43 7",
            "- draft A 43 8",
            "- history_entry A.note.held",
            "- history_entry A.note.moved",
            "- history_entry A.note.other",
            "- history_entry A.note.queued",
            "- history_entry A.note.sending",
            "- history_entry A.note.stuck",
            "- history_entry A.note.written",
            "- invoice A.broken",
            "- invoice A.deleted",
            "- invoice A.former",
            "- invoice A.given",
            "- invoice A.held",
            "- invoice A.issued",
            "- invoice A.later",
            "- invoice A.other",
            "- invoice A.paid",
            "- invoice A.queued",
            "- invoice A.refused",
            "- invoice A.removed",
            "- invoice A.sending",
            "- invoice A.stuck",
            "- item_link A A.active 5",
            "- item_link A A.active 6",
            "- item_link A A.former 5",
            "- item_link A A.former 6",
            "- oauth_flow A.Confirmation",
            "- oauth_flow A.Pipedrive",
            "- oauth_flow A.Ticket",
            "- pipedrive_grant A 7",
            "- pipedrive_grant A 8",
            "- pipedrive_grant A 9",
            "- quickbooks_connection A.active",
            "- quickbooks_connection A.former",
            "- settings A",
            "- tenant A",
        ],
    )
    .await;
}

async fn check_rows_without_a_company(e: &Effects<'_>) {
    for (since, expected) in
        [(5, &["-> 2", "replica r.2: seen_at=@30"][..]), (6, &["-> 1", "replica r.2: seen_at=@30", "- replica r.1"])]
    {
        e.of_all(
            "replicas::record_heartbeat",
            async |tx| replicas::record_heartbeat(tx, id("r.2"), at(30), at(since)).await,
            expected,
        )
        .await;
    }
    e.of_all(
        "replicas::record_heartbeat",
        async |tx| replicas::record_heartbeat(tx, id("r.3"), at(30), at(0)).await,
        &["-> 3", "+ replica r.3"],
    )
    .await;
    e.given(&["UPDATE replica SET has_ended = TRUE WHERE id = {r.1}"])
        .of_all(
            "replicas::record_heartbeat",
            async |tx| replicas::record_heartbeat(tx, id("r.2"), at(30), at(0)).await,
            &["-> 1", "replica r.2: seen_at=@30"],
        )
        .await;
    e.of_all("replicas::find_last_heartbeat", async |tx| replicas::find_last_heartbeat(tx).await, &["-> Some(@10)"])
        .await;
    e.of_all(
        "replicas::mark_ended",
        async |tx| replicas::mark_ended(tx, id("r.1")).await,
        &["replica r.1: has_ended=1"],
    )
    .await;
    e.of_all("keys::count_uses", async |tx| keys::count_uses(tx).await, &["-> [KeyUse { key: \"test\", rows: 14 }]"])
        .await;
    e.of_all("keys::list_missing", async |tx| keys::list_missing(tx, &e.world.t.vault).await, &["-> []"]).await;
    e.of_all(
        "queue::list_waiting",
        async |tx| {
            let waiting = IssueInvoice { tenant: tenant("A"), invoice: InvoiceId(id("A.queued")) };
            e.world.t.db.enqueue(tx, waiting).await?;
            queue::list_waiting::<IssueInvoice, InvoiceId>(tx).await
        },
        &["-> {A.queued}"],
    )
    .await;
}

//! Tests of intents, leases, tokens and tenants.

use crate::database::{
    Backend::{self, Postgres, Sqlite},
    Database, at,
};
use crate::fixtures::{
    DEAL, USER, company, connection, customer, intent, new_id, profile, queued, snapshot, tenant, tokens,
};
use domain::{
    form::{FieldError, Form, FormField, Problem},
    ids::{IntentKey, InvoiceId, TenantId},
    invoice::Snapshot,
    settings::Settings,
};
use rstest::rstest;
use secrecy::ExposeSecret;
use store::{
    Tx, audit, drafts, grants,
    invoices::{self, InvoiceScope, PlaceOutcome, State},
    leases, links,
    queue::IssueInvoice,
    quickbooks, settings, tenants,
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn one_key_makes_one_intent(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let key = IntentKey(Uuid::new_v4());
    let first = new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 100), at(0)).await.unwrap());
    t.db.enqueue(&mut tx, IssueInvoice { tenant, invoice: first }).await.unwrap();
    let again = invoices::place(&mut tx, tenant, &intent(connection, key, 100), at(1)).await.unwrap();
    assert!(matches!(again, PlaceOutcome::Known(known) if known.id == first));
    assert_eq!(invoices::find_by_intent(&mut tx, tenant, key).await.unwrap().unwrap().id, first);
    assert!(invoices::find_by_intent(&mut tx, TenantId(Uuid::new_v4()), key).await.unwrap().is_none());
    let changed = invoices::place(&mut tx, tenant, &intent(connection, key, 200), at(2)).await.unwrap();
    assert!(matches!(changed, PlaceOutcome::Different(known) if known.id == first));
    tx.commit().await.unwrap();
    let mut tx = t.db.read().await.unwrap();
    assert_eq!(invoices::list(&mut tx, tenant, InvoiceScope::Deal(DEAL)).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn only_the_lease_owner_settles_an_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let (former, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(invoices::claim(&mut tx, tenant, id, former, at(0), at(10)).await.unwrap().is_some());
    assert!(invoices::claim(&mut tx, tenant, id, other, at(5), at(15)).await.unwrap().is_none());
    assert!(leases::extend(&mut tx, tenant, id, former, at(5), at(12)).await.unwrap());
    assert!(leases::mark_sending(&mut tx, tenant, id, former, at(6)).await.unwrap());
    // The lease runs out, another owner settles the invoice, and the former owner has no effect.
    assert!(invoices::claim(&mut tx, tenant, id, other, at(20), at(30)).await.unwrap().is_some());
    assert!(!leases::extend(&mut tx, tenant, id, former, at(21), at(31)).await.unwrap());
    assert!(invoices::mark_issued(&mut tx, tenant, id, other, &snapshot("0", 10_000), at(22)).await.unwrap());
    assert!(!invoices::mark_issued(&mut tx, tenant, id, former, &snapshot("9", 1), at(23)).await.unwrap());
    assert!(!invoices::mark_refused(&mut tx, tenant, id, former, &[]).await.unwrap());
    let invoice = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(invoice.state, State::Issued(snapshot("0", 10_000)));
}

#[rstest]
#[tokio::test]
async fn a_corrected_invoice_gets_a_new_generation(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let key = IntentKey(Uuid::new_v4());
    let id = new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 100), at(0)).await.unwrap());
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    invoices::set_customer(&mut tx, tenant, id, "58").await.unwrap();
    let errors = vec![FieldError { field: FormField::Issued, problem: Problem::PeriodClosed }];
    assert!(invoices::mark_refused(&mut tx, tenant, id, owner, &errors).await.unwrap());
    assert_eq!(invoices::find(&mut tx, tenant, id).await.unwrap().unwrap().state, State::Refused(errors));
    // The customer that was created before the refusal is kept.
    assert_eq!(new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 200), at(20)).await.unwrap()), id);
    let corrected = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!((corrected.generation, corrected.state, corrected.customer.as_deref()), (2, State::Queued, Some("58")));
}

#[rstest]
#[tokio::test]
async fn only_a_refused_invoice_is_removed_and_its_key_can_be_used_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let key = IntentKey(Uuid::new_v4());
    let id = new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 100), at(0)).await.unwrap());
    let owner = Uuid::new_v4();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is queued");
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    leases::mark_sending(&mut tx, tenant, id, owner, at(1)).await.unwrap();
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is being sent");
    assert!(invoices::mark_refused(&mut tx, tenant, id, owner, &[]).await.unwrap());
    assert!(!invoices::remove_unsent(&mut tx, TenantId(Uuid::new_v4()), id).await.unwrap(), "another company");
    assert!(invoices::remove_unsent(&mut tx, tenant, id).await.unwrap());
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is removed already");
    for scope in [InvoiceScope::Deal(DEAL), InvoiceScope::Organization(1)] {
        assert!(invoices::list(&mut tx, tenant, scope).await.unwrap().is_empty(), "{scope:?}");
    }
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(900), at(900), at(999)).await.unwrap(), []);
    assert_eq!(new_id(invoices::place(&mut tx, tenant, &intent(connection, key, 200), at(20)).await.unwrap()), id);
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is queued again");
    let [again] = &invoices::list(&mut tx, tenant, InvoiceScope::Deal(DEAL)).await.unwrap()[..] else {
        panic!("one invoice")
    };
    assert_eq!((again.generation, &again.state), (2, &State::Queued));
    invoices::claim(&mut tx, tenant, id, owner, at(30), at(40)).await.unwrap();
    assert!(invoices::mark_issued(&mut tx, tenant, id, owner, &snapshot("0", 10_000), at(31)).await.unwrap());
    assert!(!invoices::remove_unsent(&mut tx, tenant, id).await.unwrap(), "it is issued");
}

#[rstest]
#[tokio::test]
async fn an_abandoned_invoice_is_claimed_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(4), at(9), at(40)).await.unwrap(), []);
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(6), at(11), at(40)).await.unwrap(), [(tenant, id)]);
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(7), at(12), at(40)).await.unwrap(), []);
    leases::postpone(&mut tx, tenant, id, owner, at(60)).await.unwrap();
    assert_eq!(leases::claim_abandoned::<InvoiceId>(&mut tx, at(50), at(50), at(90)).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn an_unsent_invoice_is_queued_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let connection = connection(&t, &mut tx, tenant, "1").await;
    let placed = invoices::place(&mut tx, tenant, &intent(connection, IntentKey(Uuid::new_v4()), 100), at(0)).await;
    let (id, owner) = (new_id(placed.unwrap()), Uuid::new_v4());
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    assert!(leases::mark_sending(&mut tx, tenant, id, owner, at(5)).await.unwrap());
    let sent = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!((sent.state, sent.sent_at), (State::Sending, Some(at(5))));
    leases::mark_unsent(&mut tx, tenant, id, Uuid::new_v4()).await.unwrap();
    assert_eq!(invoices::find(&mut tx, tenant, id).await.unwrap().unwrap().state, State::Sending, "another owner");
    leases::mark_unsent(&mut tx, tenant, id, owner).await.unwrap();
    let again = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!((again.state, again.sent_at), (State::Queued, None));
}

#[rstest]
#[tokio::test]
async fn an_older_snapshot_never_replaces_a_newer_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    invoices::mark_issued(&mut tx, tenant, id, owner, &snapshot("9", 10_000), at(1)).await.unwrap();
    invoices::update_snapshot(&mut tx, tenant, id, &snapshot("10", 2_500), at(2), at(2)).await.unwrap();
    invoices::update_snapshot(&mut tx, tenant, id, &snapshot("9", 10_000), at(3), at(3)).await.unwrap();
    let invoice = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!(invoice.state, State::Issued(snapshot("10", 2_500)));
}

/// A deletion or an e-mail may keep the `SyncToken`. Of two responses with equal tokens, the one to the later request is newer.
#[rstest]
#[tokio::test]
async fn a_response_to_an_earlier_request_restores_no_deleted_invoice(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, _, id) = queued(&t, &mut tx).await;
    let owner = Uuid::new_v4();
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    invoices::mark_issued(&mut tx, tenant, id, owner, &snapshot("9", 10_000), at(1)).await.unwrap();
    let deleted = Snapshot { deleted: true, ..snapshot("9", 10_000) };
    invoices::update_snapshot(&mut tx, tenant, id, &deleted, at(5), at(5)).await.unwrap();
    let state = async |tx: &mut Tx| invoices::find(tx, tenant, id).await.unwrap().unwrap().state;
    for earlier in ["9", "10"] {
        invoices::update_snapshot(&mut tx, tenant, id, &snapshot(earlier, 10_000), at(4), at(6)).await.unwrap();
        assert_eq!(state(&mut tx).await, State::Issued(deleted.clone()), "{earlier}");
    }
    invoices::update_snapshot(&mut tx, tenant, id, &snapshot("9", 10_000), at(7), at(8)).await.unwrap();
    assert_eq!(state(&mut tx).await, State::Issued(snapshot("9", 10_000)), "the response to a later request is stored");
}

#[rstest]
#[tokio::test]
async fn a_customer_of_another_connection_is_not_reused(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    assert_eq!(quickbooks::find_latest(&mut tx, tenant).await.unwrap(), None);
    let before = connection(&t, &mut tx, tenant, "1").await;
    let (key, owner) = (IntentKey(Uuid::new_v4()), Uuid::new_v4());
    let id = new_id(invoices::place(&mut tx, tenant, &intent(before, key, 100), at(0)).await.unwrap());
    invoices::claim(&mut tx, tenant, id, owner, at(0), at(10)).await.unwrap();
    invoices::set_customer(&mut tx, tenant, id, "58").await.unwrap();
    assert!(invoices::mark_refused(&mut tx, tenant, id, owner, &[]).await.unwrap());
    assert_eq!(quickbooks::find_latest(&mut tx, tenant).await.unwrap(), Some(before));

    let after = connection(&t, &mut tx, tenant, "2").await;
    assert_eq!(quickbooks::find_latest(&mut tx, tenant).await.unwrap(), Some(after));
    assert_eq!(new_id(invoices::place(&mut tx, tenant, &intent(after, key, 100), at(20)).await.unwrap()), id);
    let again = invoices::find(&mut tx, tenant, id).await.unwrap().unwrap();
    assert_eq!((again.connection, again.customer), (after, None));
}

#[rstest]
#[tokio::test]
async fn a_tenant_sees_nothing_of_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let ours = tenant(&mut tx, 1).await;
    let theirs = tenant(&mut tx, 2).await;
    let connection = connection(&t, &mut tx, ours, "1").await;
    let id = new_id(
        invoices::place(&mut tx, ours, &intent(connection, IntentKey(Uuid::new_v4()), 100), at(0)).await.unwrap(),
    );
    grants::install(&mut tx, &t.vault, ours, USER, &profile(), "https://aurora.pipedrive.com", &tokens("a"), at(0))
        .await
        .unwrap();
    links::link_customer(&mut tx, ours, connection, links::Party::Organization(1), &customer("58")).await.unwrap();
    links::link_item(&mut tx, ours, connection, 5, "10").await.unwrap();
    drafts::save(&mut tx, ours, DEAL, USER, &Form::default(), at(0)).await.unwrap();
    settings::save(&mut tx, ours, &Settings::default(), USER, at(0)).await.unwrap();
    audit::record(&mut tx, ours, Some(USER), "invoice intended", Some(id), &serde_json::json!({}), at(0))
        .await
        .unwrap();

    assert!(invoices::find(&mut tx, theirs, id).await.unwrap().is_none());
    assert!(invoices::list(&mut tx, theirs, InvoiceScope::Deal(DEAL)).await.unwrap().is_empty());
    assert!(invoices::claim(&mut tx, theirs, id, Uuid::new_v4(), at(0), at(9)).await.unwrap().is_none());
    assert!(grants::find(&mut tx, &t.vault, theirs, USER).await.unwrap().is_none());
    assert!(quickbooks::find_current(&mut tx, &t.vault, theirs).await.unwrap().is_none());
    assert!(quickbooks::find(&mut tx, &t.vault, theirs, connection).await.unwrap().is_none());
    assert!(links::find_customer(&mut tx, theirs, connection, links::Party::Organization(1)).await.unwrap().is_none());
    assert!(links::list_items(&mut tx, theirs, connection).await.unwrap().is_empty());
    assert!(drafts::find(&mut tx, theirs, DEAL, USER).await.unwrap().is_none());
    assert!(settings::find(&mut tx, theirs).await.unwrap().is_none());
    assert!(audit::list_actions_of_invoice(&mut tx, theirs, id).await.unwrap().is_empty());

    assert_eq!(
        links::find_customer(&mut tx, ours, connection, links::Party::Organization(1)).await.unwrap(),
        Some(customer("58"))
    );
    assert_eq!(links::list_items(&mut tx, ours, connection).await.unwrap(), [(5, "10".to_owned())]);
    assert_eq!(settings::find(&mut tx, ours).await.unwrap(), Some(Settings::default()));
    assert_eq!(audit::list_actions_of_invoice(&mut tx, ours, id).await.unwrap(), ["invoice intended"]);
    assert_eq!(audit::find_last_refusal(&mut tx, ours, id).await.unwrap(), None);
    for (code, moment) in [("1", at(1)), ("2", at(2))] {
        let detail = serde_json::json!({ "code": code });
        audit::record(&mut tx, ours, Some(USER), "void refused", Some(id), &detail, moment).await.unwrap();
    }
    let newest = audit::find_last_refusal(&mut tx, ours, id).await.unwrap();
    assert_eq!(newest, Some((at(2), serde_json::json!({ "code": "2" }))));
    assert_eq!(audit::find_last_refusal(&mut tx, theirs, id).await.unwrap(), None);
    drafts::discard(&mut tx, ours, DEAL, USER, None).await.unwrap();
    assert!(drafts::find(&mut tx, ours, DEAL, USER).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn one_caller_refreshes_tokens_at_a_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    grants::install(&mut tx, &t.vault, tenant, USER, &profile(), "https://a", &tokens("old"), at(0)).await.unwrap();
    assert!(grants::claim_refresh(&mut tx, tenant, USER, at(0), at(40)).await.unwrap());
    assert!(!grants::claim_refresh(&mut tx, tenant, USER, at(1), at(41)).await.unwrap());
    grants::store_refreshed(&mut tx, &t.vault, tenant, USER, at(3599), "https://c", &tokens("foreign")).await.unwrap();
    grants::store_refreshed(&mut tx, &t.vault, tenant, USER, at(3600), "https://b", &tokens("new")).await.unwrap();
    let grant = grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap();
    assert_eq!(
        (grant.tokens.refresh.expose_secret(), grant.api_domain.as_str(), grant.active),
        ("new-refresh", "https://b", true)
    );
    assert!(grants::claim_refresh(&mut tx, tenant, USER, at(2), at(42)).await.unwrap());
    grants::release_refresh(&mut tx, tenant, USER, at(3599), true).await.unwrap();
    assert!(grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().active, "other tokens are stored");
    grants::release_refresh(&mut tx, tenant, USER, at(3600), true).await.unwrap();
    assert!(!grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().active);
    let other = grants::Profile { is_admin: false, ..profile() };
    grants::set_profile(&mut tx, tenant, USER, &other, at(5)).await.unwrap();
    assert_eq!(grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().profile, other);
    assert_eq!(grants::uninstall(&mut tx, tenant, USER, at(0)).await.unwrap(), Some(0));

    let id = connection(&t, &mut tx, tenant, "1").await;
    assert!(quickbooks::claim_refresh(&mut tx, tenant, id, at(0), at(40)).await.unwrap());
    assert!(!quickbooks::claim_refresh(&mut tx, tenant, id, at(1), at(41)).await.unwrap());
    quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3599), &tokens("foreign")).await.unwrap();
    quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3600), &tokens("newer")).await.unwrap();
    let current = quickbooks::find_current(&mut tx, &t.vault, tenant).await.unwrap().unwrap();
    assert_eq!(current.tokens.access.expose_secret(), "newer-access");
    assert!(!quickbooks::release_refresh(&mut tx, tenant, id, at(3599), true).await.unwrap());
    assert!(quickbooks::release_refresh(&mut tx, tenant, id, at(3600), true).await.unwrap());
    assert!(!quickbooks::claim_refresh(&mut tx, tenant, id, at(2), at(42)).await.unwrap());

    let id = connection(&t, &mut tx, tenant, "1").await;
    assert!(quickbooks::claim_refresh(&mut tx, tenant, id, at(3), at(43)).await.unwrap());
    quickbooks::disconnect(&mut tx, &t.vault, tenant, id).await.unwrap();
    quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3600), &tokens("late")).await.unwrap();
    assert!(!quickbooks::release_refresh(&mut tx, tenant, id, at(3600), false).await.unwrap());
    let ended = quickbooks::find(&mut tx, &t.vault, tenant, id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.tokens.refresh.expose_secret()), (quickbooks::State::Disconnected, ""));
}

#[rstest]
#[tokio::test]
async fn late_tokens_reactivate_an_access_recorded_as_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    grants::install(&mut tx, &t.vault, tenant, USER, &profile(), "https://a", &tokens("old"), at(0)).await.unwrap();
    assert!(grants::release_refresh(&mut tx, tenant, USER, at(3600), true).await.unwrap());
    let late = tokens("late");
    assert!(!grants::store_refreshed(&mut tx, &t.vault, tenant, USER, at(3599), "https://a", &late).await.unwrap());
    assert!(!grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap().active);
    assert!(grants::store_refreshed(&mut tx, &t.vault, tenant, USER, at(3600), "https://a", &late).await.unwrap());
    let grant = grants::find(&mut tx, &t.vault, tenant, USER).await.unwrap().unwrap();
    assert_eq!((grant.active, grant.tokens.refresh.expose_secret()), (true, "late-refresh"));
    assert!(!grants::store_refreshed(&mut tx, &t.vault, tenant, USER, at(3600), "https://a", &late).await.unwrap());

    let id = connection(&t, &mut tx, tenant, "1").await;
    assert!(quickbooks::release_refresh(&mut tx, tenant, id, at(3600), true).await.unwrap());
    assert!(!quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3599), &late).await.unwrap());
    let state = async |tx: &mut Tx| quickbooks::find(tx, &t.vault, tenant, id).await.unwrap().unwrap().state;
    assert_eq!(state(&mut tx).await, quickbooks::State::NeedsReconnect);
    assert!(quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3600), &late).await.unwrap());
    let revived = quickbooks::find(&mut tx, &t.vault, tenant, id).await.unwrap().unwrap();
    assert_eq!((revived.state, revived.tokens.refresh.expose_secret()), (quickbooks::State::Active, "late-refresh"));
    assert!(!quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3600), &late).await.unwrap());

    // Another company is connected: late tokens of the former connection are not stored.
    connection(&t, &mut tx, tenant, "2").await;
    assert!(!quickbooks::store_refreshed(&mut tx, &t.vault, tenant, id, at(3600), &tokens("later")).await.unwrap());
    let replaced = quickbooks::find(&mut tx, &t.vault, tenant, id).await.unwrap().unwrap();
    let kept = replaced.tokens.refresh.expose_secret();
    assert_eq!((replaced.state, kept), (quickbooks::State::Disconnected, "late-refresh"));
}

#[rstest]
#[tokio::test]
async fn a_tenant_has_one_current_connection(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let first = connection(&t, &mut tx, tenant, "1").await;
    let second = connection(&t, &mut tx, tenant, "2").await;
    assert_eq!(quickbooks::find_current(&mut tx, &t.vault, tenant).await.unwrap().unwrap().id, second);
    assert_eq!(
        quickbooks::find(&mut tx, &t.vault, tenant, first).await.unwrap().unwrap().state,
        quickbooks::State::Disconnected
    );
    // Connecting the first company again reactivates its connection.
    assert_eq!(connection(&t, &mut tx, tenant, "1").await, first);
    assert_eq!(quickbooks::find_tenant_of_realm(&mut tx, &t.vault, "1").await.unwrap(), Some(tenant));
    assert_eq!(quickbooks::find_tenant_of_realm(&mut tx, &t.vault, "2").await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_reinstalled_company_keeps_its_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    tenants::uninstall(&mut tx, tenant, at(1)).await.unwrap();
    assert!(tenants::find_installed_by_company(&mut tx, 1).await.unwrap().is_none());
    let again =
        tenants::install(&mut tx, TenantId(Uuid::new_v4()), &company(1, "Aurora 2", "en_US"), at(2)).await.unwrap();
    assert_eq!((again.id, again.locale.as_str()), (tenant, "pt_BR"));
    assert_eq!(tenants::find_installed_by_company(&mut tx, 1).await.unwrap(), Some(again.clone()));
    assert_eq!(tenants::find(&mut tx, tenant).await.unwrap(), Some(again));
}

#[rstest]
#[tokio::test]
async fn concurrent_writers_wait_for_their_turn(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let writers: Vec<_> = (0..30)
        .map(|company| {
            let db = t.db.clone();
            tokio::spawn(async move {
                let mut tx = db.begin().await?;
                tenant(&mut tx, company).await;
                // Simulates a commit on a slow disk.
                tokio::time::sleep(std::time::Duration::from_millis(250)).await;
                tx.commit().await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
}

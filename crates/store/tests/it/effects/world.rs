//! The fixture: two companies with the same rows, A and B. Numbers of Pipedrive and ids of QuickBooks are the same in both.
//!
//! A row's id consists of its name, which begins with its company's letter: `A.sending` is an invoice, `A.act.sending` an action,
//! `A.note.sending` a history entry, `A.active` a connection.

use super::{harness, snapshot::id};
use crate::{
    database::{Database, at},
    fixtures::{company, entry, intent, new_id, profile, snapshot, tokens},
};
use domain::{
    form::Form,
    ids::{ActionId, ConnectionId, DealId, EntryId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::InvoiceAction,
    settings::Settings,
};
use std::collections::HashMap;
use store::{
    Tx, audit, deals,
    drafts::{self, Origin},
    grants, history, invoice_actions, invoices, links, one_time_tokens, quickbooks, replicas, revocations, settings,
    tenants, usage,
};
use uuid::Uuid;

pub(super) const ANA: UserId = UserId(7);
pub(super) const BIA: UserId = UserId(8);
pub(super) const CAIO: UserId = UserId(9);
pub(super) const DEAL: DealId = DealId(42);
pub(super) const OTHER_DEAL: DealId = DealId(43);

/// The invoices of a company: name, deal and columns. Each is due since 7, and was created one second after the one above it.
///
/// The lease owner, if any, is [`worker`], except for `other`. A lease of `held`, `sending` and `other` ends at 10; `given` was sent and its lease
/// released. `stuck` and `broken` are parked, the first after a request, the second without one.
pub(super) const INVOICES: [(&str, DealId, &str); 14] = [
    ("queued", DEAL, "state = 'queued'"),
    ("held", DEAL, "state = 'queued', lease_owner = {worker}, lease_until = @10"),
    ("sending", DEAL, "state = 'sending', lease_owner = {worker}, lease_until = @10, sent_at = @3"),
    ("given", DEAL, "state = 'sending', lease_owner = {worker}, sent_at = @3"),
    ("other", DEAL, "state = 'sending', lease_owner = {other}, lease_until = @10, sent_at = @3"),
    ("stuck", DEAL, "state = 'sending', lease_owner = {worker}, sent_at = @3, trouble = 'doubt', attempts = 9"),
    ("broken", DEAL, "state = 'queued', lease_owner = {worker}, trouble = 'no answer', attempts = 9"),
    (
        "issued",
        DEAL,
        "state = 'issued', lease_owner = {worker}, lease_until = @10, quickbooks_id = '130', sync_token = \
                 '5', balance_minor = 100, due = '2026-03-20', read_at = @20",
    ),
    (
        "paid",
        DEAL,
        "state = 'issued', quickbooks_id = '131', sync_token = '5', balance_minor = 0, due = '2026-03-20', \
                 read_at = @20",
    ),
    (
        "deleted",
        DEAL,
        "state = 'issued', quickbooks_id = '132', sync_token = '5', balance_minor = 0, deleted = TRUE, read_at = @20",
    ),
    (
        "later",
        OTHER_DEAL,
        "state = 'issued', quickbooks_id = '133', sync_token = '5', balance_minor = 100, due = '2026-03-21', \
                 read_at = @21, organization_id = 2, person_id = 4",
    ),
    (
        "refused",
        DEAL,
        "state = 'refused', refusal = '[]', lease_owner = {worker}, lease_until = @10, trouble = 'no answer', \
                 may_resend = TRUE, attempts = 9, customer_id = '58'",
    ),
    ("removed", DEAL, "state = 'removed', refusal = '[]', lease_owner = {worker}, lease_until = @10"),
    (
        "former",
        DEAL,
        "state = 'issued', quickbooks_id = '130', sync_token = '5', balance_minor = 100, due = '2026-03-20', \
                 read_at = @20",
    ),
];

/// The actions of a company: name, invoice and columns. An invoice has one unfinished action at most, so finished ones come first.
pub(super) const ACTIONS: [(&str, &str, &str); 8] = [
    ("done", "issued", "state = 'done', lease_owner = {worker}, lease_until = @10"),
    ("queued", "issued", "state = 'queued', lease_owner = {worker}"),
    ("held", "held", "state = 'queued', lease_owner = {worker}, lease_until = @10"),
    ("sending", "later", "state = 'sending', lease_owner = {worker}, lease_until = @10, sent_at = @3"),
    ("other", "paid", "state = 'sending', lease_owner = {other}, lease_until = @10, sent_at = @3"),
    ("stuck", "deleted", "state = 'sending', lease_owner = {worker}, trouble = 'no answer', attempts = 9"),
    ("sooner", "former", "state = 'done'"),
    ("refused", "former", "state = 'refused', refusal = '\"changed\"', lease_owner = {worker}, lease_until = @10"),
];

/// The history entries of a company: name, invoice and columns.
pub(super) const NOTES: [(&str, &str, &str); 7] = [
    ("queued", "issued", "state = 'queued', lease_owner = {worker}"),
    ("held", "issued", "state = 'queued', lease_owner = {worker}, lease_until = @10"),
    ("sending", "later", "state = 'sending', lease_owner = {worker}, lease_until = @10, sent_at = @3, deal_id = 43"),
    ("other", "issued", "state = 'sending', lease_owner = {other}, lease_until = @10, sent_at = @3"),
    ("stuck", "later", "state = 'sending', lease_owner = {worker}, trouble = 'no answer', attempts = 9, deal_id = 43"),
    ("written", "issued", "state = 'written', note_id = 5, lease_owner = {worker}, lease_until = @10"),
    ("moved", "later", "state = 'written', note_id = 6, lease_owner = {other}, deal_id = 43"),
];

/// The drafts of a company. The intent key of a draft consists of deal and user, such as `k.42.7`.
const DRAFTS: [(DealId, UserId, Origin); 5] = [
    (DEAL, ANA, Origin::Typed),
    (DEAL, BIA, Origin::Typed),
    (DEAL, CAIO, Origin::Opened),
    (OTHER_DEAL, ANA, Origin::Opened),
    (OTHER_DEAL, BIA, Origin::Typed),
];

/// One of the two companies.
pub(super) struct Company {
    pub(super) letter: &'static str,
    pub(super) tenant: TenantId,
}

impl Company {
    pub(super) fn new(letter: &'static str) -> Self {
        Self { letter, tenant: tenant(letter) }
    }
    pub(super) fn id(&self, name: &str) -> Uuid {
        id(&format!("{}.{name}", self.letter))
    }
    pub(super) fn invoice(&self, name: &str) -> InvoiceId {
        InvoiceId(self.id(name))
    }
    pub(super) fn action(&self, name: &str) -> ActionId {
        ActionId(self.id(&format!("act.{name}")))
    }
    pub(super) fn note(&self, name: &str) -> EntryId {
        EntryId(self.id(&format!("note.{name}")))
    }
    pub(super) fn connection(&self, name: &str) -> ConnectionId {
        ConnectionId(self.id(name))
    }
    /// Whether a word of a line names this company or one of its rows.
    pub(super) fn owns(&self, word: &str) -> bool {
        word.split('.').next() == Some(self.letter)
    }
}

/// The tenant with this letter.
pub(super) fn tenant(letter: &str) -> TenantId {
    TenantId(id(letter))
}

/// The lease owner of the fixture.
pub(super) fn worker() -> Uuid {
    id("worker")
}

/// The intent key with this name.
pub(super) fn key(name: &str) -> IntentKey {
    IntentKey(id(&format!("k.{name}")))
}

/// A form of a deal, with the intent key of its draft in the fixture.
pub(super) fn form(deal: DealId, user: UserId) -> Form {
    let key = key(&format!("{}.{}", deal.0, user.0));
    Form { intent: Some(key), window: "window".into(), ..Form::default() }
}

pub(super) async fn execute(tx: &mut Tx, text: &str) {
    let statement = harness::statement(text, tx);
    match tx {
        Tx::Sqlite(c) => drop(sqlx::query(statement).execute(&mut **c).await.unwrap()),
        Tx::Postgres(c) => drop(sqlx::query(statement).execute(&mut **c).await.unwrap()),
    }
}

pub(super) async fn fill(t: &Database, tx: &mut Tx, companies: &[Company; 2], names: &mut HashMap<String, String>) {
    for (number, company) in (1..).zip(companies) {
        fill_company(t, tx, company, number, names).await;
    }
    for (replica, seen) in [("r.1", 5), ("r.2", 10)] {
        replicas::record_heartbeat(tx, id(replica), at(seen), at(0)).await.unwrap();
    }
    for month in [202_611, 202_612] {
        usage::add_to_app(tx, month, usage::Usage { reads: 10, writes: 5 }).await.unwrap();
    }
    execute(tx, "UPDATE app_usage SET warned_percent = 50").await;
}

async fn fill_company(t: &Database, tx: &mut Tx, c: &Company, number: i64, names: &mut HashMap<String, String>) {
    let (tenant, letter) = (c.tenant, c.letter);
    let title = format!("Company {letter}");
    tenants::install(tx, tenant, &company(number, &title, "pt_BR"), at(0)).await.unwrap();
    tenants::watch_won_deals(tx, tenant, Some(at(100))).await.unwrap();
    for (user, is_admin) in [(ANA, false), (BIA, true), (CAIO, false)] {
        let profile = grants::Profile { name: format!("{} of {letter}", user.0), is_admin, ..profile() };
        let (api, tokens) = (format!("https://{letter}"), tokens(letter));
        grants::install(tx, &t.vault, tenant, user, &profile, &api, &tokens, at(0)).await.unwrap();
    }
    execute(tx, "UPDATE pipedrive_grant SET lease_until = @10").await;
    execute(tx, "UPDATE pipedrive_grant SET state = 'revoked' WHERE user_id = 9").await;
    let books = books(letter);
    for name in ["former", "active"] {
        let (id, realm) = (c.connection(name), format!("{letter} {name}"));
        names.insert(t.vault.digest("realm", &realm), realm.clone());
        quickbooks::connect(tx, &t.vault, tenant, id, &realm, &books, "Ana", &tokens(letter), at(0)).await.unwrap();
        for month in [202_611, 202_612] {
            let calls = usage::Usage { reads: 10, writes: 5 };
            usage::add_to_connection(tx, tenant, id, month, calls).await.unwrap();
        }
        for (party, customer) in [
            (links::Party::Organization(1), "58"),
            (links::Party::Person(1), "58"),
            (links::Party::Organization(2), "59"),
            (links::Party::Person(3), "60"),
        ] {
            let linked = links::LinkedCustomer { id: customer.into(), name: format!("{customer} of {letter}") };
            links::link_customer(tx, tenant, id, party, &linked).await.unwrap();
        }
        for product in [5, 6] {
            links::link_item(tx, tenant, id, product, &format!("{product} of {letter} {name}")).await.unwrap();
        }
    }
    execute(
        tx,
        "UPDATE quickbooks_connection SET changes_until = @50, changed_at = @40, changes_lease_until = @10, swept_until = @10, \
         sweep_steps = 12, webhook_at = @30, lease_until = @10, reads_refused_until = @10, silent_since = @9, active_at = @8",
    )
    .await;
    settings::save(tx, tenant, &Settings::default(), ANA, at(0)).await.unwrap();
    for deal in [DEAL, OTHER_DEAL] {
        deals::lock(tx, tenant, deal).await.unwrap();
    }
    for (deal, user, origin) in DRAFTS {
        let form = Form { memo: format!("of {letter}"), ..form(deal, user) };
        drafts::open(tx, tenant, deal, user, &form, origin, at(user.0)).await.unwrap();
    }
    execute(tx, "UPDATE draft SET version = 5").await;
    fill_work(tx, c).await;
    let user = Some(ANA);
    for (name, invoice, at_last) in [("second", "issued", 2), ("first", "issued", 1), ("third", "later", 3)] {
        let invoice = Some(c.invoice(invoice));
        audit::record(tx, tenant, user, name, invoice, &serde_json::json!({}), at(at_last)).await.unwrap();
        let set = format!(
            "UPDATE audit SET id = {{{letter}.log.{name}}} WHERE tenant_id = {{{letter}}} AND action = '{name}'"
        );
        execute(tx, &set).await;
    }
    for provider in [one_time_tokens::Purpose::Pipedrive, one_time_tokens::Purpose::Ticket] {
        let state = format!("{letter}.{provider:?}");
        names.insert(t.vault.digest("state", &state), state.clone());
        let until = if provider == one_time_tokens::Purpose::Ticket { 20 } else { 10 };
        one_time_tokens::begin(tx, &t.vault, provider, &state, "browser", Some((tenant, ANA)), at(until))
            .await
            .unwrap();
    }
    names.insert(t.vault.digest("state", "begun"), "begun".to_owned());
    let state = format!("{letter}.Confirmation");
    names.insert(t.vault.digest("state", &state), state.clone());
    one_time_tokens::begin_confirmation(tx, &t.vault, &state, "browser", (tenant, ANA), letter, at(10)).await.unwrap();
    for (provider, due) in [(revocations::Provider::Pipedrive, 10), (revocations::Provider::QuickBooks, 20)] {
        let subject = format!("{letter} subject");
        revocations::add(tx, &t.vault, provider, &subject, &"token".into(), at(due)).await.unwrap();
    }
    name_revocations(t, tx, letter).await;
}

/// Renames the revocations that were added last to readable ids, and seals their tokens again, because the place contains the id.
async fn name_revocations(t: &Database, tx: &mut Tx, letter: &str) {
    for (provider, short) in [("pipedrive", "p"), ("quickbooks", "q")] {
        let name = format!("{letter}.revoke.{short}");
        let sealed = t.vault.seal(&format!("revocation/{}.refresh_token", id(&name)), &name.as_str().into()).unwrap();
        let set = format!(
            "UPDATE revocation SET id = {{{name}}}, refresh_token = '{sealed}' WHERE provider = '{provider}' \
             AND id NOT IN ({{A.revoke.p}}, {{A.revoke.q}}, {{B.revoke.p}}, {{B.revoke.q}})"
        );
        execute(tx, &set).await;
    }
}

/// A QuickBooks company.
pub(super) fn books(name: &str) -> quickbooks::Company {
    let (name, country) = (name.to_owned(), "US".to_owned());
    quickbooks::Company { name, country, home_currency: "USD".into(), time_zone: "UTC".into() }
}

async fn fill_work(tx: &mut Tx, c: &Company) {
    let (tenant, letter) = (c.tenant, c.letter);
    for (seconds, (name, deal, row)) in (0..).zip(INVOICES) {
        let connection = c.connection(if name == "former" { "former" } else { "active" });
        let mut wanted = intent(connection, key(name), 1);
        (wanted.id, wanted.deal, wanted.person) = (c.invoice(name), deal, Some(3));
        wanted.customer_name = format!("Customer of {letter}");
        new_id(invoices::place(tx, tenant, &wanted, at(seconds)).await.unwrap());
        let set = format!("UPDATE invoice SET next_attempt_at = @7, {row} WHERE id = {{{letter}.{name}}}");
        execute(tx, &set).await;
    }
    for (seconds, (name, invoice, row)) in (0..).zip(ACTIONS) {
        let request = invoice_actions::ActionRequest {
            id: c.action(name),
            invoice: c.invoice(invoice),
            action: InvoiceAction::Void,
            seen: format!("seen by {letter}"),
            recipient: String::new(),
            by: ANA,
        };
        assert!(invoice_actions::request(tx, tenant, &request, at(seconds)).await.unwrap());
        execute(tx, &format!("UPDATE act SET next_attempt_at = @7, {row} WHERE id = {{{letter}.act.{name}}}")).await;
    }
    for (seconds, (name, invoice, row)) in (0..).zip(NOTES) {
        let new_entry = history::Entry {
            id: c.note(name),
            made_at: at(seconds),
            snapshot: snapshot("5", 100),
            ..entry(c.invoice(invoice))
        };
        history::add(tx, tenant, &new_entry).await.unwrap();
        execute(
            tx,
            &format!("UPDATE history_entry SET next_attempt_at = @7, {row} WHERE id = {{{letter}.note.{name}}}"),
        )
        .await;
    }
}

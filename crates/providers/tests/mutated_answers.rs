//! Runs each call of both clients against mutated answers, thousands of times, over HTTP. No call may panic, and no
//! write may happen twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::disallowed_methods, reason = "the test calls the sandbox's control port and reads the system clock")]
#![expect(clippy::print_stdout, reason = "the test reports its coverage")]

use domain::{
    address::Address,
    ids::{DealId, IntentKey, UserId},
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    mapping::Entity,
    mark::Mark,
    search::build_patterns,
    tax::TaxMode,
};
use iso_currency::Currency;
use jiff::{Timestamp, civil::date};
use providers::{
    Http, ProviderError, pipedrive,
    quickbooks::{self, CustomerUpdate, ItemProperty, NewCustomer, NewItem, ResolvedInvoice},
};
use rust_decimal::Decimal;
use sandbox::{Options, Sandbox};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use url::Url;
use uuid::Uuid;

const REALM: &str = "9341452200000002";
const COMPANY: i64 = 7_710_001;
const USER: i64 = 910_001;
/// Number of mutated answers, for both clients together.
const ANSWERS: u64 = 20_000;
/// Repetitions of a fault: more than a round has answers.
const FAULT_REPETITIONS: u64 = 1_000_000;

struct World {
    sandbox: Sandbox,
    client: reqwest::Client,
    http: Http,
    quickbooks: SecretString,
    pipedrive: SecretString,
    quickbooks_base: Url,
    pipedrive_base: Url,
}

impl World {
    async fn start() -> Self {
        let sandbox = sandbox::start(Options::default()).await.unwrap();
        let client = reqwest::Client::new();
        let mut world = Self {
            http: Http::new(Duration::from_secs(20)).unwrap(),
            quickbooks: SecretString::default(),
            pipedrive: SecretString::default(),
            quickbooks_base: Url::parse(&sandbox.origins.quickbooks_api).unwrap(),
            pipedrive_base: Url::parse(&sandbox.origins.pipedrive_api).unwrap(),
            sandbox,
            client,
        };
        let granted = world.control("/quickbooks/grants", &json!({ "realm_id": REALM })).await;
        world.quickbooks = granted["access_token"].as_str().unwrap().to_owned().into();
        let granted = world.control("/pipedrive/grants", &json!({ "company_id": COMPANY, "user_id": USER })).await;
        world.pipedrive = granted["access_token"].as_str().unwrap().to_owned().into();
        world
    }

    async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.sandbox.origins.control);
        let answer = self.client.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    fn quickbooks(&self) -> quickbooks::Api {
        quickbooks::Api {
            http: self.http.clone(),
            base: self.quickbooks_base.clone(),
            realm_id: REALM.to_owned(),
            access: self.quickbooks.clone(),
            home: Some(Currency::BRL),
        }
    }

    fn pipedrive(&self) -> pipedrive::Api {
        pipedrive::Api { http: self.http.clone(), base: self.pipedrive_base.clone(), access: self.pipedrive.clone() }
    }

    /// Mutates every further answer at this number of places.
    async fn mutate(&self, seed: u64, places: u32) {
        self.control("/faults/seed", &json!({ "seed": seed })).await;
        for provider in ["quickbooks", "pipedrive"] {
            let fault = json!({ "provider": provider, "times": FAULT_REPETITIONS, "effect": { "mutate": places } });
            self.control("/faults", &fault).await;
        }
    }

    /// Ends the mutation and returns the number of mutated answers.
    async fn stop_mutating(&self) -> u64 {
        let url = format!("{}/faults", self.sandbox.origins.control);
        let pending = self.client.get(&url).send().await.unwrap().text().await.unwrap();
        let pending: Vec<Value> = serde_json::from_str(&pending).unwrap();
        self.client.delete(&url).send().await.unwrap();
        pending.iter().map(|fault| FAULT_REPETITIONS - fault["times"].as_u64().unwrap()).sum()
    }
}

/// Numbers of successful and failed calls, by name of the call.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, (u64, u64)>);

impl Counts {
    fn add<T>(&mut self, name: &'static str, outcome: Result<T, ProviderError>) -> Option<T> {
        let count = self.0.entry(name).or_default();
        if outcome.is_ok() {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
        outcome.ok()
    }
}

fn request(customer: &str, item: &str, tax_code: &str) -> InvoiceRequest {
    let amount = Decimal::new(1250, 2);
    InvoiceRequest {
        customer: Choice::Existing(customer.to_owned()),
        attention: String::new(),
        email: "ana@aurora.example".into(),
        tax_id: String::new(),
        address: Address::default(),
        issued: date(2026, 11, 30),
        due: date(2026, 12, 7),
        currency: Currency::BRL,
        number: None,
        invoice_code: None,
        message: String::new(),
        memo: String::new(),
        cc: String::new(),
        online_payment: None,
        custom: Vec::new(),
        update: Vec::new(),
        tax_mode: TaxMode::Excluded,
        discount: None,
        discount_amount: Decimal::ZERO,
        rate: None,
        lines: vec![RequestLine {
            product: None,
            item: Choice::Existing(item.to_owned()),
            description: "Hours".into(),
            quantity: Decimal::ONE,
            unit_price: amount,
            amount,
            net: None,
            tax_code: Some(tax_code.to_owned()),
        }],
        total: amount,
    }
}

/// Data that is read before the mutation begins.
struct Fixtures {
    customer: domain::customer::Customer,
    catalogue: domain::catalogue::Catalogue,
    request: InvoiceRequest,
    item: String,
    invoice: Snapshot,
}

async fn read_fixtures(api: &quickbooks::Api) -> Fixtures {
    let catalogue = api.read_catalogue().await.unwrap();
    let (customers, _) = api.read_customer_page(1).await.unwrap();
    let in_reais = |customer: &&domain::customer::Customer| customer.currency.as_deref() == Some("BRL");
    let customer = customers.iter().find(in_reais).unwrap().clone();
    let item = catalogue.items.first().unwrap().id.clone();
    let code = catalogue.items.iter().find_map(|item| item.tax_code.clone()).unwrap_or_else(|| "2".into());
    let request = request(&customer.id, &item, &code);
    let invoice = create(api, &catalogue, &request, &item, &customer.id, Uuid::from_u128(1)).await.unwrap();
    Fixtures { customer, catalogue, request, item, invoice }
}

async fn create(
    api: &quickbooks::Api,
    catalogue: &domain::catalogue::Catalogue,
    request: &InvoiceRequest,
    item: &str,
    customer: &str,
    key: Uuid,
) -> Result<Snapshot, ProviderError> {
    let mark = Mark { intent: IntentKey(key), company: COMPANY, deal: DealId(1), user: UserId(USER) };
    let items = [item.to_owned()];
    let invoice = ResolvedInvoice {
        request,
        mark,
        customer,
        items: &items,
        tax: &catalogue.tax,
        term: None,
        multicurrency: catalogue.multicurrency,
    };
    api.create_invoice(&key.to_string(), &invoice).await
}

/// Makes each call of the QuickBooks client once.
async fn make_quickbooks_calls(world: &World, fixtures: &Fixtures, round: u64, counts: &mut Counts) {
    let api = world.quickbooks();
    let (id, since) = (fixtures.invoice.quickbooks_id.as_str(), Timestamp::now() - Duration::from_secs(3));
    let name = format!("Mutated {round}");
    counts.add("read_catalogue", api.read_catalogue().await);
    counts.add("search_customers", api.search_customers(&build_patterns("Padaria"), "ana@aurora.example").await);
    counts.add("read_customer_page", api.read_customer_page(1).await);
    counts.add("read_customer", api.read_customer(&fixtures.customer.id).await);
    counts.add("find_customer_created_since", api.find_customer_created_since("Nobody", since).await);
    let new = NewCustomer {
        display_name: &name,
        email: "",
        tax_id: "",
        address: &Address::default(),
        currency: Some("BRL"),
        country: "BR",
    };
    counts.add("create_customer", api.create_customer(&format!("customer {round}"), &new).await);
    let update = CustomerUpdate { email: Some("b@aurora.example"), country: "BR", ..CustomerUpdate::default() };
    counts.add("update_customer", api.update_customer(&format!("update {round}"), &fixtures.customer, &update).await);
    let wanted: Vec<_> = build_patterns("Cons").into_iter().map(|pattern| (ItemProperty::Name, pattern)).collect();
    counts.add("search_items", api.search_items(&wanted).await);
    counts.add("find_items", api.find_items(ItemProperty::Id, std::slice::from_ref(&fixtures.item)).await);
    counts.add("find_item_by_name", api.find_item_by_name("Consultoria").await);
    let account = fixtures.catalogue.income_accounts.first().map(|account| account.id.clone()).unwrap_or_default();
    let item = NewItem { name: &name, unit_price: None, income_account: &account };
    counts.add("create_item", api.create_item(&format!("item {round}"), &item).await);
    counts.add("find_term_by_name", api.find_term_by_name("Net 30").await);
    counts.add("create_term", api.create_term(&format!("term {round}"), &format!("{round} dias"), 5).await);
    counts.add("read_exchange_rate", api.read_exchange_rate("USD", date(2026, 11, 30)).await);
    counts.add("read_changes", api.read_changes(since).await);
    counts.add("read_changed_customers", api.read_changed_customers(since).await);
    counts.add("read_changed_invoices", api.read_changed_invoices(since).await);
    counts.add("find_invoice", api.find_invoice(IntentKey(Uuid::from_u128(1)), since).await);
    counts.add("find_marked_invoices", api.find_marked_invoices(since).await);
    // The invoice exists, so it is found or unreadable, or the call fails, but it is never missing.
    if let Some(read) = counts.add("read_invoices", api.read_invoices(&[id]).await) {
        assert!(!(read.found.is_empty() && read.unreadable.is_empty()), "{read:?}");
    }
    counts.add("read_newest_numbers", api.read_newest_numbers().await);
    counts.add("is_number_taken", api.is_number_taken("1").await);
    if let Some(read) = counts.add("read_invoice", api.read_invoice(id).await) {
        assert_eq!(read.map(|read| (read.quickbooks_id, read.total)), Some((id.to_owned(), fixtures.invoice.total)));
    }
    counts.add("read_payments", api.read_payments(id).await);
    counts.add("read_delivery_time", api.read_delivery_time(id).await);
    counts.add("send_invoice", api.send_invoice(&format!("send {round}"), id, Some("c@aurora.example")).await);
    counts.add("download_pdf", api.download_pdf(id).await.map(drop));
    counts.add("recognises_repeats", api.recognises_repeats(&format!("repeats {round}")).await);
    let key = Uuid::from_u128(1000 + u128::from(round));
    for _ in 0..2 {
        let created =
            create(&api, &fixtures.catalogue, &fixtures.request, &fixtures.item, &fixtures.customer.id, key).await;
        if let Some(created) = counts.add("create_invoice", created) {
            assert_eq!(created.total, fixtures.invoice.total);
            let (id, token, request_id) = (&created.quickbooks_id, &created.sync_token, format!("change {round}"));
            match round % 3 {
                0 => {
                    let corrected =
                        api.correct_invoice(&request_id, id, token, &fixtures.request, &fixtures.catalogue.tax);
                    counts.add("correct_invoice", corrected.await);
                }
                1 => drop(counts.add("void_invoice", api.void_invoice(&request_id, id, token).await)),
                _ => drop(counts.add("delete_invoice", api.delete_invoice(&request_id, id, token).await)),
            }
        }
    }
}

/// Makes each call of the Pipedrive client once.
async fn make_pipedrive_calls(world: &World, organization: i64, round: u64, counts: &mut Counts) {
    let api = world.pipedrive();
    let deal = DealId(1);
    if let Some(read) = counts.add("read_deal", api.read_deal(deal).await) {
        assert!(read.is_incomplete || !read.currency.is_empty());
    }
    counts.add("read_deal_parties", api.read_deal_parties(deal).await);
    counts.add("read_deal_currency", api.read_deal_currency(deal).await);
    counts.add("read_newest_deals", api.read_newest_deals().await);
    counts.add("read_won_deals_since", api.read_won_deals_since(Timestamp::UNIX_EPOCH).await);
    counts.add("filter_visible_deals", api.filter_visible_deals(&[1, 2, 3]).await);
    counts.add("read_open_deals", api.read_open_deals(Entity::Organization, organization).await);
    counts.add("read_won_deals", api.read_won_deals(Entity::Organization, organization).await);
    counts.add("read_latest_deals", api.read_latest_deals(Entity::Person, 1).await);
    counts.add("read_name", api.read_name(Entity::Organization, organization).await);
    counts.add("is_deleted", api.is_deleted(Entity::Organization, organization).await);
    for entity in [Entity::Deal, Entity::Organization, Entity::Person] {
        counts.add("read_fields", api.read_fields(entity).await);
    }
    counts.add("read_user", api.read_user().await);
    counts.add("read_newest_notes", api.read_newest_notes(deal).await);
    counts.add("find_notes", api.find_notes(deal, "<b>reported</b>", Timestamp::UNIX_EPOCH).await);
    counts.add("find_open_tasks", api.find_open_tasks(UserId(USER), "Connect").await);
    if round.is_multiple_of(8) {
        counts.add("create_note", api.create_note(deal, &format!("<b>reported {round}</b>")).await);
        counts.add("create_task", api.create_task(UserId(USER), "Do", "it", date(2026, 12, 1)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mutated_answer_causes_more_than_an_error() {
    let world = World::start().await;
    world.control("/quickbooks/quirks", &json!({ "realm_id": REALM, "emails_a_day": 1_000_000 })).await;
    let mut fixtures = read_fixtures(&world.quickbooks()).await;
    let organization = world.pipedrive().read_deal_parties(DealId(1)).await.unwrap().organization.unwrap();
    // Without mutation, each kind of call has to succeed at least once. Otherwise the rest of the test would prove nothing.
    let mut baseline = Counts::default();
    let mut round = 0;
    for _ in 0..3 {
        round += 8;
        fixtures.customer = world.quickbooks().read_customer(&fixtures.customer.id).await.unwrap();
        make_quickbooks_calls(&world, &fixtures, round, &mut baseline).await;
        make_pipedrive_calls(&world, organization, round, &mut baseline).await;
    }
    let failed: Vec<&str> = baseline.0.iter().filter(|(_, count)| count.0 == 0).map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let begun = Instant::now();
    let mut counts = Counts::default();
    let mut answers = 0;
    while answers < ANSWERS {
        round += 1;
        fixtures.customer = world.quickbooks().read_customer(&fixtures.customer.id).await.unwrap();
        world.mutate(round, 1 + u32::try_from(round % 3).unwrap()).await;
        make_quickbooks_calls(&world, &fixtures, round, &mut counts).await;
        make_pipedrive_calls(&world, organization, round, &mut counts).await;
        answers += world.stop_mutating().await;
    }
    let (succeeded, failed) = counts.0.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!(
        "{answers} mutated answers in {round} rounds, {:?}: {succeeded} calls succeeded, {failed} failed",
        begun.elapsed()
    );
    for (name, (succeeded, failed)) in &counts.0 {
        println!("{name}: {succeeded} succeeded, {failed} failed");
    }
    // Each intent key has at most one invoice, in spite of the mutated answers.
    let invoices =
        world.quickbooks().find_marked_invoices(Timestamp::now() - Duration::from_secs(7200)).await.unwrap().found;
    let mut keys: Vec<Uuid> =
        invoices.iter().filter_map(|found| found.origin.as_ref()).map(|origin| origin.mark.intent.0).collect();
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count, "an intent key has two invoices");
}

//! The state that all requests and jobs share.

use crate::{
    admission::Admission,
    clock::{self, Clock},
    config::{
        Config,
        connect_pictures::ConnectPictures,
        quickbooks_environment::{AUTHORIZE_URL, REVOKE_URL, TOKEN_URL},
    },
    event_streams::EventStreams,
    metering::{self, Metering},
    rate_limiters::RateLimiters,
};
use domain::{
    catalogue::{Catalogue, Item},
    customer::Customer,
    deal_fields::FieldContent,
    ids::{ConnectionId, DealId, InvoiceId, TenantId, UserId},
    mapping::Field,
};
use jiff::SignedDuration;
use moka::future::Cache;
use providers::{
    Http,
    oauth::{Discovery, Endpoint, Registration},
};
use std::{
    ops::Deref,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};
use store::{Db, vault::Vault};
use tokio_util::sync::CancellationToken;
use url::Url;

/// The values that were written into a deal's fields, by their keys, and the versions of the deal's invoices that it was computed from: of other versions,
/// another replica may have written something else since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenBack {
    pub(crate) values: Vec<(String, FieldContent)>,
    pub(crate) versions: Vec<(InvoiceId, String)>,
}

/// The running service, cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) vault: Vault,
    pub(crate) http: Http,
    pub(crate) rate_limiters: RateLimiters,
    pub(crate) metering: Metering,
    pub(crate) admission: Admission,
    /// Event streams of open pages.
    pub(crate) event_streams: EventStreams,
    /// The pictures of the *Connect* button.
    pub(crate) connect: ConnectPictures,
    /// Whether the database has kept the last heartbeat: not where its disk is full, or where it may only be read.
    pub(crate) can_write: AtomicBool,
    /// The problem, if the ring of keys does not open all secrets in the database.
    pub(crate) wrong_keys: Mutex<Option<String>>,
    /// Cancelled when the service is to end: streams end with it.
    pub(crate) stop: CancellationToken,
    pub(crate) pipedrive: Registration,
    pub(crate) quickbooks: Registration,
    /// The lists of each connected company. Reads are metered, and these change seldom.
    pub(crate) catalogues: Cache<ConnectionId, Arc<Catalogue>>,
    /// The same, kept for longer: for when QuickBooks refuses reads.
    pub(crate) last_catalogues: Cache<ConnectionId, Arc<Catalogue>>,
    /// The fields of each Pipedrive company.
    pub(crate) fields: Cache<TenantId, Arc<Vec<Field>>>,
    /// Customers that are chosen in open forms.
    pub(crate) customers: Cache<(ConnectionId, String), Arc<Customer>>,
    /// Items that are named in open forms and not listed in the catalogue; nothing for those that QuickBooks does not have.
    pub(crate) items: Cache<(ConnectionId, String), Option<Arc<Item>>>,
    /// QuickBooks' results for texts that were typed into item fields.
    pub(crate) item_searches: Cache<(ConnectionId, String), Arc<Vec<Item>>>,
    /// Customers with their tax numbers.
    pub(crate) customer_directories: Cache<ConnectionId, Arc<Vec<Customer>>>,
    /// Deals of which it was looked whether others were merged into them.
    pub(crate) merges: Cache<(TenantId, DealId), ()>,
    /// Deals that a user was allowed to see.
    pub(crate) visible_deals: Cache<(TenantId, UserId, DealId), ()>,
    /// The last values that were written into a deal's fields.
    pub(crate) written_back: Cache<(TenantId, DealId), WrittenBack>,
    /// Whether a company's QuickBooks recognises repeated requests.
    pub(crate) repeats: Cache<ConnectionId, bool>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// How long a company's lists are believed.
const CATALOGUE_LIFE: Duration = Duration::from_secs(300);
/// How long lists that are not asked for are kept for when QuickBooks refuses reads. They take 19 kB each.
const LAST_CATALOGUE_LIFE: Duration = Duration::from_hours(48);
const LAST_CATALOGUES_MOST: u64 = 3000;
/// How long a company's fields are believed.
const FIELDS_LIFE: Duration = Duration::from_secs(300);
/// How long a chosen customer is believed.
const CUSTOMER_LIFE: Duration = Duration::from_secs(120);
/// How long a search's answer is kept: a new item is found within this time.
const SEARCH_LIFE: Duration = Duration::from_secs(5);
/// How long the list of customers with their tax numbers is kept.
const DIRECTORY_LIFE: Duration = Duration::from_secs(600);
/// How long it is not asked again whether other deals were merged into a deal.
const MERGES_LIFE: Duration = Duration::from_secs(60);
/// How long it is not asked again whether a user may see a deal.
pub(crate) const DEAL_VISIBILITY_LIFE: Duration = Duration::from_secs(30);
/// How long the fields of a deal are taken to hold what was written into them.
const WRITTEN_BACK_LIFE: Duration = Duration::from_secs(60);
/// How long it is not tried again whether QuickBooks recognises repeated requests.
const REPEATS_LIFE: Duration = Duration::from_secs(10);
/// How long a provider may take to answer. Shorter than a job's lease is renewed for.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(30);

/// Polling intervals until refused reads are tried again: an hour.
const REFUSAL_PAUSE: i32 = 12;

/// The app's registration with Pipedrive.
fn register_with_pipedrive(config: &Config) -> Registration {
    Registration {
        client_id: config.pipedrive_client_id.clone(),
        client_secret: config.pipedrive_client_secret.clone(),
        authorize_url: config.pipedrive_authorize_url.clone(),
        token_url: config.pipedrive_token_url.clone(),
        revoke_url: config.pipedrive_revoke_url.clone(),
        redirect_url: config.page("/pipedrive/callback"),
        scopes: Vec::new(),
        discovery: None,
    }
}

/// The app's registration with Intuit, whose discovery document names the addresses that are not configured.
fn register_with_quickbooks(config: &Config) -> anyhow::Result<Registration> {
    let endpoints = [
        (Endpoint::Authorize, &config.quickbooks_authorize_url, AUTHORIZE_URL),
        (Endpoint::Token, &config.quickbooks_token_url, TOKEN_URL),
        (Endpoint::Revoke, &config.quickbooks_revoke_url, REVOKE_URL),
    ];
    let followed: Vec<_> =
        endpoints.iter().filter(|(_, configured, _)| configured.is_none()).map(|(endpoint, ..)| *endpoint).collect();
    let discovery = (!followed.is_empty()).then(|| Discovery::new(config.quickbooks_discovery_url.clone(), followed));
    let [authorize_url, token_url, revoke_url] =
        endpoints.map(|(_, configured, documented)| configured.clone().map_or_else(|| Url::parse(documented), Ok));
    Ok(Registration {
        client_id: config.quickbooks_client_id.clone(),
        client_secret: config.quickbooks_client_secret.clone(),
        authorize_url: authorize_url?,
        token_url: token_url?,
        revoke_url: revoke_url?,
        redirect_url: config.page("/quickbooks/callback"),
        scopes: vec!["com.intuit.quickbooks.accounting".to_owned()],
        discovery,
    })
}

impl App {
    pub(crate) fn new(config: Config, db: Db, stop: CancellationToken) -> anyhow::Result<Self> {
        let vault = Vault::from_ring(&config.key_ring)?;
        let (pipedrive, quickbooks) = (register_with_pipedrive(&config), register_with_quickbooks(&config)?);
        let connect = config.connect().map_err(anyhow::Error::msg)?;
        let clock = Clock::showing(clock::of_this_machine());
        let refusal_pause = SignedDuration::from_secs(i64::from(config.quickbooks_poll_seconds)) * REFUSAL_PAUSE;
        Ok(Self(Arc::new(Inner {
            connect,
            metering: Metering::new(clock.clone(), config.reads_a_month(), refusal_pause),
            clock,
            rate_limiters: RateLimiters::new(
                config.quickbooks_calls_a_minute,
                config.pipedrive_calls_a_day_for_each_user,
            ),
            admission: Admission::new(),
            event_streams: EventStreams::default(),
            can_write: AtomicBool::new(true),
            wrong_keys: Mutex::new(None),
            db,
            stop,
            vault,
            http: Http::new(PROVIDER_TIMEOUT)?,
            pipedrive,
            quickbooks,
            catalogues: Cache::builder().max_capacity(10_000).time_to_live(CATALOGUE_LIFE).build(),
            last_catalogues: Cache::builder()
                .max_capacity(LAST_CATALOGUES_MOST)
                .time_to_idle(LAST_CATALOGUE_LIFE)
                .build(),
            fields: Cache::builder().max_capacity(10_000).time_to_live(FIELDS_LIFE).build(),
            customers: Cache::builder().max_capacity(10_000).time_to_live(CUSTOMER_LIFE).build(),
            items: Cache::builder().max_capacity(100_000).time_to_live(CUSTOMER_LIFE).build(),
            item_searches: Cache::builder().max_capacity(10_000).time_to_live(SEARCH_LIFE).build(),
            customer_directories: Cache::builder().max_capacity(100).time_to_live(DIRECTORY_LIFE).build(),
            merges: Cache::builder().max_capacity(10_000).time_to_live(MERGES_LIFE).build(),
            visible_deals: Cache::builder().max_capacity(100_000).time_to_live(DEAL_VISIBILITY_LIFE).build(),
            written_back: Cache::builder().max_capacity(10_000).time_to_live(WRITTEN_BACK_LIFE).build(),
            repeats: Cache::builder().max_capacity(10_000).time_to_live(REPEATS_LIFE).build(),
            config,
        })))
    }

    /// Adds the counts of QuickBooks' calls to the database.
    pub(crate) async fn flush_counts(&self) -> Result<(), store::Error> {
        metering::flush(&self.metering, &self.db, self.rate_limiters.replicas()).await
    }
}

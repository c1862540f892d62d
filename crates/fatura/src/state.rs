//! The state that all requests and jobs share.

use crate::{
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
use engine::{Admission, FirstAttemptPermit, Host, Lease};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
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
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

/// The values that were written to the deal fields, by their keys, and the versions of the invoices that they were computed from. If the
/// versions differ, another replica may have written other values since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenBack {
    pub(crate) values: Vec<(String, FieldContent)>,
    pub(crate) versions: Vec<(InvoiceId, String)>,
}

/// Makes the first attempt at an operation that this process has claimed.
pub(crate) type FirstAttempt<Id> = fn(App, Lease<Id>, FirstAttemptPermit) -> BoxFuture<'static, ()>;

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
    /// First attempts at operations, which this process makes outside of the queue.
    pub(crate) first_attempts: TaskTracker,
    /// Makes the first attempt at issuing an invoice. The use cases know no operations, so the service passes the function.
    pub(crate) issue_invoice: FirstAttempt<InvoiceId>,
    /// Event streams of open pages.
    pub(crate) event_streams: EventStreams,
    /// The pictures of the *Connect* button.
    pub(crate) connect: ConnectPictures,
    /// Whether the last heartbeat was stored. It is not if the disk is full or the database is read-only.
    pub(crate) can_write: AtomicBool,
    /// The problem, if the key ring does not open all secrets in the database.
    pub(crate) key_problem: Mutex<Option<String>>,
    /// Cancelled when the service has to end. Event streams end with it.
    pub(crate) stop: CancellationToken,
    pub(crate) pipedrive: Registration,
    pub(crate) quickbooks: Registration,
    /// The lists of each connected company, which change rarely. Cached because reads are metered.
    pub(crate) catalogues: Cache<ConnectionId, Arc<Catalogue>>,
    /// The same lists, kept for longer, for use while QuickBooks refuses reads.
    pub(crate) last_catalogues: Cache<ConnectionId, Arc<Catalogue>>,
    /// The fields of each Pipedrive company.
    pub(crate) fields: Cache<TenantId, Arc<Vec<Field>>>,
    /// The chosen customers of open forms.
    pub(crate) customers: Cache<(ConnectionId, String), Arc<Customer>>,
    /// Items of open forms that the catalogue does not list. `None` for items that QuickBooks does not have.
    pub(crate) items: Cache<(ConnectionId, String), Option<Arc<Item>>>,
    /// QuickBooks' results of item searches, by the folded text.
    pub(crate) item_searches: Cache<(ConnectionId, String), Arc<Vec<Item>>>,
    /// The customers that have a tax number.
    pub(crate) customer_directories: Cache<ConnectionId, Arc<Vec<Customer>>>,
    /// Deals that were checked for other deals merged into them.
    pub(crate) merges: Cache<(TenantId, DealId), ()>,
    /// Deals that Pipedrive showed to a user.
    pub(crate) visible_deals: Cache<(TenantId, UserId, DealId), ()>,
    /// The last values that were written to the fields of a deal.
    pub(crate) written_back: Cache<(TenantId, DealId), WrittenBack>,
    /// Whether QuickBooks recognises repeated requests of a company.
    pub(crate) repeats: Cache<ConnectionId, bool>,
}

impl Host for App {
    fn db(&self) -> &Db {
        &self.db
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn give_up_minutes(&self) -> u32 {
        self.config.give_up_minutes
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Time to live of the lists of a company.
const CATALOGUE_TTL: Duration = Duration::from_secs(300);
/// Time that unused lists are kept, for use while QuickBooks refuses reads. They take 19 kB each.
const LAST_CATALOGUE_IDLE_TIMEOUT: Duration = Duration::from_hours(48);
const MAX_LAST_CATALOGUES: u64 = 3000;
/// Time to live of the fields of a Pipedrive company.
const FIELDS_TTL: Duration = Duration::from_secs(300);
/// Time to live of a chosen customer or item.
const CUSTOMER_TTL: Duration = Duration::from_secs(120);
/// Time to live of search results. A new item is found after this time.
const SEARCH_TTL: Duration = Duration::from_secs(5);
/// Time to live of the list of customers that have a tax number.
const DIRECTORY_TTL: Duration = Duration::from_secs(600);
/// Interval of checking whether other deals were merged into a deal.
const MERGES_TTL: Duration = Duration::from_secs(60);
/// Interval of checking whether a user may see a deal.
pub(crate) const DEAL_VISIBILITY_TTL: Duration = Duration::from_secs(30);
/// Time in which the fields of a deal are assumed to contain the values that were written.
const WRITTEN_BACK_TTL: Duration = Duration::from_secs(60);
/// Interval of testing whether QuickBooks recognises repeated requests.
const REPEATS_TTL: Duration = Duration::from_secs(10);
/// Upper bound for one call to a provider. Shorter than the timeout of a job.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(30);

/// Polling intervals until refused reads are tried again: one hour by default.
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
    pub(crate) fn new(
        config: Config,
        db: Db,
        stop: CancellationToken,
        issue_invoice: FirstAttempt<InvoiceId>,
    ) -> anyhow::Result<Self> {
        let vault = Vault::from_ring(&config.key_ring)?;
        let (pipedrive, quickbooks) = (register_with_pipedrive(&config), register_with_quickbooks(&config)?);
        let connect = config.read_connect_pictures().map_err(anyhow::Error::msg)?;
        let clock = Clock::starting_at(clock::system_time());
        let refusal_pause = SignedDuration::from_secs(i64::from(config.quickbooks_poll_seconds)) * REFUSAL_PAUSE;
        Ok(Self(Arc::new(Inner {
            connect,
            metering: Metering::new(clock.clone(), config.reads_a_month(), refusal_pause),
            clock,
            rate_limiters: RateLimiters::new(
                config.quickbooks_calls_a_minute,
                config.pipedrive_calls_a_day_for_each_user,
            ),
            admission: Admission::default(),
            first_attempts: TaskTracker::new(),
            issue_invoice,
            event_streams: EventStreams::default(),
            can_write: AtomicBool::new(true),
            key_problem: Mutex::new(None),
            db,
            stop,
            vault,
            http: Http::new(PROVIDER_TIMEOUT)?,
            pipedrive,
            quickbooks,
            catalogues: Cache::builder().max_capacity(10_000).time_to_live(CATALOGUE_TTL).build(),
            last_catalogues: Cache::builder()
                .max_capacity(MAX_LAST_CATALOGUES)
                .time_to_idle(LAST_CATALOGUE_IDLE_TIMEOUT)
                .build(),
            fields: Cache::builder().max_capacity(10_000).time_to_live(FIELDS_TTL).build(),
            customers: Cache::builder().max_capacity(10_000).time_to_live(CUSTOMER_TTL).build(),
            items: Cache::builder().max_capacity(100_000).time_to_live(CUSTOMER_TTL).build(),
            item_searches: Cache::builder().max_capacity(10_000).time_to_live(SEARCH_TTL).build(),
            customer_directories: Cache::builder().max_capacity(100).time_to_live(DIRECTORY_TTL).build(),
            merges: Cache::builder().max_capacity(10_000).time_to_live(MERGES_TTL).build(),
            visible_deals: Cache::builder().max_capacity(100_000).time_to_live(DEAL_VISIBILITY_TTL).build(),
            written_back: Cache::builder().max_capacity(10_000).time_to_live(WRITTEN_BACK_TTL).build(),
            repeats: Cache::builder().max_capacity(10_000).time_to_live(REPEATS_TTL).build(),
            config,
        })))
    }

    /// Adds the counts of QuickBooks' calls to the database.
    pub(crate) async fn flush_counts(&self) -> Result<(), store::Error> {
        metering::flush(&self.metering, &self.db, self.rate_limiters.replicas()).await
    }
}

//! Limits that hold before a request is worked on: the memory of bodies in flight, and how often strangers may ask.

use super::pages::too_many;
use axum::{
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{Method, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use futures_util::{StreamExt, stream::unfold};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock};
use moka::future::Cache;
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

/// Upper bound for the bodies of all requests in flight, in KiB: 64 MiB.
const BODY_BUDGET_KIB: usize = 64 * 1024;
/// The part of it that webhooks may take.
const WEBHOOK_BUDGET_KIB: usize = 40 * 1024;
/// And the part of other requests without a session. What is left is for people at their pages.
const STRANGER_BUDGET_KIB: usize = 8 * 1024;
const KIB: usize = 1024;
/// A body that is read before anybody has proven who they are has to arrive within this time.
const STRANGER_BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The memory that bodies of requests may take together; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget {
    all: Arc<Semaphore>,
    webhooks: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl BodyBudget {
    pub(crate) fn new() -> Self {
        let [all, webhooks, strangers] =
            [BODY_BUDGET_KIB, WEBHOOK_BUDGET_KIB, STRANGER_BUDGET_KIB].map(|kib| Arc::new(Semaphore::new(kib)));
        Self { all, webhooks, strangers }
    }

    /// The shares from which a request takes. A bearer is checked before its body is read.
    fn shares_of(&self, request: &Request) -> Vec<Arc<Semaphore>> {
        let all = Arc::clone(&self.all);
        if request.uri().path() == WEBHOOK_PATH {
            vec![Arc::clone(&self.webhooks), all]
        } else if has_bearer(request) {
            vec![all]
        } else {
            vec![Arc::clone(&self.strangers), all]
        }
    }
}

/// Where Intuit delivers.
const WEBHOOK_PATH: &str = "/quickbooks/webhook";

fn has_bearer(request: &Request) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    header.is_some_and(|value| value.as_bytes().starts_with(b"Bearer "))
}

/// The parts of the shares that one request has taken.
#[derive(Debug)]
struct Taken {
    shares: Vec<Arc<Semaphore>>,
    permits: Vec<OwnedSemaphorePermit>,
    bytes: usize,
    is_exhausted: bool,
}

/// Counts the bodies of requests until they are answered. A body that does not fit is broken off, and answered with 503.
pub(crate) async fn budget_bodies(State(budget): State<BodyBudget>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let deadline = (!has_bearer(&request)).then(|| tokio::time::Instant::now() + STRANGER_BODY_DEADLINE);
    let shares = budget.shares_of(&request);
    let taken = Arc::new(Mutex::new(Taken { shares, permits: Vec::new(), bytes: 0, is_exhausted: false }));
    let counted = {
        let taken = Arc::clone(&taken);
        request.map(|body| {
            let parts = unfold(body.into_data_stream(), move |mut parts| async move {
                let part = match deadline {
                    Some(deadline) => match timeout_at(deadline, parts.next()).await {
                        Ok(part) => part?,
                        Err(_) => Err(axum::Error::new("the body did not arrive in time")),
                    },
                    None => parts.next().await?,
                };
                Some((part, parts))
            });
            Body::from_stream(parts.map(move |part| {
                let part = part?;
                take(&taken, part.len()).map(|()| part)
            }))
        })
    };
    let response = next.run(counted).await;
    if taken.lock().unwrap_or_else(PoisonError::into_inner).is_exhausted {
        metrics::counter!("fatura_requests_refused_total", "reason" => "memory").increment(1);
        return too_many(&headers);
    }
    response
}

/// Takes memory for more bytes of a body. Counted over the whole body: many small parts take no more than a large one.
fn take(taken: &Mutex<Taken>, bytes: usize) -> Result<(), axum::Error> {
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    let before = taken.bytes.div_ceil(KIB);
    taken.bytes = taken.bytes.saturating_add(bytes);
    let kib = u32::try_from(taken.bytes.div_ceil(KIB).saturating_sub(before)).unwrap_or(u32::MAX);
    for share in taken.shares.clone() {
        let Ok(permit) = share.try_acquire_many_owned(kib) else {
            taken.is_exhausted = true;
            return Err(axum::Error::new("the bodies in flight take all of their memory"));
        };
        taken.permits.push(permit);
    }
    Ok(())
}

/// No form of ours is larger: 750 lines take about half of it. A draft is stored as large as it comes.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Intuit names no limit for what one webhook tells, of many companies; and what is refused blocks what comes behind it.
pub(super) const MAX_WEBHOOK_BYTES: usize = 32 * 1024 * 1024;

/// Requests of one address to the pages of strangers: a burst, and so many a second.
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
const ADDRESS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
/// And of all addresses together.
const ALL_BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();
const ALL_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Addresses that are remembered; a flood from more of them meets the limit of all.
const MAX_ADDRESSES: u64 = 20_000;
/// An address that has been silent for so long has its burst again.
const ADDRESS_MEMORY: Duration = Duration::from_secs(120);
/// How long a request over the limit waits for its turn, before it is answered with 429. A client that asks again at once is slowed
/// down by it.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How often strangers may ask; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Strangers {
    by_address: Cache<IpAddr, Arc<DefaultDirectRateLimiter>>,
    all: Arc<DefaultDirectRateLimiter>,
}

impl Strangers {
    pub(crate) fn new() -> Self {
        Self {
            by_address: Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(ADDRESS_MEMORY).build(),
            all: Arc::new(RateLimiter::direct(Quota::per_second(ALL_PER_SECOND).allow_burst(ALL_BURST))),
        }
    }

    async fn of(&self, address: IpAddr) -> Arc<DefaultDirectRateLimiter> {
        let quota = Quota::per_second(ADDRESS_PER_SECOND).allow_burst(ADDRESS_BURST);
        self.by_address.get_with(address, async { Arc::new(RateLimiter::direct(quota)) }).await
    }
}

/// Pages that anybody may ask for, and that take a step of a flow with a provider. Not Pipedrive's DELETE, which comes with a password.
fn is_for_strangers(method: &Method, path: &str) -> bool {
    const OPEN: [&str; 3] = ["/outcome/", "/pdf/", "/posted/"];
    const PAGES: [&str; 6] = [
        "/install",
        "/pipedrive/callback",
        "/quickbooks/connect",
        "/quickbooks/callback",
        "/quickbooks/again",
        "/quickbooks/confirm",
    ];
    method != Method::DELETE && (PAGES.contains(&path) || OPEN.iter().any(|start| path.starts_with(start)))
}

/// Slows strangers down who ask too often, and answers 429 where that does not help.
pub(crate) async fn slow_down(State(strangers): State<Strangers>, request: Request, next: Next) -> Response {
    if !is_for_strangers(request.method(), request.uri().path()) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let address = client_address(peer, forwarded.and_then(|value| value.to_str().ok()));
    let own = match address {
        Some(address) => Some(strangers.of(address).await),
        None => None,
    };
    let is_admitted = match &own {
        Some(own) => wait_for(own).await && wait_for(&strangers.all).await,
        None => wait_for(&strangers.all).await,
    };
    if is_admitted {
        return next.run(request).await;
    }
    metrics::counter!("fatura_requests_refused_total", "reason" => "rate").increment(1);
    too_many(request.headers())
}

/// Waits for a permit. Many wait at a time, so each looks again at a moment of its own.
async fn wait_for(limiter: &DefaultDirectRateLimiter) -> bool {
    let begun = Instant::now();
    loop {
        let Err(not_yet) = limiter.check() else { return true };
        let left = MAX_WAIT.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return false;
        }
        let wait = not_yet.wait_time_from(governor::clock::DefaultClock::default().now());
        let wait = wait.max(Duration::from_millis(fastrand::u64(50..1000)));
        tokio::time::sleep(wait.min(left)).await;
    }
}

/// Whose requests are counted together: the address that connects, or, where that is a proxy on this machine or in a private network, the
/// last one that the proxy has seen. `None` where a proxy does not say.
fn client_address(peer: Option<IpAddr>, forwarded: Option<&str>) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let address = if is_private(peer) {
        forwarded?.rsplit(',').next()?.trim().parse::<IpAddr>().ok()?.to_canonical()
    } else {
        peer
    };
    Some(match address {
        // One subscriber has all addresses of such a network.
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    })
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(budget: &BodyBudget, path: &str, bearer: Option<&str>) -> Mutex<Taken> {
        let request = Request::builder().uri(path);
        let request = bearer.into_iter().fold(request, |request, bearer| request.header(AUTHORIZATION, bearer));
        let shares = budget.shares_of(&request.body(Body::empty()).expect("a request"));
        Mutex::new(Taken { shares, permits: Vec::new(), bytes: 0, is_exhausted: false })
    }

    #[test]
    fn a_body_in_many_parts_takes_no_more_than_its_bytes() {
        let budget = BodyBudget::new();
        let posted = taken(&budget, "/posted/deals/1/invoices", None);
        for _ in 0..65_535 {
            take(&posted, 1).expect("64 KiB in all");
        }
        assert_eq!(budget.all.available_permits(), BODY_BUDGET_KIB - 64);
        drop(posted);
        assert_eq!(budget.all.available_permits(), BODY_BUDGET_KIB, "it is given back");
    }

    #[test]
    fn strangers_leave_memory_for_webhooks_and_for_people() {
        let budget = BodyBudget::new();
        let fill = |path: &str, bearer: Option<&str>| {
            let bodies: Vec<_> = std::iter::repeat_with(|| taken(&budget, path, bearer))
                .take_while(|body| take(body, MAX_BODY_BYTES).is_ok())
                .collect();
            (bodies.len(), bodies)
        };
        let (posted, _held) = fill("/posted/deals/1/invoices", None);
        let (webhooks, _delivered) = fill(WEBHOOK_PATH, None);
        let (previews, _typed) = fill("/deals/1/form/preview", Some("Bearer x"));
        assert_eq!((posted, webhooks, previews), (8, 40, 16));
    }

    fn address(peer: &str, forwarded: Option<&str>) -> Option<String> {
        client_address(Some(peer.parse().expect("an address")), forwarded).map(|address| address.to_string())
    }

    #[test]
    fn only_a_proxy_says_for_whom_it_asks() {
        assert_eq!(
            address("203.0.113.7", Some("198.51.100.1")).as_deref(),
            Some("203.0.113.7"),
            "a stranger's own claim"
        );
        assert_eq!(
            address("127.0.0.1", Some("203.0.113.9, 198.51.100.1")).as_deref(),
            Some("198.51.100.1"),
            "the last one"
        );
        assert_eq!(address("10.0.0.3", Some(" 198.51.100.1 ")).as_deref(), Some("198.51.100.1"));
        assert_eq!(address("::ffff:127.0.0.1", Some("198.51.100.1")).as_deref(), Some("198.51.100.1"));
        assert_eq!(address("127.0.0.1", None), None);
        assert_eq!(address("127.0.0.1", Some("unknown")), None);
        assert_eq!(address("2001:db8:1:2:3:4:5:6", None).as_deref(), Some("2001:db8:1:2::"));
    }

    #[tokio::test]
    async fn an_address_has_a_burst_and_others_are_not_slowed_down_by_it() {
        let strangers = Strangers::new();
        let [one, other] = ["198.51.100.1", "198.51.100.2"].map(|text| text.parse().expect("an address"));
        let limiter = strangers.of(one).await;
        for _ in 0..ADDRESS_BURST.get() {
            limiter.check().expect("within the burst");
        }
        limiter.check().expect_err("over it");
        strangers.of(other).await.check().expect("another address");
        assert!(strangers.of(one).await.check().is_err(), "it is remembered");
    }
}

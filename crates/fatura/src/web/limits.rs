//! Limits that apply before a handler runs: the memory for request bodies, and the rate of requests without a session.

use super::pages::respond_too_many_requests;
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

/// Memory for the bodies of all requests in flight, in KiB: 64 MiB.
const BODY_BUDGET_KIB: usize = 64 * 1024;
/// Share of webhooks.
const WEBHOOK_BUDGET_KIB: usize = 40 * 1024;
/// Share of other requests without a session. The remainder is reserved for users with a session.
const ANONYMOUS_BUDGET_KIB: usize = 8 * 1024;
const KIB: usize = 1024;
/// Upper bound for the arrival of a body without a session.
const ANONYMOUS_BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The memory for request bodies; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget {
    all: Arc<Semaphore>,
    webhooks: Arc<Semaphore>,
    anonymous: Arc<Semaphore>,
}

impl BodyBudget {
    pub(crate) fn new() -> Self {
        let [all, webhooks, anonymous] =
            [BODY_BUDGET_KIB, WEBHOOK_BUDGET_KIB, ANONYMOUS_BUDGET_KIB].map(|kib| Arc::new(Semaphore::new(kib)));
        Self { all, webhooks, anonymous }
    }

    /// Returns the shares that a request uses. Any bearer counts as a session here, because it is checked before the body is read.
    fn shares_of(&self, request: &Request) -> Vec<Arc<Semaphore>> {
        let all = Arc::clone(&self.all);
        if request.uri().path() == WEBHOOK_PATH {
            vec![Arc::clone(&self.webhooks), all]
        } else if has_bearer(request) {
            vec![all]
        } else {
            vec![Arc::clone(&self.anonymous), all]
        }
    }
}

/// Path of Intuit's webhooks.
const WEBHOOK_PATH: &str = "/quickbooks/webhook";

fn has_bearer(request: &Request) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    header.is_some_and(|value| value.as_bytes().starts_with(b"Bearer "))
}

/// The memory that one request has reserved in its shares.
#[derive(Debug)]
struct Reservation {
    shares: Vec<Arc<Semaphore>>,
    permits: Vec<OwnedSemaphorePermit>,
    bytes: usize,
    is_exhausted: bool,
}

/// Reserves memory for the body of a request until it is answered. If the memory is used up, the body is cut off and the response is 429.
pub(crate) async fn budget_bodies(State(budget): State<BodyBudget>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let deadline = (!has_bearer(&request)).then(|| tokio::time::Instant::now() + ANONYMOUS_BODY_DEADLINE);
    let shares = budget.shares_of(&request);
    let reservation = Arc::new(Mutex::new(Reservation { shares, permits: Vec::new(), bytes: 0, is_exhausted: false }));
    let request = {
        let reservation = Arc::clone(&reservation);
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
                reserve(&reservation, part.len()).map(|()| part)
            }))
        })
    };
    let response = next.run(request).await;
    if reservation.lock().unwrap_or_else(PoisonError::into_inner).is_exhausted {
        metrics::counter!("fatura_requests_refused_total", "reason" => "memory").increment(1);
        return respond_too_many_requests(&headers);
    }
    response
}

/// Reserves memory for more bytes of a body. Rounds up to KiB over the whole body, so that many small parts use no more than a large one.
fn reserve(reservation: &Mutex<Reservation>, bytes: usize) -> Result<(), axum::Error> {
    let mut reservation = reservation.lock().unwrap_or_else(PoisonError::into_inner);
    let before = reservation.bytes.div_ceil(KIB);
    reservation.bytes = reservation.bytes.saturating_add(bytes);
    let kib = u32::try_from(reservation.bytes.div_ceil(KIB).saturating_sub(before)).unwrap_or(u32::MAX);
    for share in reservation.shares.clone() {
        let Ok(permit) = share.try_acquire_many_owned(kib) else {
            reservation.is_exhausted = true;
            return Err(axum::Error::new("the memory for request bodies is used up"));
        };
        reservation.permits.push(permit);
    }
    Ok(())
}

/// Default maximum of a request body. A form of 750 lines, the largest, takes about half of it; its draft is stored in full.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Maximum body of a webhook, which may report changes of many companies. Intuit documents no limit, and a rejected webhook blocks the ones
/// after it.
pub(super) const MAX_WEBHOOK_BYTES: usize = 32 * 1024 * 1024;

/// Burst and requests per second of one address.
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
const ADDRESS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
/// Burst and requests per second of all addresses together.
const ALL_BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();
const ALL_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Upper bound for the addresses that are tracked. A flood from more addresses is bounded by the limit for all together.
const MAX_ADDRESSES: u64 = 20_000;
/// Idle time after which an address is forgotten. By then it has its full burst again.
const ADDRESS_IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Upper bound for the wait of a request over the limit, before the response is 429. The wait slows down clients that retry immediately.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Rate limits for requests without a session; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AnonymousRateLimits {
    by_address: Cache<IpAddr, Arc<DefaultDirectRateLimiter>>,
    all: Arc<DefaultDirectRateLimiter>,
}

impl AnonymousRateLimits {
    pub(crate) fn new() -> Self {
        Self {
            by_address: Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(ADDRESS_IDLE_TIMEOUT).build(),
            all: Arc::new(RateLimiter::direct(Quota::per_second(ALL_PER_SECOND).allow_burst(ALL_BURST))),
        }
    }

    async fn limiter_for(&self, address: IpAddr) -> Arc<DefaultDirectRateLimiter> {
        let quota = Quota::per_second(ADDRESS_PER_SECOND).allow_burst(ADDRESS_BURST);
        self.by_address.get_with(address, async { Arc::new(RateLimiter::direct(quota)) }).await
    }
}

/// Whether a request is rate limited: anybody may send it, and it takes part in a flow with a provider. Pipedrive's DELETE is exempt, because
/// it carries the client secret.
fn is_rate_limited(method: &Method, path: &str) -> bool {
    const PREFIXES: [&str; 3] = ["/outcome/", "/pdf/", "/posted/"];
    const PAGES: [&str; 6] = [
        "/install",
        "/pipedrive/callback",
        "/quickbooks/connect",
        "/quickbooks/callback",
        "/quickbooks/again",
        "/quickbooks/confirm",
    ];
    method != Method::DELETE && (PAGES.contains(&path) || PREFIXES.iter().any(|prefix| path.starts_with(prefix)))
}

/// Delays requests without a session that exceed the rate, and responds with 429 if the delay is not enough.
pub(crate) async fn limit_anonymous_requests(
    State(limits): State<AnonymousRateLimits>,
    request: Request,
    next: Next,
) -> Response {
    if !is_rate_limited(request.method(), request.uri().path()) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let address = client_address(peer, forwarded.and_then(|value| value.to_str().ok()));
    let own = match address {
        Some(address) => Some(limits.limiter_for(address).await),
        None => None,
    };
    let is_admitted = match &own {
        Some(own) => wait_for_permit(own).await && wait_for_permit(&limits.all).await,
        None => wait_for_permit(&limits.all).await,
    };
    if is_admitted {
        return next.run(request).await;
    }
    metrics::counter!("fatura_requests_refused_total", "reason" => "rate").increment(1);
    respond_too_many_requests(request.headers())
}

/// Waits for a permit, at most [`MAX_WAIT`]. Returns `false` if there was none in time. The pauses are random, so that waiting requests do
/// not retry together.
async fn wait_for_permit(limiter: &DefaultDirectRateLimiter) -> bool {
    let start = Instant::now();
    loop {
        let Err(not_yet) = limiter.check() else { return true };
        let remaining = MAX_WAIT.saturating_sub(start.elapsed());
        if remaining.is_zero() {
            return false;
        }
        let wait = not_yet.wait_time_from(governor::clock::DefaultClock::default().now());
        let wait = wait.max(Duration::from_millis(fastrand::u64(50..1000)));
        tokio::time::sleep(wait.min(remaining)).await;
    }
}

/// Returns the address whose requests are counted together: the peer's, or, if the peer is a proxy on this machine or in a private network,
/// the last one in the proxy's header. `None` if the proxy sends no valid address.
fn client_address(peer: Option<IpAddr>, forwarded: Option<&str>) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let address = if is_private(peer) {
        forwarded?.rsplit(',').next()?.trim().parse::<IpAddr>().ok()?.to_canonical()
    } else {
        peer
    };
    Some(match address {
        // One subscriber usually has a whole /64 network.
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

    fn open_reservation(budget: &BodyBudget, path: &str, bearer: Option<&str>) -> Mutex<Reservation> {
        let request = Request::builder().uri(path);
        let request = bearer.into_iter().fold(request, |request, bearer| request.header(AUTHORIZATION, bearer));
        let shares = budget.shares_of(&request.body(Body::empty()).expect("a request"));
        Mutex::new(Reservation { shares, permits: Vec::new(), bytes: 0, is_exhausted: false })
    }

    #[test]
    fn a_body_in_many_parts_takes_no_more_than_its_bytes() {
        let budget = BodyBudget::new();
        let posted = open_reservation(&budget, "/posted/deals/1/invoices", None);
        for _ in 0..65_535 {
            reserve(&posted, 1).expect("64 KiB in all");
        }
        assert_eq!(budget.all.available_permits(), BODY_BUDGET_KIB - 64);
        drop(posted);
        assert_eq!(budget.all.available_permits(), BODY_BUDGET_KIB, "the memory is released");
    }

    #[test]
    fn anonymous_requests_leave_memory_for_webhooks_and_sessions() {
        let budget = BodyBudget::new();
        let fill = |path: &str, bearer: Option<&str>| {
            let bodies: Vec<_> = std::iter::repeat_with(|| open_reservation(&budget, path, bearer))
                .take_while(|body| reserve(body, MAX_BODY_BYTES).is_ok())
                .collect();
            (bodies.len(), bodies)
        };
        let (posted, _posted_bodies) = fill("/posted/deals/1/invoices", None);
        let (webhooks, _webhook_bodies) = fill(WEBHOOK_PATH, None);
        let (previews, _preview_bodies) = fill("/deals/1/form/preview", Some("Bearer x"));
        assert_eq!((posted, webhooks, previews), (8, 40, 16));
    }

    fn address(peer: &str, forwarded: Option<&str>) -> Option<String> {
        client_address(Some(peer.parse().expect("an address")), forwarded).map(|address| address.to_string())
    }

    #[test]
    fn only_a_private_proxy_may_name_the_client() {
        assert_eq!(
            address("203.0.113.7", Some("198.51.100.1")).as_deref(),
            Some("203.0.113.7"),
            "the header of a public peer is ignored"
        );
        assert_eq!(
            address("127.0.0.1", Some("203.0.113.9, 198.51.100.1")).as_deref(),
            Some("198.51.100.1"),
            "the last address of the header"
        );
        assert_eq!(address("10.0.0.3", Some(" 198.51.100.1 ")).as_deref(), Some("198.51.100.1"));
        assert_eq!(address("::ffff:127.0.0.1", Some("198.51.100.1")).as_deref(), Some("198.51.100.1"));
        assert_eq!(address("127.0.0.1", None), None);
        assert_eq!(address("127.0.0.1", Some("unknown")), None);
        assert_eq!(address("2001:db8:1:2:3:4:5:6", None).as_deref(), Some("2001:db8:1:2::"));
    }

    #[tokio::test]
    async fn an_address_has_a_burst_and_others_are_not_slowed_down_by_it() {
        let limits = AnonymousRateLimits::new();
        let [one, other] = ["198.51.100.1", "198.51.100.2"].map(|text| text.parse().expect("an address"));
        let limiter = limits.limiter_for(one).await;
        for _ in 0..ADDRESS_BURST.get() {
            limiter.check().expect("within the burst");
        }
        limiter.check().expect_err("over the burst");
        limits.limiter_for(other).await.check().expect("another address");
        assert!(limits.limiter_for(one).await.check().is_err(), "the address is tracked");
    }
}

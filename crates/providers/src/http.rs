//! The HTTP client for all calls to providers. It enforces timeouts and sizes, follows no redirects, and classifies
//! failures by status before it parses a body.

use crate::{
    ProviderError,
    classify::{Body, DEFAULT_RETRY_AFTER, ReportedRefusal, classify_failure},
    metering::{Cost, Meter, is_monthly_limit, refuses_reads},
    rate_limiter::{Permit, Priority, RateLimiter},
};
use bytes::Bytes;
use futures_util::{
    future::ready,
    stream::{Stream, StreamExt, once, unfold},
};
use reqwest::{Request, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde::de::DeserializeOwned;
use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

/// Maximum size of an answer. No requested answer is larger.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Longest `Retry-After` of a 429 that the client waits out itself. The call had no effect, and Pipedrive's window is
/// two seconds. Longer waits are left to the caller.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3);
/// Number of waits before a 429 is returned to the caller.
const MAX_WAITS: usize = 3;

/// The HTTP client. Created once, cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    pub(crate) client: reqwest::Client,
    /// Limits the calls.
    rate_limiter: Option<(RateLimiter, Priority)>,
    /// Counts the calls, if they are metered.
    meter: Option<Arc<dyn Meter>>,
    /// Number of queries in the request's body, if it is a batch.
    queries: Option<u32>,
}

tokio::task_local! {
    /// Number of calls of the current future.
    static CALLS: Cell<u32>;
}

/// Runs a future. Returns its output and the number of calls to providers that it made; calls cost quota and money.
pub async fn count_calls<T>(work: impl Future<Output = T>) -> (T, u32) {
    let (output, calls) = CALLS.scope(Cell::new(0), async { (work.await, CALLS.with(Cell::get)) }).await;
    // The calls count for an enclosing `count_calls` as well.
    let _ = CALLS.try_with(|outer| outer.set(outer.get() + calls));
    (output, calls)
}

/// The format of a provider's answers.
#[derive(Clone, Copy)]
pub(crate) struct AnswerFormat {
    /// Name of the provider, for logs and metrics.
    pub(crate) provider: &'static str,
    /// Reads a refusal from a body, if the body is in the provider's own format.
    pub(crate) read_refusal: fn(&Body) -> Option<ReportedRefusal>,
}

impl Http {
    /// Creates a client that waits `timeout` for an answer.
    pub fn new(timeout: Duration) -> Result<Self, ProviderError> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(Duration::from_secs(5))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("Fatura/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ProviderError::unknown)?;
        Ok(Self { client, rate_limiter: None, meter: None, queries: None })
    }

    /// The client with the rate limiter of one company.
    #[must_use]
    pub fn with_rate_limiter(&self, rate_limiter: &RateLimiter, priority: Priority) -> Self {
        Self { rate_limiter: Some((rate_limiter.clone(), priority)), ..self.clone() }
    }

    /// The client with a meter.
    #[must_use]
    pub fn with_meter(&self, meter: Arc<dyn Meter>) -> Self {
        Self { meter: Some(meter), ..self.clone() }
    }

    /// The client for a batch with this number of queries.
    pub(crate) fn with_queries(&self, queries: usize) -> Self {
        Self { queries: u32::try_from(queries).ok(), ..self.clone() }
    }

    /// Takes a permit for a batch; see [`RateLimiter::try_acquire_batch`].
    pub(crate) fn try_acquire_batch(&self) -> bool {
        self.rate_limiter.as_ref().is_none_or(|(rate_limiter, _)| rate_limiter.try_acquire_batch())
    }

    /// Sends a request and parses its JSON answer. A refusal in the body counts even with status 200.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        format: AnswerFormat,
    ) -> Result<T, ProviderError> {
        let answer = self.send_with_retry(request, format).await?;
        let (status, call_id) = (answer.response.status(), read_call_id(&answer.response));
        let body = Body::parse(answer.collect().await?);
        if let Some(reported) = (format.read_refusal)(&body) {
            let error = reported.into_error(status, call_id.clone());
            log_failure(format, status, &call_id, &error);
            return Err(error);
        }
        match body {
            Body::Json(value) => crate::json::deserialize(value),
            Body::Other(_, error) => Err(crate::json::not_json(&error)),
        }
    }

    /// Sends a request and returns the body.
    pub(crate) async fn send(&self, request: RequestBuilder, format: AnswerFormat) -> Result<Vec<u8>, ProviderError> {
        self.send_with_retry(request, format).await?.collect().await
    }

    /// Sends a request and streams the body, which has to begin with `begins_with`. This rejects a sign-in page with
    /// status 200. The stream ends after an error.
    pub(crate) async fn download(
        &self,
        request: RequestBuilder,
        begins_with: &[u8],
        format: AnswerFormat,
    ) -> Result<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>, ProviderError> {
        let mut answer = self.send_with_retry(request, format).await?;
        let first = answer.next().await.transpose()?.unwrap_or_default();
        if !first.starts_with(begins_with) {
            return Err(ProviderError::unknown("the answer has another content type than requested"));
        }
        let rest = unfold(answer, async |mut answer| answer.next().await.map(|part| (part, answer)));
        let whole = once(ready(Ok(first))).chain(rest);
        // Fused, because a compressing reader polls once more after the end.
        Ok(whole.fuse())
    }

    /// Sends a request and returns its unread response if it is a success. Waits out a short throttle, up to
    /// [`MAX_WAITS`] times.
    async fn send_with_retry(&self, request: RequestBuilder, format: AnswerFormat) -> Result<Answer, ProviderError> {
        for _ in 0..MAX_WAITS {
            let Some(repeatable) = request.try_clone() else { break };
            let answer = self.send_once(repeatable, format).await?;
            match read_retry_after(&answer.response).filter(|wait| *wait <= MAX_RETRY_AFTER) {
                // Jitter spreads the repetitions of calls that were throttled together.
                Some(wait) => {
                    drop(answer);
                    tokio::time::sleep(wait + wait * fastrand::u32(0..=100) / 100).await;
                }
                None => return self.require_success(answer, format).await,
            }
        }
        self.require_success(self.send_once(request, format).await?, format).await
    }

    async fn send_once(&self, request: RequestBuilder, format: AnswerFormat) -> Result<Answer, ProviderError> {
        let (client, request) = request.build_split();
        let request = request.map_err(ProviderError::unknown)?;
        let cost = Cost::of_request(request.method(), self.queries);
        self.check_reads(cost)?;
        let mut permit = match &self.rate_limiter {
            Some((rate_limiter, priority)) => rate_limiter.acquire(*priority).await?,
            None => Permit::default(),
        };
        // Fails outside of `count_calls`.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        if let Some(meter) = &self.meter {
            meter.count_call(cost);
        }
        let begun = Instant::now();
        let answer = execute(&client, request, format.provider).await;
        permit.mark_answered();
        if let (Some(meter), Err(ProviderError::Busy(_))) = (&self.meter, &answer) {
            meter.uncount_call(cost);
        }
        let outcome = answer.as_ref().map_or("none".to_owned(), |response| response.status().as_str().to_owned());
        metrics::histogram!("fatura_provider_call_seconds", "provider" => format.provider, "status" => outcome)
            .record(begun.elapsed());
        answer.map(|response| Answer {
            response,
            cost,
            remaining_bytes: MAX_BODY_BYTES,
            is_broken: false,
            _permit: permit,
        })
    }

    /// Checks that a call of this cost may be sent. Refuses a read while the provider refuses reads, and a background
    /// read beyond Fatura's own budget.
    fn check_reads(&self, cost: Cost) -> Result<(), ProviderError> {
        let Some((rate_limiter, priority)) = self.rate_limiter.as_ref().filter(|_| cost.reads > 0) else {
            return Ok(());
        };
        rate_limiter.check_reads()?;
        match &self.meter {
            Some(meter) if *priority == Priority::Background && !meter.admit_reads(cost.reads) => {
                Err(ProviderError::HeldBack)
            }
            _ => Ok(()),
        }
    }

    async fn require_success(&self, mut answer: Answer, format: AnswerFormat) -> Result<Answer, ProviderError> {
        let (status, cost) = (answer.response.status(), answer.cost);
        if status.is_success() {
            if let Some(meter) = self.meter.as_ref().filter(|_| cost.reads > 0) {
                meter.record_answer(false);
            }
            return Ok(answer);
        }
        let (call_id, retry_after) = (read_call_id(&answer.response), read_retry_after(&answer.response));
        let mut body = Vec::new();
        while let Some(Ok(part)) = answer.next().await {
            body.extend_from_slice(&part);
        }
        if let Some(meter) = self.meter.as_ref().filter(|_| refuses_reads(cost, status, retry_after, &body)) {
            meter.record_answer(true);
            if let Some((rate_limiter, _)) = &self.rate_limiter {
                rate_limiter.pause_reads();
            }
            return Err(ProviderError::ReadsRefused);
        }
        let error = classify_failure(status, call_id.clone(), retry_after, body, format, cost.reads > 0);
        log_failure(format, status, &call_id, &error);
        if let (Some((rate_limiter, _)), ProviderError::Busy(pause)) = (&self.rate_limiter, &error)
            && !is_monthly_limit(cost, retry_after)
        {
            rate_limiter.pause_calls(*pause);
        }
        Err(error)
    }
}

/// Counts and logs an invalid certificate of a provider, which may be a sign of interception.
pub(crate) fn record_invalid_certificate(provider: &'static str, error: &reqwest::Error) {
    if has_invalid_certificate(error) {
        metrics::counter!("fatura_security_events_total", "event" => "certificate_refused").increment(1);
        tracing::warn!(security.event = "certificate_refused", provider, "a provider's certificate is invalid");
    }
}

fn has_invalid_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_invalid_certificate = |error: &(dyn std::error::Error + 'static)| {
        matches!(error.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
    };
    // `source` of an I/O error skips the wrapped error, so it is inspected separately.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    is_invalid_certificate(error)
        || wrapped.is_some_and(|inner| has_invalid_certificate(inner))
        || error.source().is_some_and(has_invalid_certificate)
}

/// Executes a request. The error is [`ProviderError::Busy`] if no connection was made, so that the call had no effect.
async fn execute(
    client: &reqwest::Client,
    request: Request,
    provider: &'static str,
) -> Result<Response, ProviderError> {
    client.execute(request).await.map_err(|error| {
        record_invalid_certificate(provider, &error);
        if error.is_connect() {
            ProviderError::Busy(Duration::from_secs(2))
        } else {
            ProviderError::unknown(error.without_url())
        }
    })
}

/// Reads Intuit's id of a call.
fn read_call_id(response: &Response) -> String {
    let id = response.headers().get("intuit_tid").and_then(|value| value.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// Logs one line for each failed answer, with the call id for the provider's support. The provider's text is omitted,
/// because it may quote the request.
fn log_failure(format: AnswerFormat, status: StatusCode, call_id: &str, error: &ProviderError) {
    let code = match error {
        ProviderError::Refused(refusal) => refusal.code.as_str(),
        ProviderError::NotPermitted(refusal) | ProviderError::WrongEnvironment(refusal) => refusal.code.as_str(),
        _ => "",
    };
    let (provider, status) = (format.provider, status.as_u16());
    tracing::info!(provider, status, code, intuit_tid = call_id, "a provider did not carry out a call");
}

/// The wait that a 429 asks for; the default if it names none. Returns `None` for other answers.
fn read_retry_after(response: &Response) -> Option<Duration> {
    let seconds = |name| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
    (response.status() == StatusCode::TOO_MANY_REQUESTS).then(|| {
        let retry_after = ["retry-after", "x-ratelimit-reset"].into_iter().find_map(seconds);
        retry_after.map_or(DEFAULT_RETRY_AFTER, |seconds| Duration::from_secs(seconds.clamp(1, 3600)))
    })
}

/// A response whose body is not read yet.
struct Answer {
    response: Response,
    cost: Cost,
    /// Bytes that may still be read.
    remaining_bytes: usize,
    is_broken: bool,
    /// Held until the body is read, so that the call counts as concurrent.
    _permit: Permit,
}

impl Answer {
    async fn collect(mut self) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(part) = self.next().await {
            body.extend_from_slice(&part?);
        }
        Ok(body)
    }

    async fn next(&mut self) -> Option<Result<Bytes, ProviderError>> {
        if self.is_broken {
            return None;
        }
        let part =
            self.response.chunk().await.map_err(|error| ProviderError::unknown(error.without_url())).transpose()?;
        let part = part.and_then(|part| {
            self.remaining_bytes = self
                .remaining_bytes
                .checked_sub(part.len())
                .ok_or(ProviderError::unknown("the answer is too large"))?;
            Ok(part)
        });
        self.is_broken = part.is_err();
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallLimits;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    /// Shorter than the time that the permit is kept.
    const SHORT_TIMEOUT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn keeps_the_permit_of_a_cancelled_call_for_a_while() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let rate_limiter = RateLimiter::new(CallLimits {
            calls_per_minute: 600,
            burst_calls: 10,
            concurrent_calls: 1,
            batches_per_minute: 0,
        });
        let http = Http::new(Duration::from_secs(30))
            .expect("a client")
            .with_rate_limiter(&rate_limiter, Priority::Interactive);
        let format = AnswerFormat { provider: "silent", read_refusal: |_| None };
        timeout(SHORT_TIMEOUT, http.send(http.client.get(address), format)).await.expect_err("no answer yet");
        timeout(SHORT_TIMEOUT, rate_limiter.acquire(Priority::Interactive))
            .await
            .expect_err("the provider may still work on the call");
        timeout(Duration::from_secs(5), rate_limiter.acquire(Priority::Interactive))
            .await
            .expect("in time")
            .expect("open");
    }

    /// Starts a server that answers each call with the same bytes. Returns its address and a counter of calls.
    async fn serve(bytes: &'static [u8]) -> (String, Arc<AtomicU32>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
        });
        (address, calls)
    }

    #[tokio::test]
    async fn a_throttle_pauses_calls_of_its_company_only() {
        let (address, calls) =
            serve(b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n").await;
        let allowed = CallLimits { calls_per_minute: 600, burst_calls: 10, concurrent_calls: 5, batches_per_minute: 0 };
        let (rate_limiter, other_rate_limiter) = (RateLimiter::new(allowed), RateLimiter::new(allowed));
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let format = AnswerFormat { provider: "busy", read_refusal: |_| None };
        let call = async |rate_limiter: &RateLimiter, priority| {
            http.with_rate_limiter(rate_limiter, priority)
                .send(http.client.post(&address), format)
                .await
                .expect_err("it is busy")
        };
        let first = call(&rate_limiter, Priority::Interactive).await;
        assert!(matches!(first, ProviderError::Busy(pause) if pause.as_secs() == 30), "{first:?}");
        for priority in [Priority::Interactive, Priority::Background, Priority::Interactive] {
            let error = call(&rate_limiter, priority).await;
            assert!(matches!(error, ProviderError::Busy(pause) if (28..=30).contains(&pause.as_secs())), "{error:?}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1, "no later call is sent");
        call(&other_rate_limiter, Priority::Interactive).await;
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_redirect_of_a_provider_is_not_followed() {
        let (elsewhere, calls_elsewhere) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}/metadata\r\ncontent-length: 0\r\n\r\n");
        let (address, calls) = serve(redirect.leak().as_bytes()).await;
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let format = AnswerFormat { provider: "redirecting", read_refusal: |_| None };
        http.send(http.client.get(&address).bearer_auth("secret"), format).await.expect_err("no success");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert_eq!(calls_elsewhere.load(Ordering::Relaxed), 0, "the target is not called and gets no token");
    }

    #[tokio::test]
    async fn waits_out_a_short_retry_after() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let busy =
                b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let fine = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            for answer in [busy.as_slice(), fine] {
                let (mut stream, _) = listener.accept().await.expect("a call");
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let format = AnswerFormat { provider: "busy", read_refusal: |_| None };
        let begun = Instant::now();
        let body = http.send(http.client.get(&address), format).await.expect("an answer after the pause");
        assert_eq!(body, b"{}");
        assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

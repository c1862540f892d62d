//! The one way out: timeouts, sizes, no redirects, and the outcome classified by status before anything is parsed.

use crate::{
    ProviderError,
    classify::{BUSY_DEFAULT, Body, Told, classify},
    gate::{Entered, Gate, Lane},
    metering::{Cost, Meter, is_far, refuses_reads},
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

/// No provider's answer that we ask for is larger.
const BODY_MOST: usize = 16 * 1024 * 1024;
/// A 429 that asks for no more than this is waited out here, so often: nothing was carried out, and Pipedrive's window is
/// two seconds. Longer ones are the caller's to decide.
const WAIT_MOST: Duration = Duration::from_secs(3);
const WAITS: usize = 3;

/// The HTTP client. Made once, cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    pub(crate) client: reqwest::Client,
    /// What its calls have to pass.
    gate: Option<(Gate, Lane)>,
    /// What counts them, where they are metered.
    meter: Option<Arc<dyn Meter>>,
    /// The queries in the next request's body, where it is a batch of them.
    queries: Option<u32>,
}

tokio::task_local! {
    /// The calls that a piece of work has made.
    static CALLS: Cell<u32>;
}

/// Does a piece of work; what came out, and how many calls to providers it took. Calls are quota and money.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, u32) {
    let (done, calls) = CALLS.scope(Cell::new(0), async { (work.await, CALLS.with(Cell::get)) }).await;
    // They are those of the work around it as well.
    let _ = CALLS.try_with(|outer| outer.set(outer.get() + calls));
    (done, calls)
}

/// How a provider's answers are read, by its own module.
#[derive(Clone, Copy)]
pub(crate) struct Explain {
    /// Its name.
    pub(crate) provider: &'static str,
    /// Reads a refusal out of a body, where it is in the provider's own words.
    pub(crate) refusal: fn(&Body) -> Option<Told>,
}

impl Http {
    /// A client that waits `timeout` for an answer.
    pub fn new(timeout: Duration) -> Result<Self, ProviderError> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(Duration::from_secs(5))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("Fatura/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ProviderError::unknown)?;
        Ok(Self { client, gate: None, meter: None, queries: None })
    }

    /// The same client for one company, which may be called so much only.
    #[must_use]
    pub fn through(&self, gate: &Gate, lane: Lane) -> Self {
        Self { gate: Some((gate.clone(), lane)), ..self.clone() }
    }

    /// The same client, whose calls are counted.
    #[must_use]
    pub fn metered(&self, meter: Arc<dyn Meter>) -> Self {
        Self { meter: Some(meter), ..self.clone() }
    }

    /// The same client, for a batch of so many queries.
    pub(crate) fn with_queries(&self, queries: usize) -> Self {
        Self { queries: u32::try_from(queries).ok(), ..self.clone() }
    }

    /// Whether a batch may be sent now; see [`Gate::takes_batch`].
    pub(crate) fn takes_batch(&self) -> bool {
        self.gate.as_ref().is_none_or(|(gate, _)| gate.takes_batch())
    }

    /// Sends a request and reads its JSON answer. A refusal is one with status 200 as well.
    pub(crate) async fn json<Answer: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        explain: Explain,
    ) -> Result<Answer, ProviderError> {
        let parts = self.open(request, explain).await?;
        let (status, call_id) = (parts.response.status(), call_id(&parts.response));
        let body = Body::parse(parts.collect().await?);
        if let Some(told) = (explain.refusal)(&body) {
            let error = told.into_error(status, call_id.clone());
            log_failure(explain, status, &call_id, &error);
            return Err(error);
        }
        match body {
            Body::Json(value) => crate::json::read(value),
            Body::Other(_, error) => Err(crate::json::no_json(&error)),
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn send(&self, request: RequestBuilder, explain: Explain) -> Result<Vec<u8>, ProviderError> {
        self.open(request, explain).await?.collect().await
    }

    /// Sends a request and passes its answer on as it comes, if it begins as a file of its kind does: a page that says "sign in", with status
    /// 200, is none. An error ends it.
    pub(crate) async fn download(
        &self,
        request: RequestBuilder,
        begins_with: &[u8],
        explain: Explain,
    ) -> Result<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>, ProviderError> {
        let mut parts = self.open(request, explain).await?;
        let first = parts.next().await.transpose()?.unwrap_or_default();
        if !first.starts_with(begins_with) {
            return Err(ProviderError::unknown("the answer is of another kind than was asked for"));
        }
        let rest = unfold(parts, async |mut parts| parts.next().await.map(|part| (part, parts)));
        let whole = once(ready(Ok(first))).chain(rest);
        // Fused: who compresses it asks once more after its end.
        Ok(whole.fuse())
    }

    /// Sends a request, and gives its answer unread if it is a success; waits out a burst of others for a moment.
    async fn open(&self, request: RequestBuilder, explain: Explain) -> Result<Parts, ProviderError> {
        for _ in 0..WAITS {
            let Some(again) = request.try_clone() else { break };
            let parts = self.answer(again, explain).await?;
            match asked_to_wait(&parts.response).filter(|wait| *wait <= WAIT_MOST) {
                // Those that were refused together should not come back together.
                Some(wait) => {
                    drop(parts);
                    tokio::time::sleep(wait + wait * fastrand::u32(0..=100) / 100).await;
                }
                None => return self.accepted(parts, explain).await,
            }
        }
        self.accepted(self.answer(request, explain).await?, explain).await
    }

    async fn answer(&self, request: RequestBuilder, explain: Explain) -> Result<Parts, ProviderError> {
        let (client, request) = request.build_split();
        let request = request.map_err(ProviderError::unknown)?;
        let cost = Cost::of(request.method(), self.queries);
        self.may_read(cost)?;
        let mut entered = match &self.gate {
            Some((gate, lane)) => gate.enter(*lane).await?,
            None => Entered::default(),
        };
        // Nobody counts outside of a piece of work.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        if let Some(meter) = &self.meter {
            meter.count_call(cost);
        }
        let begun = Instant::now();
        let answer = answer(&client, request, explain.provider).await;
        entered.is_answered();
        if let (Some(meter), Err(ProviderError::Busy(_))) = (&self.meter, &answer) {
            meter.discount_call(cost);
        }
        let outcome = answer.as_ref().map_or("none".to_owned(), |response| response.status().as_str().to_owned());
        metrics::histogram!("fatura_provider_call_seconds", "provider" => explain.provider, "status" => outcome)
            .record(begun.elapsed());
        answer.map(|response| Parts { response, cost, left: BODY_MOST, is_broken: false, _entered: entered })
    }

    /// Whether a call of this cost may read now: not where the provider has just refused it, nor what nobody waits for beyond our budget.
    fn may_read(&self, cost: Cost) -> Result<(), ProviderError> {
        let Some((gate, lane)) = self.gate.as_ref().filter(|_| cost.reads > 0) else { return Ok(()) };
        gate.may_read()?;
        match &self.meter {
            Some(meter) if *lane == Lane::Background && !meter.admits_reads(cost.reads) => Err(ProviderError::HeldBack),
            _ => Ok(()),
        }
    }

    async fn accepted(&self, mut parts: Parts, explain: Explain) -> Result<Parts, ProviderError> {
        let (status, cost) = (parts.response.status(), parts.cost);
        if status.is_success() {
            if let Some(meter) = self.meter.as_ref().filter(|_| cost.reads > 0) {
                meter.note_answer(false);
            }
            return Ok(parts);
        }
        let (call_id, asked) = (call_id(&parts.response), asked_to_wait(&parts.response));
        let mut body = Vec::new();
        while let Some(Ok(part)) = parts.next().await {
            body.extend_from_slice(&part);
        }
        if let Some(meter) = self.meter.as_ref().filter(|_| refuses_reads(cost, status, asked, &body)) {
            meter.note_answer(true);
            if let Some((gate, _)) = &self.gate {
                gate.close_reads();
            }
            return Err(ProviderError::ReadsRefused);
        }
        let error = classify(status, call_id.clone(), asked, body, explain);
        log_failure(explain, status, &call_id, &error);
        if let (Some((gate, _)), ProviderError::Busy(pause)) = (&self.gate, &error)
            && !is_far(cost, asked)
        {
            gate.close(*pause);
        }
        Err(error)
    }
}

/// Counts and logs a call that was not made because the certificate of the other side is not good: somebody may stand between.
pub(crate) fn note_certificate(provider: &'static str, error: &reqwest::Error) {
    if is_certificate_refused(error) {
        metrics::counter!("fatura_security_events_total", "event" => "certificate_refused").increment(1);
        tracing::warn!(security.event = "certificate_refused", provider, "a provider's certificate is not good");
    }
}

fn is_certificate_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let of_tls = |error: &(dyn std::error::Error + 'static)| {
        matches!(error.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
    };
    // An I/O error has what it wraps as its content, not as its source.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    of_tls(error)
        || wrapped.is_some_and(|inner| is_certificate_refused(inner))
        || error.source().is_some_and(is_certificate_refused)
}

async fn answer(client: &reqwest::Client, request: Request, provider: &'static str) -> Result<Response, ProviderError> {
    client.execute(request).await.map_err(|error| {
        note_certificate(provider, &error);
        // A connection that was never made carried nothing.
        if error.is_connect() {
            ProviderError::Busy(Duration::from_secs(2))
        } else {
            ProviderError::unknown(error.without_url())
        }
    })
}

/// Intuit's id of a call.
fn call_id(response: &Response) -> String {
    let id = response.headers().get("intuit_tid").and_then(|value| value.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// One line for each answer that is no success, with what the provider's support asks for. The provider's own words are left out: they may
/// quote what was sent.
fn log_failure(explain: Explain, status: StatusCode, call_id: &str, error: &ProviderError) {
    let code = match error {
        ProviderError::Refused(refusal) => refusal.code.as_str(),
        ProviderError::NotPermitted(refusal) | ProviderError::WrongEnvironment(refusal) => refusal.code.as_str(),
        _ => "",
    };
    let (provider, status) = (explain.provider, status.as_u16());
    tracing::info!(provider, status, code, intuit_tid = call_id, "a provider has not carried a call out");
}

/// How long an answer of "too many requests" asks to wait.
fn asked_to_wait(response: &Response) -> Option<Duration> {
    let seconds = |name| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
    (response.status() == StatusCode::TOO_MANY_REQUESTS).then(|| {
        let asked = ["retry-after", "x-ratelimit-reset"].into_iter().find_map(seconds);
        asked.map_or(BUSY_DEFAULT, |seconds| Duration::from_secs(seconds.clamp(1, 3600)))
    })
}

/// What is still to come of an answer.
struct Parts {
    response: Response,
    cost: Cost,
    /// How much more is taken.
    left: usize,
    is_broken: bool,
    /// The way is taken until all of it has come.
    _entered: Entered,
}

impl Parts {
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
            self.left = self.left.checked_sub(part.len()).ok_or(ProviderError::unknown("the answer is too large"))?;
            Ok(part)
        });
        self.is_broken = part.is_err();
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Allowance;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    const MOMENT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn the_way_of_a_call_that_nobody_waits_for_any_more_is_taken_for_a_while() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", silent.local_addr().expect("an address"));
        let gate = Gate::new(Allowance { a_minute: 600, burst: 10, at_once: 1, batches_a_minute: 0 });
        let http = Http::new(Duration::from_secs(30)).expect("a client").through(&gate, Lane::Interactive);
        let explain = Explain { provider: "silent", refusal: |_| None };
        timeout(MOMENT, http.send(http.client.get(address), explain)).await.expect_err("no answer yet");
        timeout(MOMENT, gate.enter(Lane::Interactive)).await.expect_err("the provider is at work still");
        timeout(Duration::from_secs(5), gate.enter(Lane::Interactive)).await.expect("in time").expect("open");
    }

    /// Answers each call with the same bytes; where, and how many calls came.
    async fn answers(bytes: &'static [u8]) -> (String, Arc<AtomicU32>) {
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
    async fn a_company_that_asks_to_wait_is_not_called_meanwhile_and_others_are() {
        let (address, calls) =
            answers(b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n").await;
        let allowed = Allowance { a_minute: 600, burst: 10, at_once: 5, batches_a_minute: 0 };
        let (gate, of_another_company) = (Gate::new(allowed), Gate::new(allowed));
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let explain = Explain { provider: "busy", refusal: |_| None };
        let call = async |gate: &Gate, lane| {
            http.through(gate, lane).send(http.client.post(&address), explain).await.expect_err("it is busy")
        };
        let first = call(&gate, Lane::Interactive).await;
        assert!(matches!(first, ProviderError::Busy(pause) if pause.as_secs() == 30), "{first:?}");
        for lane in [Lane::Interactive, Lane::Background, Lane::Interactive] {
            let error = call(&gate, lane).await;
            assert!(matches!(error, ProviderError::Busy(pause) if (28..=30).contains(&pause.as_secs())), "{error:?}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1, "none of the later calls was made");
        call(&of_another_company, Lane::Interactive).await;
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_redirect_of_a_provider_is_not_followed() {
        let (elsewhere, calls_elsewhere) = answers(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}/metadata\r\ncontent-length: 0\r\n\r\n");
        let (address, calls) = answers(redirect.leak().as_bytes()).await;
        let http = Http::new(Duration::from_secs(5)).expect("a client");
        let explain = Explain { provider: "redirecting", refusal: |_| None };
        http.send(http.client.get(&address).bearer_auth("secret"), explain).await.expect_err("no success");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert_eq!(calls_elsewhere.load(Ordering::Relaxed), 0, "nobody else is called, and no token is sent on");
    }

    #[tokio::test]
    async fn a_short_pause_that_a_provider_asks_for_is_waited_out() {
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
        let explain = Explain { provider: "busy", refusal: |_| None };
        let begun = Instant::now();
        let body = http.send(http.client.get(&address), explain).await.expect("it is answered after the pause");
        assert_eq!(body, b"{}");
        assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

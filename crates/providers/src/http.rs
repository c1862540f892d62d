//! The one way out: timeouts, sizes, no redirects, and the outcome classified by status before anything is parsed.

use crate::{ProviderError, error::Refusal};
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt, unfold};
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap, redirect::Policy};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// No provider's answer that we ask for is larger.
const BODY_MOST: usize = 16 * 1024 * 1024;
/// What is waited after a 429 that does not say: QuickBooks documents 60 seconds.
const BUSY_DEFAULT: Duration = Duration::from_secs(60);
/// A 429 that asks for no more than this is waited out here, so often: nothing was carried out, and Pipedrive's window is
/// two seconds. Longer ones are the caller's to decide.
const WAIT_MOST: Duration = Duration::from_secs(3);
const WAITS: usize = 3;

/// The HTTP client. Made once, cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    pub(crate) client: reqwest::Client,
}

/// A refusal's body, read by the provider's own module.
pub(crate) type Explain = fn(&[u8]) -> Option<(String, String, String)>;

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
        Ok(Self { client })
    }

    /// Sends a request and reads its JSON answer.
    pub(crate) async fn json<Answer: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        explain: Explain,
    ) -> Result<Answer, ProviderError> {
        let body = self.send(request, explain).await?;
        serde_json::from_slice(&body).map_err(ProviderError::unknown)
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn send(&self, request: RequestBuilder, explain: Explain) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        let mut parts = Parts::of(self.open(request, explain).await?);
        while let Some(part) = parts.next().await {
            body.extend_from_slice(&part?);
        }
        Ok(body)
    }

    /// Sends a request and passes its answer on as it comes. An error ends it.
    pub(crate) async fn download(
        &self,
        request: RequestBuilder,
        explain: Explain,
    ) -> Result<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>, ProviderError> {
        let parts = Parts::of(self.open(request, explain).await?);
        // Fused: who compresses it asks once more after its end.
        Ok(unfold(parts, async |mut parts| parts.next().await.map(|part| (part, parts))).fuse())
    }

    /// Sends a request, and gives its answer unread if it is a success; waits out a burst of others for a moment.
    async fn open(&self, request: RequestBuilder, explain: Explain) -> Result<Response, ProviderError> {
        for _ in 0..WAITS {
            let Some(again) = request.try_clone() else { break };
            let response = answer(again).await?;
            match asked_to_wait(&response).filter(|wait| *wait <= WAIT_MOST) {
                // Those that were refused together should not come back together.
                Some(wait) => tokio::time::sleep(wait + wait * fastrand::u32(0..=100) / 100).await,
                None => return accepted(response, explain).await,
            }
        }
        accepted(answer(request).await?, explain).await
    }
}

async fn answer(request: RequestBuilder) -> Result<Response, ProviderError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one send")]
    request.send().await.map_err(|error| {
        // A connection that was never made carried nothing.
        if error.is_connect() {
            ProviderError::Busy(Duration::from_secs(2))
        } else {
            ProviderError::unknown(error.without_url())
        }
    })
}

async fn accepted(response: Response, explain: Explain) -> Result<Response, ProviderError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let headers = response.headers().clone();
    let asked = asked_to_wait(&response);
    let mut body = Vec::new();
    let mut parts = Parts::of(response);
    while let Some(Ok(part)) = parts.next().await {
        body.extend_from_slice(&part);
    }
    Err(classify(status, &headers, asked, &body, explain))
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
    /// How much more is taken.
    left: usize,
    is_broken: bool,
}

impl Parts {
    fn of(response: Response) -> Self {
        Self { response, left: BODY_MOST, is_broken: false }
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

fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    asked: Option<Duration>,
    body: &[u8],
    explain: Explain,
) -> ProviderError {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    match status {
        StatusCode::UNAUTHORIZED => ProviderError::TokenRefused,
        StatusCode::NOT_FOUND => ProviderError::NotFound,
        StatusCode::TOO_MANY_REQUESTS => ProviderError::Busy(asked.unwrap_or(BUSY_DEFAULT)),
        // The one answer of a server in trouble that says nothing was begun; a gateway's 502 and 504 do not.
        StatusCode::SERVICE_UNAVAILABLE => ProviderError::Away,
        status if status.is_server_error() || status.is_redirection() => {
            ProviderError::unknown(format!("status {status}"))
        }
        status => {
            let (code, detail, element) =
                explain(body).unwrap_or_else(|| (status.as_u16().to_string(), String::new(), String::new()));
            ProviderError::Refused(Refusal { code, detail, element, call_id: header("intuit_tid") })
        }
    }
}

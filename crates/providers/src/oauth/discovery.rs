//! Intuit's discovery document, which names the current OAuth endpoints. Endpoints receive the client secret and tokens,
//! so only HTTPS URLs of `intuit.com`, or of the document's own origin, are accepted.

use crate::{Http, ProviderError, http::AnswerFormat};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;
use url::Url;

/// Maximum size of the document, which is a few kilobytes long.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// An OAuth endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The consent page.
    Authorize,
    /// The token endpoint, for codes and refresh tokens.
    Token,
    /// The revocation endpoint.
    Revoke,
}

impl Endpoint {
    const ALL: [Self; 3] = [Self::Authorize, Self::Token, Self::Revoke];

    /// The endpoint's name in the document.
    fn member(self) -> &'static str {
        match self {
            Self::Authorize => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Revoke => "revocation_endpoint",
        }
    }
}

/// The discovery document and the endpoints that were read from it. All clones share them.
#[derive(Debug, Clone)]
pub struct Discovery {
    document: Url,
    /// Endpoints that are not configured, and are therefore taken from the document.
    discovered: Vec<Endpoint>,
    /// URLs in the order of [`Endpoint::ALL`]; `None` until the document was read.
    urls: Arc<RwLock<Option<[Url; 3]>>>,
    read_request: Arc<Notify>,
}

impl Discovery {
    /// Creates a discovery without reading the document. `discovered` lists the endpoints to take from it.
    pub fn new(document: Url, discovered: Vec<Endpoint>) -> Self {
        Self { document, discovered, urls: Arc::default(), read_request: Arc::default() }
    }

    /// Returns the URL of an endpoint. Returns `None` if the endpoint is configured or the document was not read yet.
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> Option<Url> {
        let urls = self.urls.read().unwrap_or_else(PoisonError::into_inner);
        urls.as_ref().filter(|_| self.discovered.contains(&endpoint)).map(|urls| urls[endpoint as usize].clone())
    }

    /// Requests that the document is read again, because an endpoint seems to have moved.
    pub(super) fn request_read(&self) {
        self.read_request.notify_one();
    }

    /// Resolves when a read of the document is requested.
    pub async fn read_requested(&self) {
        self.read_request.notified().await;
    }

    /// Reads the document. Returns whether an endpoint has changed.
    ///
    /// # Errors
    ///
    /// If the document cannot be read, or if one of its endpoints is missing or not accepted. All endpoints then stay
    /// unchanged.
    pub async fn read_document(&self, http: &Http) -> Result<bool, ProviderError> {
        let request = http.client.get(self.document.clone()).timeout(super::TOKEN_TIMEOUT);
        let body = http.send(request, AnswerFormat { provider: "sign-in", read_refusal: |_| None }).await?;
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(ProviderError::unknown("the discovery document is too large"));
        }
        let read = self.parse_endpoints(&body)?;
        let mut urls = self.urls.write().unwrap_or_else(PoisonError::into_inner);
        let is_changed = urls.as_ref() != Some(&read);
        *urls = Some(read);
        Ok(is_changed)
    }

    fn parse_endpoints(&self, body: &[u8]) -> Result<[Url; 3], ProviderError> {
        let document: Value =
            serde_json::from_slice(body).map_err(|_| ProviderError::unknown("the discovery document is not JSON"))?;
        let endpoint = |endpoint: Endpoint| {
            let url = document.get(endpoint.member()).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
            url.filter(|url| self.is_trusted(url)).ok_or_else(|| {
                ProviderError::unknown(format!("the discovery document has no usable {}", endpoint.member()))
            })
        };
        let [authorize, token, revoke] = Endpoint::ALL.map(endpoint);
        Ok([authorize?, token?, revoke?])
    }

    /// Whether a URL is HTTPS at `intuit.com` or a subdomain, or has the origin of the document, which the operator
    /// configures.
    fn is_trusted(&self, url: &Url) -> bool {
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_intuits = url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| host == "intuit.com" || host.ends_with(".intuit.com"));
        is_plain && (is_intuits || url.origin() == self.document.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery() -> Discovery {
        let document =
            Url::parse("https://developer.api.intuit.com/.well-known/openid_configuration").expect("an address");
        Discovery::new(document, vec![Endpoint::Token])
    }

    fn accepts_token_endpoint(token: &str) -> bool {
        let document = serde_json::json!({
            "authorization_endpoint": "https://appcenter.intuit.com/connect/oauth2",
            "token_endpoint": token,
            "revocation_endpoint": "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
        });
        discovery().parse_endpoints(document.to_string().as_bytes()).is_ok()
    }

    #[test]
    fn accepts_endpoints_of_intuit_or_of_the_documents_origin() {
        for address in [
            "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            "https://intuit.com/token",
            "https://developer.api.intuit.com/token",
        ] {
            assert!(accepts_token_endpoint(address), "{address}");
        }
        for address in [
            "http://oauth.platform.intuit.com/token",
            "https://intuit.com.evil.example/token",
            "https://evilintuit.com/token",
            "https://oauth.platform.intuit.com:8443/token",
            "https://a:b@oauth.platform.intuit.com/token",
            "https://evil.example#.intuit.com",
            "https://evil.example/.intuit.com",
            "http://127.0.0.1/token",
            "http://169.254.169.254/token",
            "file:///etc/passwd",
            "/token",
            "",
        ] {
            assert!(!accepts_token_endpoint(address), "{address}");
        }
    }

    #[test]
    fn a_document_without_usable_endpoints_is_rejected() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"token_endpoint": null}"#,
            r#"{"token_endpoint": ["https://intuit.com"]}"#,
        ] {
            assert!(discovery().parse_endpoints(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_configured_endpoint_overrides_discovery() {
        let discovery = discovery();
        let intuit = Url::parse("https://intuit.com/x").expect("an address");
        *discovery.urls.write().expect("no panic") = Some([intuit.clone(), intuit.clone(), intuit.clone()]);
        assert_eq!(discovery.endpoint(Endpoint::Token), Some(intuit));
        assert_eq!(discovery.endpoint(Endpoint::Authorize), None);
        assert_eq!(discovery.endpoint(Endpoint::Revoke), None);
    }
}

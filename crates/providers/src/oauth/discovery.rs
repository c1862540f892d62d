//! Intuit's discovery document: where its OAuth endpoints are at the moment. What it tells is input: an endpoint gets a client secret and
//! tokens, so it is only believed of Intuit's own hosts, or of the host of the document itself.

use crate::{Http, ProviderError, http::AnswerFormat};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;
use url::Url;

/// A document is some kilobytes.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// An endpoint, with its name in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The consent page.
    Authorize,
    /// Where codes and refresh tokens are exchanged.
    Token,
    /// Where a grant is ended.
    Revoke,
}

impl Endpoint {
    const ALL: [Self; 3] = [Self::Authorize, Self::Token, Self::Revoke];

    fn member(self) -> &'static str {
        match self {
            Self::Authorize => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Revoke => "revocation_endpoint",
        }
    }
}

/// A document, and what it has told. All clones share it.
#[derive(Debug, Clone)]
pub struct Discovery {
    document: Url,
    /// The endpoints that are taken from it: those that are not configured.
    followed: Vec<Endpoint>,
    found: Arc<RwLock<Option<[Url; 3]>>>,
    wanted: Arc<Notify>,
}

impl Discovery {
    /// Nothing is read yet.
    pub fn new(document: Url, followed: Vec<Endpoint>) -> Self {
        Self { document, followed, found: Arc::default(), wanted: Arc::default() }
    }

    /// Where an endpoint is; nothing where the document has not told.
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> Option<Url> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|_| self.followed.contains(&endpoint)).map(|found| found[endpoint as usize].clone())
    }

    /// An endpoint seems to have moved: the document is to be read again.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Resolves when the document is to be read again.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Reads the document; whether an endpoint has moved. After an error, and where one endpoint is missing or refused, all stay.
    pub async fn read(&self, http: &Http) -> Result<bool, ProviderError> {
        let request = http.client.get(self.document.clone()).timeout(super::TOKEN_TIMEOUT);
        let body = http.send(request, AnswerFormat { provider: "sign-in", read_refusal: |_| None }).await?;
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(ProviderError::unknown("the discovery document is too large"));
        }
        let told = self.endpoints(&body)?;
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        let is_changed = found.as_ref() != Some(&told);
        *found = Some(told);
        Ok(is_changed)
    }

    fn endpoints(&self, body: &[u8]) -> Result<[Url; 3], ProviderError> {
        let document: Value =
            serde_json::from_slice(body).map_err(|_| ProviderError::unknown("the discovery document is not JSON"))?;
        let endpoint = |endpoint: Endpoint| {
            let told = document.get(endpoint.member()).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
            told.filter(|url| self.is_trusted(url)).ok_or_else(|| {
                ProviderError::unknown(format!("the discovery document has no usable {}", endpoint.member()))
            })
        };
        let [authorize, token, revoke] = Endpoint::ALL.map(endpoint);
        Ok([authorize?, token?, revoke?])
    }

    /// Intuit's own, encrypted; or where the document is, which an operator has configured.
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

    fn told(token: &str) -> bool {
        let document = serde_json::json!({
            "authorization_endpoint": "https://appcenter.intuit.com/connect/oauth2",
            "token_endpoint": token,
            "revocation_endpoint": "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
        });
        discovery().endpoints(document.to_string().as_bytes()).is_ok()
    }

    #[test]
    fn an_endpoint_is_intuits_or_where_the_document_is() {
        for address in [
            "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            "https://intuit.com/token",
            "https://developer.api.intuit.com/token",
        ] {
            assert!(told(address), "{address}");
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
            assert!(!told(address), "{address}");
        }
    }

    #[test]
    fn a_document_of_another_shape_tells_nothing() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"token_endpoint": null}"#,
            r#"{"token_endpoint": ["https://intuit.com"]}"#,
        ] {
            assert!(discovery().endpoints(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_configured_endpoint_stays() {
        let discovery = discovery();
        let intuit = Url::parse("https://intuit.com/x").expect("an address");
        *discovery.found.write().expect("no panic") = Some([intuit.clone(), intuit.clone(), intuit.clone()]);
        assert_eq!(discovery.endpoint(Endpoint::Token), Some(intuit));
        assert_eq!(discovery.endpoint(Endpoint::Authorize), None);
        assert_eq!(discovery.endpoint(Endpoint::Revoke), None);
    }
}

//! Error pages for responses that no handler has rendered, such as rejected requests and panics. Each page has a reference for support.

use super::{
    error::ErrorFragment,
    pages::{FailurePage, MessagePage, read_browser_locale},
    support::{self, Failure},
};
use crate::{clock::system_time, format::Writer};
use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use i18n_embed_fl::fl;
use std::any::Any;
use uuid::Uuid;

/// Paths whose responses are read by programs. Their errors are not replaced.
const PROGRAM_PATHS: [&str; 3] = ["/quickbooks/webhook", "/healthz", "/readyz"];

/// Replaces an error response without HTML by an error page, or by a fragment if the page's script sent the request.
pub(super) async fn replace_bare_error(request: Request, next: Next) -> Response {
    let is_for_programs =
        PROGRAM_PATHS.contains(&request.uri().path()) || matches!(*request.method(), Method::DELETE | Method::HEAD);
    let is_fragment = request.headers().contains_key(header::AUTHORIZATION);
    let w = Writer::new(read_browser_locale(request.headers()));
    let response = next.run(request).await;
    let status = response.status();
    let is_ours =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // After a bare 401, the page's script fetches a new bearer.
    let is_bearer_refused = is_fragment && status == StatusCode::UNAUTHORIZED;
    if !(status.is_client_error() || status.is_server_error()) || is_ours || is_for_programs || is_bearer_refused {
        return response;
    }
    let reference = Uuid::new_v4().simple().to_string();
    tracing::info!(reference, status = status.as_u16(), "a request was answered with a bare error");
    let (title, text) = match status {
        StatusCode::NOT_FOUND => (fl!(w.t, "not-found-title"), fl!(w.t, "not-found-text")),
        _ if status.is_server_error() => (fl!(w.t, "our-fault-title"), fl!(w.t, "our-fault-text")),
        _ => (fl!(w.t, "unreadable-request-title"), fl!(w.t, "unreadable-request-text")),
    };
    let code = status.as_u16().to_string();
    let support =
        support::render_details(w, &Failure { reference, at: Some(system_time()), code, ..Failure::default() });
    let page = if is_fragment {
        ErrorFragment { w, title, text, support }.render()
    } else {
        FailurePage { plain: MessagePage { w, title, text, action: None, other: None }, support }.render()
    };
    let mut explained = match page {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => status.into_response(),
    };
    for name in [header::ALLOW, header::CONTENT_SECURITY_POLICY] {
        if let Some(value) = response.headers().get(&name) {
            explained.headers_mut().insert(name, value.clone());
        }
    }
    explained.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    explained
}

/// Responds to a panic of a handler, and logs its message.
pub(super) fn respond_to_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = message.unwrap_or("not a text"), "a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use super::super::add_outer_layers;
    use axum::{
        Router,
        body::{Body, to_bytes},
        http::{HeaderValue, Request, StatusCode},
        routing::get,
    };
    use tower::ServiceExt;

    async fn request_panic(language: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        let panics = Router::new().route("/", get(async || -> &'static str { panic!("a secret") }));
        let router = add_outer_layers(panics, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
        let request = Request::get("/").header("accept-language", language).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_our_page_a_reference_and_the_headers() {
        for (language, words, copy) in [
            ("en", "Something went wrong in Fatura", "Copy for support"),
            ("pt-BR", "Algo deu errado no Fatura", "Copiar para o suporte"),
            ("es", "Algo salió mal en Fatura", "Copiar para soporte"),
        ] {
            let (status, headers, page) = request_panic(language).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(page.contains(words) && page.contains("reference: ") && page.contains(copy), "{page}");
            assert!(!page.contains("secret"));
            for name in
                ["content-security-policy", "x-content-type-options", "referrer-policy", "strict-transport-security"]
            {
                assert!(headers.contains_key(name), "{name}");
            }
            assert_eq!(headers["cache-control"], "no-cache, no-store");
        }
    }
}

//! Error responses: what happened and what to do next, as a fragment of the page. Errors are logged here, once.

use super::support::{self, Failure};
use crate::{
    clock::system_time,
    flows,
    format::Writer,
    language::Language,
    security::{self, Event},
};
use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use i18n_embed_fl::fl;
use providers::ProviderError;
use uuid::Uuid;

/// An error of a handler.
#[derive(Debug)]
pub(crate) enum Error {
    /// A flow failed; rendered in the user's language.
    Flow(Language, flows::Error),
    /// The bearer is missing, forged or expired. The page gets a new one and tries again.
    Unauthenticated,
    /// A template could not be rendered.
    Page(String),
}

impl Error {
    /// Returns a function that wraps a flow's error with the language of its message.
    pub(crate) fn localized(language: Language) -> impl Fn(flows::Error) -> Self {
        move |error| Self::Flow(language, error)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorFragment {
    pub(super) w: Writer,
    pub(super) title: String,
    pub(super) text: String,
    /// The details for support, with a button that copies them.
    pub(super) support: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED.into_response(),
            Self::Page(reason) => {
                tracing::error!(reason, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Flow(language, error) => render_error(language, &error),
        }
    }
}

fn render_error(language: Language, error: &flows::Error) -> Response {
    let w = Writer::new(language);
    let (status, title, text) = describe_error(w, error);
    record_security_event(error);
    let support = if status.is_server_error() {
        let reference = Uuid::new_v4().simple().to_string();
        tracing::error!(reference, error = error as &dyn std::error::Error, "a request failed");
        let (code, call_id) = support::find_refused_call(error);
        support::render_details(w, &Failure { reference, at: Some(system_time()), code, call_id })
    } else {
        tracing::info!(%error, "a request was refused");
        String::new()
    };
    match (ErrorFragment { w, title, text, support }).render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => status.into_response(),
    }
}

/// Records the security event of an error that indicates an attack or a missing key.
pub(super) fn record_security_event(error: &flows::Error) {
    let event = match error {
        flows::Error::AdminsOnly | flows::Error::RightsUnknown(_) => Event::RightsRefused,
        flows::Error::ForeignFlow => Event::StateRefused,
        flows::Error::Store(store::Error::Unreadable(_)) => Event::KeyMissing,
        _ => return,
    };
    security::record(event, None);
}

/// Returns the status, title and text of an error.
pub(crate) fn describe_error(w: Writer, error: &flows::Error) -> (StatusCode, String, String) {
    use flows::Error as E;
    match error {
        E::NotInstalled => (StatusCode::FORBIDDEN, fl!(w.t, "not-installed-title"), fl!(w.t, "not-installed-text")),
        E::NotConnected => (StatusCode::CONFLICT, fl!(w.t, "not-connected-title"), fl!(w.t, "not-connected-text")),
        E::NeedsReconnect => (StatusCode::CONFLICT, fl!(w.t, "reconnect-title"), fl!(w.t, "reconnect-text")),
        E::NotFound => (StatusCode::NOT_FOUND, fl!(w.t, "not-found-title"), fl!(w.t, "not-found-text")),
        E::AdminsOnly => (StatusCode::FORBIDDEN, fl!(w.t, "admins-only-title"), fl!(w.t, "admins-only-text")),
        E::RightsUnknown(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, fl!(w.t, "rights-unknown-title"), fl!(w.t, "rights-unknown-text"))
        }
        E::ForeignFlow => (StatusCode::BAD_REQUEST, fl!(w.t, "foreign-flow-title"), fl!(w.t, "foreign-flow-text")),
        E::Refused => (StatusCode::OK, fl!(w.t, "consent-refused-title"), fl!(w.t, "consent-refused-text")),
        E::ConnectedElsewhere => {
            (StatusCode::CONFLICT, fl!(w.t, "connected-elsewhere-title"), fl!(w.t, "connected-elsewhere-text"))
        }
        E::QuickBooks(ProviderError::Busy(_)) | E::Pipedrive(ProviderError::Busy(_)) | E::NotYet(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, fl!(w.t, "provider-busy-title"), fl!(w.t, "provider-busy-text"))
        }
        E::ShareUsed(_) => (StatusCode::TOO_MANY_REQUESTS, fl!(w.t, "share-used-title"), fl!(w.t, "share-used-text")),
        E::QuickBooks(ProviderError::Misconfigured(_)) | E::Pipedrive(ProviderError::Misconfigured(_)) => {
            (StatusCode::BAD_GATEWAY, fl!(w.t, "misconfigured-title"), fl!(w.t, "misconfigured-text"))
        }
        E::QuickBooks(ProviderError::Blocked(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, fl!(w.t, "quickbooks-blocked-title"), fl!(w.t, "quickbooks-blocked-text"))
        }
        E::Pipedrive(ProviderError::Blocked(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, fl!(w.t, "pipedrive-blocked-title"), fl!(w.t, "pipedrive-blocked-text"))
        }
        E::QuickBooks(ProviderError::NotPermitted(_)) => {
            (StatusCode::CONFLICT, fl!(w.t, "quickbooks-rights-title"), fl!(w.t, "refusal-reconnect"))
        }
        E::Pipedrive(ProviderError::NotPermitted(_)) => {
            (StatusCode::CONFLICT, fl!(w.t, "pipedrive-rights-title"), fl!(w.t, "pipedrive-rights-text"))
        }
        E::QuickBooks(ProviderError::WrongEnvironment(_)) => {
            (StatusCode::BAD_GATEWAY, fl!(w.t, "quickbooks-environment-title"), fl!(w.t, "refusal-environment"))
        }
        E::QuickBooks(ProviderError::ReadsRefused | ProviderError::HeldBack) => {
            (StatusCode::SERVICE_UNAVAILABLE, fl!(w.t, "reads-refused-title"), fl!(w.t, "reads-refused-text"))
        }
        E::QuickBooks(_) => {
            (StatusCode::BAD_GATEWAY, fl!(w.t, "quickbooks-away-title"), fl!(w.t, "quickbooks-away-text"))
        }
        E::Pipedrive(_) => (StatusCode::BAD_GATEWAY, fl!(w.t, "pipedrive-away-title"), fl!(w.t, "pipedrive-away-text")),
        E::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, fl!(w.t, "our-fault-title"), fl!(w.t, "our-fault-text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    /// Renders an error, and returns the security events that this counted.
    fn count_events(error: &flows::Error) -> Vec<String> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || render_error(Language::English, error));
        let rendered = handle.render();
        let lines = rendered.lines().filter(|line| line.starts_with("fatura_security_events_total"));
        lines.map(ToOwned::to_owned).collect()
    }

    #[test]
    fn errors_that_indicate_an_attack_or_a_missing_key_are_counted() {
        for (error, event) in [
            (flows::Error::Store(store::Error::Unreadable("quickbooks_connection")), "key_missing"),
            (flows::Error::AdminsOnly, "rights_refused"),
            (flows::Error::RightsUnknown(ProviderError::TokenUnavailable), "rights_refused"),
            (flows::Error::ForeignFlow, "state_refused"),
        ] {
            assert_eq!(count_events(&error), [format!("fatura_security_events_total{{event=\"{event}\"}} 1")]);
        }
        for error in [
            flows::Error::NotFound,
            flows::Error::NotConnected,
            flows::Error::QuickBooks(ProviderError::TokenUnavailable),
        ] {
            assert!(count_events(&error).is_empty(), "{error}");
        }
    }
}

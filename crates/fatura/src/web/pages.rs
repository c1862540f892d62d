//! The pages outside Pipedrive: about Fatura, and the outcomes of installing and connecting.

use super::{
    error::{Error, ErrorFragment, describe_error, record_security_event},
    flow_cookie::read_browser_secret,
    page::{assets, html},
};
use crate::{
    flows::{
        self,
        connect::{self, Cancellation, Denied},
        install,
    },
    format::Writer,
    locale::Locale,
    state::App,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{CookieJar, Query};
use i18n_embed_fl::fl;
use providers::ProviderError;
use serde::Deserialize;
use store::tenants::Tenant;

/// Reads the locale from the browser's `Accept-Language`.
pub(crate) fn read_browser_locale(headers: &HeaderMap) -> Locale {
    Locale::of(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// A page with a heading, a text, and up to two links: the next step and an alternative.
#[derive(Template)]
#[template(path = "plain.html")]
pub(crate) struct MessagePage {
    pub(crate) w: Writer,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) action: Option<(String, String)>,
    pub(crate) other: Option<(String, String)>,
}

/// A message page with details for support.
#[derive(Template)]
#[template(path = "plain_failed.html")]
pub(crate) struct FailurePage {
    pub(crate) plain: MessagePage,
    pub(crate) support: String,
}

pub(crate) async fn render_about(headers: HeaderMap) -> Result<Response, Error> {
    let w = Writer::new(read_browser_locale(&headers));
    html(&MessagePage {
        w,
        title: "Fatura".into(),
        text: fl!(w.t, "about-text"),
        action: Some(("/install".into(), fl!(w.t, "about-install"))),
        other: None,
    })
}

pub(crate) async fn render_not_found(headers: HeaderMap) -> Response {
    let w = Writer::new(read_browser_locale(&headers));
    let (_, title, text) = describe_error(w, &flows::Error::NotFound);
    (StatusCode::NOT_FOUND, html(&MessagePage { w, title, text, action: None, other: None })).into_response()
}

/// Responds with 429: to too many requests, and to bodies for which there is no memory.
pub(crate) fn respond_too_many_requests(headers: &HeaderMap) -> Response {
    let w = Writer::new(read_browser_locale(headers));
    let (title, text) = (fl!(w.t, "too-many-title"), fl!(w.t, "too-many-text"));
    // The page's script shows the fragment in the open page.
    let page = if headers.contains_key(header::AUTHORIZATION) {
        html(&ErrorFragment { w, title, text, support: String::new() })
    } else {
        html(&MessagePage { w, title, text, action: None, other: None })
    };
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "5"), (header::CACHE_CONTROL, "no-cache, no-store")], page)
        .into_response()
}

/// Redirects to the page of a failed flow. A callback never renders a page itself, because its URL contains secrets.
pub(crate) fn redirect_to_failure(error: &flows::Error, provider: &str) -> Redirect {
    Redirect::to(&log_failed_flow(error, provider))
}

/// Logs a failed flow, and returns the path of the page that explains it.
pub(crate) fn log_failed_flow(error: &flows::Error, provider: &str) -> String {
    record_security_event(error);
    let outcome = match error {
        flows::Error::Refused => "refused",
        flows::Error::ForeignFlow => "expired",
        flows::Error::ConnectedElsewhere => "connected-elsewhere",
        flows::Error::NotInstalled => "not-installed",
        flows::Error::AdminsOnly => "admins-only",
        flows::Error::RightsUnknown(_) => "unverified",
        flows::Error::QuickBooks(ProviderError::Misconfigured(_))
        | flows::Error::Pipedrive(ProviderError::Misconfigured(_)) => {
            tracing::error!(
                error = error as &dyn std::error::Error,
                provider,
                "a flow failed; check the configuration"
            );
            "misconfigured"
        }
        _ => {
            tracing::warn!(error = error as &dyn std::error::Error, provider, "a flow failed");
            "failed"
        }
    };
    format!("/outcome/{provider}-{outcome}")
}

/// Redirects to the page of a denied step of connecting.
pub(crate) fn redirect_to_denial(denied: &Denied) -> Redirect {
    let mut path = log_failed_flow(&denied.error, "quickbooks");
    if !denied.sealed.is_empty() {
        path += "?cancelled=";
        path += &denied.sealed;
    }
    Redirect::to(&path)
}

/// Sealed values that only this browser can use.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OutcomeQuery {
    /// Identifies the cancelled attempt to connect.
    pub(crate) cancelled: String,
    /// Identifies the tenant in which the app is installed.
    pub(crate) installed: String,
}

/// Builds the page after connecting was cancelled. The app stays installed, and an existing connection stays active.
fn build_cancelled_page(
    app: &App,
    w: Writer,
    is_declined: bool,
    cancellation: Cancellation,
    sealed: &str,
) -> MessagePage {
    let Cancellation { pipedrive, quickbooks, .. } = cancellation;
    let (company, again) = (pipedrive.company_name, format!("/quickbooks/again?cancelled={sealed}"));
    let (title, text) = if let Some(quickbooks) = quickbooks {
        let text = fl!(w.t, "cancelled-kept-text", pipedrive = company, quickbooks = quickbooks);
        (fl!(w.t, "cancelled-kept-title"), text)
    } else {
        let reason = if is_declined { fl!(w.t, "declined-text") } else { fl!(w.t, "cancelled-at-intuit") };
        (fl!(w.t, "not-connected-title"), format!("{reason} {}", fl!(w.t, "cancelled-text", company = company)))
    };
    MessagePage {
        w,
        title,
        text,
        action: Some((again, fl!(w.t, "try-again"))),
        other: Some((app.config.settings_page(&pipedrive.company_domain), fl!(w.t, "panel-open-settings"))),
    }
}

/// Builds the page after connecting was refused: the user is not an administrator, or Pipedrive could not confirm it.
fn build_refused_page(app: &App, w: Writer, is_unverified: bool, pipedrive: &Tenant, sealed: &str) -> MessagePage {
    let settings = (app.config.settings_page(&pipedrive.company_domain), fl!(w.t, "panel-open-settings"));
    if is_unverified {
        let again = (format!("/quickbooks/again?cancelled={sealed}"), fl!(w.t, "try-again"));
        let (_, title, text) = describe_error(w, &flows::Error::RightsUnknown(ProviderError::TokenUnavailable));
        return MessagePage { w, title, text, action: Some(again), other: Some(settings) };
    }
    let company = pipedrive.company_name.as_str();
    MessagePage {
        w,
        title: fl!(w.t, "connect-admins-only-title"),
        text: fl!(w.t, "connect-admins-only-text", company = company),
        action: Some(settings),
        other: None,
    }
}

/// Builds the page for a QuickBooks company that is connected to another tenant. It may name the QuickBooks company, because the user chose
/// it at Intuit, but not the other tenant.
fn build_connected_elsewhere_page(app: &App, w: Writer, cancellation: Cancellation, sealed: &str) -> MessagePage {
    MessagePage {
        w,
        title: fl!(w.t, "connected-elsewhere-title"),
        text: fl!(w.t, "connected-elsewhere-named", company = cancellation.chosen.unwrap_or_default()),
        action: Some((format!("/quickbooks/again?cancelled={sealed}"), fl!(w.t, "connected-elsewhere-other"))),
        other: Some((
            app.config.settings_page(&cancellation.pipedrive.company_domain),
            fl!(w.t, "panel-open-settings"),
        )),
    }
}

/// Renders the outcome of a flow, with the next step.
pub(crate) async fn render_outcome(
    State(app): State<App>,
    jar: CookieJar,
    Path(outcome): Path<String>,
    Query(query): Query<OutcomeQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let w = Writer::new(read_browser_locale(&headers));
    let (provider, outcome) = outcome.split_once('-').unwrap_or(("", ""));
    if let ("pipedrive", "installed") = (provider, outcome) {
        let Ok(tenant) = install::find_installed_tenant(&app, &query.installed, &read_browser_secret(&app, &jar)).await
        else {
            let (_, title, text) = describe_error(w, &flows::Error::ForeignFlow);
            let action = Some(("/install".to_owned(), fl!(w.t, "install-again")));
            return html(&MessagePage { w, title, text, action, other: None });
        };
        let settings = app.config.settings_page(&tenant.company_domain);
        let text = fl!(w.t, "installed-text", company = tenant.company_name);
        let action = Some((settings, fl!(w.t, "panel-open-settings")));
        return html(&MessagePage { w, title: fl!(w.t, "installed-title"), text, action, other: None });
    }
    if let ("quickbooks", "refused" | "declined" | "admins-only" | "unverified" | "connected-elsewhere") =
        (provider, outcome)
        && let Ok(cancellation) =
            connect::find_cancellation(&app, &query.cancelled, &read_browser_secret(&app, &jar)).await
    {
        if let "admins-only" | "unverified" = outcome {
            return html(&build_refused_page(
                &app,
                w,
                outcome == "unverified",
                &cancellation.pipedrive,
                &query.cancelled,
            ));
        }
        if outcome == "connected-elsewhere" {
            return html(&build_connected_elsewhere_page(&app, w, cancellation, &query.cancelled));
        }
        return html(&build_cancelled_page(&app, w, outcome == "declined", cancellation, &query.cancelled));
    }
    let (title, text) = match (provider, outcome) {
        ("pipedrive" | "quickbooks", "refused") => {
            (fl!(w.t, "consent-refused-title"), fl!(w.t, "consent-refused-text"))
        }
        ("pipedrive" | "quickbooks", "expired") => (fl!(w.t, "foreign-flow-title"), fl!(w.t, "foreign-flow-text")),
        ("quickbooks", "connected-elsewhere") => {
            (fl!(w.t, "connected-elsewhere-title"), fl!(w.t, "connected-elsewhere-text"))
        }
        ("quickbooks", "declined") => (fl!(w.t, "declined-title"), fl!(w.t, "declined-text")),
        ("quickbooks", "admins-only") => {
            (fl!(w.t, "connect-admins-only-title"), fl!(w.t, "connect-admins-only-unnamed"))
        }
        ("quickbooks", "unverified") => (fl!(w.t, "rights-unknown-title"), fl!(w.t, "rights-unknown-text")),
        ("quickbooks", "not-installed") => (fl!(w.t, "not-installed-title"), fl!(w.t, "not-installed-text")),
        ("pipedrive" | "quickbooks", "misconfigured") => {
            (fl!(w.t, "misconfigured-title"), fl!(w.t, "misconfigured-text"))
        }
        ("pipedrive" | "quickbooks", "failed") => (fl!(w.t, "flow-failed-title"), fl!(w.t, "flow-failed-text")),
        _ => return Ok(render_not_found(headers).await),
    };
    let action = match provider {
        "pipedrive" => Some(("/install".to_owned(), fl!(w.t, "install-again"))),
        _ => None,
    };
    html(&MessagePage { w, title, text, action, other: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    async fn render_body(headers: &HeaderMap) -> String {
        let response = respond_too_many_requests(headers);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn a_429_is_a_fragment_for_the_pages_script_and_a_page_for_others() {
        let mut headers = HeaderMap::new();
        assert!(render_body(&headers).await.contains("<html"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let fragment = render_body(&headers).await;
        assert!(!fragment.contains("<html") && fragment.contains("data-trouble"), "{fragment}");
    }
}

//! The plain pages outside Pipedrive: what Fatura is, and how a flow ended.

use super::{
    error::{Error, ErrorFragment, note_security, words},
    flow_cookie::known_browser,
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

/// The locale that the browser asks for.
pub(crate) fn asked(headers: &HeaderMap) -> Locale {
    Locale::of(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// A page with a heading, a text, the next step and another way to go on.
#[derive(Template)]
#[template(path = "plain.html")]
pub(crate) struct Plain {
    pub(crate) w: Writer,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) action: Option<(String, String)>,
    pub(crate) other: Option<(String, String)>,
}

/// The same after an error that has a reference.
#[derive(Template)]
#[template(path = "plain_failed.html")]
pub(crate) struct Failed {
    pub(crate) plain: Plain,
    pub(crate) support: String,
}

pub(crate) async fn about(State(_app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let w = Writer::new(asked(&headers));
    html(&Plain {
        w,
        title: "Fatura".into(),
        text: fl!(w.t, "about-text"),
        action: Some(("/install".into(), fl!(w.t, "about-install"))),
        other: None,
    })
}

pub(crate) async fn not_found(headers: HeaderMap) -> Response {
    let w = Writer::new(asked(&headers));
    let (_, title, text) = words(w, &flows::Error::NotFound);
    (StatusCode::NOT_FOUND, html(&Plain { w, title, text, action: None, other: None })).into_response()
}

/// The answer to too many requests, and to bodies for which there is no memory.
pub(crate) fn too_many(headers: &HeaderMap) -> Response {
    let w = Writer::new(asked(headers));
    let (title, text) = (fl!(w.t, "too-many-title"), fl!(w.t, "too-many-text"));
    // Within a page of ours it is shown there.
    let page = if headers.contains_key(header::AUTHORIZATION) {
        html(&ErrorFragment { w, title, text, support: String::new() })
    } else {
        html(&Plain { w, title, text, action: None, other: None })
    };
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "5"), (header::CACHE_CONTROL, "no-cache, no-store")], page)
        .into_response()
}

/// The end of a flow that failed. A callback never answers with a page itself: its address holds secrets.
pub(crate) fn failed(error: &flows::Error, provider: &str) -> Redirect {
    Redirect::to(&outcome_of(error, provider))
}

/// The address of the page that tells how a flow failed.
pub(crate) fn outcome_of(error: &flows::Error, provider: &str) -> String {
    note_security(error);
    let outcome = match error {
        flows::Error::Refused => "refused",
        flows::Error::ForeignFlow => "expired",
        flows::Error::ConnectedElsewhere => "connected-elsewhere",
        flows::Error::NotInstalled => "not-installed",
        flows::Error::AdminsOnly => "admins-only",
        flows::Error::RightsUnknown(_) => "unverified",
        flows::Error::QuickBooks(ProviderError::Misconfigured(_))
        | flows::Error::Pipedrive(ProviderError::Misconfigured(_)) => {
            tracing::error!(error = error as &dyn std::error::Error, provider, "a flow failed; correct the settings");
            "misconfigured"
        }
        _ => {
            tracing::warn!(error = error as &dyn std::error::Error, provider, "a flow failed");
            "failed"
        }
    };
    format!("/outcome/{provider}-{outcome}")
}

/// The end of a flow in which a step was not taken.
pub(crate) fn denied(denied: &Denied) -> Redirect {
    let mut outcome = outcome_of(&denied.error, "quickbooks");
    if !denied.sealed.is_empty() {
        outcome += "?cancelled=";
        outcome += &denied.sealed;
    }
    Redirect::to(&outcome)
}

/// Who has cancelled: sealed, and bound to this browser.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cancelled {
    pub(crate) cancelled: String,
    /// Where the app was installed before; sealed likewise.
    pub(crate) installed: String,
}

/// Connecting was cancelled: the app is installed all the same, and a connection that there was stands.
fn cancelled(app: &App, w: Writer, is_declined: bool, cancellation: Cancellation, sealed: &str) -> Plain {
    let Cancellation { pipedrive, quickbooks, .. } = cancellation;
    let (company, again) = (pipedrive.company_name, format!("/quickbooks/again?cancelled={sealed}"));
    let (title, text) = if let Some(quickbooks) = quickbooks {
        let text = fl!(w.t, "cancelled-kept-text", pipedrive = company, quickbooks = quickbooks);
        (fl!(w.t, "cancelled-kept-title"), text)
    } else {
        let how = if is_declined { fl!(w.t, "declined-text") } else { fl!(w.t, "cancelled-at-intuit") };
        (fl!(w.t, "not-connected-title"), format!("{how} {}", fl!(w.t, "cancelled-text", company = company)))
    };
    Plain {
        w,
        title,
        text,
        action: Some((again, fl!(w.t, "try-again"))),
        other: Some((app.config.settings_page(&pipedrive.company_domain), fl!(w.t, "panel-open-settings"))),
    }
}

/// Connecting was refused: because somebody else has to do it, or because Pipedrive does not say whether they may.
fn refused(app: &App, w: Writer, is_unverified: bool, pipedrive: &Tenant, sealed: &str) -> Plain {
    let settings = (app.config.settings_page(&pipedrive.company_domain), fl!(w.t, "panel-open-settings"));
    if is_unverified {
        let again = (format!("/quickbooks/again?cancelled={sealed}"), fl!(w.t, "try-again"));
        let (_, title, text) = words(w, &flows::Error::RightsUnknown(ProviderError::TokenUnavailable));
        return Plain { w, title, text, action: Some(again), other: Some(settings) };
    }
    let company = pipedrive.company_name.as_str();
    Plain {
        w,
        title: fl!(w.t, "connect-admins-only-title"),
        text: fl!(w.t, "connect-admins-only-text", company = company),
        action: Some(settings),
        other: None,
    }
}

/// The QuickBooks company that was chosen is another Pipedrive company's. Only its name is known to the person: they chose it at Intuit.
fn taken(app: &App, w: Writer, cancellation: Cancellation, sealed: &str) -> Plain {
    Plain {
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

/// How a flow ended, and how to go on.
pub(crate) async fn outcome(
    State(app): State<App>,
    jar: CookieJar,
    Path(outcome): Path<String>,
    Query(asked_for): Query<Cancelled>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let w = Writer::new(asked(&headers));
    let (provider, what) = outcome.split_once('-').unwrap_or(("", ""));
    if let ("pipedrive", "installed") = (provider, what) {
        let Ok(tenant) = install::find_installed_tenant(&app, &asked_for.installed, &known_browser(&app, &jar)).await
        else {
            let (_, title, text) = words(w, &flows::Error::ForeignFlow);
            let action = Some(("/install".to_owned(), fl!(w.t, "install-again")));
            return html(&Plain { w, title, text, action, other: None });
        };
        let settings = app.config.settings_page(&tenant.company_domain);
        let text = fl!(w.t, "installed-text", company = tenant.company_name);
        let action = Some((settings, fl!(w.t, "panel-open-settings")));
        return html(&Plain { w, title: fl!(w.t, "installed-title"), text, action, other: None });
    }
    if let ("quickbooks", "refused" | "declined" | "admins-only" | "unverified" | "connected-elsewhere") =
        (provider, what)
        && let Ok(cancellation) =
            connect::find_cancellation(&app, &asked_for.cancelled, &known_browser(&app, &jar)).await
    {
        if let "admins-only" | "unverified" = what {
            return html(&refused(&app, w, what == "unverified", &cancellation.pipedrive, &asked_for.cancelled));
        }
        if what == "connected-elsewhere" {
            return html(&taken(&app, w, cancellation, &asked_for.cancelled));
        }
        return html(&cancelled(&app, w, what == "declined", cancellation, &asked_for.cancelled));
    }
    let (title, text) = match (provider, what) {
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
        _ => return Ok(not_found(headers).await),
    };
    let action = match provider {
        "pipedrive" => Some(("/install".to_owned(), fl!(w.t, "install-again"))),
        _ => None,
    };
    html(&Plain { w, title, text, action, other: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    async fn body(headers: &HeaderMap) -> String {
        let response = too_many(headers);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn too_many_requests_are_told_within_the_page_that_asks() {
        let mut headers = HeaderMap::new();
        assert!(body(&headers).await.contains("<html"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let fragment = body(&headers).await;
        assert!(!fragment.contains("<html") && fragment.contains("data-trouble"), "{fragment}");
    }
}

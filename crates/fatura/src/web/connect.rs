//! Connecting QuickBooks in a browser tab.

use super::{
    error::{Error, describe_error},
    flow_cookie::{ensure_browser_secret, read_browser_secret},
    page::{assets, html},
    pages::{OutcomeQuery, read_browser_locale, redirect_to_denial, redirect_to_failure},
};
use crate::{
    flows::{
        self,
        connect::{self, Denied},
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{CookieJar, Query, QueryRejection};
use i18n_embed_fl::fl;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TicketQuery {
    ticket: String,
}

/// Returns the browser's user agent. It is the same in a frame and in a tab, so it binds the one-time token to the browser.
pub(super) fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Redeems a one-time token and redirects to Intuit's consent page.
pub(crate) async fn begin(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    ticket: Result<Query<TicketQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(ticket)) = ticket else {
        return redirect_to_failure(&flows::Error::ForeignFlow, "quickbooks").into_response();
    };
    let (secret, jar) = ensure_browser_secret(&app, jar);
    match connect::begin(&app, &ticket.ticket, user_agent(&headers), &secret).await {
        Ok(consent) => (jar, Redirect::to(consent.as_str())).into_response(),
        Err(error) => (jar, redirect_to_denial(&error)).into_response(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Callback {
    code: String,
    state: String,
    #[serde(rename = "realmId")]
    realm_id: String,
    error: String,
}

/// The redirect target of Intuit's consent page.
pub(crate) async fn callback(
    State(app): State<App>,
    jar: CookieJar,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    // The URL may contain a code, so every answer is a redirect to another URL.
    let Ok(Query(callback)) = callback else {
        return redirect_to_failure(&flows::Error::ForeignFlow, "quickbooks").into_response();
    };
    let browser = read_browser_secret(&app, &jar);
    if !callback.error.is_empty() {
        return match connect::refuse(&app, &callback.state, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-refused?cancelled={sealed}")).into_response(),
            Err(error) => redirect_to_failure(&error, "quickbooks").into_response(),
        };
    }
    match connect::finish(&app, &callback.code, &callback.state, &callback.realm_id, &browser).await {
        Ok(question) => Redirect::to(&format!("/quickbooks/confirm?pending={question}")).into_response(),
        Err(error) => redirect_to_denial(&error).into_response(),
    }
}

/// Redirects to Intuit's consent page again, after the user cancelled.
pub(crate) async fn restart(State(app): State<App>, jar: CookieJar, Query(query): Query<OutcomeQuery>) -> Response {
    match connect::restart_consent(&app, &query.cancelled, &read_browser_secret(&app, &jar)).await {
        Ok(next) => Redirect::to(next.as_str()).into_response(),
        Err(error) => redirect_to_denial(&error).into_response(),
    }
}

/// The pending connection, as a value that only this browser can use, and the user's decision.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfirmationInput {
    pending: String,
    decision: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    w: Writer,
    pending: String,
    confirmation: connect::Confirmation,
    /// Why the decision could not be carried out.
    error_text: Option<String>,
}

/// Renders the question whether to connect, with the names of both companies.
pub(crate) async fn render_confirmation(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(query): Query<ConfirmationInput>,
) -> Result<Response, Error> {
    render_question(&app, &jar, &headers, query.pending, None).await
}

async fn render_question(
    app: &App,
    jar: &CookieJar,
    headers: &HeaderMap,
    pending: String,
    error: Option<&flows::Error>,
) -> Result<Response, Error> {
    let w = Writer::new(read_browser_locale(headers));
    match connect::read_confirmation(app, &pending, &read_browser_secret(app, jar)).await {
        Ok(confirmation) => {
            html(&ConfirmPage { w, pending, confirmation, error_text: error.map(|error| describe_error(w, error).2) })
        }
        Err(error) => Ok(redirect_to_denial(&error).into_response()),
    }
}

/// Connects, or cancels, as the user decided.
pub(crate) async fn confirm(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    Form(answer): Form<ConfirmationInput>,
) -> Result<Response, Error> {
    let browser = read_browser_secret(&app, &jar);
    if answer.decision != "connect" {
        return Ok(match connect::decline(&app, &answer.pending, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-declined?cancelled={sealed}")).into_response(),
            Err(error) => redirect_to_failure(&error, "quickbooks").into_response(),
        });
    }
    match connect::confirm(&app, &answer.pending, &browser).await {
        Ok(tenant) => Ok(Redirect::to(&app.config.settings_page(&tenant.company_domain)).into_response()),
        // The pending connection is kept, so that the user can try again.
        Err(Denied { error: error @ flows::Error::RightsUnknown(_), .. }) => {
            let mut response = render_question(&app, &jar, &headers, answer.pending, Some(&error)).await?;
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Ok(response)
        }
        Err(error) => Ok(redirect_to_denial(&error).into_response()),
    }
}

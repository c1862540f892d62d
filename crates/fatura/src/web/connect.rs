//! Connecting QuickBooks in a browser tab.

use super::{
    error::{Error, words},
    flow_cookie::{known_browser, new_browser},
    page::{assets, html},
    pages::{Cancelled, asked, denied, failed},
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
pub(crate) struct Ticket {
    ticket: String,
}

/// The browser's user agent, the same in a frame and in a tab.
pub(super) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Takes a ticket and goes on to Intuit.
pub(crate) async fn begin(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    ticket: Result<Query<Ticket>, QueryRejection>,
) -> Response {
    let Ok(Query(ticket)) = ticket else { return failed(&flows::Error::ForeignFlow, "quickbooks").into_response() };
    let (secret, jar) = new_browser(&app, jar);
    match connect::begin(&app, &ticket.ticket, agent(&headers), &secret).await {
        Ok(consent) => (jar, Redirect::to(consent.as_str())).into_response(),
        Err(error) => (jar, denied(&error)).into_response(),
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

/// Where Intuit's consent page leads back to.
pub(crate) async fn callback(
    State(app): State<App>,
    jar: CookieJar,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    // An address with a code in it is answered with another address, whatever is wrong with it.
    let Ok(Query(callback)) = callback else { return failed(&flows::Error::ForeignFlow, "quickbooks").into_response() };
    let browser = known_browser(&app, &jar);
    if !callback.error.is_empty() {
        return match connect::refuse(&app, &callback.state, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-refused?cancelled={sealed}")).into_response(),
            Err(error) => failed(&error, "quickbooks").into_response(),
        };
    }
    match connect::finish(&app, &callback.code, &callback.state, &callback.realm_id, &browser).await {
        Ok(question) => Redirect::to(&format!("/quickbooks/confirm?pending={question}")).into_response(),
        Err(error) => denied(&error).into_response(),
    }
}

/// Takes somebody who has cancelled to Intuit once more.
pub(crate) async fn again(State(app): State<App>, jar: CookieJar, Query(asked_for): Query<Cancelled>) -> Response {
    match connect::restart_consent(&app, &asked_for.cancelled, &known_browser(&app, &jar)).await {
        Ok(next) => Redirect::to(next.as_str()).into_response(),
        Err(error) => denied(&error).into_response(),
    }
}

/// The question that is open, in this browser alone, and the answer to it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    pending: String,
    decision: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    w: Writer,
    pending: String,
    confirmation: connect::Confirmation,
    /// Why the answer was not taken.
    trouble: Option<String>,
}

/// Names both companies and asks.
pub(crate) async fn confirmation(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked_for): Query<Pending>,
) -> Result<Response, Error> {
    question(&app, &jar, &headers, asked_for.pending, None).await
}

async fn question(
    app: &App,
    jar: &CookieJar,
    headers: &HeaderMap,
    pending: String,
    error: Option<&flows::Error>,
) -> Result<Response, Error> {
    let w = Writer::new(asked(headers));
    match connect::read_confirmation(app, &pending, &known_browser(app, jar)).await {
        Ok(confirmation) => {
            html(&ConfirmPage { w, pending, confirmation, trouble: error.map(|error| words(w, error).2) })
        }
        Err(error) => Ok(denied(&error).into_response()),
    }
}

/// Takes the answer.
pub(crate) async fn confirm(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    Form(answer): Form<Pending>,
) -> Result<Response, Error> {
    let browser = known_browser(&app, &jar);
    if answer.decision != "connect" {
        return Ok(match connect::decline(&app, &answer.pending, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-declined?cancelled={sealed}")).into_response(),
            Err(error) => failed(&error, "quickbooks").into_response(),
        });
    }
    match connect::confirm(&app, &answer.pending, &browser).await {
        Ok(tenant) => Ok(Redirect::to(&app.config.settings_page(&tenant.company_domain)).into_response()),
        // The question stays, and with it the answer of Intuit.
        Err(Denied { error: error @ flows::Error::RightsUnknown(_), .. }) => {
            let mut response = question(&app, &jar, &headers, answer.pending, Some(&error)).await?;
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Ok(response)
        }
        Err(error) => Ok(denied(&error).into_response()),
    }
}

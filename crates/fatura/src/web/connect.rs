//! Connecting QuickBooks in a browser tab.

use super::{
    Error, assets, html,
    install::{browser, known_browser},
    pages::{asked, failed},
};
use crate::{flows::connect, format::Writer, state::App};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{CookieJar, Query};
use i18n_embed_fl::fl;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ticket {
    ticket: String,
}

/// Takes a ticket and goes on to Intuit.
pub(crate) async fn begin(State(app): State<App>, jar: CookieJar, Query(ticket): Query<Ticket>) -> Response {
    let (secret, jar) = browser(&app, jar);
    match connect::begin(&app, &ticket.ticket, &secret).await {
        Ok(consent) => (jar, Redirect::to(consent.as_str())).into_response(),
        Err(error) => failed(&error, "quickbooks").into_response(),
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
pub(crate) async fn callback(State(app): State<App>, jar: CookieJar, Query(callback): Query<Callback>) -> Response {
    let browser = known_browser(&app, &jar);
    if !callback.error.is_empty() {
        return match connect::refuse(&app, &callback.state, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-refused?cancelled={sealed}")).into_response(),
            Err(error) => failed(&error, "quickbooks").into_response(),
        };
    }
    match connect::finish(&app, &callback.code, &callback.state, &callback.realm_id, &browser).await {
        Ok(sealed) => Redirect::to(&format!("/quickbooks/confirm?pending={sealed}")).into_response(),
        Err(error) => failed(&error, "quickbooks").into_response(),
    }
}

/// Who has cancelled: sealed, and bound to this browser.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cancelled {
    pub(crate) cancelled: String,
}

/// Takes somebody who has cancelled to Intuit once more.
pub(crate) async fn again(State(app): State<App>, jar: CookieJar, Query(asked_for): Query<Cancelled>) -> Response {
    match connect::again(&app, &asked_for.cancelled, &known_browser(&app, &jar)).await {
        Ok(next) => Redirect::to(next.as_str()).into_response(),
        Err(error) => failed(&error, "quickbooks").into_response(),
    }
}

/// What waits to be confirmed: sealed, and bound to this browser.
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
}

/// Names both companies and asks.
pub(crate) async fn confirmation(
    State(app): State<App>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked_for): Query<Pending>,
) -> Result<Response, Error> {
    let w = Writer::new(asked(&headers));
    match connect::confirmation(&app, &asked_for.pending, &known_browser(&app, &jar)).await {
        Ok(confirmation) => html(&ConfirmPage { w, pending: asked_for.pending, confirmation }),
        Err(error) => Ok(failed(&error, "quickbooks").into_response()),
    }
}

/// Takes the answer.
pub(crate) async fn confirm(State(app): State<App>, jar: CookieJar, Form(answer): Form<Pending>) -> Response {
    let browser = known_browser(&app, &jar);
    if answer.decision != "connect" {
        return match connect::decline(&app, &answer.pending, &browser).await {
            Ok(sealed) => Redirect::to(&format!("/outcome/quickbooks-declined?cancelled={sealed}")).into_response(),
            Err(error) => failed(&error, "quickbooks").into_response(),
        };
    }
    match connect::confirm(&app, &answer.pending, &browser).await {
        Ok(tenant) => Redirect::to(&app.config.settings_page(&tenant.company_domain)).into_response(),
        Err(error) => failed(&error, "quickbooks").into_response(),
    }
}

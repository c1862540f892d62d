//! The cookie that binds the steps of installing and connecting to one browser.

use crate::{
    flows::{is_secret, secret},
    state::App,
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};

fn cookie_name(app: &App) -> &'static str {
    if app.config.is_https() { "__Host-fatura-flow" } else { "fatura-flow" }
}

/// Returns the browser's secret, and the jar with the cookie that stores it. An existing secret is kept, so that a flow in another tab
/// can continue.
pub(crate) fn ensure_browser_secret(app: &App, jar: CookieJar) -> (String, CookieJar) {
    let existing = read_browser_secret(app, &jar);
    let secret = if is_secret(&existing) { existing } else { secret() };
    let cookie = Cookie::build((cookie_name(app), secret.clone()))
        .path("/")
        .http_only(true)
        .secure(app.config.is_https())
        .same_site(SameSite::Lax);
    (secret, jar.add(cookie))
}

/// Returns the browser's secret from the cookie; empty if there is none.
pub(crate) fn read_browser_secret(app: &App, jar: &CookieJar) -> String {
    jar.get(cookie_name(app)).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

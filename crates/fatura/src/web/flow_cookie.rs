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

/// The secret that this browser holds, and the cookie that makes it hold one. One that it has stays: a flow that another tab has begun
/// goes on.
pub(crate) fn new_browser(app: &App, jar: CookieJar) -> (String, CookieJar) {
    let known = known_browser(app, &jar);
    let secret = if is_secret(&known) { known } else { secret() };
    let cookie = Cookie::build((cookie_name(app), secret.clone()))
        .path("/")
        .http_only(true)
        .secure(app.config.is_https())
        .same_site(SameSite::Lax);
    (secret, jar.add(cookie))
}

/// The secret that this browser brings.
pub(crate) fn known_browser(app: &App, jar: &CookieJar) -> String {
    jar.get(cookie_name(app)).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

//! The session of a browser.

use crate::shared::Shared;
use axum_extra::extract::CookieJar;

/// Name of the session cookie.
pub(crate) const SESSION: &str = "pipedrive_session";

/// Returns the signed-in user of a browser. All ports of the host share the session cookie.
pub(crate) fn signed_in(shared: &Shared, jar: &CookieJar) -> Option<i64> {
    let session = jar.get(SESSION)?.value().to_owned();
    shared.state().sessions.get(&session).copied()
}

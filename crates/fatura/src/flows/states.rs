//! Sealed values that a browser returns, as `state` of a consent page or as one-time token. Each proves that Fatura issued it.
//!
//! Anybody can send such a value, so a forged or expired one is rejected before the database is queried.

use super::Error;
use crate::state::App;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// Issues a value for one purpose that is valid until a time.
pub(crate) fn issue_state(app: &App, purpose: &str, until: Timestamp) -> Result<String, Error> {
    Ok(app.vault.seal(&place(purpose), &SecretString::from(until.as_second().to_string()))?)
}

/// Checks that Fatura issued a value for this purpose, and that it has not expired. Fails with [`Error::ForeignFlow`] otherwise.
pub(crate) fn check_state(app: &App, purpose: &str, value: &str) -> Result<(), Error> {
    let until = find_expiry(app, purpose, value)?;
    if until < app.clock.now().as_second() { Err(Error::ForeignFlow) } else { Ok(()) }
}

/// Finds the expiry of a value for this purpose, in seconds, even if it has expired. Fails with [`Error::ForeignFlow`] if Fatura did not issue
/// it.
pub(crate) fn find_expiry(app: &App, purpose: &str, value: &str) -> Result<i64, Error> {
    let text = app.vault.open(&place(purpose), value).map_err(|_| Error::ForeignFlow)?;
    text.expose_secret().parse().map_err(|_| Error::ForeignFlow)
}

fn place(purpose: &str) -> String {
    format!("state/{purpose}")
}

//! Values that a browser brings back, as `state` of a consent page or as a ticket: each proves by itself that Fatura made it.
//!
//! Anybody may send one, so a forged or expired value is rejected before the database is asked.

use super::Error;
use crate::state::App;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// A value that nobody can guess, for one purpose, until a moment.
pub(crate) fn issue_state(app: &App, purpose: &str, until: Timestamp) -> Result<String, Error> {
    Ok(app.vault.seal(&place(purpose), &SecretString::from(until.as_second().to_string()))?)
}

/// Checks that Fatura made a value for this purpose, and that it has not expired. [`Error::ForeignFlow`] otherwise.
pub(crate) fn check_state(app: &App, purpose: &str, given: &str) -> Result<(), Error> {
    let until = find_expiry(app, purpose, given)?;
    if until < app.clock.now().as_second() { Err(Error::ForeignFlow) } else { Ok(()) }
}

/// Until when a value that Fatura made for this purpose holds, also one that has expired. [`Error::ForeignFlow`] otherwise.
pub(crate) fn find_expiry(app: &App, purpose: &str, given: &str) -> Result<i64, Error> {
    let text = app.vault.open(&place(purpose), given).map_err(|_| Error::ForeignFlow)?;
    text.expose_secret().parse().map_err(|_| Error::ForeignFlow)
}

fn place(purpose: &str) -> String {
    format!("state/{purpose}")
}

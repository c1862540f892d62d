//! A pair of OAuth tokens, and where each is sealed.

use crate::{Error, time::instant, vault::Vault};
use jiff::Timestamp;
use secrecy::SecretString;

/// An access token, the refresh token that renews it, and when the first one ends.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Sent with each call.
    pub access: SecretString,
    /// Exchanged for new tokens; may come back changed.
    pub refresh: SecretString,
    /// The access token is refused from then on.
    pub expires_at: Timestamp,
}

/// Both tokens sealed for one row, named by `place`.
pub(crate) fn seal(vault: &Vault, place: &str, tokens: &Tokens) -> Result<(String, String), Error> {
    Ok((
        vault.seal(&format!("{place}.access_token"), &tokens.access)?,
        vault.seal(&format!("{place}.refresh_token"), &tokens.refresh)?,
    ))
}

/// Opens what [`seal`] sealed.
pub(crate) fn open(vault: &Vault, place: &str, access: &str, refresh: &str, expires_at: i64) -> Result<Tokens, Error> {
    Ok(Tokens {
        access: vault.open(&format!("{place}.access_token"), access)?,
        refresh: vault.open(&format!("{place}.refresh_token"), refresh)?,
        expires_at: instant(expires_at)?,
    })
}

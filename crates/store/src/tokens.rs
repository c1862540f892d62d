//! A pair of OAuth tokens, and the place that each is sealed for.

use crate::{Error, time::instant, vault::Vault};
use jiff::Timestamp;
use secrecy::SecretString;

/// An access token with its expiry, and the refresh token that renews it.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Sent with each call.
    pub access: SecretString,
    /// Exchanged for new tokens. The provider may replace it at each refresh.
    pub refresh: SecretString,
    /// Expiry of the access token.
    pub expires_at: Timestamp,
}

/// Seals both tokens for the row that `place` names.
pub(crate) fn seal(vault: &Vault, place: &str, tokens: &Tokens) -> Result<(String, String), Error> {
    Ok((
        vault.seal(&format!("{place}.access_token"), &tokens.access)?,
        vault.seal(&format!("{place}.refresh_token"), &tokens.refresh)?,
    ))
}

/// Opens tokens that [`seal`] sealed for the same place.
pub(crate) fn open(vault: &Vault, place: &str, access: &str, refresh: &str, expires_at: i64) -> Result<Tokens, Error> {
    Ok(Tokens {
        access: vault.open(&format!("{place}.access_token"), access)?,
        refresh: vault.open(&format!("{place}.refresh_token"), refresh)?,
        expires_at: instant(expires_at)?,
    })
}

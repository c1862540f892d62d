//! What became of a call to a provider, by what the caller does next.

use std::time::Duration;

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was done; the same call may be made after the delay.
    #[error("the provider asks to wait {0:?}")]
    Busy(Duration),
    /// The provider does not work at the moment, and has begun nothing.
    #[error("the provider is not available")]
    Away,
    /// Nothing is read until the next month, or nobody may read now; what is written is not concerned.
    #[error("the provider refuses reads for now")]
    ReadsRefused,
    /// A read that nobody waits for was not made: our own budget of the month is spread over what is left of it.
    #[error("the read is held back")]
    HeldBack,
    /// The access token was not taken: refresh it and make the same call again.
    #[error("the access token was refused")]
    TokenRefused,
    /// The grant is gone; a person has to connect again.
    #[error("the connection was revoked")]
    Disconnected,
    /// There is no such thing, or not for this user.
    #[error("the provider does not have it")]
    NotFound,
    /// The provider refused and would refuse again.
    #[error("the provider refused: {}", .0.code)]
    Refused(Refusal),
    /// It may or may not have been carried out: look before repeating.
    #[error("no usable answer came back")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A provider's own words on why it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code, as QuickBooks' `6240`; the HTTP status where it gives none.
    pub code: String,
    /// Its explanation, in English. May quote what was sent: show it, never log it.
    pub detail: String,
    /// The member it is about, where it says so.
    pub element: String,
    /// Its id of the call, for its support.
    pub call_id: String,
}

impl ProviderError {
    /// No usable answer, with the reason.
    pub fn unknown(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown(reason.into())
    }
}

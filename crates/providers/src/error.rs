//! What became of a call to a provider, by what the caller does next.

use std::time::Duration;

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was done; the same call may be made after the delay.
    #[error("the provider asks to wait {0:?}")]
    Busy(Duration),
    /// The call was not made, because what it needs first (a renewed access token) did not come.
    #[error("the provider is not available")]
    Away,
    /// Nothing is read until the next month, or nobody may read now; what is written is not concerned.
    #[error("the provider refuses reads: those of the month are used up")]
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
    /// The provider refuses the client id or the secret of this installation: an operator has to correct the configuration. The grant
    /// stays as it is.
    #[error("the provider refuses this installation's client id or secret: {0}")]
    Misconfigured(String),
    /// There is no such thing, or not for this user.
    #[error("the provider does not have it")]
    NotFound,
    /// The provider refused and would refuse again.
    #[error("the provider refused: {}", .0.code)]
    Refused(Refusal),
    /// The grant does not allow the call: an administrator has to connect again. Nothing was done.
    #[error("the provider does not permit the call: {}", .0.code)]
    NotPermitted(Box<Refusal>),
    /// The keys of this service and the company belong to different environments: a matter for the operator. Nothing was done.
    #[error("the company belongs to another environment than the keys of this service (a sandbox company with production keys, or the reverse): {}", .0.code)]
    WrongEnvironment(Box<Refusal>),
    /// A page in front of the provider (a CDN, a firewall) answered in the provider's place. It may or may not have been carried
    /// out: look before repeating.
    #[error("a page in front of the provider answered with status {0}")]
    Blocked(u16),
    /// It may or may not have been carried out: look before repeating.
    #[error("no usable answer came back")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A provider's own words on why it refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its code, as QuickBooks' `6240`; the HTTP status where it gives none.
    pub code: String,
    /// Its explanation, in English. May quote what was sent: show it, never log it.
    pub detail: String,
    /// The member it is about, where it says so.
    pub element: String,
    /// Its id of the call, for its support.
    pub call_id: Box<str>,
    /// The HTTP status; 0 where no answer stands behind it.
    pub status: u16,
    /// The other errors of the same answer.
    pub others: Box<[Fault]>,
}

/// One error of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// Its code.
    pub code: String,
    /// Its explanation, in English; its message where it has none.
    pub detail: String,
    /// The member that it is about, where it says so.
    pub element: String,
}

impl Refusal {
    /// All errors of the answer, in their order.
    pub fn faults(&self) -> Vec<Fault> {
        let Self { code, detail, element, .. } = self.clone();
        std::iter::once(Fault { code, detail, element }).chain(self.others.iter().cloned()).collect()
    }
}

impl ProviderError {
    /// No usable answer, with the reason.
    pub fn unknown(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown(reason.into())
    }
}

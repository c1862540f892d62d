//! Errors of calls to providers, by what the caller does next.

use std::time::Duration;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The call had no effect. Repeat it after the delay.
    #[error("the provider asks to wait {0:?}")]
    Busy(Duration),
    /// The call was not sent, because the access token could not be refreshed.
    #[error("the access token could not be refreshed")]
    TokenUnavailable,
    /// The provider refuses reads, because the reads of the month are used up or reading is forbidden. Writes still
    /// work.
    #[error("the provider refuses reads: those of the month are used up")]
    ReadsRefused,
    /// A background read was not sent: Fatura spreads its own monthly budget over the remaining days of the month.
    #[error("the read is held back")]
    HeldBack,
    /// The provider did not accept the access token. Refresh it and repeat the call.
    #[error("the access token was refused")]
    TokenRefused,
    /// The grant has ended. A person has to connect again.
    #[error("the connection was revoked")]
    Disconnected,
    /// The provider refuses the client id or the secret of this installation. An operator has to correct the
    /// configuration. The grant stays valid.
    #[error("the provider refuses this installation's client id or secret: {0}")]
    Misconfigured(String),
    /// The object does not exist, or this user may not see it.
    #[error("the provider does not have it")]
    NotFound,
    /// The provider refused, and would refuse a repeated call as well.
    #[error("the provider refused: {}", .0.code)]
    Refused(Refusal),
    /// The grant does not allow the call. An administrator has to connect again. The call had no effect.
    #[error("the provider does not permit the call: {}", .0.code)]
    NotPermitted(Box<Refusal>),
    /// The keys of this service and the company belong to different environments. The operator has to act. The call had
    /// no effect.
    #[error("the company belongs to another environment than the keys of this service (a sandbox company with production keys, or the reverse): {}", .0.code)]
    WrongEnvironment(Box<Refusal>),
    /// A proxy in front of the provider (a CDN, a firewall) answered with this HTTP status. The call may have had an
    /// effect: look it up before resending.
    #[error("a proxy in front of the provider answered with status {0}")]
    Blocked(u16),
    /// The call may have had an effect: look it up before resending.
    #[error("no usable answer came back")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A refusal, with the texts of the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The provider's code, such as QuickBooks' `6240`; the HTTP status if the provider gives none.
    pub code: String,
    /// The explanation, in English. It may quote the request: show it, but never log it.
    pub detail: String,
    /// The member of the request that caused the refusal, if the provider names it.
    pub element: String,
    /// The provider's id of the call, for its support.
    pub call_id: Box<str>,
    /// The HTTP status; 0 if Fatura itself refused without an answer.
    pub status: u16,
    /// Further errors of the same answer.
    pub others: Box<[Fault]>,
}

/// One error of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// The provider's code.
    pub code: String,
    /// The explanation, in English; the message if there is no explanation.
    pub detail: String,
    /// The member of the request that caused the error, if the provider names it.
    pub element: String,
}

impl Refusal {
    /// All errors of the answer, in order.
    pub fn faults(&self) -> Vec<Fault> {
        let Self { code, detail, element, .. } = self.clone();
        std::iter::once(Fault { code, detail, element }).chain(self.others.iter().cloned()).collect()
    }
}

impl ProviderError {
    /// A [`ProviderError::Unknown`] with its reason.
    pub fn unknown(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown(reason.into())
    }
}

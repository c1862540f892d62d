//! The use cases. Pages and jobs call them; they call the store and the providers.

pub(crate) mod access;
pub(crate) mod catalogue;

pub(crate) mod companies;
pub(crate) mod company_language;
pub(crate) mod connect;
pub(crate) mod context;
pub(crate) mod customers;
pub(crate) mod drafts;
pub(crate) mod form;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod install;
pub(crate) mod invoice_actions;
pub(crate) mod issue;
pub(crate) mod items;
pub(crate) mod ledger;
mod lost_access;
pub(crate) mod merges;
mod outcome_waiter;
pub(crate) mod panel;
pub(crate) mod parked;
pub(crate) mod pdf;
pub(crate) mod reconnect;
pub(crate) mod refusals;
pub(crate) mod repeats;
pub(crate) mod revoke;
pub(crate) mod rights;
pub(crate) mod settings;
mod single_flight;
mod states;
pub(crate) mod sync;
pub(crate) mod won_deals;
pub(crate) mod write_back;

use aws_lc_rs::rand;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use providers::ProviderError;
use std::time::Duration;

/// Upper bound for a request to wait for the outcome of an operation. The page then shows that it is under way.
pub(crate) const OUTCOME_TIMEOUT: Duration = Duration::from_secs(8);

/// An error of a use case. Each variant has another remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The database failed. The user can only try again.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A call to Pipedrive failed.
    #[error("Pipedrive: {0}")]
    Pipedrive(#[source] ProviderError),
    /// A call to QuickBooks failed.
    #[error("QuickBooks: {0}")]
    QuickBooks(#[source] ProviderError),
    /// This user has not installed the app, or Pipedrive has ended the grant.
    #[error("the user has not installed the app")]
    NotInstalled,
    /// No QuickBooks company is connected.
    #[error("no QuickBooks company is connected")]
    NotConnected,
    /// QuickBooks has ended the access. An administrator has to connect again.
    #[error("QuickBooks has to be connected again")]
    NeedsReconnect,
    /// The object does not exist, or this user may not see it.
    #[error("not found")]
    NotFound,
    /// Only administrators may do this.
    #[error("only administrators may do this")]
    AdminsOnly,
    /// Pipedrive did not answer whether the user is an administrator.
    #[error("the user's rights are not known: {0}")]
    RightsUnknown(#[source] ProviderError),
    /// The OAuth callback or one-time token is invalid, used, or of another browser.
    #[error("the flow is unknown, used, or another browser's")]
    ForeignFlow,
    /// The user refused on the consent page.
    #[error("consent was refused")]
    Refused,
    /// The operation has to be attempted again after this time. Nothing has failed.
    #[error("to be attempted again in {0:?}")]
    NotYet(Duration),
    /// The user has used up their share of the company's Pipedrive calls, for this time.
    #[error("the user's share of Pipedrive's calls is used up for {0:?}")]
    ShareUsed(Duration),
    /// The QuickBooks company is connected to another Pipedrive company.
    #[error("the QuickBooks company is connected elsewhere")]
    ConnectedElsewhere,
}

/// Generates a random value of 256 bits.
pub(crate) fn secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).expect("the system provides random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a text has the shape of a [`secret`].
pub(crate) fn is_secret(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

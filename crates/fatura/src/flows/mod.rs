//! The use cases. Pages and jobs call them; they call the store and the providers.

pub(crate) mod access;
pub(crate) mod acts;
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
pub(crate) mod issue;
pub(crate) mod items;
pub(crate) mod lease;
pub(crate) mod ledger;
mod lost_access;
pub(crate) mod merges;
pub(crate) mod panel;
pub(crate) mod parked;
pub(crate) mod pdf;
pub(crate) mod reconnect;
mod refusals;
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
use store::parked::ParkReason;

/// An error of a use case, by what the person can do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Ours to mend; the person can only try again.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A call to Pipedrive failed.
    #[error("Pipedrive: {0}")]
    Pipedrive(#[source] ProviderError),
    /// A call to QuickBooks failed.
    #[error("QuickBooks: {0}")]
    QuickBooks(#[source] ProviderError),
    /// This user has not installed the app, or Pipedrive took the grant away.
    #[error("the user has not installed the app")]
    NotInstalled,
    /// No QuickBooks company is connected.
    #[error("no QuickBooks company is connected")]
    NotConnected,
    /// The connection has to be made anew.
    #[error("QuickBooks has to be connected again")]
    NeedsReconnect,
    /// There is no such thing, or not for this user.
    #[error("not found")]
    NotFound,
    /// Only administrators may do this.
    #[error("only administrators may do this")]
    AdminsOnly,
    /// Pipedrive did not say whether the user is an administrator.
    #[error("the user's rights are not known: {0}")]
    RightsUnknown(#[source] ProviderError),
    /// The OAuth answer does not belong to a flow of this browser.
    #[error("the flow is unknown, used, or another browser's")]
    ForeignFlow,
    /// The person said no on the consent page.
    #[error("consent was refused")]
    Refused,
    /// It goes no further now; nothing has failed.
    #[error("to be looked at again in {0:?}")]
    NotYet(Duration),
    /// It goes no further without a person.
    #[error("a person has to look")]
    Parked(ParkReason),
    /// The user has used up their share of what Pipedrive allows the company.
    #[error("the user's share of Pipedrive's calls is used up for {0:?}")]
    ShareUsed(Duration),
    /// The QuickBooks company is connected by another Pipedrive company.
    #[error("the QuickBooks company is connected elsewhere")]
    ConnectedElsewhere,
}

/// A value that nobody can guess: 256 bits.
pub(crate) fn secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).expect("the system has random numbers");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a text has the shape of a [`secret`].
pub(crate) fn is_secret(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

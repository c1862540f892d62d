//! Effects of faults on calls.

use sandbox_quickbooks::api::requested_faults::{RequestedFault, XmlFault};
use serde::{Deserialize, Serialize};

/// Effect of a fault on a call. Refusals have QuickBooks' form, for both providers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// Answers with this status. The call is not carried out.
    Status(u16),
    /// Refuses the call with a fault of QuickBooks' API. The call is not carried out.
    Fault(RequestedFault),
    /// Refuses the call with the gateway's XML, whatever the request accepts. The call is not carried out.
    Xml(XmlFault),
    /// Refuses the call because the app may not open the company. The call is not carried out.
    NotAuthorized,
    /// Refuses the call because the token lacks the scope. The call is not carried out.
    ScopeMissing,
    /// Answers with a CDN's page of this status. The call is not carried out.
    Page(u16),
    /// Carries the call out, and answers with a CDN's page of this status.
    PageAfter(u16),
    /// Refuses a token request as `invalid_grant` with this description, or without one if it is empty.
    InvalidGrant(String),
    /// Refuses the call because of a rate limit. The call is not carried out.
    Throttle,
    /// Breaks the connection. The call is not carried out.
    DropBefore,
    /// Carries the call out, and breaks the connection.
    DropAfter,
    /// Waits this number of milliseconds, and carries the call out.
    Delay(u64),
    /// Carries the call out, and holds the answer back for this number of milliseconds.
    DelayAfter(u64),
    /// Carries the call out, and answers with half of the body.
    Truncate,
    /// Carries the call out, and answers with HTML under the answer's content type.
    Malformed,
    /// Carries the call out, and changes the shape of this number of places in the JSON answer.
    Mutate(u32),
}

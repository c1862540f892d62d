//! Identifiers. Ours are UUIDs with a type for each noun; the providers' are what the providers give.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A Pipedrive company that uses Fatura. First argument of every store function that touches its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub Uuid);

/// One connection of a tenant with one QuickBooks company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub Uuid);

/// One intended invoice: the row that is written before QuickBooks is asked, and kept afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvoiceId(pub Uuid);

/// The key that a form carries from the moment it is opened. However often the form is sent, the key makes it
/// one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentKey(pub Uuid);

/// One act on an invoice that stands: voiding, deleting, sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActId(pub Uuid);

/// One entry for a deal's own history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub Uuid);

/// A Pipedrive user, numbered by Pipedrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

/// A Pipedrive deal, numbered by Pipedrive within its company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DealId(pub i64);

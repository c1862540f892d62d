//! Properties that queries can compare, and their values in a row in a form that compares.
//!
//! The properties of invoices follow the reference (5.2). Those of other entities are the ones that published clients
//! use.

use super::id::Id;
use crate::entity::Entity;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use sandbox_core::decimal::decimal;
use serde_json::Value;

/// How the values of a property compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    /// The id of a reference. Queries cannot sort by it.
    Reference,
    Text,
    Number,
    Flag,
    Date,
    Instant,
}

/// A property of an entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
}

const fn property(path: &'static str, kind: Kind) -> Property {
    Property { path, kind }
}

macro_rules! properties {
    ($($path:literal $kind:ident),* $(,)?) => {
        const {
            &[
                property("Id", Kind::Id),
                property("MetaData.CreateTime", Kind::Instant),
                property("MetaData.LastUpdatedTime", Kind::Instant),
                $(property($path, Kind::$kind)),*
            ]
        }
    };
}

/// Index of the id among the keys of a row.
pub(crate) const ID: usize = 0;

/// Index of the creation time among the keys of a row.
pub(crate) const CREATED: usize = 1;

/// Index of the time of the last change among the keys of a row.
pub(crate) const LAST_UPDATED: usize = 2;

/// Lists the properties of an entity.
pub(crate) fn properties(entity: Entity) -> &'static [Property] {
    match entity {
        Entity::Invoice => properties![
            "CustomerRef" Reference, "DocNumber" Text, "TxnDate" Date, "DueDate" Date, "Balance" Number,
            "SalesTermRef" Reference, "ProjectRef" Reference,
        ],
        Entity::Estimate => properties![
            "CustomerRef" Reference, "DocNumber" Text, "TxnDate" Date, "DueDate" Date, "ExpirationDate" Date,
            "TxnStatus" Text, "TotalAmt" Number, "ProjectRef" Reference,
        ],
        Entity::CreditMemo => properties![
            "CustomerRef" Reference, "DocNumber" Text, "TxnDate" Date, "Balance" Number, "TotalAmt" Number,
            "SalesTermRef" Reference,
        ],
        Entity::SalesReceipt | Entity::RefundReceipt => properties![
            "CustomerRef" Reference, "DocNumber" Text, "TxnDate" Date, "Balance" Number, "TotalAmt" Number,
        ],
        Entity::Payment => properties![
            "CustomerRef" Reference, "TxnDate" Date, "TotalAmt" Number, "UnappliedAmt" Number, "PaymentRefNum" Text,
            "PaymentMethodRef" Reference, "DepositToAccountRef" Reference,
        ],
        Entity::Customer | Entity::Vendor | Entity::Employee => properties![
            "DisplayName" Text, "GivenName" Text, "MiddleName" Text, "FamilyName" Text, "CompanyName" Text,
            "FullyQualifiedName" Text, "PrintOnCheckName" Text, "PrimaryEmailAddr" Text, "PrimaryPhone" Text,
            "Active" Flag, "Balance" Number, "Job" Flag, "ParentRef" Reference,
        ],
        Entity::Item => properties![
            "Name" Text, "Sku" Text, "Type" Text, "Active" Flag, "FullyQualifiedName" Text, "UnitPrice" Number,
            "Description" Text, "ParentRef" Reference, "QtyOnHand" Number,
        ],
        Entity::Account => properties![
            "Name" Text, "AccountType" Text, "AccountSubType" Text, "Classification" Text, "Active" Flag,
            "FullyQualifiedName" Text, "AcctNum" Text, "Description" Text, "SubAccount" Flag, "ParentRef" Reference,
            "CurrentBalance" Number,
        ],
        Entity::Term => properties!["Name" Text, "Active" Flag, "Type" Text, "DueDays" Number],
        Entity::PaymentMethod => properties!["Name" Text, "Active" Flag, "Type" Text],
        Entity::TaxCode => properties!["Name" Text, "Description" Text, "Active" Flag, "Taxable" Flag, "TaxGroup" Flag],
        Entity::TaxRate => {
            properties!["Name" Text, "Description" Text, "Active" Flag, "RateValue" Number, "AgencyRef" Reference]
        }
        Entity::TaxAgency => properties!["DisplayName" Text],
        Entity::Class | Entity::Department => {
            properties!["Name" Text, "Active" Flag, "FullyQualifiedName" Text, "ParentRef" Reference]
        }
        Entity::CompanyCurrency => properties!["Code" Text, "Name" Text, "Active" Flag],
        Entity::ExchangeRate => properties!["SourceCurrencyCode" Text, "TargetCurrencyCode" Text, "AsOfDate" Date],
        Entity::CompanyInfo => properties!["CompanyName" Text],
        Entity::Preferences => properties![],
        Entity::Attachable => properties![
            "FileName" Text, "ContentType" Text, "Note" Text, "AttachableRef.EntityRef.Type" Text,
            "AttachableRef.EntityRef.value" Id, "AttachableRef.IncludeOnSend" Flag,
        ],
    }
}

/// The value of a property in one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Absent,
    Flag(bool),
    Id(Id),
    Number(Decimal),
    Date(Date),
    Instant(Timestamp),
    /// A text in lower case, because comparisons ignore case.
    Text(Box<str>),
    /// Values of a member of a list, one for each element.
    Many(Vec<Self>),
}

pub(super) fn keys(entity: Entity, row: &Value) -> Box<[Key]> {
    properties(entity).iter().map(|property| key(property, row)).collect()
}

fn key(property: &Property, row: &Value) -> Key {
    fn walk(value: &Value, mut path: std::str::Split<'_, char>, kind: Kind) -> Key {
        if let Value::Array(values) = value {
            return Key::Many(values.iter().map(|value| walk(value, path.clone(), kind)).collect());
        }
        let Some(part) = path.next() else { return key_of_value(kind, value) };
        let member = match value {
            // Answers spell the type of a reference in lower case, queries in upper case.
            Value::Object(object) => object.get(part).or_else(|| object.get(&part.to_lowercase())),
            _ => None,
        };
        member.map_or(Key::Absent, |member| walk(member, path, kind))
    }
    walk(row, property.path.split('.'), property.kind)
}

fn key_of_value(kind: Kind, value: &Value) -> Key {
    // A reference compares by its id, an e-mail by its address, a telephone by its number.
    let value = match value {
        Value::Object(object) => {
            ["value", "Address", "FreeFormNumber"].iter().find_map(|name| object.get(*name)).unwrap_or(&Value::Null)
        }
        other => other,
    };
    match value {
        Value::Null => Key::Absent,
        Value::Bool(flag) => Key::Flag(*flag),
        Value::String(text) => parse_key(kind, text).unwrap_or(Key::Absent),
        other => parse_key(kind, &other.to_string()).unwrap_or(Key::Absent),
    }
}

/// Reads a text of a query or of a row as a key. Returns `None` if the text is not of this kind.
pub(crate) fn parse_key(kind: Kind, text: &str) -> Option<Key> {
    Some(match kind {
        Kind::Id | Kind::Reference => Key::Id(Id::from(text.trim())),
        Kind::Text => Key::Text(text.to_lowercase().into()),
        Kind::Number => Key::Number(decimal(&Value::String(text.to_owned()))?),
        Kind::Flag => Key::Flag(match text.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        Kind::Date => Key::Date(text.get(..10)?.parse().ok()?),
        Kind::Instant => Key::Instant(parse_instant(text)?),
    })
}

/// Reads a time. Without an offset, it is in QuickBooks' time zone.
pub(crate) fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = match text.parse::<jiff::civil::DateTime>() {
        Ok(moment) => moment,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    local.to_zoned(crate::clock::pacific_zone()).ok().map(|moment| moment.timestamp())
}

//! Which Pipedrive field fills which field of the invoice form.

use crate::{address::Address, terms::Term};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The Pipedrive record that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// The deal's organization.
    Organization,
    /// The deal's person.
    Person,
    /// The deal itself.
    Deal,
}

impl Entity {
    /// All three, in the order in which settings offer them.
    pub const ALL: [Self; 3] = [Self::Organization, Self::Person, Self::Deal];

    fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Person => "person",
            Self::Deal => "deal",
        }
    }
}

/// One field of one record, written `organization.address`. Custom fields have Pipedrive's 40-character keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldRef {
    /// Whose field.
    pub entity: Entity,
    /// Pipedrive's key of it.
    pub key: String,
}

impl FieldRef {
    /// A field by record and key.
    pub fn new(entity: Entity, key: impl Into<String>) -> Self {
        Self { entity, key: key.into() }
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity.name(), self.key)
    }
}

/// The text names no field.
#[derive(Debug, thiserror::Error)]
#[error("not a field: it has to read like organization.name")]
pub struct NotAField;

impl FromStr for FieldRef {
    type Err = NotAField;

    fn from_str(text: &str) -> Result<Self, NotAField> {
        let (entity, key) = text.split_once('.').ok_or(NotAField)?;
        let entity = Entity::ALL.into_iter().find(|known| known.name() == entity).ok_or(NotAField)?;
        if key.is_empty() || key.len() > 100 {
            return Err(NotAField);
        }
        Ok(Self::new(entity, key))
    }
}

impl TryFrom<String> for FieldRef {
    type Error = NotAField;

    fn try_from(text: String) -> Result<Self, NotAField> {
        text.parse()
    }
}

impl From<FieldRef> for String {
    fn from(field: FieldRef) -> Self {
        field.to_string()
    }
}

/// What a field holds, as far as a mapping cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything that reads as text.
    Text,
    /// An address with its parts.
    Address,
}

/// A field of the connected company, to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub reference: FieldRef,
    /// As the company calls it.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A field's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, or anything written as text.
    Text(String),
    /// An address in parts.
    Address(Address),
}

/// All fields of a deal, its organization and its person that have content.
pub type Values = BTreeMap<FieldRef, Value>;

/// A company's settings: chosen once, applied whenever a form opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Who is billed.
    pub to: Option<FieldRef>,
    /// The bill-to address.
    pub address: Option<FieldRef>,
    /// Where the invoice goes.
    pub email: Option<FieldRef>,
    /// The customer's tax number.
    pub tax_id: Option<FieldRef>,
    /// When an invoice falls due.
    pub term: Term,
    /// QuickBooks account for the sales of items that Fatura creates; QuickBooks' id.
    pub income_account: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: Some(FieldRef::new(Entity::Organization, "name")),
            address: Some(FieldRef::new(Entity::Organization, "address")),
            email: Some(FieldRef::new(Entity::Person, "email")),
            tax_id: None,
            term: Term::default(),
            income_account: None,
        }
    }
}

/// The customer details that a form opens with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDetails {
    /// Who is billed.
    pub to: String,
    /// The bill-to address.
    pub address: Address,
    /// Where the invoice goes.
    pub email: String,
    /// Tax number.
    pub tax_id: String,
}

/// Fills the customer details from a deal's fields. A mapped field without content stays empty; without a name
/// in the mapped field, the organization's or else the person's name is taken.
pub fn customer_details(settings: &Settings, values: &Values) -> CustomerDetails {
    let text = |field: &Option<FieldRef>| match field.as_ref().and_then(|field| values.get(field)) {
        Some(Value::Text(text)) => text.trim().to_owned(),
        Some(Value::Address(address)) => address.one_line(),
        None => String::new(),
    };
    let names = [
        settings.to.clone(),
        Some(FieldRef::new(Entity::Organization, "name")),
        Some(FieldRef::new(Entity::Person, "name")),
    ];
    let to = names.iter().map(text).find(|name| !name.is_empty()).unwrap_or_default();
    let address = match settings.address.as_ref().and_then(|field| values.get(field)) {
        Some(Value::Address(address)) => address.clone(),
        Some(Value::Text(text)) => Address { street: text.trim().to_owned(), ..Address::default() },
        None => Address::default(),
    };
    CustomerDetails { to, address, email: text(&settings.email), tax_id: text(&settings.tax_id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_text() {
        let field: FieldRef = "organization.address".parse().expect("a field");
        assert_eq!(field, FieldRef::new(Entity::Organization, "address"));
        assert_eq!(field.to_string(), "organization.address");
        assert!("lead.name".parse::<FieldRef>().is_err());
        assert!("organization".parse::<FieldRef>().is_err());
    }

    #[test]
    fn a_deal_without_organization_is_billed_to_its_person() {
        let mut values = Values::new();
        values.insert(FieldRef::new(Entity::Person, "name"), Value::Text("Ana Souza".into()));
        values.insert(FieldRef::new(Entity::Person, "email"), Value::Text("ana@example.com".into()));
        let details = customer_details(&Settings::default(), &values);
        assert_eq!((details.to.as_str(), details.email.as_str()), ("Ana Souza", "ana@example.com"));
        assert!(details.address.is_empty());
    }
}

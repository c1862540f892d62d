//! The field mapping of a tenant: which Pipedrive field fills which field of the invoice form.

use crate::address::Address;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
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
    /// All record types, in the order of the settings page.
    pub const ALL: [Self; 3] = [Self::Organization, Self::Person, Self::Deal];

    /// The name in URLs and in Pipedrive's parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Person => "person",
            Self::Deal => "deal",
        }
    }

    /// The record type with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }
}

/// A field of a record, written `organization.address`. Custom fields have Pipedrive's keys of 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldRef {
    /// The record type.
    pub entity: Entity,
    /// Pipedrive's key of the field.
    pub key: String,
}

impl FieldRef {
    /// A field by record type and key.
    pub fn new(entity: Entity, key: impl Into<String>) -> Self {
        Self { entity, key: key.into() }
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity.name(), self.key)
    }
}

/// The text is not a field reference.
#[derive(Debug, thiserror::Error)]
#[error("not a field: it has to read like organization.name")]
pub struct FieldRefError;

impl FromStr for FieldRef {
    type Err = FieldRefError;

    fn from_str(text: &str) -> Result<Self, FieldRefError> {
        let (entity, key) = text.split_once('.').ok_or(FieldRefError)?;
        let entity = Entity::from_name(entity).ok_or(FieldRefError)?;
        if key.is_empty() || key.len() > 100 {
            return Err(FieldRefError);
        }
        Ok(Self::new(entity, key))
    }
}

impl TryFrom<String> for FieldRef {
    type Error = FieldRefError;

    fn try_from(text: String) -> Result<Self, FieldRefError> {
        text.parse()
    }
}

impl From<FieldRef> for String {
    fn from(field: FieldRef) -> Self {
        field.to_string()
    }
}

/// The type of a field, as far as a mapping needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, or a value that is written as text.
    Text,
    /// An address in parts.
    Address,
    /// One or more of the field's options.
    Choice,
}

/// A field that the settings page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The field.
    pub reference: FieldRef,
    /// The company's name for it.
    pub name: String,
    /// Its type.
    pub kind: FieldKind,
    /// Options of a choice: id and label.
    pub options: Vec<(String, String)>,
    /// Pipedrive's name of its type.
    pub kind_name: String,
    /// Whether an app may write texts or numbers to it.
    pub is_writable: bool,
}

/// Replaces option ids by their labels. Pipedrive's records hold the ids.
pub fn replace_option_ids(values: &mut FieldValues, fields: &[Field]) {
    for field in fields.iter().filter(|field| field.kind == FieldKind::Choice) {
        if let Some(FieldValue::Text(text)) = values.get_mut(&field.reference) {
            let label =
                |id: &str| field.options.iter().find(|(option, _)| option == id.trim()).map(|(_, label)| label.clone());
            *text = text.split(',').filter_map(label).collect::<Vec<_>>().join(", ");
        }
    }
}

/// The content of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Text, or a value that is written as text.
    Text(String),
    /// An address in parts.
    Address(Address),
}

/// The fields of a deal, its organization and its person that have content.
pub type FieldValues = BTreeMap<FieldRef, FieldValue>;

/// A field of the form that a Pipedrive field fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappedField {
    /// Name of the billed party.
    To,
    /// Billing address.
    Address,
    /// E-mail address that receives the invoice.
    Email,
    /// The customer's tax number.
    TaxId,
}

impl MappedField {
    /// All mapped fields, in the order of the settings page.
    pub const ALL: [Self; 4] = [Self::To, Self::Address, Self::Email, Self::TaxId];

    /// The name in forms and in stored settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::Address => "address",
            Self::Email => "email",
            Self::TaxId => "tax_id",
        }
    }

    /// The field with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Which Pipedrive field fills which field of the form. Stored as an object with a member for each mapped field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping(BTreeMap<MappedField, FieldRef>);

impl Mapping {
    /// The Pipedrive field that fills a field of the form.
    pub fn get(&self, field: MappedField) -> Option<&FieldRef> {
        self.0.get(&field)
    }

    /// Replaces the Pipedrive field that fills a field of the form. `None` leaves the field unmapped.
    #[must_use]
    pub fn with(mut self, field: MappedField, from: Option<FieldRef>) -> Self {
        match from {
            Some(from) => self.0.insert(field, from),
            None => self.0.remove(&field),
        };
        self
    }
}

impl FromIterator<(MappedField, FieldRef)> for Mapping {
    fn from_iter<T: IntoIterator<Item = (MappedField, FieldRef)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// The mapping of a new tenant.
impl Default for Mapping {
    fn default() -> Self {
        Self::from_iter([
            (MappedField::To, FieldRef::new(Entity::Organization, "name")),
            (MappedField::Address, FieldRef::new(Entity::Organization, "address")),
            (MappedField::Email, FieldRef::new(Entity::Person, "email")),
        ])
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(MappedField::ALL.map(|field| (field.name(), self.get(field))))
    }
}

/// A missing member has its default. `null` means that no Pipedrive field fills the field.
impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Mapping;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a member for each mapped field")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Mapping, A::Error> {
                let mut mapping = Mapping::default();
                while let Some(name) = members.next_key::<String>()? {
                    match MappedField::from_name(&name) {
                        Some(field) => mapping = mapping.with(field, members.next_value()?),
                        None => drop(members.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(mapping)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The customer details of a new form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDetails {
    /// Name of the billed party.
    pub to: String,
    /// Billing address.
    pub address: Address,
    /// E-mail address that receives the invoice.
    pub email: String,
    /// Tax number.
    pub tax_id: String,
    /// The Pipedrive fields that they come from.
    pub from: Mapping,
}

impl CustomerDetails {
    /// A detail as one line of text.
    pub fn text(&self, field: MappedField) -> String {
        match field {
            MappedField::To => self.to.clone(),
            MappedField::Address => self.address.to_one_line(),
            MappedField::Email => self.email.clone(),
            MappedField::TaxId => self.tax_id.clone(),
        }
    }
}

/// Fills in the customer details from a deal's fields. A mapped field without content stays empty. If the field mapped
/// to the name has no content, the organization's name is used, else the person's name.
pub fn fill_customer_details(mapping: &Mapping, values: &FieldValues) -> CustomerDetails {
    let text = |field: Option<&FieldRef>| match field.and_then(|field| values.get(field)) {
        Some(FieldValue::Text(text)) => text.trim().to_owned(),
        Some(FieldValue::Address(address)) => address.to_one_line(),
        None => String::new(),
    };
    let names =
        [FieldRef::new(Entity::Organization, "name"), FieldRef::new(Entity::Person, "name")].into_iter().map(Some);
    let mut names = std::iter::once(mapping.get(MappedField::To).cloned()).chain(names);
    let chosen = names.find(|field| !text(field.as_ref()).is_empty()).flatten();
    let to = text(chosen.as_ref());
    let from = if chosen.is_some() { mapping.clone().with(MappedField::To, chosen) } else { mapping.clone() };
    let address = match mapping.get(MappedField::Address).and_then(|field| values.get(field)) {
        Some(FieldValue::Address(address)) => address.clone(),
        Some(FieldValue::Text(text)) => Address { street: text.trim().to_owned(), ..Address::default() },
        None => Address::default(),
    };
    let [email, tax_id] = [MappedField::Email, MappedField::TaxId].map(|field| text(mapping.get(field)));
    CustomerDetails { to, address, email, tax_id, from }
}

#[cfg(test)]
mod tests;

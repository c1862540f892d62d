//! The field mapping and the other settings of a tenant: which Pipedrive field fills which field of the invoice form.

use crate::{address::Address, catalogue::Catalogue, form::Form, terms::Term};
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
        Self::ALL.into_iter().find(|known| known.name() == name)
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
                |id: &str| field.options.iter().find(|(known, _)| known == id.trim()).map(|(_, label)| label.clone());
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

/// The users of a tenant that may do something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedUsers {
    /// Every user of the app.
    #[default]
    Everyone,
    /// Administrators of the Pipedrive account.
    Admins,
}

impl AllowedUsers {
    /// Whether a user is included.
    pub fn includes(self, is_admin: bool) -> bool {
        is_admin || self == Self::Everyone
    }
}

/// Named values that a form takes over together. Presets replace templates, which QuickBooks' API does not offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// Name in the select.
    pub name: String,
    /// Printed on the invoice.
    pub message: String,
    /// Payment term; the term of the settings if there is none.
    pub term: Option<Term>,
    /// Addresses that get a copy of the e-mail.
    pub cc: String,
    /// Whether customers can pay online.
    pub online_payment: bool,
    /// Custom fields, by `DefinitionId`.
    pub custom: BTreeMap<String, String>,
}

impl Preset {
    /// Applies the preset to a form.
    pub fn apply_to(&self, form: &mut Form, catalogue: &Catalogue, settings: &Settings) {
        form.preset.clone_from(&self.name);
        form.message.clone_from(&self.message);
        form.cc.clone_from(&self.cc);
        form.online_payment = self.online_payment;
        form.custom.clone_from(&self.custom);
        if let Ok(issued) = form.issued.parse() {
            form.due = catalogue.due_date(issued, self.term.as_ref().unwrap_or(&settings.term)).to_string();
            form.due_follows = true;
        }
    }
}

impl Settings {
    /// The payment term of a form: the term of its preset, else the term of the settings.
    pub fn term_for_form(&self, form: &Form) -> &Term {
        let preset = self.presets.iter().find(|preset| preset.name == form.preset);
        preset.and_then(|preset| preset.term.as_ref()).unwrap_or(&self.term)
    }
}

/// Deal fields, by Pipedrive's key, that receive invoice figures. Pipedrive's filters and automations can use them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WriteBack {
    /// Billed amount in the deal's currency.
    pub invoiced: Option<String>,
    /// Unpaid amount in the deal's currency.
    pub balance: Option<String>,
    /// Badge of the newest invoice, in the company's language.
    pub status: Option<String>,
    /// Number of the newest invoice.
    pub number: Option<String>,
}

impl WriteBack {
    /// Whether no field is written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The settings of a tenant. They apply whenever a form opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Field with the name of the billed party.
    pub to: Option<FieldRef>,
    /// Field with the billing address.
    pub address: Option<FieldRef>,
    /// Field with the e-mail address that receives the invoice.
    pub email: Option<FieldRef>,
    /// Field with the customer's tax number.
    pub tax_id: Option<FieldRef>,
    /// Payment term.
    pub term: Term,
    /// QuickBooks id of the income account for items that Fatura creates.
    pub income_account: Option<String>,
    /// QuickBooks item for products that have none; if it is not set, Fatura creates an item.
    pub item: Option<String>,
    /// QuickBooks item for parts of a deal by percentage or amount; if it is not set, the item of the deal's rows.
    pub deposit_item: Option<String>,
    /// Whether line discounts lower the printed unit price. If not, they are printed as one discount line.
    pub discounts_in_prices: bool,
    /// QuickBooks tax code for rows without tax information.
    pub tax_code: Option<String>,
    /// Whether *Update customer in QuickBooks* is ticked in a new form.
    pub update_customer: bool,
    /// Presets that the form offers.
    pub presets: Vec<Preset>,
    /// Fields of the deal that Fatura writes.
    pub write_back: WriteBack,
    /// Language of texts for the whole company, such as `pt-BR`; if it is not set, the language of the first
    /// installation.
    pub language: Option<String>,
    /// Whether Fatura creates a draft when a deal is won.
    pub draft_on_won: bool,
    /// Users that may create invoices.
    pub create: AllowedUsers,
    /// Users that may void and delete invoices.
    pub void: AllowedUsers,
}

impl Settings {
    /// Removes what refers to a QuickBooks company by its ids: terms, items, accounts, tax codes and custom fields. In another company the
    /// same ids mean something else.
    pub fn remove_quickbooks_ids(&mut self) {
        for id in [&mut self.income_account, &mut self.item, &mut self.deposit_item, &mut self.tax_code] {
            *id = None;
        }
        if matches!(self.term, Term::QuickBooks(_)) {
            self.term = Term::default();
        }
        for preset in &mut self.presets {
            preset.custom.clear();
            preset.term.take_if(|term| matches!(term, Term::QuickBooks(_)));
        }
    }
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
            item: None,
            deposit_item: None,
            discounts_in_prices: false,
            tax_code: None,
            update_customer: false,
            presets: Vec::new(),
            write_back: WriteBack::default(),
            language: None,
            draft_on_won: false,
            create: AllowedUsers::Everyone,
            void: AllowedUsers::Everyone,
        }
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
    /// The field that `to` comes from.
    pub to_from: Option<FieldRef>,
}

/// Fills in the customer details from a deal's fields. A mapped field without content stays empty. If the field mapped
/// to the name has no content, the organization's name is used, else the person's name.
pub fn fill_customer_details(settings: &Settings, values: &FieldValues) -> CustomerDetails {
    let text = |field: &Option<FieldRef>| match field.as_ref().and_then(|field| values.get(field)) {
        Some(FieldValue::Text(text)) => text.trim().to_owned(),
        Some(FieldValue::Address(address)) => address.to_one_line(),
        None => String::new(),
    };
    let names = [
        settings.to.clone(),
        Some(FieldRef::new(Entity::Organization, "name")),
        Some(FieldRef::new(Entity::Person, "name")),
    ];
    let to_from = names.into_iter().find(|field| !text(field).is_empty()).flatten();
    let to = text(&to_from);
    let address = match settings.address.as_ref().and_then(|field| values.get(field)) {
        Some(FieldValue::Address(address)) => address.clone(),
        Some(FieldValue::Text(text)) => Address { street: text.trim().to_owned(), ..Address::default() },
        None => Address::default(),
    };
    CustomerDetails { to, address, email: text(&settings.email), tax_id: text(&settings.tax_id), to_from }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::catalogue;

    #[test]
    fn fields_are_written_as_text() {
        let field: FieldRef = "organization.address".parse().expect("a field");
        assert_eq!(field, FieldRef::new(Entity::Organization, "address"));
        assert_eq!(field.to_string(), "organization.address");
        assert!("lead.name".parse::<FieldRef>().is_err());
        assert!("organization".parse::<FieldRef>().is_err());
    }

    #[test]
    fn replaces_option_ids_by_labels() {
        let reference = FieldRef::new(Entity::Organization, "size");
        let options = vec![("41".to_owned(), "Small".to_owned()), ("42".to_owned(), "Large".to_owned())];
        let field = Field {
            reference: reference.clone(),
            name: "Size".into(),
            kind: FieldKind::Choice,
            options,
            kind_name: "enum".into(),
            is_writable: false,
        };
        let mut values = FieldValues::from([(reference.clone(), FieldValue::Text("42,41,99".into()))]);
        replace_option_ids(&mut values, &[field]);
        assert_eq!(values[&reference], FieldValue::Text("Large, Small".into()));
    }

    #[test]
    fn a_deal_without_organization_is_billed_to_its_person() {
        let mut values = FieldValues::new();
        values.insert(FieldRef::new(Entity::Person, "name"), FieldValue::Text("Ana Souza".into()));
        values.insert(FieldRef::new(Entity::Person, "email"), FieldValue::Text("ana@example.com".into()));
        let details = fill_customer_details(&Settings::default(), &values);
        assert_eq!((details.to.as_str(), details.email.as_str()), ("Ana Souza", "ana@example.com"));
        assert_eq!(details.to_from, Some(FieldRef::new(Entity::Person, "name")));
        assert!(details.address.is_empty());
    }

    #[test]
    fn a_field_is_named_by_its_record_and_key() {
        for entity in Entity::ALL {
            let field = FieldRef::new(entity, "x".repeat(100));
            assert_eq!(field.to_string().parse::<FieldRef>().ok(), Some(field.clone()));
            assert_eq!(String::from(field.clone()), field.to_string());
            assert!(format!("{field}x").parse::<FieldRef>().is_err(), "too long");
        }
        assert!("deal.".parse::<FieldRef>().is_err());
        assert_eq!(Entity::ALL.map(Entity::name), ["organization", "person", "deal"]);
    }

    #[test]
    fn administrators_may_do_what_everyone_may() {
        let rights =
            [AllowedUsers::Everyone, AllowedUsers::Admins].map(|who| [who.includes(true), who.includes(false)]);
        assert_eq!(rights, [[true, true], [true, false]]);
    }

    #[test]
    fn replaces_option_ids_of_choices_only() {
        let reference = FieldRef::new(Entity::Deal, "code");
        let field = Field {
            reference: reference.clone(),
            name: "Code".into(),
            kind: FieldKind::Text,
            options: vec![("42".into(), "Large".into())],
            kind_name: "varchar".into(),
            is_writable: true,
        };
        let mut values = FieldValues::from([(reference.clone(), FieldValue::Text("42".into()))]);
        replace_option_ids(&mut values, &[field]);
        assert_eq!(values[&reference], FieldValue::Text("42".into()));
        assert!(WriteBack::default().is_empty());
        assert!(!WriteBack { number: Some("code".into()), ..WriteBack::default() }.is_empty());
    }

    #[test]
    fn a_preset_is_taken_over_into_the_form() {
        let settings = Settings {
            presets: vec![
                Preset { name: "Monthly".into(), term: Some(Term::Days(30)), ..Preset::default() },
                Preset { name: "Plain".into(), ..Preset::default() },
            ],
            ..Settings::default()
        };
        let term = |preset: &str| settings.term_for_form(&Form { preset: preset.into(), ..Form::default() }).clone();
        assert_eq!(
            ["Monthly", "Plain", "Gone", ""].map(term),
            [Term::Days(30), Term::Days(7), Term::Days(7), Term::Days(7)]
        );

        let preset = Preset {
            name: "Monthly".into(),
            message: "Thank you".into(),
            term: Some(Term::Days(30)),
            cc: "a@b.example".into(),
            online_payment: true,
            custom: BTreeMap::from([("2".into(), "PO".into())]),
        };
        let mut form = Form { issued: "2026-03-13".into(), due: "2026-03-13".into(), ..Form::default() };
        preset.apply_to(&mut form, &catalogue(), &settings);
        let expected = Form {
            preset: "Monthly".into(),
            message: "Thank you".into(),
            issued: "2026-03-13".into(),
            due: "2026-04-12".into(),
            due_follows: true,
            cc: "a@b.example".into(),
            online_payment: true,
            custom: preset.custom.clone(),
            ..Form::default()
        };
        assert_eq!(form, expected);
        Preset::default().apply_to(&mut form, &catalogue(), &settings);
        assert_eq!((form.due.as_str(), form.online_payment, form.message.as_str()), ("2026-03-20", false, ""));
    }

    #[test]
    fn customer_details_come_from_the_fields_of_the_settings() {
        let text = |text: &str| FieldValue::Text(text.into());
        let parts = Address { city: "Santos".into(), country: "BR".into(), ..Address::default() };
        let values = FieldValues::from([
            (FieldRef::new(Entity::Organization, "name"), text("Oceano")),
            (FieldRef::new(Entity::Deal, "to"), text(" ")),
            (FieldRef::new(Entity::Deal, "street"), text(" Rua A ")),
            (FieldRef::new(Entity::Deal, "place"), FieldValue::Address(parts.clone())),
            (FieldRef::new(Entity::Deal, "cnpj"), text(" 123 ")),
        ]);
        let details = |to: &str, address: &str| {
            let settings = Settings {
                to: Some(FieldRef::new(Entity::Deal, to)),
                address: Some(FieldRef::new(Entity::Deal, address)),
                tax_id: Some(FieldRef::new(Entity::Deal, "cnpj")),
                ..Settings::default()
            };
            fill_customer_details(&settings, &values)
        };
        let found = details("to", "street");
        assert_eq!(
            (found.to.as_str(), found.address.street.as_str(), found.tax_id.as_str()),
            ("Oceano", "Rua A", "123")
        );
        let found = details("place", "place");
        assert_eq!((found.to.as_str(), found.address), ("Santos, BR", parts));
    }
}

//! Which Pipedrive field fills which field of the invoice form.

use crate::{address::Address, catalogue::Catalogue, draft::Form, terms::Term};
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

    /// As in addresses and in Pipedrive's parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Person => "person",
            Self::Deal => "deal",
        }
    }

    /// By name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
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
        let entity = Entity::named(entity).ok_or(NotAField)?;
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
    /// One or several of the field's options.
    Choice,
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
    /// What a choice offers: number and label.
    pub options: Vec<(String, String)>,
    /// Pipedrive's name of its kind.
    pub kind_name: String,
    /// Whether an app may write text or numbers into it.
    pub is_writable: bool,
}

/// Writes out what was chosen: records hold the numbers of options.
pub fn name_choices(values: &mut Values, fields: &[Field]) {
    for field in fields.iter().filter(|field| field.kind == Kind::Choice) {
        if let Some(Value::Text(text)) = values.get_mut(&field.reference) {
            let label =
                |id: &str| field.options.iter().find(|(known, _)| known == id.trim()).map(|(_, label)| label.clone());
            *text = text.split(',').filter_map(label).collect::<Vec<_>>().join(", ");
        }
    }
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

/// Who in the company may do something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Whoever has the app.
    #[default]
    Everyone,
    /// Administrators of the Pipedrive account.
    Admins,
}

impl Who {
    /// Whether somebody is among them.
    pub fn includes(self, is_admin: bool) -> bool {
        is_admin || self == Self::Everyone
    }
}

/// What a form takes over at once by a name: Fatura's own answer to templates, which QuickBooks' API does not offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// As people choose it.
    pub name: String,
    /// Printed on the invoice.
    pub message: String,
    /// When the invoice falls due; the company's own term where there is none.
    pub term: Option<Term>,
    /// Who gets a copy of the e-mail.
    pub cc: String,
    /// Whether customers can pay online.
    pub online_payment: bool,
    /// The company's own fields, by `DefinitionId`.
    pub custom: BTreeMap<String, String>,
}

impl Preset {
    /// Takes the preset over into a form.
    pub fn apply(&self, form: &mut Form, catalogue: &Catalogue, settings: &Settings) {
        form.preset.clone_from(&self.name);
        form.message.clone_from(&self.message);
        form.cc.clone_from(&self.cc);
        form.online_payment = if self.online_payment { "on".into() } else { String::new() };
        form.custom.clone_from(&self.custom);
        if let Ok(issued) = form.issued.parse() {
            form.due = catalogue.due(issued, self.term.as_ref().unwrap_or(&settings.term)).to_string();
            form.due_follows = "on".into();
        }
    }
}

impl Settings {
    /// The term of a form: its preset's, else the company's.
    pub fn term_of(&self, form: &Form) -> &Term {
        let preset = self.presets.iter().find(|preset| preset.name == form.preset);
        preset.and_then(|preset| preset.term.as_ref()).unwrap_or(&self.term)
    }
}

/// Deal fields, by Pipedrive's key, that follow the deal's invoices; so that filters and automations can use them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WriteBack {
    /// What was billed, in the deal's currency.
    pub invoiced: Option<String>,
    /// What is still to be paid, in the deal's currency.
    pub balance: Option<String>,
    /// The badge of the newest invoice, in the company's language.
    pub status: Option<String>,
    /// The number of the newest invoice.
    pub number: Option<String>,
}

impl WriteBack {
    /// Whether nothing is written.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

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
    /// QuickBooks item for what QuickBooks does not know; without one an item is created.
    pub item: Option<String>,
    /// QuickBooks item for parts of a deal by percentage or amount; without one the item of the deal's lines.
    pub deposit_item: Option<String>,
    /// Whether discounts of lines lower the unit price that is printed, instead of one discount line.
    pub discounts_in_prices: bool,
    /// QuickBooks tax code for lines that say nothing of tax.
    pub tax_code: Option<String>,
    /// Whether *Update customer in QuickBooks* starts ticked.
    pub update_customer: bool,
    /// Named presets to choose from in the form.
    pub presets: Vec<Preset>,
    /// What is written into fields of the deal.
    pub write_back: WriteBack,
    /// Language of what the whole company reads, as `pt-BR`; that of the first installation where there is none.
    pub language: Option<String>,
    /// Whether a deal that is won gets a draft by itself.
    pub draft_on_won: bool,
    /// Who may create invoices.
    pub create: Who,
    /// Who may void and delete them.
    pub void: Who,
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
            create: Who::Everyone,
            void: Who::Everyone,
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
    /// The field that `to` was taken from.
    pub to_from: Option<FieldRef>,
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
    let to_from = names.into_iter().find(|field| !text(field).is_empty()).flatten();
    let to = text(&to_from);
    let address = match settings.address.as_ref().and_then(|field| values.get(field)) {
        Some(Value::Address(address)) => address.clone(),
        Some(Value::Text(text)) => Address { street: text.trim().to_owned(), ..Address::default() },
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
    fn choices_are_written_out() {
        let reference = FieldRef::new(Entity::Organization, "size");
        let options = vec![("41".to_owned(), "Small".to_owned()), ("42".to_owned(), "Large".to_owned())];
        let field = Field {
            reference: reference.clone(),
            name: "Size".into(),
            kind: Kind::Choice,
            options,
            kind_name: "enum".into(),
            is_writable: false,
        };
        let mut values = Values::from([(reference.clone(), Value::Text("42,41,99".into()))]);
        name_choices(&mut values, &[field]);
        assert_eq!(values[&reference], Value::Text("Large, Small".into()));
    }

    #[test]
    fn a_deal_without_organization_is_billed_to_its_person() {
        let mut values = Values::new();
        values.insert(FieldRef::new(Entity::Person, "name"), Value::Text("Ana Souza".into()));
        values.insert(FieldRef::new(Entity::Person, "email"), Value::Text("ana@example.com".into()));
        let details = customer_details(&Settings::default(), &values);
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
        let rights = [Who::Everyone, Who::Admins].map(|who| [who.includes(true), who.includes(false)]);
        assert_eq!(rights, [[true, true], [true, false]]);
    }

    #[test]
    fn only_choices_are_written_out() {
        let reference = FieldRef::new(Entity::Deal, "code");
        let field = Field {
            reference: reference.clone(),
            name: "Code".into(),
            kind: Kind::Text,
            options: vec![("42".into(), "Large".into())],
            kind_name: "varchar".into(),
            is_writable: true,
        };
        let mut values = Values::from([(reference.clone(), Value::Text("42".into()))]);
        name_choices(&mut values, &[field]);
        assert_eq!(values[&reference], Value::Text("42".into()));
        assert!(WriteBack::default().is_off());
        assert!(!WriteBack { number: Some("code".into()), ..WriteBack::default() }.is_off());
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
        let term = |preset: &str| settings.term_of(&Form { preset: preset.into(), ..Form::default() }).clone();
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
        preset.apply(&mut form, &catalogue(), &settings);
        let expected = Form {
            preset: "Monthly".into(),
            message: "Thank you".into(),
            issued: "2026-03-13".into(),
            due: "2026-04-12".into(),
            due_follows: "on".into(),
            cc: "a@b.example".into(),
            online_payment: "on".into(),
            custom: preset.custom.clone(),
            ..Form::default()
        };
        assert_eq!(form, expected);
        Preset::default().apply(&mut form, &catalogue(), &settings);
        assert_eq!((form.due.as_str(), form.online_payment.as_str(), form.message.as_str()), ("2026-03-20", "", ""));
    }

    #[test]
    fn customer_details_come_from_the_fields_of_the_settings() {
        let text = |text: &str| Value::Text(text.into());
        let parts = Address { city: "Santos".into(), country: "BR".into(), ..Address::default() };
        let values = Values::from([
            (FieldRef::new(Entity::Organization, "name"), text("Oceano")),
            (FieldRef::new(Entity::Deal, "to"), text(" ")),
            (FieldRef::new(Entity::Deal, "street"), text(" Rua A ")),
            (FieldRef::new(Entity::Deal, "place"), Value::Address(parts.clone())),
            (FieldRef::new(Entity::Deal, "cnpj"), text(" 123 ")),
        ]);
        let details = |to: &str, address: &str| {
            let settings = Settings {
                to: Some(FieldRef::new(Entity::Deal, to)),
                address: Some(FieldRef::new(Entity::Deal, address)),
                tax_id: Some(FieldRef::new(Entity::Deal, "cnpj")),
                ..Settings::default()
            };
            customer_details(&settings, &values)
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

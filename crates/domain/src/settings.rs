//! The settings of a tenant, with its presets and permissions.

use crate::{catalogue::Catalogue, form::Form, mapping::Mapping, terms::Term};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The users of a tenant that have a permission.
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

/// A named set of form values that is applied at once. Presets replace templates, which QuickBooks' API does not offer.
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
    /// The Pipedrive fields that fill the customer details.
    #[serde(flatten)]
    pub mapping: Mapping,
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
    /// Language of texts for the whole company, such as `pt-BR`. If it is not set, the most frequent language of the users
    /// who have installed the app is used.
    pub language: Option<String>,
    /// Whether Fatura creates a draft when a deal is won.
    pub draft_on_won: bool,
    /// Users that may create invoices.
    pub create: AllowedUsers,
    /// Users that may void and delete invoices.
    pub void: AllowedUsers,
}

impl Settings {
    /// Removes all ids of a QuickBooks company: terms, items, accounts, tax codes and custom fields. In another company
    /// the same ids refer to other objects.
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
            mapping: Mapping::default(),
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

#[cfg(test)]
mod tests;

//! The form of the settings page: its validation, its conversion to settings, and the names of the changes.

use crate::{format::Writer, locale::Locale, web::form::words};
use domain::{
    form::{FieldError, FormField, check_preset},
    mapping::{MappedField, Mapping},
    settings::{AllowedUsers, Preset, Settings, WriteBack},
    terms::Term,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Maximum days from the issue date to the due date; more than QuickBooks' own terms allow.
const MAX_TERM_DAYS: u16 = 999;
const MAX_PRESETS: usize = 50;
const MAX_PRESET_NAME_CHARS: usize = 60;

/// The id of a field on the page, and the text of its problem.
pub(super) type FieldProblem = (String, String);

/// The form of the page, as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SettingsForm {
    mapping: BTreeMap<String, String>,
    /// The texts of the type-ahead fields.
    mapping_text: BTreeMap<String, String>,
    item_name: String,
    deposit_item_name: String,
    term: String,
    days: String,
    income_account: String,
    item: String,
    deposit_item: String,
    discounts_in_prices: String,
    tax_code: String,
    update_customer: String,
    draft_on_won: String,
    create: String,
    void: String,
    /// Empty for the language of most users.
    language: Option<String>,
    write_back: BTreeMap<String, String>,
    presets: Vec<PresetForm>,
    /// The deal to try the settings with.
    pub(super) deal: String,
    /// Fingerprint of the settings that the page shows; empty if unknown.
    pub(super) seen: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PresetForm {
    name: String,
    message: String,
    term: String,
    days: String,
    cc: String,
    online_payment: String,
    custom: BTreeMap<String, String>,
}

fn non_blank(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Returns the value of a selection; `None` if it is blank or cannot come from a list.
fn selected_value(text: &str) -> Option<String> {
    non_blank(text).filter(|value| !value.contains('\0'))
}

/// Parses the chosen term. `None` if the number of days is invalid.
fn parse_term(chosen: &str, days: &str) -> Option<Term> {
    let days = days.trim();
    match chosen {
        // `parse` alone would accept `+7`.
        "days" | "" if !days.chars().all(|c| c.is_ascii_digit()) => None,
        "days" | "" => days.parse().ok().filter(|days| *days <= MAX_TERM_DAYS).map(Term::Days),
        id => selected_value(id).map(Term::QuickBooks),
    }
}

/// Returns the name of a mapped field, as on the page.
pub(super) fn name_mapped_field(w: Writer, field: MappedField) -> String {
    match field {
        MappedField::To => fl!(w.t, "settings-to"),
        MappedField::Address => fl!(w.t, "settings-address"),
        MappedField::Email => fl!(w.t, "settings-email"),
        MappedField::TaxId => fl!(w.t, "settings-tax-id"),
    }
}

/// Describes the problem of an invalid number of days.
fn explain_days(w: Writer) -> String {
    fl!(w.t, "settings-days-range", most = MAX_TERM_DAYS.to_string())
}

fn parse_allowed_users(chosen: &str) -> AllowedUsers {
    if chosen == "admins" { AllowedUsers::Admins } else { AllowedUsers::Everyone }
}

impl SettingsForm {
    /// Returns the problem of the company's term, if there is one.
    pub(super) fn find_term_problem(&self, w: Writer) -> Option<String> {
        parse_term(&self.term, &self.days).is_none().then(|| explain_days(w))
    }

    /// Lists the problems that prevent saving, each with its field.
    pub(super) fn find_problems(&self, w: Writer) -> Vec<FieldProblem> {
        let term = self.find_term_problem(w).map(|text| ("days".to_owned(), text));
        let presets = self.presets.iter().enumerate().filter(|(_, preset)| !preset.is_blank());
        self.find_unchosen(w)
            .into_iter()
            .chain(term)
            .chain(presets.flat_map(|(at, preset)| preset.find_problems(w, at)))
            .collect()
    }

    /// Lists the type-ahead fields with a text but no choice. Saving them would clear the setting.
    fn find_unchosen(&self, w: Writer) -> Vec<FieldProblem> {
        let text =
            |of: &BTreeMap<String, String>, field: MappedField| of.get(field.name()).cloned().unwrap_or_default();
        let mapped = MappedField::ALL.map(|field| {
            (field.name(), text(&self.mapping_text, field), text(&self.mapping, field), name_mapped_field(w, field))
        });
        let [item, deposit_item] = [(&self.item_name, &self.item), (&self.deposit_item_name, &self.deposit_item)]
            .map(|(typed, id)| (typed.clone(), id.clone()));
        let items = [
            ("item", item.0, item.1, fl!(w.t, "settings-item")),
            ("deposit_item", deposit_item.0, deposit_item.1, fl!(w.t, "settings-deposit-item")),
        ];
        let is_unchosen = |typed: &str, id: &str| non_blank(typed).is_some() && non_blank(id).is_none();
        mapped
            .into_iter()
            .chain(items)
            .filter(|(_, typed, id, _)| is_unchosen(typed, id))
            .map(|(field, _, _, name)| (field.to_owned(), fl!(w.t, "settings-not-chosen", field = name)))
            .collect()
    }

    /// Converts the form to settings. Settings that the page could not offer keep their saved value.
    pub(super) fn to_settings(&self, saved: Settings) -> Settings {
        let mapped = |mapping: Mapping, field: MappedField| match self.mapping.get(field.name()) {
            Some(chosen) => mapping.with(field, chosen.parse().ok()),
            None => mapping,
        };
        let written = |name: &str| self.write_back.get(name).and_then(|key| selected_value(key));
        Settings {
            mapping: MappedField::ALL.into_iter().fold(saved.mapping, mapped),
            term: parse_term(&self.term, &self.days).unwrap_or(saved.term),
            income_account: selected_value(&self.income_account).or(saved.income_account),
            item: selected_value(&self.item),
            deposit_item: selected_value(&self.deposit_item),
            discounts_in_prices: self.discounts_in_prices == "on",
            tax_code: selected_value(&self.tax_code),
            update_customer: self.update_customer == "on",
            draft_on_won: self.draft_on_won == "on",
            create: parse_allowed_users(&self.create),
            void: parse_allowed_users(&self.void),
            language: self.language.as_deref().map_or(saved.language, selected_value),
            write_back: WriteBack {
                invoiced: written("invoiced"),
                balance: written("balance"),
                status: written("status"),
                number: written("number"),
            },
            presets: self.presets.iter().filter_map(PresetForm::find_preset).take(MAX_PRESETS).collect(),
        }
    }
}

impl PresetForm {
    /// Returns the preset; `None` for a row without a name, which counts as removed.
    fn find_preset(&self) -> Option<Preset> {
        non_blank(&self.name).map(|_| self.to_preset())
    }

    fn to_preset(&self) -> Preset {
        Preset {
            name: self.name.trim().to_owned(),
            message: self.message.trim().to_owned(),
            term: parse_term(&self.term, &self.days),
            cc: self.cc.trim().to_owned(),
            online_payment: self.online_payment == "on",
            custom: self.custom.iter().filter_map(|(id, value)| Some((id.clone(), non_blank(value)?))).collect(),
        }
    }

    /// Whether the row is empty.
    fn is_blank(&self) -> bool {
        self.to_preset() == Preset::default() && self.days.trim().is_empty()
    }

    fn find_problems(&self, w: Writer, at: usize) -> Vec<FieldProblem> {
        let preset = self.to_preset();
        let mut problems = Vec::new();
        let mut add = |field: &str, text: String| problems.push((format!("presets-{at}-{field}"), text));
        let name = || fl!(w.t, "preset-name");
        if at >= MAX_PRESETS {
            add("name", fl!(w.t, "settings-presets-most", most = MAX_PRESETS.to_string()));
        } else if preset.name.is_empty() {
            add("name", fl!(w.t, "problem-missing", field = name()));
        } else if preset.name.chars().count() > MAX_PRESET_NAME_CHARS {
            add("name", fl!(w.t, "problem-too-long", field = name(), most = MAX_PRESET_NAME_CHARS.to_string()));
        } else if preset.name.contains(char::is_control) {
            add("name", fl!(w.t, "problem-control-character", field = name()));
        }
        for FieldError { field, problem } in check_preset(&preset) {
            let text = words::message(w, &FieldError { field, problem });
            match field {
                FormField::Custom(id) => add(&format!("custom-{id}"), text),
                FormField::Cc => add("cc", text),
                _ => add("message", text),
            }
        }
        // A preset without days uses the company's term.
        if preset.term.is_none() && !self.days.trim().is_empty() {
            add("days", explain_days(w));
        }
        problems
    }
}

/// The values that the page shows for unset settings.
pub(super) struct Defaults<'a> {
    /// QuickBooks id of the default account.
    pub(super) income_account: Option<&'a str>,
}

/// Lists the names of the settings that differ, as on the page.
pub(super) fn list_changes(w: Writer, old: &Settings, new: &Settings, defaults: &Defaults<'_>) -> Vec<String> {
    let account = |of: &Settings| of.income_account.clone().or_else(|| defaults.income_account.map(str::to_owned));
    let language = |of: &Settings| of.language.as_deref().map(Locale::language_of);
    let mut names = Vec::new();
    let mut compare = |differs: bool, name: String| {
        if differs {
            names.push(name);
        }
    };
    for field in MappedField::ALL {
        compare(old.mapping.get(field) != new.mapping.get(field), name_mapped_field(w, field));
    }
    compare(old.term != new.term, fl!(w.t, "settings-due"));
    compare(account(old) != account(new), fl!(w.t, "settings-income-account"));
    compare(old.item != new.item, fl!(w.t, "settings-item"));
    compare(old.deposit_item != new.deposit_item, fl!(w.t, "settings-deposit-item"));
    compare(old.discounts_in_prices != new.discounts_in_prices, fl!(w.t, "settings-discounts"));
    compare(old.tax_code != new.tax_code, fl!(w.t, "settings-tax-code"));
    compare(old.update_customer != new.update_customer, fl!(w.t, "form-update-customer"));
    compare(old.draft_on_won != new.draft_on_won, fl!(w.t, "settings-won"));
    compare(old.presets != new.presets, fl!(w.t, "settings-presets"));
    compare(old.create != new.create, fl!(w.t, "settings-create"));
    compare(old.void != new.void, fl!(w.t, "settings-void"));
    compare(language(old) != language(new), fl!(w.t, "settings-language"));
    compare(old.write_back != new.write_back, fl!(w.t, "settings-write-back"));
    names
}

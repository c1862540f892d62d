//! The settings page's form: what was chosen, and what that changes.

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

/// Days after the issue date; more than QuickBooks' own terms allow.
const DAYS_MOST: u16 = 999;
const PRESETS_MOST: usize = 50;
const PRESET_NAME_MOST: usize = 60;

/// The id of a field on the page, and what is wrong with it.
pub(super) type Wrong = (String, String);

/// The page's form, as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    mapping: BTreeMap<String, String>,
    /// The texts of the fields that choose from a list.
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
    /// Empty for that of most people.
    language: Option<String>,
    write_back: BTreeMap<String, String>,
    presets: Vec<ChosenPreset>,
    /// The deal to try the settings out with.
    pub(super) deal: String,
    /// The settings as the page shows them, see [`fingerprint`]; empty where nobody says.
    pub(super) seen: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChosenPreset {
    name: String,
    message: String,
    term: String,
    days: String,
    cc: String,
    online_payment: String,
    custom: BTreeMap<String, String>,
}

fn filled(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// A value of a list, which nobody types; nothing where it cannot be one.
fn listed(text: &str) -> Option<String> {
    filled(text).filter(|value| !value.contains('\0'))
}

/// The term that was chosen; `None` where it is no number of days.
fn term(chosen: &str, days: &str) -> Option<Term> {
    let days = days.trim();
    match chosen {
        // A number alone would take `+7`.
        "days" | "" if !days.chars().all(|c| c.is_ascii_digit()) => None,
        "days" | "" => days.parse().ok().filter(|days| *days <= DAYS_MOST).map(Term::Days),
        id => listed(id).map(Term::QuickBooks),
    }
}

/// A mapped field, as the page calls it.
pub(super) fn name_mapped_field(w: Writer, field: MappedField) -> String {
    match field {
        MappedField::To => fl!(w.t, "settings-to"),
        MappedField::Address => fl!(w.t, "settings-address"),
        MappedField::Email => fl!(w.t, "settings-email"),
        MappedField::TaxId => fl!(w.t, "settings-tax-id"),
    }
}

/// The text of the problem with a number of days.
fn explain_days(w: Writer) -> String {
    fl!(w.t, "settings-days-range", most = DAYS_MOST.to_string())
}

fn who(chosen: &str) -> AllowedUsers {
    if chosen == "admins" { AllowedUsers::Admins } else { AllowedUsers::Everyone }
}

impl Chosen {
    /// The problem with the company's own term, if there is one.
    pub(super) fn find_wrong_term(&self, w: Writer) -> Option<String> {
        term(&self.term, &self.days).is_none().then(|| explain_days(w))
    }

    /// All that stands in the way of saving, at its field.
    pub(super) fn find_wrong(&self, w: Writer) -> Vec<Wrong> {
        let own = self.find_wrong_term(w).map(|text| ("days".to_owned(), text));
        let presets = self.presets.iter().enumerate().filter(|(_, preset)| !preset.is_blank());
        self.find_unchosen(w)
            .into_iter()
            .chain(own)
            .chain(presets.flat_map(|(at, preset)| preset.find_wrong(w, at)))
            .collect()
    }

    /// Texts that were typed into a field that chooses from a list, and not chosen: saved, they would clear it.
    fn find_unchosen(&self, w: Writer) -> Vec<Wrong> {
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
        let is_unchosen = |typed: &str, id: &str| filled(typed).is_some() && filled(id).is_none();
        mapped
            .into_iter()
            .chain(items)
            .filter(|(_, typed, id, _)| is_unchosen(typed, id))
            .map(|(field, _, _, name)| (field.to_owned(), fl!(w.t, "settings-not-chosen", field = name)))
            .collect()
    }

    /// The settings that were chosen. What the page could not offer stays as it was.
    pub(super) fn settings(&self, saved: Settings) -> Settings {
        let mapped = |mapping: Mapping, field: MappedField| match self.mapping.get(field.name()) {
            Some(chosen) => mapping.with(field, chosen.parse().ok()),
            None => mapping,
        };
        let written = |name: &str| self.write_back.get(name).and_then(|key| listed(key));
        Settings {
            mapping: MappedField::ALL.into_iter().fold(saved.mapping, mapped),
            term: term(&self.term, &self.days).unwrap_or(saved.term),
            income_account: listed(&self.income_account).or(saved.income_account),
            item: listed(&self.item),
            deposit_item: listed(&self.deposit_item),
            discounts_in_prices: self.discounts_in_prices == "on",
            tax_code: listed(&self.tax_code),
            update_customer: self.update_customer == "on",
            draft_on_won: self.draft_on_won == "on",
            create: who(&self.create),
            void: who(&self.void),
            language: self.language.as_deref().map_or(saved.language, listed),
            write_back: WriteBack {
                invoiced: written("invoiced"),
                balance: written("balance"),
                status: written("status"),
                number: written("number"),
            },
            presets: self.presets.iter().filter_map(ChosenPreset::preset).take(PRESETS_MOST).collect(),
        }
    }
}

impl ChosenPreset {
    /// `None` for a row without a name: it was removed.
    fn preset(&self) -> Option<Preset> {
        filled(&self.name).map(|_| self.to_preset())
    }

    fn to_preset(&self) -> Preset {
        Preset {
            name: self.name.trim().to_owned(),
            message: self.message.trim().to_owned(),
            term: term(&self.term, &self.days),
            cc: self.cc.trim().to_owned(),
            online_payment: self.online_payment == "on",
            custom: self.custom.iter().filter_map(|(id, value)| Some((id.clone(), filled(value)?))).collect(),
        }
    }

    /// Whether nothing at all is in the row.
    fn is_blank(&self) -> bool {
        self.to_preset() == Preset::default() && self.days.trim().is_empty()
    }

    fn find_wrong(&self, w: Writer, at: usize) -> Vec<Wrong> {
        let read = self.to_preset();
        let mut wrong = Vec::new();
        let mut say = |field: &str, text: String| wrong.push((format!("presets-{at}-{field}"), text));
        let name = || fl!(w.t, "preset-name");
        if at >= PRESETS_MOST {
            say("name", fl!(w.t, "settings-presets-most", most = PRESETS_MOST.to_string()));
        } else if read.name.is_empty() {
            say("name", fl!(w.t, "problem-missing", field = name()));
        } else if read.name.chars().count() > PRESET_NAME_MOST {
            say("name", fl!(w.t, "problem-too-long", field = name(), most = PRESET_NAME_MOST.to_string()));
        } else if read.name.contains(char::is_control) {
            say("name", fl!(w.t, "problem-control-character", field = name()));
        }
        for FieldError { field, problem } in check_preset(&read) {
            let text = words::message(w, &FieldError { field, problem });
            match field {
                FormField::Custom(id) => say(&format!("custom-{id}"), text),
                FormField::Cc => say("cc", text),
                _ => say("message", text),
            }
        }
        // Without days, the company's own term applies.
        if read.term.is_none() && !self.days.trim().is_empty() {
            say("days", explain_days(w));
        }
        wrong
    }
}

/// The defaults of the page.
pub(super) struct Defaults<'a> {
    /// QuickBooks' id of an account.
    pub(super) income_account: Option<&'a str>,
}

/// The names of the settings in which two differ, as on the page.
pub(super) fn changed(w: Writer, old: &Settings, new: &Settings, defaults: &Defaults<'_>) -> Vec<String> {
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

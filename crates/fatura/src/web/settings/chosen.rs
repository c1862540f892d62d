//! The settings page's form: what was chosen, and what that changes.

use crate::{format::Writer, language::Language};
use domain::{
    mapping::{FieldRef, Preset, Settings, Who, WriteBack},
    terms::Term,
};
use i18n_embed_fl::fl;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Days after the issue date; more than QuickBooks' own terms allow.
const DAYS_MOST: u16 = 999;
const PRESETS_MOST: usize = 50;

/// The page's form, as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    to: String,
    address: String,
    email: String,
    tax_id: String,
    term: String,
    days: String,
    income_account: String,
    item: String,
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

fn term(chosen: &str, days: &str) -> Option<Term> {
    match (chosen, days.trim().parse::<u16>()) {
        ("days" | "", Ok(days)) if days <= DAYS_MOST => Some(Term::Days(days)),
        ("days" | "", _) => None,
        (id, _) => Some(Term::QuickBooks(id.to_owned())),
    }
}

fn who(chosen: &str) -> Who {
    if chosen == "admins" { Who::Admins } else { Who::Everyone }
}

impl Chosen {
    /// The settings that were chosen. What the page could not offer stays as it was.
    pub(super) fn settings(&self, saved: Settings) -> Settings {
        let field = |text: &str| text.parse::<FieldRef>().ok();
        let written = |name: &str| self.write_back.get(name).and_then(|key| filled(key));
        Settings {
            to: field(&self.to),
            address: field(&self.address),
            email: field(&self.email),
            tax_id: field(&self.tax_id),
            term: term(&self.term, &self.days).unwrap_or_default(),
            income_account: filled(&self.income_account).or(saved.income_account),
            item: filled(&self.item),
            tax_code: filled(&self.tax_code),
            update_customer: self.update_customer == "on",
            draft_on_won: self.draft_on_won == "on",
            create: who(&self.create),
            void: who(&self.void),
            language: self.language.as_deref().map_or(saved.language, filled),
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
        Some(Preset {
            name: filled(&self.name)?,
            message: self.message.trim().to_owned(),
            term: term(&self.term, &self.days),
            cc: self.cc.trim().to_owned(),
            online_payment: self.online_payment == "on",
            custom: self.custom.iter().filter_map(|(id, value)| Some((id.clone(), filled(value)?))).collect(),
        })
    }
}

/// What the page shows where nothing was chosen yet.
pub(super) struct Defaults<'a> {
    /// QuickBooks' id of an account.
    pub(super) income_account: Option<&'a str>,
}

/// The names of the settings in which two differ, as on the page.
pub(super) fn changed(w: Writer, old: &Settings, new: &Settings, defaults: &Defaults<'_>) -> Vec<String> {
    let account = |of: &Settings| of.income_account.clone().or_else(|| defaults.income_account.map(str::to_owned));
    let language = |of: &Settings| of.language.as_deref().map(Language::of);
    let mut names = Vec::new();
    let mut compare = |differs: bool, name: String| {
        if differs {
            names.push(name);
        }
    };
    compare(old.to != new.to, fl!(w.t, "settings-to"));
    compare(old.address != new.address, fl!(w.t, "settings-address"));
    compare(old.email != new.email, fl!(w.t, "settings-email"));
    compare(old.tax_id != new.tax_id, fl!(w.t, "settings-tax-id"));
    compare(old.term != new.term, fl!(w.t, "settings-due"));
    compare(account(old) != account(new), fl!(w.t, "settings-income-account"));
    compare(old.item != new.item, fl!(w.t, "settings-item"));
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

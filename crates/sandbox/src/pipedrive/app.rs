//! The app as registered in Pipedrive's Developer Hub, read from a file.

use super::records::Resource;
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Fatura's registration; a file of the same form takes its place for another app.
const FATURA: &str = include_str!("../../seeds/pipedrive-app.json");

/// What an extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Panel,
    Modal,
    Settings,
    FloatingWindow,
    /// An entry of a menu that opens an address of the app in a tab of its own.
    Link,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Modal => "modal",
            Self::Settings => "settings",
            Self::FloatingWindow => "floating_window",
            Self::Link => "link",
        }
    }
}

/// A place where Pipedrive shows the app: what it loads, and the secret that signs its tokens.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Extension {
    /// Unique in the app; of a modal, the `action_id` by which the SDK opens it.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// What the panel's head or the menu's entry says.
    pub(crate) name: String,
    pub(crate) url: String,
    /// The client secret signs where there is none.
    pub(crate) jwt_secret: Option<String>,
    /// The kinds of record that it stands on: `deal`, `person`, `organization`.
    #[serde(default)]
    pub(crate) on: Vec<String>,
}

/// The app.
#[derive(Debug, Deserialize)]
pub(crate) struct App {
    pub(crate) name: String,
    /// What the Marketplace says of it, by language (`en`, `pt-BR`, `es`).
    #[serde(default)]
    summary: BTreeMap<String, String>,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) callback_url: String,
    /// Where *Install* leads; Pipedrive's own consent page where there is none.
    pub(crate) installation_url: Option<String>,
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) extensions: Vec<Extension>,
}

/// The longest name of a panel.
const PANEL_NAME_MOST: usize = 30;

impl App {
    /// Reads a registration; `{app_url}` in it stands for the address of the app under development.
    pub(crate) fn read(text: Option<&str>, app_url: &str) -> anyhow::Result<Self> {
        let text = text.unwrap_or(FATURA).replace("{app_url}", app_url);
        let app: Self = serde_json::from_str(&text).context("the registration of the Pipedrive app")?;
        for (at, extension) in app.extensions.iter().enumerate() {
            let named = format!("the extension {}", extension.id);
            if app.extensions[..at].iter().any(|other| other.id == extension.id) {
                bail!("{named} is there twice");
            }
            if extension.kind == Kind::Panel && extension.name.chars().count() > PANEL_NAME_MOST {
                bail!("{named}: the name of a panel has 30 characters at most");
            }
            if let Some(word) =
                extension.on.iter().find(|word| !["deal", "person", "organization"].contains(&word.as_str()))
            {
                bail!("{named}: nothing stands on a {word}");
            }
            for panel in
                app.extensions[..at].iter().filter(|other| other.kind == Kind::Panel && extension.kind == Kind::Panel)
            {
                if panel.on.iter().any(|word| extension.on.contains(word)) {
                    bail!("{named}: an app has one panel on each kind of record");
                }
            }
        }
        if !app.scopes.iter().any(|scope| scope == "base") {
            bail!("every app has the scope base");
        }
        Ok(app)
    }

    /// What the Marketplace says of the app, in a language or else in English.
    pub(crate) fn summary(&self, lang: &str) -> &str {
        self.summary.get(lang).or_else(|| self.summary.get("en")).map_or("", String::as_str)
    }

    pub(crate) fn extension(&self, id: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.id == id)
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Extension> {
        self.extensions.iter().filter(move |extension| extension.kind == kind)
    }

    /// Extensions of a kind that stand on a kind of record.
    pub(crate) fn on(&self, kind: Kind, resource: Resource) -> impl Iterator<Item = &Extension> {
        self.of_kind(kind).filter(move |extension| extension.on.iter().any(|word| word == resource.word()))
    }

    pub(crate) fn secret<'a>(&'a self, extension: &'a Extension) -> &'a str {
        extension.jwt_secret.as_deref().unwrap_or(&self.client_secret)
    }

    /// What the host's script has to know: which extensions there are, and what each is.
    pub(crate) fn for_host(&self) -> Value {
        let extensions = self.extensions.iter();
        extensions.map(|extension| json!({ "id": extension.id, "type": extension.kind.word(), "name": extension.name, "on": extension.on })).collect()
    }
}

/// What a scope lets an app do, in English, as the consent page says it.
pub(crate) fn scope_in_words(scope: &str) -> &str {
    match scope {
        "base" => "Read settings of the authorized user and currencies",
        "deals:read" => "Read most of the data about deals and related entities",
        "deals:full" => {
            "Create, read, update and delete deals, their participants and followers; all files, notes and filters"
        }
        "contacts:read" => "Read data about persons and organizations",
        "contacts:full" => {
            "Create, read, update and delete persons and organizations and their followers; all notes, files, filters"
        }
        "products:read" => "Read products, their fields, files, followers and products connected to a deal",
        "products:full" => "Create, read, update and delete products and their fields; add products to deals",
        "activities:read" => "Read activities, their fields and types; all files and filters",
        "activities:full" => "Create, read, update and delete activities; all files and filters",
        "users:read" => {
            "Read data about users (people with access to a Pipedrive account) and their permissions, roles and followers"
        }
        "mail:read" => "Read mail threads and messages",
        "mail:full" => "Read, update and delete mail threads; read mail messages",
        "search:read" => "Search across the account for deals, persons, organizations, files and products",
        "recents:read" => "Read all recent changes that occurred in the account",
        "admin" => {
            "Do many things that an administrator can do in the account: everything about fields, pipelines, stages, users, webhooks"
        }
        "webhooks:read" => "Read information about webhooks",
        "webhooks:full" => "Create, read and delete webhooks",
        other => other,
    }
}

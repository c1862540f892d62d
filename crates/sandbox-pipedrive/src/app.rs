//! The app as registered in Pipedrive's Developer Hub, read from a file.

use crate::records::Resource;
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Type of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Panel,
    Modal,
    Settings,
    FloatingWindow,
    /// An entry of a menu that opens an address of the app in a new tab.
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

/// An extension of the app: its place, its address, and the secret that signs its tokens.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Extension {
    /// Unique id. For a modal, it is the `action_id` by which the SDK opens it.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// Title of the panel, or text of the menu entry.
    pub(crate) name: String,
    pub(crate) url: String,
    /// Secret that signs the tokens; the client secret if absent.
    pub(crate) jwt_secret: Option<String>,
    /// Kinds of records that show the extension: `deal`, `person`, `organization`.
    #[serde(default)]
    pub(crate) on: Vec<String>,
}

/// The registration of the app.
#[derive(Debug, Deserialize)]
pub struct App {
    pub(crate) name: String,
    /// Description in the Marketplace, by language (`en`, `pt-BR`, `es`).
    #[serde(default)]
    summary: BTreeMap<String, String>,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) callback_url: String,
    /// Target of *Install*; Pipedrive's consent page if absent.
    pub(crate) installation_url: Option<String>,
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) extensions: Vec<Extension>,
}

/// Upper bound for the name of a panel.
const MAX_PANEL_NAME_CHARS: usize = 30;

impl App {
    /// Reads a registration. The text `{app_url}` in it stands for the app's base address.
    pub fn read(text: &str, app_url: &str) -> anyhow::Result<Self> {
        let text = text.replace("{app_url}", app_url);
        let app: Self = serde_json::from_str(&text).context("the registration of the Pipedrive app")?;
        for (at, extension) in app.extensions.iter().enumerate() {
            let label = format!("the extension {}", extension.id);
            if app.extensions[..at].iter().any(|other| other.id == extension.id) {
                bail!("{label} is defined twice");
            }
            if extension.kind == Kind::Panel && extension.name.chars().count() > MAX_PANEL_NAME_CHARS {
                bail!("{label}: the name of a panel has 30 characters at most");
            }
            if let Some(word) =
                extension.on.iter().find(|word| !["deal", "person", "organization"].contains(&word.as_str()))
            {
                bail!("{label}: a {word} cannot show extensions");
            }
            for panel in
                app.extensions[..at].iter().filter(|other| other.kind == Kind::Panel && extension.kind == Kind::Panel)
            {
                if panel.on.iter().any(|word| extension.on.contains(word)) {
                    bail!("{label}: an app has one panel on each kind of record");
                }
            }
        }
        if !app.scopes.iter().any(|scope| scope == "base") {
            bail!("every app has the scope base");
        }
        Ok(app)
    }

    /// Returns the description in a language, or else in English.
    pub(crate) fn summary(&self, lang: &str) -> &str {
        self.summary.get(lang).or_else(|| self.summary.get("en")).map_or("", String::as_str)
    }

    pub(crate) fn extension(&self, id: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.id == id)
    }

    pub(crate) fn extensions_of_kind(&self, kind: Kind) -> impl Iterator<Item = &Extension> {
        self.extensions.iter().filter(move |extension| extension.kind == kind)
    }

    /// Returns the extensions of a type on a kind of record.
    pub(crate) fn extensions_on(&self, kind: Kind, resource: Resource) -> impl Iterator<Item = &Extension> {
        self.extensions_of_kind(kind).filter(move |extension| extension.on.iter().any(|word| word == resource.word()))
    }

    pub(crate) fn secret<'a>(&'a self, extension: &'a Extension) -> &'a str {
        extension.jwt_secret.as_deref().unwrap_or(&self.client_secret)
    }

    /// Returns the extensions in the form that the host's script reads.
    pub(crate) fn to_host_json(&self) -> Value {
        let extensions = self.extensions.iter();
        extensions.map(|extension| json!({ "id": extension.id, "type": extension.kind.word(), "name": extension.name, "on": extension.on })).collect()
    }
}

/// Returns the English description of a scope on the consent page.
pub(crate) fn describe_scope(scope: &str) -> &str {
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

//! Pipedrive: OAuth with the Marketplace's install and uninstall, the REST API, and the web page that embeds apps.

pub(crate) mod api;
mod company;
mod fields;
pub(crate) mod limits;
pub(crate) mod oauth;
pub(crate) mod records;
mod rules;
mod schema;
pub(crate) mod web;
pub(crate) mod webhooks;
mod words;

use crate::clock::Clock;
pub(crate) use company::Company;
use jiff::Timestamp;
pub(crate) use records::Resource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const SEEDS: &str = include_str!("../../seeds/pipedrive.json");

/// A surface of the app: where Pipedrive loads it from, and the secret that signs its tokens.
#[derive(Debug)]
pub(crate) struct Surface {
    pub(crate) url: String,
    pub(crate) jwt_secret: String,
}

/// The app as registered in Pipedrive's Developer Hub.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) callback_url: String,
    pub(crate) installation_url: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) panel: Surface,
    pub(crate) modal: Surface,
    pub(crate) settings: Surface,
}

/// The action id of the app's custom modal.
pub(crate) const MODAL_ACTION: &str = "invoice";

impl App {
    pub(crate) fn registered(app_url: &str) -> Self {
        let surface = |path: &str| Surface {
            url: format!("{app_url}/{path}"),
            jwt_secret: format!("sandbox-jwt-secret-of-the-{path}"),
        };
        Self {
            name: "Fatura".into(),
            client_id: "sandbox-pipedrive-client".into(),
            client_secret: "sandbox-pipedrive-client-secret".into(),
            callback_url: format!("{app_url}/pipedrive/callback"),
            installation_url: format!("{app_url}/install"),
            scopes: ["base", "deals:read", "contacts:read", "products:read", "users:read"].map(str::to_owned).to_vec(),
            panel: surface("panel"),
            modal: surface("form"),
            settings: surface("settings"),
        }
    }
}

/// All of the simulated Pipedrive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) companies: Vec<Company>,
    pub(crate) grants: oauth::Grants,
    pub(crate) sessions: std::collections::BTreeMap<String, i64>,
    #[serde(default)]
    pub(crate) webhooks: webhooks::Webhooks,
}

/// A person who uses Pipedrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_admin: bool,
    pub(crate) locale: String,
    pub(crate) language: Value,
    pub(crate) timezone_name: String,
    #[serde(default = "light")]
    pub(crate) theme: String,
}

fn light() -> String {
    "light".into()
}

impl State {
    pub(crate) fn seeded(clock: Clock) -> anyhow::Result<Self> {
        let seeds: Value = serde_json::from_str(SEEDS)?;
        let seeds = seeds["companies"].as_array().into_iter().flatten();
        let companies = seeds.map(|seed| Company::seeded(seed, &clock.pipedrive())).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            companies,
            grants: oauth::Grants::default(),
            sessions: std::collections::BTreeMap::new(),
            webhooks: webhooks::Webhooks::default(),
        })
    }

    /// The company that a user belongs to, and the user.
    pub(crate) fn user(&self, user_id: i64) -> Option<(&Company, &User)> {
        self.companies.iter().find_map(|company| company.user(user_id).map(|user| (company, user)))
    }

    pub(crate) fn user_mut(&mut self, user_id: i64) -> Option<&mut User> {
        self.companies.iter_mut().flat_map(|company| &mut company.users).find(|user| user.id == user_id)
    }

    /// Lets somebody act on a company, and has its subscribers told of what was done.
    pub(crate) fn act<T>(&mut self, id: i64, now: Timestamp, work: impl FnOnce(&mut Company) -> T) -> Option<T> {
        let company = self.companies.iter_mut().find(|company| company.id == id)?;
        let result = work(company);
        let changes = company.take_changes();
        self.webhooks.notice(company, changes, now);
        Some(result)
    }

    pub(crate) fn company(&self, id: i64) -> Option<&Company> {
        self.companies.iter().find(|company| company.id == id)
    }
}

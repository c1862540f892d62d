//! QuickBooks Online: Intuit's OAuth, the v3 Accounting API, and a little web page.

pub(crate) mod api;
mod company;
mod entity;
mod fault;
mod invoice;
pub(crate) mod oauth;
mod query;
mod table;
pub(crate) mod web;

use crate::clock::Clock;
pub(crate) use company::Company;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const SEEDS: &str = include_str!("../../seeds/quickbooks.json");

/// The app as registered in Intuit's developer portal.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
}

impl App {
    pub(crate) fn registered(app_url: &str) -> Self {
        Self {
            client_id: "ABsandbox0quickbooks0client".into(),
            client_secret: "sandbox-quickbooks-client-secret".into(),
            redirect_uri: format!("{app_url}/quickbooks/callback"),
        }
    }
}

/// All of the simulated QuickBooks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) users: Vec<User>,
    pub(crate) companies: BTreeMap<String, Company>,
    pub(crate) grants: oauth::Grants,
}

/// Somebody who can sign in at Intuit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) realms: Vec<String>,
}

impl State {
    pub(crate) fn seeded(clock: Clock) -> anyhow::Result<Self> {
        let seeds: Value = serde_json::from_str(SEEDS)?;
        let users = serde_json::from_value(seeds["users"].clone())?;
        let mut companies = BTreeMap::new();
        for seed in seeds["companies"].as_array().into_iter().flatten() {
            let company = Company::seeded(seed, clock)?;
            companies.insert(company.realm_id.clone(), company);
        }
        Ok(Self { users, companies, grants: oauth::Grants::default() })
    }

    pub(crate) fn realm_ids(&self) -> Vec<String> {
        self.companies.keys().cloned().collect()
    }
}

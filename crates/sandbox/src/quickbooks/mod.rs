//! QuickBooks Online: Intuit's OAuth, the v3 Accounting API, webhooks, and a little web page.

pub(crate) mod accountant;
pub(crate) mod api;
mod company;
mod entity;
mod fault;
pub(crate) mod oauth;
mod objects;
mod query;
mod sales;
mod schema;
pub(crate) mod web;
pub(crate) mod webhooks;

use crate::clock::Clock;
pub(crate) use company::{Act, Company, Quirks, preset};
pub(crate) use entity::Entity;
pub(crate) use fault::{Fault, scope_missing, throttled, unauthorized};
pub(crate) use oauth::refused_grant;
pub(crate) use objects::Verb;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use webhooks::Webhooks;

/// The app as registered in Intuit's developer portal.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uris: Vec<String>,
}

impl App {
    pub(crate) fn registered(app_url: &str, redirect_uris: &[String]) -> Self {
        Self {
            client_id: "ABsandbox0quickbooks0client".into(),
            client_secret: "sandbox-quickbooks-client-secret".into(),
            redirect_uris: std::iter::once(format!("{app_url}/quickbooks/callback"))
                .chain(redirect_uris.iter().cloned())
                .collect(),
        }
    }
}

/// All of the simulated QuickBooks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) users: Vec<User>,
    /// Each is written to a file of its own.
    #[serde(skip)]
    pub(crate) companies: BTreeMap<String, Company>,
    pub(crate) grants: oauth::Grants,
    pub(crate) webhooks: Webhooks,
    #[serde(default)]
    pub(crate) discovery: oauth::Discovery,
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
        let (users, companies) = preset::seeds(clock)?;
        Ok(Self {
            users,
            companies: by_realm(companies),
            grants: oauth::Grants::default(),
            webhooks: Webhooks::default(),
            discovery: oauth::Discovery::default(),
        })
    }

    pub(crate) fn realm_ids(&self) -> Vec<String> {
        self.companies.keys().cloned().collect()
    }

    /// Lets somebody act on a company, and tells the webhooks what changed, if an app is connected. `None` for an
    /// unknown company.
    pub(crate) fn act<T>(
        &mut self,
        realm_id: &str,
        work: impl FnOnce(&mut Company) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        let company = self.companies.get_mut(realm_id)?;
        let result = work(company);
        let events = std::mem::take(&mut company.events);
        if self.webhooks.endpoint.is_some() && self.grants.is_connected(realm_id) {
            self.webhooks.notice(events);
        }
        Some(result)
    }

    /// Puts in what a file describes. A company that none of its users names is open to everybody.
    pub(crate) fn seed(&mut self, users: Vec<User>, companies: Vec<Company>) {
        let named: BTreeSet<&String> = users.iter().flat_map(|user| &user.realms).collect();
        let (of_some, of_all): (Vec<_>, Vec<_>) =
            companies.into_iter().partition(|company| named.contains(&company.realm_id));
        self.companies.extend(by_realm(of_some));
        self.users.extend(users);
        for company in of_all {
            self.add(company);
        }
    }

    /// Puts a company in, and lets every user sign in to it.
    pub(crate) fn add(&mut self, company: Company) {
        for user in &mut self.users {
            if !user.realms.contains(&company.realm_id) {
                user.realms.push(company.realm_id.clone());
            }
        }
        self.companies.insert(company.realm_id.clone(), company);
    }
}

pub(crate) fn by_realm(companies: Vec<Company>) -> BTreeMap<String, Company> {
    companies.into_iter().map(|company| (company.realm_id.clone(), company)).collect()
}

//! The whole state of the simulator: users, companies, grants and webhooks.

use crate::{
    company::Company,
    discovery::Discovery,
    fault::Fault,
    grants::Grants,
    presets::Seeds,
    user::User,
    webhooks::{Endpoint, Webhooks},
};
use sandbox_core::clock::Clock;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The state. Its JSON leaves out the companies, which are saved one by one.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    pub(crate) users: Vec<User>,
    #[serde(skip)]
    pub(crate) companies: BTreeMap<String, Company>,
    pub(crate) grants: Grants,
    pub(crate) webhooks: Webhooks,
    #[serde(default)]
    pub(crate) discovery: Discovery,
}

impl State {
    /// Creates the users and companies of the seeds.
    pub fn seeded(seeds: &Seeds, clock: Clock) -> anyhow::Result<Self> {
        let (users, companies) = seeds.load(clock)?;
        Ok(Self {
            users,
            companies: by_realm(companies),
            grants: Grants::default(),
            webhooks: Webhooks::default(),
            discovery: Discovery::default(),
        })
    }

    /// Returns the ids of all companies.
    pub fn realm_ids(&self) -> Vec<String> {
        self.companies.keys().cloned().collect()
    }

    /// Returns all companies.
    pub fn companies(&self) -> impl Iterator<Item = &Company> {
        self.companies.values()
    }

    /// Serializes each company that has changed since the previous call, with its realm id.
    pub fn take_changed_companies(&mut self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut changed = Vec::new();
        for company in self.companies.values_mut().filter(|company| company.is_changed) {
            company.is_changed = false;
            changed.push((company.realm_id.clone(), serde_json::to_vec(company)?));
        }
        Ok(changed)
    }

    /// Adds the companies of a saved state.
    pub fn restore_companies(&mut self, companies: Vec<Company>) {
        self.companies = by_realm(companies.into_iter().map(Company::rebuild_caches).collect());
    }

    /// Marks all companies as changed, so that each is saved.
    pub fn mark_companies_changed(&mut self) {
        for company in self.companies.values_mut() {
            company.is_changed = true;
        }
    }

    /// Replaces the state. The webhook endpoint stays.
    pub fn reset(&mut self, mut seeded: Self) {
        seeded.webhooks.endpoint = self.webhooks.endpoint.take();
        *self = seeded;
    }

    /// Sends webhooks to an address, with default settings.
    pub fn set_webhook_url(&mut self, url: &str) {
        self.webhooks.endpoint = Some(Endpoint::new(url));
    }

    /// Runs `work` on a company. If an app is connected to the company, webhooks report the changes. Returns `None`
    /// for an unknown company.
    pub(crate) fn with_company<T>(
        &mut self,
        realm_id: &str,
        work: impl FnOnce(&mut Company) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        let company = self.companies.get_mut(realm_id)?;
        let result = work(company);
        let events = std::mem::take(&mut company.events);
        if self.webhooks.endpoint.is_some() && self.grants.is_connected(realm_id) {
            self.webhooks.enqueue(events);
        }
        Some(result)
    }

    /// Adds the users and companies of a file. A company that is not listed for any of these users is open to all users.
    pub(crate) fn seed(&mut self, users: Vec<User>, companies: Vec<Company>) {
        let assigned: BTreeSet<&String> = users.iter().flat_map(|user| &user.realms).collect();
        let (restricted, unrestricted): (Vec<_>, Vec<_>) =
            companies.into_iter().partition(|company| assigned.contains(&company.realm_id));
        self.companies.extend(by_realm(restricted));
        self.users.extend(users);
        for company in unrestricted {
            self.add(company);
        }
    }

    /// Adds a company and opens it to all users.
    pub(crate) fn add(&mut self, company: Company) {
        for user in &mut self.users {
            if !user.realms.contains(&company.realm_id) {
                user.realms.push(company.realm_id.clone());
            }
        }
        self.companies.insert(company.realm_id.clone(), company);
    }
}

fn by_realm(companies: Vec<Company>) -> BTreeMap<String, Company> {
    companies.into_iter().map(|company| (company.realm_id.clone(), company)).collect()
}

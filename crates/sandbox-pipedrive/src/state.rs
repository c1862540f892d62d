//! The whole state of the simulator: companies, grants, sessions and webhooks.

use crate::{company::Company, grants::Grants, records::Resource, seeds::Seeds, users::User, webhooks::Webhooks};
use jiff::Timestamp;
use sandbox_core::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// The state of the simulator.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    pub(crate) companies: Vec<Company>,
    pub(crate) grants: Grants,
    pub(crate) sessions: BTreeMap<String, i64>,
    #[serde(default)]
    pub(crate) webhooks: Webhooks,
}

impl State {
    /// Creates the companies of the seeds.
    pub fn seeded(seeds: Seeds, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            companies: seeds.load(clock)?,
            grants: Grants::default(),
            sessions: BTreeMap::new(),
            webhooks: Webhooks::default(),
        })
    }

    /// Returns all users with their companies.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&Company, &User)> {
        self.companies.iter().flat_map(|company| company.users.iter().map(move |user| (company, user)))
    }

    /// Returns a user with the company.
    pub(crate) fn user(&self, user_id: i64) -> Option<(&Company, &User)> {
        self.users().find(|(_, user)| user.id == user_id)
    }

    pub(crate) fn user_mut(&mut self, user_id: i64) -> Option<&mut User> {
        self.companies.iter_mut().flat_map(|company| &mut company.users).find(|user| user.id == user_id)
    }

    /// Runs `work` on a company. Webhooks report the changes. Returns `None` for an unknown company.
    pub(crate) fn with_company<T>(
        &mut self,
        id: i64,
        now: Timestamp,
        work: impl FnOnce(&mut Company) -> T,
    ) -> Option<T> {
        let company = self.companies.iter_mut().find(|company| company.id == id)?;
        let result = work(company);
        let changes = company.take_changes();
        self.webhooks.enqueue(company, changes, now);
        Some(result)
    }

    pub(crate) fn company(&self, id: i64) -> Option<&Company> {
        self.companies.iter().find(|company| company.id == id)
    }

    /// Uninstalls the app for a user: removes the tokens, and the subscriptions that the app made with them.
    pub(crate) fn uninstall(&mut self, user_id: i64) {
        self.grants.uninstall(user_id);
        for company in &mut self.companies {
            let subscriptions: Vec<i64> = company
                .records
                .find_by(Resource::Webhook, "owner_id", user_id)
                .filter(|(_, row)| row["type"] == json!("application"))
                .map(|(id, _)| id)
                .collect();
            for id in subscriptions {
                company.records.remove(Resource::Webhook, id);
            }
        }
    }
}

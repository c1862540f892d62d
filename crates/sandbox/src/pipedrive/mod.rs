//! Pipedrive: OAuth with the Marketplace's install and uninstall, the REST API, and the web page that embeds apps.

pub(crate) mod acts;
pub(crate) mod api;
pub(crate) mod app;
mod company;
mod fields;
mod filters;
mod followers;
mod history;
pub(crate) mod limits;
pub(crate) mod oauth;
pub(crate) mod records;
pub(crate) mod rules;
mod schema;
mod users;
pub(crate) mod web;
pub(crate) mod webhooks;

use crate::clock::Clock;
pub(crate) use app::App;
pub(crate) use company::Company;
use jiff::Timestamp;
pub(crate) use records::Resource;
use serde::{Deserialize, Serialize};
use serde_json::Value;
pub(crate) use users::User;

const SEEDS: &str = include_str!("../../seeds/pipedrive.json");

/// All of the simulated Pipedrive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) companies: Vec<Company>,
    pub(crate) grants: oauth::Grants,
    pub(crate) sessions: std::collections::BTreeMap<String, i64>,
    #[serde(default)]
    pub(crate) webhooks: webhooks::Webhooks,
}

/// The companies of a file in the form of `seeds/pipedrive.json`.
pub(crate) fn companies(seeds: &Value, clock: Clock) -> anyhow::Result<Vec<Company>> {
    let seeds = seeds["companies"].as_array().into_iter().flatten();
    seeds.map(|seed| Company::seeded(seed, &clock.pipedrive())).collect()
}

/// The companies that there are from the beginning.
pub(crate) fn seeded_companies(clock: Clock) -> anyhow::Result<Vec<Company>> {
    companies(&serde_json::from_str(SEEDS)?, clock)
}

impl State {
    pub(crate) fn seeded(clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            companies: seeded_companies(clock)?,
            grants: oauth::Grants::default(),
            sessions: std::collections::BTreeMap::new(),
            webhooks: webhooks::Webhooks::default(),
        })
    }

    /// All users, with their companies.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&Company, &User)> {
        self.companies.iter().flat_map(|company| company.users.iter().map(move |user| (company, user)))
    }

    /// The company that a user belongs to, and the user.
    pub(crate) fn user(&self, user_id: i64) -> Option<(&Company, &User)> {
        self.users().find(|(_, user)| user.id == user_id)
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

    /// Ends the app for a user: tokens and the subscriptions that it made with them are gone.
    pub(crate) fn uninstall(&mut self, user_id: i64) {
        self.grants.uninstall(user_id);
        for company in &mut self.companies {
            let own: Vec<i64> = company
                .records
                .with(Resource::Webhook, "owner_id", user_id)
                .filter(|(_, row)| row["type"] == serde_json::json!("application"))
                .map(|(id, _)| id)
                .collect();
            for id in own {
                company.records.remove(Resource::Webhook, id);
            }
        }
    }
}

//! One Pipedrive company: its users, custom fields, records and their history.

use crate::{
    changes::Change,
    history::History,
    records::{Records, Resource},
    users::{self, User, webhook_user},
    writer::Writer,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A company with its records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) users: Vec<User>,
    /// Custom fields.
    pub(crate) fields: Vec<Value>,
    #[serde(default)]
    pub(crate) records: Records,
    #[serde(default)]
    pub(crate) history: History,
    /// Contents of files in base64, by id.
    #[serde(default)]
    pub(crate) contents: BTreeMap<i64, String>,
    /// Whether an admin has added the app for everyone. Users then see its panel with an invitation to install it.
    #[serde(default)]
    pub(crate) app_shared: bool,
    /// The last ids of custom fields and of options.
    #[serde(default)]
    pub(super) last_field: i64,
    #[serde(default)]
    pub(super) last_option: i64,
    /// Counts changes, so that a page detects that it is outdated.
    #[serde(default)]
    pub(crate) version: u64,
    /// Changes that webhooks have not reported yet.
    #[serde(default)]
    changes: Vec<Change>,
}

impl Company {
    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Records a change in the history and for webhooks.
    pub(crate) fn record_change(&mut self, writer: &Writer, resource: Resource, id: i64, before: Value, after: Value) {
        self.version += 1;
        self.history.record((resource, id), (writer.user.id, &writer.v1_now(), writer.source), &before, &after);
        self.changes.push(Change { resource, id, user: writer.user.id, source: writer.source.into(), before, after });
    }

    /// Takes the changes since the previous call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Whether a user follows a record.
    pub(crate) fn follows(&self, user: i64, resource: Resource, id: i64) -> bool {
        self.records.find_by(Resource::Follower, "user_id", user).any(|(_, row)| row[resource.member()] == json!(id))
    }

    /// Whether a user may see a record. Admins may see all records. With `visible_to` 1, only the owner and followers may.
    pub(crate) fn user_may_see(&self, user: &User, resource: Resource, row: &Value) -> bool {
        user.is_admin
            || row["visible_to"] != json!(1)
            || row["owner_id"] == json!(user.id)
            || self.follows(user.id, resource, row["id"].as_i64().unwrap_or_default())
    }

    /// Changes a user, and records the change for webhooks.
    pub(super) fn change_user(&mut self, writer: &Writer, id: i64, change: users::Change) {
        let Some(user) = self.users.iter_mut().find(|user| user.id == id) else { return };
        let before = match change {
            users::Change::Created => Value::Null,
            users::Change::Active(active) => {
                let before = webhook_user(user);
                user.active = active;
                before
            }
        };
        let after = webhook_user(user);
        self.record_change(writer, Resource::User, id, before, after);
    }

    /// Returns the author of changes at a time (RFC 3339). The source is `api`, or `app` for Pipedrive's own page.
    pub(crate) fn writer(&self, user: &User, now: &str, source: &'static str) -> Writer {
        Writer { user: user.clone(), now: now.to_owned(), source, currency: self.currency.clone() }
    }
}

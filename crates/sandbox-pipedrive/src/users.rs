//! Users with their permissions.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A user of Pipedrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_admin: bool,
    pub(crate) locale: String,
    pub(crate) language: Value,
    pub(crate) timezone_name: String,
    #[serde(default = "default_theme")]
    pub(crate) theme: String,
    #[serde(default = "default_active")]
    pub(crate) active: bool,
    /// Permissions that differ from those of an admin or a regular user.
    #[serde(default)]
    pub(crate) permissions: BTreeMap<String, bool>,
}

fn default_theme() -> String {
    "light".into()
}

fn default_active() -> bool {
    true
}

/// All permissions, and whether a regular user has them.
const PERMISSIONS: [(&str, bool); 47] = [
    ("can_add_custom_fields", false),
    ("can_add_deals", true),
    ("can_add_organizations", true),
    ("can_add_people", true),
    ("can_add_products", true),
    ("can_add_prospects_as_leads", true),
    ("can_bulk_edit_items", true),
    ("can_change_visibility_of_items", true),
    ("can_convert_deals_to_leads", false),
    ("can_create_own_workflow", true),
    ("can_delete_activities", true),
    ("can_delete_custom_fields", false),
    ("can_delete_deals", true),
    ("can_delete_organizations", true),
    ("can_delete_people", true),
    ("can_edit_custom_fields", false),
    ("can_edit_deals_closed_date", false),
    ("can_edit_other_users_activities", true),
    ("can_edit_other_users_deals", true),
    ("can_edit_other_users_organizations", true),
    ("can_edit_other_users_people", true),
    ("can_edit_products", true),
    ("can_edit_shared_filters", false),
    ("can_export_data_from_lists", false),
    ("can_follow_other_users", true),
    ("can_install_apps", true),
    ("can_merge_deals", false),
    ("can_merge_organizations", false),
    ("can_merge_people", false),
    ("can_modify_labels", false),
    ("can_modify_owner_for_activities", true),
    ("can_modify_owner_for_deals", true),
    ("can_modify_owner_for_organizations", true),
    ("can_modify_owner_for_people", true),
    ("can_modify_owner_for_products", true),
    ("can_see_company_wide_statistics", false),
    ("can_see_deals_list_summary", true),
    ("can_see_hidden_items_names", false),
    ("can_see_other_users", true),
    ("can_see_other_users_statistics", false),
    ("can_see_security_dashboard", false),
    ("can_share_apps", false),
    ("can_share_filters", false),
    ("can_share_insights", false),
    ("can_use_api", true),
    ("can_use_email_tracking", true),
    ("can_use_import", false),
];

impl User {
    /// Whether the user has a permission. Only admins have a permission that is not listed.
    pub(crate) fn may(&self, permission: &str) -> bool {
        let regular = PERMISSIONS.iter().find(|(name, _)| *name == permission).is_some_and(|(_, regular)| *regular);
        self.permissions.get(permission).copied().unwrap_or(self.is_admin || regular)
    }

    pub(crate) fn all_permissions(&self) -> Value {
        PERMISSIONS.iter().map(|(name, _)| ((*name).to_owned(), json!(self.may(name)))).collect()
    }

    /// Returns the user's API token. It is the same in every run, so that tests can use it.
    pub(crate) fn api_token(&self) -> String {
        format!("{:040x}", self.id.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn timezone(&self) -> TimeZone {
        TimeZone::get(&self.timezone_name).unwrap_or(TimeZone::UTC)
    }

    /// Formats the user's time zone as an offset: `-03:00`.
    pub(crate) fn timezone_offset(&self, now: Timestamp) -> String {
        now.to_zoned(self.timezone()).strftime("%:z").to_string()
    }
}

/// A change to a user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Created,
    Active(bool),
}

/// Converts a user for webhooks.
pub(crate) fn webhook_user(user: &User) -> Value {
    json!({ "id": user.id, "name": user.name, "email": user.email, "is_admin": user.is_admin, "active_flag": user.active, "locale": user.locale })
}

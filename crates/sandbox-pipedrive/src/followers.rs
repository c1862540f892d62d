//! Followers of records.

use crate::{action_error::ActionError, actions, company::Company, records::Resource, writer::Writer};
use serde_json::{Value, json};

/// Adds a follower. A user who already follows the record stays one.
pub(super) fn add(
    company: &mut Company,
    resource: Resource,
    id: i64,
    user: i64,
    writer: &Writer,
) -> Result<Value, ActionError> {
    actions::find_visible(company, &writer.user, resource, id)?;
    company.user(user).ok_or_else(|| ActionError::Invalid(format!("User not found: user_id {user}")))?;
    let existing = company
        .records
        .find_by(Resource::Follower, resource.member(), id)
        .find(|(_, row)| row["user_id"] == json!(user));
    if let Some((_, row)) = existing {
        return Ok(row.clone());
    }
    let at = company.records.next_id(Resource::Follower);
    let row = json!({ "id": at, resource.member(): id, "user_id": user, "add_time": writer.now });
    company.records.put(Resource::Follower, at, row.clone());
    record_follower_change(company, resource, id, user, "added", writer);
    Ok(row)
}

/// Removes the follower row at `at`.
pub(super) fn remove(
    company: &mut Company,
    resource: Resource,
    id: i64,
    at: Option<i64>,
    writer: &Writer,
) -> Result<(), ActionError> {
    actions::find_visible(company, &writer.user, resource, id)?;
    let row = at.and_then(|at| company.records.remove(Resource::Follower, at));
    let row = row.ok_or_else(|| ActionError::NotFound("Follower".into()))?;
    record_follower_change(company, resource, id, row["user_id"].as_i64().unwrap_or_default(), "removed", writer);
    Ok(())
}

fn record_follower_change(
    company: &mut Company,
    resource: Resource,
    id: i64,
    user: i64,
    action: &str,
    writer: &Writer,
) {
    company.version += 1;
    let at = company.records.next_id(Resource::FollowerChange);
    let row = json!({ "id": at, resource.member(): id, "action": action, "actor_user_id": writer.user.id, "follower_user_id": user, "time": writer.now });
    company.records.put(Resource::FollowerChange, at, row);
}

//! Following a record.

use super::{
    Company,
    acts::{self, Wrong},
    records::Resource,
    rules::Writer,
};
use serde_json::{Value, json};

/// Has a user follow a record; who does already is no mistake.
pub(super) fn add(
    company: &mut Company,
    resource: Resource,
    id: i64,
    user: i64,
    writer: &Writer,
) -> Result<Value, Wrong> {
    acts::seen(company, &writer.user, resource, id)?;
    company.user(user).ok_or_else(|| Wrong::Invalid(format!("User not found: user_id {user}")))?;
    let there =
        company.records.with(Resource::Follower, resource.member(), id).find(|(_, row)| row["user_id"] == json!(user));
    if let Some((_, row)) = there {
        return Ok(row.clone());
    }
    let at = company.records.next_id(Resource::Follower);
    let row = json!({ "id": at, resource.member(): id, "user_id": user, "add_time": writer.now });
    company.records.put(Resource::Follower, at, row.clone());
    note(company, resource, id, user, "added", writer);
    Ok(row)
}

/// Ends what the row at `at` says.
pub(super) fn remove(
    company: &mut Company,
    resource: Resource,
    id: i64,
    at: Option<i64>,
    writer: &Writer,
) -> Result<(), Wrong> {
    acts::seen(company, &writer.user, resource, id)?;
    let row = at.and_then(|at| company.records.remove(Resource::Follower, at));
    let row = row.ok_or_else(|| Wrong::NotFound("Follower".into()))?;
    note(company, resource, id, row["user_id"].as_i64().unwrap_or_default(), "removed", writer);
    Ok(())
}

fn note(company: &mut Company, resource: Resource, id: i64, user: i64, action: &str, writer: &Writer) {
    company.version += 1;
    let at = company.records.next_id(Resource::FollowerChange);
    let row = json!({ "id": at, resource.member(): id, "action": action, "actor_user_id": writer.user.id, "follower_user_id": user, "time": writer.now });
    company.records.put(Resource::FollowerChange, at, row);
}

//! Actions of users on records. The API, the web pages and the control port use them, so that checks and consequences are
//! the same.

use crate::{
    action_error::ActionError, company::Company, records::Resource, rules, schema, users::User, writer::Writer,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

const NO_PERMISSION: &str = "You do not have permissions to do this.";

/// Time after a deletion during which a record can still be read.
const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

fn forbidden() -> ActionError {
    ActionError::Forbidden(NO_PERMISSION.into())
}

/// Returns a record that the user may see.
pub(super) fn find_visible<'a>(
    company: &'a Company,
    user: &User,
    resource: Resource,
    id: i64,
) -> Result<&'a Value, ActionError> {
    let row = company.records.get(resource, id).ok_or_else(|| ActionError::NotFound(resource.name()))?;
    if company.user_may_see(user, resource, row) { Ok(row) } else { Err(forbidden()) }
}

/// Returns a record that the user may see, also within 30 days of its deletion.
pub(super) fn find_visible_or_deleted<'a>(
    company: &'a Company,
    writer: &Writer,
    resource: Resource,
    id: i64,
) -> Result<&'a Value, ActionError> {
    let row = company.records.get_with_deleted(resource, id);
    let row = row.filter(|row| is_kept(row, &writer.now)).ok_or_else(|| ActionError::NotFound(resource.name()))?;
    if company.user_may_see(&writer.user, resource, row) { Ok(row) } else { Err(forbidden()) }
}

/// Whether a record exists, or was deleted less than 30 days ago.
pub(super) fn is_kept(row: &Value, now: &str) -> bool {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    row["is_deleted"] != json!(true)
        || moment(row["update_time"].as_str().unwrap_or_default())
            .zip(moment(now))
            .is_none_or(|(deleted, now)| now.duration_since(deleted) < RETENTION)
}

/// Returns the name of a kind of record in permissions.
fn permission_noun(resource: Resource) -> Option<&'static str> {
    Some(match resource {
        Resource::Deal => "deals",
        Resource::Person => "people",
        Resource::Organization => "organizations",
        Resource::Product => "products",
        Resource::Activity => "activities",
        _ => return None,
    })
}

fn may_add(user: &User, resource: Resource) -> bool {
    match (resource, permission_noun(resource)) {
        (Resource::Activity, _) => true,
        (_, Some(noun)) => user.may(&format!("can_add_{noun}")),
        (_, None) => user.is_admin,
    }
}

/// Checks whether the user may change an existing record.
pub(super) fn may_edit(user: &User, resource: Resource, row: &Value) -> Result<(), ActionError> {
    let allowed = match (resource, permission_noun(resource)) {
        (Resource::Product, _) => user.may("can_edit_products"),
        (_, Some(noun)) => row["owner_id"] == json!(user.id) || user.may(&format!("can_edit_other_users_{noun}")),
        (_, None) => user.is_admin,
    };
    if allowed { Ok(()) } else { Err(forbidden()) }
}

fn may_remove(user: &User, resource: Resource) -> bool {
    match (resource, permission_noun(resource)) {
        (Resource::Product, _) => user.may("can_edit_products"),
        (_, Some(noun)) => user.may(&format!("can_delete_{noun}")),
        (_, None) => user.is_admin,
    }
}

/// Creates a record, and returns it.
pub(crate) fn create(
    company: &mut Company,
    resource: Resource,
    body: &Value,
    writer: &Writer,
) -> Result<Value, ActionError> {
    if !may_add(&writer.user, resource) {
        return Err(forbidden());
    }
    create_part(company, resource, body, &Value::Null, writer)
}

/// Creates a part of a record that the user may change. `preset` holds members that the body cannot set.
pub(super) fn create_part(
    company: &mut Company,
    resource: Resource,
    body: &Value,
    preset: &Value,
    writer: &Writer,
) -> Result<Value, ActionError> {
    let checked = schema::check_body(company, resource, body, true).map_err(ActionError::Invalid)?;
    rules::check_links(company, &checked).map_err(ActionError::Invalid)?;
    rules::check_name(resource, &checked, true).map_err(ActionError::Invalid)?;
    let id = company.records.next_id(resource);
    let mut row = Value::Object(checked.into_iter().filter(|(_, value)| !value.is_null()).collect());
    rules::insert_missing(&mut row, preset);
    rules::fill_defaults(resource, id, &mut row, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.record_change(writer, resource, id, Value::Null, row.clone());
    Ok(row)
}

/// Changes a record, and returns it. The user needs the permission to edit it, unless it is a part of a deal.
pub(crate) fn change(
    company: &mut Company,
    resource: Resource,
    id: i64,
    body: &Value,
    writer: &Writer,
) -> Result<Value, ActionError> {
    let part = matches!(resource, Resource::DealProduct | Resource::DealDiscount | Resource::DealInstallment);
    let before = find_visible(company, &writer.user, resource, id)?.clone();
    if !part {
        may_edit(&writer.user, resource, &before)?;
    }
    let checked = schema::check_body(company, resource, body, false).map_err(ActionError::Invalid)?;
    rules::check_links(company, &checked).map_err(ActionError::Invalid)?;
    rules::check_name(resource, &checked, false).map_err(ActionError::Invalid)?;
    check_change(resource, &before, &checked, &writer.user)?;
    let mut row = before.clone();
    rules::apply_change(resource, &mut row, checked, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.record_change(writer, resource, id, before, row.clone());
    Ok(row)
}

/// Checks the changes that need more than the permission to edit.
fn check_change(resource: Resource, before: &Value, body: &Map<String, Value>, user: &User) -> Result<(), ActionError> {
    let changes = |member: &str| body.get(member).is_some_and(|value| *value != before[member]);
    if before["is_archived"] == json!(true) && body.get("is_archived") != Some(&json!(false)) {
        return Err(ActionError::Invalid("Archived deals cannot be edited".into()));
    }
    if changes("visible_to") && !user.may("can_change_visibility_of_items") {
        return Err(forbidden());
    }
    if let Some(noun) = permission_noun(resource)
        && changes("owner_id")
        && before["owner_id"] != json!(user.id)
        && !user.may(&format!("can_modify_owner_for_{noun}"))
    {
        return Err(ActionError::Forbidden("You do not have permission to change the owner.".into()));
    }
    Ok(())
}

/// Deletes a record. A pipeline or a stage with deals cannot be deleted.
pub(crate) fn remove(company: &mut Company, resource: Resource, id: i64, writer: &Writer) -> Result<(), ActionError> {
    let before = find_visible(company, &writer.user, resource, id)?.clone();
    may_edit(&writer.user, resource, &before)?;
    if !may_remove(&writer.user, resource) {
        return Err(forbidden());
    }
    if matches!(resource, Resource::Pipeline | Resource::Stage)
        && company.records.find_by(Resource::Deal, resource.member(), id).next().is_some()
    {
        return Err(ActionError::Invalid(format!("{} has deals and cannot be deleted", resource.name())));
    }
    mark_deleted(company, resource, id, writer);
    Ok(())
}

/// Marks a record as deleted, without a check of permissions.
pub(super) fn mark_deleted(company: &mut Company, resource: Resource, id: i64, writer: &Writer) {
    let Some(row) = company.records.get_mut(resource, id) else { return };
    let before = row.clone();
    row["is_deleted"] = json!(true);
    row["update_time"] = json!(writer.now);
    if resource == Resource::Deal {
        row["status"] = json!("deleted");
    }
    company.record_change(writer, resource, id, before, Value::Null);
}

/// Changes the parts of a deal that the user may edit, and updates the deal's value.
pub(super) fn change_parts<T, E: From<ActionError>>(
    company: &mut Company,
    resource: Resource,
    deal: i64,
    writer: &Writer,
    work: impl FnOnce(&mut Company, &Writer) -> Result<T, E>,
) -> Result<T, E> {
    let before = find_visible(company, &writer.user, Resource::Deal, deal)?.clone();
    may_edit(&writer.user, Resource::Deal, &before)?;
    let result = work(company, writer)?;
    if resource != Resource::DealInstallment {
        rules::update_deal_value(&mut company.records, deal, &writer.now);
        let after = company.records.get(Resource::Deal, deal).cloned().unwrap_or_default();
        if before != after {
            company.record_change(writer, Resource::Deal, deal, before, after);
        }
    }
    Ok(result)
}

//! What users do to records, whether through the API, the page or the control door: the same checks and consequences.

use super::{
    Company, User,
    records::Resource,
    rules::{self, Writer},
    schema,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// Why an act was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// What was given is not what is taken; the words say which member and why.
    Invalid(String),
    /// There is no such thing; the word names it.
    NotFound(String),
    /// The user may not.
    Forbidden(String),
}

const NO_PERMISSION: &str = "You do not have permissions to do this.";

/// Deleted records can be read for so long; then they are gone for good.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

fn forbidden() -> Wrong {
    Wrong::Forbidden(NO_PERMISSION.into())
}

/// A record that is there, as this user may see it.
pub(super) fn seen<'a>(company: &'a Company, user: &User, resource: Resource, id: i64) -> Result<&'a Value, Wrong> {
    let row = company.records.get(resource, id).ok_or_else(|| Wrong::NotFound(resource.name()))?;
    if company.sees(user, resource, row) { Ok(row) } else { Err(forbidden()) }
}

/// The same, of a record that may have been deleted less than thirty days ago.
pub(super) fn seen_even_deleted<'a>(
    company: &'a Company,
    writer: &Writer,
    resource: Resource,
    id: i64,
) -> Result<&'a Value, Wrong> {
    let row = company.records.get_even_deleted(resource, id);
    let row = row.filter(|row| is_kept(row, &writer.now)).ok_or_else(|| Wrong::NotFound(resource.name()))?;
    if company.sees(&writer.user, resource, row) { Ok(row) } else { Err(forbidden()) }
}

/// Whether a record is there, or was deleted less than thirty days ago.
pub(super) fn is_kept(row: &Value, now: &str) -> bool {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    row["is_deleted"] != json!(true)
        || moment(row["update_time"].as_str().unwrap_or_default())
            .zip(moment(now))
            .is_none_or(|(deleted, now)| now.duration_since(deleted) < KEPT)
}

/// What a permission calls a kind of record.
fn plural(resource: Resource) -> Option<&'static str> {
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
    match (resource, plural(resource)) {
        (Resource::Activity, _) => true,
        (_, Some(things)) => user.may(&format!("can_add_{things}")),
        (_, None) => user.is_admin,
    }
}

/// Whether the user may change a record that exists.
pub(super) fn may_edit(user: &User, resource: Resource, row: &Value) -> Result<(), Wrong> {
    let allowed = match (resource, plural(resource)) {
        (Resource::Product, _) => user.may("can_edit_products"),
        (_, Some(things)) => row["owner_id"] == json!(user.id) || user.may(&format!("can_edit_other_users_{things}")),
        (_, None) => user.is_admin,
    };
    if allowed { Ok(()) } else { Err(forbidden()) }
}

fn may_remove(user: &User, resource: Resource) -> bool {
    match (resource, plural(resource)) {
        (Resource::Product, _) => user.may("can_edit_products"),
        (_, Some(things)) => user.may(&format!("can_delete_{things}")),
        (_, None) => user.is_admin,
    }
}

/// Creates a record; the record as it is then.
pub(crate) fn create(company: &mut Company, resource: Resource, body: &Value, writer: &Writer) -> Result<Value, Wrong> {
    if !may_add(&writer.user, resource) {
        return Err(forbidden());
    }
    create_part(company, resource, body, &Value::Null, writer)
}

/// The same for what hangs on a record that the user may change, with members that the body cannot set.
pub(super) fn create_part(
    company: &mut Company,
    resource: Resource,
    body: &Value,
    given: &Value,
    writer: &Writer,
) -> Result<Value, Wrong> {
    let checked = schema::checked(company, resource, body, true).map_err(Wrong::Invalid)?;
    rules::check_links(company, &checked).map_err(Wrong::Invalid)?;
    rules::check_name(resource, &checked, true).map_err(Wrong::Invalid)?;
    let id = company.records.next_id(resource);
    let mut row = Value::Object(checked.into_iter().filter(|(_, value)| !value.is_null()).collect());
    rules::merge(&mut row, given);
    rules::complete(resource, id, &mut row, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.note(writer, resource, id, Value::Null, row.clone());
    Ok(row)
}

/// Changes a record; the record as it is then. Whether its owner lets them is asked of those that have one.
pub(crate) fn change(
    company: &mut Company,
    resource: Resource,
    id: i64,
    body: &Value,
    writer: &Writer,
) -> Result<Value, Wrong> {
    let part = matches!(resource, Resource::DealProduct | Resource::DealDiscount | Resource::DealInstallment);
    let before = seen(company, &writer.user, resource, id)?.clone();
    if !part {
        may_edit(&writer.user, resource, &before)?;
    }
    let checked = schema::checked(company, resource, body, false).map_err(Wrong::Invalid)?;
    rules::check_links(company, &checked).map_err(Wrong::Invalid)?;
    rules::check_name(resource, &checked, false).map_err(Wrong::Invalid)?;
    check_change(resource, &before, &checked, &writer.user)?;
    let mut row = before.clone();
    rules::change(resource, &mut row, checked, &company.records, writer);
    company.records.put(resource, id, row.clone());
    company.note(writer, resource, id, before, row.clone());
    Ok(row)
}

/// Changes that need more than the permission to edit.
fn check_change(resource: Resource, before: &Value, body: &Map<String, Value>, user: &User) -> Result<(), Wrong> {
    let changes = |member: &str| body.get(member).is_some_and(|value| *value != before[member]);
    if before["is_archived"] == json!(true) && body.get("is_archived") != Some(&json!(false)) {
        return Err(Wrong::Invalid("Archived deals cannot be edited".into()));
    }
    if changes("visible_to") && !user.may("can_change_visibility_of_items") {
        return Err(forbidden());
    }
    if let Some(things) = plural(resource)
        && changes("owner_id")
        && before["owner_id"] != json!(user.id)
        && !user.may(&format!("can_modify_owner_for_{things}"))
    {
        return Err(Wrong::Forbidden("You do not have permission to change the owner.".into()));
    }
    Ok(())
}

/// Marks a record as deleted; what hung on a pipeline or a stage has to have been moved before.
pub(crate) fn remove(company: &mut Company, resource: Resource, id: i64, writer: &Writer) -> Result<(), Wrong> {
    let before = seen(company, &writer.user, resource, id)?.clone();
    may_edit(&writer.user, resource, &before)?;
    if !may_remove(&writer.user, resource) {
        return Err(forbidden());
    }
    if matches!(resource, Resource::Pipeline | Resource::Stage)
        && company.records.with(Resource::Deal, resource.member(), id).next().is_some()
    {
        return Err(Wrong::Invalid(format!("{} has deals and cannot be deleted", resource.name())));
    }
    mark_deleted(company, resource, id, writer);
    Ok(())
}

/// Marks a record as deleted, whoever asks.
pub(super) fn mark_deleted(company: &mut Company, resource: Resource, id: i64, writer: &Writer) {
    let Some(row) = company.records.get_mut(resource, id) else { return };
    let before = row.clone();
    row["is_deleted"] = json!(true);
    row["update_time"] = json!(writer.now);
    if resource == Resource::Deal {
        row["status"] = json!("deleted");
    }
    company.note(writer, resource, id, before, Value::Null);
}

/// Does something to what hangs on a deal that the user may change, and brings the deal's value after it.
pub(super) fn on_parts<T, E: From<Wrong>>(
    company: &mut Company,
    resource: Resource,
    deal: i64,
    writer: &Writer,
    work: impl FnOnce(&mut Company, &Writer) -> Result<T, E>,
) -> Result<T, E> {
    let before = seen(company, &writer.user, Resource::Deal, deal)?.clone();
    may_edit(&writer.user, Resource::Deal, &before)?;
    let done = work(company, writer)?;
    if resource != Resource::DealInstallment {
        rules::value_of_products(&mut company.records, deal, &writer.now);
        let after = company.records.get(Resource::Deal, deal).cloned().unwrap_or_default();
        if before != after {
            company.note(writer, Resource::Deal, deal, before, after);
        }
    }
    Ok(done)
}

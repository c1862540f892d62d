//! Simple lists: terms, payment methods, classes, departments.

use super::draft::{begin_write, finish_write, resolve};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use serde_json::{Map, Value, json};

pub(crate) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    if !company.has_feature(entity.name()) {
        return Err(Fault::feature(entity.name()));
    }
    let draft = begin_write(company, entity, body)?;
    let (mut row, before) = (draft.row, draft.before);
    let name = row.get("Name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(Fault::missing("Name"));
    }
    row.insert("Name".into(), json!(name));
    row.entry("Active").or_insert(json!(true));
    let mut full_name = name;
    match entity {
        Entity::Term => check_term(&mut row)?,
        Entity::Class => full_name = set_parent(company, entity, &mut row, "SubClass")?,
        Entity::Department => full_name = set_parent(company, entity, &mut row, "SubDepartment")?,
        _ => {
            row.entry("Type").or_insert(json!("NON_CREDIT_CARD"));
        }
    }
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if company.ids_with_name(entity, &full_name).iter().any(|(_, owner)| *owner != id) {
        return Err(Fault::duplicate_name(&format!(
            "Another {} is already using this name.",
            entity.name().to_lowercase()
        )));
    }
    Ok(finish_write(company, entity, row, Operation::for_list_write(before.as_ref(), &body["Active"]), context))
}

/// Checks a term: it has either a number of days after the invoice, or a day of the month.
fn check_term(row: &mut Map<String, Value>) -> Result<(), Fault> {
    let number = |row: &Map<String, Value>, member: &str, min: u64, max: u64| match row.get(member) {
        None => Ok(false),
        Some(value) if value.as_u64().is_some_and(|days| (min..=max).contains(&days)) => Ok(true),
        Some(_) => Err(Fault::validation(
            "2090",
            "Invalid Number",
            format!("{member} has to be between {min} and {max}"),
            member,
        )),
    };
    number(row, "DiscountDays", 0, 999)?;
    let has_due_day = number(row, "DayOfMonthDue", 1, 31)?;
    let has_due_days = number(row, "DueDays", 0, 999)?;
    if has_due_day && !has_due_days {
        row.entry("DueNextMonthDays").or_insert(json!(0));
        row.insert("Type".into(), json!("DATE_DRIVEN"));
    } else if has_due_days && !has_due_day {
        row.entry("DiscountPercent").or_insert(json!(0));
        row.entry("DiscountDays").or_insert(json!(0));
        row.insert("Type".into(), json!("STANDARD"));
    } else if has_due_day {
        return Err(Fault::validation(
            "2600",
            "Conflicting elements",
            "DueDays and DayOfMonthDue exclude each other",
            "DueDays",
        ));
    } else {
        return Err(Fault::missing("DueDays"));
    }
    Ok(())
}

fn set_parent(company: &Company, entity: Entity, row: &mut Map<String, Value>, flag: &str) -> Result<String, Fault> {
    let name = row["Name"].as_str().unwrap_or_default().to_owned();
    if name.contains(':') {
        return Err(Fault::characters("Name", "The name must not hold a colon"));
    }
    let parent = resolve(company, row, "ParentRef", entity)?;
    if parent.as_ref().is_some_and(|parent| Some(&parent["Id"]) == row.get("Id")) {
        return Err(Fault::business("It cannot be below itself."));
    }
    row.insert(flag.to_owned(), json!(parent.is_some()));
    let full_name = match parent {
        Some(parent) => format!("{}:{name}", parent["FullyQualifiedName"].as_str().unwrap_or_default()),
        None => name,
    };
    row.insert("FullyQualifiedName".into(), json!(full_name));
    Ok(full_name)
}

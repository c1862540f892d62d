//! Products and services: service, non-inventory, inventory, category. Bundles are read only, as in the API.

use super::{
    draft::{begin_write, finish_write, resolve},
    name::DELETED_SUFFIX,
};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use serde_json::{Map, Value, json};

pub(crate) fn write(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let draft = begin_write(company, Entity::Item, body)?;
    let (mut row, before) = (draft.row, draft.before);
    let name = row.get("Name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(Fault::missing("Name"));
    }
    if name.contains([':', '\t', '\n']) {
        return Err(Fault::characters("Name", "The name must not hold a colon, a tab or a new line"));
    }
    let active = row.get("Active") != Some(&json!(false));
    let was_active = before.as_ref().is_none_or(|before| before["Active"] != json!(false));
    let base_name = name.trim_end_matches(DELETED_SUFFIX).to_owned();
    let name = if active { base_name } else { format!("{base_name}{DELETED_SUFFIX}") };
    row.insert("Active".into(), json!(active));
    row.insert("Name".into(), json!(name));
    check_type(company, &mut row, before.as_ref())?;
    set_parent(company, &mut row)?;
    let full_name = row["FullyQualifiedName"].as_str().unwrap_or_default().to_owned();
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if active && company.ids_with_name(Entity::Item, &full_name).iter().any(|(_, owner)| *owner != id) {
        return Err(Fault::duplicate_name(
            "Another product, service or category is already using this name. Please use a different name.",
        ));
    }
    row.entry("UnitPrice").or_insert(json!(0));
    row.entry("Taxable").or_insert(json!(false));
    row.entry("TrackQtyOnHand").or_insert(json!(false));
    resolve(company, &mut row, "SalesTaxCodeRef", Entity::TaxCode)?;
    resolve(company, &mut row, "PurchaseTaxCodeRef", Entity::TaxCode)?;
    let operation = match (before.is_some(), was_active && !active) {
        (false, _) => Operation::Create,
        (true, true) => Operation::Delete,
        (true, false) => Operation::Update,
    };
    Ok(finish_write(company, Entity::Item, row, operation, context))
}

fn check_account(company: &Company, row: &mut Map<String, Value>, member: &str, kinds: &[&str]) -> Result<(), Fault> {
    match resolve(company, row, member, Entity::Account)? {
        Some(account) if !kinds.contains(&account["AccountType"].as_str().unwrap_or_default()) => {
            Err(Fault::business(&format!("{member}: the account has to be of type {}.", kinds.join(" or "))))
        }
        _ => Ok(()),
    }
}

/// Checks the members that each type requires.
fn check_type(company: &Company, row: &mut Map<String, Value>, before: Option<&Value>) -> Result<(), Fault> {
    let tracked = row.get("TrackQtyOnHand") == Some(&json!(true));
    let kind = match row.get("Type").and_then(Value::as_str) {
        Some(kind) => kind.to_owned(),
        None if tracked => "Inventory".to_owned(),
        None => "Service".to_owned(),
    };
    let old_type = before.and_then(|before| before["Type"].as_str());
    if old_type.is_some_and(|old_type| {
        old_type != kind
            && !(matches!(old_type, "Service" | "NonInventory")
                && matches!(kind.as_str(), "Service" | "NonInventory" | "Inventory"))
    }) {
        return Err(Fault::business("The type of this item cannot be changed."));
    }
    check_account(company, row, "IncomeAccountRef", &["Income", "Other Income"])?;
    check_account(company, row, "ExpenseAccountRef", &["Expense", "Cost of Goods Sold", "Other Expense"])?;
    check_account(company, row, "AssetAccountRef", &["Other Current Asset"])?;
    let required: &[&str] = match kind.as_str() {
        "Service" | "NonInventory" if !row.contains_key("ExpenseAccountRef") => &["IncomeAccountRef"],
        "Service" | "NonInventory" | "Category" => &[],
        "Inventory" if !company.has_feature("Inventory") => return Err(Fault::feature("Inventory")),
        "Inventory" => {
            &["IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "TrackQtyOnHand", "QtyOnHand", "InvStartDate"]
        }
        "Group" if old_type == Some("Group") => &[],
        other => return Err(Fault::unsupported(&format!("create item of type {other}"))),
    };
    if let Some(missing) = required.iter().find(|member| !row.contains_key(**member)) {
        return Err(Fault::missing(missing));
    }
    row.insert("Type".into(), json!(kind));
    Ok(())
}

fn set_parent(company: &Company, row: &mut Map<String, Value>) -> Result<(), Fault> {
    let name = row["Name"].as_str().unwrap_or_default().to_owned();
    let Some(parent) = resolve(company, row, "ParentRef", Entity::Item)? else {
        row.remove("SubItem");
        row.remove("Level");
        row.insert("FullyQualifiedName".into(), json!(name));
        return Ok(());
    };
    if Some(&parent["Id"]) == row.get("Id") {
        return Err(Fault::business("An item cannot be below itself."));
    }
    let parent_name = parent["FullyQualifiedName"].as_str().unwrap_or_default();
    row.insert("SubItem".into(), json!(true));
    row.insert("Level".into(), json!(parent["Level"].as_u64().unwrap_or(0) + 1));
    row.insert("FullyQualifiedName".into(), json!(format!("{parent_name}:{name}")));
    Ok(())
}

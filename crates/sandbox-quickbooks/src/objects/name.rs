//! Customers (and sub-customers), vendors and employees. They share one name space.

use super::{
    currencies::currency_name,
    draft::{assign_address_ids, begin_write, finish_write, resolve},
};
use crate::{
    company::{Company, SalesTax, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use sandbox_core::decimal::decimal;
use serde_json::{Map, Value, json};

pub(super) const DELETED_SUFFIX: &str = " (deleted)";
/// Depth to which sub-customers may be nested below a customer.
const MAX_DEPTH: u64 = 4;

pub(crate) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let draft = begin_write(company, entity, body)?;
    let (mut row, before) = (draft.row, draft.before);
    let name = display_name(&row)?;
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let operation = apply_active_flag(company, entity, &mut row, before.as_ref(), &name)?;
    let name = row["DisplayName"].as_str().unwrap_or_default().to_owned();
    if row["Active"] == json!(true)
        && let Some((_, owner)) =
            company.ids_with_name(entity, &name).into_iter().find(|other| *other != (entity, id.clone()))
    {
        return Err(Fault::duplicate_name(&format!(
            "Another customer, vendor or employee is already using this \nname. Please use a different name. Id={owner}"
        )));
    }
    row.entry("PrintOnCheckName").or_insert_with(|| json!(name));
    row.insert("FullyQualifiedName".into(), json!(name));
    if entity == Entity::Employee {
        for member in ["GivenName", "FamilyName"] {
            row.contains_key(member).then_some(()).ok_or_else(|| Fault::missing(member))?;
        }
    } else {
        row.entry("Balance").or_insert(json!(0));
        set_currency(company, &mut row, before.as_ref())?;
    }
    if entity == Entity::Customer {
        fill_customer(company, &mut row, before.as_ref())?;
    }
    assign_address_ids(company, &mut row);
    if before.is_none() && entity == Entity::Customer && !row.contains_key("ShipAddr") {
        row.get("BillAddr").cloned().map(|address| row.insert("ShipAddr".into(), address));
    }
    let numbers = mask_and_extract_tax_numbers(company, &mut row, &id);
    let row = finish_write(company, entity, row, operation, context);
    let id = row["Id"].as_str().unwrap_or_default();
    for (member, number) in numbers {
        company.tax_identifiers.insert(format!("{id} {member}"), number);
    }
    if let Some(before) = before.filter(|before| before["DisplayName"] != row["DisplayName"]) {
        rename_descendants(company, entity, &before, &row);
    }
    Ok(row)
}

/// Returns the given name, or composes one from the parts of a person's name.
fn display_name(row: &Map<String, Value>) -> Result<String, Fault> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    for member in
        ["DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "CompanyName", "PrintOnCheckName"]
    {
        if text(member).contains([':', '\t', '\n']) {
            return Err(Fault::characters(member, "The name must not hold a colon, a tab or a new line"));
        }
    }
    let name = text("DisplayName");
    if !name.is_empty() {
        return Ok(name);
    }
    let parts = ["Title", "GivenName", "MiddleName", "FamilyName", "Suffix"].map(text);
    let composed = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if composed.is_empty() {
        return Err(Fault::validation(
            "6080",
            "Required param missing, need to supply the required value for the API",
            "At least one of Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix is required.",
            "DisplayName",
        ));
    }
    Ok(composed)
}

/// Makes a name active or inactive. An inactive name counts as deleted, and can be used again. A name with a balance
/// stays active.
fn apply_active_flag(
    company: &Company,
    entity: Entity,
    row: &mut Map<String, Value>,
    before: Option<&Value>,
    name: &str,
) -> Result<Operation, Fault> {
    let active = row.get("Active") != Some(&json!(false));
    let was_active = before.is_none_or(|before| before["Active"] != json!(false));
    row.insert("Active".into(), json!(active));
    let base_name = name.trim_end_matches(DELETED_SUFFIX);
    row.insert(
        "DisplayName".into(),
        if active { json!(base_name) } else { json!(format!("{base_name}{DELETED_SUFFIX}")) },
    );
    if before.is_none() {
        return Ok(Operation::Create);
    }
    if was_active && !active {
        let balance = before.and_then(|before| decimal(&before["Balance"])).unwrap_or_default();
        let id = before.and_then(|before| before["Id"].as_str()).unwrap_or_default();
        let has_jobs = entity == Entity::Customer
            && company.all(entity).any(|row| row["ParentRef"]["value"] == json!(id) && row["Active"] == json!(true));
        if !balance.is_zero() || has_jobs {
            return Err(Fault::validation(
                "6220",
                "Cannot make inactive",
                "You can't make a name inactive that has a balance, or active names below it.",
                "Active",
            ));
        }
        return Ok(Operation::Delete);
    }
    Ok(Operation::Update)
}

fn set_currency(company: &Company, row: &mut Map<String, Value>, before: Option<&Value>) -> Result<(), Fault> {
    let code = row
        .get("CurrencyRef")
        .and_then(|reference| reference["value"].as_str())
        .unwrap_or(company.home_currency())
        .to_owned();
    if !company.has_currency(&code) {
        return Err(Fault::invalid_reference("CurrencyRef"));
    }
    if before.is_some_and(|before| before["CurrencyRef"]["value"] != json!(code)) {
        return Err(Fault::business("The currency of a customer or vendor cannot be changed."));
    }
    row.insert("CurrencyRef".into(), json!({ "value": code, "name": currency_name(&code) }));
    Ok(())
}

fn fill_customer(company: &Company, row: &mut Map<String, Value>, before: Option<&Value>) -> Result<(), Fault> {
    row.entry("BalanceWithJobs").or_insert(json!(0));
    row.entry("Taxable").or_insert(json!(company.rules.sales_tax != SalesTax::PerLine));
    row.entry("PreferredDeliveryMethod").or_insert(json!("Print"));
    match row["PreferredDeliveryMethod"].as_str().unwrap_or_default() {
        "Print" | "Email" | "None" => {}
        _ => return Err(Fault::enumeration("PreferredDeliveryMethod", &row["PreferredDeliveryMethod"])),
    }
    resolve(company, row, "SalesTermRef", Entity::Term)?;
    resolve(company, row, "PaymentMethodRef", Entity::PaymentMethod)?;
    if company.rules.sales_tax == SalesTax::Automated {
        row.remove("DefaultTaxCodeRef");
    } else {
        resolve(company, row, "DefaultTaxCodeRef", Entity::TaxCode)?;
    }
    let id = before.map(|before| before["Id"].clone()).unwrap_or_default();
    let parent = resolve(company, row, "ParentRef", Entity::Customer)?;
    row.insert("Job".into(), json!(parent.is_some()));
    row.entry("BillWithParent").or_insert(json!(false));
    let Some(parent) = parent else {
        row.remove("Level");
        row.insert("BillWithParent".into(), json!(false));
        return Ok(());
    };
    let level = parent["Level"].as_u64().unwrap_or(0) + 1;
    let mut ancestor = Some(parent.clone());
    while let Some(row) = ancestor {
        if row["Id"] == id {
            return Err(Fault::business("A customer cannot be below itself."));
        }
        ancestor = row["ParentRef"]["value"].as_str().and_then(|id| company.get(Entity::Customer, id));
    }
    if level > MAX_DEPTH {
        return Err(Fault::validation(
            "6180",
            "Too many levels",
            "A customer can be at most four levels below another.",
            "ParentRef",
        ));
    }
    if parent["CurrencyRef"]["value"] != row["CurrencyRef"]["value"] {
        return Err(Fault::business("A sub-customer has the currency of its parent."));
    }
    row.insert("Level".into(), json!(level));
    let full_name = format!(
        "{}:{}",
        parent["FullyQualifiedName"].as_str().unwrap_or_default(),
        row["DisplayName"].as_str().unwrap_or_default()
    );
    row.insert("FullyQualifiedName".into(), json!(full_name));
    Ok(())
}

/// Updates the full names of all descendants of a renamed row.
fn rename_descendants(company: &mut Company, entity: Entity, before: &Value, after: &Value) {
    let (old, new) = (
        before["FullyQualifiedName"].as_str().unwrap_or_default(),
        after["FullyQualifiedName"].as_str().unwrap_or_default(),
    );
    let prefix = format!("{old}:");
    let descendants: Vec<Value> = company
        .all(entity)
        .filter(|row| row["FullyQualifiedName"].as_str().is_some_and(|name| name.starts_with(&prefix)))
        .collect();
    for mut row in descendants {
        let rest = row["FullyQualifiedName"].as_str().unwrap_or_default()[old.len()..].to_owned();
        row["FullyQualifiedName"] = json!(format!("{new}{rest}"));
        company.put_without_event(entity, &row);
    }
}

/// Masks the tax numbers of `row`, and returns the full numbers. QuickBooks shows only their last five characters. A
/// number that a client sends back masked stays unchanged.
fn mask_and_extract_tax_numbers(
    company: &Company,
    row: &mut Map<String, Value>,
    id: &str,
) -> Vec<(&'static str, String)> {
    let mut extracted = Vec::new();
    for member in ["PrimaryTaxIdentifier", "SecondaryTaxIdentifier"] {
        let Some(number) = row.get(member).and_then(Value::as_str).map(str::to_owned) else { continue };
        let known = company.tax_identifiers.get(&format!("{id} {member}"));
        if known.is_some_and(|known| mask(known) == number) {
            continue;
        }
        row.insert(member.to_owned(), json!(mask(&number)));
        extracted.push((member, number));
    }
    extracted
}

fn mask(number: &str) -> String {
    let count = number.chars().count();
    number.chars().enumerate().map(|(at, c)| if at + 5 < count { 'X' } else { c }).collect()
}

/// Masks the tax numbers of a row from a file.
pub(crate) fn mask_tax_numbers(company: &mut Company, row: &mut Value) {
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    if let Some(row) = row.as_object_mut() {
        for (member, number) in mask_and_extract_tax_numbers(company, row, &id) {
            company.tax_identifiers.insert(format!("{id} {member}"), number);
        }
    }
}

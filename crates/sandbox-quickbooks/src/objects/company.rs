//! The company's own data: name, address and preferences.

use super::draft::{begin_write, finish_write};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    json::overlay,
};
use serde_json::{Value, json};

/// Updates one of the two objects. Neither can be created or deleted. Absent members keep their values.
pub(crate) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    if entity == Entity::CompanyInfo && body["Id"].is_null() {
        return Err(Fault::missing("Id"));
    }
    let mut body = body.clone();
    if body["Id"].is_null() {
        body["Id"] = json!("1");
    }
    let draft = begin_write(company, entity, &body)?;
    let before = draft.before.unwrap_or_default();
    let mut row = before.clone();
    for (member, value) in &draft.row {
        if !matches!(member.as_str(), "Id" | "SyncToken" | "MetaData" | "NameValue") {
            overlay(&mut row[member.as_str()], value);
        }
    }
    if entity == Entity::CompanyInfo {
        if row["CompanyName"].as_str().is_none_or(str::is_empty) {
            return Err(Fault::missing("CompanyName"));
        }
        row["Country"] = before["Country"].clone();
    } else {
        let (old, new) = (&before["CurrencyPrefs"], &row["CurrencyPrefs"]);
        if old["HomeCurrency"] != new["HomeCurrency"]
            || (old["MultiCurrencyEnabled"] == json!(true) && new["MultiCurrencyEnabled"] != json!(true))
        {
            return Err(Fault::business(
                "Multicurrency cannot be turned off, and the home currency cannot be changed.",
            ));
        }
        if old["MultiCurrencyEnabled"] != new["MultiCurrencyEnabled"] && !company.has_feature("MultiCurrency") {
            return Err(Fault::feature("Multicurrency"));
        }
    }
    let row = row.as_object().cloned().unwrap_or_default();
    Ok(finish_write(company, entity, row, Operation::Update, context))
}

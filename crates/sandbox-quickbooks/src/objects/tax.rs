//! Tax agencies, and the tax service, which creates tax codes and rates.

use super::draft::{begin_write, finish_write};
use crate::{
    clock::PacificTime,
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Map, Value, json};

/// Creates an agency. The API cannot change agencies.
pub(crate) fn create_agency(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let draft = begin_write(company, Entity::TaxAgency, body)?;
    if draft.before.is_some() {
        return Err(Fault::unsupported("update TaxAgency"));
    }
    let mut row = draft.row;
    let name = row.get("DisplayName").and_then(Value::as_str).ok_or_else(|| Fault::missing("DisplayName"))?;
    if !company.ids_with_name(Entity::TaxAgency, name).is_empty() {
        return Err(Fault::duplicate_name("Another tax agency is already using this name."));
    }
    row.entry("TaxTrackedOnPurchases").or_insert(json!(false));
    row.entry("TaxTrackedOnSales").or_insert(json!(true));
    Ok(finish_write(company, Entity::TaxAgency, row, Operation::Create, context))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Answers `POST /taxservice/taxcode`: creates a code with new or existing rates. The answer has no envelope.
pub(crate) fn create_code(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let name = text(&body["TaxCode"]).ok_or_else(|| Fault::missing("TaxCode"))?;
    if !company.ids_with_name(Entity::TaxCode, &name).is_empty() {
        return Err(Fault::duplicate_name("Another tax code is already using this name."));
    }
    let details = body["TaxRateDetails"]
        .as_array()
        .filter(|details| !details.is_empty())
        .ok_or_else(|| Fault::missing("TaxRateDetails"))?;
    let mut answer_details = Vec::new();
    let (mut sales, mut purchases) = (Vec::new(), Vec::new());
    for detail in details {
        let mut detail = detail.as_object().cloned().unwrap_or_default();
        let rate_id = match text(detail.get("TaxRateId").unwrap_or(&Value::Null)) {
            Some(id) => company.get_referenced(Entity::TaxRate, &json!({ "value": id }), "TaxRateId").map(|_| id)?,
            None => create_rate(company, &mut detail, context)?,
        };
        let rate = company.get(Entity::TaxRate, &rate_id).unwrap_or_default();
        let part = json!({ "TaxRateRef": { "value": rate_id, "name": rate["Name"] }, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0 });
        match detail.get("TaxApplicableOn").and_then(Value::as_str).unwrap_or("Sales") {
            "Sales" => sales.push(part),
            "Purchase" => purchases.push(part),
            other => return Err(Fault::enumeration("TaxApplicableOn", &json!(other))),
        }
        detail.insert("TaxRateId".into(), json!(rate_id));
        answer_details.push(Value::Object(detail));
    }
    let code = json!({
        "Name": name, "Description": name, "Active": true, "Hidden": false, "Taxable": true, "TaxGroup": true, "TaxCodeConfigType": "USER_DEFINED",
        "SalesTaxRateList": { "TaxRateDetail": sales }, "PurchaseTaxRateList": { "TaxRateDetail": purchases },
    });
    let code = finish_write(
        company,
        Entity::TaxCode,
        code.as_object().cloned().unwrap_or_default(),
        Operation::Create,
        context,
    );
    Ok(json!({ "TaxCode": name, "TaxCodeId": code["Id"], "TaxRateDetails": answer_details }))
}

fn create_rate(
    company: &mut Company,
    detail: &mut Map<String, Value>,
    context: &WriteContext,
) -> Result<String, Fault> {
    let member = |name: &str| detail.get(name).and_then(text);
    let name = member("TaxRateName").ok_or_else(|| Fault::missing("TaxRateName"))?;
    let agency = member("TaxAgencyId").ok_or_else(|| Fault::missing("TaxAgencyId"))?;
    let value = detail.get("RateValue").and_then(decimal).ok_or_else(|| Fault::missing("RateValue"))?;
    if !company.ids_with_name(Entity::TaxRate, &name).is_empty() {
        return Err(Fault::duplicate_name("Another tax rate is already using this name."));
    }
    company.read(Entity::TaxAgency, &agency).map_err(|_| Fault::invalid_reference("TaxAgencyId"))?;
    if value < Decimal::ZERO || value > Decimal::ONE_HUNDRED {
        return Err(Fault::validation("2110", "Number out of range", "A tax rate is between 0 and 100", "RateValue"));
    }
    detail.insert("TaxAgencyId".into(), json!(agency));
    detail.insert("RateValue".into(), number(value));
    let row = json!({
        "Name": name, "Description": name, "Active": true, "RateValue": number(value), "AgencyRef": { "value": agency },
        "SpecialTaxType": if value.is_zero() { "ZERO_RATE" } else { "NONE" }, "DisplayType": "ReadOnly",
        "EffectiveTaxRate": [{ "RateValue": number(value), "EffectiveDate": context.clock.quickbooks_seconds() }],
    });
    let row = finish_write(
        company,
        Entity::TaxRate,
        row.as_object().cloned().unwrap_or_default(),
        Operation::Create,
        context,
    );
    Ok(row["Id"].as_str().unwrap_or_default().to_owned())
}

//! Creating and changing rows of the lists: the rules that all entities share, and those of Customer and Item.

use super::{
    company::{Company, SalesTax, currency_name},
    fault::Fault,
};
use crate::clock::Clock;
use serde_json::{Map, Value, json};

/// Longest texts, by entity and member (the reference's figures).
const LENGTHS: [(&str, &str, usize); 17] = [
    ("Customer", "DisplayName", 500),
    ("Customer", "Title", 16),
    ("Customer", "Suffix", 16),
    ("Customer", "GivenName", 100),
    ("Customer", "MiddleName", 100),
    ("Customer", "FamilyName", 100),
    ("Customer", "CompanyName", 100),
    ("Customer", "PrintOnCheckName", 110),
    ("Customer", "Notes", 2000),
    ("Customer", "ResaleNum", 16),
    ("Item", "Name", 100),
    ("Item", "Sku", 100),
    ("Item", "Description", 4000),
    ("Invoice", "DocNumber", 21),
    ("Invoice", "PrivateNote", 4000),
    ("Payment", "PaymentRefNum", 21),
    ("Payment", "PrivateNote", 4000),
];

/// Members that only QuickBooks sets; in a request they are ignored.
const READ_ONLY: [&str; 14] = [
    "domain",
    "sparse",
    "MetaData",
    "FullyQualifiedName",
    "Balance",
    "BalanceWithJobs",
    "Level",
    "TotalAmt",
    "HomeTotalAmt",
    "HomeBalance",
    "LinkedTxn",
    "DeliveryInfo",
    "status",
    "time",
];

const CUSTOMER: [&str; 35] = [
    "Id",
    "SyncToken",
    "DisplayName",
    "Title",
    "GivenName",
    "MiddleName",
    "FamilyName",
    "Suffix",
    "CompanyName",
    "PrintOnCheckName",
    "PrimaryEmailAddr",
    "PrimaryPhone",
    "AlternatePhone",
    "Mobile",
    "Fax",
    "WebAddr",
    "BillAddr",
    "ShipAddr",
    "Notes",
    "Active",
    "Job",
    "ParentRef",
    "BillWithParent",
    "IsProject",
    "CurrencyRef",
    "Taxable",
    "DefaultTaxCodeRef",
    "TaxExemptionReasonId",
    "ResaleNum",
    "PrimaryTaxIdentifier",
    "SecondaryTaxIdentifier",
    "SalesTermRef",
    "PaymentMethodRef",
    "PreferredDeliveryMethod",
    "OpenBalanceDate",
];

const ITEM: [&str; 21] = [
    "Id",
    "SyncToken",
    "Name",
    "Type",
    "IncomeAccountRef",
    "ExpenseAccountRef",
    "AssetAccountRef",
    "TrackQtyOnHand",
    "QtyOnHand",
    "InvStartDate",
    "UnitPrice",
    "PurchaseCost",
    "Description",
    "PurchaseDesc",
    "Sku",
    "Taxable",
    "SalesTaxCodeRef",
    "SalesTaxIncluded",
    "Active",
    "ParentRef",
    "SubItem",
];

/// Names that may be written on an entity.
fn members(entity: &str) -> &'static [&'static str] {
    match entity {
        "Customer" => &CUSTOMER,
        "Item" => &ITEM,
        "Invoice" => &super::invoice::MEMBERS,
        _ => &[],
    }
}

/// The request as an object, without read-only members, its members and lengths checked.
pub(super) fn checked(entity: &str, body: &Value) -> Result<Map<String, Value>, Fault> {
    let object = body.as_object().ok_or_else(|| {
        Fault::validation("2010", "Request has invalid or unsupported property", "The body is not an object", "")
    })?;
    let mut request = Map::new();
    for (name, value) in object {
        if READ_ONLY.contains(&name.as_str()) {
            continue;
        }
        if !members(entity).contains(&name.as_str()) {
            return Err(Fault::unsupported_property(name));
        }
        request.insert(name.clone(), value.clone());
    }
    for (of, member, max) in LENGTHS {
        if of == entity
            && let Some(text) = request.get(member).and_then(Value::as_str)
            && text.chars().count() > max
        {
            return Err(Fault::too_long(member, max, text.chars().count()));
        }
    }
    for (member, key, max) in
        [("PrimaryEmailAddr", "Address", 100), ("BillEmail", "Address", 100), ("CustomerMemo", "value", 1000)]
    {
        if let Some(text) = request.get(member).and_then(|value| value[key].as_str())
            && text.chars().count() > max
        {
            return Err(Fault::too_long(member, max, text.chars().count()));
        }
    }
    for member in ["PrimaryEmailAddr", "BillEmail"] {
        let addresses = request.get(member).and_then(|value| value["Address"].as_str()).unwrap_or_default();
        for address in addresses.split(',').map(str::trim).filter(|address| !address.is_empty()) {
            if !address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
                return Err(Fault::validation(
                    "2210",
                    "Invalid Email Address format",
                    "Email Address does not conform to the RFC 822 standard.",
                    member,
                ));
            }
        }
    }
    for member in ["BillAddr", "ShipAddr"] {
        for (part, max) in [
            ("Line1", 500),
            ("Line2", 500),
            ("Line3", 500),
            ("City", 255),
            ("Country", 255),
            ("CountrySubDivisionCode", 255),
            ("PostalCode", 30),
        ] {
            if let Some(text) = request.get(member).and_then(|value| value[part].as_str())
                && text.chars().count() > max
            {
                return Err(Fault::too_long(part, max, text.chars().count()));
            }
        }
    }
    Ok(request)
}

/// The row that an update starts from: the current one for a sparse update, an empty one for a full.
pub(super) fn base(
    company: &Company,
    entity: &str,
    request: &Map<String, Value>,
    sparse: bool,
) -> Result<Map<String, Value>, Fault> {
    let id = request.get("Id").and_then(Value::as_str).unwrap_or_default();
    let current = company.read(entity, id)?.as_object().cloned().unwrap_or_default();
    let token = request.get("SyncToken").and_then(Value::as_str).ok_or_else(|| Fault::missing("SyncToken"))?;
    if current.get("SyncToken").and_then(Value::as_str) != Some(token) {
        return Err(Fault::stale());
    }
    let kept = |name: &str| {
        sparse
            || READ_ONLY.contains(&name)
            || matches!(name, "Id" | "SyncToken" | "CurrencyRef" | "DisplayName" | "Type" | "DocNumber")
    };
    Ok(current.into_iter().filter(|(name, _)| kept(name)).collect())
}

/// Stamps a row as created or changed now.
pub(super) fn stamp(row: &mut Map<String, Value>, id: String, clock: Clock) {
    let now = clock.quickbooks_seconds();
    match row.get("SyncToken").and_then(Value::as_str).and_then(|token| token.parse::<u64>().ok()) {
        Some(token) if row.contains_key("MetaData") => {
            row.insert("SyncToken".into(), json!((token + 1).to_string()));
            row["MetaData"]["LastUpdatedTime"] = json!(now);
        }
        _ => {
            row.insert("Id".into(), json!(id));
            row.insert("SyncToken".into(), json!("0"));
            row.insert("MetaData".into(), json!({ "CreateTime": now, "LastUpdatedTime": now }));
        }
    }
    row.insert("domain".into(), json!("QBO"));
    row.insert("sparse".into(), json!(false));
}

fn has_forbidden(text: &str) -> bool {
    text.contains([':', '\t', '\n'])
}

/// Whether another customer, vendor or employee has this name.
fn name_taken(company: &Company, name: &str, own_id: &str) -> Option<String> {
    ["Customer", "Vendor", "Employee"].into_iter().find_map(|entity| {
        company.table(entity)?.rows().find_map(|row| {
            let same = row["DisplayName"]
                .as_str()
                .is_some_and(|other| other.trim().to_lowercase() == name.trim().to_lowercase());
            let id = row["Id"].as_str().unwrap_or_default();
            (same && !(entity == "Customer" && id == own_id)).then(|| id.to_owned())
        })
    })
}

fn duplicate_name(id: &str) -> Fault {
    Fault::validation(
        "6240",
        "Duplicate Name Exists Error",
        format!(
            "The name supplied already exists. : Another customer, vendor or employee is already using this \nname. Please use a different name. Id={id}"
        ),
        "",
    )
}

/// Creates or updates a customer.
pub(super) fn customer(company: &mut Company, body: &Value, clock: Clock) -> Result<Value, Fault> {
    let request = checked("Customer", body)?;
    let updating = request.contains_key("Id");
    let mut row =
        if updating { base(company, "Customer", &request, body["sparse"] == json!(true))? } else { Map::new() };
    let old_currency = row.get("CurrencyRef").cloned();
    row.extend(request.into_iter().filter(|(name, _)| !matches!(name.as_str(), "Id" | "SyncToken")));
    let text = |row: &Map<String, Value>, name: &str| {
        row.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    };
    let mut name = text(&row, "DisplayName");
    if name.is_empty() {
        let parts = ["Title", "GivenName", "MiddleName", "FamilyName", "Suffix"].map(|part| text(&row, part));
        name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
    if name.is_empty() {
        return Err(Fault::validation(
            "6080",
            "Required param missing, need to supply the required value for the API",
            "At least one of Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix is required.",
            "DisplayName",
        ));
    }
    if has_forbidden(&name) {
        return Err(Fault::validation(
            "2040",
            "Invalid String. The string has invalid characters",
            "DisplayName must not hold a colon, a tab or a new line",
            "DisplayName",
        ));
    }
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let inactive = row.get("Active") == Some(&json!(false));
    if !inactive && let Some(taken) = name_taken(company, &name, &id) {
        return Err(duplicate_name(&taken));
    }
    if inactive && !name.ends_with(" (deleted)") {
        name.push_str(" (deleted)");
    }
    row.insert("DisplayName".into(), json!(name));
    row.insert("FullyQualifiedName".into(), json!(name));
    row.entry("PrintOnCheckName").or_insert_with(|| json!(name));
    row.entry("Active").or_insert(json!(true));
    row.entry("Job").or_insert(json!(false));
    row.entry("BillWithParent").or_insert(json!(false));
    row.entry("Balance").or_insert(json!(0));
    row.entry("BalanceWithJobs").or_insert(json!(0));
    row.entry("Taxable").or_insert(json!(company.sales_tax == SalesTax::UnitedStates));
    row.entry("PreferredDeliveryMethod").or_insert(json!("Print"));
    let currency = row
        .get("CurrencyRef")
        .and_then(|reference| reference["value"].as_str())
        .unwrap_or(company.home_currency())
        .to_owned();
    if !company.has_currency(&currency) || (!company.multicurrency() && currency != company.home_currency()) {
        return Err(Fault::invalid_reference("CurrencyRef"));
    }
    if old_currency.is_some_and(|old| old["value"] != json!(currency)) {
        return Err(Fault::business("The currency of a customer cannot be changed."));
    }
    row.insert("CurrencyRef".into(), json!({ "value": currency, "name": currency_name(&currency) }));
    for (member, entity) in [("SalesTermRef", "Term"), ("ParentRef", "Customer"), ("PaymentMethodRef", "PaymentMethod")]
    {
        if let Some(reference) = row.get(member).cloned() {
            let found = company.active(entity, &reference, member)?;
            let found_name = found["Name"].as_str().or(found["DisplayName"].as_str()).unwrap_or_default();
            row[member] = json!({ "value": reference["value"], "name": found_name });
        }
    }
    address_ids(company, &mut row, "Customer");
    let next = company.next_id("Customer");
    stamp(&mut row, next, clock);
    let row = Value::Object(row);
    company.table_mut("Customer").put(row.clone());
    Ok(row)
}

/// Addresses are rows of their own and have ids.
pub(super) fn address_ids(company: &Company, row: &mut Map<String, Value>, entity: &str) {
    for (at, member) in ["BillAddr", "ShipAddr"].into_iter().enumerate() {
        if let Some(Value::Object(address)) = row.get_mut(member) {
            let id = company.table(entity).map_or(1, super::table::Table::next_id) * 2 + 300 + at as u64;
            address.entry("Id").or_insert(json!(id.to_string()));
        }
    }
}

/// A customer as answers show it: the tax number readable at its end only.
pub(super) fn masked(mut row: Value) -> Value {
    for member in ["PrimaryTaxIdentifier", "SecondaryTaxIdentifier"] {
        if let Some(text) = row[member].as_str() {
            let count = text.chars().count();
            let shown: String = text.chars().enumerate().map(|(at, c)| if at + 5 < count { 'X' } else { c }).collect();
            row[member] = json!(shown);
        }
    }
    row
}

/// Creates or updates an item.
pub(super) fn item(company: &mut Company, body: &Value, clock: Clock) -> Result<Value, Fault> {
    let request = checked("Item", body)?;
    let updating = request.contains_key("Id");
    let mut row = if updating { base(company, "Item", &request, body["sparse"] == json!(true))? } else { Map::new() };
    row.extend(request.into_iter().filter(|(name, _)| !matches!(name.as_str(), "Id" | "SyncToken")));
    let name = row.get("Name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(Fault::missing("Name"));
    }
    if has_forbidden(&name) {
        return Err(Fault::validation(
            "2040",
            "Invalid String. The string has invalid characters",
            "Name must not hold a colon, a tab or a new line",
            "Name",
        ));
    }
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let taken = company.table("Item").is_some_and(|table| {
        table.rows().any(|other| {
            other["Name"].as_str().is_some_and(|taken| taken.to_lowercase() == name.to_lowercase())
                && other["Id"] != json!(id)
        })
    });
    if taken {
        return Err(Fault::validation(
            "6240",
            "Duplicate Name Exists Error",
            "The name supplied already exists. : An item with this name exists.",
            "Name",
        ));
    }
    let kind = row.get("Type").and_then(Value::as_str).unwrap_or("Service").to_owned();
    match kind.as_str() {
        "Service" | "NonInventory" => {}
        "Inventory" | "Category" | "Group" => return Err(Fault::unsupported(&format!("create {kind} item"))),
        _ => {
            return Err(Fault::validation(
                "2170",
                "Invalid Enumeration",
                format!("Invalid Enumeration : {kind}"),
                "Type",
            ));
        }
    }
    let account = row.get("IncomeAccountRef").cloned().ok_or_else(|| Fault::missing("IncomeAccountRef"))?;
    let found = company.active("Account", &account, "IncomeAccountRef")?;
    if found["AccountType"] != json!("Income") {
        return Err(Fault::business("The account of sales has to be an income account."));
    }
    let account_name = found["Name"].clone();
    row.insert("IncomeAccountRef".into(), json!({ "value": account["value"], "name": account_name }));
    row.insert("Name".into(), json!(name));
    row.insert("FullyQualifiedName".into(), json!(name));
    row.insert("Type".into(), json!(kind));
    row.entry("Active").or_insert(json!(true));
    row.entry("Taxable").or_insert(json!(false));
    row.entry("UnitPrice").or_insert(json!(0));
    row.entry("TrackQtyOnHand").or_insert(json!(false));
    let next = company.next_id("Item");
    stamp(&mut row, next, clock);
    let row = Value::Object(row);
    company.table_mut("Item").put(row.clone());
    Ok(row)
}

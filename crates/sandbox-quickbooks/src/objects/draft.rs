//! Steps that all writes share: find the row, merge the request, resolve references, assign ids and times.

use crate::{
    clock::PacificTime,
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    schema,
};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// A row that is being written.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The row to store: the members that stay, overlaid with the request.
    pub(crate) row: Map<String, Value>,
    /// The current row; `None` for a new one.
    pub(crate) before: Option<Value>,
    /// The checked request.
    pub(crate) request: Map<String, Value>,
}

/// Whether only QuickBooks sets a member. In a request it is ignored.
fn is_read_only(entity: Entity, member: &str) -> bool {
    matches!(
        member,
        "domain"
            | "sparse"
            | "MetaData"
            | "status"
            | "Id"
            | "SyncToken"
            | "FullyQualifiedName"
            | "Level"
            | "IntuitId"
            | "V4IDPseudonym"
    ) || match entity {
        Entity::Customer | Entity::Vendor | Entity::Employee => {
            matches!(member, "Balance" | "BalanceWithJobs" | "OverDueBalance" | "TotalRevenue" | "RootCustomerRef")
        }
        Entity::Account => matches!(member, "CurrentBalance" | "CurrentBalanceWithSubAccounts" | "Classification"),
        Entity::Item => matches!(member, "AvgCost" | "QtyOnPurchaseOrder" | "QtyOnSalesOrder"),
        Entity::Payment => matches!(member, "UnappliedAmt" | "LinkedTxn"),
        Entity::Attachable => {
            matches!(
                member,
                "FileAccessUri" | "TempDownloadUri" | "Size" | "ThumbnailFileAccessUri" | "ThumbnailTempDownloadUri"
            )
        }
        _ if entity.is_sales_form() => matches!(
            member,
            "TotalAmt"
                | "HomeTotalAmt"
                | "Balance"
                | "HomeBalance"
                | "RemainingCredit"
                | "DeliveryInfo"
                | "InvoiceLink"
                | "EInvoiceStatus"
                | "ECloudStatusTimeStamp"
                | "RecurDataRef"
                | "invoiceStatus"
                | "callToAction"
                | "invoiceStatusLog"
                | "TxnApprovalInfo"
        ),
        _ => false,
    }
}

/// Whether a full update keeps a member that the request omits. Such a member cannot be empty.
fn survives_full_update(entity: Entity, member: &str) -> bool {
    is_read_only(entity, member)
        || matches!(member, "CurrencyRef" | "Active")
        || Some(member) == entity.name_member()
        || match entity {
            Entity::Item | Entity::Term => member == "Type",
            Entity::Account => matches!(member, "AccountType" | "AccountSubType"),
            Entity::Attachable => matches!(member, "FileName" | "ContentType" | "Category"),
            Entity::CompanyInfo | Entity::Preferences => true,
            _ if entity.is_transaction() => matches!(member, "DocNumber" | "TxnDate" | "LinkedTxn"),
            _ => false,
        }
}

/// Checks a request, finds its row, and merges the two.
pub(crate) fn begin_write(company: &Company, entity: Entity, body: &Value) -> Result<Draft, Fault> {
    let request = schema::check_request(entity, body)?;
    if company.country() == "US" {
        request.iter().try_for_each(|(member, value)| check_western(member, value))?;
    }
    let id = request.get("Id").and_then(Value::as_str).filter(|id| !matches!(*id, "0" | "-1"));
    let (before, mut row) = match id {
        None => (None, Map::new()),
        Some(id) => {
            let before = company.read(entity, id)?.value();
            let token = request.get("SyncToken").and_then(Value::as_str).ok_or_else(|| Fault::missing("SyncToken"))?;
            if before["SyncToken"] != json!(token) {
                return Err(Fault::stale("another user"));
            }
            let sparse = request.get("sparse") == Some(&json!(true));
            let mut row = before.as_object().cloned().unwrap_or_default();
            row.retain(|member, _| sparse || survives_full_update(entity, member));
            (Some(before), row)
        }
    };
    for (member, value) in &request {
        if is_read_only(entity, member) {
            continue;
        }
        if value.is_null() {
            row.remove(member);
        } else {
            row.insert(member.clone(), value.clone());
        }
    }
    Ok(Draft { row, before, request })
}

/// Refuses characters outside western Europe, as companies in the United States do (the reference, 2.1).
fn check_western(member: &str, value: &Value) -> Result<(), Fault> {
    const BEYOND_LATIN: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    match value {
        Value::String(text) => match text.chars().find(|c| u32::from(*c) > 0xFF && !BEYOND_LATIN.contains(*c)) {
            Some(c) => Err(Fault::characters(member, &format!("The character {c} is not supported"))),
            None => Ok(()),
        },
        Value::Array(values) => values.iter().try_for_each(|value| check_western(member, value)),
        Value::Object(members) => members.values().try_for_each(|value| check_western(member, value)),
        _ => Ok(()),
    }
}

/// Sets the id, the version and the times of a row, and stores it.
pub(crate) fn finish_write(
    company: &mut Company,
    entity: Entity,
    mut row: Map<String, Value>,
    operation: Operation,
    context: &WriteContext,
) -> Value {
    let now = context.clock.quickbooks_seconds();
    let token = row.get("SyncToken").and_then(Value::as_str).and_then(|token| token.parse::<u64>().ok());
    if let Some(token) = token {
        row.insert("SyncToken".into(), json!((token + 1).to_string()));
        row["MetaData"]["LastUpdatedTime"] = json!(now);
    } else {
        let id = company.reserve_id(entity);
        row.insert("Id".into(), json!(id));
        row.insert("SyncToken".into(), json!("0"));
        row.insert("MetaData".into(), json!({ "CreateTime": now, "LastUpdatedTime": now }));
    }
    if entity.is_transaction() && !context.user.is_empty() {
        row["MetaData"]["LastModifiedByRef"] = json!({ "value": context.user });
    }
    row.insert("domain".into(), json!("QBO"));
    row.insert("sparse".into(), json!(false));
    let row = Value::Object(row);
    company.put(entity, &row, operation, context);
    row
}

/// Checks the reference in `member`, and adds the name of the referenced row.
pub(crate) fn resolve(
    company: &Company,
    row: &mut Map<String, Value>,
    member: &str,
    entity: Entity,
) -> Result<Option<Value>, Fault> {
    let Some(reference) = row.get(member).filter(|reference| !reference.is_null()) else { return Ok(None) };
    let found = company.get_referenced(entity, reference, member)?;
    let name =
        ["FullyQualifiedName", "DisplayName", "Name"].iter().find_map(|name| found[*name].as_str()).unwrap_or_default();
    row.insert(member.to_owned(), json!({ "value": found["Id"], "name": name }));
    Ok(Some(found))
}

/// Assigns ids to addresses, which are rows of their own. Coordinates are not simulated.
pub(crate) fn assign_address_ids(company: &mut Company, row: &mut Map<String, Value>) {
    for member in ["BillAddr", "ShipAddr", "ShipFromAddr"] {
        if let Some(Value::Object(address)) = row.get_mut(member)
            && !address.contains_key("Id")
        {
            address.insert("Id".into(), json!(company.reserve_address_id()));
        }
    }
}

/// Returns a date member, or today.
pub(crate) fn date_or_today(row: &Map<String, Value>, member: &str, context: &WriteContext) -> Date {
    row.get(member).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or_else(|| context.today())
}

/// Returns the row with a body's `Id`. Refuses an outdated `SyncToken`.
pub(crate) fn current_row(company: &Company, entity: Entity, body: &Value) -> Result<Value, Fault> {
    let text = |member: &str| match &body[member] {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Fault::missing(member)),
    };
    let row = company.read(entity, &text("Id")?)?.value();
    let token = text("SyncToken")?;
    if row["SyncToken"] == json!(token) { Ok(row) } else { Err(Fault::stale("another user")) }
}

/// Stores a changed row with a new `SyncToken`.
pub(crate) fn store_changed(
    company: &mut Company,
    entity: Entity,
    row: Value,
    operation: Operation,
    context: &WriteContext,
) -> Value {
    let Value::Object(row) = row else { return row };
    finish_write(company, entity, row, operation, context)
}

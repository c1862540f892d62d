//! The rules that all writes share: which object is meant, what an update keeps, references, ids, stamps.

use crate::quickbooks::{
    company::{Act, Company},
    entity::Entity,
    fault::Fault,
    schema,
    webhooks::Operation,
};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// A row in the making.
#[derive(Debug)]
pub(in crate::quickbooks) struct Draft {
    /// What the row will be: what an update keeps, with the request laid over.
    pub(in crate::quickbooks) row: Map<String, Value>,
    /// What the row was; `None` for a new one.
    pub(in crate::quickbooks) before: Option<Value>,
    /// The request as it was sent, cleaned.
    pub(in crate::quickbooks) sent: Map<String, Value>,
}

/// Members that only QuickBooks sets. In a request they are ignored.
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

/// Members that a full update keeps when it does not send them: they have no value for "none".
fn is_kept(entity: Entity, member: &str) -> bool {
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

/// Checks a request's members, finds the row that it changes, and lays the one over the other.
pub(in crate::quickbooks) fn begin(company: &Company, entity: Entity, body: &Value) -> Result<Draft, Fault> {
    let sent = schema::checked(entity, body)?;
    if company.country() == "US" {
        sent.iter().try_for_each(|(member, value)| western(member, value))?;
    }
    let id = sent.get("Id").and_then(Value::as_str).filter(|id| !matches!(*id, "0" | "-1"));
    let (before, mut row) = match id {
        None => (None, Map::new()),
        Some(id) => {
            let before = company.read(entity, id)?.value();
            let token = sent.get("SyncToken").and_then(Value::as_str).ok_or_else(|| Fault::missing("SyncToken"))?;
            if before["SyncToken"] != json!(token) {
                return Err(Fault::stale("another user"));
            }
            let sparse = sent.get("sparse") == Some(&json!(true));
            let mut row = before.as_object().cloned().unwrap_or_default();
            row.retain(|member, _| sparse || is_kept(entity, member));
            (Some(before), row)
        }
    };
    for (member, value) in &sent {
        if is_read_only(entity, member) {
            continue;
        }
        if value.is_null() {
            row.remove(member);
        } else {
            row.insert(member.clone(), value.clone());
        }
    }
    Ok(Draft { row, before, sent })
}

/// Companies in the United States take the characters of western Europe only (the reference, 2.1).
fn western(member: &str, value: &Value) -> Result<(), Fault> {
    const BEYOND_LATIN: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    match value {
        Value::String(text) => match text.chars().find(|c| u32::from(*c) > 0xFF && !BEYOND_LATIN.contains(*c)) {
            Some(c) => Err(Fault::characters(member, &format!("The character {c} is not supported"))),
            None => Ok(()),
        },
        Value::Array(values) => values.iter().try_for_each(|value| western(member, value)),
        Value::Object(members) => members.values().try_for_each(|value| western(member, value)),
        _ => Ok(()),
    }
}

/// Stamps a row as created or changed now, and keeps it.
pub(in crate::quickbooks) fn finish(
    company: &mut Company,
    entity: Entity,
    mut row: Map<String, Value>,
    operation: Operation,
    act: &Act,
) -> Value {
    let now = act.clock.quickbooks_seconds();
    let token = row.get("SyncToken").and_then(Value::as_str).and_then(|token| token.parse::<u64>().ok());
    if let Some(token) = token {
        row.insert("SyncToken".into(), json!((token + 1).to_string()));
        row["MetaData"]["LastUpdatedTime"] = json!(now);
    } else {
        let id = company.take_id(entity);
        row.insert("Id".into(), json!(id));
        row.insert("SyncToken".into(), json!("0"));
        row.insert("MetaData".into(), json!({ "CreateTime": now, "LastUpdatedTime": now }));
    }
    if entity.is_transaction() && !act.user.is_empty() {
        row["MetaData"]["LastModifiedByRef"] = json!({ "value": act.user });
    }
    row.insert("domain".into(), json!("QBO"));
    row.insert("sparse".into(), json!(false));
    let row = Value::Object(row);
    company.put(entity, &row, operation, act);
    row
}

/// Checks the reference in `member`, and writes the name of what it means beside its id.
pub(in crate::quickbooks) fn resolve(
    company: &Company,
    row: &mut Map<String, Value>,
    member: &str,
    entity: Entity,
) -> Result<Option<Value>, Fault> {
    let Some(reference) = row.get(member).filter(|reference| !reference.is_null()) else { return Ok(None) };
    let found = company.referenced(entity, reference, member)?;
    let name =
        ["FullyQualifiedName", "DisplayName", "Name"].iter().find_map(|name| found[*name].as_str()).unwrap_or_default();
    row.insert(member.to_owned(), json!({ "value": found["Id"], "name": name }));
    Ok(Some(found))
}

/// Addresses are rows of their own and have ids; where they lie on the globe is not ours to say.
pub(in crate::quickbooks) fn addresses(company: &mut Company, row: &mut Map<String, Value>) {
    for member in ["BillAddr", "ShipAddr", "ShipFromAddr"] {
        if let Some(Value::Object(address)) = row.get_mut(member)
            && !address.contains_key("Id")
        {
            address.insert("Id".into(), json!(company.take_address_id()));
        }
    }
}

/// A date member, or today.
pub(in crate::quickbooks) fn today_or(row: &Map<String, Value>, member: &str, act: &Act) -> Date {
    row.get(member).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or_else(|| act.today())
}

//! Creating, changing and removing objects: what all entities share, and each one's own rules.

mod account;
mod attachable;
mod company;
mod currencies;
mod draft;
mod item;
mod name;
mod small;
mod tax;

pub(super) use attachable::upload;
pub(crate) use currencies::currency_name;
pub(super) use currencies::{exchange_rate, read_exchange_rate};
pub(super) use draft::{Draft, addresses, begin, finish, resolve, today_or};
pub(super) use name::hide_tax_numbers;
pub(super) use tax::service as tax_service;

use super::{
    company::{Act, Company},
    entity::Entity,
    fault::Fault,
    sales,
    webhooks::Operation,
};
use serde_json::{Value, json};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Write,
    Delete,
    Void,
}

impl Verb {
    /// From `operation` and `include`, as they stand in an address or in a batch item.
    pub(crate) fn of(operation: Option<&str>, include: &[&str]) -> Option<Self> {
        match operation.unwrap_or("create").to_ascii_lowercase().as_str() {
            "create" | "update" if include.contains(&"void") => Some(Self::Void),
            "create" | "update" => Some(Self::Write),
            "delete" => Some(Self::Delete),
            "void" => Some(Self::Void),
            _ => None,
        }
    }
}

/// Carries one write out, whole or not at all; the answer's object.
pub(crate) fn carry_out(
    company: &mut Company,
    entity: Entity,
    verb: Verb,
    body: &Value,
    act: &Act,
) -> Result<Value, Fault> {
    company.transaction(|company| match verb {
        Verb::Write => create(company, entity, body, act),
        Verb::Delete => delete(company, entity, body, act),
        Verb::Void => sales::void(company, entity, body, act),
    })
}

/// Creates an object, or changes the one that the body's `Id` names.
pub(crate) fn create(company: &mut Company, entity: Entity, body: &Value, act: &Act) -> Result<Value, Fault> {
    match entity {
        Entity::CompanyInfo | Entity::Preferences => company::write(company, entity, body, act),
        Entity::Account => account::write(company, body, act),
        Entity::Term | Entity::PaymentMethod | Entity::Class | Entity::Department => {
            small::write(company, entity, body, act)
        }
        Entity::CompanyCurrency => currencies::write(company, body, act),
        Entity::ExchangeRate => currencies::write_rate(company, body, act),
        Entity::TaxAgency => tax::agency(company, body, act),
        Entity::TaxCode | Entity::TaxRate => Err(Fault::unsupported(&format!("create or update {}", entity.name()))),
        Entity::Item => item::write(company, body, act),
        Entity::Customer | Entity::Vendor | Entity::Employee => name::write(company, entity, body, act),
        Entity::Payment => sales::payment(company, body, act),
        Entity::Attachable => attachable::write(company, body, act),
        Entity::Estimate | Entity::Invoice | Entity::SalesReceipt | Entity::CreditMemo | Entity::RefundReceipt => {
            sales::form(company, entity, body, act)
        }
    }
}

fn delete(company: &mut Company, entity: Entity, body: &Value, act: &Act) -> Result<Value, Fault> {
    if !entity.is_transaction() && entity != Entity::Attachable {
        return Err(Fault::unsupported(&format!("delete {}", entity.name())));
    }
    let row = current(company, entity, body)?;
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    if entity.is_transaction() {
        sales::before_delete(company, entity, &row, act)?;
    }
    company.files.remove(&id);
    company.delete(entity, &id, act);
    Ok(json!({ "domain": "QBO", "status": "Deleted", "Id": id }))
}

/// The row that a body's `Id` and `SyncToken` name.
pub(super) fn current(company: &Company, entity: Entity, body: &Value) -> Result<Value, Fault> {
    let text = |member: &str| match &body[member] {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Fault::missing(member)),
    };
    let row = company.read(entity, &text("Id")?)?.value();
    let token = text("SyncToken")?;
    if row["SyncToken"] == json!(token) { Ok(row) } else { Err(Fault::stale("another user")) }
}

/// Keeps a changed row as it is, with a new `SyncToken`.
pub(super) fn touch(company: &mut Company, entity: Entity, row: Value, operation: Operation, act: &Act) -> Value {
    let Value::Object(row) = row else { return row };
    finish(company, entity, row, operation, act)
}

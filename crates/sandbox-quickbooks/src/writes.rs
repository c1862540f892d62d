//! Writes of all objects. This module dispatches each write to the rules of its object.

use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    fault::Fault,
    objects::{self, draft::current_row},
    sales,
};
use serde_json::{Value, json};

/// The operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Write,
    Delete,
    Void,
}

impl Verb {
    /// Reads the operation from `operation` and `include`, in an address or in a batch item.
    pub(crate) fn parse(operation: Option<&str>, include: &[&str]) -> Option<Self> {
        match operation.unwrap_or("create").to_ascii_lowercase().as_str() {
            "create" | "update" if include.contains(&"void") => Some(Self::Void),
            "create" | "update" => Some(Self::Write),
            "delete" => Some(Self::Delete),
            "void" => Some(Self::Void),
            _ => None,
        }
    }
}

/// Carries out one write as a transaction, and returns the object of the answer.
pub(crate) fn carry_out(
    company: &mut Company,
    entity: Entity,
    verb: Verb,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    company.transaction(|company| match verb {
        Verb::Write => write(company, entity, body, context),
        Verb::Delete => delete(company, entity, body, context),
        Verb::Void => sales::void::void(company, entity, body, context),
    })
}

/// Creates an object, or changes the object with the body's `Id`.
pub(crate) fn write(
    company: &mut Company,
    entity: Entity,
    body: &Value,
    context: &WriteContext,
) -> Result<Value, Fault> {
    match entity {
        Entity::CompanyInfo | Entity::Preferences => objects::company::write(company, entity, body, context),
        Entity::Account => objects::account::write(company, body, context),
        Entity::Term | Entity::PaymentMethod | Entity::Class | Entity::Department => {
            objects::simple_lists::write(company, entity, body, context)
        }
        Entity::CompanyCurrency => objects::currencies::write(company, body, context),
        Entity::ExchangeRate => objects::currencies::write_rate(company, body, context),
        Entity::TaxAgency => objects::tax::create_agency(company, body, context),
        Entity::TaxCode | Entity::TaxRate => Err(Fault::unsupported(&format!("create or update {}", entity.name()))),
        Entity::Item => objects::item::write(company, body, context),
        Entity::Customer | Entity::Vendor | Entity::Employee => objects::name::write(company, entity, body, context),
        Entity::Payment => sales::payment::write(company, body, context),
        Entity::Attachable => objects::attachable::write(company, body, context),
        Entity::Estimate | Entity::Invoice | Entity::SalesReceipt | Entity::CreditMemo | Entity::RefundReceipt => {
            sales::form::write(company, entity, body, context)
        }
    }
}

fn delete(company: &mut Company, entity: Entity, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    if !entity.is_transaction() && entity != Entity::Attachable {
        return Err(Fault::unsupported(&format!("delete {}", entity.name())));
    }
    let row = current_row(company, entity, body)?;
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    if entity.is_transaction() {
        sales::void::reverse_effects(company, entity, &row, context)?;
    }
    company.files.remove(&id);
    company.delete(entity, &id, context);
    Ok(json!({ "domain": "QBO", "status": "Deleted", "Id": id }))
}

//! Length limits of texts (the reference, chapter 3), and the check of e-mail addresses.

use crate::{entity::Entity, fault::Fault};
use serde_json::{Map, Value};

/// Length limits of an entity's own members.
fn length_limits(entity: Entity) -> &'static [(&'static str, usize)] {
    match entity {
        Entity::CompanyInfo => &[("CompanyName", 1024), ("LegalName", 1024)],
        Entity::Customer | Entity::Vendor | Entity::Employee => &[
            ("DisplayName", 500),
            ("Title", 16),
            ("Suffix", 16),
            ("GivenName", 100),
            ("MiddleName", 100),
            ("FamilyName", 100),
            ("CompanyName", 100),
            ("PrintOnCheckName", 110),
            ("Notes", 2000),
            ("ResaleNum", 16),
            ("BusinessNumber", 10),
            ("GSTIN", 15),
        ],
        Entity::Item => &[("Name", 100), ("Sku", 100), ("Description", 4000), ("PurchaseDesc", 4000)],
        Entity::Account => &[("Name", 100), ("Description", 100), ("AcctNum", 20)],
        Entity::Term | Entity::PaymentMethod => &[("Name", 31)],
        Entity::TaxCode | Entity::TaxRate | Entity::Class | Entity::Department => {
            &[("Name", 100), ("Description", 100)]
        }
        Entity::TaxAgency => &[("DisplayName", 100)],
        Entity::CompanyCurrency => &[("Code", 100)],
        Entity::Invoice | Entity::Estimate | Entity::SalesReceipt | Entity::CreditMemo | Entity::RefundReceipt => {
            &[("DocNumber", 21), ("PrivateNote", 4000), ("TrackingNum", 31), ("PONumber", 15), ("PaymentRefNum", 21)]
        }
        Entity::Payment => &[("PaymentRefNum", 21), ("PrivateNote", 4000)],
        Entity::Attachable => &[("FileName", 1000), ("Note", 2000)],
        Entity::Preferences | Entity::ExchangeRate => &[],
    }
}

const ADDRESS_LIMITS: [(&str, usize); 9] = [
    ("Line1", 500),
    ("Line2", 500),
    ("Line3", 500),
    ("Line4", 500),
    ("Line5", 500),
    ("City", 255),
    ("Country", 255),
    ("CountrySubDivisionCode", 255),
    ("PostalCode", 30),
];

pub(super) fn check(entity: Entity, row: &Map<String, Value>) -> Result<(), Fault> {
    for (member, max) in length_limits(entity) {
        check_length(row.get(*member), member, *max)?;
    }
    for (member, value) in row {
        match member.as_str() {
            "BillAddr" | "ShipAddr" | "ShipFromAddr" | "CompanyAddr" | "LegalAddr" | "CustomerCommunicationAddr" => {
                for (part, max) in ADDRESS_LIMITS {
                    check_length(value.get(part), part, max)?;
                }
                let total: usize = ADDRESS_LIMITS[..5]
                    .iter()
                    .filter_map(|(part, _)| value[*part].as_str())
                    .map(|text| text.chars().count())
                    .sum();
                if total > 2000 {
                    return Err(Fault::too_long(member, 2000, total));
                }
            }
            "PrimaryEmailAddr" | "BillEmail" | "Email" => check_email(value, member)?,
            "BillEmailCc" | "BillEmailBcc" => check_length(value.get("Address"), member, 200)?,
            "PrimaryPhone" | "AlternatePhone" | "Mobile" | "Fax" => {
                check_length(value.get("FreeFormNumber"), member, 30)?;
            }
            "WebAddr" => check_length(value.get("URI"), member, 1000)?,
            "CustomerMemo" => check_length(value.get("value"), member, 1000)?,
            "CustomField" => {
                for field in value.as_array().into_iter().flatten() {
                    check_length(field.get("StringValue"), "CustomField.StringValue", 31)?;
                }
            }
            "Line" => {
                for line in value.as_array().into_iter().flatten() {
                    check_length(line.get("Description"), "Line.Description", 4000)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_length(value: Option<&Value>, member: &str, max: usize) -> Result<(), Fault> {
    match value.and_then(Value::as_str).map(|text| text.chars().count()) {
        Some(count) if count > max => Err(Fault::too_long(member, max, count)),
        _ => Ok(()),
    }
}

/// Checks one address, or several with commas.
fn check_email(value: &Value, member: &str) -> Result<(), Fault> {
    check_length(value.get("Address"), member, 100)?;
    let addresses = value["Address"].as_str().unwrap_or_default();
    for address in addresses.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        if !is_email(address) {
            return Err(Fault::email(member));
        }
    }
    Ok(())
}

/// Whether an address has a name, an `@`, and a host with a dot, as the reference says.
pub(crate) fn is_email(address: &str) -> bool {
    !address.contains(char::is_whitespace)
        && address
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

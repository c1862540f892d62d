//! Explains a refusal of QuickBooks by errors of the form: the field, and what the user can do.
//!
//! An error is reported at a field only if the element or the detail of the fault names it, otherwise at the whole form. The refused step
//! decides an ambiguous text: "the name exists" may mean a customer or an item.

use super::{
    locate,
    refused_step::{Context, Step},
};
use crate::flows::refusals::find_cause;
use domain::{
    form::{FieldError, FormField, Problem},
    invoice_request::{Choice, InvoiceRequest},
    refusal::RefusalCause as Cause,
    tax::TaxMode,
};
use providers::{Fault, Refusal};

/// Explains all faults of a refusal in their order, without duplicates.
pub(super) fn explain(refusal: &Refusal, context: &Context<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = Vec::new();
    for error in refusal.faults().iter().flat_map(|fault| explain_fault(fault, context)) {
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    errors
}

fn explain_fault(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    use Problem::{Missing, NameTaken, NotAnEmail, NumberTaken, PeriodClosed};
    let field = || locate::find_field(fault, context);
    let whole = |cause| one_error(FormField::Whole, Problem::Explained(cause, fault.detail.clone()));
    let at = |field, cause| one_error(field, Problem::Explained(cause, fault.detail.clone()));
    match fault.code.as_str() {
        "610" | "2500" => explain_inactive(fault, context),
        "6240" => match context.step {
            Step::CreateItem(line) => at(FormField::Item(line), Cause::ItemNameTaken),
            Step::CreateCustomer | Step::UpdateCustomer => one_error(FormField::Customer, NameTaken),
            Step::CreateInvoice => one_error(FormField::Whole, Problem::Refused(fault.detail.clone())),
        },
        "6140" if context.request.number.is_some() => one_error(FormField::Number, NumberTaken),
        "6140" => whole(Cause::NumberAssigned),
        "6200" | "6210" => one_error(FormField::Issued, PeriodClosed),
        "2020" => field().map_or_else(|| whole(Cause::Required), |field| one_error(field, Missing)),
        "2030" => explain_unknown_id(fault, context),
        "2040" => explain_unsupported(fault, context),
        "2050" => explain_too_long(fault, context),
        "2060" | "2070" | "2080" | "2090" | "2100" | "2110" | "2140" | "2200" => {
            at(field().unwrap_or(FormField::Whole), Cause::Value)
        }
        "2210" => match locate::find_email_field(fault, context) {
            Some(field) => one_error(field, NotAnEmail),
            None => whole(Cause::EmailAddress),
        },
        "2220" => at(FormField::Currency, Cause::Currency),
        "2290" => one_error(FormField::Lines, Problem::NegativeTotal),
        "3000" => at(locate::find_only_custom_field(context).unwrap_or(FormField::Whole), Cause::CustomField),
        "6000" => explain_business_error(fault, context),
        "6070" => explain_amount(fault, context),
        "6090" => at(FormField::InvoiceDiscount, Cause::Discount),
        "6100" => explain_tax_code(fault, context),
        "6250" => at(FormField::Customer, Cause::CustomerNotBillable),
        "6420" => one_error(FormField::Email, Missing),
        "no-income-account" => match context.step {
            Step::CreateItem(line) => at(FormField::Item(line), Cause::NoIncomeAccount),
            _ => whole(Cause::NoIncomeAccount),
        },
        code => match find_cause(code) {
            Some(cause) => whole(cause),
            None => one_error(field().unwrap_or(FormField::Whole), Problem::Refused(fault.detail.clone())),
        },
    }
}

fn one_error(field: FormField, problem: Problem) -> Vec<FieldError> {
    vec![FieldError { field, problem }]
}

fn errors_at(fields: Vec<FormField>, problem: &Problem) -> Vec<FieldError> {
    fields.into_iter().map(|field| FieldError { field, problem: problem.clone() }).collect()
}

/// Explains a reference to an object that is inactive, deleted, or does not exist.
fn explain_inactive(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let whole = |cause| one_error(FormField::Whole, Problem::Explained(cause, fault.detail.clone()));
    match context.step {
        // The update of a customer has no other reference than its id.
        Step::UpdateCustomer if fault.code == "610" => return one_error(FormField::Customer, Problem::Inactive),
        // An item refers only to its account.
        Step::CreateItem(_) => return whole(Cause::Account),
        _ => {}
    }
    if let Some((list, id)) = locate::find_missing_element(&fault.detail) {
        match list.to_ascii_lowercase().as_str() {
            "names" | "customers" if locate::is_customer(&id, context) => {
                return one_error(FormField::Customer, Problem::Inactive);
            }
            "items" => return errors_at(locate::fields_of_item(&id, context), &Problem::Inactive),
            "accounts" => return whole(Cause::Account),
            "klasses" | "classes" | "depts" | "departments" => return whole(Cause::Class),
            "terms" | "salesterms" => return whole(Cause::Term),
            "taxcodes" => return errors_at(locate::fields_of_tax_code(&id, context), &Problem::Unknown),
            _ => return whole(Cause::Reference),
        }
    }
    let members = locate::list_members(fault);
    let names = |member: &str| members.iter().any(|own| own == member);
    if names("ItemRef") {
        one_error(locate::find_line(fault, context).map_or(FormField::Lines, FormField::Item), Problem::Inactive)
    } else if names("TxnTaxCodeRef") && context.request.invoice_code.is_some() {
        one_error(FormField::InvoiceCode, Problem::Unknown)
    } else if names("TaxCodeRef") {
        one_error(locate::find_line(fault, context).map_or(FormField::Lines, FormField::TaxCode), Problem::Unknown)
    } else if names("CurrencyRef") {
        one_error(FormField::Currency, Problem::Unknown)
    } else if names("CustomerRef") {
        one_error(FormField::Customer, Problem::Inactive)
    } else if names("SalesTermRef") {
        whole(Cause::Term)
    } else if names("ClassRef") || names("DepartmentRef") {
        whole(Cause::Class)
    } else if members.iter().any(|member| member.ends_with("AccountRef")) {
        whole(Cause::Account)
    } else {
        whole(Cause::Reference)
    }
}

/// Explains an invalid id: `Id should be a valid number. Supplied value:QB:12`.
fn explain_unknown_id(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let supplied = locate::find_supplied_value(&fault.detail).unwrap_or_default();
    let lines = locate::find_lines_with_item(supplied, context);
    if !supplied.is_empty() && locate::is_customer(supplied, context) {
        one_error(FormField::Customer, Problem::Unknown)
    } else if lines.is_empty() {
        one_error(FormField::Whole, Problem::Explained(Cause::Request, fault.detail.clone()))
    } else {
        errors_at(lines.into_iter().map(FormField::Item).collect(), &Problem::Unknown)
    }
}

/// Explains a wrong length: `… Min:0 Max:21 supported. Supplied length:45`.
fn explain_too_long(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let number = |name: &str| -> Option<usize> {
        let after = fault.detail.split_once(name)?.1.trim_start();
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let max = number("Max:").filter(|max| number("Supplied length:").is_none_or(|supplied| supplied > *max));
    match (locate::find_field(fault, context), max) {
        (Some(field), Some(max)) if field != FormField::Lines => one_error(field, Problem::TooLong(max)),
        (field, _) => {
            one_error(field.unwrap_or(FormField::Whole), Problem::Explained(Cause::Value, fault.detail.clone()))
        }
    }
}

/// Explains a business validation error. QuickBooks uses one code for several of them; the English text distinguishes them.
fn explain_business_error(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let detail = fault.detail.to_ascii_lowercase();
    let words: Vec<&str> = detail.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let explained = |cause| Problem::Explained(cause, fault.detail.clone());
    if has(&["currency"]) {
        return one_error(FormField::Currency, explained(Cause::Currency));
    }
    // "Make sure all your transactions have a GST/HST rate before you save.", or a VAT rate.
    if has(&["gst", "hst", "vat", "tax"]) && has(&["rate", "code"]) {
        let untaxed = context.request.lines.iter().enumerate().filter(|(_, line)| line.tax_code.is_none());
        let untaxed: Vec<FormField> = untaxed.map(|(at, _)| FormField::TaxCode(at)).collect();
        if untaxed.is_empty() || context.request.tax_mode == TaxMode::None {
            return one_error(FormField::Lines, explained(Cause::TaxRequired));
        }
        return errors_at(untaxed, &Problem::Missing);
    }
    if has(&["amount"]) && has(&["transaction"]) && has(&["set"]) {
        return one_error(FormField::Lines, explained(Cause::Value));
    }
    one_error(locate::find_field(fault, context).unwrap_or(FormField::Whole), Problem::Refused(fault.detail.clone()))
}

/// Explains a wrong amount: `Amount is not equal to UnitPrice * Qty. Supplied value:1,861.07`.
fn explain_amount(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let supplied = locate::find_supplied_value(&fault.detail).map(|text| text.replace(',', ""));
    let supplied: Option<rust_decimal::Decimal> = supplied.and_then(|text| text.parse().ok());
    let sent = |line: &domain::invoice_request::RequestLine| line.net.unwrap_or(line.amount);
    let lines = context.request.lines.iter().enumerate().filter(|(_, line)| Some(sent(line)) == supplied);
    let fields: Vec<FormField> = lines.map(|(at, _)| FormField::UnitPrice(at)).collect();
    let field = match (fields.as_slice(), locate::find_line(fault, context)) {
        ([field], _) => *field,
        (_, Some(at)) => FormField::UnitPrice(at),
        _ => FormField::Lines,
    };
    one_error(field, Problem::Explained(Cause::Amount, fault.detail.clone()))
}

/// Explains an invalid tax code of a line or of the whole invoice: `Invalid tax rate id - 7`.
fn explain_tax_code(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    if locate::list_members(fault).iter().any(|member| member == "TxnTaxCodeRef")
        && context.request.invoice_code.is_some()
    {
        return one_error(FormField::InvoiceCode, Problem::Unknown);
    }
    let code = fault.detail.rsplit_once("- ").map(|(_, code)| code.trim()).unwrap_or_default();
    errors_at(locate::fields_of_tax_code(code, context), &Problem::Unknown)
}

/// Explains an unsupported character, at the field that contains it.
fn explain_unsupported(fault: &Fault, context: &Context<'_>) -> Vec<FieldError> {
    let character = fault.detail.chars().find(|c| !c.is_ascii());
    let with = character.and_then(|character| Some((character, find_field_with(character, context.request)?)));
    if let Some((character, field)) = with {
        return one_error(field, Problem::UnsupportedCharacter(character));
    }
    let field = locate::find_field(fault, context).unwrap_or(FormField::Whole);
    one_error(
        field,
        character
            .map_or_else(|| Problem::Explained(Cause::Characters, fault.detail.clone()), Problem::UnsupportedCharacter),
    )
}

fn find_field_with(character: char, request: &InvoiceRequest) -> Option<FormField> {
    let address = &request.address;
    let customer = if let Choice::New(name) = &request.customer { name.as_str() } else { "" };
    let texts = [
        (FormField::Customer, customer),
        (FormField::To, &request.attention),
        (FormField::Email, &request.email),
        (FormField::Cc, &request.cc),
        (FormField::TaxId, &request.tax_id),
        (FormField::Address, &address.street),
        (FormField::City, &address.city),
        (FormField::State, &address.state),
        (FormField::PostalCode, &address.postal_code),
        (FormField::Country, &address.country),
        (FormField::Message, &request.message),
        (FormField::Memo, &request.memo),
        (FormField::Number, request.number.as_deref().unwrap_or_default()),
    ];
    let custom =
        request.custom.iter().filter_map(|(id, text)| Some((FormField::Custom(id.parse().ok()?), text.as_str())));
    let lines = request.lines.iter().enumerate().flat_map(|(at, line)| {
        let item = if let Choice::New(name) = &line.item { name.as_str() } else { "" };
        [(FormField::Item(at), item), (FormField::Description(at), line.description.as_str())]
    });
    texts.into_iter().chain(custom).chain(lines).find(|(_, text)| text.contains(character)).map(|(field, _)| field)
}

#[cfg(test)]
mod tests;

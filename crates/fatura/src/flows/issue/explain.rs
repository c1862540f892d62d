//! A refusal of QuickBooks as what is wrong with the form: at the field that it names, and what to do about it.
//!
//! A field is blamed only where the error's element or its detail names it; otherwise the whole form is. The step in which
//! QuickBooks refused says what its words are about: "the name exists" may be a customer's or an item's.

use super::{
    super::refusals::find_cause,
    locate,
    refused_step::{Context, Step},
};
use domain::{
    form::{FieldError, FormField, Problem},
    invoice_request::{Choice, InvoiceRequest},
    refusal::RefusalCause as Cause,
    tax::TaxMode,
};
use providers::{Fault, Refusal};

/// Explains every error of a refusal, in their order, each once.
pub(super) fn explain(refusal: &Refusal, of: &Context<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = Vec::new();
    for error in refusal.faults().iter().flat_map(|fault| explain_fault(fault, of)) {
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    errors
}

fn explain_fault(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    use Problem::{Missing, NameTaken, NotAnEmail, NumberTaken, PeriodClosed};
    let field = || locate::field(fault, of);
    let whole = |cause| one(FormField::Whole, Problem::Explained(cause, fault.detail.clone()));
    let at = |field, cause| one(field, Problem::Explained(cause, fault.detail.clone()));
    match fault.code.as_str() {
        "610" | "2500" => inactive(fault, of),
        "6240" => match of.step {
            Step::CreateItem(line) => at(FormField::Item(line), Cause::ItemNameTaken),
            Step::CreateCustomer | Step::UpdateCustomer => one(FormField::Customer, NameTaken),
            Step::CreateInvoice => one(FormField::Whole, Problem::Refused(fault.detail.clone())),
        },
        "6140" if of.draft.number.is_some() => one(FormField::Number, NumberTaken),
        "6140" => whole(Cause::NumberAssigned),
        "6200" | "6210" => one(FormField::Issued, PeriodClosed),
        "2020" => field().map_or_else(|| whole(Cause::Required), |field| one(field, Missing)),
        "2030" => unknown_id(fault, of),
        "2040" => unsupported(fault, of),
        "2050" => too_long(fault, of),
        "2060" | "2070" | "2080" | "2090" | "2100" | "2110" | "2140" | "2200" => {
            at(field().unwrap_or(FormField::Whole), Cause::Value)
        }
        "2210" => match locate::email(fault, of) {
            Some(field) => one(field, NotAnEmail),
            None => whole(Cause::EmailAddress),
        },
        "2220" => at(FormField::Currency, Cause::Currency),
        "2290" => one(FormField::Lines, Problem::NegativeTotal),
        "3000" => at(locate::only_custom(of).unwrap_or(FormField::Whole), Cause::CustomField),
        "6000" => business(fault, of),
        "6070" => amount(fault, of),
        "6090" => at(FormField::InvoiceDiscount, Cause::Discount),
        "6100" => tax_code(fault, of),
        "6250" => at(FormField::Customer, Cause::CustomerNotBillable),
        "6420" => one(FormField::Email, Missing),
        "no-income-account" => match of.step {
            Step::CreateItem(line) => at(FormField::Item(line), Cause::NoIncomeAccount),
            _ => whole(Cause::NoIncomeAccount),
        },
        code => match find_cause(code) {
            Some(cause) => whole(cause),
            None => one(field().unwrap_or(FormField::Whole), Problem::Refused(fault.detail.clone())),
        },
    }
}

fn one(field: FormField, problem: Problem) -> Vec<FieldError> {
    vec![FieldError { field, problem }]
}

fn each(fields: Vec<FormField>, problem: &Problem) -> Vec<FieldError> {
    fields.into_iter().map(|field| FieldError { field, problem: problem.clone() }).collect()
}

/// Something that the write refers to is inactive, deleted, or was never there.
fn inactive(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let whole = |cause| one(FormField::Whole, Problem::Explained(cause, fault.detail.clone()));
    match of.step {
        // It is read and written by its id alone.
        Step::UpdateCustomer if fault.code == "610" => return one(FormField::Customer, Problem::Inactive),
        // An item refers to its account alone.
        Step::CreateItem(_) => return whole(Cause::Account),
        _ => {}
    }
    if let Some((list, id)) = locate::missing_element(&fault.detail) {
        match list.to_ascii_lowercase().as_str() {
            "names" | "customers" if locate::is_customer(&id, of) => {
                return one(FormField::Customer, Problem::Inactive);
            }
            "items" => return each(locate::lines_of_item(&id, of), &Problem::Inactive),
            "accounts" => return whole(Cause::Account),
            "klasses" | "classes" | "depts" | "departments" => return whole(Cause::Class),
            "terms" | "salesterms" => return whole(Cause::Term),
            "taxcodes" => return each(locate::fields_of_tax_code(&id, of), &Problem::Unknown),
            _ => return whole(Cause::Reference),
        }
    }
    let members = locate::members(fault);
    let names = |member: &str| members.iter().any(|known| known == member);
    if names("ItemRef") {
        one(locate::line(fault, of).map_or(FormField::Lines, FormField::Item), Problem::Inactive)
    } else if names("TxnTaxCodeRef") && of.draft.invoice_code.is_some() {
        one(FormField::InvoiceCode, Problem::Unknown)
    } else if names("TaxCodeRef") {
        one(locate::line(fault, of).map_or(FormField::Lines, FormField::TaxCode), Problem::Unknown)
    } else if names("CurrencyRef") {
        one(FormField::Currency, Problem::Unknown)
    } else if names("CustomerRef") {
        one(FormField::Customer, Problem::Inactive)
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

/// An id that is none: `Id should be a valid number. Supplied value:QB:12`.
fn unknown_id(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let supplied = locate::supplied(&fault.detail).unwrap_or_default();
    let lines = locate::lines_with_item(supplied, of);
    if !supplied.is_empty() && locate::is_customer(supplied, of) {
        one(FormField::Customer, Problem::Unknown)
    } else if lines.is_empty() {
        one(FormField::Whole, Problem::Explained(Cause::Request, fault.detail.clone()))
    } else {
        each(lines.into_iter().map(FormField::Item).collect(), &Problem::Unknown)
    }
}

/// `… Min:0 Max:21 supported. Supplied length:45`.
fn too_long(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let number = |name: &str| -> Option<usize> {
        let rest = fault.detail.split_once(name)?.1.trim_start();
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let most = number("Max:").filter(|most| number("Supplied length:").is_none_or(|supplied| supplied > *most));
    match (locate::field(fault, of), most) {
        (Some(field), Some(most)) if field != FormField::Lines => one(field, Problem::TooLong(most)),
        (field, _) => one(field.unwrap_or(FormField::Whole), Problem::Explained(Cause::Value, fault.detail.clone())),
    }
}

/// QuickBooks uses one code for several errors; the English text distinguishes them.
fn business(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let detail = fault.detail.to_ascii_lowercase();
    let words: Vec<&str> = detail.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let explained = |cause| Problem::Explained(cause, fault.detail.clone());
    if has(&["currency"]) {
        return one(FormField::Currency, explained(Cause::Currency));
    }
    // "Make sure all your transactions have a GST/HST rate before you save.", or a VAT rate.
    if has(&["gst", "hst", "vat", "tax"]) && has(&["rate", "code"]) {
        let without = of.draft.lines.iter().enumerate().filter(|(_, line)| line.tax_code.is_none());
        let without: Vec<FormField> = without.map(|(at, _)| FormField::TaxCode(at)).collect();
        if without.is_empty() || of.draft.tax_mode == TaxMode::None {
            return one(FormField::Lines, explained(Cause::TaxRequired));
        }
        return each(without, &Problem::Missing);
    }
    if has(&["amount"]) && has(&["transaction"]) && has(&["set"]) {
        return one(FormField::Lines, explained(Cause::Value));
    }
    one(locate::field(fault, of).unwrap_or(FormField::Whole), Problem::Refused(fault.detail.clone()))
}

/// `Amount is not equal to UnitPrice * Qty. Supplied value:1,861.07`.
fn amount(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let supplied = locate::supplied(&fault.detail).map(|text| text.replace(',', ""));
    let supplied: Option<rust_decimal::Decimal> = supplied.and_then(|text| text.parse().ok());
    let sent = |line: &domain::invoice_request::RequestLine| line.net.unwrap_or(line.amount);
    let lines = of.draft.lines.iter().enumerate().filter(|(_, line)| Some(sent(line)) == supplied);
    let fields: Vec<FormField> = lines.map(|(at, _)| FormField::UnitPrice(at)).collect();
    let field = match (fields.as_slice(), locate::line(fault, of)) {
        ([field], _) => *field,
        (_, Some(at)) => FormField::UnitPrice(at),
        _ => FormField::Lines,
    };
    one(field, Problem::Explained(Cause::Amount, fault.detail.clone()))
}

/// `Invalid tax rate id - 7`, on a line or on the whole invoice.
fn tax_code(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    if locate::members(fault).iter().any(|member| member == "TxnTaxCodeRef") && of.draft.invoice_code.is_some() {
        return one(FormField::InvoiceCode, Problem::Unknown);
    }
    let code = fault.detail.rsplit_once("- ").map(|(_, code)| code.trim()).unwrap_or_default();
    each(locate::fields_of_tax_code(code, of), &Problem::Unknown)
}

/// A character that QuickBooks names and cannot hold, at the field that has it.
fn unsupported(fault: &Fault, of: &Context<'_>) -> Vec<FieldError> {
    let character = fault.detail.chars().find(|c| !c.is_ascii());
    let with = character.and_then(|character| Some((character, field_with(character, of.draft)?)));
    if let Some((character, field)) = with {
        return one(field, Problem::UnsupportedCharacter(character));
    }
    let field = locate::field(fault, of).unwrap_or(FormField::Whole);
    one(
        field,
        character
            .map_or_else(|| Problem::Explained(Cause::Characters, fault.detail.clone()), Problem::UnsupportedCharacter),
    )
}

fn field_with(character: char, draft: &InvoiceRequest) -> Option<FormField> {
    let address = &draft.address;
    let customer = if let Choice::New(name) = &draft.customer { name.as_str() } else { "" };
    let texts = [
        (FormField::Customer, customer),
        (FormField::To, &draft.attention),
        (FormField::Email, &draft.email),
        (FormField::Cc, &draft.cc),
        (FormField::TaxId, &draft.tax_id),
        (FormField::Address, &address.street),
        (FormField::City, &address.city),
        (FormField::State, &address.state),
        (FormField::PostalCode, &address.postal_code),
        (FormField::Country, &address.country),
        (FormField::Message, &draft.message),
        (FormField::Memo, &draft.memo),
        (FormField::Number, draft.number.as_deref().unwrap_or_default()),
    ];
    let custom =
        draft.custom.iter().filter_map(|(id, text)| Some((FormField::Custom(id.parse().ok()?), text.as_str())));
    let lines = draft.lines.iter().enumerate().flat_map(|(at, line)| {
        let item = if let Choice::New(name) = &line.item { name.as_str() } else { "" };
        [(FormField::Item(at), item), (FormField::Description(at), line.description.as_str())]
    });
    texts.into_iter().chain(custom).chain(lines).find(|(_, text)| text.contains(character)).map(|(field, _)| field)
}

#[cfg(test)]
mod tests;

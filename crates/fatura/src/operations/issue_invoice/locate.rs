//! Finds the form field that an error of QuickBooks names in its element or its detail.

use super::refused_step::{Context, Step};
use domain::{form::FormField, invoice_request::Choice};
use providers::Fault;

/// Codes whose detail lists unrelated members, or is about a query.
const CODES_WITH_UNRELATED_MEMBERS: [&str; 4] = ["2010", "4000", "4001", "4002"];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Lists the members that an error names: those of its element, or without an element the compound names (`DocNumber`) of its detail. A
/// single word there, such as `City` or `Line`, may be plain English.
pub(super) fn list_members(fault: &Fault) -> Vec<String> {
    if !fault.element.is_empty() {
        return words(&fault.element).map(str::to_owned).collect();
    }
    if CODES_WITH_UNRELATED_MEMBERS.contains(&fault.code.as_str()) {
        return Vec::new();
    }
    let is_compound = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().skip(1).any(|c| c.is_ascii_lowercase())
            && word.chars().skip(2).any(|c| c.is_ascii_uppercase())
    };
    words(&fault.detail).filter(is_compound).map(str::to_owned).collect()
}

/// Finds the field that an error names.
pub(super) fn find_field(fault: &Fault, context: &Context<'_>) -> Option<FormField> {
    let members = list_members(fault);
    let has = |member: &str| members.iter().any(|own| own == member);
    let request = context.request;
    if members.is_empty() {
        return None;
    }
    if let Step::CreateItem(at) = context.step {
        return match () {
            () if members.iter().any(|member| member.ends_with("AccountRef")) => None,
            () if has("UnitPrice") => Some(FormField::UnitPrice(at)),
            () => Some(FormField::Item(at)),
        };
    }
    if has("DiscountLineDetail") || has("DiscountPercent") {
        return Some(FormField::InvoiceDiscount);
    }
    let on_line = |to_field: fn(usize) -> FormField| Some(find_line(fault, context).map_or(FormField::Lines, to_field));
    match () {
        () if has("TxnTaxCodeRef") || has("TxnTaxDetail") => {
            Some(if request.invoice_code.is_some() { FormField::InvoiceCode } else { FormField::Lines })
        }
        () if has("ItemRef") => on_line(FormField::Item),
        () if has("TaxCodeRef") => on_line(FormField::TaxCode),
        () if has("Qty") => on_line(FormField::Quantity),
        () if has("UnitPrice") => on_line(FormField::UnitPrice),
        () if has("Description") => on_line(FormField::Description),
        () if has("Line") || has("SalesItemLineDetail") => Some(FormField::Lines),
        () if has("CustomerRef") || has("DisplayName") => Some(FormField::Customer),
        () if has("BillEmailCc") => Some(FormField::Cc),
        () if has("BillEmail") || has("PrimaryEmailAddr") => Some(FormField::Email),
        () if has("City") => Some(FormField::City),
        () if has("CountrySubDivisionCode") => Some(FormField::State),
        () if has("PostalCode") => Some(FormField::PostalCode),
        () if has("Country") => Some(FormField::Country),
        () if has("BillAddr") || has("Line1") => Some(FormField::Address),
        () if has("TxnDate") => Some(FormField::Issued),
        () if has("DueDate") => Some(FormField::Due),
        () if has("DocNumber") => request.number.is_some().then_some(FormField::Number),
        () if has("CurrencyRef") || has("ExchangeRate") => Some(FormField::Currency),
        () if has("CustomerMemo") => Some(FormField::Message),
        () if has("PrivateNote") => (!request.memo.is_empty()).then_some(FormField::Memo),
        () if has("CustomField") => find_only_custom_field(context),
        () if ["PrimaryTaxIdentifier", "ResaleNum", "BusinessNumber"].into_iter().any(has) => Some(FormField::TaxId),
        () => None,
    }
}

/// Finds the line that an error is about: the only line, or the line with the number in its detail (`Line 2`, `LineNum: 2`), which counts
/// from 1.
pub(super) fn find_line(fault: &Fault, context: &Context<'_>) -> Option<usize> {
    let lines = context.request.lines.len();
    if lines == 1 {
        return Some(0);
    }
    let words: Vec<&str> = words(&fault.detail).collect();
    let starts =
        words.iter().enumerate().filter(|(_, word)| ["line", "linenum"].contains(&word.to_ascii_lowercase().as_str()));
    starts
        .filter_map(|(at, _)| {
            let next = words.get(at + 1)?;
            let next = if ["number", "no", "num"].contains(&next.to_ascii_lowercase().as_str()) {
                words.get(at + 2)?
            } else {
                next
            };
            next.parse::<usize>().ok()?.checked_sub(1)
        })
        .find(|at| *at < lines)
}

/// Finds the list and the id in `Names element id 583 not found`.
pub(super) fn find_missing_element(detail: &str) -> Option<(String, String)> {
    let words: Vec<&str> = words(detail).collect();
    words.windows(5).find_map(|window| match window {
        [list, element, id, number, not]
            if element.eq_ignore_ascii_case("element")
                && id.eq_ignore_ascii_case("id")
                && not.eq_ignore_ascii_case("not") =>
        {
            Some(((*list).to_owned(), (*number).to_owned()))
        }
        _ => None,
    })
}

/// Finds the text after `Supplied value:`.
pub(super) fn find_supplied_value(detail: &str) -> Option<&str> {
    detail.split_once("Supplied value:").map(|(_, value)| value.trim())
}

/// Whether an id is that of the customer. If the id of a new customer is unknown, any name in a fault of the invoice is the customer.
pub(super) fn is_customer(id: &str, context: &Context<'_>) -> bool {
    match (&context.request.customer, context.customer) {
        (Choice::Existing(own), _) => own == id,
        (Choice::New(_), Some(own)) => own == id,
        (Choice::New(_), None) => context.step == Step::CreateInvoice,
    }
}

/// Finds the lines with the item of this id.
pub(super) fn find_lines_with_item(id: &str, context: &Context<'_>) -> Vec<usize> {
    let is_it = |item: &Choice| matches!(item, Choice::Existing(own) if own == id);
    context.request.lines.iter().enumerate().filter(|(_, line)| is_it(&line.item)).map(|(at, _)| at).collect()
}

/// The item fields with this id, or the lines as a whole if no line has it.
pub(super) fn fields_of_item(id: &str, context: &Context<'_>) -> Vec<FormField> {
    or_lines(find_lines_with_item(id, context).into_iter().map(FormField::Item).collect())
}

/// The fields with the tax code of this id, or the lines as a whole if no field has it.
pub(super) fn fields_of_tax_code(id: &str, context: &Context<'_>) -> Vec<FormField> {
    if context.request.invoice_code.as_deref() == Some(id) {
        return vec![FormField::InvoiceCode];
    }
    let lines = context.request.lines.iter().enumerate().filter(|(_, line)| line.tax_code.as_deref() == Some(id));
    or_lines(lines.map(|(at, _)| FormField::TaxCode(at)).collect())
}

fn or_lines(fields: Vec<FormField>) -> Vec<FormField> {
    if fields.is_empty() { vec![FormField::Lines] } else { fields }
}

/// Finds the field of an error about an e-mail address: the named one, or the only one that is filled in.
pub(super) fn find_email_field(fault: &Fault, context: &Context<'_>) -> Option<FormField> {
    if let Some(named @ (FormField::Email | FormField::Cc)) = find_field(fault, context) {
        return Some(named);
    }
    let is_of_customer = matches!(context.step, Step::CreateCustomer | Step::UpdateCustomer);
    match (context.request.email.is_empty(), context.request.cc.is_empty() || is_of_customer) {
        (false, true) => Some(FormField::Email),
        (true, false) => Some(FormField::Cc),
        _ => None,
    }
}

/// Finds the custom field if exactly one is filled in.
pub(super) fn find_only_custom_field(context: &Context<'_>) -> Option<FormField> {
    match context.request.custom.as_slice() {
        [(id, _)] => id.parse().ok().map(FormField::Custom),
        _ => None,
    }
}

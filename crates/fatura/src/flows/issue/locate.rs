//! Which field of the form an error of QuickBooks names, by its element and its detail.

use super::refused_step::{Context, Step};
use domain::{form::FormField, invoice_request::Choice};
use providers::Fault;

/// Codes whose detail lists members that are not at fault, or speaks of a query.
const LISTS_OTHERS: [&str; 4] = ["2010", "4000", "4001", "4002"];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// The members that an error names: those of its element; without one, the compound names (`DocNumber`) of its detail. A single
/// word, as `City` or `Line`, may be plain English there.
pub(super) fn members(fault: &Fault) -> Vec<String> {
    if !fault.element.is_empty() {
        return words(&fault.element).map(str::to_owned).collect();
    }
    if LISTS_OTHERS.contains(&fault.code.as_str()) {
        return Vec::new();
    }
    let is_compound = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().skip(1).any(|c| c.is_ascii_lowercase())
            && word.chars().skip(2).any(|c| c.is_ascii_uppercase())
    };
    words(&fault.detail).filter(is_compound).map(str::to_owned).collect()
}

/// The field that an error names, if it names one.
pub(super) fn field(fault: &Fault, of: &Context<'_>) -> Option<FormField> {
    let members = members(fault);
    let has = |member: &str| members.iter().any(|known| known == member);
    let draft = of.draft;
    if members.is_empty() {
        return None;
    }
    if let Step::CreateItem(at) = of.step {
        return match () {
            () if members.iter().any(|member| member.ends_with("AccountRef")) => None,
            () if has("UnitPrice") => Some(FormField::UnitPrice(at)),
            () => Some(FormField::Item(at)),
        };
    }
    if has("DiscountLineDetail") || has("DiscountPercent") {
        return Some(FormField::InvoiceDiscount);
    }
    let on_line = |on_line: fn(usize) -> FormField| Some(line(fault, of).map_or(FormField::Lines, on_line));
    match () {
        () if has("TxnTaxCodeRef") || has("TxnTaxDetail") => {
            Some(if draft.invoice_code.is_some() { FormField::InvoiceCode } else { FormField::Lines })
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
        () if has("DocNumber") => draft.number.is_some().then_some(FormField::Number),
        () if has("CurrencyRef") || has("ExchangeRate") => Some(FormField::Currency),
        () if has("CustomerMemo") => Some(FormField::Message),
        () if has("PrivateNote") => (!draft.memo.is_empty()).then_some(FormField::Memo),
        () if has("CustomField") => only_custom(of),
        () if ["PrimaryTaxIdentifier", "ResaleNum", "BusinessNumber"].into_iter().any(has) => Some(FormField::TaxId),
        () => None,
    }
}

/// The line that an error is about: the only one, or the one that its detail counts (`Line 2`, `LineNum: 2`), from one.
pub(super) fn line(fault: &Fault, of: &Context<'_>) -> Option<usize> {
    let lines = of.draft.lines.len();
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

/// List and id of `Names element id 583 not found`.
pub(super) fn missing_element(detail: &str) -> Option<(String, String)> {
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

/// The text after `Supplied value:`.
pub(super) fn supplied(detail: &str) -> Option<&str> {
    detail.split_once("Supplied value:").map(|(_, value)| value.trim())
}

/// Whether an id is the customer's. A new customer whose id is not known yet is the only name that an invoice has.
pub(super) fn is_customer(id: &str, of: &Context<'_>) -> bool {
    match (&of.draft.customer, of.customer) {
        (Choice::Existing(own), _) => own == id,
        (Choice::New(_), Some(own)) => own == id,
        (Choice::New(_), None) => of.step == Step::CreateInvoice,
    }
}

/// The lines that sell an item of this id.
pub(super) fn lines_with_item(id: &str, of: &Context<'_>) -> Vec<usize> {
    let is_it = |item: &Choice| matches!(item, Choice::Existing(own) if own == id);
    of.draft.lines.iter().enumerate().filter(|(_, line)| is_it(&line.item)).map(|(at, _)| at).collect()
}

/// The fields of an item of this id; the lines as a whole where none sells it.
pub(super) fn lines_of_item(id: &str, of: &Context<'_>) -> Vec<FormField> {
    or_lines(lines_with_item(id, of).into_iter().map(FormField::Item).collect())
}

/// The fields that have a tax code of this id; the lines as a whole where none has it.
pub(super) fn fields_of_tax_code(id: &str, of: &Context<'_>) -> Vec<FormField> {
    if of.draft.invoice_code.as_deref() == Some(id) {
        return vec![FormField::InvoiceCode];
    }
    let lines = of.draft.lines.iter().enumerate().filter(|(_, line)| line.tax_code.as_deref() == Some(id));
    or_lines(lines.map(|(at, _)| FormField::TaxCode(at)).collect())
}

fn or_lines(fields: Vec<FormField>) -> Vec<FormField> {
    if fields.is_empty() { vec![FormField::Lines] } else { fields }
}

/// The field of an error about an e-mail address: the one that it names, or the only one that is filled in.
pub(super) fn email(fault: &Fault, of: &Context<'_>) -> Option<FormField> {
    if let Some(named @ (FormField::Email | FormField::Cc)) = field(fault, of) {
        return Some(named);
    }
    let is_of_customer = matches!(of.step, Step::CreateCustomer | Step::UpdateCustomer);
    match (of.draft.email.is_empty(), of.draft.cc.is_empty() || is_of_customer) {
        (false, true) => Some(FormField::Email),
        (true, false) => Some(FormField::Cc),
        _ => None,
    }
}

/// The company's own field, where one alone is filled in.
pub(super) fn only_custom(of: &Context<'_>) -> Option<FormField> {
    match of.draft.custom.as_slice() {
        [(id, _)] => id.parse().ok().map(FormField::Custom),
        _ => None,
    }
}

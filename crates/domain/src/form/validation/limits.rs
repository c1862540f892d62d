//! QuickBooks' limits for lengths of texts and sizes of numbers. Longer texts are refused, never truncated.

use super::{CREATE, FieldError, Form, FormField, Problem, Rules};
use crate::{
    address,
    customer::{CustomerField, MAX_DISPLAY_NAME_CHARS, replace_forbidden_chars},
    number::{AmountError, MAX_DECIMALS},
    settings::Preset,
    totals::{LineAmounts, is_within_limit},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// Limit for an e-mail address, and for several separated by commas.
pub(super) const MAX_EMAIL_CHARS: usize = 100;
pub(super) const MAX_ITEM_NAME_CHARS: usize = 100;
/// QuickBooks' limit is 4000. Room is left for the mark below the memo, and for "Voided", which a void writes before it.
pub(super) const MAX_MEMO_CHARS: usize = 3800;
/// Limit for each line of a street.
const MAX_STREET_LINE_CHARS: usize = 500;
/// Limit for city, state and country.
const MAX_PLACE_CHARS: usize = 255;
const MAX_POSTAL_CODE_CHARS: usize = 30;
const MAX_TAX_ID_CHARS: usize = 20;
/// QuickBooks has no tax number for US customers. The number is written to the resale number, which is shorter.
const MAX_US_TAX_ID_CHARS: usize = 16;
const MAX_NUMBER_CHARS: usize = 21;
const MAX_MESSAGE_CHARS: usize = 1000;
/// Limit for a custom field.
const MAX_CUSTOM_FIELD_CHARS: usize = 31;
const MAX_DESCRIPTION_CHARS: usize = 4000;

/// Whether a text can be stored unchanged.
pub(super) fn fits(text: &str, max: usize) -> bool {
    !has_forbidden_char(text) && count_trimmed_chars(text) <= max
}

/// Whether a text holds characters that XML cannot represent. QuickBooks uses XML behind its API.
fn has_forbidden_char(text: &str) -> bool {
    text.contains(|c: char| (c.is_control() && !"\t\r\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

fn count_trimmed_chars(text: &str) -> usize {
    text.trim().chars().count()
}

/// Finds the problem of a text. `length` is the length that QuickBooks receives, which can differ from the typed one.
fn find_text_problem(text: &str, length: usize, max: usize) -> Option<Problem> {
    if has_forbidden_char(text) {
        Some(Problem::ControlCharacter)
    } else {
        (length > max).then_some(Problem::TooLong(max))
    }
}

/// Finds the problem of the addresses that get a copy of the e-mail.
fn find_cc_problem(cc: &str) -> Option<Problem> {
    let are_addresses = cc.trim().is_empty() || cc.split(',').all(|address| looks_like_email(address.trim()));
    find_text_problem(cc, count_trimmed_chars(cc), MAX_EMAIL_CHARS).or((!are_addresses).then_some(Problem::NotAnEmail))
}

/// Returns the problem of the e-mail address that an invoice is sent to, if there is one.
pub fn check_recipient(email: &str) -> Option<Problem> {
    if email.trim().is_empty() {
        return Some(Problem::Missing);
    }
    let is_address = looks_like_email(email.trim());
    find_text_problem(email, count_trimmed_chars(email), MAX_EMAIL_CHARS)
        .or((!is_address).then_some(Problem::NotAnEmail))
}

/// Lists the texts of a preset that a form would refuse.
pub fn check_preset(preset: &Preset) -> Vec<FieldError> {
    let message = find_text_problem(&preset.message, count_trimmed_chars(&preset.message), MAX_MESSAGE_CHARS);
    let custom = preset.custom.iter().filter_map(|(id, value)| {
        let field = FormField::Custom(id.parse().ok()?);
        Some(FieldError {
            field,
            problem: find_text_problem(value, count_trimmed_chars(value), MAX_CUSTOM_FIELD_CHARS)?,
        })
    });
    let texts = [(FormField::Message, message), (FormField::Cc, find_cc_problem(&preset.cc))];
    let texts = texts.into_iter().filter_map(|(field, problem)| Some(FieldError { field, problem: problem? }));
    texts.chain(custom).collect()
}

/// Reports each text that is too long for QuickBooks or holds forbidden characters.
pub(super) fn check_texts(form: &Form, rules: &Rules<'_>, add_problem: &mut impl FnMut(FormField, Problem)) {
    let mut check = |field, text: &str, length: usize, max: usize| {
        if let Some(problem) = find_text_problem(text, length, max) {
            add_problem(field, problem);
        }
    };
    let is_new = form.customer == CREATE;
    let is_named = !form.customer_name.trim().is_empty();
    // In the name of a new customer, a colon becomes " -", which makes the name longer.
    let name_length = |text: &str, is_used: bool| {
        if is_used { count_trimmed_chars(&replace_forbidden_chars(text)) } else { count_trimmed_chars(text) }
    };
    check(FormField::To, &form.to, name_length(&form.to, is_new && !is_named), MAX_DISPLAY_NAME_CHARS);
    check(FormField::Customer, &form.customer_name, name_length(&form.customer_name, is_new), MAX_DISPLAY_NAME_CHARS);
    let is_us_company = rules.catalogue.country == "US";
    let is_sent = is_new || selected_updates(form).contains(&CustomerField::TaxId);
    let tax_id_max = if is_us_company && is_sent { MAX_US_TAX_ID_CHARS } else { MAX_TAX_ID_CHARS };
    // On the invoice, the billed party may take the first address line, which leaves one line less for the street.
    let streets = [form.street.clone(), format!("-\n{}", form.street)].map(|street| address::split_street(&street));
    let longest = streets.iter().flatten().map(|line| count_trimmed_chars(line)).max().unwrap_or_default();
    check(FormField::Address, &form.street, longest, MAX_STREET_LINE_CHARS);
    let texts = [
        (FormField::Email, &form.email, MAX_EMAIL_CHARS),
        (FormField::TaxId, &form.tax_id, tax_id_max),
        (FormField::City, &form.city, MAX_PLACE_CHARS),
        (FormField::State, &form.state, MAX_PLACE_CHARS),
        (FormField::PostalCode, &form.postal_code, MAX_POSTAL_CODE_CHARS),
        (FormField::Country, &form.country, MAX_PLACE_CHARS),
        (FormField::Number, &form.number, MAX_NUMBER_CHARS),
        (FormField::Message, &form.message, MAX_MESSAGE_CHARS),
        (FormField::Memo, &form.memo, MAX_MEMO_CHARS),
    ];
    for (field, text, max) in texts {
        check(field, text, count_trimmed_chars(text), max);
    }
    for field in &rules.catalogue.custom_fields {
        let value = form.custom.get(&field.id).map(String::as_str).unwrap_or_default();
        check(
            FormField::Custom(field.id.parse().unwrap_or_default()),
            value,
            count_trimmed_chars(value),
            MAX_CUSTOM_FIELD_CHARS,
        );
    }
    for (at, line) in form.lines.iter().enumerate() {
        if line.item == CREATE {
            // An item name that is made from the product or the description is truncated by `to_item_name`.
            let names = format!("{}{}", line.item_name, line.name);
            check(
                FormField::Item(at),
                &names,
                count_trimmed_chars(&replace_forbidden_chars(&line.item_name)),
                MAX_ITEM_NAME_CHARS,
            );
        }
        check(
            FormField::Description(at),
            &line.description,
            count_trimmed_chars(&line.description),
            MAX_DESCRIPTION_CHARS,
        );
    }
    if let Some(problem) = find_cc_problem(&form.cc) {
        add_problem(FormField::Cc, problem);
    }
}

/// The customer details to export: the differences that the page showed, if the box is ticked and the customer exists.
pub(super) fn selected_updates(form: &Form) -> Vec<CustomerField> {
    let is_wanted = form.update_customer && form.customer != CREATE;
    CustomerField::ALL.into_iter().filter(|field| is_wanted && form.agreed.contains(field)).collect()
}

/// Converts a name to one that QuickBooks accepts for an item: no colon, tab or line break, at most 100 characters.
pub fn to_item_name(name: &str) -> String {
    crate::customer::to_display_name(name).chars().take(MAX_ITEM_NAME_CHARS).collect::<String>().trim().to_owned()
}

/// Whether a text satisfies QuickBooks' rule for e-mail addresses (code 2210): a name, an `@`, and a host with a dot.
pub fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !text.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

impl AmountError {
    /// The problem of an amount in an invoice with this currency.
    pub(crate) fn amount_problem(self, currency: Option<Currency>) -> Problem {
        match (self, currency) {
            (Self::OtherCurrency, Some(currency)) => Problem::OtherCurrency(currency.code().to_owned()),
            (Self::TooLarge { .. }, _) => Problem::TooLarge,
            (Self::TooManyDecimals, _) => Problem::TooManyDecimals(MAX_DECIMALS),
            (Self::NotANumber | Self::OtherCurrency, _) => Problem::NotANumber,
        }
    }

    /// The problem of a number that must not be negative.
    pub(crate) fn positive_problem(self, currency: Option<Currency>) -> Problem {
        match self {
            Self::TooLarge { is_negative: true } => Problem::NotPositive,
            error => error.amount_problem(currency),
        }
    }

    /// The problem of a percentage.
    pub(crate) fn percent_problem(self) -> Problem {
        match self {
            Self::TooLarge { .. } => Problem::NotAPercentage,
            error => error.amount_problem(None),
        }
    }
}

/// Finds the field that makes a line too large. Does not report a quantity that is not positive or a discount that is
/// not a percentage; other checks do.
pub(super) fn find_too_large_field(at: usize, line: &LineAmounts, amount: Option<Decimal>) -> Option<FormField> {
    let is_valid = line.quantity > Decimal::ZERO && (Decimal::ZERO..=dec!(100)).contains(&line.discount_percent);
    if line.quantity > Decimal::ZERO && !is_within_limit(line.quantity) {
        Some(FormField::Quantity(at))
    } else if !is_within_limit(line.unit_price) || (is_valid && amount.is_none()) {
        Some(FormField::UnitPrice(at))
    } else {
        None
    }
}

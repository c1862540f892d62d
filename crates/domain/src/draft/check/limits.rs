//! What QuickBooks can hold: lengths of texts and sizes of numbers. What is longer is refused, never cut.

use super::{CREATE, FieldError, Form, FormField, Problem, Rules};
use crate::{
    address,
    customer::{CustomerField, DISPLAY_NAME_MAX, clean_name},
    mapping::Preset,
    number::{DECIMALS_MAX, NotAnAmount},
    totals::{LineAmounts, is_within_limit},
};
use iso_currency::Currency;
use rust_decimal::{Decimal, dec};

/// One e-mail address, or several with commas.
pub(super) const EMAIL_MAX: usize = 100;
pub(super) const ITEM_NAME_MAX: usize = 100;
/// QuickBooks' 4000 without the mark that stands below the memo, and the word that a void puts before it.
pub(super) const MEMO_MAX: usize = 3800;
/// Each line of a street.
const LINE_MAX: usize = 500;
/// City, state and country.
const PLACE_MAX: usize = 255;
const POSTAL_CODE_MAX: usize = 30;
const TAX_ID_MAX: usize = 20;
/// An American customer has no tax number; it goes where the number for resale would.
const TAX_ID_US_MAX: usize = 16;
const NUMBER_MAX: usize = 21;
const MESSAGE_MAX: usize = 1000;
/// The company's own fields.
const CUSTOM_MAX: usize = 31;
const DESCRIPTION_MAX: usize = 4000;

/// Whether a text can be stored as it is.
pub(super) fn is_sound(text: &str, most: usize) -> bool {
    !is_unfit(text) && length(text) <= most
}

/// XML, which QuickBooks speaks behind its API, cannot carry these characters.
fn is_unfit(text: &str) -> bool {
    text.contains(|c: char| (c.is_control() && !"\t\r\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

fn length(text: &str) -> usize {
    text.trim().chars().count()
}

/// The problem of a text, if it has one.
fn problem(text: &str, length: usize, most: usize) -> Option<Problem> {
    if is_unfit(text) { Some(Problem::ControlCharacter) } else { (length > most).then_some(Problem::TooLong(most)) }
}

/// The problem of the addresses that get a copy, if they have one.
fn cc_problem(cc: &str) -> Option<Problem> {
    let are_addresses = cc.trim().is_empty() || cc.split(',').all(|address| looks_like_email(address.trim()));
    problem(cc, length(cc), EMAIL_MAX).or((!are_addresses).then_some(Problem::NotAnEmail))
}

/// The problem of the address that an invoice is e-mailed to, if it has one.
pub fn check_recipient(email: &str) -> Option<Problem> {
    if email.trim().is_empty() {
        return Some(Problem::Missing);
    }
    let is_address = looks_like_email(email.trim());
    problem(email, length(email), EMAIL_MAX).or((!is_address).then_some(Problem::NotAnEmail))
}

/// Names what a form could not take over from a preset.
pub fn check_preset(preset: &Preset) -> Vec<FieldError> {
    let message = problem(&preset.message, length(&preset.message), MESSAGE_MAX);
    let custom = preset.custom.iter().filter_map(|(id, value)| {
        let field = FormField::Custom(id.parse().ok()?);
        Some(FieldError { field, problem: problem(value, length(value), CUSTOM_MAX)? })
    });
    let texts = [(FormField::Message, message), (FormField::Cc, cc_problem(&preset.cc))];
    let texts = texts.into_iter().filter_map(|(field, problem)| Some(FieldError { field, problem: problem? }));
    texts.chain(custom).collect()
}

/// Names each text that is too long for QuickBooks, or holds what cannot be sent.
pub(super) fn check_texts(form: &Form, rules: &Rules<'_>, wrong: &mut impl FnMut(FormField, Problem)) {
    let mut check = |field, text: &str, length: usize, most: usize| {
        if let Some(problem) = problem(text, length, most) {
            wrong(field, problem);
        }
    };
    let is_new = form.customer == CREATE;
    let is_named = !form.customer_name.trim().is_empty();
    // The name under which a customer is created has no colon any more, which makes it longer.
    let name_length = |text: &str, is_used: bool| if is_used { length(&clean_name(text)) } else { length(text) };
    check(FormField::To, &form.to, name_length(&form.to, is_new && !is_named), DISPLAY_NAME_MAX);
    check(FormField::Customer, &form.customer_name, name_length(&form.customer_name, is_new), DISPLAY_NAME_MAX);
    let is_american = rules.catalogue.country == "US";
    let is_sent = is_new || updates(form).contains(&CustomerField::TaxId);
    let tax_id_max = if is_american && is_sent { TAX_ID_US_MAX } else { TAX_ID_MAX };
    // On the invoice, who is billed takes the first line.
    let streets = [form.street.clone(), format!("-\n{}", form.street)].map(|street| address::lines(&street));
    let longest = streets.iter().flatten().map(|line| length(line)).max().unwrap_or_default();
    check(FormField::Address, &form.street, longest, LINE_MAX);
    let texts = [
        (FormField::Email, &form.email, EMAIL_MAX),
        (FormField::TaxId, &form.tax_id, tax_id_max),
        (FormField::City, &form.city, PLACE_MAX),
        (FormField::State, &form.state, PLACE_MAX),
        (FormField::PostalCode, &form.postal_code, POSTAL_CODE_MAX),
        (FormField::Country, &form.country, PLACE_MAX),
        (FormField::Number, &form.number, NUMBER_MAX),
        (FormField::Message, &form.message, MESSAGE_MAX),
        (FormField::Memo, &form.memo, MEMO_MAX),
    ];
    for (field, text, most) in texts {
        check(field, text, length(text), most);
    }
    for field in &rules.catalogue.custom_fields {
        let value = form.custom.get(&field.id).map(String::as_str).unwrap_or_default();
        check(FormField::Custom(field.id.parse().unwrap_or_default()), value, length(value), CUSTOM_MAX);
    }
    for (at, line) in form.lines.iter().enumerate() {
        if line.item == CREATE {
            // A name that is made of the product or the description is cut where it is shown.
            let named = format!("{}{}", line.item_name, line.name);
            check(FormField::Item(at), &named, length(&clean_name(&line.item_name)), ITEM_NAME_MAX);
        }
        check(FormField::Description(at), &line.description, length(&line.description), DESCRIPTION_MAX);
    }
    if let Some(problem) = cc_problem(&form.cc) {
        wrong(FormField::Cc, problem);
    }
}

/// The customer details to export: those that are ticked and shown, of an existing customer.
pub(super) fn updates(form: &Form) -> Vec<CustomerField> {
    let is_wanted = form.update_customer == "on" && form.customer != CREATE;
    CustomerField::ALL
        .into_iter()
        .filter(|field| is_wanted && form.agreed.iter().any(|agreed| agreed == field.name()))
        .collect()
}

/// A name that QuickBooks takes for an item: no colon, tab or line break, at most 100 characters.
pub fn item_name(wanted: &str) -> String {
    crate::customer::display_name(wanted).chars().take(ITEM_NAME_MAX).collect::<String>().trim().to_owned()
}

/// What QuickBooks demands of an address (code 2210): something, an @, something with a dot.
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

impl NotAnAmount {
    /// Why an amount cannot be taken, beside the invoice's currency.
    pub(crate) fn amount_problem(self, currency: Option<Currency>) -> Problem {
        match (self, currency) {
            (Self::OtherCurrency, Some(currency)) => Problem::OtherCurrency(currency.code().to_owned()),
            (Self::TooLarge { .. }, _) => Problem::TooLarge,
            (Self::TooManyDecimals, _) => Problem::TooManyDecimals(DECIMALS_MAX),
            (Self::NotANumber | Self::OtherCurrency, _) => Problem::NotANumber,
        }
    }

    /// Why what must not be negative cannot be taken.
    pub(crate) fn positive_problem(self, currency: Option<Currency>) -> Problem {
        match self {
            Self::TooLarge { is_negative: true } => Problem::NotPositive,
            not => not.amount_problem(currency),
        }
    }

    /// Why a percentage cannot be taken.
    pub(crate) fn percent_problem(self) -> Problem {
        match self {
            Self::TooLarge { .. } => Problem::NotAPercentage,
            not => not.amount_problem(None),
        }
    }
}

/// The field of a line that makes it too large. A quantity that is not positive, and what is no percentage, has been named already.
pub(super) fn too_large(at: usize, line: &LineAmounts, amount: Option<Decimal>) -> Option<FormField> {
    let is_valid = line.quantity > Decimal::ZERO && (Decimal::ZERO..=dec!(100)).contains(&line.discount_percent);
    if line.quantity > Decimal::ZERO && !is_within_limit(line.quantity) {
        Some(FormField::Quantity(at))
    } else if !is_within_limit(line.unit_price) || (is_valid && amount.is_none()) {
        Some(FormField::UnitPrice(at))
    } else {
        None
    }
}

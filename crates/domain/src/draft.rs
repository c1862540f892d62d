//! The invoice form as it is typed, and the invoice that follows from it when nothing is missing.

mod form;

pub use form::{CREATE, FieldError, Form, FormField, FormLine, Problem};

use crate::{
    address::Address,
    customer::DISPLAY_NAME_MAX,
    ids::IntentKey,
    number::{DecimalMark, parse_decimal},
    tax::{NON_TAXABLE, TAXABLE, TaxModel},
    totals::{LineAmounts, Totals, totals},
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

/// QuickBooks takes no more lines on a taxable transaction.
pub const LINES_MAX: usize = 750;

/// An existing customer or item, or one to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// By QuickBooks id.
    Existing(String),
    /// To be created under the name given.
    New(String),
}

/// An invoice that a person has confirmed. What is sent to QuickBooks follows from it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The customer.
    pub customer: Choice,
    /// Who is billed, where that is not the customer's own name: stands above the address. Or empty.
    pub attention: String,
    /// E-mail address, or empty.
    pub email: String,
    /// Tax number, or empty; goes to a customer that is created.
    pub tax_id: String,
    /// Bill-to address.
    pub address: Address,
    /// Issue date.
    pub issued: Date,
    /// Due date, not before the issue date.
    pub due: Date,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Number given by hand.
    pub number: Option<String>,
    /// Tax code of the whole invoice (US companies).
    pub invoice_code: Option<String>,
    /// Printed on the invoice.
    pub message: String,
    /// Not printed.
    pub memo: String,
    /// At least one line.
    pub lines: Vec<DraftLine>,
    /// What the person saw as total when confirming.
    pub total: Decimal,
}

/// One confirmed line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// Pipedrive product that the line came from.
    pub product: Option<i64>,
    /// The QuickBooks item.
    pub item: Choice,
    /// Printed on the invoice.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one, discount taken off.
    pub unit_price: Decimal,
    /// Quantity times price, rounded.
    pub amount: Decimal,
    /// Tax code.
    pub tax_code: Option<String>,
}

/// What a form is checked against: the connected QuickBooks company and the person's way of writing numbers.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// How the company taxes.
    pub tax: &'a TaxModel,
    /// Currencies that the company has.
    pub currencies: &'a [Currency],
    /// Ids of the company's active items.
    pub items: &'a [String],
    /// Whether invoices are numbered by hand.
    pub numbers_by_hand: bool,
    /// How the person writes decimals.
    pub mark: DecimalMark,
}

/// The numbers of a line; `None` where it cannot be read.
pub fn line_amounts(line: &FormLine, mark: DecimalMark) -> Option<LineAmounts> {
    Some(LineAmounts {
        quantity: parse_decimal(&line.quantity, mark)?,
        unit_price: parse_decimal(&line.unit_price, mark)?,
        discount_percent: discount(&line.discount, mark)?,
        tax_code: (!line.tax_code.is_empty()).then(|| line.tax_code.clone()),
    })
}

fn discount(text: &str, mark: DecimalMark) -> Option<Decimal> {
    if text.trim().is_empty() { Some(Decimal::ZERO) } else { parse_decimal(text, mark) }
}

/// The form's sums as far as its lines can be read; `None` for a line that cannot.
pub fn preview(form: &Form, rules: &Rules<'_>) -> (Vec<Option<Decimal>>, Option<Totals>) {
    let Some(currency) = Currency::from_code(&form.currency) else {
        return (vec![None; form.lines.len()], None);
    };
    let amounts: Vec<Option<LineAmounts>> = form.lines.iter().map(|line| line_amounts(line, rules.mark)).collect();
    let readable: Vec<LineAmounts> = amounts.iter().flatten().cloned().collect();
    let shown = amounts.iter().map(|line| line.as_ref().map(|line| line.amount(currency))).collect();
    let sums = totals(&readable, rules.tax, invoice_code(form).as_deref(), currency);
    let complete = readable.len() == form.lines.len();
    (shown, complete.then_some(sums))
}

fn invoice_code(form: &Form) -> Option<String> {
    (!form.invoice_code.is_empty()).then(|| form.invoice_code.clone())
}

/// The form's intent key, if it carries one.
pub fn intent_key(form: &Form) -> Option<IntentKey> {
    form.intent.parse().ok().map(IntentKey)
}

/// Turns a form into the invoice that it asks for, or names all that stands in the way.
pub fn check(form: &Form, rules: &Rules<'_>) -> Result<Draft, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut wrong = |field, problem| errors.push(FieldError { field, problem });

    let customer = match form.customer.as_str() {
        "" => {
            wrong(FormField::Customer, Problem::Missing);
            None
        }
        CREATE => {
            let typed = if form.customer_name.trim().is_empty() { &form.to } else { &form.customer_name };
            let name = crate::customer::display_name(typed);
            if name.is_empty() {
                wrong(FormField::To, Problem::Missing);
            }
            Some(Choice::New(name))
        }
        id => Some(Choice::Existing(id.to_owned())),
    };
    if form.to.chars().count() > DISPLAY_NAME_MAX {
        wrong(FormField::To, Problem::TooLong(DISPLAY_NAME_MAX));
    }
    let email = form.email.trim().to_owned();
    if email.chars().count() > 100 {
        wrong(FormField::Email, Problem::TooLong(100));
    } else if !email.is_empty() && !looks_like_email(&email) {
        wrong(FormField::Email, Problem::NotAnEmail);
    }
    if form.tax_id.chars().count() > 20 {
        wrong(FormField::TaxId, Problem::TooLong(20));
    }
    let address = Address {
        street: form.street.trim().to_owned(),
        city: form.city.trim().to_owned(),
        state: form.state.trim().to_owned(),
        postal_code: form.postal_code.trim().to_owned(),
        country: form.country.trim().to_owned(),
    };
    let parts = [(&address.city, 255), (&address.state, 255), (&address.country, 255), (&address.postal_code, 30)];
    if let Some((_, most)) = parts.into_iter().find(|(part, most)| part.chars().count() > *most) {
        wrong(FormField::Address, Problem::TooLong(most));
    }
    let issued = date(&form.issued, FormField::Issued, &mut wrong);
    let due = date(&form.due, FormField::Due, &mut wrong);
    if let (Some(issued), Some(due)) = (issued, due)
        && due < issued
    {
        wrong(FormField::Due, Problem::BeforeIssued);
    }
    let currency = match Currency::from_code(&form.currency) {
        None if form.currency.is_empty() => {
            wrong(FormField::Currency, Problem::Missing);
            None
        }
        Some(currency) if rules.currencies.contains(&currency) => {
            if form.customer != CREATE
                && !form.customer_currency.is_empty()
                && form.customer_currency != currency.code()
            {
                wrong(FormField::Currency, Problem::CustomerCurrency(form.customer_currency.clone()));
            }
            Some(currency)
        }
        _ => {
            wrong(FormField::Currency, Problem::Unknown);
            None
        }
    };
    let number = form.number.trim();
    if number.chars().count() > 21 {
        wrong(FormField::Number, Problem::TooLong(21));
    }
    if let TaxModel::SalesTax { .. } = rules.tax {
        let taxable = form.lines.iter().any(|line| line.tax_code == TAXABLE);
        if form.invoice_code.is_empty() {
            if taxable {
                wrong(FormField::InvoiceCode, Problem::Missing);
            }
        } else if rules.tax.code(&form.invoice_code).is_none() {
            wrong(FormField::InvoiceCode, Problem::Unknown);
        }
    }
    if form.message.chars().count() > 1000 {
        wrong(FormField::Message, Problem::TooLong(1000));
    }
    if form.memo.chars().count() > 3800 {
        wrong(FormField::Memo, Problem::TooLong(3800));
    }
    if form.lines.is_empty() {
        wrong(FormField::Lines, Problem::Missing);
    } else if form.lines.len() > LINES_MAX {
        wrong(FormField::Lines, Problem::TooLong(LINES_MAX));
    }
    let lines: Vec<DraftLine> = form
        .lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| check_line(at, line, rules, currency, &mut wrong))
        .collect();

    match (customer, issued, due, currency) {
        (Some(customer), Some(issued), Some(due), Some(currency)) if errors.is_empty() => {
            let total = preview(form, rules).1.map(|sums| sums.total).unwrap_or_default();
            let to = form.to.trim();
            let own_name = match &customer {
                Choice::New(name) => name,
                Choice::Existing(_) => form.customer_name.trim(),
            };
            let attention = if crate::customer::display_name(to) == own_name { String::new() } else { to.to_owned() };
            Ok(Draft {
                customer,
                attention,
                email,
                tax_id: form.tax_id.trim().to_owned(),
                address,
                issued,
                due,
                currency,
                number: (rules.numbers_by_hand && !number.is_empty()).then(|| number.to_owned()),
                invoice_code: invoice_code(form),
                message: form.message.trim().to_owned(),
                memo: form.memo.trim().to_owned(),
                lines,
                total,
            })
        }
        _ => Err(errors),
    }
}

fn date(text: &str, field: FormField, wrong: &mut impl FnMut(FormField, Problem)) -> Option<Date> {
    if text.trim().is_empty() {
        wrong(field, Problem::Missing);
        return None;
    }
    let date = text.trim().parse().ok();
    if date.is_none() {
        wrong(field, Problem::NotADate);
    }
    date
}

fn check_line(
    at: usize,
    line: &FormLine,
    rules: &Rules<'_>,
    currency: Option<Currency>,
    wrong: &mut impl FnMut(FormField, Problem),
) -> Option<DraftLine> {
    let item = match line.item.as_str() {
        "" => {
            wrong(FormField::Item(at), Problem::Missing);
            None
        }
        CREATE => {
            let name = item_name(&line.name);
            if name.is_empty() {
                wrong(FormField::Item(at), Problem::Missing);
            }
            Some(Choice::New(name))
        }
        id if rules.items.iter().any(|item| item == id) => Some(Choice::Existing(id.to_owned())),
        _ => {
            wrong(FormField::Item(at), Problem::Inactive);
            None
        }
    };
    if line.description.chars().count() > 4000 {
        wrong(FormField::Description(at), Problem::TooLong(4000));
    }
    let number = |text: &str, field, wrong: &mut dyn FnMut(FormField, Problem)| {
        let value = parse_decimal(text, rules.mark);
        if text.trim().is_empty() {
            wrong(field, Problem::Missing);
        } else if value.is_none() {
            wrong(field, Problem::NotANumber);
        }
        value
    };
    let quantity = number(&line.quantity, FormField::Quantity(at), wrong);
    if quantity.is_some_and(|quantity| quantity <= Decimal::ZERO) {
        wrong(FormField::Quantity(at), Problem::NotPositive);
    }
    let unit_price = number(&line.unit_price, FormField::UnitPrice(at), wrong);
    if unit_price.is_some_and(|price| price < Decimal::ZERO) {
        wrong(FormField::UnitPrice(at), Problem::NotPositive);
    }
    let discount_percent = discount(&line.discount, rules.mark);
    match discount_percent {
        None => wrong(FormField::Discount(at), Problem::NotANumber),
        Some(percent) if percent < Decimal::ZERO || percent > dec!(100) => {
            wrong(FormField::Discount(at), Problem::NotAPercentage);
        }
        Some(_) => {}
    }
    let tax_code = match rules.tax {
        TaxModel::None => None,
        TaxModel::SalesTax { .. } => match line.tax_code.as_str() {
            TAXABLE | NON_TAXABLE => Some(line.tax_code.clone()),
            _ => {
                wrong(FormField::TaxCode(at), Problem::Missing);
                None
            }
        },
        TaxModel::PerLine { .. } if line.tax_code.is_empty() => {
            wrong(FormField::TaxCode(at), Problem::Missing);
            None
        }
        TaxModel::PerLine { .. } => {
            if rules.tax.code(&line.tax_code).is_none() {
                wrong(FormField::TaxCode(at), Problem::Unknown);
            }
            Some(line.tax_code.clone())
        }
    };
    let amounts =
        LineAmounts { quantity: quantity?, unit_price: unit_price?, discount_percent: discount_percent?, tax_code };
    Some(DraftLine {
        product: line.product.parse().ok(),
        item: item?,
        description: line.description.trim().to_owned(),
        quantity: amounts.quantity,
        unit_price: amounts.net_unit_price(),
        amount: amounts.amount(currency?),
        tax_code: amounts.tax_code,
    })
}

/// A name that QuickBooks takes for an item: no colon, tab or line break, at most 100 characters.
pub fn item_name(wanted: &str) -> String {
    crate::customer::display_name(wanted).chars().take(100).collect::<String>().trim().to_owned()
}

/// What QuickBooks demands of an address (code 2210): something, an @, something with a dot.
fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::{TaxCode, TaxRate};

    fn model() -> TaxModel {
        let rate = TaxRate { id: "1".into(), name: "ISS".into(), percent: dec!(5) };
        TaxModel::PerLine { codes: vec![TaxCode { id: "3".into(), name: "ISS 5%".into(), rates: vec![rate] }] }
    }

    fn form() -> Form {
        let line = FormLine {
            item: "10".into(),
            quantity: "2".into(),
            unit_price: "1.234,50".into(),
            discount: "10".into(),
            tax_code: "3".into(),
            ..FormLine::default()
        };
        Form {
            customer: CREATE.into(),
            to: "Oceano: Azul".into(),
            issued: "2026-03-13".into(),
            due: "2026-03-20".into(),
            currency: "BRL".into(),
            lines: vec![line],
            ..Form::default()
        }
    }

    fn checked(form: &Form) -> Result<Draft, Vec<FieldError>> {
        let tax = model();
        let rules = Rules {
            tax: &tax,
            currencies: &[Currency::BRL, Currency::USD],
            items: &["10".to_owned()],
            numbers_by_hand: false,
            mark: DecimalMark::Comma,
        };
        check(form, &rules)
    }

    fn check_problem(change: impl FnOnce(&mut Form), field: FormField, problem: Problem) {
        let mut form = form();
        change(&mut form);
        assert_eq!(checked(&form), Err(vec![FieldError { field, problem }]));
    }

    #[test]
    fn a_complete_form_is_an_invoice() {
        let draft = checked(&form()).expect("complete");
        assert_eq!(draft.customer, Choice::New("Oceano - Azul".into()));
        assert_eq!(draft.lines[0].unit_price, dec!(1111.05));
        assert_eq!(draft.lines[0].amount, dec!(2222.10));
        assert_eq!(draft.total, dec!(2333.21));
    }

    #[test]
    fn each_missing_thing_is_named_at_its_field() {
        use Problem::{
            BeforeIssued, CustomerCurrency, Inactive, Missing, NotANumber, NotAPercentage, NotAnEmail, NotPositive,
            Unknown,
        };
        check_problem(|f| f.customer.clear(), FormField::Customer, Missing);
        check_problem(|f| f.to.clear(), FormField::To, Missing);
        check_problem(|f| f.email = "nobody".into(), FormField::Email, NotAnEmail);
        check_problem(|f| f.due = "2026-03-12".into(), FormField::Due, BeforeIssued);
        check_problem(|f| f.currency = "EUR".into(), FormField::Currency, Unknown);
        check_problem(|f| f.lines.clear(), FormField::Lines, Missing);
        check_problem(|f| f.lines[0].item.clear(), FormField::Item(0), Missing);
        check_problem(|f| f.lines[0].item = "11".into(), FormField::Item(0), Inactive);
        check_problem(|f| f.lines[0].quantity = "two".into(), FormField::Quantity(0), NotANumber);
        check_problem(|f| f.lines[0].quantity = "0".into(), FormField::Quantity(0), NotPositive);
        check_problem(|f| f.lines[0].discount = "101".into(), FormField::Discount(0), NotAPercentage);
        check_problem(|f| f.lines[0].tax_code.clear(), FormField::TaxCode(0), Missing);
        check_problem(
            |f| {
                f.customer = "58".into();
                f.customer_currency = "USD".into();
            },
            FormField::Currency,
            CustomerCurrency("USD".into()),
        );
    }
}

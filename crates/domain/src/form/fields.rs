//! The form as typed, its fields, and the problems that a field can have.

use super::values::{AmountKind, DealValue, deserialize_customer_fields, deserialize_tax_mode, optional, switch};
use crate::{
    customer::CustomerField,
    ids::{ConnectionId, IntentKey},
    number::{DecimalMark, format_decimal, parse_decimal},
    refusal::RefusalCause,
    tax::TaxMode,
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::collections::BTreeMap;

/// Value of the select for a customer or an item if a new one is to be created.
pub const CREATE: &str = "new";

/// The form exactly as typed. It is stored as the draft of a deal while the form is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// The key that the form got when it was opened. `None` in a request that Fatura's form did not send.
    #[serde(with = "optional")]
    pub intent: Option<IntentKey>,
    /// The browser window in which the form was opened last. Only this window saves the draft.
    #[serde(deserialize_with = "deserialize_without_nul")]
    pub window: String,
    /// The connection whose QuickBooks company the ids in this form belong to; `None` in forms of earlier versions.
    #[serde(with = "optional")]
    pub filled_for: Option<ConnectionId>,
    /// Number of saves in that window. Of two requests, the one with the higher version is kept. `None` if the client
    /// does not count saves.
    #[serde(with = "optional")]
    pub version: Option<i64>,
    /// The decimal mark of its numbers. If a person with another locale opens the form, its numbers are rewritten.
    #[serde(with = "optional")]
    pub mark: Option<DecimalMark>,
    /// Fingerprint of the deal's invoices when the form was filled in (`Billed::fingerprint`).
    pub seen: String,
    /// The deal total, for the warning about billing more.
    #[serde(with = "optional")]
    pub deal_value: Option<DealValue>,
    /// QuickBooks id of the customer, [`CREATE`], or empty.
    pub customer: String,
    /// QuickBooks id of the customer that the deal's organization or person is linked to.
    pub linked: String,
    /// Displayed name of the chosen customer.
    pub customer_name: String,
    /// ISO code of the chosen customer's currency; empty if it is unknown.
    pub customer_currency: String,
    /// Name of the billed party.
    pub to: String,
    /// E-mail address.
    pub email: String,
    /// Tax number.
    pub tax_id: String,
    /// Address, street and number.
    pub street: String,
    /// Address, city.
    pub city: String,
    /// Address, state.
    pub state: String,
    /// Address, postal code.
    pub postal_code: String,
    /// Address, country.
    pub country: String,
    /// Issue date, `2026-03-13`.
    pub issued: String,
    /// Due date, `2026-03-20`.
    pub due: String,
    /// Whether the due date follows the term; false once a person has set the due date.
    #[serde(with = "switch")]
    pub due_follows: bool,
    /// How prices relate to tax.
    #[serde(deserialize_with = "deserialize_tax_mode")]
    pub tax_mode: TaxMode,
    /// ISO code.
    pub currency: String,
    /// Invoice number, if the company numbers by hand.
    pub number: String,
    /// Tax code of the whole invoice (US companies).
    pub invoice_code: String,
    /// Printed on the invoice.
    pub message: String,
    /// Private memo; not printed.
    pub memo: String,
    /// Addresses that get a copy of the e-mail.
    pub cc: String,
    /// Name of the preset that was applied last.
    pub preset: String,
    /// Whether the customer can pay online.
    #[serde(with = "switch")]
    pub online_payment: bool,
    /// Custom fields, by `DefinitionId`.
    pub custom: BTreeMap<String, String>,
    /// Whether the customer is to be updated in QuickBooks.
    #[serde(with = "switch")]
    pub update_customer: bool,
    /// Customer details whose differences the page showed. Only these are exported to QuickBooks.
    #[serde(deserialize_with = "deserialize_customer_fields")]
    pub agreed: Vec<CustomerField>,
    /// The answer to a question before *Create*. The pressed button sends it.
    #[serde(skip_serializing)]
    pub confirmed: String,
    /// Percentage or amount of the deal to bill.
    pub part: String,
    /// Whether the part is a percentage or an amount.
    pub part_kind: AmountKind,
    /// The typed part that was applied to the lines, in the format of [`Form::part_text`]; empty if none was.
    pub part_applied: String,
    /// ISO code of the currency of the prices. It differs from `currency` until the prices are converted or emptied.
    pub priced_in: String,
    /// Units of the invoice's currency for one unit of the deal's currency, if they differ: `0.1823`.
    pub rate: String,
    /// Invoice discount.
    pub discount: String,
    /// Whether the discount is a percentage or an amount.
    pub discount_kind: AmountKind,
    /// The lines.
    pub lines: Vec<FormLine>,
}

/// Rejects NUL in a value that is not typed. Such values have their own columns, and PostgreSQL cannot store NUL in texts.
fn deserialize_without_nul<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = String::deserialize(deserializer)?;
    if value.contains('\0') { Err(D::Error::custom("a NUL")) } else { Ok(value) }
}

impl Form {
    /// The decimal mark of its numbers; `default` if the form has none.
    pub fn decimal_mark(&self, default: DecimalMark) -> DecimalMark {
        self.mark.unwrap_or(default)
    }

    /// Whether its QuickBooks ids belong to another company than that of this connection.
    pub fn is_of_other_company(&self, connection: ConnectionId) -> bool {
        self.filled_for.is_some_and(|filled_for| filled_for != connection)
    }

    /// Moves the form to the QuickBooks company of this connection. Removes the ids of another company, because they
    /// refer to other objects there; the person has to choose again. Texts, quantities and prices stay.
    pub fn move_to_company(&mut self, connection: ConnectionId) {
        if self.is_of_other_company(connection) {
            for id in [
                &mut self.customer,
                &mut self.customer_currency,
                &mut self.linked,
                &mut self.invoice_code,
                &mut self.number,
                &mut self.preset,
            ] {
                id.clear();
            }
            self.agreed.clear();
            self.custom.clear();
            for line in &mut self.lines {
                line.tax_code.clear();
                if line.item != CREATE {
                    line.item.clear();
                }
            }
        }
        self.filled_for = Some(connection);
    }

    /// Rewrites its numbers for a person with another decimal mark. Texts that are not numbers stay as typed.
    pub fn rewrite_numbers(&mut self, to: DecimalMark) {
        let from = self.decimal_mark(to);
        self.mark = Some(to);
        if from == to {
            return;
        }
        let is_applied = !self.part_is_pending();
        // Signs around the number stay as typed: currency, percent, minus and parentheses.
        let rewrite = |text: &mut String| {
            let is_digit = |c: char| c.is_ascii_digit();
            let (Some(first), Some(last)) = (text.find(is_digit), text.rfind(is_digit)) else { return };
            let (before, rest) = text.split_at(first);
            let (number, after) = rest.split_at(last.saturating_sub(first).saturating_add(1));
            if let Ok(value) = parse_decimal(number, from) {
                *text = format!("{before}{}{after}", format_decimal(value, to));
            }
        };
        for line in &mut self.lines {
            for text in [&mut line.quantity, &mut line.unit_price, &mut line.discount] {
                rewrite(text);
            }
        }
        rewrite(&mut self.discount);
        rewrite(&mut self.part);
        if is_applied {
            self.part_applied = self.part_text();
        }
    }

    /// The typed part in a format for comparison: `25 percent`; empty if none is typed.
    pub fn part_text(&self) -> String {
        let typed = self.part.trim();
        if typed.is_empty() {
            return String::new();
        }
        format!("{typed} {}", self.part_kind)
    }

    /// Whether the typed part is not applied to the lines yet.
    pub fn part_is_pending(&self) -> bool {
        !self.part.trim().is_empty() && self.part_text() != self.part_applied
    }

    /// Units of the invoice's currency for one unit of the deal's currency, if prices were converted.
    pub fn exchange_rate(&self) -> Option<Decimal> {
        self.rate.trim().parse().ok().filter(|rate| *rate > Decimal::ZERO)
    }

    /// Whether prices are in another currency than the invoice.
    pub fn prices_are_foreign(&self) -> bool {
        !self.priced_in.is_empty()
            && !self.currency.is_empty()
            && self.priced_in != self.currency
            && self.lines.iter().any(|line| !line.unit_price.trim().is_empty())
    }
}

/// A line as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormLine {
    /// Pipedrive id of the product that the line was made from, if any.
    pub product: String,
    /// QuickBooks id of the item, [`CREATE`], or empty.
    pub item: String,
    /// Displayed name of the item, or the typed search text.
    pub item_name: String,
    /// Name of the product. A new item gets this name.
    pub name: String,
    /// Printed on the invoice.
    pub description: String,
    /// Quantity.
    pub quantity: String,
    /// Unit price.
    pub unit_price: String,
    /// Discount in percent.
    pub discount: String,
    /// Tax code.
    pub tax_code: String,
}

/// A field of the form, for error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormField {
    /// The form as a whole.
    Whole,
    /// The customer select.
    Customer,
    /// Name of the billed party.
    To,
    /// E-mail.
    Email,
    /// Tax number.
    TaxId,
    /// The address, street and number.
    Address,
    /// The address, city.
    City,
    /// The address, state.
    State,
    /// The address, postal code.
    PostalCode,
    /// The address, country.
    Country,
    /// Issue date.
    Issued,
    /// Due date.
    Due,
    /// Currency.
    Currency,
    /// Invoice number.
    Number,
    /// Tax code of the invoice.
    InvoiceCode,
    /// Message on the invoice.
    Message,
    /// Private memo.
    Memo,
    /// Copy of the e-mail.
    Cc,
    /// A custom field, by `DefinitionId`.
    Custom(u8),
    /// Invoice discount.
    InvoiceDiscount,
    /// The part of the deal to bill.
    Part,
    /// The lines as a whole.
    Lines,
    /// A line's item.
    Item(usize),
    /// A line's description.
    Description(usize),
    /// A line's quantity.
    Quantity(usize),
    /// A line's price.
    UnitPrice(usize),
    /// A line's discount.
    Discount(usize),
    /// A line's tax code.
    TaxCode(usize),
}

/// A problem of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The field is required.
    Missing,
    /// The text is not a number.
    NotANumber,
    /// The amount is in another currency than the invoice. Holds the invoice's currency.
    OtherCurrency(String),
    /// The text is not a date.
    NotADate,
    /// The year of the date is unlikely for an invoice. Holds the year.
    UnlikelyYear(i16),
    /// The text is not an e-mail address.
    NotAnEmail,
    /// The text is too long. Holds the maximum number of characters (or of lines, for [`FormField::Lines`]).
    TooLong(usize),
    /// The text holds a control character, such as NUL.
    ControlCharacter,
    /// The value is not among the choices.
    Unknown,
    /// The number is negative (or zero, for a quantity or a part).
    NotPositive,
    /// The percentage is not between 0 and 100.
    NotAPercentage,
    /// The form was filled in for another QuickBooks company than the connected one.
    OtherCompany,
    /// The due date is before the issue date.
    BeforeIssued,
    /// The customer is billed in another currency. Holds the customer's currency.
    CustomerCurrency(String),
    /// QuickBooks has another customer, vendor or employee with this name.
    NameTaken,
    /// Another invoice has this number.
    NumberTaken,
    /// The accounting period is closed.
    PeriodClosed,
    /// The books are closed up to and including this day.
    ClosedUntil(Date),
    /// The number is larger than QuickBooks can store.
    TooLarge,
    /// The number has too many decimals. Holds the maximum.
    TooManyDecimals(usize),
    /// The discount is greater than the amount that it applies to.
    TooMuch,
    /// The object was made inactive or deleted in QuickBooks.
    Inactive,
    /// The sum of the lines is negative.
    NegativeTotal,
    /// The typed part is not applied to the lines yet.
    PartPending,
    /// Prices are in another currency than the invoice. Holds the currency of the prices.
    PricesIn(String),
    /// QuickBooks cannot store this character.
    UnsupportedCharacter(char),
    /// QuickBooks refused for a known cause. Holds QuickBooks' own text.
    Explained(RefusalCause, String),
    /// QuickBooks refused. Holds QuickBooks' own text.
    Refused(String),
}

/// A problem and its field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field.
    pub field: FormField,
    /// The problem.
    pub problem: Problem,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_numbers_for_another_locale() {
        let line = FormLine { quantity: "1,125".into(), unit_price: "R$ 1.234,5".into(), ..FormLine::default() };
        let mut form = Form {
            mark: Some(DecimalMark::Comma),
            discount: "-0,5".into(),
            part: "12,5 %".into(),
            part_applied: "12,5 % percent".into(),
            lines: vec![line, FormLine { unit_price: "abc".into(), ..FormLine::default() }],
            ..Form::default()
        };
        form.rewrite_numbers(DecimalMark::Point);
        let texts = [&form.lines[0].quantity, &form.lines[0].unit_price, &form.discount, &form.lines[1].unit_price];
        assert_eq!(texts, ["1.125", "R$ 1234.5", "-0.5", "abc"]);
        assert!(!form.part_is_pending());
        let once = form.clone();
        form.rewrite_numbers(DecimalMark::Point);
        assert_eq!(form, once);
    }

    #[test]
    fn moving_to_another_company_removes_ids_and_keeps_typed_values() {
        let line = |item: &str| FormLine {
            item: item.into(),
            item_name: "Work".into(),
            unit_price: "10".into(),
            tax_code: "5".into(),
            ..FormLine::default()
        };
        let connection = |id: u128| ConnectionId(uuid::Uuid::from_u128(id));
        let typed = Form {
            filled_for: Some(connection(1)),
            customer: "58".into(),
            customer_name: "Acme".into(),
            customer_currency: "USD".into(),
            linked: "58".into(),
            invoice_code: "2".into(),
            number: "1042".into(),
            preset: "Net 30".into(),
            agreed: vec![CustomerField::Email],
            custom: BTreeMap::from([("1".to_owned(), "PO 7".to_owned())]),
            memo: "Note".into(),
            lines: vec![line("12"), line(CREATE)],
            ..Form::default()
        };
        let mut same = typed.clone();
        same.move_to_company(connection(1));
        assert_eq!(same, typed);
        let mut earlier = Form { filled_for: None, ..typed.clone() };
        earlier.move_to_company(connection(1));
        assert_eq!(earlier, typed, "a form of an earlier version");

        assert!(typed.is_of_other_company(connection(2)));
        let mut moved = typed;
        moved.move_to_company(connection(2));
        let without_ids = |item: &str| FormLine { tax_code: String::new(), ..line(item) };
        let expected = Form {
            filled_for: Some(connection(2)),
            customer_name: "Acme".into(),
            memo: "Note".into(),
            lines: vec![without_ids(""), without_ids(CREATE)],
            ..Form::default()
        };
        assert_eq!(moved, expected);
    }

    #[test]
    fn a_rate_is_a_positive_number() {
        let rate = |rate: &str| Form { rate: rate.into(), ..Form::default() }.exchange_rate();
        assert_eq!(rate(" 0.1823 "), Some(Decimal::new(1823, 4)));
        assert_eq!(["", "0", "-0.2", "x"].map(rate), [None; 4]);
    }
}

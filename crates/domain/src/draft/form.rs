//! The form as it is typed, its fields, and what can be wrong with them.

use crate::{
    deal::written,
    number::{DecimalMark, parse_decimal},
    refusal::RefusalCause,
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::collections::BTreeMap;

/// What the select for a customer or an item holds when one is to be created.
pub const CREATE: &str = "new";

/// The form, exactly as typed. Kept as the draft of a deal while the form is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// [`IntentKey`](crate::ids::IntentKey), given when the form was opened.
    #[serde(deserialize_with = "without_nul")]
    pub intent: String,
    /// The browser window in which the form was opened last: only that one saves the draft.
    #[serde(deserialize_with = "without_nul")]
    pub window: String,
    /// Our id of the connection whose QuickBooks company the ids in this form belong to; empty in forms of earlier versions.
    pub filled_for: String,
    /// Counts what was saved in that window, so that of two requests the newer one stays.
    pub version: String,
    /// How decimals are written in it: a name of [`DecimalMark`]. Whoever opens it with another locale has its numbers rewritten.
    pub mark: String,
    /// Fingerprint of what was billed of the deal when the form was filled in (`Ledger::fingerprint`).
    pub seen: String,
    /// The deal's value and currency, for the warning about billing more: `15000 BRL`.
    pub deal_value: String,
    /// QuickBooks id of the customer, [`CREATE`], or nothing.
    pub customer: String,
    /// QuickBooks id of the customer that the deal's organization or person is linked with.
    pub linked: String,
    /// Shown name of the chosen customer.
    pub customer_name: String,
    /// ISO code of the chosen customer's currency; empty where unknown.
    pub customer_currency: String,
    /// Who is billed.
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
    /// `on` while the due date follows the term, empty once it was set by hand.
    pub due_follows: String,
    /// Name of a [`TaxMode`](crate::tax::TaxMode).
    pub tax_mode: String,
    /// ISO code.
    pub currency: String,
    /// Invoice number, where the company numbers by hand.
    pub number: String,
    /// Tax code of the whole invoice (US companies).
    pub invoice_code: String,
    /// Printed on the invoice.
    pub message: String,
    /// Not printed.
    pub memo: String,
    /// Who gets a copy of the e-mail.
    pub cc: String,
    /// Name of the preset that was applied last.
    pub preset: String,
    /// `on` when the customer can pay online.
    pub online_payment: String,
    /// The company's own fields, by `DefinitionId`.
    pub custom: BTreeMap<String, String>,
    /// `on` when the customer is to be updated in QuickBooks.
    pub update_customer: String,
    /// The differences that the person saw, by name of [`CustomerField`](crate::customer::CustomerField).
    pub agreed: Vec<String>,
    /// The answer to a question before *Create*, carried by its button.
    #[serde(skip_serializing)]
    pub confirmed: String,
    /// Percentage or amount of the deal that is to be billed.
    pub part: String,
    /// `percent` or `amount`.
    pub part_kind: String,
    /// The part that the lines hold, as [`Form::part_text`] writes it; empty where they hold no part that was typed.
    pub part_applied: String,
    /// ISO code of the currency that the prices are in: another than `currency` until they are converted or emptied.
    pub priced_in: String,
    /// How much of the invoice's currency one unit of the deal's currency is, where they differ: `0.1823`.
    pub rate: String,
    /// Discount on the whole.
    pub discount: String,
    /// `percent` or `amount`.
    pub discount_kind: String,
    /// The lines.
    pub lines: Vec<FormLine>,
}

/// A value that nobody types and that is kept in a column of its own: PostgreSQL takes no NUL there.
fn without_nul<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = String::deserialize(deserializer)?;
    if value.contains('\0') { Err(D::Error::custom("a NUL")) } else { Ok(value) }
}

impl Form {
    /// How its numbers are written; `own` where it does not say.
    pub fn decimal_mark(&self, own: DecimalMark) -> DecimalMark {
        DecimalMark::named(&self.mark).unwrap_or(own)
    }

    /// Whether its QuickBooks ids belong to another company than that of this connection.
    pub fn is_of_other_company(&self, connection: &str) -> bool {
        !self.filled_for.is_empty() && self.filled_for != connection
    }

    /// Makes it a form for the QuickBooks company of this connection. Ids of another company mean something else there: they are removed,
    /// and the person chooses anew. Texts, quantities and prices stay.
    pub fn move_to_company(&mut self, connection: &str) {
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
        connection.clone_into(&mut self.filled_for);
    }

    /// Rewrites its numbers for somebody who writes decimals in another way. What is no number stays as it was typed.
    pub fn rewrite(&mut self, to: DecimalMark) {
        let from = self.decimal_mark(to);
        self.mark = to.name().to_owned();
        if from == to {
            return;
        }
        let is_applied = !self.part_is_pending();
        // Signs around the number stay as they are: of a currency, of a percentage, of what is negative.
        let rewrite = |text: &mut String| {
            let is_digit = |c: char| c.is_ascii_digit();
            let (Some(first), Some(last)) = (text.find(is_digit), text.rfind(is_digit)) else { return };
            let (before, rest) = text.split_at(first);
            let (number, after) = rest.split_at(last.saturating_sub(first).saturating_add(1));
            if let Ok(value) = parse_decimal(number, from) {
                *text = format!("{before}{}{after}", written(value, to));
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

    /// The part as typed, for comparing: `25 percent`; empty where none is typed.
    pub fn part_text(&self) -> String {
        let typed = self.part.trim();
        if typed.is_empty() {
            return String::new();
        }
        format!("{typed} {}", if self.part_kind == "amount" { "amount" } else { "percent" })
    }

    /// Whether a part is typed that the lines do not hold yet.
    pub fn part_is_pending(&self) -> bool {
        !self.part.trim().is_empty() && self.part_text() != self.part_applied
    }

    /// How much of the invoice's currency one unit of the deal's currency is, where it was converted.
    pub fn exchange_rate(&self) -> Option<Decimal> {
        self.rate.trim().parse().ok().filter(|rate| *rate > Decimal::ZERO)
    }

    /// Whether the prices are in another currency than the invoice.
    pub fn prices_are_foreign(&self) -> bool {
        !self.priced_in.is_empty()
            && !self.currency.is_empty()
            && self.priced_in != self.currency
            && self.lines.iter().any(|line| !line.unit_price.trim().is_empty())
    }
}

/// One line, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormLine {
    /// Pipedrive product that the line came from, if any.
    pub product: String,
    /// QuickBooks item, [`CREATE`], or nothing.
    pub item: String,
    /// Shown name of the item, or what is typed to find one.
    pub item_name: String,
    /// Name of the product; the new item's name when one is created.
    pub name: String,
    /// Printed on the invoice.
    pub description: String,
    /// How many.
    pub quantity: String,
    /// Price of one.
    pub unit_price: String,
    /// Discount in percent.
    pub discount: String,
    /// Tax code.
    pub tax_code: String,
}

/// A field of the form, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormField {
    /// No field in particular.
    Whole,
    /// The customer select.
    Customer,
    /// Who is billed.
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
    /// One of the company's own fields, by `DefinitionId`.
    Custom(u8),
    /// Discount on the whole.
    InvoiceDiscount,
    /// The part of the deal that is to be billed.
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

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// It has to be filled in.
    Missing,
    /// It is not a number.
    NotANumber,
    /// It is an amount in another currency than the invoice's, which is this one.
    OtherCurrency(String),
    /// It is not a date.
    NotADate,
    /// It is a date in a year in which nobody invoices, this one.
    UnlikelyYear(i16),
    /// It is no e-mail address.
    NotAnEmail,
    /// It may have so many characters.
    TooLong(usize),
    /// It holds a character that does not show, such as NUL.
    ControlCharacter,
    /// It is not one of the choices.
    Unknown,
    /// It must not be negative (or, for a quantity, zero).
    NotPositive,
    /// A discount lies between 0 and 100.
    NotAPercentage,
    /// The form was filled in for another QuickBooks company than the one that is connected.
    OtherCompany,
    /// The due date lies before the issue date.
    BeforeIssued,
    /// The customer is billed in another currency, this one.
    CustomerCurrency(String),
    /// QuickBooks knows another customer, vendor or employee of this name.
    NameTaken,
    /// The number was used before.
    NumberTaken,
    /// The accounting period is closed.
    PeriodClosed,
    /// The books are closed up to this day.
    ClosedUntil(Date),
    /// It is more than QuickBooks can hold.
    TooLarge,
    /// It may have so many decimals.
    TooManyDecimals(usize),
    /// A discount is greater than what it is taken off.
    TooMuch,
    /// It was made inactive or deleted in QuickBooks.
    Inactive,
    /// The lines come to less than zero.
    NegativeTotal,
    /// A part was typed that the lines do not hold yet.
    PartPending,
    /// Prices are still in this currency, another than the invoice's.
    PricesIn(String),
    /// QuickBooks cannot hold this character.
    UnsupportedCharacter(char),
    /// QuickBooks refused for a cause that is known; with its own words.
    Explained(RefusalCause, String),
    /// QuickBooks refused; in its own words.
    Refused(String),
}

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where.
    pub field: FormField,
    /// What.
    pub problem: Problem,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rewritten_for_another_locale() {
        let line = FormLine { quantity: "1,125".into(), unit_price: "R$ 1.234,5".into(), ..FormLine::default() };
        let mut form = Form {
            mark: "comma".into(),
            discount: "-0,5".into(),
            part: "12,5 %".into(),
            part_applied: "12,5 % percent".into(),
            lines: vec![line, FormLine { unit_price: "abc".into(), ..FormLine::default() }],
            ..Form::default()
        };
        form.rewrite(DecimalMark::Point);
        let texts = [&form.lines[0].quantity, &form.lines[0].unit_price, &form.discount, &form.lines[1].unit_price];
        assert_eq!(texts, ["1.125", "R$ 1234.5", "-0.5", "abc"]);
        assert!(!form.part_is_pending());
        let once = form.clone();
        form.rewrite(DecimalMark::Point);
        assert_eq!(form, once);
    }

    #[test]
    fn a_form_has_the_key_that_it_was_given() {
        let key = |intent: &str| crate::draft::intent_key(&Form { intent: intent.into(), ..Form::default() });
        let given = uuid::Uuid::from_u128(0x2a);
        assert_eq!(key(&given.to_string()), Some(crate::ids::IntentKey(given)));
        assert_eq!(["", "2a"].map(key), [None; 2]);
    }

    #[test]
    fn a_form_that_moves_to_another_company_loses_its_ids_and_keeps_what_was_typed() {
        let line = |item: &str| FormLine {
            item: item.into(),
            item_name: "Work".into(),
            unit_price: "10".into(),
            tax_code: "5".into(),
            ..FormLine::default()
        };
        let typed = Form {
            filled_for: "a".into(),
            customer: "58".into(),
            customer_name: "Acme".into(),
            customer_currency: "USD".into(),
            linked: "58".into(),
            invoice_code: "2".into(),
            number: "1042".into(),
            preset: "Net 30".into(),
            agreed: vec!["email".into()],
            custom: BTreeMap::from([("1".to_owned(), "PO 7".to_owned())]),
            memo: "Note".into(),
            lines: vec![line("12"), line(CREATE)],
            ..Form::default()
        };
        let mut same = typed.clone();
        same.move_to_company("a");
        assert_eq!(same, typed);
        let mut earlier = Form { filled_for: String::new(), ..typed.clone() };
        earlier.move_to_company("a");
        assert_eq!(earlier, typed, "a form of an earlier version");

        assert!(typed.is_of_other_company("b"));
        let mut moved = typed;
        moved.move_to_company("b");
        let without_ids = |item: &str| FormLine { tax_code: String::new(), ..line(item) };
        let expected = Form {
            filled_for: "b".into(),
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

    /// PostgreSQL takes no NUL where these are kept; what is typed is checked at its field.
    #[test]
    fn what_nobody_types_holds_no_nul() {
        use serde::de::value::{Error, MapDeserializer};
        let read = |key: &'static str, value: &'static str| {
            Form::deserialize(MapDeserializer::<_, Error>::new([(key, value)].into_iter())).ok()
        };
        let expected = Form { intent: "a".into(), ..Form::default() };
        assert_eq!(read("intent", "a"), Some(expected));
        assert_eq!(read("window", "b").map(|form| form.window), Some("b".into()));
        for key in ["intent", "window"] {
            assert_eq!(read(key, "a\0"), None, "{key}");
        }
        assert_eq!(read("message", "a\0").map(|form| form.message), Some("a\0".into()));
    }
}

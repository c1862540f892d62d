//! Parses numbers that people type and paste: `1.234,56`, `1,234.56`, `R$ 1.234,56`, `(12.50)`, `10 %`.

mod sign;

use iso_currency::Currency;
use rust_decimal::Decimal;
use std::{fmt, str::FromStr};

/// Maximum of digits before the decimal mark. With more, arithmetic could leave the range of [`Decimal`].
const MAX_WHOLE_DIGITS: usize = 27;

/// Maximum of decimals. Together with the ten digits that QuickBooks stores before the decimal mark, they fit into a
/// [`Decimal`].
pub const MAX_DECIMALS: usize = 18;

/// The decimal mark of a person's locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.234,56` (Portuguese, Spanish).
    Comma,
    /// `1,234.56` (English).
    Point,
}

impl DecimalMark {
    /// The name in a form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Point => "point",
        }
    }
}

impl fmt::Display for DecimalMark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The text is not the name of a decimal mark.
#[derive(Debug, thiserror::Error)]
#[error("a decimal mark is \"comma\" or \"point\"")]
pub struct DecimalMarkError;

impl FromStr for DecimalMark {
    type Err = DecimalMarkError;

    fn from_str(name: &str) -> Result<Self, DecimalMarkError> {
        [Self::Comma, Self::Point].into_iter().find(|mark| mark.name() == name).ok_or(DecimalMarkError)
    }
}

/// Why a text cannot be parsed as an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// The text is not a number.
    NotANumber,
    /// The number has the sign or code of another currency.
    OtherCurrency,
    /// The number has more than 27 digits before the decimal mark.
    TooLarge {
        /// Whether the number is negative.
        is_negative: bool,
    },
    /// The number has more than [`MAX_DECIMALS`] decimals.
    TooManyDecimals,
}

/// Parses a plain number, such as a quantity.
///
/// If comma and point are both present, the last one is the decimal mark. If only one of them is present, `mark` is the
/// decimal mark; the other one is grouping if it separates groups of three digits (`1.234`), else the decimal mark
/// (`1.5`). A mark that occurs several times is grouping, as are spaces and apostrophes. A minus sign or parentheses
/// make the number negative.
pub fn parse_decimal(text: &str, mark: DecimalMark) -> Result<Decimal, AmountError> {
    let text = normalize_characters(text);
    let parsed = parse_number(&text, mark).ok_or(AmountError::NotANumber)?;
    if parsed.unit.is_empty() { parsed.value } else { Err(AmountError::NotANumber) }
}

/// Parses a percentage, with or without `%`.
pub fn parse_percent(text: &str, mark: DecimalMark) -> Result<Decimal, AmountError> {
    let text = normalize_characters(text);
    let parsed = parse_number(&text, mark).ok_or(AmountError::NotANumber)?;
    if matches!(parsed.unit, "" | "%") { parsed.value } else { Err(AmountError::NotANumber) }
}

/// Parses an amount, with or without the sign or code of its currency. With `currency` `None`, the sign of any currency
/// is accepted.
pub fn parse_amount(text: &str, mark: DecimalMark, currency: Option<Currency>) -> Result<Decimal, AmountError> {
    let text = normalize_characters(text);
    let parsed = parse_number(&text, mark).ok_or(AmountError::NotANumber)?;
    match currency {
        _ if parsed.unit.is_empty() => parsed.value,
        Some(currency) if sign::can_denote(parsed.unit, currency) => parsed.value,
        _ if !sign::is_known(parsed.unit) => Err(AmountError::NotANumber),
        Some(_) => Err(AmountError::OtherCurrency),
        None => parsed.value,
    }
}

/// A number and its unit. The value is an error if the number is out of range.
struct ParsedNumber<'a> {
    value: Result<Decimal, AmountError>,
    unit: &'a str,
}

/// Replaces typographic spaces, apostrophes and minus signs by plain ones, and drops invisible direction marks, which
/// pasted text may contain.
fn normalize_characters(text: &str) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let unified = |c| match c {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{2019}' => '\'',
        '\u{2212}' => '-',
        c => c,
    };
    text.chars().filter(|c| !is_invisible(*c)).map(unified).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn parse_number(text: &str, mark: DecimalMark) -> Option<ParsedNumber<'_>> {
    let (before, digits, after) = split_number(text)?;
    let mut unit = "";
    let (mut minus, mut opened, mut closed) = (0_usize, 0_usize, 0_usize);
    for (part, is_before) in [(before, true), (after, false)] {
        let mut rest = part.trim_matches(' ');
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '-' if is_before => {
                    minus = minus.saturating_add(1);
                    1
                }
                '(' if is_before => {
                    opened = opened.saturating_add(1);
                    1
                }
                ')' if !is_before => {
                    closed = closed.saturating_add(1);
                    1
                }
                ' ' => 1,
                _ if !unit.is_empty() => return None,
                _ => {
                    let end = rest.find([' ', '-', '(', ')']).unwrap_or(rest.len());
                    unit = rest.get(..end).filter(|unit| !unit.is_empty())?;
                    end
                }
            };
            rest = rest.get(end..)?;
        }
    }
    let is_negative = match (minus, opened, closed) {
        (0, 0, 0) => false,
        (1, 0, 0) | (0, 1, 1) => true,
        _ => return None,
    };
    let (whole, fraction) = split_decimals(digits, mark)?;
    let value = parse_digits(&whole, fraction).map(|mut value| {
        value.set_sign_negative(is_negative && !value.is_zero());
        value
    });
    Some(ParsedNumber { value: value.map_err(|make_error| make_error(is_negative)), unit })
}

/// Splits a text into the text before the number, the number, and the text after it.
fn split_number(text: &str) -> Option<(&str, &str, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (before, rest) = text.split_at(text.find(is_digit)?);
    // An ASCII digit is one byte.
    let (_, after) = rest.split_at(rest.rfind(is_digit)?.saturating_add(1));
    let mut signs = before.chars().rev();
    let before = match (signs.next(), signs.next()) {
        // The point of `Rs.` and of `S/.` belongs to the currency sign.
        (Some('.'), Some(sign)) if sign.is_alphabetic() || sign == '/' => before,
        _ => before.strip_suffix(['.', ',']).unwrap_or(before),
    };
    let after = after.strip_prefix(['.', ',']).unwrap_or(after);
    let number = text.strip_prefix(before)?.strip_suffix(after)?;
    Some((before, number, after))
}

/// Splits a number into the digits before and after the decimal mark. Grouping marks are dropped.
fn split_decimals(digits: &str, mark: DecimalMark) -> Option<(String, &str)> {
    let is_mark = |c: char| matches!(c, ',' | '.' | ' ' | '\'');
    let is_allowed = |c: char| c.is_ascii_digit() || is_mark(c);
    if !digits.chars().all(is_allowed) {
        return None;
    }
    let has_other_grouping = digits.contains([' ', '\'']);
    let decimal_at = match (digits.rfind(','), digits.rfind('.')) {
        (None, None) => None,
        (Some(comma), Some(point)) => Some(comma.max(point)),
        (Some(at), None) => find_decimal_mark(digits, ',', at, has_other_grouping || mark == DecimalMark::Comma),
        (None, Some(at)) => find_decimal_mark(digits, '.', at, has_other_grouping || mark == DecimalMark::Point),
    };
    let (whole, fraction) = match decimal_at {
        // Both marks are one byte.
        Some(at) => (digits.get(..at)?, digits.get(at.checked_add(1)?..)?),
        None => (digits, ""),
    };
    if !fraction.chars().all(|c| c.is_ascii_digit()) || !is_grouping_valid(whole) {
        return None;
    }
    Some((whole.chars().filter(char::is_ascii_digit).collect(), fraction))
}

/// Makes the error of a number, given whether the number is negative.
type SignedError = fn(bool) -> AmountError;

/// Parses the digits before and after the decimal mark.
fn parse_digits(whole: &str, fraction: &str) -> Result<Decimal, SignedError> {
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let too_large: SignedError = |is_negative| AmountError::TooLarge { is_negative };
    if whole.len() > MAX_WHOLE_DIGITS {
        return Err(too_large);
    }
    if fraction.len() > MAX_DECIMALS {
        return Err(|_| AmountError::TooManyDecimals);
    }
    let number = format!("0{whole}.{}", if fraction.is_empty() { "0" } else { fraction });
    Decimal::from_str_exact(&number).map(|value| value.normalize()).map_err(|_| too_large)
}

/// Finds the decimal mark in a number with one kind of mark. Several marks of one kind are grouping.
fn find_decimal_mark(digits: &str, mark: char, last: usize, is_own_mark: bool) -> Option<usize> {
    let is_single = digits.find(mark) == Some(last);
    (is_single && (is_own_mark || !is_grouping_valid(digits))).then_some(last)
}

/// Whether grouping marks are all the same and separate groups of three digits. Indian grouping is valid as well:
/// commas, and groups of two digits before the last three.
fn is_grouping_valid(whole: &str) -> bool {
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else { return true };
    let groups: Vec<&str> = whole.split(mark).collect();
    let [first, inner @ .., last] = groups.as_slice() else { return true };
    let is_number = |group: &str| group.chars().all(|c| c.is_ascii_digit());
    let all_of = |length| inner.iter().all(|group| group.len() == length);
    let is_indian = mark == ',' && matches!(first.len(), 1..=2) && all_of(2);
    groups.iter().all(|group| is_number(group))
        && !first.starts_with('0')
        && last.len() == 3
        && ((matches!(first.len(), 1..=3) && all_of(3)) || is_indian)
}

/// Formats a decimal as the person types it: no grouping, no trailing zeros.
pub fn format_decimal(value: Decimal, mark: DecimalMark) -> String {
    let plain = value.normalize().to_string();
    match mark {
        DecimalMark::Comma => plain.replace('.', ","),
        DecimalMark::Point => plain,
    }
}

#[cfg(test)]
mod tests;

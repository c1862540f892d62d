//! Decimal numbers as people type them: `1.234,56`, `1,234.56`, `1234.5`.

use rust_decimal::Decimal;

/// Which character separates the decimals where the person comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.234,56` (Portuguese, Spanish).
    Comma,
    /// `1,234.56` (English).
    Point,
}

/// Reads a typed number. `None` when it is not one.
///
/// Both marks present: the last one separates the decimals. One mark only: the person's own mark separates
/// decimals; the other one is taken as grouping where it looks like grouping (`1.234`), else as decimals (`1.5`).
pub fn parse_decimal(text: &str, mark: DecimalMark) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{a0}' && *c != '\'').collect();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.') {
        return None;
    }
    let decimal_at = match (digits.rfind(','), digits.rfind('.')) {
        (None, None) => None,
        (Some(comma), Some(point)) => Some(comma.max(point)),
        (Some(at), None) => single_mark(digits, ',', at, mark == DecimalMark::Comma)?,
        (None, Some(at)) => single_mark(digits, '.', at, mark == DecimalMark::Point)?,
    };
    let (whole, fraction) = match decimal_at {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, ""),
    };
    if !fraction.chars().all(|c| c.is_ascii_digit()) || !grouped_rightly(whole) {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    format!(
        "{sign}{}.{}",
        if whole.is_empty() { "0" } else { &whole },
        if fraction.is_empty() { "0" } else { fraction }
    )
    .parse::<Decimal>()
    .ok()
    .map(|value| value.normalize())
}

/// Where the decimals begin when only one kind of mark is in the text; `None` when the text is no number.
fn single_mark(digits: &str, mark: char, last: usize, is_own_mark: bool) -> Option<Option<usize>> {
    let several = digits.find(mark) != Some(last);
    match (is_own_mark, several) {
        (true, true) => None,
        (true, false) => Some(Some(last)),
        (false, true) => Some(None),
        (false, false) => Some((!grouped_rightly(digits)).then_some(last)),
    }
}

/// Whether the grouping marks, if any, stand before groups of three digits.
fn grouped_rightly(whole: &str) -> bool {
    let groups: Vec<&str> = whole.split([',', '.']).collect();
    groups.len() == 1 || (matches!(groups[0].len(), 1..=3) && groups[1..].iter().all(|group| group.len() == 3))
}

/// The invoice number that comes after those in use: the newest with its last digits counted up, skipping what is
/// taken. Empty where there is nothing to go by.
pub fn next_number(newest: &[String]) -> String {
    let Some(last) = newest.iter().find(|number| number.chars().any(|c| c.is_ascii_digit())) else {
        return String::new();
    };
    let end = last.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    let start = last[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + last[at..].chars().next().map_or(1, char::len_utf8));
    let (head, digits, tail) = (&last[..start], &last[start..end], &last[end..]);
    let mut count: u64 = digits.parse().unwrap_or_default();
    loop {
        count += 1;
        let next = format!("{head}{count:0width$}{tail}", width = digits.len());
        if !newest.contains(&next) {
            return next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::dec;

    fn check(text: &str, mark: DecimalMark, expected: Option<Decimal>) {
        assert_eq!(parse_decimal(text, mark), expected, "{text} {mark:?}");
    }

    #[test]
    fn reads_numbers_as_people_type_them() {
        use DecimalMark::{Comma, Point};
        for mark in [Comma, Point] {
            check("1.234,56", mark, Some(dec!(1234.56)));
            check("1,234.56", mark, Some(dec!(1234.56)));
            check("1.234.567", mark, (mark == Comma).then_some(dec!(1234567)));
            check("12", mark, Some(dec!(12)));
            check("-3,5", mark, Some(dec!(-3.5)));
            check("1.5", mark, Some(dec!(1.5)));
            check("1234.567", mark, Some(dec!(1234.567)));
            check(" 1 234,5 ", mark, Some(dec!(1234.5)));
            check("", mark, None);
            check("abc", mark, None);
            check("1,2,3.4", mark, None);
            check("12e3", mark, None);
        }
        check("1.234", Comma, Some(dec!(1234)));
        check("1.234", Point, Some(dec!(1.234)));
        check("1,234", Point, Some(dec!(1234)));
        check("1,234", Comma, Some(dec!(1.234)));
    }

    #[test]
    fn the_next_number_counts_up() {
        let next = |newest: &[&str]| next_number(&newest.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(next(&["1042", "1041"]), "1043");
        assert_eq!(next(&["2026-099"]), "2026-100");
        assert_eq!(next(&["2026/0099-B", "x"]), "2026/0100-B");
        assert_eq!(next(&["nº9", "nº10"]), "nº11");
        assert_eq!(next(&["draft", "7"]), "8");
        assert_eq!(next(&[]), "");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = parse_decimal(&text, DecimalMark::Comma);
        }

        #[test]
        fn a_plain_decimal_comes_back(units in 0_i64..10_000_000, scale in 1_u32..6) {
            let value = Decimal::new(units, scale);
            let typed = value.to_string().replace('.', ",");
            prop_assert_eq!(parse_decimal(&typed, DecimalMark::Comma), Some(value.normalize()));
        }
    }
}

//! Invoice numbers, for companies that number by hand.

/// Proposes the next invoice number: increments the last digits of the newest number that has digits, and skips numbers
/// that are taken. Returns an empty text if no number has digits, or the digits cannot be incremented.
pub fn propose_next_number(newest: &[String]) -> String {
    let Some(last) = newest.iter().find(|number| number.chars().any(|c| c.is_ascii_digit())) else {
        return String::new();
    };
    let without_tail = last.trim_end_matches(|c: char| !c.is_ascii_digit());
    let head = without_tail.trim_end_matches(|c: char| c.is_ascii_digit());
    let (digits, tail) =
        (without_tail.strip_prefix(head).unwrap_or_default(), last.strip_prefix(without_tail).unwrap_or_default());
    let Ok(mut count) = digits.parse::<u64>() else { return String::new() };
    loop {
        let Some(following) = count.checked_add(1) else { return String::new() };
        count = following;
        let next = format!("{head}{count:0width$}{tail}", width = digits.len());
        if !newest.contains(&next) {
            return next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increments_the_last_digits() {
        let next =
            |newest: &[&str]| propose_next_number(&newest.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(next(&["1042", "1041"]), "1043");
        assert_eq!(next(&["2026-099"]), "2026-100");
        assert_eq!(next(&["2026/0099-B", "x"]), "2026/0100-B");
        assert_eq!(next(&["nº9", "nº10"]), "nº11");
        assert_eq!(next(&["draft", "7"]), "8");
        assert_eq!(next(&[]), "");
        assert_eq!(next(&["18446744073709551615"]), "", "the largest number cannot be incremented");
        assert_eq!(next(&["999999999999999999999"]), "");
    }
}

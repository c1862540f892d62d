//! Postal addresses, in the parts that both providers have.

use serde::{Deserialize, Serialize};

/// QuickBooks has five address lines (`Line1` to `Line5`) besides city, state, postal code and country.
const MAX_STREET_LINES: usize = 5;

/// Splits a street into the lines that QuickBooks accepts. Lines beyond the fifth are joined to it with commas.
pub fn split_street(street: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        street.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    if lines.len() > MAX_STREET_LINES {
        let last = lines.split_off(MAX_STREET_LINES - 1).join(", ");
        lines.push(last);
    }
    lines
}

/// A billing address. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Street, number and further lines above the city; may hold line breaks.
    pub street: String,
    /// City or municipality.
    pub city: String,
    /// State, province or region.
    pub state: String,
    /// Postal code, ZIP or CEP.
    pub postal_code: String,
    /// Country, by name or code.
    pub country: String,
}

impl Address {
    /// Whether every part is blank.
    pub fn is_empty(&self) -> bool {
        [&self.street, &self.city, &self.state, &self.postal_code, &self.country]
            .into_iter()
            .all(|part| part.trim().is_empty())
    }

    /// Joins the filled parts on one line, for display.
    pub fn to_one_line(&self) -> String {
        let parts = [&self.street, &self.city, &self.state, &self.postal_code, &self.country];
        let filled: Vec<String> = parts
            .into_iter()
            .map(|part| part.trim().replace(['\r', '\n'], " "))
            .filter(|part| !part.is_empty())
            .collect();
        filled.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_empty_without_any_part() {
        let setters: [fn(&mut Address); 5] = [
            |address| address.street = "a".into(),
            |address| address.city = "a".into(),
            |address| address.state = "a".into(),
            |address| address.postal_code = "a".into(),
            |address| address.country = "a".into(),
        ];
        for set in setters {
            let mut address = Address { street: " \n".into(), ..Address::default() };
            assert!(address.is_empty());
            set(&mut address);
            assert!(!address.is_empty(), "{address:?}");
        }
    }

    #[test]
    fn formats_an_address_on_one_line() {
        let address = Address {
            street: " Rua A, 5\r\nSala 3 ".into(),
            city: "Santos".into(),
            state: " ".into(),
            postal_code: String::new(),
            country: "BR".into(),
        };
        assert_eq!(address.to_one_line(), "Rua A, 5  Sala 3, Santos, BR");
        assert_eq!(Address::default().to_one_line(), "");
    }

    #[test]
    fn joins_street_lines_beyond_the_fifth() {
        assert_eq!(split_street("a\n \nb"), ["a", "b"]);
        assert_eq!(split_street("a\nb\nc\nd\ne"), ["a", "b", "c", "d", "e"]);
        assert_eq!(split_street("a\nb\nc\nd\ne\nf"), ["a", "b", "c", "d", "e, f"]);
    }
}

//! The signs and codes of currencies, as they stand beside pasted amounts.

use iso_currency::{Currency, IntoEnumIterator};

/// What the code and ISO 4217's sign leave out. A sign may denote several currencies.
const SIGNS: &[(&str, &[Currency])] = &[
    ("BR$", &[Currency::BRL]),
    ("U$S", &[Currency::USD]),
    ("U$", &[Currency::USD]),
    ("C$", &[Currency::CAD, Currency::NIO]),
    ("A$", &[Currency::AUD]),
    ("S$", &[Currency::SGD, Currency::SBD]),
    ("J$", &[Currency::JMD]),
    ("Mex$", &[Currency::MXN]),
    ("COL$", &[Currency::COP]),
    ("EC$", &[Currency::XCD]),
    ("UK£", &[Currency::GBP]),
    ("£GB", &[Currency::GBP]),
    ("JP¥", &[Currency::JPY]),
    ("CN¥", &[Currency::CNY]),
    ("円", &[Currency::JPY]),
    ("元", &[Currency::CNY]),
    ("Rs", &[Currency::INR, Currency::PKR, Currency::LKR, Currency::NPR, Currency::MUR]),
    ("Rs.", &[Currency::INR, Currency::PKR, Currency::LKR, Currency::NPR, Currency::MUR]),
    ("kr.", &[Currency::DKK, Currency::NOK, Currency::SEK, Currency::ISK]),
    ("Fr", &[Currency::CHF]),
    ("Fr.", &[Currency::CHF]),
    ("SFr.", &[Currency::CHF]),
    ("S/.", &[Currency::PEN]),
    ("Bs", &[Currency::BOB, Currency::VES, Currency::VED]),
    ("Gs", &[Currency::PYG]),
    ("Gs.", &[Currency::PYG]),
    ("lei", &[Currency::RON]),
    ("\u{20be}", &[Currency::GEL]),
];

/// Whether a sign or code can stand for a currency.
pub(super) fn denotes(unit: &str, currency: Currency) -> bool {
    let code = currency.code();
    unit.eq_ignore_ascii_case(code)
        || (unit == currency.symbol().to_string() && unit != UNKNOWN)
        || (unit == "$" && is_dollar(currency))
        || (is_dollar(currency) && of_country(unit, code))
        || SIGNS.iter().any(|(sign, currencies)| *sign == unit && currencies.contains(&currency))
}

/// Whether it stands for any currency at all.
pub(super) fn is_known(unit: &str) -> bool {
    Currency::iter().any(|currency| denotes(unit, currency))
}

/// What ISO 4217's list says where it has no sign.
const UNKNOWN: &str = "¤";

/// Whether people write it with a plain `$`: the dollars and most pesos. Not so the real.
fn is_dollar(currency: Currency) -> bool {
    currency != Currency::BRL && currency.symbol().to_string().contains('$')
}

/// `MX$`, `$MX` and `MXN$`: the sign with the country's or the currency's letters.
fn of_country(unit: &str, code: &str) -> bool {
    let letters = unit.strip_suffix('$').or_else(|| unit.strip_prefix('$'));
    letters.is_some_and(|letters| letters.len() >= 2 && code.starts_with(letters))
}

//! Signs and codes of currencies beside pasted amounts.

use iso_currency::{Currency, IntoEnumIterator};

/// Signs in use besides the ISO 4217 code and symbol. A sign may belong to several currencies.
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

/// Whether a sign or code can denote a currency.
pub(super) fn can_denote(unit: &str, currency: Currency) -> bool {
    let code = currency.code();
    unit.eq_ignore_ascii_case(code)
        || (unit == currency.symbol().to_string() && unit != NO_SYMBOL)
        || (unit == "$" && is_dollar(currency))
        || (is_dollar(currency) && has_country_letters(unit, code))
        || SIGNS.iter().any(|(sign, currencies)| *sign == unit && currencies.contains(&currency))
}

/// Whether a sign or code can denote any currency.
pub(super) fn is_known(unit: &str) -> bool {
    Currency::iter().any(|currency| can_denote(unit, currency))
}

/// Placeholder in the ISO 4217 list for currencies without a symbol.
const NO_SYMBOL: &str = "¤";

/// Whether people write a currency with a plain `$`: dollars and most pesos, but not the Brazilian real.
fn is_dollar(currency: Currency) -> bool {
    currency != Currency::BRL && currency.symbol().to_string().contains('$')
}

/// Whether a sign is `$` with the letters of the country or the currency: `MX$`, `$MX` or `MXN$`.
fn has_country_letters(unit: &str, code: &str) -> bool {
    let letters = unit.strip_suffix('$').or_else(|| unit.strip_prefix('$'));
    letters.is_some_and(|letters| letters.len() >= 2 && code.starts_with(letters))
}

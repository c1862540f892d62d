//! Formats of money, numbers and dates in the reader's language.

use super::words::Words;
use sandbox_core::decimal::decimal;
use serde_json::Value;

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Formats an amount: `R$ 1.234,56`, `$1,234.56`.
pub(super) fn money(amount: &Value, currency: &str, words: &Words) -> String {
    let amount = decimal(amount).unwrap_or_default();
    let plain = format!("{:.2}", amount.abs());
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (group, point) = if words.lang == "en" { (',', '.') } else { ('.', ',') };
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(group);
        }
        grouped.push(digit);
    }
    let symbol = match currency {
        "BRL" => "R$ ".to_owned(),
        "USD" if words.lang == "en" => "$".to_owned(),
        "USD" => "US$ ".to_owned(),
        "EUR" => "€ ".to_owned(),
        other => format!("{other} "),
    };
    let sign = if amount.is_sign_negative() { "-" } else { "" };
    format!("{sign}{symbol}{grouped}{point}{cents}")
}

pub(super) fn number(value: &Value, words: &Words) -> String {
    let plain = decimal(value).unwrap_or_default().normalize().to_string();
    if words.lang == "en" { plain } else { plain.replace('.', ",") }
}

/// Formats `2026-11-24 10:00:00` or `2026-11-24` as `24/11/2026 10:00` or `11/24/2026 10:00`.
pub(super) fn date(text: &str, words: &Words) -> String {
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, of_month] = parts[..] else { return text.to_owned() };
    let day =
        if words.lang == "en" { format!("{month}/{of_month}/{year}") } else { format!("{of_month}/{month}/{year}") };
    match rest.trim_start_matches([' ', 'T']).get(..5) {
        Some(time) => format!("{day} {time}"),
        None => day,
    }
}

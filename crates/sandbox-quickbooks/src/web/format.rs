//! Texts of values on the pages.

use sandbox_core::decimal::decimal;
use serde_json::Value;

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn money(value: &Value) -> String {
    let amount = decimal(value).unwrap_or_default();
    format!("{amount:.*}", amount.scale().max(2) as usize)
}

pub(super) fn address(address: &Value) -> String {
    let parts =
        ["Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode", "Country"].map(|part| text(&address[part]));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

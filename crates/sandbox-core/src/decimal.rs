//! Conversion between JSON numbers and decimals, without arithmetic on floats.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};

/// Reads a number, or a text that holds a number. Returns `None` for any other value.
pub fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// Writes a decimal as a JSON number.
pub fn number(value: Decimal) -> Value {
    serde_json::from_str::<Number>(&value.normalize().to_string()).map_or(Value::Null, Value::Number)
}

/// Rounds half away from zero.
pub fn round(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

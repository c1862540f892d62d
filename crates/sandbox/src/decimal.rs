//! JSON numbers as decimals, and back, without arithmetic on floats.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};

/// A number, or a text that is one: QuickBooks takes both.
pub(crate) fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// As JSON number.
pub(crate) fn number(value: Decimal) -> Value {
    serde_json::from_str::<Number>(&value.normalize().to_string()).map_or(Value::Null, Value::Number)
}

/// Half away from zero.
pub(crate) fn round(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

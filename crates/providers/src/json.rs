//! Lenient parsing of providers' JSON: a member or row that is missing, null or invalid does not affect the others.

use crate::ProviderError;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Parses a body. Drops NUL characters from its texts, because no database of Fatura stores them.
pub(crate) fn parse_body<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    const NUL: &[u8] = br"\u0000";
    if !body.windows(NUL.len()).any(|part| part == NUL) {
        return serde_json::from_slice(body);
    }
    let mut answer: Value = serde_json::from_slice(body)?;
    drop_nuls(&mut answer);
    serde_json::from_value(answer)
}

fn drop_nuls(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|character| character != '\0'),
        Value::Array(rows) => rows.iter_mut().for_each(drop_nuls),
        Value::Object(members) => members.values_mut().for_each(drop_nuls),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Deserializes an answer or a part of it. The error holds path and kind only, because serde's error text may quote a
/// customer's data.
pub(crate) fn deserialize<T: DeserializeOwned>(answer: Value) -> Result<T, ProviderError> {
    serde_path_to_error::deserialize(answer).map_err(|error| {
        ProviderError::unknown(format!(
            "{} has an invalid type or value ({:?})",
            error.path(),
            error.inner().classify()
        ))
    })
}

/// Makes the error of a body that is not JSON. It holds position and kind only.
pub(crate) fn not_json(error: &serde_json::Error) -> ProviderError {
    ProviderError::unknown(format!(
        "no JSON ({:?}) at line {}, column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}

/// Takes a member out of an answer. Returns null if there is none, or the answer is not an object.
pub(crate) fn take_member(answer: &mut Value, member: &str) -> Value {
    answer.get_mut(member).map(Value::take).unwrap_or_default()
}

/// Deserializes a member, with its default if it is null or invalid, so that it does not invalidate the whole row.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a number, or a text that holds one. Returns `None` for other values and for numbers out of range.
pub(crate) fn read_decimal(value: &Value) -> Option<Decimal> {
    #[derive(Deserialize)]
    struct Amount(#[serde(with = "rust_decimal::serde::float")] Decimal);
    match value {
        Value::Number(_) => serde_json::from_value::<Amount>(value.clone()).ok().map(|amount| amount.0),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The rows of a list. Each is deserialized separately, so that an invalid row does not hide the others.
#[derive(Debug)]
pub(crate) struct Rows<Row> {
    pub(crate) readable: Vec<Row>,
    /// Invalid rows, unchanged.
    pub(crate) unreadable: Vec<Value>,
}

impl<Row: DeserializeOwned> Rows<Row> {
    /// Reads a list; null is an empty list. Logs invalid rows by their ids. Returns an error if the value is not a
    /// list.
    pub(crate) fn from_list(list: Value, of: &str) -> Result<Self, ProviderError> {
        let list = match list {
            Value::Null => Vec::new(),
            Value::Array(list) => list,
            _ => return Err(ProviderError::unknown(format!("the list of {of} is not a list"))),
        };
        let mut rows = Self { readable: Vec::with_capacity(list.len()), unreadable: Vec::new() };
        for row in list {
            match Row::deserialize(&row) {
                Ok(read) => rows.readable.push(read),
                Err(error) => {
                    // Only the kind of the error is logged, because its text may quote a customer's data.
                    let is_id = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                    tracing::warn!(of, id = read_id(&row).filter(is_id).as_deref(), kind = ?error.classify(), "a row of a provider's answer cannot be read");
                    rows.unreadable.push(row);
                }
            }
        }
        Ok(rows)
    }
}

/// Reads the id of a row, in the spelling of either provider.
pub(crate) fn read_id(row: &Value) -> Option<String> {
    ["Id", "id"].into_iter().find_map(|name| match &row[name] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    struct Row {
        id: i64,
        #[serde(default, deserialize_with = "lenient")]
        name: String,
    }

    #[test]
    fn an_error_names_the_path_and_never_the_value() {
        let reported = |error: ProviderError| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(!format!("{error} {error:?} {source}").contains("Jane"), "{error:?}");
            source
        };
        let wrong = json!([{ "id": 1 }, { "id": "Jane Doe" }]);
        assert_eq!(reported(deserialize::<Vec<Row>>(wrong).unwrap_err()), "[1].id has an invalid type or value (Data)");
        for body in [&b"Jane Doe"[..], br#"{"id": "Jane", Jane}"#, br#"["Jane""#] {
            reported(not_json(&parse_body::<Value>(body).unwrap_err()));
        }
    }

    #[test]
    fn an_invalid_row_does_not_hide_the_others() {
        let list = json!([{ "id": 1, "name": null }, null, { "id": "2" }, { "id": 3, "name": ["x"] }, [], { "id": 4, "name": "n" }]);
        let rows = Rows::<Row>::from_list(list, "Row").unwrap();
        let readable: Vec<(i64, &str)> = rows.readable.iter().map(|row| (row.id, row.name.as_str())).collect();
        assert_eq!(readable, [(1, ""), (3, ""), (4, "n")]);
        assert_eq!(rows.unreadable.iter().map(read_id).collect::<Vec<_>>(), [None, Some("2".into()), None]);
        assert!(Rows::<Row>::from_list(Value::Null, "Row").unwrap().readable.is_empty());
        assert!(Rows::<Row>::from_list(json!({ "id": 1 }), "Row").is_err());
    }

    #[test]
    fn takes_a_member_of_any_value() {
        for mut odd in [json!(null), json!([1]), json!("text"), json!(5), json!({ "other": 1 })] {
            assert_eq!(take_member(&mut odd, "data"), Value::Null);
        }
        assert_eq!(take_member(&mut json!({ "data": 1 }), "data"), json!(1));
    }

    #[test]
    fn drops_nul_characters() {
        let read: Value = parse_body(br#"{"a":["x\u0000y",{"b":"\u0000"}],"c":"\\u0000"}"#).unwrap();
        assert_eq!(read, json!({ "a": ["xy", { "b": "" }], "c": "\\u0000" }));
    }

    #[test]
    fn reads_a_number_from_number_or_text() {
        for (value, expected) in [
            (json!(12.5), Some(dec!(12.5))),
            (json!("12.50"), Some(dec!(12.50))),
            (json!(1e300), None),
            (json!(null), None),
            (json!({ "value": 1 }), None),
            (json!("12,5"), None),
        ] {
            assert_eq!(read_decimal(&value), expected, "{value}");
        }
    }
}

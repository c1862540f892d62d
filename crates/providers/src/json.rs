//! Providers' answers as JSON: what is missing, null or of another shape harms nothing but itself.

use crate::ProviderError;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Parses a body. NULs are left out of its texts: no database of ours keeps them.
pub(crate) fn parse<Answer: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Answer> {
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

/// Reads an answer, or a part of it. What is wrong is told by its place and kind only: the text of an error may quote a customer's data.
pub(crate) fn read<Answer: DeserializeOwned>(answer: Value) -> Result<Answer, ProviderError> {
    serde_path_to_error::deserialize(answer).map_err(|error| {
        ProviderError::unknown(format!("{} is of another shape ({:?})", error.path(), error.inner().classify()))
    })
}

/// Why a body is no JSON, by place and kind only.
pub(crate) fn no_json(error: &serde_json::Error) -> ProviderError {
    ProviderError::unknown(format!(
        "no JSON ({:?}) at line {}, column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}

/// A member, taken out of an answer; null where there is none, whatever the answer is.
pub(crate) fn take(answer: &mut Value, member: &str) -> Value {
    answer.get_mut(member).map(Value::take).unwrap_or_default()
}

/// Reads a member that must not hide the others: its default where it is null or of another shape.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A number, also one that is written as a text; `None` where there is none, or one that no amount is.
pub(crate) fn decimal(value: &Value) -> Option<Decimal> {
    #[derive(Deserialize)]
    struct Amount(#[serde(with = "rust_decimal::serde::float")] Decimal);
    match value {
        Value::Number(_) => serde_json::from_value::<Amount>(value.clone()).ok().map(|amount| amount.0),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The rows of a list, each read by itself: one that cannot be read hides no other.
#[derive(Debug)]
pub(crate) struct Rows<Row> {
    pub(crate) readable: Vec<Row>,
    /// As they came.
    pub(crate) unreadable: Vec<Value>,
}

impl<Row: DeserializeOwned> Rows<Row> {
    /// Reads a list; an empty one where there is none. Rows that cannot be read are logged by their ids. An error where what
    /// should be a list is none.
    pub(crate) fn read(list: Value, of: &str) -> Result<Self, ProviderError> {
        let list = match list {
            Value::Null => Vec::new(),
            Value::Array(list) => list,
            _ => return Err(ProviderError::unknown(format!("the list of {of} is none"))),
        };
        let mut rows = Self { readable: Vec::with_capacity(list.len()), unreadable: Vec::new() };
        for row in list {
            match Row::deserialize(&row) {
                Ok(read) => rows.readable.push(read),
                Err(error) => {
                    // The text of an error may quote a customer's data.
                    let is_id = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                    tracing::warn!(of, id = id(&row).filter(is_id).as_deref(), kind = ?error.classify(), "a row of a provider's answer cannot be read");
                    rows.unreadable.push(row);
                }
            }
        }
        Ok(rows)
    }
}

/// The id of a row, as either provider spells it.
pub(crate) fn id(row: &Value) -> Option<String> {
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
    fn an_error_names_the_place_and_never_the_value() {
        let told = |error: ProviderError| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(!format!("{error} {error:?} {source}").contains("Jane"), "{error:?}");
            source
        };
        let wrong = json!([{ "id": 1 }, { "id": "Jane Doe" }]);
        assert_eq!(told(read::<Vec<Row>>(wrong).unwrap_err()), "[1].id is of another shape (Data)");
        for body in [&b"Jane Doe"[..], br#"{"id": "Jane", Jane}"#, br#"["Jane""#] {
            told(no_json(&parse::<Value>(body).unwrap_err()));
        }
    }

    #[test]
    fn one_row_hides_no_other() {
        let list = json!([{ "id": 1, "name": null }, null, { "id": "2" }, { "id": 3, "name": ["x"] }, [], { "id": 4, "name": "n" }]);
        let rows = Rows::<Row>::read(list, "Row").unwrap();
        let readable: Vec<(i64, &str)> = rows.readable.iter().map(|row| (row.id, row.name.as_str())).collect();
        assert_eq!(readable, [(1, ""), (3, ""), (4, "n")]);
        assert_eq!(rows.unreadable.iter().map(id).collect::<Vec<_>>(), [None, Some("2".into()), None]);
        assert!(Rows::<Row>::read(Value::Null, "Row").unwrap().readable.is_empty());
        assert!(Rows::<Row>::read(json!({ "id": 1 }), "Row").is_err());
    }

    #[test]
    fn a_member_is_taken_of_anything() {
        for mut odd in [json!(null), json!([1]), json!("text"), json!(5), json!({ "other": 1 })] {
            assert_eq!(take(&mut odd, "data"), Value::Null);
        }
        assert_eq!(take(&mut json!({ "data": 1 }), "data"), json!(1));
    }

    #[test]
    fn no_text_keeps_a_nul() {
        let read: Value = parse(br#"{"a":["x\u0000y",{"b":"\u0000"}],"c":"\\u0000"}"#).unwrap();
        assert_eq!(read, json!({ "a": ["xy", { "b": "" }], "c": "\\u0000" }));
    }

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for (value, expected) in [
            (json!(12.5), Some(dec!(12.5))),
            (json!("12.50"), Some(dec!(12.50))),
            (json!(1e300), None),
            (json!(null), None),
            (json!({ "value": 1 }), None),
            (json!("12,5"), None),
        ] {
            assert_eq!(decimal(&value), expected, "{value}");
        }
    }
}

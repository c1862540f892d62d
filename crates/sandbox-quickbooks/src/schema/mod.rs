//! The schema of requests: all members of Intuit's entity schemas, their types and length limits.
//!
//! Unknown members are refused (2010), as are values of a wrong type and unknown enumeration values. Empty texts count
//! as absent, because Intuit's own clients send them for "nothing".

mod limits;

pub(super) use limits::is_email;

use crate::{entity::Entity, fault::Fault};
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::decimal;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::LazyLock};

/// Upper bound for a number: amounts have ten digits before the point and five after it (the reference, 3.10).
const MAX_NUMBER: Decimal = dec!(99_999_999_999.99999);

const MEMBERS: &str = include_str!("members.txt");

/// Type of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Number,
    Date,
    Instant,
    Id,
    Any,
    Enumeration(String),
    Object(String),
}

#[derive(Debug, Clone)]
struct Member {
    kind: Kind,
    list: bool,
}

struct Schema {
    types: HashMap<String, HashMap<String, Member>>,
    enumerations: HashMap<String, Vec<String>>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(MEMBERS));

impl Schema {
    fn read(text: &str) -> Self {
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let enumerations: HashMap<String, Vec<String>> = lines()
            .filter_map(|line| line.strip_prefix('='))
            .map(|line| {
                let mut words = line.split(' ').map(|word| word.replace('_', " "));
                (words.next().unwrap_or_default(), words.collect())
            })
            .collect();
        let mut types: HashMap<String, HashMap<String, Member>> = HashMap::new();
        for line in lines().filter(|line| !line.starts_with('=')) {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let mut members = HashMap::new();
            for word in words {
                if word == "<" {
                    members.extend(types.get("IntuitEntity").cloned().unwrap_or_default());
                    continue;
                }
                let (member, kind) = word.split_once(':').unwrap_or((word, "any"));
                let list = member.ends_with('*');
                let kind = match kind {
                    "text" => Kind::Text,
                    "flag" => Kind::Flag,
                    "number" => Kind::Number,
                    "date" => Kind::Date,
                    "instant" => Kind::Instant,
                    "id" => Kind::Id,
                    "any" => Kind::Any,
                    other if enumerations.contains_key(other) => Kind::Enumeration(other.to_owned()),
                    other => Kind::Object(other.to_owned()),
                };
                members.insert(member.trim_end_matches('*').to_owned(), Member { kind, list });
            }
            types.insert(name.to_owned(), members);
        }
        Self { types, enumerations }
    }

    /// Finds a member by its name, in any case.
    fn find(&self, class: &str, name: &str) -> Option<(&String, &Member)> {
        self.types.get(class)?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// Checks a request's object: the name, the type and the length of every member. A member that is `null` or empty
/// becomes `null`, which clears it in an update.
pub(super) fn check_request(entity: Entity, body: &Value) -> Result<Map<String, Value>, Fault> {
    let object = body.as_object().ok_or_else(|| unsupported(entity.name(), entity.name()))?;
    let mut row = Map::new();
    for (name, value) in object {
        if matches!(name.as_str(), "time") {
            continue;
        }
        let member = SCHEMA
            .types
            .get(entity.name())
            .and_then(|members| members.get(name))
            .ok_or_else(|| unsupported(name, entity.name()))?;
        row.insert(name.clone(), check_value(member, name, value)?.unwrap_or(Value::Null));
    }
    limits::check(entity, &row)?;
    Ok(row)
}

fn check_value(member: &Member, name: &str, value: &Value) -> Result<Option<Value>, Fault> {
    if value.is_null() {
        return Ok(None);
    }
    if member.list {
        let Value::Array(values) = value else { return Err(wrong_type(name, "an array", value)) };
        let element = Member { kind: member.kind.clone(), list: false };
        let cleaned: Result<Vec<_>, _> =
            values.iter().filter_map(|value| check_value(&element, name, value).transpose()).collect();
        return cleaned.map(|values| Some(Value::Array(values)));
    }
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    Ok(Some(match &member.kind {
        Kind::Text => match value {
            Value::String(_) => value.clone(),
            Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
            _ => return Err(wrong_type(name, "a text", value)),
        },
        Kind::Id => match value {
            Value::String(text) => json!(text.trim()),
            Value::Number(_) => json!(value.to_string()),
            _ => return Err(wrong_type(name, "an id", value)),
        },
        Kind::Flag => match value {
            Value::Bool(_) => value.clone(),
            Value::String(text) if text.eq_ignore_ascii_case("true") => json!(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => json!(false),
            _ => return Err(wrong_type(name, "a boolean", value)),
        },
        Kind::Number => match decimal(value) {
            Some(found) if found.abs() > MAX_NUMBER => return Err(Fault::range(name, value)),
            Some(found) => sandbox_core::decimal::number(found),
            None => return Err(wrong_type(name, "a number", value)),
        },
        Kind::Date => match value.as_str().and_then(|text| text.get(..10)).and_then(|text| text.parse::<Date>().ok()) {
            Some(date) => json!(date.to_string()),
            None => return Err(Fault::date(name, value)),
        },
        Kind::Instant => match value {
            Value::String(_) => value.clone(),
            _ => return Err(Fault::date(name, value)),
        },
        Kind::Any => value.clone(),
        Kind::Enumeration(class) => {
            let text = value.as_str().unwrap_or_default();
            let known =
                SCHEMA.enumerations.get(class).into_iter().flatten().find(|known| known.eq_ignore_ascii_case(text));
            match known {
                Some(known) => json!(known),
                None => return Err(Fault::enumeration(name, value)),
            }
        }
        Kind::Object(class) => return check_object(class, name, value),
    }))
}

fn check_object(class: &str, name: &str, value: &Value) -> Result<Option<Value>, Fault> {
    let Value::Object(members) = value else { return Err(wrong_type(name, "an object", value)) };
    let known = SCHEMA.types.get(class);
    let mut cleaned = Map::new();
    for (key, value) in members {
        let member = known.and_then(|known| known.get(key)).ok_or_else(|| unsupported(key, class))?;
        if let Some(value) = check_value(member, key, value)? {
            cleaned.insert(key.clone(), value);
        }
    }
    match class {
        // Only the id of a reference counts, and the type if the link may name any entity. A reference without an id is
        // absent.
        "ReferenceType" => Ok(cleaned.remove("value").map(|value| {
            let mut reference = match value {
                Value::String(text) => json!({ "value": text.trim() }),
                other => json!({ "value": other.to_string() }),
            };
            if name == "EntityRef" {
                reference["type"] = cleaned.remove("type").unwrap_or_default();
            }
            reference
        })),
        "MemoRef" => Ok(cleaned.remove("value").map(|value| json!({ "value": value }))),
        _ => Ok(Some(Value::Object(cleaned))),
    }
}

/// Refuses an unknown member of a class.
fn unsupported(name: &str, class: &str) -> Fault {
    let members = SCHEMA.types.get(class);
    let mut known: Vec<&str> = members.into_iter().flat_map(HashMap::keys).map(String::as_str).collect();
    known.sort_unstable();
    Fault::unsupported_property(name, class, &known)
}

fn wrong_type(name: &str, wanted: &str, value: &Value) -> Fault {
    let text = value.to_string().chars().take(80).collect::<String>();
    Fault::validation(
        "2010",
        "Request has invalid or unsupported property",
        format!("Property Name:{name} specified is unsupported or invalid: {wanted} is expected, not {text}"),
        name,
    )
}

/// Returns the schema's spelling of a path such as `MetaData.CreateTime`, or `None` for an unknown one.
pub(super) fn property(entity: Entity, path: &str) -> Option<String> {
    let mut class = entity.name().to_owned();
    let mut spelled = Vec::new();
    for part in path.split('.') {
        let (name, member) = SCHEMA.find(&class, part)?;
        spelled.push(name.clone());
        class = match &member.kind {
            Kind::Object(class) => class.clone(),
            _ => String::new(),
        };
    }
    Some(spelled.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_texts_become_null_and_numbers_may_be_texts() {
        let row = check_request(
            Entity::Invoice,
            &json!({ "DueDate": "", "Deposit": "2.50", "CustomerRef": { "value": 7, "name": "x" } }),
        );
        let row = row.expect("accepted");
        assert_eq!(Value::Object(row), json!({ "DueDate": null, "Deposit": 2.5, "CustomerRef": { "value": "7" } }));
    }

    #[test]
    fn unknown_members_are_refused_at_any_depth() {
        assert!(check_request(Entity::Customer, &json!({ "Nickname": "A" })).is_err());
        assert!(check_request(Entity::Customer, &json!({ "BillAddr": { "Street": "A" } })).is_err());
        assert!(check_request(Entity::Invoice, &json!({ "EmailStatus": "Sent" })).is_err());
    }

    #[test]
    fn properties_are_found_in_any_case() {
        assert_eq!(property(Entity::Invoice, "metadata.lastupdatedtime").as_deref(), Some("MetaData.LastUpdatedTime"));
        assert_eq!(property(Entity::Invoice, "Nothing"), None);
    }
}

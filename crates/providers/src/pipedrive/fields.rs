//! The company's fields, and their values in a record.

use super::Api;
use crate::{ProviderError, json::lenient};
use domain::{
    address::Address,
    mapping::{Entity, Field, FieldKind, FieldRef, FieldValue},
};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Debug, Deserialize)]
struct Row {
    field_name: String,
    field_code: String,
    field_type: String,
    #[serde(default, deserialize_with = "lenient")]
    is_custom_field: bool,
    #[serde(default, deserialize_with = "lenient")]
    options: Vec<Json>,
}

#[derive(Debug, Deserialize)]
struct OptionRow {
    id: Json,
    label: String,
}

/// Field types that can fill a text of the form. Numeric types are included, because a tax number may be stored as a
/// number.
const TEXT_LIKE: [&str; 8] = ["varchar", "varchar_auto", "text", "phone", "double", "int", "date", "monetary"];
/// Types of custom deal fields that can store amounts or texts.
const WRITABLE: [&str; 4] = ["varchar", "text", "double", "monetary"];

impl Api {
    /// Reads the fields of a record type that a setting can use, built-in and custom.
    pub async fn read_fields(&self, entity: Entity) -> Result<Vec<Field>, ProviderError> {
        let path = match entity {
            Entity::Organization => "/api/v2/organizationFields",
            Entity::Person => "/api/v2/personFields",
            Entity::Deal => "/api/v2/dealFields",
        };
        let rows: Vec<Row> = self.read_all_pages(path).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let kind = match row.field_type.as_str() {
                    "address" => FieldKind::Address,
                    "enum" | "set" if row.is_custom_field => FieldKind::Choice,
                    kind if TEXT_LIKE.contains(&kind) => FieldKind::Text,
                    _ => return None,
                };
                let options = row.options.into_iter().filter_map(|option| OptionRow::deserialize(option).ok());
                Some(Field {
                    reference: FieldRef::new(entity, to_singular_key(&row.field_code)),
                    name: row.field_name,
                    kind,
                    options: options.map(|option| (to_plain_text(&option.id), option.label)).collect(),
                    is_writable: entity == Entity::Deal
                        && row.is_custom_field
                        && WRITABLE.contains(&row.field_type.as_str()),
                    kind_name: row.field_type,
                })
            })
            .collect())
    }
}

fn to_plain_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// Converts a plural member name of records (`emails`) to the name in the list of fields (`email`).
fn to_singular_key(code: &str) -> &str {
    match code {
        "emails" => "email",
        "phones" => "phone",
        code => code,
    }
}

/// Reads the fields of a record that have content: built-in fields and those in `custom_fields`.
pub(super) fn read_values(entity: Entity, record: &Json) -> Vec<(FieldRef, FieldValue)> {
    let own = record.as_object().into_iter().flatten();
    let custom = record["custom_fields"].as_object().into_iter().flatten();
    own.chain(custom)
        .filter_map(|(key, json)| Some((FieldRef::new(entity, to_singular_key(key)), read_value(json)?)))
        .collect()
}

fn read_value(json: &Json) -> Option<FieldValue> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| FieldValue::Text(text.to_owned()));
    match json {
        Json::String(string) => text(string),
        Json::Number(number) => text(&number.to_string()),
        Json::Array(rows) if rows.iter().any(Json::is_number) => {
            text(&rows.iter().map(to_plain_text).collect::<Vec<_>>().join(","))
        }
        Json::Array(rows) => {
            let primary = rows.iter().find(|row| row["primary"] == Json::Bool(true)).or(rows.first())?;
            text(primary["value"].as_str()?)
        }
        Json::Object(object) if object.contains_key("postal_code") || object.contains_key("route") => {
            read_address(json)
        }
        Json::Object(object) => text(&to_plain_text(object.get("value").filter(|value| !value.is_null())?)),
        _ => None,
    }
}

/// Builds an address from its parts. If the parts are missing, the whole text is the street.
fn read_address(json: &Json) -> Option<FieldValue> {
    let part = |name: &str| json[name].as_str().unwrap_or_default().trim().to_owned();
    let join = |parts: [String; 3]| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let mut street = join([part("route"), part("street_number"), part("subpremise")]);
    if ["United States", "USA", "US", "Canada", "Australia", "United Kingdom"].contains(&part("country").as_str())
        && !part("street_number").is_empty()
    {
        street = join([
            format!("{} {}", part("street_number"), part("route")).trim().to_owned(),
            part("subpremise"),
            String::new(),
        ]);
    }
    let city =
        [part("locality"), part("admin_area_level_2")].into_iter().find(|city| !city.is_empty()).unwrap_or_default();
    let mut address = Address {
        street,
        city,
        state: part("admin_area_level_1"),
        postal_code: part("postal_code"),
        country: part("country"),
    };
    if address.is_empty() {
        address.street = part("value");
    }
    (!address.is_empty()).then_some(FieldValue::Address(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_primary_value_of_several() {
        let person = json!({
            "name": "Ana", "org_id": null, "emails": [{ "value": "a@x.example", "primary": false }, { "value": "b@x.example", "primary": true }],
            "phones": [], "custom_fields": { "abc": "529.982.247-25" },
        });
        let values = read_values(Entity::Person, &person);
        let find = |key: &str| values.iter().find(|(field, _)| field.key == key).map(|(_, value)| value.clone());
        assert_eq!(find("email"), Some(FieldValue::Text("b@x.example".into())));
        assert_eq!(find("abc"), Some(FieldValue::Text("529.982.247-25".into())));
        assert_eq!(find("phone"), None);
    }

    #[test]
    fn builds_an_address_from_its_parts() {
        let parts = json!({ "value": "…", "route": "Rua do Comércio", "street_number": "55", "locality": "Santos", "admin_area_level_1": "SP", "postal_code": "11010-141", "country": "Brasil" });
        let Some(FieldValue::Address(address)) = read_value(&parts) else { panic!("an address") };
        assert_eq!((address.street.as_str(), address.city.as_str()), ("Rua do Comércio, 55", "Santos"));
        let bare = json!({ "value": "Somewhere 1", "postal_code": null });
        let Some(FieldValue::Address(address)) = read_value(&bare) else { panic!("an address") };
        assert_eq!(address.street, "Somewhere 1");
    }
}

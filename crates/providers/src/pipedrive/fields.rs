//! The company's fields, and what a record holds in them.

use super::Api;
use crate::{ProviderError, json::lenient};
use domain::{
    address::Address,
    mapping::{Entity, Field, FieldRef, Kind, Value},
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

/// What can fill a text of the form. Numbers count: a tax number may be kept as one.
const TEXT_LIKE: [&str; 8] = ["varchar", "varchar_auto", "text", "phone", "double", "int", "date", "monetary"];
/// Own fields of the deal that amounts and words can be written into.
const WRITABLE: [&str; 4] = ["varchar", "text", "double", "monetary"];

impl Api<'_> {
    /// The fields of a kind of record that a setting can use, built in and custom.
    pub async fn fields(&self, entity: Entity) -> Result<Vec<Field>, ProviderError> {
        let path = match entity {
            Entity::Organization => "/api/v2/organizationFields",
            Entity::Person => "/api/v2/personFields",
            Entity::Deal => "/api/v2/dealFields",
        };
        let rows: Vec<Row> = self.all(path).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let kind = match row.field_type.as_str() {
                    "address" => Kind::Address,
                    "enum" | "set" if row.is_custom_field => Kind::Choice,
                    kind if TEXT_LIKE.contains(&kind) => Kind::Text,
                    _ => return None,
                };
                let options = row.options.into_iter().filter_map(|option| OptionRow::deserialize(option).ok());
                Some(Field {
                    reference: FieldRef::new(entity, canonical(&row.field_code)),
                    name: row.field_name,
                    kind,
                    options: options.map(|option| (plain(&option.id), option.label)).collect(),
                    is_writable: entity == Entity::Deal
                        && row.is_custom_field
                        && WRITABLE.contains(&row.field_type.as_str()),
                    kind_name: row.field_type,
                })
            })
            .collect())
    }
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// Records name their lists in the plural (`emails`), the list of fields names them `email`.
fn canonical(code: &str) -> &str {
    match code {
        "emails" => "email",
        "phones" => "phone",
        code => code,
    }
}

/// All fields of a record that hold something: built-in ones and those under `custom_fields`.
pub(super) fn values(entity: Entity, record: &Json) -> Vec<(FieldRef, Value)> {
    let own = record.as_object().into_iter().flatten();
    let custom = record["custom_fields"].as_object().into_iter().flatten();
    own.chain(custom).filter_map(|(key, json)| Some((FieldRef::new(entity, canonical(key)), value(json)?))).collect()
}

fn value(json: &Json) -> Option<Value> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| Value::Text(text.to_owned()));
    match json {
        Json::String(string) => text(string),
        Json::Number(number) => text(&number.to_string()),
        Json::Array(rows) if rows.iter().any(Json::is_number) => {
            text(&rows.iter().map(plain).collect::<Vec<_>>().join(","))
        }
        Json::Array(rows) => {
            let primary = rows.iter().find(|row| row["primary"] == Json::Bool(true)).or(rows.first())?;
            text(primary["value"].as_str()?)
        }
        Json::Object(object) if object.contains_key("postal_code") || object.contains_key("route") => address(json),
        Json::Object(object) => text(&plain(object.get("value").filter(|value| !value.is_null())?)),
        _ => None,
    }
}

/// Street and number from the parts; the whole text where the parts are missing.
fn address(json: &Json) -> Option<Value> {
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
    (!address.is_empty()).then_some(Value::Address(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_primary_of_several_is_taken() {
        let person = json!({
            "name": "Ana", "org_id": null, "emails": [{ "value": "a@x.example", "primary": false }, { "value": "b@x.example", "primary": true }],
            "phones": [], "custom_fields": { "abc": "529.982.247-25" },
        });
        let values = values(Entity::Person, &person);
        let find = |key: &str| values.iter().find(|(field, _)| field.key == key).map(|(_, value)| value.clone());
        assert_eq!(find("email"), Some(Value::Text("b@x.example".into())));
        assert_eq!(find("abc"), Some(Value::Text("529.982.247-25".into())));
        assert_eq!(find("phone"), None);
    }

    #[test]
    fn an_address_keeps_its_parts() {
        let parts = json!({ "value": "…", "route": "Rua do Comércio", "street_number": "55", "locality": "Santos", "admin_area_level_1": "SP", "postal_code": "11010-141", "country": "Brasil" });
        let Some(Value::Address(address)) = value(&parts) else { panic!("an address") };
        assert_eq!((address.street.as_str(), address.city.as_str()), ("Rua do Comércio, 55", "Santos"));
        let bare = json!({ "value": "Somewhere 1", "postal_code": null });
        let Some(Value::Address(address)) = value(&bare) else { panic!("an address") };
        assert_eq!(address.street, "Somewhere 1");
    }
}

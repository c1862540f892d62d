//! The fields of deals, persons and organizations, as `/api/v2/{entity}Fields` lists them.

use super::Company;
use serde_json::{Value, json};

const ADDRESS_PARTS: [&str; 11] = [
    "value",
    "street_number",
    "route",
    "subpremise",
    "sublocality",
    "locality",
    "admin_area_level_1",
    "admin_area_level_2",
    "country",
    "postal_code",
    "formatted_address",
];

const ORGANIZATION: [(&str, &str, &str); 5] = [
    ("Name", "name", "varchar"),
    ("Address", "address", "address"),
    ("Owner", "owner_id", "user"),
    ("Labels", "label_ids", "set"),
    ("Organization created", "add_time", "date"),
];

const PERSON: [(&str, &str, &str); 8] = [
    ("Name", "name", "varchar"),
    ("First name", "first_name", "varchar"),
    ("Last name", "last_name", "varchar"),
    ("Email", "email", "varchar"),
    ("Phone", "phone", "phone"),
    ("Organization", "org_id", "org"),
    ("Owner", "owner_id", "user"),
    ("Person created", "add_time", "date"),
];

const DEAL: [(&str, &str, &str); 9] = [
    ("Title", "title", "varchar"),
    ("Value", "value", "monetary"),
    ("Organization", "org_id", "org"),
    ("Contact person", "person_id", "people"),
    ("Owner", "owner_id", "user"),
    ("Status", "status", "status"),
    ("Stage", "stage_id", "stage"),
    ("Expected close date", "expected_close_date", "date"),
    ("Deal created", "add_time", "date"),
];

const PRODUCT: [(&str, &str, &str); 7] = [
    ("Name", "name", "varchar"),
    ("Product code", "code", "varchar"),
    ("Description", "description", "text"),
    ("Unit", "unit", "varchar"),
    ("Tax", "tax", "double"),
    ("Category", "category", "enum"),
    ("Owner", "owner_id", "user"),
];

/// All fields of an entity, built-in ones first.
pub(super) fn of(company: &Company, entity: &str) -> Vec<Value> {
    let built_in: &[(&str, &str, &str)] = match entity {
        "organization" => &ORGANIZATION,
        "person" => &PERSON,
        "product" => &PRODUCT,
        _ => &DEAL,
    };
    let own = company.fields.iter().filter(|field| field["entity"] == json!(entity)).map(|field| {
        let text = |name: &str| field[name].as_str().unwrap_or_default().to_owned();
        definition(&text("field_name"), &text("field_code"), &text("field_type"), field["options"].clone(), true)
    });
    built_in
        .iter()
        .map(|(name, code, kind)| {
            let name = if company.country == "BR" { in_portuguese(name) } else { name };
            definition(name, code, kind, Value::Null, false)
        })
        .chain(own)
        .collect()
}

/// Built-in fields are named in the language in which the company signed up.
fn in_portuguese(name: &str) -> &str {
    match name {
        "Name" => "Nome",
        "First name" => "Primeiro nome",
        "Last name" => "Sobrenome",
        "Address" => "Endereço",
        "Email" => "E-mail",
        "Phone" => "Telefone",
        "Title" => "Título",
        "Value" => "Valor",
        "Organization" => "Organização",
        "Contact person" => "Pessoa de contato",
        "Status" => "Status",
        "Stage" => "Etapa",
        other => other,
    }
}

fn definition(name: &str, code: &str, kind: &str, options: Value, custom: bool) -> Value {
    let part =
        |part: &&str| json!({ "field_code": part, "field_name": format!("{part} of {name}"), "field_type": "varchar" });
    let subfields = match kind {
        "address" => ADDRESS_PARTS.iter().map(part).collect(),
        "monetary" => ["value", "currency"].iter().map(part).collect(),
        _ => Value::Null,
    };
    json!({
        "field_name": name, "field_code": code, "description": null, "field_type": kind, "options": options, "subfields": subfields,
        "is_custom_field": custom, "is_optional_response_field": false,
    })
}

//! The fields of a record on its page: their texts and their inputs.

use super::{
    format::{date, money, number, text},
    words::Words,
};
use crate::{
    company::Company,
    fields,
    records::{Resource, is_id},
    users::User,
};
use serde_json::{Map, Value, json};

/// Input of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Text(String),
    Long(String),
    Number(String),
    Date(String),
    /// An amount with its currency.
    Money(String, String),
    /// Options: value, label, and whether it is selected.
    Choice {
        options: Vec<(String, String, bool)>,
        several: bool,
    },
    /// The field cannot be changed by hand.
    None,
}

/// A field of a page.
pub(super) struct FieldView {
    pub(super) code: String,
    pub(super) label: String,
    pub(super) value: String,
    /// Page of the record to which the value refers.
    pub(super) link: Option<String>,
    pub(super) input: Input,
}

/// Built-in fields on the page of each kind of record.
fn built_in(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Person => &["name", "emails", "phones", "org_id", "owner_id", "visible_to"],
        Resource::Organization => &["name", "address", "owner_id", "visible_to"],
        _ => &["title", "value", "org_id", "person_id", "expected_close_date", "owner_id", "visible_to"],
    }
}

/// Returns the type of a built-in field. The list of fields uses v1's types for some of them.
fn built_in_kind(code: &str) -> &'static str {
    match code {
        "value" => "monetary",
        "org_id" => "org",
        "person_id" => "people",
        "owner_id" => "user",
        "expected_close_date" => "date",
        "address" => "address",
        "visible_to" => "visible_to",
        "emails" | "phones" => "contacts",
        _ => "varchar",
    }
}

fn built_in_label(code: &str, words: &Words) -> &'static str {
    match code {
        "title" => words.title,
        "value" => words.value,
        "org_id" => words.organization,
        "person_id" => words.person,
        "owner_id" => words.owner,
        "address" => words.address,
        "emails" => words.email,
        "phones" => words.phone,
        "expected_close_date" if words.lang == "pt-BR" => "Fechamento esperado",
        "expected_close_date" if words.lang == "es" => "Cierre previsto",
        "expected_close_date" => "Expected close",
        "visible_to" if words.lang == "pt-BR" => "Visível para",
        "visible_to" if words.lang == "es" => "Visible para",
        "visible_to" => "Visible to",
        _ => words.name,
    }
}

/// Returns all fields of a record, built-in ones first.
pub(super) fn list(company: &Company, resource: Resource, row: &Value, words: &Words) -> Vec<FieldView> {
    let built_in = built_in(resource).iter().map(|code| {
        let value = if *code == "value" {
            json!({ "value": row["value"], "currency": row["currency"] })
        } else {
            row[*code].clone()
        };
        field_view(company, code, built_in_label(code, words), built_in_kind(code), &Value::Null, &value, words)
    });
    let custom = fields::custom_fields(company, resource).map(|field| {
        let code = field["field_code"].as_str().unwrap_or_default();
        let kind = field["field_type"].as_str().unwrap_or_default();
        field_view(
            company,
            code,
            field["field_name"].as_str().unwrap_or_default(),
            kind,
            &field["options"],
            &row["custom_fields"][code],
            words,
        )
    });
    built_in.chain(custom).collect()
}

fn field_view(
    company: &Company,
    code: &str,
    label: &str,
    kind: &str,
    options: &Value,
    value: &Value,
    words: &Words,
) -> FieldView {
    let (resource, path) = match kind {
        "org" => (Some(Resource::Organization), "organization"),
        "people" => (Some(Resource::Person), "person"),
        _ => (None, ""),
    };
    let link = resource
        .and_then(|resource| company.records.get(resource, value.as_i64()?))
        .map(|row| format!("/{path}/{}", row["id"]));
    FieldView {
        code: code.to_owned(),
        label: label.to_owned(),
        value: format_value(company, kind, options, value, words),
        link,
        input: field_input(company, kind, options, value, words),
    }
}

fn option_label(options: &Value, id: &Value) -> String {
    options
        .as_array()
        .into_iter()
        .flatten()
        .find(|option| option["id"] == *id)
        .map(|option| text(&option["label"]))
        .unwrap_or_default()
}

fn visibility_options(words: &Words) -> [(&'static str, &'static str); 2] {
    match words.lang {
        "pt-BR" => [("3", "Toda a empresa"), ("1", "Proprietário e seguidores")],
        "es" => [("3", "Toda la empresa"), ("1", "Propietario y seguidores")],
        _ => [("3", "Entire company"), ("1", "Owner and followers")],
    }
}

/// Converts a value to a text for people; empty if there is none.
pub(super) fn format_value(company: &Company, kind: &str, options: &Value, value: &Value, words: &Words) -> String {
    let part = |name: &str| value[name].as_str().unwrap_or_default();
    match (kind, value) {
        (_, Value::Null) => String::new(),
        ("monetary", value) => money(&value["value"], part("currency"), words),
        ("double", value) => number(value, words),
        ("date", value) => date(value.as_str().unwrap_or_default(), words),
        ("daterange", _) => format!("{} – {}", date(part("value"), words), date(part("until"), words)),
        ("time", _) => part("value").to_owned(),
        ("timerange", _) => format!("{} – {}", part("value"), part("until")),
        ("address", _) => {
            if part("formatted_address").is_empty() { part("value") } else { part("formatted_address") }.to_owned()
        }
        ("enum", id) => option_label(options, id),
        ("set", Value::Array(ids)) => ids.iter().map(|id| option_label(options, id)).collect::<Vec<_>>().join(", "),
        ("org", id) => text(&company.records.linked(Resource::Organization, id)["name"]),
        ("people", id) => text(&company.records.linked(Resource::Person, id)["name"]),
        ("user", id) => id.as_i64().and_then(|id| company.user(id)).map(|user| user.name.clone()).unwrap_or_default(),
        ("visible_to", id) => visibility_options(words)
            .into_iter()
            .find(|(value, _)| is_id(id, value))
            .map_or("", |(_, label)| label)
            .to_owned(),
        ("contacts", Value::Array(entries)) => {
            entries.iter().map(|entry| text(&entry["value"])).collect::<Vec<_>>().join(", ")
        }
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

fn field_input(company: &Company, kind: &str, options: &Value, value: &Value, words: &Words) -> Input {
    let plain = || value.as_str().unwrap_or_default().to_owned();
    let records = |resource: Resource| {
        let mut options = vec![(String::new(), "–".to_owned(), value.is_null())];
        options.extend(
            company.records.all(resource).map(|(id, row)| (id.to_string(), text(&row["name"]), json!(id) == *value)),
        );
        Input::Choice { options, several: false }
    };
    match kind {
        "varchar" | "phone" => Input::Text(plain()),
        "text" => Input::Long(plain()),
        "double" => Input::Number(if value.is_null() { String::new() } else { value.to_string() }),
        "date" => Input::Date(plain()),
        "monetary" => Input::Money(
            if value["value"].is_null() { String::new() } else { value["value"].to_string() },
            value["currency"].as_str().unwrap_or(&company.currency).to_owned(),
        ),
        "address" => Input::Text(value["value"].as_str().unwrap_or_default().to_owned()),
        "contacts" => Input::Text(format_value(company, kind, options, value, words)),
        "enum" | "set" => {
            let several = kind == "set";
            let chosen =
                |id: &Value| if several { value.as_array().is_some_and(|ids| ids.contains(id)) } else { id == value };
            let mut choices =
                if several { Vec::new() } else { vec![(String::new(), "–".to_owned(), value.is_null())] };
            choices.extend(
                options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|option| (option["id"].to_string(), text(&option["label"]), chosen(&option["id"]))),
            );
            Input::Choice { options: choices, several }
        }
        "org" => records(Resource::Organization),
        "people" => records(Resource::Person),
        "user" => Input::Choice {
            options: company
                .users
                .iter()
                .map(|user: &User| (user.id.to_string(), user.name.clone(), json!(user.id) == *value))
                .collect(),
            several: false,
        },
        "visible_to" => Input::Choice {
            options: visibility_options(words)
                .into_iter()
                .map(|(id, label)| (id.to_owned(), label.to_owned(), is_id(value, id)))
                .collect(),
            several: false,
        },
        _ => Input::None,
    }
}

/// Converts a field of a form to a body of the API.
pub(super) fn form_to_body(company: &Company, resource: Resource, code: &str, form: &[(String, String)]) -> Value {
    let values =
        |name: &str| form.iter().filter(|(field, _)| field == name).map(|(_, value)| value.trim()).collect::<Vec<_>>();
    let value = values("value").first().copied().unwrap_or_default();
    let custom = fields::custom_fields(company, resource).find(|field| field["field_code"] == json!(code));
    let kind = custom.map_or(built_in_kind(code), |field| field["field_type"].as_str().unwrap_or_default());
    let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).map_or(json!(text), Value::Number);
    let currency = values("currency").first().copied().unwrap_or(&company.currency);
    let converted = match kind {
        _ if value.is_empty() && kind != "set" && kind != "contacts" => Value::Null,
        "monetary" if custom.is_some() => json!({ "value": number(value), "currency": currency }),
        "monetary" | "double" | "enum" | "org" | "people" | "user" | "visible_to" => number(value),
        "address" => json!({ "value": value }),
        "set" => values("value").into_iter().map(number).collect(),
        "contacts" => (0..)
            .zip(value.split(',').map(str::trim).filter(|text| !text.is_empty()))
            .map(|(at, text)| json!({ "value": text, "primary": at == 0, "label": "work" }))
            .collect(),
        _ => json!(value),
    };
    let mut body = Map::new();
    match custom {
        Some(_) => body.insert("custom_fields".into(), json!({ code: converted })),
        None => body.insert(code.into(), converted),
    };
    if code == "value" {
        body.insert("currency".into(), json!(currency));
        if value.is_empty() {
            body.insert("value".into(), json!(0));
        }
    }
    Value::Object(body)
}

//! Answers as XML, for requests that accept only XML.

use axum::{
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde_json::Value;
use std::fmt::Write as _;

/// Members that XML writes as attributes.
const ATTRIBUTES: [&str; 9] =
    ["domain", "sparse", "status", "startPosition", "maxResults", "totalCount", "code", "element", "bId"];

/// Whether a request accepts XML and not JSON.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    !accepted.contains("json") && ["application/xml", "text/xml"].iter().any(|kind| accepted.contains(kind))
}

pub(super) fn answer(body: &Value) -> impl IntoResponse + use<> {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><IntuitResponse xmlns=\"http://schema.intuit.com/finance/v3\" time=\"{}\">",
        body["time"].as_str().unwrap_or_default()
    );
    for (name, value) in body.as_object().into_iter().flatten().filter(|(name, _)| *name != "time") {
        write_element(&mut xml, name, value);
    }
    xml.push_str("</IntuitResponse>");
    ([(header::CONTENT_TYPE, "application/xml;charset=UTF-8")], xml)
}

fn write_element(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(values) => values.iter().for_each(|value| write_element(xml, name, value)),
        Value::Object(members) => {
            // The name of a reference and the type of a fault are attributes. The value of a reference is its text.
            let is_attribute = |member: &str| {
                ATTRIBUTES.contains(&member)
                    || (member == "name" && members.contains_key("value"))
                    || (member == "type" && name == "Fault")
            };
            xml.push('<');
            xml.push_str(name);
            for (member, value) in members.iter().filter(|(member, value)| is_attribute(member) && !value.is_object()) {
                let _ = write!(xml, " {member}=\"{}\"", escape(value));
            }
            xml.push('>');
            for (member, value) in members.iter().filter(|(member, _)| !is_attribute(member)) {
                if member == "value" && !value.is_object() {
                    xml.push_str(&escape(value));
                } else {
                    write_element(xml, member, value);
                }
            }
            let _ = write!(xml, "</{name}>");
        }
        text => {
            let _ = write!(xml, "<{name}>{}</{name}>", escape(text));
        }
    }
}

fn escape(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

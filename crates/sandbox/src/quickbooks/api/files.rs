//! Attachments: upload as multipart, and the link by which a file is downloaded.

use super::{answer, with_company};
use crate::{
    quickbooks::{entity::Entity, fault::Fault, objects},
    world::Shared,
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One part of a multipart body.
#[derive(Debug, Default)]
struct Part {
    name: String,
    file_name: String,
    content_type: String,
    content: Vec<u8>,
}

/// Splits a multipart body. Written by hand because it has to forgive what published clients send and the real
/// service takes: lines that end without a carriage return, parts in base64.
fn parts(boundary: &str, body: &[u8]) -> Vec<Part> {
    let mark = format!("--{boundary}");
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = find(&body[at..], mark.as_bytes()) {
        starts.push(at + found);
        at += found + mark.len();
    }
    starts.windows(2).filter_map(|pair| part(&body[pair[0] + mark.len()..pair[1]])).collect()
}

fn find(body: &[u8], wanted: &[u8]) -> Option<usize> {
    body.windows(wanted.len()).position(|window| window == wanted)
}

fn part(raw: &[u8]) -> Option<Part> {
    let raw = raw.strip_prefix(b"\r\n").or_else(|| raw.strip_prefix(b"\n"))?;
    let (end, gap) = [b"\r\n\r\n".as_slice(), b"\n\n".as_slice()]
        .iter()
        .filter_map(|gap| Some((find(raw, gap)?, gap.len())))
        .min()?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let content = &raw[end + gap..];
    let content = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n")).unwrap_or(content);
    let mut part = Part { content: content.to_vec(), ..Part::default() };
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                let attribute = |wanted: &str| {
                    let value = value.split(';').find_map(|piece| piece.trim().strip_prefix(&format!("{wanted}=")))?;
                    Some(value.trim_matches('"').to_owned())
                };
                part.name = attribute("name").unwrap_or_default();
                part.file_name = attribute("filename").unwrap_or_default();
            }
            "content-type" => part.content_type = value.trim().to_owned(),
            "content-transfer-encoding" if value.trim().eq_ignore_ascii_case("base64") => {
                let text: String = String::from_utf8_lossy(content).split_whitespace().collect();
                part.content = BASE64_STANDARD.decode(text).unwrap_or_default();
            }
            _ => {}
        }
    }
    Some(part)
}

pub(super) async fn upload(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let api = shared.origins.quickbooks_api.clone();
    answer(&shared, &headers, &realm, |company, act| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = kind
            .split(';')
            .find_map(|piece| piece.trim().strip_prefix("boundary="))
            .map(|boundary| boundary.trim_matches('"'));
        let boundary = boundary
            .ok_or_else(|| Fault::validation("6040", "Invalid upload", "The body is not multipart/form-data", ""))?;
        // Parts belong together by the number at their names' ends.
        let mut files: BTreeMap<String, (Value, Option<Part>)> = BTreeMap::new();
        for part in parts(boundary, &body) {
            let (kind, number) = part.name.rsplit_once('_').unwrap_or((&part.name, "0"));
            let file = files.entry(number.to_owned()).or_default();
            match kind {
                "file_metadata" => file.0 = super::json_body(&part.content)?,
                "file_content" => file.1 = Some(part),
                _ => {}
            }
        }
        if files.is_empty() {
            return Err(Fault::validation("6041", "Invalid upload content", "The upload has no file", ""));
        }
        let answers: Vec<Value> = files
            .into_values()
            .map(|(metadata, content)| {
                let uploaded = match content {
                    Some(part) => {
                        objects::upload(company, &metadata, &part.file_name, &part.content_type, &part.content, act)
                    }
                    None => Err(Fault::validation("6041", "Invalid upload content", "The file has no content", "")),
                };
                match uploaded {
                    Ok(row) => json!({ "Attachable": linked(&api, &company.realm_id, row) }),
                    Err(fault) => json!({ "Fault": fault.body() }),
                }
            })
            .collect();
        Ok(format!("\"AttachableResponse\":{}", Value::Array(answers)))
    })
}

/// The attachable with the addresses by which its file can be had.
fn linked(api: &str, realm: &str, mut row: Value) -> Value {
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    row["FileAccessUri"] = json!(format!("/v3/company/{realm}/download/{id}"));
    row["TempDownloadUri"] = json!(temporary(api, realm, &row));
    row
}

fn temporary(api: &str, realm: &str, row: &Value) -> String {
    let name: String =
        url::form_urlencoded::byte_serialize(row["FileName"].as_str().unwrap_or_default().as_bytes()).collect();
    format!("{api}/files/{realm}/{}/{name}", row["Id"].as_str().unwrap_or_default())
}

/// Answers with the file's temporary address, as a text.
pub(super) async fn download(
    State(shared): State<Shared>,
    Path((realm, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let api = shared.origins.quickbooks_api.clone();
    with_company(
        &shared,
        &headers,
        &realm,
        |company, _| {
            let row = company.read(Entity::Attachable, &id)?.value();
            if company.files.contains_key(&id) {
                Ok(temporary(&api, &company.realm_id, &row))
            } else {
                Err(Fault::not_found())
            }
        },
        |url, _| ([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], url).into_response(),
    )
}

/// The file itself; its address is the secret.
pub(super) async fn content(
    State(shared): State<Shared>,
    Path((realm, id, _)): Path<(String, String, String)>,
) -> Response {
    let world = shared.world_untouched();
    let company = world.quickbooks.companies.get(&realm);
    let file = company.and_then(|company| Some((company.files.get(&id)?, company.get(Entity::Attachable, &id)?)));
    match file {
        Some((content, row)) => {
            let kind = row["ContentType"].as_str().unwrap_or("application/octet-stream").to_owned();
            ([(header::CONTENT_TYPE, kind)], BASE64_STANDARD.decode(content).unwrap_or_default()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_line_ends_are_read() {
        let strict = b"--b\r\nContent-Disposition: form-data; name=\"file_content_01\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n";
        let loose = b"\n--b\nContent-Disposition: form-data; name=\"file_content_01\"\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n\n--b--\n";
        for body in [strict.as_slice(), loose.as_slice()] {
            let parts = parts("b", body);
            assert_eq!(parts.len(), 1);
            assert_eq!(parts[0].name, "file_content_01");
            assert_eq!(parts[0].content, b"hello");
        }
    }
}

//! Attachments: upload as multipart, and download by link.

use super::call::{answer, json_body, with_company};
use crate::{entity::Entity, fault::Fault, objects::attachable, shared::Shared};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sandbox_core::multipart::{self, Part};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn upload(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let api = shared.origins.api.clone();
    answer(&shared, &headers, &realm, |company, context| {
        let parts = multipart::parse_parts(&headers, &body)
            .ok_or_else(|| Fault::validation("6040", "Invalid upload", "The body is not multipart/form-data", ""))?;
        // Parts of the same file have the same number at the end of their names.
        let mut files: BTreeMap<String, (Value, Option<Part>)> = BTreeMap::new();
        for part in parts {
            let (kind, number) = part.name.rsplit_once('_').unwrap_or((&part.name, "0"));
            let file = files.entry(number.to_owned()).or_default();
            match kind {
                "file_metadata" => file.0 = json_body(&part.content)?,
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
                    Some(part) => attachable::upload(
                        company,
                        &metadata,
                        &part.file_name,
                        &part.content_type,
                        &part.content,
                        context,
                    ),
                    None => Err(Fault::validation("6041", "Invalid upload content", "The file has no content", "")),
                };
                match uploaded {
                    Ok(row) => json!({ "Attachable": with_links(&api, &company.realm_id, row) }),
                    Err(fault) => json!({ "Fault": fault.body() }),
                }
            })
            .collect();
        Ok(format!("\"AttachableResponse\":{}", Value::Array(answers)))
    })
}

/// Adds the addresses of its file to an attachable.
fn with_links(api: &str, realm: &str, mut row: Value) -> Value {
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    row["FileAccessUri"] = json!(format!("/v3/company/{realm}/download/{id}"));
    row["TempDownloadUri"] = json!(temporary_url(api, realm, &row));
    row
}

fn temporary_url(api: &str, realm: &str, row: &Value) -> String {
    let name: String =
        url::form_urlencoded::byte_serialize(row["FileName"].as_str().unwrap_or_default().as_bytes()).collect();
    format!("{api}/files/{realm}/{}/{name}", row["Id"].as_str().unwrap_or_default())
}

/// Answers with the file's temporary address as plain text.
pub(super) async fn download(
    State(shared): State<Shared>,
    Path((realm, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let api = shared.origins.api.clone();
    with_company(
        &shared,
        &headers,
        &realm,
        |company, _| {
            let row = company.read(Entity::Attachable, &id)?.value();
            if company.files.contains_key(&id) {
                Ok(temporary_url(&api, &company.realm_id, &row))
            } else {
                Err(Fault::not_found())
            }
        },
        |url, _| ([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], url).into_response(),
    )
}

/// Answers with the file. A token is not needed, because the address is secret.
pub(super) async fn content(
    State(shared): State<Shared>,
    Path((realm, id, _)): Path<(String, String, String)>,
) -> Response {
    let state = shared.state();
    let company = state.companies.get(&realm);
    let file = company.and_then(|company| Some((company.files.get(&id)?, company.get(Entity::Attachable, &id)?)));
    match file {
        Some((content, row)) => {
            let kind = row["ContentType"].as_str().unwrap_or("application/octet-stream").to_owned();
            ([(header::CONTENT_TYPE, kind)], BASE64_STANDARD.decode(content).unwrap_or_default()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

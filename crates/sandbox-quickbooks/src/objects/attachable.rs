//! Notes and files that are attached to transactions and names.

use super::draft::{Draft, begin_write, finish_write};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Upper bound for the size of a file, in bytes.
const MAX_FILE_BYTES: usize = 100 * 1024 * 1024;

/// Extensions of files that may be uploaded.
const FILE_EXTENSIONS: [&str; 24] = [
    "ai", "csv", "doc", "docx", "eps", "gif", "jpeg", "jpg", "json", "ods", "odt", "pdf", "png", "ppt", "pptx", "rtf",
    "svg", "tif", "tiff", "txt", "webp", "xls", "xlsx", "xml",
];

/// Writes a note, or the description and the links of a file.
pub(crate) fn write(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let draft = begin_write(company, Entity::Attachable, body)?;
    let has = |member: &str| draft.row.get(member).is_some_and(|value| !value.is_null());
    if !has("Note") && !has("FileName") {
        return Err(Fault::missing("Note"));
    }
    store(company, draft, context)
}

fn store(company: &mut Company, draft: Draft, context: &WriteContext) -> Result<Value, Fault> {
    let mut row = draft.row;
    // A link has the kind of its object in `type`, which other references lack.
    let links = draft.request.get("AttachableRef").and_then(Value::as_array).cloned().unwrap_or_default();
    for link in &links {
        let kind = link["EntityRef"]["type"].as_str().unwrap_or_default();
        let id = link["EntityRef"]["value"].as_str().unwrap_or_default();
        let entity = Entity::from_name(kind).ok_or_else(|| Fault::invalid_reference("AttachableRef.EntityRef.type"))?;
        company.read(entity, id).map_err(|_| Fault::invalid_reference("AttachableRef.EntityRef.value"))?;
    }
    row.entry("Category").or_insert(json!("Other"));
    let operation = if draft.before.is_some() { Operation::Update } else { Operation::Create };
    Ok(finish_write(company, Entity::Attachable, row, operation, context))
}

/// Stores an uploaded file with its metadata, if the upload has any.
pub(crate) fn upload(
    company: &mut Company,
    metadata: &Value,
    name: &str,
    content_type: &str,
    file: &[u8],
    context: &WriteContext,
) -> Result<Value, Fault> {
    let mut body = if metadata.is_object() { metadata.clone() } else { json!({}) };
    if body["FileName"].as_str().is_none_or(str::is_empty) {
        body["FileName"] = json!(name);
    }
    if body["ContentType"].as_str().is_none_or(str::is_empty) {
        body["ContentType"] = json!(content_type);
    }
    let file_name = body["FileName"].as_str().unwrap_or_default().to_owned();
    if file_name.is_empty() {
        return Err(Fault::validation("6050", "Invalid file name", "The file has no name", "FileName"));
    }
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if !FILE_EXTENSIONS.contains(&extension.as_str()) {
        return Err(Fault::validation(
            "6020",
            "Unsupported file type",
            format!("Files of type .{extension} cannot be attached"),
            "FileName",
        ));
    }
    if file.len() > MAX_FILE_BYTES {
        return Err(Fault::validation("6030", "File too large", "A file can have 100 MB at most", "FileName"));
    }
    company.transaction(|company| {
        let mut draft = begin_write(company, Entity::Attachable, &body)?;
        draft.row.insert("Size".into(), json!(file.len()));
        let row = store(company, draft, context)?;
        let id = row["Id"].as_str().unwrap_or_default().to_owned();
        company.files.insert(id, BASE64_STANDARD.encode(file));
        Ok(row)
    })
}

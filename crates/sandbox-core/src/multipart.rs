//! Bodies of type `multipart/form-data`.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};

/// One part of a multipart body.
#[derive(Debug, Default)]
pub struct Part {
    /// Name of the form's field.
    pub name: String,
    /// Name of the file; empty for a plain field.
    pub file_name: String,
    /// Media type of the content; empty if the part has none.
    pub content_type: String,
    /// Decoded content.
    pub content: Vec<u8>,
}

/// Splits a multipart body.
///
/// Published clients send lines that end without a carriage return, and parts in base64. The real services accept both.
/// Multipart libraries do not.
fn split_parts(boundary: &str, body: &[u8]) -> Vec<Part> {
    let delimiter = format!("--{boundary}");
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = find_bytes(&body[at..], delimiter.as_bytes()) {
        starts.push(at + found);
        at += found + delimiter.len();
    }
    starts.windows(2).filter_map(|pair| parse_part(&body[pair[0] + delimiter.len()..pair[1]])).collect()
}

/// Returns the parts of a request's body, or `None` if the body is not multipart.
pub fn parse_parts(headers: &HeaderMap, body: &[u8]) -> Option<Vec<Part>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary = kind.split(';').find_map(|piece| piece.trim().strip_prefix("boundary="))?;
    Some(split_parts(boundary.trim_matches('"'), body))
}

fn find_bytes(body: &[u8], wanted: &[u8]) -> Option<usize> {
    body.windows(wanted.len()).position(|window| window == wanted)
}

fn parse_part(raw: &[u8]) -> Option<Part> {
    let raw = raw.strip_prefix(b"\r\n").or_else(|| raw.strip_prefix(b"\n"))?;
    let (end, gap) = [b"\r\n\r\n".as_slice(), b"\n\n".as_slice()]
        .iter()
        .filter_map(|gap| Some((find_bytes(raw, gap)?, gap.len())))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_line_ends_are_accepted() {
        let strict = b"--b\r\nContent-Disposition: form-data; name=\"file_content_01\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n";
        let loose = b"\n--b\nContent-Disposition: form-data; name=\"file_content_01\"\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n\n--b--\n";
        for body in [strict.as_slice(), loose.as_slice()] {
            let parts = split_parts("b", body);
            assert_eq!(parts.len(), 1);
            assert_eq!(parts[0].name, "file_content_01");
            assert_eq!(parts[0].content, b"hello");
        }
    }
}

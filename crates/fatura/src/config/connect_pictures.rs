//! Intuit's own *Connect to QuickBooks* picture. It is Intuit's, so it is not ours to pass on: the operator downloads it and says where it
//! is; without it there is a button with these words.

use axum::body::Bytes;
use std::{fs, path::Path};

/// A button's picture is small.
const MOST: u64 = 512 * 1024;

/// A picture with its media type.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Bytes,
}

impl Picture {
    /// Reads a PNG or an SVG. The error says what is wrong with the file.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let wrong = |what: &str| format!("{}: {what}", file.display());
        let size = fs::metadata(file).map_err(|error| wrong(&error.to_string()))?.len();
        if size > MOST {
            return Err(wrong("is larger than 512 kB"));
        }
        let bytes = Bytes::from(fs::read(file).map_err(|error| wrong(&error.to_string()))?);
        let kind = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            "image/png"
        } else if bytes.windows(4).take(1024).any(|four| four == b"<svg") {
            "image/svg+xml"
        } else {
            return Err(wrong("is neither PNG nor SVG"));
        };
        Ok(Self { kind, bytes })
    }
}

/// The pictures of the button, where there are any.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectPictures {
    pub(crate) rest: Option<Picture>,
    pub(crate) hover: Option<Picture>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("connect");
        let read = |content: &[u8]| {
            fs::write(&file, content).expect("written");
            Picture::read(&file).map(|picture| picture.kind)
        };
        assert_eq!(read(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"), Ok("image/svg+xml"));
        assert_eq!(read(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert!(read(b"<html><script>").expect_err("refused").contains("neither PNG nor SVG"));
        assert!(Picture::read(&dir.path().join("none")).expect_err("refused").contains("none"));
    }
}

//! Intuit's *Connect to QuickBooks* picture. Intuit holds the rights, so Fatura does not contain it: the operator downloads it and
//! configures its path. Without it, the button has these words.

use axum::body::Bytes;
use std::{fs, path::Path};

/// Upper bound for the file of a picture.
const MAX_BYTES: u64 = 512 * 1024;

/// A picture with its media type.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Bytes,
}

impl Picture {
    /// Reads a PNG or an SVG. The error describes the problem of the file.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let problem = |text: &str| format!("{}: {text}", file.display());
        let size = fs::metadata(file).map_err(|error| problem(&error.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(problem("is larger than 512 kB"));
        }
        let bytes = Bytes::from(fs::read(file).map_err(|error| problem(&error.to_string()))?);
        let kind = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            "image/png"
        } else if bytes.windows(4).take(1024).any(|four| four == b"<svg") {
            "image/svg+xml"
        } else {
            return Err(problem("is neither PNG nor SVG"));
        };
        Ok(Self { kind, bytes })
    }
}

/// The configured pictures of the button.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectPictures {
    pub(crate) rest: Option<Picture>,
    pub(crate) hover: Option<Picture>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_png_and_svg_are_accepted() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("connect");
        let read = |content: &[u8]| {
            fs::write(&file, content).expect("the file is written");
            Picture::read(&file).map(|picture| picture.kind)
        };
        assert_eq!(read(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"), Ok("image/svg+xml"));
        assert_eq!(read(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert!(read(b"<html><script>").expect_err("it is refused").contains("neither PNG nor SVG"));
        assert!(Picture::read(&dir.path().join("none")).expect_err("it is refused").contains("none"));
    }
}

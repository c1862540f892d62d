//! Checks that templates have the format of `markup_fmt`.

use crate::root;
use markup_fmt::{
    Language,
    config::{ClosingTagLineBreakForEmpty, DoctypeKeywordCase, FormatOptions},
    format_text,
};
use std::{env, fs, path::PathBuf};

/// Maximum columns of a line that can be broken.
const PRINT_WIDTH: usize = 140;

fn list_templates() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("templates"));
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

/// Formats a template. Whitespace changes only where HTML ignores it, because the formatter distinguishes block elements.
fn format(template: &str) -> String {
    let mut options = FormatOptions::default();
    options.layout.print_width = PRINT_WIDTH;
    options.language.doctype_keyword_case = DoctypeKeywordCase::Lower;
    // The styles hide elements by `:empty`, which does not match an element with a line break.
    options.language.closing_tag_line_break_for_empty = ClosingTagLineBreakForEmpty::Never;
    format_text(template, Language::Jinja, &options, |code, _| Ok(code.into())).unwrap()
}

/// With `WRITE_TEMPLATES=1`, formats them instead.
#[test]
fn templates_are_formatted() {
    let mut unformatted = Vec::new();
    for path in list_templates() {
        let template = fs::read_to_string(&path).unwrap();
        let formatted = format(&template);
        if formatted == template {
            continue;
        }
        if env::var_os("WRITE_TEMPLATES").is_some() {
            fs::write(&path, formatted).unwrap();
        } else {
            unformatted.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert!(
        unformatted.is_empty(),
        "`WRITE_TEMPLATES=1 cargo test -p fatura --test tidy templates` formats {}",
        unformatted.join(", ")
    );
}

//! Templates are formatted as `markup_fmt` formats them.

use crate::root;
use markup_fmt::{
    Language,
    config::{ClosingTagLineBreakForEmpty, DoctypeKeywordCase, FormatOptions},
    format_text,
};
use std::{env, fs, path::PathBuf};

/// Columns of a line, except where it cannot be broken.
const PRINT_WIDTH: usize = 140;

fn templates() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("templates"));
    let files = folders.filter(|folder| folder.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

/// Whitespace changes only where HTML ignores it: the formatter knows which elements are blocks.
fn format(template: &str) -> String {
    let mut options = FormatOptions::default();
    options.layout.print_width = PRINT_WIDTH;
    options.language.doctype_keyword_case = DoctypeKeywordCase::Lower;
    // A line break in it would end `:empty`, by which the styles hide it.
    options.language.closing_tag_line_break_for_empty = ClosingTagLineBreakForEmpty::Never;
    format_text(template, Language::Jinja, &options, |code, _| Ok(code.into())).unwrap()
}

/// `WRITE_TEMPLATES=1` formats them.
#[test]
fn templates_are_formatted() {
    let mut wrong = Vec::new();
    for path in templates() {
        let template = fs::read_to_string(&path).unwrap();
        let formatted = format(&template);
        if formatted == template {
            continue;
        }
        if env::var_os("WRITE_TEMPLATES").is_some() {
            fs::write(&path, formatted).unwrap();
        } else {
            wrong.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert!(
        wrong.is_empty(),
        "`WRITE_TEMPLATES=1 cargo test -p fatura --test tidy templates` formats {}",
        wrong.join(", ")
    );
}

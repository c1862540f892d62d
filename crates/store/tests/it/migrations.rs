//! Both databases have the same tables and columns.

use std::{collections::BTreeSet, fs, path::Path};

/// `table.column`, as a migration declares them.
fn columns(folder: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let mut found = BTreeSet::new();
    for file in fs::read_dir(path).unwrap() {
        let mut table = String::new();
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.trim_end_matches(" (").to_owned();
            } else if let Some((altered, rest)) =
                line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN "))
            {
                found.insert(format!("{altered}.{}", rest.split(' ').next().unwrap_or_default()));
            } else if line.starts_with("  ") && line.chars().nth(2).is_some_and(char::is_lowercase) {
                let column = line.trim().split(' ').next().unwrap_or_default();
                found.insert(format!("{table}.{column}"));
            }
        }
    }
    found
}

#[test]
fn both_databases_have_the_same_columns() {
    let sqlite = columns("sqlite");
    assert!(sqlite.contains("invoice.quickbooks_id") && sqlite.contains("invoice.told"));
    assert_eq!(sqlite, columns("postgres"));
}

/// `table.column`, as the inventory names them.
fn inventory() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data.md");
    let mut found = BTreeSet::new();
    let mut table = "";
    let text = fs::read_to_string(page).unwrap();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.trim_matches('`');
        } else if let Some(cells) = line.strip_prefix("| `") {
            let names = cells.split('|').next().unwrap_or_default();
            let names = names.split('`').filter(|name| !name.trim().trim_matches(',').is_empty());
            found.extend(names.map(|name| format!("{table}.{name}")));
        }
    }
    found
}

#[test]
fn every_column_has_its_purpose_in_the_inventory() {
    let (kept, described) = (columns("sqlite"), inventory());
    let unexplained: Vec<_> = kept.difference(&described).collect();
    let gone: Vec<_> = described.difference(&kept).collect();
    assert!(unexplained.is_empty() && gone.is_empty(), "without a purpose: {unexplained:?}; not there: {gone:?}");
}

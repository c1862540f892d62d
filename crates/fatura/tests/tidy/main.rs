//! Checks the structure that ARCHITECTURE.md describes: dependencies, file sizes, and rules about source text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod modules;
mod templates;

use std::{
    fs,
    path::{Path, PathBuf},
};

const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Lists the files with one of these extensions, recursively.
fn list_files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(list_files(&path, extensions));
        } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension)) {
            found.push(path);
        }
    }
    found
}

fn list_sources(folder: &Path) -> Vec<PathBuf> {
    list_files(folder, &["rs"])
}

fn list_all_sources() -> Vec<PathBuf> {
    MAY_DEPEND_ON
        .into_iter()
        .flat_map(|(name, _)| list_sources(&root().join("crates").join(name).join("src")))
        .collect()
}

/// Each crate of the workspace, with those that it may depend on.
const MAY_DEPEND_ON: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("providers", &["domain"]),
    ("engine", &["domain", "store"]),
    ("fatura", &["domain", "store", "engine", "providers"]),
    ("sandbox-core", &[]),
    ("sandbox-quickbooks", &["sandbox-core"]),
    ("sandbox-pipedrive", &["sandbox-core"]),
    ("sandbox", &["sandbox-core", "sandbox-quickbooks", "sandbox-pipedrive"]),
];

/// Crates whose tests run against the sandbox.
const TESTED_WITH_SANDBOX: [&str; 2] = ["fatura", "providers"];

/// Lists the crates of the workspace in a section of a crate's manifest.
fn list_dependencies(name: &str, section: &str) -> Vec<&'static str> {
    let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.split(&format!("[{section}]")).nth(1).unwrap_or_default().split("\n[").next().unwrap();
    let names = MAY_DEPEND_ON.into_iter().map(|(other, _)| other);
    names.filter(|other| section.lines().any(|line| line.starts_with(&format!("{other}.workspace")))).collect()
}

#[test]
fn crates_depend_only_on_allowed_crates() {
    for (name, allowed) in MAY_DEPEND_ON {
        for section in ["dependencies", "build-dependencies"] {
            for other in list_dependencies(name, section) {
                assert!(allowed.contains(&other), "{name} must not depend on {other}");
            }
        }
    }
}

#[test]
fn only_tests_use_the_sandbox() {
    for (name, allowed) in MAY_DEPEND_ON {
        for other in list_dependencies(name, "dev-dependencies") {
            let is_sandbox_for_tests = other == "sandbox" && TESTED_WITH_SANDBOX.contains(&name);
            assert!(allowed.contains(&other) || is_sandbox_for_tests, "tests of {name} must not use {other}");
        }
    }
    for path in TESTED_WITH_SANDBOX.iter().flat_map(|name| list_sources(&root().join("crates").join(name).join("src")))
    {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("sandbox::"), "{} uses the sandbox: move its tests to tests/", path.display());
    }
}

#[test]
fn every_crate_is_checked() {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let mut found: Vec<String> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut checked = MAY_DEPEND_ON.map(|(name, _)| name.to_owned()).to_vec();
    found.sort();
    checked.sort();
    assert_eq!(found, checked);
}

#[test]
fn files_have_at_most_500_lines() {
    for path in list_all_sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_begins_with_a_module_comment() {
    for path in list_all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with `//! `", path.display());
    }
}

#[test]
fn every_store_function_has_a_contract_test() {
    let tests = list_sources(&root().join("crates/store/tests/it"));
    let contract: String = tests.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for path in list_sources(&root().join("crates/store/src")) {
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap();
                let is_called = ["(", "::<"].iter().any(|next| contract.contains(&format!("{module}::{name}{next}")));
                assert!(is_called, "{module}::{name} has no contract test");
            }
        }
    }
}

/// Texts of providers and users are escaped. Only the output of Fatura's own templates is not.
#[test]
fn templates_escape_everything_except_rendered_templates() {
    let mut unescaped = Vec::new();
    for entry in fs::read_dir(root().join("crates/fatura/templates")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("{% autoescape") && !text.contains("{% filter"), "{}", path.display());
        let parts = text.match_indices('|').filter(|(at, _)| text[at + 1..].trim_start().starts_with("safe"));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        unescaped.extend(parts.map(|(at, _)| {
            let start = text[..at].rfind("{{").unwrap();
            format!("{name}: {}", text[start + 2..at].trim())
        }));
    }
    unescaped.sort();
    assert_eq!(
        unescaped,
        ["error.html: support", "form.html: errors", "plain_failed.html: support", "plain_form.html: content"]
    );
    let sources = list_all_sources().into_iter().filter(|path| path.starts_with(root().join("crates/fatura")));
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("escape = \"none\""), "{} has a template that escapes nothing", path.display());
    }
}

/// A user's API token never expires and grants all of the user's rights, so Fatura must never handle one.
#[test]
fn nothing_uses_an_api_token_of_a_user() {
    let folders = [
        "domain/src",
        "store/src",
        "store/migrations",
        "providers/src",
        "fatura/src",
        "fatura/templates",
        "fatura/i18n",
    ];
    let crates = root().join("crates");
    let files: Vec<_> =
        folders.iter().flat_map(|name| list_files(&crates.join(name), &["rs", "sql", "html", "ftl"])).collect();
    assert!(files.len() > 200, "{} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap().to_lowercase().replace(['-', ' '], "_");
        assert!(!text.contains("api_token"), "{} mentions an API token", path.display());
    }
}

/// Any frame can post messages to Fatura's frame. Pipedrive's SDK answers on its own channel, so no listener is needed.
#[test]
fn no_page_listens_to_messages_of_other_windows() {
    let files = list_files(&root().join("assets/src"), &["ts"]);
    assert!(files.len() > 5, "{} files", files.len());
    let is_listening = |text: &str| {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        ["addEventListener(\"message\"", "addEventListener('message'", "window.onmessage", "self.onmessage"]
            .iter()
            .any(|listener| text.contains(listener))
    };
    assert!(is_listening("window.addEventListener( 'message', take)"));
    for path in files {
        assert!(!is_listening(&fs::read_to_string(&path).unwrap()), "{} listens to other windows", path.display());
    }
}

#[test]
fn sql_is_written_in_the_store_only() {
    for path in list_all_sources().iter().filter(|path| !path.starts_with(root().join("crates/store"))) {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("sqlx::query"), "{} has SQL", path.display());
    }
}

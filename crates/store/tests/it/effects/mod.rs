//! Each write changes the rows that it names and no other, and each query returns rows of its own company.
//!
//! Every function of the store has entries here, see `every_function_has_an_entry`. An entry names the function, calls it, and lists the
//! expected effects: `-> answer`, `+ row` for an added row, `- row` for a removed row, and `row: column=value` for each changed column.
//! The method that runs the entry depends on how the function finds its rows:
//!
//! * `by_id`: by an id that no other company has. A call with another company's row must have no effect.
//! * `by_number`: by numbers that other companies have too, such as those of deals, users and notes.
//! * `each`: by an id, and by the state or the lease of the row. The function is called for each of many rows.
//! * `of_all`: in all companies at once.
//!
//! `given` changes the fixture (`world.rs`) before the call, for example to test timestamps on both sides of a bound.
//!
//! A new function gets an entry in the file of its subject, such as this one. If the effects differ from the expected ones, the test prints
//! both:
//!
//! ```ignore
//! e.by_id("changes::give_up", async |tx, by, of| {
//!     changes::give_up(tx, by, of.connection("active")).await
//! }, &["quickbooks_connection A.active: changes_lease_until=0"]).await;
//! ```

#![expect(clippy::too_many_lines, reason = "each test is a table of functions and their effects on every row")]

mod access;
mod changes;
mod clock_correction;
mod companies;
mod connections;
mod forms;
mod harness;
mod invoices;
mod leases;
mod ledger;
mod links;
mod snapshot;
mod sweeps;
mod work;
mod world;

use crate::database::Backend::{self, Postgres, Sqlite};
use harness::World;
use rstest::rstest;
use std::{collections::BTreeSet, fs, path::Path};

macro_rules! tests {
    ($($name:ident: $topic:ident;)*) => {$(
        #[rstest]
        #[tokio::test]
        async fn $name(#[values(Sqlite, Postgres)] backend: Backend) {
            let world = World::new(backend).await;
            $topic::check(&world.effects()).await;
            world.finish();
        }
    )*};
}
tests! {
    effects_on_access: access;
    effects_on_changes: changes;
    effects_on_companies: companies;
    effects_on_connections: connections;
    effects_on_forms: forms;
    effects_on_invoices: invoices;
    effects_on_leases: leases;
    effects_on_ledger: ledger;
    effects_on_links: links;
    effects_on_work: work;
    effects_of_sweeps: sweeps;
    effects_of_clock_correction: clock_correction;
}

/// Reads the Rust files of a folder of this crate, as `(module, text)`.
fn read_modules(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let module = file.file_stem().unwrap().to_string_lossy().into_owned();
            (module, fs::read_to_string(file).unwrap())
        })
        .collect()
}

#[test]
fn every_function_has_an_entry() {
    let entries: String = read_modules("tests/it/effects").into_iter().map(|(_, text)| text).collect();
    let mut missing = BTreeSet::new();
    for (module, text) in read_modules("src") {
        for function in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
            let name = format!("{module}::{}", function.split(['(', '<']).next().unwrap());
            if !entries.contains(&format!("\"{name}\"")) {
                missing.insert(name);
            }
        }
    }
    assert!(missing.is_empty(), "functions without an entry: {missing:#?}");
}

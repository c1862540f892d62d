//! Each write changes the rows that it names and no other, and each question is answered from its own company.
//!
//! Every function of the store has entries here, see `every_function_has_an_entry`. An entry names the function, calls it, and says
//! what comes of it: `-> answer`, `+ row` that was added, `- row` that was removed, and `row: column=value` for all that has
//! changed. How an entry is run follows from how the function finds its rows:
//!
//! * `by_id`: by an id that no other company has; called with another company's row, nothing may happen;
//! * `by_number`: by numbers that other companies have too, those of deals, users, notes;
//! * `each`: on each of many rows, of which the state or the lease decides;
//! * `of_all`: in all companies at once.
//!
//! `given` changes the fixture (`world.rs`) first, such as to put moments on both sides of a bound.
//!
//! A new function gets an entry in the file of its subject, such as this one; where what is expected is not what comes of it, the test
//! prints both:
//!
//! ```ignore
//! e.by_id("changes::give_up", async |tx, by, of| {
//!     changes::give_up(tx, by, of.connection("active")).await
//! }, &["quickbooks_connection A.active: changes_lease_until=0"]).await;
//! ```

#![expect(clippy::too_many_lines, reason = "each test is a table: what every function changes in every row")]

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
    effects_of_a_clock_that_was_ahead: clock_correction;
}

/// The files of a folder of this crate, as one text.
fn text(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|end| end == "rs"))
        .map(|file| {
            let module = file.file_stem().unwrap().to_string_lossy().into_owned();
            (module, fs::read_to_string(file).unwrap())
        })
        .collect()
}

#[test]
fn every_function_has_an_entry() {
    let entries: String = text("tests/it/effects").into_iter().map(|(_, text)| text).collect();
    let mut missing = BTreeSet::new();
    for (module, text) in text("src") {
        for function in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
            let name = format!("{module}::{}", function.split(['(', '<']).next().unwrap());
            if !entries.contains(&format!("\"{name}\"")) {
                missing.insert(name);
            }
        }
    }
    assert!(missing.is_empty(), "no entry says what these do to other rows: {missing:#?}");
}

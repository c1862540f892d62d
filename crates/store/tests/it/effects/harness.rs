//! Runs what an entry says on the fixture, in a transaction that is rolled back, and compares every row before and after.

use super::{
    snapshot::{self, Rows, Tables},
    world::{self, Company},
};
use crate::database::{Backend, Database, at};
use domain::ids::TenantId;
use sqlx::AssertSqlSafe;
use std::{fmt::Debug, panic::Location, sync::Mutex};
use store::{Error, Tx};

/// What an operation came to: its answer, and a line for each row that differs.
type Outcome = (String, Vec<String>);

/// Answers that tell nothing.
const NOTHING: [&str; 6] = ["()", "None", "[]", "false", "0", "Usage { reads: 0, writes: 0 }"];

/// The fixture in one database, and what differed from what was expected.
pub(super) struct World {
    pub(super) t: Database,
    tables: Tables,
    companies: [Company; 2],
    wrong: Mutex<Vec<String>>,
}

/// The entries' own view of the fixture, with what is changed in it first.
pub(super) struct Effects<'w> {
    pub(super) world: &'w World,
    given: Vec<String>,
}

impl World {
    pub(super) async fn new(backend: Backend) -> Self {
        let t = Database::new(backend).await;
        let mut tx = t.db.begin().await.unwrap();
        let mut tables = Tables::of(&mut tx).await;
        let companies = [Company::new("A"), Company::new("B")];
        world::fill(&t, &mut tx, &companies, &mut tables.names).await;
        tx.commit().await.unwrap();
        Self { t, tables, companies, wrong: Mutex::new(Vec::new()) }
    }

    pub(super) fn effects(&self) -> Effects<'_> {
        Effects { world: self, given: Vec::new() }
    }

    fn note(&self, wrong: String) {
        self.wrong.lock().unwrap().push(wrong);
    }

    /// Fails with all that was not as expected.
    pub(super) fn finish(self) {
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

impl Effects<'_> {
    /// First changes the fixture by these statements, in which `{A.sending}` is the id of that row, and `@10` the moment `at(10)`.
    pub(super) fn given(&self, statements: &[&str]) -> Self {
        Self { world: self.world, given: statements.iter().map(|&statement| statement.to_owned()).collect() }
    }

    /// An operation on rows whose ids no other company has. It does what is expected to the company's own rows; with the id of
    /// another company's row it does nothing, and finds nothing.
    #[track_caller]
    pub(super) fn by_id<R: Debug>(
        &self,
        name: &str,
        run: impl AsyncFn(&mut Tx, TenantId, &Company) -> Result<R, Error>,
        expected: &[&str],
    ) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let [a, b] = &self.world.companies;
            let ours = self.run(async |tx| run(tx, a.tenant, a).await).await;
            let theirs = self.run(async |tx| run(tx, b.tenant, b).await).await;
            self.compare_both(place, name, ours, theirs, expected);
            for (by, of) in [(b, a), (a, b)] {
                self.check_foreign(place, name, by, self.run(async |tx| run(tx, by.tenant, of).await).await);
            }
        }
    }

    /// An operation on rows that are known by numbers which other companies have as well. It does what is expected to the rows of
    /// the company that does it.
    #[track_caller]
    pub(super) fn by_number<R: Debug>(
        &self,
        name: &str,
        run: impl AsyncFn(&mut Tx, TenantId) -> Result<R, Error>,
        expected: &[&str],
    ) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let [a, b] = &self.world.companies;
            let ours = self.run(async |tx| run(tx, a.tenant).await).await;
            let theirs = self.run(async |tx| run(tx, b.tenant).await).await;
            self.compare_both(place, name, ours, theirs, expected);
        }
    }

    /// An operation that is tried on each of these rows of a company, one at a time: what is expected is what it did to all of them
    /// together. With the id of another company's row it does nothing.
    #[track_caller]
    pub(super) fn each<R: Debug>(
        &self,
        name: &str,
        targets: &[&str],
        run: impl AsyncFn(&mut Tx, TenantId, &Company, &str) -> Result<R, Error>,
        expected: &[&str],
    ) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let [a, b] = &self.world.companies;
            let mut lines = Vec::new();
            for &target in targets {
                let (answer, changed) = self.run(async |tx| run(tx, a.tenant, a, target).await).await;
                if !NOTHING.contains(&answer.as_str()) {
                    lines.push(format!("{target} -> {answer}"));
                }
                lines.extend(changed);
                let foreign = self.run(async |tx| run(tx, b.tenant, a, target).await).await;
                self.check_foreign(place, name, b, foreign);
            }
            self.compare(place, name, ("()".to_owned(), lines), expected);
        }
    }

    /// An operation that is not of one company.
    #[track_caller]
    pub(super) fn of_all<R: Debug>(
        &self,
        name: &str,
        run: impl AsyncFn(&mut Tx) -> Result<R, Error>,
        expected: &[&str],
    ) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            self.compare(place, name, self.run(run).await, expected);
        }
    }

    async fn run<R: Debug>(&self, run: impl AsyncFn(&mut Tx) -> Result<R, Error>) -> Outcome {
        let mut tx = self.world.t.db.begin().await.unwrap();
        for statement in &self.given {
            world::execute(&mut tx, statement).await;
        }
        let before = self.world.tables.rows(&mut tx).await.unwrap();
        let answer =
            run(&mut tx).await.map_or_else(|_| "error".to_owned(), |answer| snapshot::answer(&format!("{answer:?}")));
        let after = self.world.tables.rows(&mut tx).await;
        // PostgreSQL undoes all that was done before an error.
        let after: Rows = after.unwrap_or_else(|_| before.clone());
        (answer, self.world.tables.differences(&before, &after))
    }

    /// What is expected of A is expected of B likewise.
    fn compare_both(&self, place: &Location<'_>, name: &str, ours: Outcome, theirs: Outcome, expected: &[&str]) {
        if self.compare(place, name, ours, expected) {
            let swapped: Vec<String> = expected.iter().map(|line| swap(line)).collect();
            self.compare(place, name, theirs, &swapped);
        }
    }

    fn compare(&self, place: &Location<'_>, name: &str, found: Outcome, expected: &[impl AsRef<str>]) -> bool {
        let (answer, changed) = found;
        let mut found = if answer == "()" { Vec::new() } else { vec![format!("-> {answer}")] };
        found.extend(changed);
        let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
        let is_right = found == expected;
        if !is_right {
            self.world.note(format!("{place}: {name}\n  expected {expected:#?}\n  found {found:#?}"));
        }
        is_right
    }

    /// With another company's row: the caller gets no answer, and at most a new row of its own.
    fn check_foreign(&self, place: &Location<'_>, name: &str, by: &Company, (answer, changed): Outcome) {
        let is_own = |line: &String| line.starts_with("+ ") && line.split(' ').any(|word| by.owns(word));
        let is_right = changed.iter().all(is_own) && (NOTHING.contains(&answer.as_str()) || changed.iter().any(is_own));
        if !is_right {
            self.world.note(format!(
                "{place}: {name} by {} with a row of the other\n  -> {answer}\n  {changed:#?}",
                by.letter
            ));
        }
    }
}

/// What is expected of company A, as it is expected of B.
fn swap(line: &str) -> String {
    let mut swapped = String::new();
    for part in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let (word, end) = part.split_at(part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len()));
        swapped.push_str(match word {
            "A" => "B",
            "B" => "A",
            other => other,
        });
        swapped.push_str(end);
    }
    swapped
}

/// A statement of [`Effects::given`] as the database takes it.
pub(super) fn statement(text: &str, tx: &Tx) -> AssertSqlSafe<String> {
    let mut made = "/* test */ ".to_owned();
    let mut rest = text;
    while let Some(at_next) = rest.find(['{', '@']) {
        made.push_str(&rest[..at_next]);
        let (sign, after) = rest[at_next..].split_at(1);
        if sign == "{" {
            let (name, after) = after.split_once('}').unwrap();
            let id = snapshot::id(name).simple();
            let literal = match tx {
                Tx::Sqlite(_) => format!("X'{id}'"),
                Tx::Postgres(_) => format!("CAST('{id}' AS UUID)"),
            };
            made.push_str(&literal);
            rest = after;
        } else {
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            made.push_str(&at(after[..digits].parse().unwrap()).as_microsecond().to_string());
            rest = &after[digits..];
        }
    }
    AssertSqlSafe(made + rest)
}

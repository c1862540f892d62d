//! Runs an entry on the fixture, in a transaction that is rolled back, and compares every row before and after.

use super::{
    snapshot::{self, Rows, Tables},
    world::{self, Company},
};
use crate::database::{Backend, Database, at};
use domain::ids::TenantId;
use sqlx::AssertSqlSafe;
use std::{fmt::Debug, panic::Location, sync::Mutex};
use store::{Error, Tx};

/// The answer of a function, and a line for each row that differs.
type Outcome = (String, Vec<String>);

/// Answers that contain no data.
const EMPTY_ANSWERS: [&str; 6] = ["()", "None", "[]", "false", "0", "Usage { reads: 0, writes: 0 }"];

/// The fixture in one database, and the failed entries.
pub(super) struct World {
    pub(super) t: Database,
    tables: Tables,
    companies: [Company; 2],
    failures: Mutex<Vec<String>>,
}

/// Runs entries on the fixture, after the statements of [`Effects::given`].
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
        Self { t, tables, companies, failures: Mutex::new(Vec::new()) }
    }

    pub(super) fn effects(&self) -> Effects<'_> {
        Effects { world: self, given: Vec::new() }
    }

    fn record_failure(&self, failure: String) {
        self.failures.lock().unwrap().push(failure);
    }

    /// Fails with the list of failed entries, if any.
    pub(super) fn finish(self) {
        let failures = self.failures.lock().unwrap();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }
}

impl Effects<'_> {
    /// Runs these statements before each call. In them, `{A.sending}` is the id of that row, and `@10` the timestamp `at(10)`.
    pub(super) fn given(&self, statements: &[&str]) -> Self {
        Self { world: self.world, given: statements.iter().map(|&statement| statement.to_owned()).collect() }
    }

    /// Runs a function that finds rows by ids, which no other company has. It must have the expected effects on the caller's rows, and no
    /// effect and no answer with ids of another company.
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

    /// Runs a function that finds rows by numbers, which other companies have as well. It must have the expected effects on the caller's
    /// rows only.
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

    /// Runs a function on each of these rows of a company, one at a time. `expected` lists the effects of all calls. With the id of another
    /// company's row it must have no effect.
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
                if !EMPTY_ANSWERS.contains(&answer.as_str()) {
                    lines.push(format!("{target} -> {answer}"));
                }
                lines.extend(changed);
                let foreign = self.run(async |tx| run(tx, b.tenant, a, target).await).await;
                self.check_foreign(place, name, b, foreign);
            }
            self.compare(place, name, ("()".to_owned(), lines), expected);
        }
    }

    /// Runs a function that is not limited to one company.
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
        let answer = run(&mut tx)
            .await
            .map_or_else(|_| "error".to_owned(), |answer| snapshot::format_answer(&format!("{answer:?}")));
        let after = self.world.tables.rows(&mut tx).await;
        // After an error, PostgreSQL allows no query: the transaction is rolled back.
        let after: Rows = after.unwrap_or_else(|_| before.clone());
        (answer, self.world.tables.differences(&before, &after))
    }

    /// Compares the effects for A, and those for B with the letters swapped.
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
        let is_equal = found == expected;
        if !is_equal {
            self.world.record_failure(format!("{place}: {name}\n  expected {expected:#?}\n  found {found:#?}"));
        }
        is_equal
    }

    /// Checks a call with another company's row: it may return no data, and may only add a row of the calling company.
    fn check_foreign(&self, place: &Location<'_>, name: &str, by: &Company, (answer, changed): Outcome) {
        let is_own = |line: &String| line.starts_with("+ ") && line.split(' ').any(|word| by.owns(word));
        let is_allowed =
            changed.iter().all(is_own) && (EMPTY_ANSWERS.contains(&answer.as_str()) || changed.iter().any(is_own));
        if !is_allowed {
            self.world.record_failure(format!(
                "{place}: {name} by {} with a row of the other company\n  -> {answer}\n  {changed:#?}",
                by.letter
            ));
        }
    }
}

/// Replaces A by B and B by A in an expected line.
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

/// Replaces the placeholders in a statement of [`Effects::given`] by literals of the database.
pub(super) fn statement(text: &str, tx: &Tx) -> AssertSqlSafe<String> {
    let mut sql = "/* test */ ".to_owned();
    let mut rest = text;
    while let Some(at_next) = rest.find(['{', '@']) {
        sql.push_str(&rest[..at_next]);
        let (sign, after) = rest[at_next..].split_at(1);
        if sign == "{" {
            let (name, after) = after.split_once('}').unwrap();
            let id = snapshot::id(name).simple();
            let literal = match tx {
                Tx::Sqlite(_) => format!("X'{id}'"),
                Tx::Postgres(_) => format!("CAST('{id}' AS UUID)"),
            };
            sql.push_str(&literal);
            rest = after;
        } else {
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            sql.push_str(&at(after[..digits].parse().unwrap()).as_microsecond().to_string());
            rest = &after[digits..];
        }
    }
    AssertSqlSafe(sql + rest)
}

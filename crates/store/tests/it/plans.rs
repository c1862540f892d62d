//! Explains every statement that the tests run: none may scan a growing table.

use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, Once},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Tables that stay small. Rows of `oauth_flow` are deleted after they expire, and only users of Pipedrive can cause one.
const SMALL_TABLES: [&str; 9] = [
    "CONSTANT",
    "_sqlx_migrations",
    "json_each",
    "oauth_flow",
    "pragma_table_info",
    "replica",
    "sealed",
    "sqlite_master",
    "sqlite_schema",
];

/// Statements that may scan a table: a part of the statement, and the reason.
const ALLOWED_SCANS: [(&str, &str); 16] = [
    (" FROM sqlite_schema t JOIN pragma_", "lists the tables"),
    (" river_", "statements of the queue's library"),
    ("\"river_", "the same, with its names quoted"),
    (" ORDER BY rowid", "copies a table to another database"),
    ("SELECT COUNT(*) FROM", "counts copied rows"),
    ("UPDATE revocation SET attempts", "a row is deleted once the provider has answered, so there are few"),
    ("AS key_id FROM (SELECT", KEY_ROTATION),
    ("SELECT key_id, COUNT(*) FROM", KEY_ROTATION),
    (", 1, $2) <> $3 ORDER BY", KEY_ROTATION),
    (", 1, $2) = $3 ORDER BY", KEY_ROTATION),
    ("UPDATE quickbooks_connection SET lease_until = $1 + 1", CLOCK_CORRECTION),
    ("UPDATE quickbooks_connection SET changes_", CLOCK_CORRECTION),
    ("UPDATE quickbooks_connection SET reads_refused_until = 0", CLOCK_CORRECTION),
    ("UPDATE quickbooks_connection SET sw", CLOCK_CORRECTION),
    ("UPDATE pipedrive_grant SET ", CLOCK_CORRECTION),
    ("UPDATE tenant SET won_until = $1 - ", CLOCK_CORRECTION),
];
const KEY_ROTATION: &str = "counts or reseals the rows of a key";
const CLOCK_CORRECTION: &str = "runs once after the clock was ahead; one row for each company or user";

/// The statements that were run in this process.
static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Records the statements that sqlx logs.
struct StatementRecorder;

impl Subscriber for StatementRecorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && *metadata.level() <= Level::DEBUG
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut logged = LoggedStatement::default();
        event.record(&mut logged);
        let statement = if logged.statement.is_empty() { logged.summary } else { logged.statement };
        STATEMENTS.lock().unwrap().insert(statement.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A statement as sqlx logs it. A short statement is in the summary only.
#[derive(Default)]
struct LoggedStatement {
    summary: String,
    statement: String,
}

impl Visit for LoggedStatement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, format!("{value:?}").trim_matches('"'));
    }
}

/// Starts recording statements.
pub(crate) fn record_statements() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(StatementRecorder).unwrap());
}

/// Explains the recorded statements on this database, and lists the scans of large tables.
pub(crate) fn list_scans(database: &Path) -> Vec<String> {
    let database = PathBuf::from(database);
    let statements = STATEMENTS.lock().unwrap().clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(explain(&database, statements))
    })
    .join()
    .unwrap()
}

async fn explain(database: &Path, statements: BTreeSet<String>) -> Vec<String> {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await.unwrap();
    // A scan of a partial index is intended: the index contains only the rows that are due, unfinished or the like.
    let partial: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut found = Vec::new();
    for statement in statements {
        // Statements of the tests themselves begin with a comment.
        if !["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].iter().any(|verb| statement.starts_with(verb)) {
            continue;
        }
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        // Statements for PostgreSQL only cannot be explained here.
        let Ok(steps) = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(&mut connection).await else { continue };
        let is_allowed = ALLOWED_SCANS.iter().any(|(part, _)| statement.contains(part));
        for step in steps.iter().map(|step| step.get::<String, _>("detail")) {
            let Some(scanned) = step.strip_prefix("SCAN ") else { continue };
            let words: Vec<&str> = scanned.split(' ').collect();
            let is_small = words.first().is_none_or(|table| SMALL_TABLES.contains(table) || table.starts_with('('));
            let is_partial = words.iter().any(|word| partial.iter().any(|index| index == word));
            if !is_small && !is_partial && !is_allowed {
                found.push(format!("{step}: {statement}"));
            }
        }
    }
    found
}

/// `explain` reports a full table scan, and accepts an index.
#[tokio::test]
async fn a_full_table_scan_is_found() {
    let t = crate::database::Database::new(crate::database::Backend::Sqlite).await;
    let file = t.folder().join("test.db");
    let found = explain(&file, ["SELECT 1 FROM invoice WHERE currency = 'USD'".to_owned()].into()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let found = explain(&file, ["SELECT 1 FROM invoice WHERE tenant_id = $1 AND deal_id = $2".to_owned()].into()).await;
    assert!(found.is_empty(), "{found:?}");
}

//! Every statement that a test of the store runs finds its rows by an index: no table that grows is read from end to end.

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

/// Tables that stay small: flows are gone after minutes, and strangers cannot begin one.
const SMALL: [&str; 9] = [
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

/// What may read a table from end to end, by a part of the statement, and why.
const SCANS: [(&str, &str); 16] = [
    (" FROM sqlite_schema t JOIN pragma_", "the tables themselves are described"),
    (" river_", "the queue's library looks after its own tables"),
    ("\"river_", "the same, with its names quoted"),
    (" ORDER BY rowid", "everything is copied to another database"),
    ("SELECT COUNT(*) FROM", "what was copied is counted"),
    ("UPDATE revocation SET attempts", "a row is gone once the provider has answered: there are few"),
    ("AS key_id FROM (SELECT", KEYS),
    ("SELECT key_id, COUNT(*) FROM", KEYS),
    (", 1, $2) <> $3 ORDER BY", KEYS),
    (", 1, $2) = $3 ORDER BY", KEYS),
    ("UPDATE quickbooks_connection SET lease_until = $1 + 1", AHEAD),
    ("UPDATE quickbooks_connection SET changes_", AHEAD),
    ("UPDATE quickbooks_connection SET reads_refused_until = 0", AHEAD),
    ("UPDATE quickbooks_connection SET sw", AHEAD),
    ("UPDATE pipedrive_grant SET ", AHEAD),
    ("UPDATE tenant SET won_until = $1 - ", AHEAD),
];
const KEYS: &str = "a key is replaced, or it is counted which are in use: each row is looked at";
const AHEAD: &str = "put right once after the clock was ahead; a row for each company or user";

/// What was run in this process.
static RUN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers the statements that sqlx logs.
struct Statements;

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && *metadata.level() <= Level::DEBUG
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut logged = Logged::default();
        event.record(&mut logged);
        let whole = if logged.statement.is_empty() { logged.summary } else { logged.statement };
        RUN.lock().unwrap().insert(whole.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A statement as sqlx logs it: a short one stands in the summary alone.
#[derive(Default)]
struct Logged {
    summary: String,
    statement: String,
}

impl Visit for Logged {
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

/// From now on statements are remembered.
pub(crate) fn remember_statements() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Statements).unwrap());
}

/// Explains on this database what was run so far; what reads a large table from end to end, and how.
pub(crate) fn scans(database: &Path) -> Vec<String> {
    let database = PathBuf::from(database);
    let statements = RUN.lock().unwrap().clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(explain(&database, statements))
    })
    .join()
    .unwrap()
}

async fn explain(database: &Path, statements: BTreeSet<String>) -> Vec<String> {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await.unwrap();
    // Of such an index all is read that is due, unfinished or the like: that is what it is for.
    let partial: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut found = Vec::new();
    for statement in statements {
        // A statement of a test itself begins with a comment.
        if !["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].iter().any(|verb| statement.starts_with(verb)) {
            continue;
        }
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        // What is PostgreSQL's alone cannot be explained here.
        let Ok(steps) = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(&mut connection).await else { continue };
        let is_excused = SCANS.iter().any(|(part, _)| statement.contains(part));
        for step in steps.iter().map(|step| step.get::<String, _>("detail")) {
            let Some(scanned) = step.strip_prefix("SCAN ") else { continue };
            let words: Vec<&str> = scanned.split(' ').collect();
            let is_small = words.first().is_none_or(|table| SMALL.contains(table) || table.starts_with('('));
            let is_partial = words.iter().any(|word| partial.iter().any(|index| index == word));
            if !is_small && !is_partial && !is_excused {
                found.push(format!("{step}: {statement}"));
            }
        }
    }
    found
}

/// The check itself notices a table that is read from end to end, and lets an index pass.
#[tokio::test]
async fn a_statement_without_an_index_is_found() {
    let t = crate::database::Database::new(crate::database::Backend::Sqlite).await;
    let file = t.folder().join("test.db");
    let found = explain(&file, ["SELECT 1 FROM invoice WHERE currency = 'USD'".to_owned()].into()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let found = explain(&file, ["SELECT 1 FROM invoice WHERE tenant_id = $1 AND deal_id = $2".to_owned()].into()).await;
    assert!(found.is_empty(), "{found:?}");
}

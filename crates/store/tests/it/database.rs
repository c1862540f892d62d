//! A database for one test.

use crate::plans;
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use std::path::Path;
use store::{Db, Tx, vault::Vault};
use tempfile::TempDir;
use uuid::Uuid;

/// The kind of database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

pub(crate) struct Database {
    pub(crate) db: Db,
    pub(crate) vault: Vault,
    /// The folder of the SQLite file.
    folder: TempDir,
    /// Whether the statements are explained at the end. Requires SQLite with the current tables.
    is_explained: bool,
}

/// A timestamp of the tests, in seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

impl Database {
    pub(crate) async fn new(backend: Backend) -> Self {
        plans::record_statements();
        let folder = tempfile::tempdir().unwrap();
        let address = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            Backend::Postgres => {
                let server = std::env::var("TEST_POSTGRES_URL")
                    .expect("TEST_POSTGRES_URL names a PostgreSQL server; scripts/test starts one");
                let name = format!("test_{}", Uuid::new_v4().simple());
                let admin = sqlx::PgPool::connect(&format!("{server}/postgres")).await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.unwrap();
                format!("{server}/{name}")
            }
        };
        let db = Db::open(&address).await.unwrap();
        db.migrate().await.unwrap();
        let mut database = Self::of(db, folder);
        database.is_explained = matches!(backend, Backend::Sqlite);
        database
    }

    /// The folder of SQLite's files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Wraps an open database.
    pub(crate) fn of(db: Db, folder: TempDir) -> Self {
        let key = "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE".to_owned();
        Self { db, vault: Vault::from_ring(&SecretString::from(key)).unwrap(), folder, is_explained: false }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.is_explained && !std::thread::panicking() {
            let scans = plans::list_scans(&self.folder.path().join("test.db"));
            assert!(scans.is_empty(), "statements with a full table scan:\n{}", scans.join("\n"));
        }
    }
}

/// SQL for the time in so many seconds from now, in the type of the queue's columns.
pub(crate) fn queue_time(tx: &Tx, seconds: i64) -> String {
    match tx {
        Tx::Sqlite(_) => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds} seconds')"),
        Tx::Postgres(_) => format!("now() + interval '{seconds} seconds'"),
    }
}

/// Runs a statement.
pub(crate) async fn execute(tx: &mut Tx, statement: &str) {
    match tx {
        Tx::Sqlite(c) => sqlx::query(AssertSqlSafe(statement)).execute(&mut **c).await.map(drop),
        Tx::Postgres(c) => sqlx::query(AssertSqlSafe(statement)).execute(&mut **c).await.map(drop),
    }
    .unwrap();
}

/// Runs a query that returns one number.
pub(crate) async fn count(tx: &mut Tx, statement: &str) -> i64 {
    match tx {
        Tx::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut **c).await,
        Tx::Postgres(c) => sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut **c).await,
    }
    .unwrap()
}

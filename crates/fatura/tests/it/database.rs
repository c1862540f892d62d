//! A database of its own for each test.

use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use uuid::Uuid;

/// The database management system of a test.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    /// Creates an empty database and returns its URL. SQLite's file is in `folder`.
    pub(crate) async fn create_database(self, folder: &TempDir) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            Self::Postgres => {
                let server = std::env::var("TEST_POSTGRES_URL").expect(
                    "TEST_POSTGRES_URL names a PostgreSQL server: run scripts/with-postgres cargo test -p fatura --test it, \
                     or the tests on SQLite alone: cargo test -p fatura --test it Sqlite",
                );
                let name = format!("test_{}", Uuid::new_v4().simple());
                let admin = sqlx::PgPool::connect(&format!("{server}/postgres")).await.unwrap();
                sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.unwrap();
                format!("{server}/{name}")
            }
        }
    }
}

/// Runs a statement on the database at this URL, in the dialect of SQLite or PostgreSQL. Returns the number of rows.
pub(crate) async fn execute(url: &str, [sqlite, postgres]: [&'static str; 2]) -> u64 {
    if url.starts_with("sqlite:") {
        let pool = sqlx::SqlitePool::connect(url).await.unwrap();
        sqlx::query(sqlite).execute(&pool).await.unwrap().rows_affected()
    } else {
        let pool = sqlx::PgPool::connect(url).await.unwrap();
        sqlx::query(postgres).execute(&pool).await.unwrap().rows_affected()
    }
}

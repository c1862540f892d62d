//! Errors of the store.

/// A failure of the store. No variant is caused by the user's input.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer, or refused.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The migrations could not be applied.
    #[error("the database could not be migrated")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The queue failed.
    #[error("the job queue failed")]
    Queue(#[from] riverqueue::Error),
    /// A stored value is invalid: the row was altered, or its key is missing from the ring.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The database address begins neither with `sqlite:` nor with `postgres:`.
    #[error(
        "the database address must begin with sqlite: or postgres:, as in sqlite:fatura.db or postgres://user@host/fatura"
    )]
    UnknownDatabase,
    /// Another process serves from the same SQLite file.
    #[error("another process serves from {0} already: stop it first, or move to PostgreSQL to run several")]
    Served(String),
    /// The lock file of the serving process could not be locked.
    #[error("{0} cannot be locked")]
    Lock(String, #[source] std::io::Error),
    /// A file could not be created.
    #[error("{0} cannot be created")]
    File(String, #[source] std::io::Error),
    /// A copy was requested in another direction than from SQLite to PostgreSQL.
    #[error("a database can be copied from sqlite: to postgres: only")]
    NotFromSqlite,
    /// The target database of a copy has rows.
    #[error("the target database is not empty: copy into a database without Fatura's data")]
    NotEmpty,
    /// Another tenant has connected the QuickBooks company.
    #[error("the QuickBooks company is connected elsewhere")]
    RealmTaken,
    /// A backup of PostgreSQL was requested.
    #[error("this command backs up SQLite only; use pg_dump for PostgreSQL")]
    NotSqlite,
}

//! Errors of the database.

/// A failure of the store. None of them is the person's fault.
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
    /// A stored value is not what was written: a changed row, or a missing key.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The database's address is neither SQLite's nor PostgreSQL's.
    #[error(
        "the database address has to begin with sqlite: or postgres:, as in sqlite:fatura.db or postgres://user@host/fatura"
    )]
    UnknownDatabase,
    /// SQLite is for one process.
    #[error("another process serves from {0} already: end it first, or move to PostgreSQL for several")]
    Served(String),
    /// The file that tells others of this process could not be locked.
    #[error("{0} cannot be locked")]
    Lock(String, #[source] std::io::Error),
    /// A file could not be made.
    #[error("{0} cannot be created")]
    File(String, #[source] std::io::Error),
    /// Copying goes from SQLite to PostgreSQL only.
    #[error("everything can be copied from sqlite: to postgres:, and not otherwise")]
    NotFromSqlite,
    /// There is something in the database to copy into.
    #[error("the database to copy into is not empty: name one in which Fatura has nothing yet")]
    NotEmpty,
    /// Another tenant has connected the QuickBooks company at the same moment.
    #[error("the QuickBooks company is connected elsewhere")]
    RealmTaken,
    /// PostgreSQL has tools of its own.
    #[error("only SQLite is backed up by this command; PostgreSQL is by pg_dump")]
    NotSqlite,
}

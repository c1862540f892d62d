//! What can go wrong with the database.

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
}

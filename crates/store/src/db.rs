//! The database, SQLite or PostgreSQL depending on its address, and its transactions.

use crate::{Error, live::Announcements, queue, tenants, time::instant};
use futures_util::{
    FutureExt, TryFutureExt,
    future::{BoxFuture, ready},
};
use jiff::Timestamp;
use riverqueue::{
    Client,
    migrate::{PostgresMigrator, SqliteMigrator},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::Migrator,
    pool::PoolConnectionMetadata,
    postgres::PgPoolOptions,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    str::FromStr,
    time::Duration,
};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The open database, cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) pool: Pool,
    pub(crate) queue: Client,
    pub(crate) live: Announcements,
}

#[derive(Debug, Clone)]
pub(crate) enum Pool {
    /// SQLite allows one writer at a time. All writers of this process share one connection, because the pool's queue is fair. SQLite's lock
    /// is not fair: a writer could wait longer than any timeout.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// Upper bound for the wait for a connection, and for SQLite's lock.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);
/// Upper bound for the response of PostgreSQL to one statement.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Upper bound for the response to a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Mode of files with data: only the service's user may read and write them.
const PRIVATE_MODE: u32 = 0o600;

/// Creates a database file that only its owner may read; SQLite gives the files beside it the same mode. Has no effect where the file
/// exists or the database is in memory.
fn create_private(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.starts_with(':') || name.starts_with("file:") {
        return Ok(());
    }
    match File::options().create_new(true).write(true).mode(PRIVATE_MODE).open(name) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Error::File(name.to_owned(), error)),
        _ => Ok(()),
    }
}

/// Creates an empty file for a copy, with the same mode. Fails if the file exists.
pub(crate) fn create_new_private(name: &str) -> Result<(), Error> {
    let file = File::options().create_new(true).write(true).mode(PRIVATE_MODE).open(name);
    file.map(drop).map_err(|error| Error::File(name.to_owned(), error))
}

/// A transaction. It is rolled back unless [`Tx::commit`] is called. Never keep it open during a call to a provider.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite; may write if [`Db::begin`] began it.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Waits for a response of PostgreSQL, for at most [`RESPONSE_TIMEOUT`]. This is longer than an idle transaction can hold its locks, see
/// [`SET_IDLE_TIMEOUT`].
pub(crate) async fn await_response<T>(
    response: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    within(RESPONSE_TIMEOUT, response).await
}

async fn within<T>(limit: Duration, response: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, response).await.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())))
}

/// Runs an expression on the connection of a transaction, for either database.
macro_rules! on {
    ($tx:expr, $connection:ident => $body:expr) => {
        match $tx {
            $crate::Tx::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::Tx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $crate::db::await_response(async { $body }).await
            }
        }
    };
}
pub(crate) use on;

/// Ends an idle transaction, such as that of a frozen or disconnected process, so that its locks are released.
const SET_IDLE_TIMEOUT: &str = "SET idle_in_transaction_session_timeout = '10s'";

/// False if a transaction ended without COMMIT or ROLLBACK, as on a full disk: sqlx then counts the connection as in a transaction for good.
/// The pool replaces such a connection.
fn is_reusable(
    connection: &mut SqliteConnection,
    _: PoolConnectionMetadata,
) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    ready(Ok(!connection.is_in_transaction())).boxed()
}

/// Pings a connection; an error closes it. sqlx's own ping has no timeout, and an abandoned connection would occupy its place in the pool
/// for good.
fn is_alive(connection: &mut PgConnection, _: PoolConnectionMetadata) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    within(PING_TIMEOUT, connection.ping()).map_ok(|()| true).boxed()
}

impl Db {
    /// Opens `sqlite:PATH` (created if missing) or `postgres://…`.
    pub async fn open(address: &str) -> Result<Self, Error> {
        let pool = if address.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(address)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .pragma("secure_delete", "ON")
                .auto_vacuum(SqliteAutoVacuum::Incremental)
                .busy_timeout(ACQUIRE_TIMEOUT);
            create_private(&options.get_filename().display().to_string())?;
            let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(ACQUIRE_TIMEOUT);
            Pool::Sqlite {
                write: pool(1).before_acquire(is_reusable).connect_with(options.clone()).await?,
                read: pool(8).connect_with(options.pragma("query_only", "ON")).await?,
            }
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            let options = PgPoolOptions::new().max_connections(16).acquire_timeout(ACQUIRE_TIMEOUT);
            let options = options.test_before_acquire(false).before_acquire(is_alive).after_release(is_alive);
            let options = options.after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(SET_IDLE_TIMEOUT).execute(connection).await.map(drop) })
            });
            Pool::Postgres(options.connect(address).await?)
        } else {
            return Err(Error::UnknownDatabase);
        };
        let queue = queue::build_client(pool.clone().builder())?;
        Ok(Self { pool, queue, live: Announcements::new() })
    }

    /// Acquires the lock that keeps other processes from serving the same SQLite file, for as long as the returned file is open. `None` on
    /// PostgreSQL, where many processes may serve.
    pub fn acquire_process_lock(address: &str) -> Result<Option<File>, Error> {
        if !address.starts_with("sqlite:") {
            return Ok(None);
        }
        let database = SqliteConnectOptions::from_str(address)?.get_filename().display().to_string();
        let name = format!("{database}.serving");
        let failed = |error| Error::Lock(name.clone(), error);
        let file =
            File::options().create(true).truncate(false).write(true).mode(PRIVATE_MODE).open(&name).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Served(database)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Applies the missing migrations of Fatura and of the queue.
    pub async fn migrate(&self) -> Result<(), Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Migration(error);
        match &self.pool {
            Pool::Sqlite { write: pool, .. } => {
                SQLITE.run(pool).await.map_err(|error| failed(error.into()))?;
                SqliteMigrator::new(pool.clone()).migrate_up().await.map_err(|error| failed(error.into()))?;
            }
            Pool::Postgres(pool) => {
                POSTGRES.run(pool).await.map_err(|error| failed(error.into()))?;
                PostgresMigrator::new(pool.clone()).migrate_up().await.map_err(|error| failed(error.into()))?;
            }
        }
        Ok(())
    }

    /// Removes deleted rows from the files, after a tenant was purged. SQLite has overwritten the freed pages already; this truncates the
    /// write-ahead log and shrinks the file. On PostgreSQL it vacuums the tables.
    pub async fn erase_deleted(&self) -> Result<(), Error> {
        match &self.pool {
            Pool::Sqlite { write, .. } => {
                for statement in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                    sqlx::query(statement).fetch_all(write).await?;
                }
            }
            Pool::Postgres(pool) => {
                for table in tenants::PURGED {
                    sqlx::query(AssertSqlSafe(format!("VACUUM {table}"))).execute(pool).await?;
                }
            }
        }
        Ok(())
    }

    /// Begins a transaction that may write. Use it instead of sqlx's `begin`: if that future is dropped, the connection may return to the
    /// pool within a transaction.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Ok(match &self.pool {
            Pool::Sqlite { write, .. } => Tx::Sqlite(riverqueue::database::begin_sqlite_write(write).await?),
            Pool::Postgres(pool) => Tx::Postgres(riverqueue::database::begin_postgres(pool).await?),
        })
    }

    /// Begins a transaction that only reads; on SQLite it does not wait for writers.
    pub async fn read(&self) -> Result<Tx, Error> {
        Ok(match &self.pool {
            Pool::Sqlite { read, .. } => Tx::Sqlite(read.begin_with("BEGIN DEFERRED").await?),
            Pool::Postgres(pool) => Tx::Postgres(riverqueue::database::begin_postgres(pool).await?),
        })
    }

    /// Reads the database's clock, which all replicas share. `None` on SQLite, which serves one process.
    pub async fn now(&self) -> Result<Option<Timestamp>, Error> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(None) };
        let now: i64 = sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
            .fetch_one(pool)
            .await?;
        Ok(Some(instant(now)?))
    }

    /// Returns a builder for the client that works the queue.
    pub fn worker_builder(&self) -> riverqueue::ClientBuilder {
        self.pool.clone().builder()
    }
}

impl Pool {
    fn builder(self) -> riverqueue::ClientBuilder {
        match self {
            Self::Sqlite { write, .. } => Client::builder(write),
            Self::Postgres(pool) => Client::builder(pool),
        }
    }
}

impl Tx {
    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => await_response(transaction.commit()).await?,
        }
        Ok(())
    }
}

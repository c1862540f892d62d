//! Copies of the whole database: a backup of SQLite, and the way from it to a larger one, PostgreSQL.

use crate::{
    Db, Error, Tx,
    db::{Pool, create_new_private},
    queue::{CarryOut, IssueInvoice, NotifyAdmins, ReadChanges, WriteBack, WriteHistory},
};
use futures_util::TryStreamExt;
use riverqueue::JobArgs;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Postgres, Row, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

/// The tables whose rows are worth keeping, those that others refer to first. Flows that somebody is in the middle of begin
/// anew, and replicas say themselves that they run.
const TABLES: [&str; 16] = [
    "tenant",
    "pipedrive_grant",
    "quickbooks_connection",
    "app_usage",
    "connection_usage",
    "settings",
    "customer_link",
    "item_link",
    "draft",
    "deal_billing",
    "invoice",
    "act",
    "history_entry",
    "audit",
    "revocation",
    "oauth_flow",
];

impl Db {
    /// Copies everything from this SQLite database into an empty PostgreSQL one that is up to date; how many rows. Work under
    /// way goes on there. Nobody may use this one meanwhile.
    pub async fn copy_to(&self, target: &Self) -> Result<u64, Error> {
        self.migrate().await?;
        let (Pool::Sqlite { read: source, .. }, Pool::Postgres(_)) = (&self.pool, &target.pool) else {
            return Err(Error::NotFromSqlite);
        };
        let mut tx = target.begin().await?;
        let Tx::Postgres(into) = &mut tx else { return Err(Error::NotFromSqlite) };
        let tenants: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tenant").fetch_one(&mut **into).await?;
        if tenants > 0 {
            return Err(Error::NotEmpty);
        }
        let mut copied = 0;
        for table in TABLES {
            copied += rows(source, into, table).await?;
        }
        let jobs: Vec<(String, String)> = sqlx::query_as(
            "SELECT kind, json(args) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded') ORDER BY id",
        )
        .fetch_all(source)
        .await?;
        for (kind, args) in &jobs {
            match kind.as_str() {
                IssueInvoice::KIND => target.enqueue(&mut tx, job::<IssueInvoice>(args)?).await?,
                CarryOut::KIND => target.enqueue(&mut tx, job::<CarryOut>(args)?).await?,
                ReadChanges::KIND => target.enqueue(&mut tx, job::<ReadChanges>(args)?).await?,
                WriteHistory::KIND => target.enqueue(&mut tx, job::<WriteHistory>(args)?).await?,
                WriteBack::KIND => target.enqueue(&mut tx, job::<WriteBack>(args)?).await?,
                NotifyAdmins::KIND => target.enqueue(&mut tx, job::<NotifyAdmins>(args)?).await?,
                _ => return Err(Error::Unreadable("job")),
            }
        }
        tx.commit().await?;
        Ok(copied)
    }
}

impl Db {
    /// Writes a copy of this SQLite database into a new file, as it is at one moment, while others go on using it.
    pub async fn backup_to(&self, file: &str) -> Result<(), Error> {
        let Pool::Sqlite { write, .. } = &self.pool else { return Err(Error::NotSqlite) };
        create_new_private(file)?;
        sqlx::query("VACUUM INTO $1").bind(file).execute(write).await?;
        Ok(())
    }
}

fn job<Args: DeserializeOwned>(args: &str) -> Result<Args, Error> {
    serde_json::from_str(args).map_err(|_| Error::Unreadable("job"))
}

/// Copies a table, column by column as PostgreSQL has them. The names are those of our own migrations.
async fn rows(source: &SqlitePool, into: &mut Transaction<'_, Postgres>, table: &str) -> Result<u64, Error> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind(table)
    .fetch_all(&mut **into)
    .await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let select = format!("SELECT {} FROM {table} ORDER BY rowid", names.join(", "));
    let mut all = sqlx::query::<Sqlite>(AssertSqlSafe(select)).fetch(source);
    let mut count = 0;
    while let Some(row) = all.try_next().await? {
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(insert.clone()));
        for (name, kind) in &columns {
            let name = name.as_str();
            query = match kind.as_str() {
                "uuid" => query.bind(row.try_get::<Option<Uuid>, _>(name)?),
                "bigint" => query.bind(row.try_get::<Option<i64>, _>(name)?),
                "integer" => query.bind(row.try_get::<Option<i32>, _>(name)?),
                "boolean" => query.bind(row.try_get::<Option<bool>, _>(name)?),
                "text" => query.bind(row.try_get::<Option<String>, _>(name)?),
                _ => return Err(Error::Unreadable("column")),
            };
        }
        query.execute(&mut **into).await?;
        count += 1;
    }
    Ok(count)
}

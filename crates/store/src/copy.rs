//! Copies of the whole database: the backup of SQLite, and the move from SQLite to PostgreSQL.

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

/// The tables to copy, referenced tables first. `replica` is not copied: each replica adds its row with its first heartbeat.
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
    /// Copies all rows and unfinished jobs of this SQLite database into an empty, migrated PostgreSQL database, and returns the number of
    /// rows. No process may use this database meanwhile.
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
            copied += copy_rows(source, into, table).await?;
        }
        let jobs: Vec<(String, String)> = sqlx::query_as(
            "SELECT kind, json(args) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded') ORDER BY id",
        )
        .fetch_all(source)
        .await?;
        for (kind, args) in &jobs {
            match kind.as_str() {
                IssueInvoice::KIND => target.enqueue(&mut tx, parse_job::<IssueInvoice>(args)?).await?,
                CarryOut::KIND => target.enqueue(&mut tx, parse_job::<CarryOut>(args)?).await?,
                ReadChanges::KIND => target.enqueue(&mut tx, parse_job::<ReadChanges>(args)?).await?,
                WriteHistory::KIND => target.enqueue(&mut tx, parse_job::<WriteHistory>(args)?).await?,
                WriteBack::KIND => target.enqueue(&mut tx, parse_job::<WriteBack>(args)?).await?,
                NotifyAdmins::KIND => target.enqueue(&mut tx, parse_job::<NotifyAdmins>(args)?).await?,
                _ => return Err(Error::Unreadable("job")),
            }
        }
        tx.commit().await?;
        Ok(copied)
    }
}

impl Db {
    /// Writes a consistent copy of this SQLite database into a new file, while the database stays in use.
    pub async fn backup_to(&self, file: &str) -> Result<(), Error> {
        let Pool::Sqlite { write, .. } = &self.pool else { return Err(Error::NotSqlite) };
        create_new_private(file)?;
        sqlx::query("VACUUM INTO $1").bind(file).execute(write).await?;
        Ok(())
    }
}

fn parse_job<Args: DeserializeOwned>(args: &str) -> Result<Args, Error> {
    serde_json::from_str(args).map_err(|_| Error::Unreadable("job"))
}

/// Copies the rows of a table, with the columns that the table has in PostgreSQL. All names come from our own migrations.
async fn copy_rows(source: &SqlitePool, into: &mut Transaction<'_, Postgres>, table: &str) -> Result<u64, Error> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind(table)
    .fetch_all(&mut **into)
    .await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let placeholders: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), placeholders.join(", "));
    let select = format!("SELECT {} FROM {table} ORDER BY rowid", names.join(", "));
    let mut rows = sqlx::query::<Sqlite>(AssertSqlSafe(select)).fetch(source);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(insert.clone()));
        for (name, data_type) in &columns {
            let name = name.as_str();
            query = match data_type.as_str() {
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

#[cfg(test)]
mod tests {
    use super::TABLES;
    use crate::tenants::PURGED;
    use std::{fs, path::Path};

    /// Tables without rows of a company: the first is of one process, the others are not deleted with a company.
    const NOT_OF_A_COMPANY: [&str; 3] = ["replica", "app_usage", "revocation"];

    #[test]
    fn every_table_is_copied_and_purged() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut count = 0;
        for file in fs::read_dir(folder).unwrap() {
            let migration = fs::read_to_string(file.unwrap().path()).unwrap();
            for table in migration.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split(' ').next()) {
                let is_of_company = !NOT_OF_A_COMPANY.contains(&table);
                assert_eq!(PURGED.contains(&table), is_of_company, "{table} in PURGED");
                assert_eq!(TABLES.contains(&table), table != "replica", "{table} in TABLES");
                count += 1;
            }
        }
        assert_eq!(count, TABLES.len() + 1);
    }

    #[test]
    fn every_job_is_copied() {
        let (queue, copy) = (include_str!("queue.rs"), include_str!("copy.rs"));
        let jobs: Vec<&str> = queue
            .split("\n#[river(kind")
            .skip(1)
            .filter_map(|job| job.split_once("pub struct ")?.1.split(' ').next())
            .collect();
        assert!(jobs.len() > 5, "{jobs:?}");
        for job in jobs {
            assert!(copy.contains(&format!("{job}::KIND =>")), "{job} is not copied");
        }
    }
}

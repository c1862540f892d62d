//! Which key of the ring has sealed what is stored, and sealing it anew with the first one.
//!
//! The id of the key stands in front of each sealed text, so that counting decrypts nothing.

use crate::{Db, Error, Tx, db::on, grants, quickbooks, revocations, vault::Vault};
use domain::ids::{TenantId, UserId};
use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many rows a key has sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id.
    pub key: String,
    /// Rows with at least one text that it has sealed.
    pub rows: i64,
}

/// The outcome of resealing all rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Texts that the first key seals now.
    pub texts: u64,
    /// Texts that no key of the ring opens; they stay as they are.
    pub unopened: u64,
}

/// A column of sealed texts.
struct Column {
    table: &'static str,
    name: &'static str,
    /// The column that names the owner, an indexed UUID.
    owner: &'static str,
    /// The column that names the user, for the place of the text.
    user: Option<&'static str>,
    place: fn(Uuid, i64) -> String,
    /// The column with the digest of the same value, and its purpose.
    digest: Option<(&'static str, &'static str)>,
}

fn of_grant(tenant: Uuid, user: i64, column: &str) -> String {
    format!("{}.{column}", grants::place(TenantId(tenant), UserId(user)))
}

fn of_connection(tenant: Uuid, column: &str) -> String {
    format!("{}.{column}", quickbooks::place(TenantId(tenant)))
}

/// Every sealed text of the database.
const COLUMNS: [Column; 7] = [
    Column {
        table: "pipedrive_grant",
        name: "access_token",
        owner: "tenant_id",
        user: Some("user_id"),
        place: |tenant, user| of_grant(tenant, user, "access_token"),
        digest: None,
    },
    Column {
        table: "pipedrive_grant",
        name: "refresh_token",
        owner: "tenant_id",
        user: Some("user_id"),
        place: |tenant, user| of_grant(tenant, user, "refresh_token"),
        digest: None,
    },
    Column {
        table: "quickbooks_connection",
        name: "access_token",
        owner: "tenant_id",
        user: None,
        place: |tenant, _| of_connection(tenant, "access_token"),
        digest: None,
    },
    Column {
        table: "quickbooks_connection",
        name: "refresh_token",
        owner: "tenant_id",
        user: None,
        place: |tenant, _| of_connection(tenant, "refresh_token"),
        digest: None,
    },
    Column {
        table: "quickbooks_connection",
        name: "realm_id",
        owner: "tenant_id",
        user: None,
        place: |tenant, _| quickbooks::realm_place(TenantId(tenant)),
        digest: Some(("realm_digest", "realm")),
    },
    Column {
        table: "revocation",
        name: "refresh_token",
        owner: "id",
        user: None,
        place: |id, _| revocations::place(id, "refresh_token"),
        digest: None,
    },
    Column {
        table: "revocation",
        name: "subject",
        owner: "id",
        user: None,
        place: |id, _| revocations::place(id, "subject"),
        digest: Some(("subject_digest", "revocation")),
    },
];

/// The tables, each with the columns that identify a row.
const TABLES: [(&str, &str); 3] =
    [("pipedrive_grant", "tenant_id, user_id"), ("quickbooks_connection", "id"), ("revocation", "id")];

/// Texts that are read at a time.
const BATCH: i64 = 100;
/// A replica that still seals with another key would be followed without an end.
const MAX_PASSES: u32 = 10;
/// Texts of a key that are opened to see whether it is the key that sealed them: one alone may be damaged.
const SAMPLES: i64 = 3;

/// Counts the rows that each key has sealed.
pub async fn count_uses(tx: &mut Tx) -> Result<Vec<KeyUse>, Error> {
    let mut rows: BTreeMap<String, i64> = BTreeMap::new();
    for (table, id) in TABLES {
        let parts: Vec<String> = COLUMNS
            .iter()
            .filter(|column| column.table == table)
            .map(|Column { name, .. }| {
                let key = match tx {
                    Tx::Sqlite(_) => format!("substr({name}, 4, instr(substr({name}, 4), '.') - 1)"),
                    Tx::Postgres(_) => format!("split_part({name}, '.', 2)"),
                };
                format!("SELECT {id}, {key} AS key_id FROM {table} WHERE {name} LIKE 'v1.%.%'")
            })
            .collect();
        let statement = format!("SELECT key_id, COUNT(*) FROM ({}) AS sealed GROUP BY key_id", parts.join(" UNION "));
        let found: Vec<(String, i64)> =
            on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str())).fetch_all(c).await)?;
        for (key, count) in found {
            *rows.entry(key).or_default() += count;
        }
    }
    Ok(rows.into_iter().map(|(key, rows)| KeyUse { key, rows }).collect())
}

/// Lists the keys with sealed rows that the ring cannot open: keys that it does not have, and keys whose id it has with another secret.
pub async fn list_missing(tx: &mut Tx, vault: &Vault) -> Result<Vec<KeyUse>, Error> {
    let mut missing = Vec::new();
    for used in count_uses(tx).await? {
        if !vault.ids().any(|id| id == used.key) || !opens(tx, vault, &used.key).await? {
            missing.push(used);
        }
    }
    Ok(missing)
}

/// Whether the ring's key of this id opens at least one of the first texts that name it.
async fn opens(tx: &mut Tx, vault: &Vault, key: &str) -> Result<bool, Error> {
    for column in &COLUMNS {
        let sealed = texts(tx, column, &format!("v1.{key}."), true, "", SAMPLES).await?;
        if sealed.iter().any(|(owner, user, text)| vault.open(&(column.place)(*owner, *user), text).is_ok()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sealed texts of a column after one, in their own order, with owner and user: those that begin so, or those that do not.
async fn texts(
    tx: &mut Tx,
    Column { table, name, owner, user, .. }: &Column,
    prefix: &str,
    begin_so: bool,
    after: &str,
    most: i64,
) -> Result<Vec<(Uuid, i64, String)>, Error> {
    let (user, compare) = (user.unwrap_or("CAST(0 AS BIGINT)"), if begin_so { "=" } else { "<>" });
    let statement = format!(
        "SELECT {owner}, {user}, {name} FROM {table} WHERE {name} > $1 AND substr({name}, 1, $2) {compare} $3 ORDER BY {name} LIMIT $4"
    );
    let length = i32::try_from(prefix.len()).unwrap_or(i32::MAX);
    Ok(on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(after).bind(length).bind(prefix).bind(most).fetch_all(c).await)?)
}

impl Db {
    /// Seals with the first key of the ring what others have sealed, while the service runs. A text that was replaced meanwhile stays
    /// as it is now. Each text is a transaction of its own: what is interrupted goes on where it was.
    pub async fn reseal(&self, vault: &Vault) -> Result<Resealed, Error> {
        let mut done = Resealed::default();
        for _ in 0..MAX_PASSES {
            let mut pass = Resealed::default();
            for column in &COLUMNS {
                self.reseal_column(vault, column, &mut pass).await?;
            }
            done = Resealed { texts: done.texts + pass.texts, unopened: pass.unopened };
            // Another pass finds secrets that the service has sealed with another key since.
            if pass.texts == 0 {
                break;
            }
        }
        Ok(done)
    }

    async fn reseal_column(&self, vault: &Vault, column: &Column, pass: &mut Resealed) -> Result<(), Error> {
        let prefix = format!("v1.{}.", vault.first_id());
        let mut after = String::new();
        loop {
            let mut tx = self.read().await?;
            let batch = texts(&mut tx, column, &prefix, false, &after, BATCH).await?;
            drop(tx);
            let Some((.., last)) = batch.last() else { return Ok(()) };
            after.clone_from(last);
            for (owner, user, sealed) in &batch {
                let place = (column.place)(*owner, *user);
                match vault.open(&place, sealed) {
                    Ok(secret) => {
                        let digest = column.digest.map(|(_, purpose)| vault.digest(purpose, secret.expose_secret()));
                        let mut tx = self.begin().await?;
                        pass.texts +=
                            replace(&mut tx, column, *owner, sealed, &vault.seal(&place, &secret)?, digest).await?;
                        tx.commit().await?;
                    }
                    Err(_) => pass.unopened += 1,
                }
            }
        }
    }
}

/// Puts a text in the place of the same one sealed otherwise, with its digest; how many rows. None where another stands there.
async fn replace(
    tx: &mut Tx,
    Column { table, name, owner, digest: digest_column, .. }: &Column,
    of: Uuid,
    old: &str,
    new: &str,
    digest: Option<String>,
) -> Result<u64, Error> {
    // A digest stands once for each owner: a second row of the same value, which an older version made, keeps its own.
    let also = digest_column.map_or_else(String::new, |(digest, _)| {
        format!(
            ", {digest} = CASE WHEN EXISTS (SELECT 1 FROM {table} AS other WHERE other.{owner} = $1 AND other.{digest} = $4) \
             THEN {digest} ELSE $4 END"
        )
    });
    let statement = format!("UPDATE {table} SET {name} = $3{also} WHERE {owner} = $1 AND {name} = $2");
    let rows = match digest {
        Some(digest) => on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
            .bind(of).bind(old).bind(new).bind(digest).execute(c).await.map(|done| done.rows_affected()))?,
        None => on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
            .bind(of).bind(old).bind(new).execute(c).await.map(|done| done.rows_affected()))?,
    };
    Ok(rows)
}

//! Key rotation: counts the rows that each key of the ring has sealed, and reseals them with the first key.
//!
//! Each sealed text begins with the id of its key, so counting needs no decryption.

use crate::{Db, Error, Tx, db::on, grants, quickbooks, revocations, vault::Vault};
use domain::ids::{TenantId, UserId};
use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The number of rows that a key has sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The id of the key.
    pub key: String,
    /// Rows with at least one text that the key has sealed.
    pub rows: i64,
}

/// The outcome of resealing all rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResealOutcome {
    /// Texts that were resealed with the first key.
    pub texts: u64,
    /// Texts that no key of the ring opens. They are not changed.
    pub unopened: u64,
}

/// A column of sealed texts.
struct Column {
    table: &'static str,
    name: &'static str,
    /// The column with the id of the row's owner, an indexed UUID.
    owner: &'static str,
    /// The column with the user's id, if the place contains it.
    user: Option<&'static str>,
    /// Returns the place that the text is sealed for, by owner and user.
    place: fn(Uuid, i64) -> String,
    /// The column with the digest of the same value, and the purpose of the digest.
    digest: Option<(&'static str, &'static str)>,
}

fn grant_place(tenant: Uuid, user: i64, column: &str) -> String {
    format!("{}.{column}", grants::place(TenantId(tenant), UserId(user)))
}

fn connection_place(tenant: Uuid, column: &str) -> String {
    format!("{}.{column}", quickbooks::place(TenantId(tenant)))
}

/// All columns with sealed texts, except `oauth_flow.pending`, which expires within minutes.
const COLUMNS: [Column; 7] = [
    Column {
        table: "pipedrive_grant",
        name: "access_token",
        owner: "tenant_id",
        user: Some("user_id"),
        place: |tenant, user| grant_place(tenant, user, "access_token"),
        digest: None,
    },
    Column {
        table: "pipedrive_grant",
        name: "refresh_token",
        owner: "tenant_id",
        user: Some("user_id"),
        place: |tenant, user| grant_place(tenant, user, "refresh_token"),
        digest: None,
    },
    Column {
        table: "quickbooks_connection",
        name: "access_token",
        owner: "tenant_id",
        user: None,
        place: |tenant, _| connection_place(tenant, "access_token"),
        digest: None,
    },
    Column {
        table: "quickbooks_connection",
        name: "refresh_token",
        owner: "tenant_id",
        user: None,
        place: |tenant, _| connection_place(tenant, "refresh_token"),
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

/// Number of texts that are read at once.
const BATCH: i64 = 100;
/// Upper bound for the passes of a reseal. A replica that still seals with another key would otherwise cause endless passes.
const MAX_PASSES: u32 = 10;
/// Number of texts of a column that are opened to verify a key: a single text may be damaged.
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

/// Lists the keys whose rows the ring cannot open, because it does not contain the key, or has another secret under the key's id.
pub async fn list_missing(tx: &mut Tx, vault: &Vault) -> Result<Vec<KeyUse>, Error> {
    let mut missing = Vec::new();
    for used in count_uses(tx).await? {
        if !vault.ids().any(|id| id == used.key) || !can_open(tx, vault, &used.key).await? {
            missing.push(used);
        }
    }
    Ok(missing)
}

/// Whether the ring's key with this id opens at least one of the first texts that were sealed under the id.
async fn can_open(tx: &mut Tx, vault: &Vault, key: &str) -> Result<bool, Error> {
    for column in &COLUMNS {
        let sealed = list_texts(tx, column, &format!("v1.{key}."), true, "", SAMPLES).await?;
        if sealed.iter().any(|(owner, user, text)| vault.open(&(column.place)(*owner, *user), text).is_ok()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lists up to `most` sealed texts of a column after `after`, sorted, with owner and user. `has_prefix` selects the texts that begin with
/// `prefix`, or the others.
async fn list_texts(
    tx: &mut Tx,
    Column { table, name, owner, user, .. }: &Column,
    prefix: &str,
    has_prefix: bool,
    after: &str,
    most: i64,
) -> Result<Vec<(Uuid, i64, String)>, Error> {
    let (user, compare) = (user.unwrap_or("CAST(0 AS BIGINT)"), if has_prefix { "=" } else { "<>" });
    let statement = format!(
        "SELECT {owner}, {user}, {name} FROM {table} WHERE {name} > $1 AND substr({name}, 1, $2) {compare} $3 ORDER BY {name} LIMIT $4"
    );
    let length = i32::try_from(prefix.len()).unwrap_or(i32::MAX);
    Ok(on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(after).bind(length).bind(prefix).bind(most).fetch_all(c).await)?)
}

impl Db {
    /// Reseals the texts of other keys with the first key of the ring, while the service runs. A text that the service replaced meanwhile is
    /// not changed. Each text has its own transaction, so an interrupted run can be continued by another one.
    pub async fn reseal(&self, vault: &Vault) -> Result<ResealOutcome, Error> {
        let mut done = ResealOutcome::default();
        for _ in 0..MAX_PASSES {
            let mut pass = ResealOutcome::default();
            for column in &COLUMNS {
                self.reseal_column(vault, column, &mut pass).await?;
            }
            done = ResealOutcome { texts: done.texts + pass.texts, unopened: pass.unopened };
            // The next pass finds texts that the service has sealed with another key meanwhile.
            if pass.texts == 0 {
                break;
            }
        }
        Ok(done)
    }

    async fn reseal_column(&self, vault: &Vault, column: &Column, pass: &mut ResealOutcome) -> Result<(), Error> {
        let prefix = format!("v1.{}.", vault.first_id());
        let mut after = String::new();
        loop {
            let mut tx = self.read().await?;
            let batch = list_texts(&mut tx, column, &prefix, false, &after, BATCH).await?;
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
                            replace_text(&mut tx, column, *owner, sealed, &vault.seal(&place, &secret)?, digest)
                                .await?;
                        tx.commit().await?;
                    }
                    Err(_) => pass.unopened += 1,
                }
            }
        }
    }
}

/// Replaces the sealed text `old` of an owner by `new`, with its digest, and returns the number of rows: 0 if the column has another text.
async fn replace_text(
    tx: &mut Tx,
    Column { table, name, owner, digest: digest_column, .. }: &Column,
    owner_id: Uuid,
    old: &str,
    new: &str,
    digest: Option<String>,
) -> Result<u64, Error> {
    // A digest is unique for each owner. Older versions may have inserted a second row with the same value, which keeps its digest.
    let digest_assignment = digest_column.map_or_else(String::new, |(digest, _)| {
        format!(
            ", {digest} = CASE WHEN EXISTS (SELECT 1 FROM {table} AS other WHERE other.{owner} = $1 AND other.{digest} = $4) \
             THEN {digest} ELSE $4 END"
        )
    });
    let statement = format!("UPDATE {table} SET {name} = $3{digest_assignment} WHERE {owner} = $1 AND {name} = $2");
    let rows = match digest {
        Some(digest) => on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
            .bind(owner_id).bind(old).bind(new).bind(digest).execute(c).await.map(|done| done.rows_affected()))?,
        None => on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
            .bind(owner_id).bind(old).bind(new).execute(c).await.map(|done| done.rows_affected()))?,
    };
    Ok(rows)
}

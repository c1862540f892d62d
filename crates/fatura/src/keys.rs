//! The keys that seal secrets in the database: lists their uses, reseals secrets, and checks that the ring opens all of them.

use crate::{config::Config, operate::open, state::App};
use anyhow::bail;
use std::sync::PoisonError;
use store::{
    Db,
    keys::{self, KeyUse},
    vault::Vault,
};

/// Returns a line for each key: how many rows it has sealed, and whether it is still needed.
pub async fn keys(config: &Config) -> anyhow::Result<Vec<String>> {
    let vault = Vault::from_ring(&config.key_ring)?;
    let db = open(config).await?;
    Ok(list_key_uses(&db, &vault).await?.0)
}

/// Reseals all secrets with the first key of the ring, while the service runs. Returns a line for each key.
pub async fn rotate_keys(config: &Config) -> anyhow::Result<Vec<String>> {
    let vault = Vault::from_ring(&config.key_ring)?;
    let db = open(config).await?;
    let resealed = db.reseal(&vault).await?;
    let mut lines = vec![format!("{} values encrypted with key {}", resealed.texts, vault.first_id())];
    let (uses, is_complete) = list_key_uses(&db, &vault).await?;
    lines.extend(uses);
    if resealed.unopened > 0 || !is_complete {
        bail!("some values were not changed, because no key of key_ring decrypts them\n{}", lines.join("\n"));
    }
    Ok(lines)
}

/// Returns a line for each key, and whether the ring opens all secrets.
async fn list_key_uses(db: &Db, vault: &Vault) -> anyhow::Result<(Vec<String>, bool)> {
    let mut tx = db.read().await?;
    let (used, missing) = (keys::count_uses(&mut tx).await?, keys::list_missing(&mut tx, vault).await?);
    drop(tx);
    let rows_of = |id: &str| used.iter().find(|used| used.key == id).map_or(0, |used| used.rows);
    let mut lines = Vec::new();
    for (at, id) in vault.ids().enumerate() {
        lines.push(match (at, rows_of(id)) {
            (0, rows) => format!("key {id} encrypts new values; {rows} rows use it"),
            (_, 0) => format!("key {id} is no longer used: you may remove it from key_ring"),
            (_, rows) => format!("key {id} is needed for {rows} rows: run `fatura keys rotate` before you remove it"),
        });
    }
    lines.extend(
        missing.iter().map(|used| format!("key {} is missing in key_ring: {} rows use it", used.key, used.rows)),
    );
    Ok((lines, missing.is_empty()))
}

/// If the ring does not open all secrets in the database, returns the problem with its remedy. The text contains ids of keys, never keys.
pub(crate) async fn find_problem(db: &Db, vault: &Vault) -> Result<Option<String>, store::Error> {
    let mut tx = db.read().await?;
    let missing = keys::list_missing(&mut tx, vault).await?;
    if missing.is_empty() {
        return Ok(None);
    }
    let describe = |KeyUse { key, rows }: &KeyUse| format!("{key} ({rows} rows)");
    let missing: Vec<String> = missing.iter().map(describe).collect();
    let ring: Vec<&str> = vault.ids().collect();
    Ok(Some(format!(
        "key_ring (with {}) does not open what is sealed in the database with: {}. Add the missing key to key_ring again, behind the first \
         one; when `fatura keys rotate` has sealed everything anew, you may remove it",
        ring.join(", "),
        missing.join(", ")
    )))
}

/// Checks that the ring still opens all secrets: another replica may use another ring. `/readyz` shows the problem.
pub(crate) async fn check(app: &App) -> Result<usize, store::Error> {
    let problem = find_problem(&app.db, &app.vault).await?;
    if let Some(problem) = &problem {
        tracing::error!("{problem}");
    }
    *app.key_problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    Ok(0)
}

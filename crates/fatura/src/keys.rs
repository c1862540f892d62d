//! The keys that seal secrets in the database: which are in use, sealing everything anew, and whether the ring opens what is there.

use crate::{config::Config, operate::open, state::App};
use anyhow::bail;
use std::sync::PoisonError;
use store::{
    Db,
    keys::{self, KeyUse},
    vault::Vault,
};

/// A line for each key: how many rows it has sealed, and whether it is still needed.
pub async fn keys(config: &Config) -> anyhow::Result<Vec<String>> {
    let vault = Vault::from_ring(&config.key_ring)?;
    let db = open(config).await?;
    Ok(status(&db, &vault).await?.0)
}

/// Seals everything with the first key of the ring, while the service runs. What each key is still needed for.
pub async fn rotate_keys(config: &Config) -> anyhow::Result<Vec<String>> {
    let vault = Vault::from_ring(&config.key_ring)?;
    let db = open(config).await?;
    let done = db.reseal(&vault).await?;
    let mut lines = vec![format!("{} texts are sealed anew with the key {}", done.texts, vault.first_id())];
    let (status, is_whole) = status(&db, &vault).await?;
    lines.extend(status);
    if done.unopened > 0 || !is_whole {
        bail!("not everything is sealed anew: what key_ring does not open is as it was\n{}", lines.join("\n"));
    }
    Ok(lines)
}

/// A line for each key, and whether the ring opens everything.
async fn status(db: &Db, vault: &Vault) -> anyhow::Result<(Vec<String>, bool)> {
    let mut tx = db.read().await?;
    let (used, missing) = (keys::count_uses(&mut tx).await?, keys::list_missing(&mut tx, vault).await?);
    drop(tx);
    let rows_of = |id: &str| used.iter().find(|used| used.key == id).map_or(0, |used| used.rows);
    let mut lines = Vec::new();
    for (at, id) in vault.ids().enumerate() {
        lines.push(match (at, rows_of(id)) {
            (0, rows) => format!("key {id} seals what is new; {rows} rows are sealed with it"),
            (_, 0) => format!("key {id} opens nothing any more: you may remove it from key_ring"),
            (_, rows) => format!("key {id} is needed for {rows} rows: run `fatura keys rotate` before you remove it"),
        });
    }
    lines.extend(
        missing
            .iter()
            .map(|used| format!("key {} is missing in key_ring: {} rows are sealed with it", used.key, used.rows)),
    );
    Ok((lines, missing.is_empty()))
}

/// The problem, if the ring does not open all secrets in the database, with the remedy; names ids of keys, never the keys.
pub(crate) async fn wrong(db: &Db, vault: &Vault) -> Result<Option<String>, store::Error> {
    let mut tx = db.read().await?;
    let missing = keys::list_missing(&mut tx, vault).await?;
    if missing.is_empty() {
        return Ok(None);
    }
    let named = |KeyUse { key, rows }: &KeyUse| format!("{key} ({rows} rows)");
    let missing: Vec<String> = missing.iter().map(named).collect();
    let ring: Vec<&str> = vault.ids().collect();
    Ok(Some(format!(
        "key_ring (with {}) does not open what is sealed in the database with: {}. Add the missing key to key_ring again, behind the first \
         one; when `fatura keys rotate` has sealed everything anew, you may remove it",
        ring.join(", "),
        missing.join(", ")
    )))
}

/// Looks whether the ring still opens what is there: another replica may have another ring. `/readyz` says what was found.
pub(crate) async fn check(app: &App) -> Result<usize, store::Error> {
    let wrong = wrong(&app.db, &app.vault).await?;
    if let Some(wrong) = &wrong {
        tracing::error!("{wrong}");
    }
    *app.wrong_keys.lock().unwrap_or_else(PoisonError::into_inner) = wrong;
    Ok(0)
}

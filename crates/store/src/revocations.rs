//! Access that is to be handed back to a provider: kept, sealed, until the provider has answered, and erased then. Outlives the company
//! that it was of.

use crate::{Error, Tx, db::on, time::micros, vault::Vault};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Who has granted the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Of a user.
    Pipedrive,
    /// Of a company.
    QuickBooks,
}

impl Provider {
    fn name(self) -> &'static str {
        match self {
            Self::Pipedrive => "pipedrive",
            Self::QuickBooks => "quickbooks",
        }
    }
}

/// A refresh token that is to be revoked.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// Ours.
    pub id: Uuid,
    /// Where.
    pub provider: Provider,
    /// The token.
    pub refresh: SecretString,
    /// How often it was tried, with this time.
    pub attempts: i32,
    /// Until when it was claimed.
    until: Timestamp,
}

/// A revocation that [`claim`] has claimed.
#[derive(Debug, Clone)]
pub enum Claimed {
    /// A token.
    Opened(Revocation),
    /// One that no key of the ring opens.
    Unreadable,
}

/// Longer than any pause that is kept: what waits beyond it was kept by a clock that was ahead.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(2);

pub(crate) fn place(id: Uuid, column: &str) -> String {
    format!("revocation/{id}.{column}")
}

/// Keeps a token to be revoked from now on. The subject is what the access is of: a realm, or a user of a company.
pub async fn add(
    tx: &mut Tx,
    vault: &Vault,
    provider: Provider,
    subject: &str,
    refresh: &SecretString,
    now: Timestamp,
) -> Result<(), Error> {
    let id = Uuid::now_v7();
    let sealed = vault.seal(&place(id, "refresh_token"), refresh)?;
    let subject_sealed = vault.seal(&place(id, "subject"), &SecretString::from(subject))?;
    on!(tx, c => sqlx::query(
        "INSERT INTO revocation (id, provider, subject_digest, subject, refresh_token, attempts, next_attempt_at) VALUES ($1, $2, $3, $4, $5, 0, $6)")
        .bind(id).bind(provider.name()).bind(vault.digest("revocation", subject)).bind(subject_sealed).bind(sealed).bind(micros(now))
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Takes one that is due, the longest due first; nobody else does before `until`.
pub async fn claim(tx: &mut Tx, vault: &Vault, now: Timestamp, until: Timestamp) -> Result<Option<Claimed>, Error> {
    let skip = if matches!(tx, Tx::Postgres(_)) { "FOR UPDATE SKIP LOCKED" } else { "" };
    let statement = format!(
        "UPDATE revocation SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN (SELECT id FROM revocation \
         WHERE next_attempt_at <= $1 OR next_attempt_at > $3 ORDER BY next_attempt_at LIMIT 1 {skip}) RETURNING id, provider, refresh_token, attempts"
    );
    let row: Option<(Uuid, String, String, i32)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(micros(now)).bind(micros(until)).bind(micros(now + MAX_PAUSE)).fetch_optional(c).await)?;
    Ok(row.map(|(id, provider, sealed, attempts)| {
        let provider = if provider == "pipedrive" { Provider::Pipedrive } else { Provider::QuickBooks };
        // One that cannot be opened holds no other up.
        let Ok(refresh) = vault.open(&place(id, "refresh_token"), &sealed) else {
            tracing::error!(revocation.id = %id, "a token that is to be revoked cannot be opened");
            return Claimed::Unreadable;
        };
        Claimed::Opened(Revocation { id, provider, refresh, attempts, until })
    }))
}

/// The provider has answered: the token is forgotten.
pub async fn finish(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    on!(tx, c => sqlx::query("DELETE FROM revocation WHERE id = $1").bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// The provider has not answered: it is tried again then. Nothing where it was deferred meanwhile.
pub async fn postpone(tx: &mut Tx, revocation: &Revocation, again: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE revocation SET next_attempt_at = $3 WHERE id = $1 AND next_attempt_at = $2")
        .bind(revocation.id).bind(micros(revocation.until)).bind(micros(again)).execute(c).await.map(drop))?;
    Ok(())
}

/// The same access was granted anew: revoking the old token would end the new one, so it is forgotten.
pub async fn supersede(tx: &mut Tx, vault: &Vault, provider: Provider, subject: &str) -> Result<(), Error> {
    for digest in vault.digests("revocation", subject) {
        on!(tx, c => sqlx::query("DELETE FROM revocation WHERE subject_digest = $1 AND provider = $2")
            .bind(digest).bind(provider.name()).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The same access is being granted anew: nothing is revoked before that is decided.
pub async fn defer(
    tx: &mut Tx,
    vault: &Vault,
    provider: Provider,
    subject: &str,
    until: Timestamp,
) -> Result<(), Error> {
    for digest in vault.digests("revocation", subject) {
        on!(tx, c => sqlx::query("UPDATE revocation SET next_attempt_at = $3 WHERE subject_digest = $1 AND provider = $2")
            .bind(digest).bind(provider.name()).bind(micros(until)).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// How many wait.
pub async fn count(tx: &mut Tx) -> Result<i64, Error> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM revocation").fetch_one(c).await)?)
}

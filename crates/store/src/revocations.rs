//! Refresh tokens to revoke at a provider: stored sealed until the provider has answered, then deleted. A row outlives its company's
//! data.

use crate::{Error, Tx, db::on, time::micros, vault::Vault};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// The provider that granted the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Access of a user.
    Pipedrive,
    /// Access to a QuickBooks company.
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

/// A refresh token to revoke.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// The id of the row.
    pub id: Uuid,
    /// The provider.
    pub provider: Provider,
    /// The token.
    pub refresh: SecretString,
    /// The number of attempts, including this one.
    pub attempts: i32,
    /// The end of the claim.
    until: Timestamp,
}

/// The outcome of [`claim`].
#[derive(Debug, Clone)]
pub enum ClaimedRevocation {
    /// A token to revoke.
    Opened(Revocation),
    /// No key of the ring opens the token.
    Unreadable,
}

/// Upper bound for the pause before an attempt. A later attempt was scheduled by a clock that was ahead, and is due now.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(2);

pub(crate) fn place(id: Uuid, column: &str) -> String {
    format!("revocation/{id}.{column}")
}

/// Stores a token to revoke from `now` on. The subject identifies the access: a realm, or a user of a Pipedrive company.
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

/// Claims a due revocation, the longest due first. No other caller claims it before `until`.
pub async fn claim(
    tx: &mut Tx,
    vault: &Vault,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<ClaimedRevocation>, Error> {
    let skip = if matches!(tx, Tx::Postgres(_)) { "FOR UPDATE SKIP LOCKED" } else { "" };
    let statement = format!(
        "UPDATE revocation SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN (SELECT id FROM revocation \
         WHERE next_attempt_at <= $1 OR next_attempt_at > $3 ORDER BY next_attempt_at LIMIT 1 {skip}) RETURNING id, provider, refresh_token, attempts"
    );
    let row: Option<(Uuid, String, String, i32)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(micros(now)).bind(micros(until)).bind(micros(now + MAX_PAUSE)).fetch_optional(c).await)?;
    Ok(row.map(|(id, provider, sealed, attempts)| {
        let provider = if provider == "pipedrive" { Provider::Pipedrive } else { Provider::QuickBooks };
        let Ok(refresh) = vault.open(&place(id, "refresh_token"), &sealed) else {
            tracing::error!(revocation.id = %id, "cannot open a token to revoke");
            return ClaimedRevocation::Unreadable;
        };
        ClaimedRevocation::Opened(Revocation { id, provider, refresh, attempts, until })
    }))
}

/// Deletes a revocation, because the provider has answered.
pub async fn finish(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    on!(tx, c => sqlx::query("DELETE FROM revocation WHERE id = $1").bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// Schedules the next attempt at `again`, because the provider has not answered. Has no effect if the revocation was deferred meanwhile.
pub async fn postpone(tx: &mut Tx, revocation: &Revocation, again: Timestamp) -> Result<(), Error> {
    on!(tx, c => sqlx::query("UPDATE revocation SET next_attempt_at = $3 WHERE id = $1 AND next_attempt_at = $2")
        .bind(revocation.id).bind(micros(revocation.until)).bind(micros(again)).execute(c).await.map(drop))?;
    Ok(())
}

/// Deletes the revocations of a subject, because the access was granted again: revoking the old token would end the new access as well.
pub async fn supersede(tx: &mut Tx, vault: &Vault, provider: Provider, subject: &str) -> Result<(), Error> {
    for digest in vault.digests("revocation", subject) {
        on!(tx, c => sqlx::query("DELETE FROM revocation WHERE subject_digest = $1 AND provider = $2")
            .bind(digest).bind(provider.name()).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Postpones the revocations of a subject to `until`, while the same access may be granted again.
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

/// Counts the pending revocations.
pub async fn count(tx: &mut Tx) -> Result<i64, Error> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM revocation").fetch_one(c).await)?)
}

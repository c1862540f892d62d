//! Revokes access at the providers: stored in the transaction that makes it necessary, and repeated until the provider has answered.

use super::Error;
use crate::state::App;
use jiff::SignedDuration;
use providers::ProviderError;
use secrecy::SecretString;
use std::time::Duration;
use store::{
    Tx,
    revocations::{self, ClaimedRevocation, Provider, Revocation},
};

/// The lease of a revocation. Longer than the timeout of a call.
const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// Revocations in one sweep.
const MAX_BATCH: usize = 20;
/// Upper bound for a request to wait for the first attempt.
const FIRST_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause between two attempts.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The subject of a user's access to Pipedrive.
pub(crate) fn subject_of_user(company_id: i64, user: domain::ids::UserId) -> String {
    format!("{company_id}/{}", user.0)
}

/// Requests the revocation of a token, which starts once the transaction is committed.
pub(crate) async fn request_revocation(
    app: &App,
    tx: &mut Tx,
    provider: Provider,
    subject: &str,
    refresh: &SecretString,
) -> Result<(), Error> {
    Ok(revocations::add(tx, &app.vault, provider, subject, refresh, app.clock.now()).await?)
}

/// Starts a sweep at once. If it fails or takes too long, the background sweep continues.
pub(crate) async fn sweep_now(app: &App) {
    match tokio::time::timeout(FIRST_ATTEMPT_TIMEOUT, sweep_revocations(app)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "revocations failed and are retried"),
        Err(_) => tracing::warn!("a provider did not answer a revocation in time"),
    }
}

/// Attempts the due revocations and returns their number. One at a time, because a pending one may be superseded when its company is
/// connected again.
pub(crate) async fn sweep_revocations(app: &App) -> Result<usize, Error> {
    let due = app.clock.now();
    for count in 0..MAX_BATCH {
        let mut tx = app.db.begin().await?;
        let claimed = revocations::claim(&mut tx, &app.vault, due, app.clock.now() + LEASE_DURATION).await?;
        tx.commit().await?;
        match claimed {
            None => return Ok(count),
            Some(ClaimedRevocation::Opened(revocation)) => attempt_revocation(app, &revocation).await?,
            Some(ClaimedRevocation::Unreadable) => {}
        }
    }
    Ok(MAX_BATCH)
}

async fn attempt_revocation(app: &App, revocation: &Revocation) -> Result<(), Error> {
    let registration = match revocation.provider {
        Provider::Pipedrive => &app.pipedrive,
        Provider::QuickBooks => &app.quickbooks,
    };
    let answer = registration.revoke_grant(&app.http, &revocation.refresh).await;
    let mut tx = app.db.begin().await?;
    match answer {
        // A token that the provider does not know counts as revoked.
        Ok(()) | Err(ProviderError::Refused(_) | ProviderError::Disconnected) => {
            revocations::finish(&mut tx, revocation.id).await?;
        }
        Err(error) => {
            let pause = MAX_PAUSE.min(SignedDuration::from_secs(1 << revocation.attempts.clamp(0, 12)));
            tracing::warn!(revocation.id = %revocation.id, %error, "a revocation failed and is retried");
            revocations::postpone(&mut tx, revocation, app.clock.now() + pause).await?;
        }
    }
    Ok(tx.commit().await?)
}

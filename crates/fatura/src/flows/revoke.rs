//! Handing access back to the providers: noted with what makes it necessary, and tried until the provider has answered.

use super::Error;
use crate::state::App;
use jiff::SignedDuration;
use providers::ProviderError;
use secrecy::SecretString;
use std::time::Duration;
use store::{
    Tx,
    revocations::{self, Claimed, Provider, Revocation},
};

/// Nobody else tries what was taken for so long. Longer than a provider is waited for.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const BATCH: usize = 20;
/// How long whoever has asked for it waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause between two attempts.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What a user's access to Pipedrive is of.
pub(crate) fn user_of(company_id: i64, user: domain::ids::UserId) -> String {
    format!("{company_id}/{}", user.0)
}

/// Has a token revoked once the transaction is committed.
pub(crate) async fn ask(
    app: &App,
    tx: &mut Tx,
    provider: Provider,
    subject: &str,
    refresh: &SecretString,
) -> Result<(), Error> {
    Ok(revocations::add(tx, &app.vault, provider, subject, refresh, app.clock.now()).await?)
}

/// Tries at once what was asked for. Where that takes long or fails, it is tried again later.
pub(crate) async fn now(app: &App) {
    match tokio::time::timeout(PATIENCE, sweep(app)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "revocations are tried later"),
        Err(_) => tracing::warn!("a provider has not answered to a revocation yet"),
    }
}

/// Tries what is due; how many. One after the other: while one is tried, another may be superseded because its company is connected anew.
pub(crate) async fn sweep(app: &App) -> Result<usize, Error> {
    let due = app.clock.now();
    for tried in 0..BATCH {
        let mut tx = app.db.begin().await?;
        let claimed = revocations::claim(&mut tx, &app.vault, due, app.clock.now() + LEASE).await?;
        tx.commit().await?;
        match claimed {
            None => return Ok(tried),
            Some(Claimed::Opened(revocation)) => attempt(app, &revocation).await?,
            Some(Claimed::Unreadable) => {}
        }
    }
    Ok(BATCH)
}

async fn attempt(app: &App, revocation: &Revocation) -> Result<(), Error> {
    let registration = match revocation.provider {
        Provider::Pipedrive => &app.pipedrive,
        Provider::QuickBooks => &app.quickbooks,
    };
    let answer = registration.revoke_grant(&app.http, &revocation.refresh).await;
    let mut tx = app.db.begin().await?;
    match answer {
        // A token that the provider does not have is revoked.
        Ok(()) | Err(ProviderError::Refused(_) | ProviderError::Disconnected) => {
            revocations::finish(&mut tx, revocation.id).await?;
        }
        Err(error) => {
            let pause = MAX_PAUSE.min(SignedDuration::from_secs(1 << revocation.attempts.clamp(0, 12)));
            tracing::warn!(revocation.id = %revocation.id, %error, "a provider did not take a revocation; it is tried again");
            revocations::postpone(&mut tx, revocation, app.clock.now() + pause).await?;
        }
    }
    Ok(tx.commit().await?)
}

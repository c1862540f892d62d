//! Creates a draft for the owner of each won deal, if the company has enabled this.

use super::{
    Error,
    context::{TenantContext, UserContext},
    form,
};
use crate::{format::Writer, locale::Locale, state::App};
use domain::ids::DealId;
use jiff::{SignedDuration, Timestamp};
use providers::ProviderError;
use store::{
    drafts::{self, Origin},
    grants::{self, Profile},
    invoices::{self, InvoiceScope},
    quickbooks::{self, State},
    tenants,
};

/// Time before the cursor from which deals are read, because of clock skew.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// Companies in one sweep of one replica.
const MAX_COMPANIES: usize = 20;
/// The lease of a sweep, after which another replica continues. Not shorter than the timeout of the background task.
const LEASE_DURATION: SignedDuration = SignedDuration::from_mins(10);
/// The pause after the first failure; it doubles with each further one.
const MIN_PAUSE: SignedDuration = SignedDuration::from_secs(15);
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Drafts the won deals of all companies that have enabled it, and returns the number of drafts.
pub(crate) async fn sweep_won_deals(app: &App) -> Result<usize, Error> {
    let every = SignedDuration::from_secs(i64::from(app.config.pipedrive_poll_seconds));
    let mut made = 0;
    for _ in 0..MAX_COMPANIES {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let claimed = tenants::claim_won_sweep(&mut tx, now - every, now, now + LEASE_DURATION).await?;
        tx.commit().await?;
        let Some(claimed) = claimed else { break };
        let drafted = draft_won_deals(&TenantContext::new(app, claimed.tenant), claimed.until, &mut made).await;
        let mut tx = app.db.begin().await?;
        match drafted {
            Ok(()) => tenants::mark_won_swept(&mut tx, &claimed, now).await?,
            Err(error) => {
                tracing::warn!(tenant.id = %claimed.tenant.0, %error, "not all won deals were drafted");
                tenants::postpone_won_sweep(&mut tx, &claimed, app.clock.now() + compute_pause(claimed.failures))
                    .await?;
            }
        }
        tx.commit().await?;
    }
    Ok(made)
}

/// The pause after one more failure.
fn compute_pause(failures: i32) -> SignedDuration {
    MAX_PAUSE.min(MIN_PAUSE * (1 << failures.clamp(0, 12)))
}

/// Drafts the won deals of one company. A failure of one deal does not stop the others; it is returned if a retry may succeed.
async fn draft_won_deals(context: &TenantContext, until: Timestamp, made: &mut usize) -> Result<(), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let users = grants::list_users(&mut tx, tenant).await?;
    let connection = quickbooks::find_current(&mut tx, &app.vault, tenant).await?;
    drop(tx);
    // Administrators are listed first. They see all deals.
    let Some((asker, _)) = users.first().cloned() else { return Ok(()) };
    // A form needs the lists of the QuickBooks company. The deals are read once it is connected.
    match connection.map(|connection| connection.state) {
        Some(State::Active) => {}
        Some(State::NeedsReconnect) => return Err(Error::NeedsReconnect),
        Some(State::Disconnected) | None => return Err(Error::NotConnected),
    }
    let since = until - OVERLAP;
    let won = context.pipedrive_as(asker).call(async |api| api.read_won_deals_since(since).await);
    let (before, mut failed) = (*made, None);
    for (deal, owner) in won.await? {
        let draft_owner = users.iter().find(|(user, _)| Some(user.0) == owner).or(users.first());
        let Some((user, profile)) = draft_owner else { continue };
        match draft_deal(&context.as_user(*user), profile, deal).await {
            Ok(is_new) => *made += usize::from(is_new),
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, deal = deal.0, %error, "a won deal got no draft");
                if !is_final(&error) {
                    failed = Some(error);
                }
            }
        }
    }
    if *made > before {
        app.db.announce(tenant).await;
    }
    failed.map_or(Ok(()), Err)
}

/// Whether a retry would fail as well, because the provider refused something of this deal.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Pipedrive(ProviderError::Refused(_) | ProviderError::NotPermitted(_))
            | Error::QuickBooks(ProviderError::Refused(_) | ProviderError::NotPermitted(_))
    )
}

/// Drafts a deal, unless it has a draft or an invoice already.
async fn draft_deal(context: &UserContext, profile: &Profile, deal: DealId) -> Result<bool, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let mut tx = app.db.read().await?;
    let is_begun = drafts::find(&mut tx, tenant, deal, user).await?.is_some()
        || !invoices::list(&mut tx, tenant, InvoiceScope::Deal(deal)).await?.is_empty();
    drop(tx);
    if is_begun {
        return Ok(false);
    }
    let writer = Writer::new(Locale::of_user(&profile.locale, &profile.language));
    match Box::pin(form::open_draft_as(context, deal, writer, Origin::Prepared)).await {
        Ok(_) => Ok(true),
        // The deal was deleted or is hidden from that user.
        Err(Error::NotFound | Error::NotInstalled) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_with_each_failure() {
        let pauses = [0, 1, 2, 7, 8, i32::MAX].map(|failures| compute_pause(failures).as_secs());
        assert_eq!(pauses, [15, 30, 60, 1920, 3600, 3600]);
    }
}

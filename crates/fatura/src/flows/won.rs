//! A deal that is won gets a draft by itself, where the company wants it: its owner finds the form filled in.

use super::{Error, access, form};
use crate::{format::Writer, locale::Locale, state::App};
use domain::ids::{DealId, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{
    drafts::{self, Origin},
    grants::{self, Profile},
    invoices::{self, Of},
    tenants,
};

/// Somewhat before the last look: clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
const MOST: i64 = 20;

/// Looks for won deals of the companies that want drafts; how many were made.
pub(crate) async fn sweep(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let every = SignedDuration::from_secs(i64::from(app.config.pipedrive_poll_seconds));
    let mut tx = app.db.begin().await?;
    let unread = tenants::won_unread(&mut tx, now - every, now, MOST).await?;
    tx.commit().await?;
    let mut made = 0;
    for (tenant, until) in unread {
        match look(app, tenant, until).await {
            Ok(drafts) => made += drafts,
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, %error, "won deals were not looked at");
                let mut tx = app.db.begin().await?;
                tenants::won_again(&mut tx, tenant, until).await?;
                tx.commit().await?;
            }
        }
    }
    Ok(made)
}

async fn look(app: &App, tenant: TenantId, until: Timestamp) -> Result<usize, Error> {
    let mut tx = app.db.read().await?;
    let users = grants::users(&mut tx, tenant).await?;
    drop(tx);
    // Administrators come first: they see all deals.
    let Some((asker, _)) = users.first().cloned() else { return Ok(0) };
    let since = until - OVERLAP;
    let won =
        access::pipedrive(app, tenant, asker, |access| async move { access.api().read_won_deals_since(since).await });
    let mut made = 0;
    for (deal, owner) in won.await? {
        let whose = users.iter().find(|(user, _)| user.0 == owner).or(users.first());
        if let Some((user, profile)) = whose
            && draft(app, tenant, *user, profile, deal).await?
        {
            made += 1;
        }
    }
    if made > 0 {
        app.db.announce(tenant).await;
    }
    Ok(made)
}

/// Makes a draft, unless the deal was billed or begun already.
async fn draft(app: &App, tenant: TenantId, user: UserId, profile: &Profile, deal: DealId) -> Result<bool, Error> {
    let mut tx = app.db.read().await?;
    let is_begun = drafts::find(&mut tx, tenant, deal, user).await?.is_some()
        || !invoices::list(&mut tx, tenant, Of::Deal(deal)).await?.is_empty();
    drop(tx);
    if is_begun {
        return Ok(false);
    }
    let writer = Writer::new(Locale::of_user(&profile.locale, &profile.language));
    match Box::pin(form::open_as(app, tenant, user, deal, writer, Origin::Prepared)).await {
        Ok(_) => Ok(true),
        // Gone, or hidden from that user: there is nothing to draft.
        Err(Error::NotFound | Error::NotInstalled) => Ok(false),
        Err(error) => Err(error),
    }
}

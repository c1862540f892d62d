//! Rights of a user at the moment of an act, asked of Pipedrive anew: a demotion there works at once.

use super::{Error, context::UserContext, install};
use crate::state::App;
use domain::{
    ids::{DealId, TenantId, UserId},
    settings::AllowedUsers,
};
use providers::ProviderError;
use store::{
    grants::{self, Grant, Profile},
    tenants::{self, Tenant},
};

/// An identification of a tenant.
pub(crate) enum TenantKey {
    /// The id of the company in Pipedrive.
    Company(i64),
    /// Our own id.
    Id(TenantId),
}

/// A user who has the app installed, with their tenant. [`Error::NotInstalled`] for others.
pub(crate) async fn find_user(app: &App, key: TenantKey, user: UserId) -> Result<(Tenant, Grant), Error> {
    let mut tx = app.db.read().await?;
    let tenant = match key {
        TenantKey::Company(company) => tenants::find_installed_by_company(&mut tx, company).await?,
        TenantKey::Id(tenant) => tenants::find(&mut tx, tenant).await?,
    };
    let tenant = tenant.ok_or(Error::NotInstalled)?;
    let grant = grants::find(&mut tx, &app.vault, tenant.id, user).await?;
    Ok((tenant, grant.filter(|grant| grant.active).ok_or(Error::NotInstalled)?))
}

/// Asks Pipedrive for the user's profile and keeps it. A profile that cannot be kept counts all the same.
pub(crate) async fn read_profile(context: &UserContext) -> Result<Profile, Error> {
    let me = context.pipedrive().call(async |api| api.read_user().await).await?;
    let profile = install::profile(&me);
    if let Err(error) = keep_profile(context, &profile).await {
        tracing::warn!(tenant.id = %context.tenant.0, %error, "the user's profile was not kept");
    }
    Ok(profile)
}

async fn keep_profile(context: &UserContext, profile: &Profile) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let mut tx = app.db.begin().await?;
    grants::set_profile(&mut tx, tenant, user, profile, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// The profile of a user who is an administrator now. [`Error::AdminsOnly`] for others, [`Error::RightsUnknown`] where Pipedrive does not
/// answer.
pub(crate) async fn require_admin(context: &UserContext) -> Result<Profile, Error> {
    let profile = read_profile(context).await.map_err(|error| match error {
        Error::Pipedrive(error) => Error::RightsUnknown(error),
        Error::NotFound => Error::RightsUnknown(ProviderError::NotFound),
        other => other,
    })?;
    if profile.is_admin { Ok(profile) } else { Err(Error::AdminsOnly) }
}

/// Fails where a setting leaves an act to administrators and the user is none now.
pub(crate) async fn require(context: &UserContext, may: AllowedUsers) -> Result<(), Error> {
    match may {
        AllowedUsers::Everyone => Ok(()),
        AllowedUsers::Admins => require_admin(context).await.map(drop),
    }
}

/// Fails with [`Error::NotFound`] where the user may not see a deal: asked of Pipedrive, at most [`crate::state::DEAL_VISIBILITY_LIFE`] ago.
pub(crate) async fn require_visible(context: &UserContext, deal: DealId) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let key = (tenant, user, deal);
    if app.visible_deals.get(&key).await.is_some() {
        return Ok(());
    }
    context.pipedrive().call(async |api| api.read_deal_parties(deal).await).await?;
    app.visible_deals.insert(key, ()).await;
    Ok(())
}

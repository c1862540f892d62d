//! Checks the rights of a user with Pipedrive at each action, so that a demotion there has an immediate effect.

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

/// A key of a tenant.
pub(crate) enum TenantKey {
    /// The id of the company in Pipedrive.
    Company(i64),
    /// Our own id.
    Id(TenantId),
}

/// Finds a user who has installed the app, with their tenant. Fails with [`Error::NotInstalled`] for others.
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

/// Reads the user's profile from Pipedrive and stores it. It is returned even if it cannot be stored.
pub(crate) async fn read_profile(context: &UserContext) -> Result<Profile, Error> {
    let me = context.pipedrive().call(async |api| api.read_user().await).await?;
    let profile = install::profile(&me);
    if let Err(error) = store_profile(context, &profile).await {
        tracing::warn!(tenant.id = %context.tenant.0, %error, "the user's profile was not stored");
    }
    Ok(profile)
}

async fn store_profile(context: &UserContext, profile: &Profile) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let mut tx = app.db.begin().await?;
    grants::set_profile(&mut tx, tenant, user, profile, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads the profile of an administrator. Fails with [`Error::AdminsOnly`] for other users, and with [`Error::RightsUnknown`] if Pipedrive does
/// not answer.
pub(crate) async fn require_admin(context: &UserContext) -> Result<Profile, Error> {
    let profile = read_profile(context).await.map_err(|error| match error {
        Error::Pipedrive(error) => Error::RightsUnknown(error),
        Error::NotFound => Error::RightsUnknown(ProviderError::NotFound),
        other => other,
    })?;
    if profile.is_admin { Ok(profile) } else { Err(Error::AdminsOnly) }
}

/// Fails if a setting restricts an action to administrators and the user is none.
pub(crate) async fn require(context: &UserContext, may: AllowedUsers) -> Result<(), Error> {
    match may {
        AllowedUsers::Everyone => Ok(()),
        AllowedUsers::Admins => require_admin(context).await.map(drop),
    }
}

/// Fails with [`Error::NotFound`] if the user may not see a deal. Pipedrive's answer is cached for [`crate::state::DEAL_VISIBILITY_TTL`].
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

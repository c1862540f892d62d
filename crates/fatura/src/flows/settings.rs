//! A company's settings.

use super::{Error, access};
use crate::state::App;
use domain::{
    ids::{TenantId, UserId},
    mapping::{Entity, Field, Settings},
};
use serde_json::json;
use store::{audit, settings};

/// The saved settings, or the defaults.
pub(crate) async fn current(app: &App, tenant: TenantId) -> Result<Settings, Error> {
    let mut tx = app.db.read().await?;
    Ok(settings::find(&mut tx, tenant).await?.unwrap_or_default())
}

/// The company's fields that a setting can use, of all three kinds of record.
pub(crate) async fn fields(app: &App, tenant: TenantId, user: UserId) -> Result<Vec<Field>, Error> {
    access::pipedrive(app, tenant, user, |access| async move {
        let mut all = Vec::new();
        for entity in Entity::ALL {
            all.extend(access.api().fields(entity).await?);
        }
        Ok(all)
    })
    .await
}

/// Saves the settings.
pub(crate) async fn save(app: &App, tenant: TenantId, user: UserId, chosen: &Settings) -> Result<(), Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    settings::save(&mut tx, tenant, chosen, user, now).await?;
    audit::record(&mut tx, tenant, Some(user), "settings saved", None, &json!({}), now).await?;
    tx.commit().await?;
    Ok(())
}

//! A tenant's settings, as one document.

use crate::{Error, Tx, db::on, time::micros};
use domain::{
    ids::{TenantId, UserId},
    settings::Settings,
};
use jiff::Timestamp;

/// The saved settings; `None` before the first save.
pub async fn find(tx: &mut Tx, tenant: TenantId) -> Result<Option<Settings>, Error> {
    let data: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT data FROM settings WHERE tenant_id = $1").bind(tenant.0).fetch_optional(c).await)?;
    data.map(|data| serde_json::from_str(&data).map_err(|_| Error::Unreadable("settings"))).transpose()
}

/// Saves the settings.
pub async fn save(tx: &mut Tx, tenant: TenantId, settings: &Settings, by: UserId, now: Timestamp) -> Result<(), Error> {
    let data = serde_json::to_string(settings).map_err(|_| Error::Unreadable("settings"))?;
    on!(tx, c => sqlx::query(
        "INSERT INTO settings (tenant_id, data, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at, updated_by = excluded.updated_by")
        .bind(tenant.0).bind(data).bind(micros(now)).bind(by.0).execute(c).await.map(drop))?;
    Ok(())
}

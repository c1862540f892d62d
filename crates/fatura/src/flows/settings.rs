//! A company's settings.

use super::{
    Error,
    context::{TenantContext, UserContext},
};
use crate::{
    security::{self, Event},
    state::App,
};
use domain::{
    ids::{DealId, TenantId, UserId},
    mapping::{CustomerDetails, Entity, Field, fill_customer_details, replace_option_ids},
    settings::Settings,
};
use jiff::Timestamp;
use providers::pipedrive::ListedDeal;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Tx, audit, settings, tenants};

/// Finds the saved settings, or returns the defaults.
pub(crate) async fn find_settings(context: &TenantContext) -> Result<Settings, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(settings::find(&mut tx, context.tenant).await?.unwrap_or_default())
}

/// Lists the fields of all three kinds of record, at most a few minutes old.
pub(crate) async fn list_fields(context: &UserContext) -> Result<Arc<Vec<Field>>, Error> {
    match context.app.fields.get(&context.tenant).await {
        Some(cached) => Ok(cached),
        None => read_fields(context).await,
    }
}

/// Reads the current fields, for the choice in the settings.
pub(crate) async fn read_fields(context: &UserContext) -> Result<Arc<Vec<Field>>, Error> {
    let read = context.pipedrive().call(async |api| {
        let mut all = Vec::new();
        for entity in Entity::ALL {
            all.extend(api.read_fields(entity).await?);
        }
        Ok(all)
    });
    let read = Arc::new(read.await?);
    context.app.fields.insert(context.tenant, Arc::clone(&read)).await;
    Ok(read)
}

/// Lists the newest open deals of this user, for trying out the settings.
pub(crate) async fn list_latest_deals(context: &UserContext) -> Result<Vec<ListedDeal>, Error> {
    context.pipedrive().call(async |api| api.read_newest_deals().await).await
}

/// Fills in the customer details of a deal with these settings.
pub(crate) async fn try_out(context: &UserContext, deal: DealId, chosen: &Settings) -> Result<CustomerDetails, Error> {
    let (mut deal, fields) =
        tokio::try_join!(Box::pin(super::form::read_deal(context, deal)), Box::pin(list_fields(context)))?;
    replace_option_ids(&mut deal.values, &fields);
    Ok(fill_customer_details(&chosen.mapping, &deal.values))
}

/// The outcome of saving.
pub(crate) enum Outcome {
    Saved,
    /// Nothing was saved, because another user has saved these settings since.
    ChangedSince(Box<Settings>),
}

/// Computes the fingerprint of settings, which identifies the state that a user saw.
pub(crate) fn compute_fingerprint(app: &App, settings: &Settings) -> String {
    app.vault.digest("settings", &json!(settings).to_string())
}

/// Saves the settings. With `seen`, only if it is the fingerprint of the current ones.
pub(crate) async fn save(context: &UserContext, chosen: &Settings, seen: Option<&str>) -> Result<Outcome, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let current = settings::find(&mut tx, tenant).await?.unwrap_or_default();
    if seen.is_some_and(|seen| seen != compute_fingerprint(app, &current)) {
        return Ok(Outcome::ChangedSince(Box::new(current)));
    }
    save_and_audit(&mut tx, tenant, user, chosen, now).await?;
    tenants::watch_won_deals(&mut tx, tenant, chosen.draft_on_won.then_some(now)).await?;
    tx.commit().await?;
    security::record(Event::SettingsChanged, Some(tenant));
    Ok(Outcome::Saved)
}

/// Saves settings, and records it in the audit.
pub(super) async fn save_and_audit(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    chosen: &Settings,
    now: Timestamp,
) -> Result<(), Error> {
    settings::save(tx, tenant, chosen, user, now).await?;
    Ok(audit::record(tx, tenant, Some(user), "settings saved", None, &without_addresses(chosen), now).await?)
}

/// The settings for the audit, which contains no e-mail addresses: recipients of copies are replaced by whether there are any.
fn without_addresses(chosen: &Settings) -> Value {
    let mut detail = json!(chosen);
    for preset in detail["presets"].as_array_mut().into_iter().flatten() {
        let has_copies = preset["cc"].as_str().is_some_and(|cc| !cc.is_empty());
        preset["cc"] = json!(has_copies);
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::settings::Preset;

    #[test]
    fn the_audit_contains_no_addresses() {
        let preset = |cc: &str| Preset { name: "Retainer".into(), cc: cc.into(), ..Preset::default() };
        let chosen = Settings { presets: vec![preset("ana@example.com"), preset("")], ..Settings::default() };
        let detail = without_addresses(&chosen);
        assert!(!detail.to_string().contains('@'), "{detail}");
        assert_eq!([&detail["presets"][0]["cc"], &detail["presets"][1]["cc"]], [true, false]);
        assert_eq!(detail["presets"][0]["name"], "Retainer");
    }
}

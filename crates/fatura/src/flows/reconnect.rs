//! Notifies the administrators that QuickBooks has to be connected again, by one task for each of them in Pipedrive. The tasks are marked as
//! done when QuickBooks is connected.

use super::{
    Error,
    context::{TenantContext, UserContext},
};
use crate::{format::Writer, locale::Locale};
use engine::Attempt;
use i18n_embed_fl::fl;
use providers::ProviderError;
use store::{
    grants::{self, Profile},
    quickbooks::{self, State},
    tenants,
};

/// Creates or finishes the administrators' tasks, by the current state of the connection. Idempotent.
pub(crate) async fn notify_admins(context: &TenantContext) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let company = tenants::find(&mut tx, tenant).await?.ok_or(Error::NotFound)?;
    let current = quickbooks::find_current(&mut tx, &app.vault, tenant).await?;
    let users = grants::list_users(&mut tx, tenant).await?;
    drop(tx);
    let is_needed = current.is_some_and(|connection| connection.state == State::NeedsReconnect);
    let page = app.config.settings_page(&company.company_domain);
    for (admin, profile) in users.into_iter().filter(|(_, profile)| profile.is_admin) {
        match update_task(&context.as_user(admin), &profile, &page, is_needed).await {
            Ok(()) => {}
            // The administrator has left, or the app has no scope for activities. The panel and the settings show the problem as well.
            Err(
                Error::NotInstalled
                | Error::NotFound
                | Error::Pipedrive(ProviderError::Refused(_) | ProviderError::NotPermitted(_)),
            ) => {
                tracing::warn!(tenant.id = %tenant.0, "an administrator's task was not written");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Attempt::Done)
}

async fn update_task(context: &UserContext, profile: &Profile, page: &str, is_needed: bool) -> Result<(), Error> {
    let w = Writer::new(Locale::of_user(&profile.locale, &profile.language));
    let subject = fl!(w.t, "reconnect-task");
    let note = format!(r#"<p>{}</p><p><a href="{page}">{page}</a></p>"#, fl!(w.t, "reconnect-task-text"));
    let today = context.app.clock.now().to_zoned(profile.zone()).date();
    context
        .pipedrive()
        .call(async |api| {
            let open = api.find_open_tasks(context.user, &subject).await?;
            if is_needed && open.is_empty() {
                return api.create_task(context.user, &subject, &note, today).await;
            }
            for task in open.into_iter().filter(|_| !is_needed) {
                api.finish_task(task).await?;
            }
            Ok(())
        })
        .await
}

//! Deals that were merged in Pipedrive: what was billed on the one that is gone belongs to the one that is left.
//!
//! Pipedrive says of a merger only that one deal is deleted and another has changed. But the notes of a deal go along, ours among
//! them: a note that was written for another deal, which is gone, tells where that has gone to.

use super::{Error, access, write_back};
use crate::state::App;
use domain::ids::{DealId, TenantId, UserId};
use serde_json::json;
use std::time::Duration;
use store::{audit, merges};

/// A deal is not looked at again for so long.
pub(crate) const LOOKED_AT: Duration = Duration::from_secs(60);

/// Before a form opens: whatever was billed on deals that have been merged into this one counts. Where it cannot be found out,
/// the form opens all the same.
pub(crate) async fn follow(app: &App, tenant: TenantId, user: UserId, deal: DealId) {
    if app.merges.get(&(tenant, deal)).await.is_some() {
        return;
    }
    match look(app, tenant, user, deal).await {
        Ok(()) => app.merges.insert((tenant, deal), ()).await,
        Err(error) => tracing::info!(tenant.id = %tenant.0, %error, "deals that were merged were not looked for"),
    }
}

/// Before a panel is shown: the same, where the organization or the person was billed on other deals.
pub(crate) async fn follow_party(
    app: &App,
    tenant: TenantId,
    user: UserId,
    deal: DealId,
    (organization, person): (Option<i64>, Option<i64>),
) -> Result<(), Error> {
    let mut tx = app.db.read().await?;
    let has_others = merges::has_others(&mut tx, tenant, deal, organization, person).await?;
    drop(tx);
    if has_others {
        follow(app, tenant, user, deal).await;
    }
    Ok(())
}

async fn look(app: &App, tenant: TenantId, user: UserId, deal: DealId) -> Result<(), Error> {
    let notes =
        access::pipedrive(app, tenant, user, |access| async move { access.api().newest_notes(deal).await }).await?;
    let mut tx = app.db.read().await?;
    let merged = merges::written_in(&mut tx, tenant, &notes, deal).await?;
    drop(tx);
    for from in merged {
        let still = access::pipedrive(app, tenant, user, |access| async move { access.api().deal_parties(from).await });
        match still.await {
            Err(Error::NotFound) => {}
            // Somebody has moved a note by hand.
            Ok(_) => continue,
            Err(error) => return Err(error),
        }
        let mut tx = app.db.begin().await?;
        let invoices = merges::follow(&mut tx, tenant, from, deal).await?;
        let detail = json!({ "from": from.0, "to": deal.0, "invoices": invoices });
        audit::record(&mut tx, tenant, Some(user), "invoices followed a merged deal", None, &detail, app.clock.now())
            .await?;
        write_back::ask(app, &mut tx, tenant, deal, user).await?;
        tx.commit().await?;
        app.db.announce(tenant).await;
    }
    Ok(())
}

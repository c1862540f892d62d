//! Deals, organizations and persons that were merged in Pipedrive: what was billed on the one that is gone belongs to the one that
//! is left.
//!
//! Pipedrive says of a merger only that one record is deleted and another has changed. But the notes of a deal go along, ours among
//! them: a note that was written for another deal, which is gone, tells where that has gone to. And the deals of an organization or a
//! person go along: invoices are those of whom their deal belongs to now.

use super::{Error, access, write_back};
use crate::state::App;
use domain::{
    ids::{DealId, TenantId, UserId},
    mapping::Entity,
};
use providers::pipedrive::DealParties;
use serde_json::json;
use store::{audit, links::Party, merges};

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

/// Before a deal's panel is shown: the same, where its organization or person was billed on other deals; and its invoices are theirs.
pub(crate) async fn follow_deal(app: &App, tenant: TenantId, user: UserId, deal: DealParties) -> Result<(), Error> {
    let mut tx = app.db.read().await?;
    let has_others = merges::has_others(&mut tx, tenant, DealId(deal.id), deal.organization, deal.person).await?;
    drop(tx);
    if has_others {
        follow(app, tenant, user, DealId(deal.id)).await;
    }
    follow_owners(app, tenant, user, &[deal]).await;
    Ok(())
}

/// Before the panel of an organization or a person is shown: the invoices of the deals that they have now are theirs. Where it
/// cannot be found out, the panel is shown all the same.
pub(crate) async fn follow_party(app: &App, tenant: TenantId, user: UserId, entity: Entity, id: i64) {
    let deals =
        access::pipedrive(app, tenant, user, |access| async move { access.api().read_latest_deals(entity, id).await });
    match deals.await {
        Ok(deals) => follow_owners(app, tenant, user, &deals).await,
        Err(error) => tracing::info!(tenant.id = %tenant.0, %error, "the deals of a party were not looked for"),
    }
}

/// Invoices belong to whom their deals belong to now. Where the organization or the person of before was deleted, it was merged into the
/// present one, which is billed as the same customer from now on, unless it has its own. Where it cannot be found out, all stays.
pub(crate) async fn follow_owners(app: &App, tenant: TenantId, user: UserId, deals: &[DealParties]) {
    if let Err(error) = give(app, tenant, user, deals).await {
        tracing::info!(tenant.id = %tenant.0, %error, "parties that were merged were not looked for");
    }
}

async fn give(app: &App, tenant: TenantId, user: UserId, deals: &[DealParties]) -> Result<(), Error> {
    let ids: Vec<i64> = deals.iter().map(|deal| deal.id).collect();
    let mut tx = app.db.read().await?;
    let kept = merges::parties(&mut tx, tenant, &ids).await?;
    drop(tx);
    for (deal, before) in kept {
        let Some(now) = deals.iter().find(|now| now.id == deal.0).map(|now| (now.organization, now.person)) else {
            continue;
        };
        if before == now {
            continue;
        }
        let pairs = [
            (Entity::Organization, Party::Organization as fn(i64) -> Party, before.0.zip(now.0)),
            (Entity::Person, Party::Person, before.1.zip(now.1)),
        ];
        let mut merged = Vec::new();
        for (entity, party, pair) in pairs {
            let Some((gone, heir)) = pair.filter(|(gone, heir)| gone != heir) else { continue };
            let is_deleted =
                access::pipedrive(
                    app,
                    tenant,
                    user,
                    |access| async move { access.api().is_deleted(entity, gone).await },
                );
            // Else the deal was given to somebody else.
            if is_deleted.await? {
                merged.push((party(gone), party(heir)));
            }
        }
        let mut tx = app.db.begin().await?;
        merges::belongs(&mut tx, tenant, deal, now).await?;
        for (gone, heir) in merged {
            if merges::inherit(&mut tx, tenant, gone, heir).await? > 0 {
                let detail = json!({ "from": format!("{gone:?}"), "to": format!("{heir:?}") });
                let now = app.clock.now();
                audit::record(&mut tx, tenant, Some(user), "customer followed a merged party", None, &detail, now)
                    .await?;
            }
        }
        tx.commit().await?;
        app.db.announce(tenant).await;
    }
    Ok(())
}

async fn look(app: &App, tenant: TenantId, user: UserId, deal: DealId) -> Result<(), Error> {
    let notes =
        access::pipedrive(app, tenant, user, |access| async move { access.api().read_newest_notes(deal).await })
            .await?;
    let mut tx = app.db.read().await?;
    let merged = merges::written_in(&mut tx, tenant, &notes, deal).await?;
    drop(tx);
    for from in merged {
        let still =
            access::pipedrive(app, tenant, user, |access| async move { access.api().read_deal_parties(from).await });
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

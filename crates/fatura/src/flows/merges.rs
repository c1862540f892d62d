//! Reassigns the invoices of deals, organizations and persons that were merged in Pipedrive.
//!
//! Pipedrive reports a merge only as one deleted and one changed record. But a merge moves the notes of a deal, ours among them: a note
//! that was written for a deleted deal identifies the deal that it was merged into. A merge also moves the deals of an organization or a
//! person: invoices belong to the current parties of their deal.

use super::{Error, context::UserContext, write_back};
use domain::{ids::DealId, mapping::Entity};
use providers::pipedrive::DealParties;
use serde_json::json;
use store::{audit, links::Party, merges};

/// Moves the invoices of deals that were merged into this one. Call it before a form opens. A failure is logged, and the form opens.
pub(crate) async fn try_move_merged_deals(context: &UserContext, deal: DealId) {
    let (app, tenant) = (&context.app, context.tenant);
    if app.merges.get(&(tenant, deal)).await.is_some() {
        return;
    }
    match move_merged_deals(context, deal).await {
        Ok(()) => app.merges.insert((tenant, deal), ()).await,
        Err(error) => {
            tracing::info!(tenant.id = %tenant.0, %error, "merged deals were not looked up");
        }
    }
}

/// For the panel of a deal: [`try_move_merged_deals`] if its organization or person has invoices in other deals, which saves a call
/// otherwise, and then [`try_reassign_invoices`].
pub(crate) async fn refresh_parties_of_deal(context: &UserContext, deal: DealParties) -> Result<(), Error> {
    let mut tx = context.app.db.read().await?;
    let has_others =
        merges::has_invoices_in_other_deals(&mut tx, context.tenant, DealId(deal.id), deal.organization, deal.person)
            .await?;
    drop(tx);
    if has_others {
        try_move_merged_deals(context, DealId(deal.id)).await;
    }
    try_reassign_invoices(context, &[deal]).await;
    Ok(())
}

/// Reassigns the invoices of the current deals of an organization or a person, for its panel. A failure is logged.
pub(crate) async fn refresh_deals_of_party(context: &UserContext, entity: Entity, id: i64) {
    let deals = context.pipedrive().call(async |api| api.read_latest_deals(entity, id).await);
    match deals.await {
        Ok(deals) => try_reassign_invoices(context, &deals).await,
        Err(error) => tracing::info!(tenant.id = %context.tenant.0, %error, "the deals of a party were not looked up"),
    }
}

/// Assigns the invoices of these deals to the current organization and person. If the former one was deleted, it was merged into the
/// current one, which gets its customer link unless it has one. A failure is logged.
pub(crate) async fn try_reassign_invoices(context: &UserContext, deals: &[DealParties]) {
    if let Err(error) = reassign_invoices(context, deals).await {
        tracing::info!(tenant.id = %context.tenant.0, %error, "merged parties were not looked up");
    }
}

async fn reassign_invoices(context: &UserContext, deals: &[DealParties]) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let ids: Vec<i64> = deals.iter().map(|deal| deal.id).collect();
    let mut tx = app.db.read().await?;
    let stored = merges::list_parties(&mut tx, tenant, &ids).await?;
    drop(tx);
    for (deal, before) in stored {
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
            let Some((old, new)) = pair.filter(|(old, new)| old != new) else { continue };
            let is_deleted = context.pipedrive().call(async |api| api.is_deleted(entity, old).await);
            // Otherwise the deal was moved, and the customer link stays.
            if is_deleted.await? {
                merged.push((party(old), party(new)));
            }
        }
        let mut tx = app.db.begin().await?;
        merges::set_parties(&mut tx, tenant, deal, now).await?;
        for (old, new) in merged {
            if merges::move_customers(&mut tx, tenant, old, new).await? > 0 {
                let detail = json!({ "from": format!("{old:?}"), "to": format!("{new:?}") });
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

async fn move_merged_deals(context: &UserContext, deal: DealId) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let notes = context.pipedrive().call(async |api| api.read_newest_notes(deal).await).await?;
    let mut tx = app.db.read().await?;
    let merged = merges::list_deals_of_notes(&mut tx, tenant, &notes, deal).await?;
    drop(tx);
    for from in merged {
        let read = context.pipedrive().call(async |api| api.read_deal_parties(from).await);
        match read.await {
            Err(Error::NotFound) => {}
            // The deal still exists: a user has moved the note.
            Ok(_) => continue,
            Err(error) => return Err(error),
        }
        let mut tx = app.db.begin().await?;
        let invoices = merges::move_deal(&mut tx, tenant, from, deal).await?;
        let detail = json!({ "from": from.0, "to": deal.0, "invoices": invoices });
        audit::record(&mut tx, tenant, Some(user), "invoices followed a merged deal", None, &detail, app.clock.now())
            .await?;
        write_back::request_write_back(context, &mut tx, deal, user).await?;
        tx.commit().await?;
        app.db.announce(tenant).await;
    }
    Ok(())
}

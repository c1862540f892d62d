//! The content of a panel: the invoices of a deal, a person or an organization, and the customer that is billed.

use super::{
    Error,
    context::{TenantContext, UserContext},
    form::to_party,
    merges, rights, settings, sync,
};
use crate::clock::Clock;
use domain::{
    ids::{DealId, InvoiceId, UserId},
    invoice::Snapshot,
    mapping::Entity,
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use providers::pipedrive::ListedDeal;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use store::{
    audit,
    changes::{self, SyncState},
    drafts::{self, Origin},
    invoice_actions::{self, StoredAction},
    invoices::{self, Invoice, InvoiceScope, State},
    links::{self, LinkedCustomer, Party},
    quickbooks::{self, Connection},
};
use uuid::Uuid;

/// Time in which a panel shows a refused action at its invoice.
const REFUSAL_DISPLAY_DURATION: SignedDuration = SignedDuration::from_mins(10);
/// Won deals without an invoice that are offered for billing.
const MAX_DEALS_TO_BILL: usize = 10;
/// Won deals with an invoice that are offered for billing.
const MAX_BILLED_DEALS: usize = 10;

/// A record of Pipedrive that has a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) entity: Entity,
    pub(crate) id: i64,
}

impl Record {
    /// The scope of its invoices.
    pub(crate) fn scope(self) -> InvoiceScope {
        match self.entity {
            Entity::Deal => InvoiceScope::Deal(DealId(self.id)),
            Entity::Person => InvoiceScope::Person(self.id),
            Entity::Organization => InvoiceScope::Organization(self.id),
        }
    }
}

/// The content of a panel.
pub(crate) struct PanelContent {
    /// Newest first.
    pub(crate) invoices: Vec<Invoice>,
    /// The last recent action on each invoice.
    pub(crate) actions: HashMap<Uuid, StoredAction>,
    /// The connections of the invoices, and the current one.
    pub(crate) connections: Vec<Connection>,
    /// The current connection.
    pub(crate) current: Option<Connection>,
    /// The sync state of the current connection.
    pub(crate) known: Option<SyncState>,
    /// The customer that is billed.
    pub(crate) linked: Option<LinkedCustomer>,
    pub(crate) settings: Settings,
    /// The time at which this user's draft of the deal was last saved.
    pub(crate) draft: Option<Timestamp>,
}

impl PanelContent {
    /// The snapshots of the issued invoices, each with the current date of its QuickBooks company.
    pub(crate) fn snapshots(&self, clock: &Clock) -> impl Iterator<Item = (&Snapshot, Date)> {
        self.invoices.iter().filter_map(|invoice| {
            let State::Issued(snapshot) = &invoice.state else { return None };
            let connection = self.connection(invoice);
            let zone = connection.map(|connection| connection.company.time_zone.as_str()).unwrap_or_default();
            Some((snapshot, clock.today(zone)))
        })
    }

    /// The connection of an invoice, which may be disconnected since.
    pub(crate) fn connection(&self, invoice: &Invoice) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == invoice.connection)
    }
}

/// Reassigns the invoices of records that were merged into this one, and finds its party. Fails with [`Error::NotFound`] if this user may not
/// see the record.
async fn refresh_party(context: &UserContext, record: Record) -> Result<Option<Party>, Error> {
    let Record { entity, id } = record;
    if entity == Entity::Deal {
        let deal = context.pipedrive().call(async |api| api.read_deal_parties(DealId(id)).await);
        let deal = deal.await?;
        merges::refresh_parties_of_deal(context, deal).await?;
        return Ok(to_party(deal.organization, deal.person));
    }
    context.pipedrive().call(async |api| api.read_name(entity, id).await).await?;
    merges::refresh_deals_of_party(context, entity, id).await;
    Ok(Some(if entity == Entity::Person { Party::Person(id) } else { Party::Organization(id) }))
}

/// Reads a panel without the invoices of deals that this user may not see.
pub(crate) async fn read_panel(context: &UserContext, record: Record) -> Result<PanelContent, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let party = refresh_party(context, record).await?;
    let settings = settings::find_settings(context).await?;
    let mut tx = app.db.read().await?;
    let mut invoices = invoices::list(&mut tx, tenant, record.scope()).await?;
    let current = quickbooks::find_current(&mut tx, &app.vault, tenant).await?;
    let actions = invoice_actions::list_recent(&mut tx, tenant, app.clock.now() - REFUSAL_DISPLAY_DURATION).await?;
    let mut connections: Vec<Connection> = current.iter().cloned().collect();
    let through: HashSet<_> = invoices.iter().map(|invoice| invoice.connection).collect();
    for id in through {
        if !connections.iter().any(|connection| connection.id == id) {
            connections.extend(quickbooks::find(&mut tx, &app.vault, tenant, id).await?);
        }
    }
    let (mut known, mut linked) = (None, None);
    if let Some(connection) = &current {
        known = changes::find(&mut tx, tenant, connection.id).await?;
        if let Some(party) = party {
            linked = links::find_customer(&mut tx, tenant, connection.id, party).await?;
        }
    }
    let draft = match record.scope() {
        InvoiceScope::Deal(deal) => drafts::find(&mut tx, tenant, deal, user)
            .await?
            .filter(|draft| draft.origin != Origin::Opened)
            .map(|draft| draft.saved_at),
        _ => None,
    };
    drop(tx);
    if let Some(connection) = current.as_ref().filter(|connection| connection.state == quickbooks::State::Active) {
        // The panel is shown even if this fails, for example because the disk is full.
        if let Err(error) = sync::mark_outdated_company(context, connection.id, known).await {
            tracing::warn!(tenant.id = %tenant.0, %error, "a sync of the company was not requested");
        }
    }
    if record.entity != Entity::Deal && !invoices.is_empty() {
        let mut deals: Vec<i64> = invoices.iter().map(|invoice| invoice.deal.0).collect();
        deals.sort_unstable();
        deals.dedup();
        let visible = context.pipedrive().call(async |api| api.filter_visible_deals(&deals).await);
        let visible: HashSet<i64> = visible.await?.into_iter().collect();
        invoices.retain(|invoice| visible.contains(&invoice.deal.0));
    }
    let actions = actions.into_iter().map(|action| (action.request.invoice.0, action)).collect();
    Ok(PanelContent { invoices, actions, connections, current, known, linked, settings, draft })
}

/// A deal of a person or an organization that can be billed.
pub(crate) struct Billable {
    pub(crate) deal: ListedDeal,
    pub(crate) is_won: bool,
    /// The number of its invoices that are neither voided nor deleted nor refused.
    pub(crate) invoices: usize,
}

/// Lists the deals of a person or an organization that this user may see: first won deals without an invoice, then open deals, then won deals
/// with an invoice. Lost deals are left out. Fails with [`Error::NotFound`] if the user may not see the record.
pub(crate) async fn list_billable_deals(context: &UserContext, record: Record) -> Result<Vec<Billable>, Error> {
    let Record { entity, id } = record;
    let (won, open) = context
        .pipedrive()
        .call(async |api| {
            let check_visible = async {
                match entity {
                    Entity::Deal => api.read_deal_parties(DealId(id)).await.map(drop),
                    Entity::Person | Entity::Organization => api.read_name(entity, id).await.map(drop),
                }
            };
            let ((), won, open) =
                tokio::try_join!(check_visible, api.read_won_deals(entity, id), api.read_open_deals(entity, id))?;
            Ok((won, open))
        })
        .await?;
    let mut tx = context.app.db.read().await?;
    let mut invoices: HashMap<i64, usize> = HashMap::new();
    for invoice in invoices::list(&mut tx, context.tenant, record.scope()).await? {
        let counts = match &invoice.state {
            State::Issued(snapshot) => !snapshot.voided && !snapshot.deleted,
            State::Queued | State::Sending => true,
            State::Refused(_) => false,
        };
        *invoices.entry(invoice.deal.0).or_default() += usize::from(counts);
    }
    drop(tx);
    let to_billable = |deals: Vec<ListedDeal>, is_won| {
        deals.into_iter().map(move |deal| (deal, is_won)).map(|(deal, is_won)| {
            let invoices = invoices.get(&deal.id).copied().unwrap_or_default();
            Billable { deal, is_won, invoices }
        })
    };
    let (billed, to_bill): (Vec<Billable>, Vec<Billable>) = to_billable(won, true).partition(|won| won.invoices > 0);
    // Deals that were won before the app was installed have no invoices either. The limit leaves room for the other deals.
    let to_bill = to_bill.into_iter().take(MAX_DEALS_TO_BILL);
    let open = to_billable(open, false).collect::<Vec<_>>();
    Ok(to_bill.chain(open).chain(billed.into_iter().take(MAX_BILLED_DEALS)).collect())
}

/// Removes the link between a record and its customer. The invoices stay.
pub(crate) async fn unlink_customer(context: &UserContext, record: Record) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let party = refresh_party(context, record).await?.ok_or(Error::NotFound)?;
    let mut tx = app.db.begin().await?;
    let connection = quickbooks::find_current(&mut tx, &app.vault, tenant).await?.ok_or(Error::NotConnected)?;
    links::unlink_customer(&mut tx, tenant, connection.id, party).await?;
    let detail = json!({ "entity": record.entity.name(), "id": record.id });
    audit::record(&mut tx, tenant, Some(user), "customer unlinked", None, &detail, app.clock.now()).await?;
    tx.commit().await?;
    app.db.announce(tenant).await;
    Ok(())
}

/// Whether an invoice is not in QuickBooks and will not be sent: it was refused, or was parked before it was sent.
fn is_unsent(invoice: &Invoice) -> bool {
    match invoice.state {
        State::Refused(_) => true,
        State::Queued => invoice.park_reason.is_some(),
        State::Sending | State::Issued(_) => false,
    }
}

/// Whether this user may remove an invoice: it is unsent, and the user is its creator or an administrator.
pub(crate) fn may_remove(invoice: &Invoice, user: UserId, is_admin: bool) -> bool {
    is_unsent(invoice) && (is_admin || invoice.created_by == user)
}

/// The outcome of a request to remove an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    /// A refused invoice was removed.
    Refused,
    /// A parked invoice was removed.
    Unsent,
    /// Nothing was removed, because the invoice is being retried.
    TriedAgain,
}

/// Removes an unsent invoice from the panels. Fails with [`Error::AdminsOnly`] if it is a colleague's and the user is no administrator.
pub(crate) async fn remove_unsent(context: &UserContext, id: InvoiceId) -> Result<Removal, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let invoice = find_visible(context, id).await?;
    if invoice.created_by != user {
        rights::require_admin(context).await?;
    }
    let removal = if matches!(invoice.state, State::Refused(_)) { Removal::Refused } else { Removal::Unsent };
    let mut tx = app.db.begin().await?;
    if invoices::remove_unsent(&mut tx, tenant, id).await? {
        let is_refused = removal == Removal::Refused;
        let action = if is_refused { "refused invoice removed" } else { "unsent invoice removed" };
        audit::record(&mut tx, tenant, Some(user), action, Some(id), &json!({}), app.clock.now()).await?;
        tx.commit().await?;
        app.db.announce(tenant).await;
        return Ok(removal);
    }
    // An earlier click may have removed it. A removed invoice is read as refused.
    let is_removed =
        invoices::find(&mut tx, tenant, id).await?.is_some_and(|now| matches!(now.state, State::Refused(_)));
    Ok(if is_removed { removal } else { Removal::TriedAgain })
}

/// Fails with [`Error::NotFound`] if this user may not see an invoice. Its creator may see it while Pipedrive does not answer.
pub(crate) async fn require_visible(context: &UserContext, id: InvoiceId) -> Result<(), Error> {
    let mut tx = context.app.db.read().await?;
    let found = invoices::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    match rights::require_visible(context, found.deal).await {
        Err(Error::Pipedrive(_)) if found.created_by == context.user => Ok(()),
        other => other,
    }
}

/// Finds the last refusal of an invoice by QuickBooks, with the code and Intuit's id of the call.
pub(crate) async fn find_last_refusal(
    context: &TenantContext,
    id: InvoiceId,
) -> Result<Option<(Timestamp, Value)>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(audit::find_last_refusal(&mut tx, context.tenant, id).await?)
}

/// Finds an invoice. Fails with [`Error::NotFound`] if this user may not see its deal.
pub(crate) async fn find_visible(context: &UserContext, invoice: InvoiceId) -> Result<Invoice, Error> {
    let mut tx = context.app.db.read().await?;
    let found = invoices::find(&mut tx, context.tenant, invoice).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let deal = found.deal;
    context.pipedrive().call(async |api| api.read_deal_parties(deal).await).await?;
    Ok(found)
}

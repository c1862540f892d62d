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
    acts::{self, StoredAct},
    audit,
    changes::{self, SyncState},
    drafts::{self, Origin},
    invoices::{self, Invoice, InvoiceScope, State},
    links::{self, LinkedCustomer, Party},
    quickbooks::{self, Connection},
};
use uuid::Uuid;

/// A refused act is shown at its invoice for so long.
const REFUSAL_DISPLAY_DURATION: SignedDuration = SignedDuration::from_mins(10);
/// Won deals that are offered for billing, with and without invoices.
const MAX_DEALS_TO_BILL: usize = 10;
const MAX_BILLED_DEALS: usize = 10;

/// A record of Pipedrive that has a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) entity: Entity,
    pub(crate) id: i64,
}

impl Record {
    /// Its invoices.
    pub(crate) fn scope(self) -> InvoiceScope {
        match self.entity {
            Entity::Deal => InvoiceScope::Deal(DealId(self.id)),
            Entity::Person => InvoiceScope::Person(self.id),
            Entity::Organization => InvoiceScope::Organization(self.id),
        }
    }
}

/// All that a panel shows.
pub(crate) struct Shown {
    /// Newest first.
    pub(crate) invoices: Vec<Invoice>,
    /// The last act on each invoice, where it matters still.
    pub(crate) acts: HashMap<Uuid, StoredAct>,
    /// Those through which the invoices were made.
    pub(crate) connections: Vec<Connection>,
    /// The one that is connected now.
    pub(crate) current: Option<Connection>,
    /// How far its changes are known.
    pub(crate) known: Option<SyncState>,
    /// The customer that is billed.
    pub(crate) linked: Option<LinkedCustomer>,
    pub(crate) settings: Settings,
    /// When this user's draft for the deal was last saved.
    pub(crate) draft: Option<Timestamp>,
}

impl Shown {
    /// The snapshots of the issued invoices, each with the current date of its QuickBooks company.
    pub(crate) fn snapshots(&self, clock: &Clock) -> impl Iterator<Item = (&Snapshot, Date)> {
        self.invoices.iter().filter_map(|invoice| {
            let State::Issued(snapshot) = &invoice.state else { return None };
            let connection = self.connection(invoice);
            let zone = connection.map(|connection| connection.company.time_zone.as_str()).unwrap_or_default();
            Some((snapshot, clock.today(zone)))
        })
    }

    /// The connection that an invoice was made through, be it disconnected since.
    pub(crate) fn connection(&self, invoice: &Invoice) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == invoice.connection)
    }
}

/// Finds the party of a record, after the invoices of records that were merged into it were reassigned. [`Error::NotFound`] where this user may not see it.
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

/// Reads a panel as this user may see it: without the invoices of deals that are hidden from them.
pub(crate) async fn read_panel(context: &UserContext, record: Record) -> Result<Shown, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let party = refresh_party(context, record).await?;
    let settings = settings::find_settings(context).await?;
    let mut tx = app.db.read().await?;
    let mut invoices = invoices::list(&mut tx, tenant, record.scope()).await?;
    let current = quickbooks::find_current(&mut tx, &app.vault, tenant).await?;
    let acts = acts::list_recent(&mut tx, tenant, app.clock.now() - REFUSAL_DISPLAY_DURATION).await?;
    let mut connections: Vec<Connection> = current.iter().cloned().collect();
    let through: HashSet<_> = invoices.iter().map(|invoice| invoice.connection).collect();
    for id in through {
        if !connections.iter().any(|known| known.id == id) {
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
        // On a disk that is full, what is known is shown all the same.
        if let Err(error) = sync::mark_outdated_company(context, connection.id, known).await {
            tracing::warn!(tenant.id = %tenant.0, %error, "what has changed was not asked for");
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
    let acts = acts.into_iter().map(|act| (act.request.invoice.0, act)).collect();
    Ok(Shown { invoices, acts, connections, current, known, linked, settings, draft })
}

/// A deal of a person or an organization that can be billed.
pub(crate) struct Billable {
    pub(crate) deal: ListedDeal,
    pub(crate) is_won: bool,
    /// How many of its invoices stand, or are under way.
    pub(crate) invoices: usize,
}

/// The deals of a person or an organization that can be billed and that this user may see: first those that were won and have no invoice,
/// then the open ones, then those that were won and have one. Lost ones are not among them. [`Error::NotFound`] where the user may not see the
/// record.
pub(crate) async fn list_billable_deals(context: &UserContext, record: Record) -> Result<Vec<Billable>, Error> {
    let Record { entity, id } = record;
    let (won, open) = context
        .pipedrive()
        .call(async |api| {
            let named = async {
                match entity {
                    Entity::Deal => api.read_deal_parties(DealId(id)).await.map(drop),
                    Entity::Person | Entity::Organization => api.read_name(entity, id).await.map(drop),
                }
            };
            let ((), won, open) =
                tokio::try_join!(named, api.read_won_deals(entity, id), api.read_open_deals(entity, id))?;
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
    let of = |deals: Vec<ListedDeal>, is_won| {
        deals.into_iter().map(move |deal| (deal, is_won)).map(|(deal, is_won)| {
            let invoices = invoices.get(&deal.id).copied().unwrap_or_default();
            Billable { deal, is_won, invoices }
        })
    };
    let (billed, to_bill): (Vec<Billable>, Vec<Billable>) = of(won, true).partition(|won| won.invoices > 0);
    // Old deals that were won before the app was there have no invoices either: they leave room for the others.
    let to_bill = to_bill.into_iter().take(MAX_DEALS_TO_BILL);
    let open = of(open, false).collect::<Vec<_>>();
    Ok(to_bill.chain(open).chain(billed.into_iter().take(MAX_BILLED_DEALS)).collect())
}

/// Forgets which customer a record is billed to. The invoices stay.
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

/// Whether QuickBooks has nothing of an invoice, and nobody is about to send it: it was refused, or is stuck and was never sent.
fn is_unsent(invoice: &Invoice) -> bool {
    match invoice.state {
        State::Refused(_) => true,
        State::Queued => invoice.park_reason.is_some(),
        State::Sending | State::Issued(_) => false,
    }
}

/// Whether an unsent invoice is this user's to remove: its creator's, or an administrator's.
pub(crate) fn may_remove(invoice: &Invoice, user: UserId, is_admin: bool) -> bool {
    is_unsent(invoice) && (is_admin || invoice.created_by == user)
}

/// The outcome of a request to remove an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    /// QuickBooks had refused it.
    Refused,
    /// It was stuck before it was sent.
    Unsent,
    /// Nothing: it is tried again meanwhile.
    TriedAgain,
}

/// Removes an unsent invoice from the panels. [`Error::AdminsOnly`] where it is a colleague's.
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
    // Removed by a click before this one, it is still of that state.
    let is_gone = invoices::find(&mut tx, tenant, id).await?.is_some_and(|now| matches!(now.state, State::Refused(_)));
    Ok(if is_gone { removal } else { Removal::TriedAgain })
}

/// Fails with [`Error::NotFound`] where this user may not see an invoice. Its creator, who waits for it, may while Pipedrive does not answer.
pub(crate) async fn require_visible(context: &UserContext, id: InvoiceId) -> Result<(), Error> {
    let mut tx = context.app.db.read().await?;
    let found = invoices::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    match rights::require_visible(context, found.deal).await {
        Err(Error::Pipedrive(_)) if found.created_by == context.user => Ok(()),
        other => other,
    }
}

/// The last refusal of an invoice by QuickBooks, with the code and Intuit's id of the call.
pub(crate) async fn find_last_refusal(
    context: &TenantContext,
    id: InvoiceId,
) -> Result<Option<(Timestamp, Value)>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(audit::find_last_refusal(&mut tx, context.tenant, id).await?)
}

/// Whether this user may see an invoice, which follows from its deal.
pub(crate) async fn find_visible(context: &UserContext, invoice: InvoiceId) -> Result<Invoice, Error> {
    let mut tx = context.app.db.read().await?;
    let found = invoices::find(&mut tx, context.tenant, invoice).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let deal = found.deal;
    context.pipedrive().call(async |api| api.read_deal_parties(deal).await).await?;
    Ok(found)
}

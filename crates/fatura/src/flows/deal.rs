//! A deal's invoices, and the form that opens for it.

use super::{Error, access, catalogue, settings};
use crate::{format::Writer, state::App};
use domain::{
    catalogue::Catalogue,
    customer::{Reason, Suggestion, Wanted, rank},
    deal::{Deal, Opening, open_form},
    draft::{Form, Rules},
    ids::{DealId, IntentKey, TenantId, UserId},
    mapping::customer_details,
};
use jiff::Timestamp;
use providers::ProviderError;
use std::sync::Arc;
use store::{
    drafts, invoices,
    links::{self, Party},
    quickbooks::Connection,
};
use uuid::Uuid;

/// An open form with all that it is shown with.
pub(crate) struct OpenForm {
    pub(crate) deal: Deal,
    pub(crate) form: Form,
    /// When the draft was last saved, if it is an earlier one.
    pub(crate) restored: Option<Timestamp>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) suggestions: Vec<Suggestion>,
    /// Invoices that the deal has already.
    pub(crate) earlier: Vec<invoices::Invoice>,
}

/// Who is billed when a deal is: its organization, else its person.
pub(crate) fn party(organization: Option<i64>, person: Option<i64>) -> Option<Party> {
    organization.map(Party::Organization).or(person.map(Party::Person))
}

/// Reads the deal as this user may see it. [`Error::NotFound`] where they may not.
pub(crate) async fn read(app: &App, tenant: TenantId, user: UserId, deal: DealId) -> Result<Deal, Error> {
    access::pipedrive(app, tenant, user, |access| async move { access.api().deal(deal).await }).await
}

/// Opens the form for a deal: the draft that was left, or a new one filled in from the deal as it is now.
pub(crate) async fn open(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    writer: Writer,
) -> Result<OpenForm, Error> {
    let connection = catalogue::connection(app, tenant).await?;
    let (deal, catalogue) =
        tokio::try_join!(read(app, tenant, user, id), catalogue::catalogue(app, tenant, &connection))?;
    let settings = settings::current(app, tenant).await?;
    let mut tx = app.db.read().await?;
    let draft = drafts::find(&mut tx, tenant, id, user).await?;
    let item_links = links::items(&mut tx, tenant, connection.id).await?;
    let earlier = invoices::of_deal(&mut tx, tenant, id).await?;
    let linked = match party(deal.organization, deal.person) {
        Some(party) => links::customer(&mut tx, tenant, connection.id, party).await?,
        None => None,
    };
    drop(tx);
    let details = customer_details(&settings, &deal.values);
    let wanted =
        Wanted { name: &details.to, email: &details.email, tax_id: &details.tax_id, linked: linked.as_deref() };
    let suggestions = suggest(app, tenant, &connection, &wanted).await?;
    // Taken without asking only where there is no doubt; else the person picks or creates.
    let sure = suggestions.first().filter(|best| best.reason == Reason::Linked);
    let opening = Opening {
        settings: &settings,
        catalogue: &catalogue,
        item_links: &item_links,
        customer: sure,
        today: app.clock.today(&connection.company.time_zone),
        mark: writer.mark(),
        intent: IntentKey(Uuid::new_v4()),
    };
    let (form, restored) = match draft {
        Some((form, at)) => (form, Some(at)),
        None => (open_form(&deal, &opening), None),
    };
    Ok(OpenForm { deal, form, restored, catalogue, suggestions, earlier })
}

/// Customers that may be meant, the best first.
pub(crate) async fn suggest(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
    wanted: &Wanted<'_>,
) -> Result<Vec<Suggestion>, Error> {
    let (name, email) = (wanted.name.to_owned(), wanted.email.to_owned());
    let linked = wanted.linked.map(str::to_owned);
    let found = access::quickbooks(app, tenant, connection, |access| {
        let (name, email, linked) = (name.clone(), email.clone(), linked.clone());
        async move {
            let mut found = access.api().search_customers(&name, &email).await?;
            if let Some(id) = linked
                && !found.iter().any(|customer| customer.id == id)
            {
                match access.api().customer(&id).await {
                    Ok(customer) => found.push(customer),
                    // Deleted or merged away since; then there is no link any more.
                    Err(ProviderError::NotFound | ProviderError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        }
    })
    .await?;
    Ok(rank(found, wanted))
}

/// What a form of this company is checked against.
pub(crate) fn rules<'a>(catalogue: &'a Catalogue, items: &'a [String], writer: Writer) -> Rules<'a> {
    Rules {
        tax: &catalogue.tax,
        currencies: &catalogue.currencies,
        items,
        numbers_by_hand: catalogue.numbers_by_hand,
        mark: writer.mark(),
    }
}

/// Keeps what was typed.
pub(crate) async fn keep(app: &App, tenant: TenantId, user: UserId, deal: DealId, form: &Form) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    drafts::save(&mut tx, tenant, deal, user, form, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Throws away what was typed.
pub(crate) async fn discard(app: &App, tenant: TenantId, user: UserId, deal: DealId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    drafts::discard(&mut tx, tenant, deal, user).await?;
    tx.commit().await?;
    Ok(())
}

/// A deal's invoices as last known, newest first.
pub(crate) async fn invoices(app: &App, tenant: TenantId, deal: DealId) -> Result<Vec<invoices::Invoice>, Error> {
    let mut tx = app.db.read().await?;
    Ok(invoices::of_deal(&mut tx, tenant, deal).await?)
}

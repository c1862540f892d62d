//! The invoice form of a deal: opened filled in, kept as it is typed, looked at before it is sent.

use super::{Error, access, catalogue, merges, once, settings};
use crate::{format::Writer, state::App};
use domain::{
    billing::{Billed, Part, billed},
    catalogue::Catalogue,
    customer::{Customer, Reason, Suggestion, Wanted, rank},
    deal::{Deal, Opening, fill, open_form, worth},
    draft::{CREATE, Form, Rules},
    ids::{DealId, IntentKey, TenantId, UserId},
    invoice::{Status, status},
    mapping::{CustomerDetails, Field, Settings, customer_details, name_choices},
    number::next_number,
};
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use providers::{ProviderError, pipedrive::DealParties};
use std::sync::Arc;
use store::{
    drafts,
    invoices::{self, Invoice, Of, State},
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
    pub(crate) suggestions: Vec<Suggestion>,
    pub(crate) look: Look,
    /// What the settings say of the deal, and the fields among which they choose.
    pub(crate) details: CustomerDetails,
    pub(crate) fields: Arc<Vec<Field>>,
}

/// What a form is looked at with, whenever it changes.
pub(crate) struct Look {
    pub(crate) connection: Connection,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) settings: Settings,
    /// The chosen customer, where QuickBooks could be asked.
    pub(crate) customer: Option<Arc<Customer>>,
    /// The deal's invoices so far.
    earlier: Vec<Invoice>,
    /// Today, in the company's time zone.
    today: Date,
}

impl Look {
    /// What was billed of the deal before, in its currency.
    pub(crate) fn billed(&self, currency: Option<Currency>) -> Billed {
        billed(standing(&self.earlier, self.today), currency)
    }

    /// What the form is checked against.
    pub(crate) fn rules(&self, writer: Writer) -> Rules<'_> {
        Rules { catalogue: &self.catalogue, customer: self.customer.as_deref(), mark: writer.mark() }
    }
}

/// Another way to fill the form in.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// With a part of the deal.
    Part(Part),
    /// With a preset of the settings, by name.
    Preset(String),
    /// Without its customer.
    Unlinked,
}

/// Whether the settings let this user create invoices; [`Error::AdminsOnly`] where they do not.
pub(crate) async fn may_create(app: &App, tenant: TenantId, is_admin: bool) -> Result<(), Error> {
    if settings::current(app, tenant).await?.create.includes(is_admin) { Ok(()) } else { Err(Error::AdminsOnly) }
}

/// Who is billed when a deal is: its organization, else its person.
pub(crate) fn party(organization: Option<i64>, person: Option<i64>) -> Option<Party> {
    organization.map(Party::Organization).or(person.map(Party::Person))
}

/// Reads the deal as this user may see it. [`Error::NotFound`] where they may not.
pub(crate) async fn read(app: &App, tenant: TenantId, user: UserId, deal: DealId) -> Result<Deal, Error> {
    access::pipedrive(app, tenant, user, |access| async move { access.api().deal(deal).await }).await
}

/// The invoices of a deal that stand, as they were confirmed.
fn standing(invoices: &[Invoice], today: Date) -> impl Iterator<Item = &domain::draft::Draft> {
    invoices.iter().filter_map(move |invoice| match &invoice.state {
        State::Issued(snapshot) if matches!(status(snapshot, today), Status::Voided | Status::Deleted) => None,
        State::Issued(_) | State::Queued | State::Sending => Some(&invoice.draft),
        State::Refused(_) => None,
    })
}

/// What a form of the deal is looked at with.
pub(crate) async fn look(app: &App, tenant: TenantId, deal: DealId, form: &Form) -> Result<Look, Error> {
    let (connection, catalogue) = catalogue::connected(app, tenant).await?;
    let settings = settings::current(app, tenant).await?;
    let mut tx = app.db.read().await?;
    let earlier = invoices::list(&mut tx, tenant, Of::Deal(deal)).await?;
    drop(tx);
    let today = app.clock.today(&connection.company.time_zone);
    let customer = chosen(app, tenant, &connection, &form.customer).await;
    Ok(Look { connection, catalogue, settings, customer, earlier, today })
}

/// The chosen customer, at most a few minutes old; nothing where it is new or QuickBooks does not answer.
async fn chosen(app: &App, tenant: TenantId, connection: &Connection, id: &str) -> Option<Arc<Customer>> {
    if id.is_empty() || id == CREATE {
        return None;
    }
    let read = || async {
        let read = access::quickbooks(app, tenant, connection, |access| {
            let id = id.to_owned();
            async move { access.api().customer(&id).await }
        });
        read.await.map(Arc::new)
    };
    let told = |error: &Error| tracing::info!(tenant.id = %tenant.0, %error, "the chosen customer was not read");
    once::read(&app.customers, (connection.id, id.to_owned()), read).await.inspect_err(told).ok()
}

/// The number that comes next, where the company numbers by hand.
async fn proposed(app: &App, tenant: TenantId, look: &Look) -> String {
    if !look.catalogue.numbers_by_hand {
        return String::new();
    }
    let newest =
        access::quickbooks(app, tenant, &look.connection, |access| async move { access.api().newest_numbers().await });
    newest.await.map(|newest| next_number(&newest)).unwrap_or_default()
}

/// Opens the form for a deal: the draft that was left, or a new one filled in from the deal as it is now.
pub(crate) async fn open(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    writer: Writer,
) -> Result<OpenForm, Error> {
    merges::follow(app, tenant, user, id).await;
    filled(app, tenant, user, id, writer, None).await
}

/// Fills an open form in another way; what else was typed stays.
pub(crate) async fn change(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    writer: Writer,
    form: Form,
    change: Change,
) -> Result<OpenForm, Error> {
    let opened = filled(app, tenant, user, id, writer, Some((form, change))).await?;
    keep(app, tenant, user, id, &opened.form).await?;
    Ok(opened)
}

async fn filled(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    writer: Writer,
    changed: Option<(Form, Change)>,
) -> Result<OpenForm, Error> {
    let mut tx = app.db.read().await?;
    let draft = drafts::find(&mut tx, tenant, id, user).await?;
    drop(tx);
    let typed = changed.as_ref().map(|(form, _)| form).or(draft.as_ref().map(|(form, _)| form));
    let empty = Form::default();
    let (mut deal, mut look, fields) = tokio::try_join!(
        Box::pin(read(app, tenant, user, id)),
        Box::pin(look(app, tenant, id, typed.unwrap_or(&empty))),
        Box::pin(settings::fields(app, tenant, user)),
    )?;
    name_choices(&mut deal.values, &fields);
    let parties = DealParties { id: id.0, organization: deal.organization, person: deal.person };
    merges::follow_owners(app, tenant, user, &[parties]).await;
    let mut tx = app.db.read().await?;
    let item_links = links::items(&mut tx, tenant, look.connection.id).await?;
    let linked = match party(deal.organization, deal.person) {
        Some(party) => links::customer(&mut tx, tenant, look.connection.id, party).await?,
        None => None,
    };
    drop(tx);
    let billed = look.billed(Currency::from_code(&deal.currency));
    let details = customer_details(&look.settings, &deal.values);
    let linked = linked.as_ref().map(|linked| linked.id.as_str());
    let wanted = Wanted { name: &details.to, email: &details.email, tax_id: &details.tax_id, linked };
    let suggestions = Box::pin(suggest(app, tenant, &look.connection, &wanted)).await?;
    // Taken without asking only where there is no doubt; else the person picks or creates.
    let sure = suggestions.first().filter(|best| best.reason == Reason::Linked && best.customer.active);
    let number = if typed.is_none() { proposed(app, tenant, &look).await } else { String::new() };
    let opening = Opening {
        settings: &look.settings,
        catalogue: &look.catalogue,
        item_links: &item_links,
        customer: sure,
        next_number: &number,
        billed: &billed,
        today: look.today,
        mark: writer.mark(),
        intent: IntentKey(Uuid::new_v4()),
    };
    let (mut form, restored) = match (changed, draft) {
        (Some((mut form, change)), _) => {
            match change {
                Change::Part(part) => fill(&mut form, &deal, &opening, part),
                Change::Preset(name) => {
                    if let Some(preset) = look.settings.presets.iter().find(|preset| preset.name == name) {
                        preset.apply(&mut form, &look.catalogue, &look.settings);
                    }
                }
                Change::Unlinked => {
                    for field in [&mut form.customer, &mut form.customer_name, &mut form.customer_currency] {
                        field.clear();
                    }
                }
            }
            (form, None)
        }
        (None, Some((form, at))) => (form, Some(at)),
        (None, None) => (open_form(&deal, &opening), None),
    };
    form.linked = linked.unwrap_or_default().to_owned();
    form.deal_value = format!("{} {}", worth(&deal).normalize(), deal.currency);
    if look.customer.as_ref().is_none_or(|customer| customer.id != form.customer) {
        look.customer = chosen(app, tenant, &look.connection, &form.customer).await;
    }
    Ok(OpenForm { deal, form, restored, suggestions, look, details, fields })
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

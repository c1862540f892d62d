//! The invoice form of a deal: fills it in, changes it, and checks it.

mod prices;

use super::{
    Error, catalogue,
    context::{TenantContext, UserContext},
    customers,
    drafts::{require_own_key, save_draft},
    items,
    ledger::{self, list_billed},
    merges, rights, settings, single_flight,
};
use crate::format::Writer;
use domain::{
    billing::{Billed, Part, sum_billed},
    catalogue::Catalogue,
    customer::{Customer, CustomerQuery, MatchReason, Suggestion},
    deal::{Deal, Opening, compute_deal_total, fill_lines, open_form},
    form::{CREATE, DealValue, FieldError, Form, FormField, Problem, Rules, validate_form},
    ids::{DealId, IntentKey, UserId},
    invoice_number::propose_next_number,
    invoice_request::InvoiceRequest,
    mapping::{CustomerDetails, Field, fill_customer_details, replace_option_ids},
    settings::Settings,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use jiff::{SignedDuration, Timestamp, civil::Date};
use providers::pipedrive::DealParties;
use rust_decimal::Decimal;
use std::sync::Arc;
use store::{
    drafts::{self, Origin, SaveOutcome},
    grants,
    invoices::{self, Invoice, InvoiceScope},
    links::{self, Party},
    quickbooks::{self, Connection},
};
use uuid::Uuid;

/// Maximum age of a colleague's draft that is mentioned in the form.
const MAX_COLLEAGUES_DRAFT_AGE: SignedDuration = SignedDuration::from_hours(24);

/// An open form with everything that its page shows.
pub(crate) struct OpenForm {
    pub(crate) deal: Deal,
    pub(crate) form: Form,
    /// The time at which the draft was last saved, if the form is an earlier draft.
    pub(crate) restored: Option<Timestamp>,
    /// The value of the deal when the draft was saved, if it has changed since.
    pub(crate) worth_before: Option<DealValue>,
    pub(crate) suggestions: Vec<Suggestion>,
    pub(crate) form_context: FormContext,
    /// The invoices that bill the deal already.
    pub(crate) billed: Billed,
    /// The value of the deal, in its currency.
    pub(crate) worth: Decimal,
    /// The colleagues who have a draft of this deal, each with the time at which it was saved.
    pub(crate) colleagues: Vec<(String, Timestamp)>,
    /// The invoices of this deal that are being sent to QuickBooks: name of the user, total and currency.
    pub(crate) under_way: Vec<(String, Decimal, Currency)>,
    /// The customer details that the field mapping reads from the deal.
    pub(crate) details: CustomerDetails,
    /// The fields of the Pipedrive company.
    pub(crate) fields: Arc<Vec<Field>>,
    /// Whether the prices could not be converted because the company has no rate.
    pub(crate) no_rate: bool,
    /// Whether the draft was saved.
    pub(crate) saved: SaveOutcome,
}

/// The context in which a form is checked.
pub(crate) struct FormContext {
    pub(crate) connection: Connection,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) settings: Settings,
    /// The chosen customer, if QuickBooks answered.
    pub(crate) customer: Option<Arc<Customer>>,
    /// The deal's invoices so far.
    earlier: Vec<Invoice>,
    /// Today, in the company's time zone.
    pub(super) today: Date,
}

impl FormContext {
    /// Sums the invoices that bill the deal already, in the currency `code`. With `deal`, invoices in other currencies count by their products.
    pub(crate) fn billed(&self, deal: Option<&Deal>, code: &str) -> Billed {
        sum_billed(list_billed(&self.earlier, self.today), deal, code)
    }

    /// Validates a form: returns the invoice request, or all errors. Ids of another QuickBooks company are not looked up in this one.
    pub(crate) fn check(&self, form: &Form, writer: Writer) -> Result<InvoiceRequest, Vec<FieldError>> {
        if form.is_of_other_company(self.connection.id) {
            return Err(vec![FieldError { field: FormField::Whole, problem: Problem::OtherCompany }]);
        }
        validate_form(form, &self.rules(form, writer))
    }

    /// The rules for checking the form.
    pub(crate) fn rules(&self, form: &Form, writer: Writer) -> Rules<'_> {
        Rules {
            catalogue: &self.catalogue,
            customer: self.customer.as_deref(),
            mark: form.decimal_mark(writer.mark()),
            discounts_in_prices: self.settings.discounts_in_prices,
        }
    }
}

/// A change of an open form.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Replaces the lines by a part of the deal.
    Part(Part),
    /// Applies a preset of the settings, by name.
    Preset(String),
    /// Removes the customer.
    Unlinked,
    /// Converts the prices into the form's currency, at the company's rate.
    Converted,
    /// Removes the prices, so that they are typed in the form's currency.
    EmptyPrices,
    /// Moves the draft to this window, with its content.
    Here,
    /// Gives the form a new intent key, for another invoice with the same content.
    Renewed,
}

/// Fails with [`Error::AdminsOnly`] if the settings do not allow this user to create invoices.
pub(crate) async fn require_creator(context: &UserContext) -> Result<(), Error> {
    rights::require(context, settings::find_settings(context).await?.create).await
}

/// Fails with [`Error::NotFound`] if this user may not see a deal. A user who has a draft of it may continue while Pipedrive does not
/// answer.
pub(crate) async fn require_visible(context: &UserContext, deal: DealId) -> Result<(), Error> {
    let checked = rights::require_visible(context, deal).await;
    if matches!(checked, Err(Error::Pipedrive(_))) {
        let mut tx = context.app.db.read().await?;
        if drafts::find(&mut tx, context.tenant, deal, context.user).await?.is_some() {
            return Ok(());
        }
    }
    checked
}

/// The party that is billed for a deal: its organization, otherwise its person.
pub(crate) fn to_party(organization: Option<i64>, person: Option<i64>) -> Option<Party> {
    organization.map(Party::Organization).or(person.map(Party::Person))
}

/// Finds the time zone of the QuickBooks company of an invoice.
pub(crate) async fn find_time_zone(context: &TenantContext, invoice: &Invoice) -> Result<String, Error> {
    let mut tx = context.app.db.read().await?;
    let connection = quickbooks::find(&mut tx, &context.app.vault, context.tenant, invoice.connection).await?;
    Ok(connection.map(|connection| connection.company.time_zone).unwrap_or_default())
}

/// Reads a deal with the token of this user. Fails with [`Error::NotFound`] if they may not see it.
pub(crate) async fn read_deal(context: &UserContext, deal: DealId) -> Result<Deal, Error> {
    context.pipedrive().call(async |api| api.read_deal(deal).await).await
}

/// Reads a deal like [`read_deal`], without the fields of its organization and person, which only a new form needs.
pub(crate) async fn read_deal_lines(context: &UserContext, deal: DealId) -> Result<Deal, Error> {
    context.pipedrive().call(async |api| api.read_deal_lines(deal).await).await
}

/// Loads the context of a deal's form.
pub(crate) async fn load_context(context: &TenantContext, deal: DealId, form: &Form) -> Result<FormContext, Error> {
    let (connection, catalogue) = catalogue::read_connected_catalogue(context).await?;
    let settings = settings::find_settings(context).await?;
    let mut tx = context.app.db.read().await?;
    let earlier = invoices::list(&mut tx, context.tenant, InvoiceScope::Deal(deal)).await?;
    drop(tx);
    let today = context.app.clock.today(&connection.company.time_zone);
    let (catalogue, customer) = tokio::join!(
        items::add_named_items(context, &connection, catalogue, form, &settings),
        read_chosen_customer(context, &connection, &form.customer),
    );
    Ok(FormContext { connection, catalogue, settings, customer, earlier, today })
}

/// Reads the chosen customer, which is cached for some minutes. `None` if it is new or QuickBooks does not answer.
async fn read_chosen_customer(context: &TenantContext, connection: &Connection, id: &str) -> Option<Arc<Customer>> {
    if id.is_empty() || id == CREATE {
        return None;
    }
    let read = || async {
        let read = context.quickbooks(connection).call(async |api| api.read_customer(id).await);
        read.await.map(Arc::new)
    };
    let log = |error: &Error| tracing::info!(tenant.id = %context.tenant.0, %error, "the chosen customer was not read");
    single_flight::read_once(&context.app.customers, (connection.id, id.to_owned()), read).await.inspect_err(log).ok()
}

/// Proposes the next invoice number if the company numbers its invoices by hand, otherwise an empty text.
async fn propose_number(context: &TenantContext, form_context: &FormContext) -> String {
    if !form_context.catalogue.numbers_by_hand {
        return String::new();
    }
    let newest = context.quickbooks(&form_context.connection).call(async |api| api.read_newest_numbers().await);
    newest.await.map(|newest| propose_next_number(&newest)).unwrap_or_default()
}

/// Opens the form of a deal: the user's draft, or a new form filled in from the deal. Opening it again, even concurrently, returns the same
/// form with the same intent key.
pub(crate) async fn open_draft(context: &UserContext, id: DealId, writer: Writer) -> Result<OpenForm, Error> {
    Box::pin(open_draft_as(context, id, writer, Origin::Opened)).await
}

/// Like [`open_draft`], with the origin of the draft.
pub(super) async fn open_draft_as(
    context: &UserContext,
    id: DealId,
    writer: Writer,
    origin: Origin,
) -> Result<OpenForm, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    merges::try_move_merged_deals(context, id).await;
    let mut tx = app.db.read().await?;
    let draft = drafts::find(&mut tx, tenant, id, user).await?;
    drop(tx);
    let draft = draft.filter(|draft| draft.origin == Origin::Typed);
    let typed = draft.as_ref().map(|draft| draft.form.clone());
    let mut opened = Box::pin(fill_form(context, id, writer, typed, None)).await?;
    opened.form.window = Uuid::new_v4().simple().to_string();
    let mut tx = app.db.begin().await?;
    let stored = drafts::open(&mut tx, tenant, id, user, &opened.form, origin, app.clock.now()).await?;
    tx.commit().await?;
    // Another window may have saved the draft meanwhile.
    let is_typed = stored.origin == Origin::Typed;
    if is_typed && draft.is_none_or(|draft| draft.saved_at != stored.saved_at) {
        opened = Box::pin(fill_form(context, id, writer, Some(stored.form.clone()), None)).await?;
    }
    let Form { seen, linked, deal_value, .. } = std::mem::take(&mut opened.form);
    opened.worth_before =
        stored.form.deal_value.clone().filter(|before| is_typed && Some(before) != deal_value.as_ref());
    opened.restored = is_typed.then_some(stored.saved_at);
    opened.form = Form { seen, deal_value, ..stored.form };
    opened.form.move_to_company(opened.form_context.connection.id);
    opened.form.linked = linked;
    opened.form.rewrite_numbers(writer.mark());
    update_due_date(&mut opened.form, &opened.form_context);
    Ok(opened)
}

/// Applies a change to an open form.
pub(crate) async fn change_form(
    context: &UserContext,
    id: DealId,
    writer: Writer,
    form: Form,
    change: Change,
) -> Result<OpenForm, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let (is_renewed, is_here) = (matches!(change, Change::Renewed), matches!(change, Change::Here));
    let mut tx = app.db.read().await?;
    require_own_key(&mut tx, tenant, user, id, &form).await?;
    drop(tx);
    let mut opened = Box::pin(fill_form(context, id, writer, Some(form), Some(change))).await?;
    if is_renewed {
        opened.form.intent = Some(IntentKey(Uuid::new_v4()));
    }
    if is_renewed || is_here {
        opened.form.window = Uuid::new_v4().simple().to_string();
        opened.form.version = None;
        let mut tx = app.db.begin().await?;
        drafts::discard(&mut tx, tenant, id, user, None).await?;
        drafts::open(&mut tx, tenant, id, user, &opened.form, Origin::Typed, app.clock.now()).await?;
        tx.commit().await?;
    } else {
        opened.saved = save_draft(context, id, &opened.form).await?;
    }
    Ok(opened)
}

/// Computes the due date from the term, unless the user has set it. The page may have saved another issue date since.
fn update_due_date(form: &mut Form, form_context: &FormContext) {
    if form.due_follows
        && let Ok(issued) = form.issued.parse()
    {
        form.due = form_context.catalogue.due_date(issued, form_context.settings.term_for_form(form)).to_string();
    }
}

/// Returns the description of a part of a deal on its invoice.
fn describe_parts(writer: Writer, deal: &Deal, is_first: bool) -> impl Fn(Part) -> String + use<> {
    let title = deal.title.clone();
    move |part| {
        let (w, title) = (writer, title.as_str());
        match part {
            Part::Percent(percent) if is_first => fl!(w.t, "line-deposit", percent = w.number(&percent), title = title),
            Part::Percent(percent) => fl!(w.t, "line-part", percent = w.number(&percent), title = title),
            Part::Amount(_) if is_first => fl!(w.t, "line-deposit-amount", title = title),
            Part::Amount(_) => fl!(w.t, "line-part-amount", title = title),
            Part::Remaining => fl!(w.t, "line-remaining", title = title),
            Part::All => title.to_owned(),
        }
    }
}

/// Moves a form to the currently connected QuickBooks company.
async fn move_to_current_connection(context: &TenantContext, mut form: Form) -> Result<Form, Error> {
    let mut tx = context.app.db.read().await?;
    if let Some(connection) = quickbooks::find_current(&mut tx, &context.app.vault, context.tenant).await? {
        form.move_to_company(connection.id);
    }
    Ok(form)
}

/// Builds an open form: a new one filled in from the deal if `typed` is `None`, otherwise the typed one with the change.
#[expect(clippy::too_many_lines, reason = "reads the parts of a form in turn")]
async fn fill_form(
    context: &UserContext,
    id: DealId,
    writer: Writer,
    typed: Option<Form>,
    change: Option<Change>,
) -> Result<OpenForm, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let empty = Form::default();
    let typed = match typed {
        Some(form) => Some(move_to_current_connection(context, form).await?),
        None => None,
    };
    let (mut deal, mut form_context, fields) = tokio::try_join!(
        Box::pin(read_deal(context, id)),
        Box::pin(load_context(context, id, typed.as_ref().unwrap_or(&empty))),
        Box::pin(settings::list_fields(context)),
    )?;
    replace_option_ids(&mut deal.values, &fields);
    let parties = DealParties { id: id.0, organization: deal.organization, person: deal.person };
    merges::try_reassign_invoices(context, &[parties]).await;
    let mut tx = app.db.read().await?;
    let item_links = links::list_items(&mut tx, tenant, form_context.connection.id).await?;
    let linked = match to_party(deal.organization, deal.person) {
        Some(party) => links::find_customer(&mut tx, tenant, form_context.connection.id, party).await?,
        None => None,
    };
    let users = grants::list_users(&mut tx, tenant).await?;
    let since = app.clock.now() - MAX_COLLEAGUES_DRAFT_AGE;
    let colleagues = drafts::list_of_colleagues(&mut tx, tenant, id, user, since).await?;
    drop(tx);
    let name = |user: UserId| users.iter().find(|(id, _)| *id == user).map(|(_, profile)| profile.name.clone());
    let catalogue = Arc::clone(&form_context.catalogue);
    let item_lookup_failed;
    (form_context.catalogue, item_lookup_failed) =
        items::add_items_of_deal(context, &form_context.connection, catalogue, &deal, &item_links).await;
    let billed = form_context.billed(Some(&deal), &deal.currency);
    let details = fill_customer_details(&form_context.settings.mapping, &deal.values);
    let linked = linked.as_ref().map(|linked| linked.id.as_str());
    let query = CustomerQuery { name: &details.to, email: &details.email, tax_id: &details.tax_id, linked };
    let suggestions = Box::pin(customers::suggest_customers(context, &form_context.connection, &query)).await?;
    // Only a linked customer is chosen automatically; otherwise the user chooses or creates one.
    let linked_customer = suggestions.first().filter(|best| best.reason == MatchReason::Linked && best.customer.active);
    let number = if typed.is_none() { propose_number(context, &form_context).await } else { String::new() };
    let opening = Opening {
        settings: &form_context.settings,
        catalogue: &form_context.catalogue,
        item_links: &item_links,
        item_lookup_failed,
        customer: linked_customer,
        next_number: &number,
        billed: &billed,
        today: form_context.today,
        mark: writer.mark(),
        intent: IntentKey(Uuid::new_v4()),
    };
    let describe = describe_parts(writer, &deal, billed.invoices == 0);
    let worth = compute_deal_total(&deal, &opening);
    let mut no_rate = false;
    let mut form = match typed {
        None => open_form(&deal, &opening, &describe),
        Some(mut form) => {
            form.rewrite_numbers(writer.mark());
            match change {
                Some(Change::Part(part)) => fill_lines(&mut form, &deal, &opening, part, &describe),
                Some(Change::Converted) => {
                    no_rate = !convert_prices(context, &form_context, &mut form, &deal, writer).await?;
                }
                Some(change) => apply_change(&mut form, change, &form_context),
                None => {}
            }
            form
        }
    };
    form.mark = Some(writer.mark());
    form.filled_for = Some(form_context.connection.id);
    form.linked = linked.unwrap_or_default().to_owned();
    form.deal_value = Some(DealValue { amount: worth, currency: deal.currency.clone() });
    form.seen.clone_from(&billed.fingerprint);
    if form_context.customer.as_ref().is_none_or(|customer| customer.id != form.customer) {
        form_context.customer = read_chosen_customer(context, &form_context.connection, &form.customer).await;
    }
    let under_way = form_context.earlier.iter().filter(|invoice| invoice.is_under_way()).map(|invoice| {
        let by = name(invoice.created_by).unwrap_or_default();
        (by, invoice.request.total, invoice.request.currency)
    });
    Ok(OpenForm {
        under_way: under_way.collect(),
        colleagues: colleagues.into_iter().filter_map(|(user, at)| Some((name(user)?, at))).collect(),
        deal,
        form,
        restored: None,
        worth_before: None,
        suggestions,
        form_context,
        billed,
        worth,
        details,
        fields,
        no_rate,
        saved: SaveOutcome::Kept,
    })
}

/// Applies a change that needs neither a provider nor the deal.
fn apply_change(form: &mut Form, change: Change, form_context: &FormContext) {
    match change {
        Change::Preset(name) => {
            if let Some(preset) = form_context.settings.presets.iter().find(|preset| preset.name == name) {
                preset.apply_to(form, &form_context.catalogue, &form_context.settings);
            }
        }
        Change::Unlinked => {
            for field in [&mut form.customer, &mut form.customer_name, &mut form.customer_currency] {
                field.clear();
            }
        }
        Change::EmptyPrices => prices::remove(form),
        Change::Part(_) | Change::Converted | Change::Renewed | Change::Here => {}
    }
}

/// Converts the prices of a form into its currency. Returns false if the company has no rate.
async fn convert_prices(
    context: &TenantContext,
    form_context: &FormContext,
    form: &mut Form,
    deal: &Deal,
    writer: Writer,
) -> Result<bool, Error> {
    let Some(currency) = Currency::from_code(&form.currency) else { return Ok(false) };
    let day = form.issued.parse().unwrap_or(form_context.today);
    let pair = (form.priced_in.as_str(), form.currency.as_str());
    let rate =
        ledger::read_exchange_rate(context, &form_context.connection, &form_context.catalogue, pair, day).await?;
    let Some(rate) = rate else { return Ok(false) };
    prices::convert(form, currency, rate, &deal.currency, writer.mark());
    Ok(true)
}

//! Issues an invoice: creates what it refers to, and the invoice in QuickBooks.
//!
//! Every write has a `requestid` derived from the intent and its generation, so that a repeated write is carried out once. The answer, the links
//! and the audit row are stored in one transaction.

mod customer;
mod explain;
mod locate;
mod refused_step;

use self::{
    explain::explain,
    refused_step::{Context, Step},
};
use super::{LOOKUP_WINDOW, classify, describe, request_id};
use crate::{
    flows::{Error, catalogue, company_language, context::TenantContext, form, history, repeats, settings, write_back},
    format::Writer,
};
use domain::{
    catalogue::Catalogue,
    form::{FieldError, FormField, Problem},
    ids::InvoiceId,
    invoice::Snapshot,
    invoice_request::{Choice, RequestLine},
    mark::Mark,
    operation::{self, Failure, LOOKUP_INTERVAL, Operation, Phase, Repetition},
    refusal::RefusalCause,
};
use engine::{Attempt, HEARTBEAT_INTERVAL, Kind, Lease};
use i18n_embed_fl::fl;
use providers::{
    ProviderError, Refusal,
    quickbooks::{NewItem, ResolvedInvoice},
};
use serde_json::json;
use std::{
    collections::HashMap,
    fmt::{self, Display, Formatter},
    ops::ControlFlow,
    sync::Arc,
};
use store::{
    Tx, audit, changes, drafts,
    invoices::{self, Invoice, State},
    links,
    quickbooks::{self, Connection},
    tenants,
};
use uuid::Uuid;

/// Attempts after which a taken name counts as that of another customer or item.
const MAX_NAME_LOOKUPS: i32 = 12;
/// Upper bound of QuickBooks for the days of a term.
const MAX_TERM_DAYS: u16 = 999;

/// Makes one attempt at issuing an invoice.
pub(crate) async fn attempt(context: &TenantContext, id: InvoiceId) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.begin().await?;
    let lease = Lease::new(tenant, id, app.clock.now());
    let claimed = invoices::claim(&mut tx, tenant, id, lease.owner, lease.since, lease.until()).await?;
    let Some(invoice) = claimed else {
        let existing = invoices::find(&mut tx, tenant, id).await?;
        let is_unfinished = existing.is_some_and(|invoice| invoice.is_under_way());
        return Ok(if is_unfinished { Attempt::Later(HEARTBEAT_INTERVAL) } else { Attempt::Done });
    };
    tx.commit().await?;
    attempt_leased(context, &invoice, &lease).await
}

/// Makes the attempt of the process that has claimed the invoice when it was stored.
pub(super) async fn attempt_claimed(context: &TenantContext, lease: &Lease<InvoiceId>) -> Result<Attempt, Error> {
    let mut tx = context.app.db.read().await?;
    let invoice = invoices::find(&mut tx, context.tenant, lease.id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    attempt_leased(context, &invoice, lease).await
}

async fn attempt_leased(
    context: &TenantContext,
    invoice: &Invoice,
    lease: &Lease<InvoiceId>,
) -> Result<Attempt, Error> {
    let mut issue = IssueInvoice { context, invoice, owner: lease.owner };
    engine::attempt(&context.app, lease, &mut issue).await
}

/// One invoice.
pub(super) struct IssueInvoice<'a> {
    pub(super) context: &'a TenantContext,
    pub(super) invoice: &'a Invoice,
    owner: Uuid,
}

/// The error of an attempt, and the step in which it occurred.
pub(super) struct Failed {
    step: Step,
    error: Error,
}

impl Failed {
    fn in_step(step: Step) -> impl FnOnce(Error) -> Self {
        move |error| Self { step, error }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { step: Step::CreateInvoice, error }
    }
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

impl Display for Failed {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

/// An invoice that exists in QuickBooks, and the id of its customer; empty if it is not known.
pub(super) struct Issued {
    snapshot: Snapshot,
    customer: String,
}

/// The resolved parts of an invoice: the catalogue, and the ids of customer, items and term.
pub(super) struct Prepared {
    connection: Connection,
    mark: Mark,
    catalogue: Arc<Catalogue>,
    customer: String,
    items: Vec<String>,
    term: Option<String>,
}

impl IssueInvoice<'_> {
    /// The `requestid` of a step of this generation of the intent.
    pub(super) fn request_id(&self, step: &str) -> String {
        request_id(self.context.tenant, &format!("{}/{}/{step}", self.invoice.intent.0, self.invoice.generation))
    }

    async fn find_connection(&self, tx: &mut Tx) -> Result<Connection, Error> {
        let (vault, tenant) = (&self.context.app.vault, self.context.tenant);
        quickbooks::find(tx, vault, tenant, self.invoice.connection).await?.ok_or(Error::NotConnected)
    }

    /// Resolves the parts of the invoice: creates a new customer, items and term, and updates the customer.
    async fn resolve_parts(&self) -> Result<Prepared, Failed> {
        let mut tx = self.context.app.db.read().await?;
        let connection = self.find_connection(&mut tx).await?;
        let mark = self.build_mark(&mut tx).await?;
        drop(tx);
        let connection = &connection;
        let catalogue = catalogue::read_catalogue(self.context, connection).await?;
        let customer =
            self.resolve_customer(connection, &catalogue).await.map_err(Failed::in_step(Step::CreateCustomer))?;
        self.update_customer(connection, &catalogue).await.map_err(Failed::in_step(Step::UpdateCustomer))?;
        let mut items = Vec::new();
        // Two lines may name the same new item, and QuickBooks' queries find it with a delay.
        let mut created: HashMap<String, String> = HashMap::new();
        for (at, line) in self.invoice.request.lines.iter().enumerate() {
            let name = match &line.item {
                Choice::New(name) => Some(name.to_lowercase()),
                Choice::Existing(_) => None,
            };
            if let Some(item) = name.as_ref().and_then(|name| created.get(name)) {
                items.push(item.clone());
                continue;
            }
            let item = self.resolve_item(connection, &catalogue, at, line).await;
            let item = item.map_err(Failed::in_step(Step::CreateItem(at)))?;
            created.extend(name.map(|name| (name, item.clone())));
            items.push(item);
        }
        let term = self.resolve_term(connection, &catalogue).await?;
        Ok(Prepared { connection: connection.clone(), mark, catalogue, customer, items, term })
    }

    /// Replaces the refusal of a taken name by a retry, from the attempt `from` to [`MAX_NAME_LOOKUPS`]: an earlier attempt may have created
    /// the name, and QuickBooks' queries find it with a delay.
    pub(super) fn retry_taken_name(&self, error: Error, from: i32) -> Error {
        match error {
            Error::QuickBooks(ProviderError::Refused(refusal))
                if refusal.code == "6240" && (from..MAX_NAME_LOOKUPS).contains(&self.invoice.attempts) =>
            {
                Error::NotYet(LOOKUP_INTERVAL)
            }
            error => error,
        }
    }

    async fn build_mark(&self, tx: &mut Tx) -> Result<Mark, Error> {
        let Invoice { intent, deal, created_by: user, .. } = *self.invoice;
        let tenant = tenants::find(tx, self.context.tenant).await?.ok_or(Error::NotFound)?;
        Ok(Mark { intent, company: tenant.company_id, deal, user })
    }

    async fn find_invoice(&self, connection: &Connection) -> Result<Option<Snapshot>, Error> {
        let (intent, since) = (self.invoice.intent, self.invoice.created_at - LOOKUP_WINDOW);
        self.context.quickbooks(connection).call(async |api| api.find_invoice(intent, since).await).await
    }

    async fn resolve_item(
        &self,
        connection: &Connection,
        catalogue: &Catalogue,
        at: usize,
        line: &RequestLine,
    ) -> Result<String, Error> {
        let name = match &line.item {
            Choice::Existing(id) => return Ok(id.clone()),
            Choice::New(name) => name,
        };
        let settings = settings::find_settings(self.context).await?;
        let chosen =
            settings.income_account.filter(|id| catalogue.income_accounts.iter().any(|account| account.id == *id));
        let Some(account) = chosen.or_else(|| catalogue.income_accounts.first().map(|account| account.id.clone()))
        else {
            return Err(build_refusal("no-income-account", "there is no income account for new items"));
        };
        let request_id = self.request_id(&format!("item {at}"));
        let price = (self.invoice.request.currency == catalogue.home_currency).then_some(line.unit_price);
        let id = self
            .context
            .quickbooks(connection)
            .call(async |api| {
                // Names are unique: an earlier attempt or the company itself created an item with this name.
                if let Some(existing) = api.find_item_by_name(name).await? {
                    return Ok(existing);
                }
                let item = NewItem { name, unit_price: price, income_account: &account };
                api.create_item(&request_id, &item).await
            })
            .await
            .map_err(|error| self.retry_taken_name(error, 1))?;
        self.context.app.catalogues.invalidate(&connection.id).await;
        Ok(id)
    }

    /// Finds the term that results in the due date, and creates it if the company has none, because QuickBooks would otherwise print its
    /// default term beside another due date. `None` if no term has this due date.
    async fn resolve_term(&self, connection: &Connection, catalogue: &Catalogue) -> Result<Option<String>, Error> {
        let request = &self.invoice.request;
        let settings = settings::find_settings(self.context).await?;
        if let Some(term) = catalogue.find_term(request.issued, request.due, &settings.term) {
            return Ok(Some(term.id.clone()));
        }
        let days = request.issued.until(request.due).map(|span| span.get_days()).unwrap_or_default();
        let Some(days) = u16::try_from(days).ok().filter(|days| *days <= MAX_TERM_DAYS) else { return Ok(None) };
        let w = Writer::new(company_language::read_locale(self.context).await?);
        let name = fl!(w.t, "term-days", days = days.to_string());
        let request_id = self.request_id("term");
        let id = self
            .context
            .quickbooks(connection)
            .call(async |api| {
                // Names are unique: an earlier attempt or the company itself created a term with this name.
                match api.find_term_by_name(&name).await? {
                    Some((id, own_days)) => Ok((own_days == Some(days)).then_some(id)),
                    None => api.create_term(&request_id, &name, days).await.map(Some),
                }
            })
            .await;
        let id = match id {
            // If the company refuses terms, the invoice is created without one.
            Err(Error::QuickBooks(ProviderError::Refused(_))) => None,
            id => id?,
        };
        self.context.app.catalogues.invalidate(&connection.id).await;
        Ok(id)
    }

    async fn create_invoice(&self, prepared: &Prepared) -> Result<Snapshot, Error> {
        let Prepared { connection, mark, catalogue, customer, items, term } = prepared;
        let request_id = self.request_id("invoice");
        let invoice = ResolvedInvoice {
            request: &self.invoice.request,
            mark: *mark,
            customer,
            items,
            tax: &catalogue.tax,
            term: term.as_deref(),
            multicurrency: catalogue.multicurrency,
        };
        self.context.quickbooks(connection).call(async |api| api.create_invoice(&request_id, &invoice).await).await
    }

    /// Explains a refusal by the errors of the form. `None` for another error.
    fn explain_failure(&self, failed: &Failed) -> Option<(Refusal, Vec<FieldError>)> {
        let whole = |refusal: &Refusal, cause| {
            let problem = Problem::Explained(cause, refusal.detail.clone());
            (refusal.clone(), vec![FieldError { field: FormField::Whole, problem }])
        };
        let Error::QuickBooks(error) = &failed.error else { return None };
        match error {
            ProviderError::Refused(refusal) => {
                let customer = self.invoice.customer.as_deref();
                let context = Context { request: &self.invoice.request, customer, step: failed.step };
                Some((refusal.clone(), explain(refusal, &context)))
            }
            ProviderError::NotPermitted(refusal) => Some(whole(refusal, RefusalCause::Reconnect)),
            ProviderError::WrongEnvironment(refusal) => Some(whole(refusal, RefusalCause::Environment)),
            _ => None,
        }
    }

    /// Stores that the invoice was issued, and what follows.
    async fn record_issued(&self, tx: &mut Tx, issued: &Issued) -> Result<(), Error> {
        let Invoice { id, deal, created_by, .. } = *self.invoice;
        let (tenant, now) = (self.context.tenant, self.context.app.clock.now());
        let snapshot = &issued.snapshot;
        if !invoices::mark_issued(tx, tenant, id, self.owner, snapshot, now).await? {
            return Ok(());
        }
        self.store_links(tx, issued).await?;
        changes::expect_webhook(tx, tenant, self.invoice.connection).await?;
        history::announce_status(self.context, tx, id).await?;
        write_back::request_write_back(self.context, tx, deal, created_by).await?;
        let detail = json!({ "quickbooks_id": snapshot.quickbooks_id, "total": snapshot.total.amount(), "requestid": self.request_id("invoice") });
        audit::record(tx, tenant, Some(created_by), "invoice issued", Some(id), &detail, now).await?;
        Ok(())
    }

    /// Stores that QuickBooks refused the invoice, with the errors of the form.
    async fn record_refused(&self, tx: &mut Tx, refusal: &Refusal, errors: &[FieldError]) -> Result<(), Error> {
        let Invoice { id, created_by, .. } = *self.invoice;
        let (tenant, now) = (self.context.tenant, self.context.app.clock.now());
        tracing::info!(tenant.id = %tenant.0, invoice.id = %id.0, code = refusal.code, intuit_tid = refusal.call_id, "QuickBooks refused the invoice");
        if invoices::mark_refused(tx, tenant, id, self.owner, errors).await? {
            let codes: Vec<String> = refusal.faults().into_iter().map(|fault| fault.code).collect();
            let detail = json!({ "code": codes.join(", "), "intuit_tid": refusal.call_id });
            audit::record(tx, tenant, Some(created_by), "invoice refused", Some(id), &detail, now).await?;
        }
        // The refused object may have changed in QuickBooks, so the cached lists are dropped.
        self.context.app.catalogues.invalidate(&self.invoice.connection).await;
        Ok(())
    }

    /// Links the party with the customer and the products with the items, and discards the draft.
    async fn store_links(&self, tx: &mut Tx, Issued { snapshot, customer }: &Issued) -> Result<(), Error> {
        let (tenant, invoice) = (self.context.tenant, self.invoice);
        if !customer.is_empty()
            && let Some(party) = form::to_party(invoice.organization, invoice.person)
        {
            let linked = links::LinkedCustomer { id: customer.clone(), name: snapshot.customer_name.clone() };
            links::link_customer(tx, tenant, invoice.connection, party, &linked).await?;
        }
        for line in &invoice.request.lines {
            if let (Some(product), Choice::Existing(item)) = (line.product, &line.item) {
                links::link_item(tx, tenant, invoice.connection, product, item).await?;
            }
        }
        drafts::discard(tx, tenant, invoice.deal, invoice.created_by, Some(invoice.intent)).await?;
        Ok(())
    }
}

impl Kind for IssueInvoice<'_> {
    type Id = InvoiceId;
    type Done = Issued;
    type Prepared = Prepared;
    type Error = Failed;
    type StoreError = Error;
    const IS_SHOWN: bool = true;

    fn describe(&self) -> Operation {
        let Invoice { state, created_at, attempts, .. } = self.invoice;
        let phase = if *state == State::Sending { Phase::Sending } else { Phase::Queued };
        let trusts_request_ids = self.context.app.config.quickbooks_trust_requestid;
        Operation {
            sent_at: self.invoice.sent_at,
            was_refused: self.invoice.generation > 1,
            may_resend: self.invoice.may_resend,
            ..describe(phase, Repetition::Unproven { trusts_request_ids }, *created_at, *attempts)
        }
    }

    fn classify(&self, _: operation::Step, failed: &Failed) -> Failure {
        classify(&self.context.app, &failed.error)
    }

    async fn look_up(&mut self) -> Result<Option<Issued>, Failed> {
        let mut tx = self.context.app.db.read().await?;
        let connection = self.find_connection(&mut tx).await?;
        drop(tx);
        let Some(snapshot) = self.find_invoice(&connection).await? else { return Ok(None) };
        let existing = if let Choice::Existing(id) = &self.invoice.request.customer { Some(id) } else { None };
        let customer = self.invoice.customer.as_ref().or(existing).cloned().unwrap_or_default();
        Ok(Some(Issued { snapshot, customer }))
    }

    async fn test_repeats(&mut self) -> Result<bool, Failed> {
        let mut tx = self.context.app.db.read().await?;
        let connection = self.find_connection(&mut tx).await?;
        drop(tx);
        Ok(repeats::are_recognised(self.context, &connection, &self.request_id("repeat")).await?)
    }

    async fn prepare(&mut self) -> Result<ControlFlow<Issued, Prepared>, Failed> {
        Ok(ControlFlow::Continue(self.resolve_parts().await?))
    }

    /// The permission of a person to resend is used once.
    async fn begin_sending(&mut self, tx: &mut Tx) -> Result<(), store::Error> {
        if self.invoice.may_resend {
            invoices::revoke_resending(tx, self.context.tenant, self.invoice.id, self.owner).await?;
        }
        Ok(())
    }

    async fn send(&mut self, prepared: Prepared) -> Result<Issued, Failed> {
        let snapshot = self.create_invoice(&prepared).await?;
        Ok(Issued { snapshot, customer: prepared.customer })
    }

    async fn record(&mut self, tx: &mut Tx, result: Result<Issued, Failed>) -> Result<(), Error> {
        match result {
            Ok(issued) => self.record_issued(tx, &issued).await,
            Err(failed) => match self.explain_failure(&failed) {
                Some((refusal, errors)) => self.record_refused(tx, &refusal, &errors).await,
                None => Err(failed.error),
            },
        }
    }
}

fn build_refusal(code: &str, detail: &str) -> Error {
    Error::QuickBooks(ProviderError::Refused(providers::Refusal {
        code: code.to_owned(),
        detail: detail.to_owned(),
        ..providers::Refusal::default()
    }))
}

//! One attempt at issuing an invoice: calls QuickBooks, and stores the result.

use super::{
    explain::explain,
    refused_step::{Context, Step},
};
use crate::{
    flows::{
        Error, catalogue, company_language,
        context::TenantContext,
        form, history,
        lease::{Attempt, LOOKUP_WINDOW, OperationLease, UNDER_WAY_DURATION, request_id},
        repeats, settings, write_back,
    },
    format::Writer,
};
use domain::{
    catalogue::Catalogue,
    form::{FieldError, FormField, Problem},
    ids::InvoiceId,
    invoice::Snapshot,
    invoice_request::{Choice, RequestLine},
    mark::Mark,
    refusal::RefusalCause,
};
use i18n_embed_fl::fl;
use jiff::SignedDuration;
use providers::{
    ProviderError, Refusal,
    quickbooks::{NewItem, ResolvedInvoice},
};
use serde_json::json;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{
    audit, changes, drafts,
    invoices::{self, Invoice, State},
    links,
    parked::ParkReason,
    quickbooks::{self, Connection},
    tenants,
};

/// Time in which an invoice that was sent without an answer is looked up. QuickBooks does not document how soon a query finds a new invoice. If
/// it does not recognise repeated requests either, only a person can decide whether the invoice arrived.
const LOOKUP_TIMEOUT: SignedDuration = SignedDuration::from_secs(32);
/// Older operations are looked up even if they are marked as not sent, because the database may be a restored backup.
const UNSENT_TRUST_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// Attempts after which a taken name counts as that of another customer or item.
const MAX_NAME_LOOKUPS: i32 = 12;
/// Upper bound of QuickBooks for the days of a term.
const MAX_TERM_DAYS: u16 = 999;
/// Pause between two lookups.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(3);

/// One attempt at issuing an invoice.
pub(super) struct Worker<'a> {
    pub(super) context: &'a TenantContext,
    pub(super) invoice: &'a Invoice,
    pub(super) lease: &'a OperationLease<'a, InvoiceId>,
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

    /// Whether QuickBooks refused the call, which has then written nothing.
    fn is_refused(&self) -> bool {
        matches!(
            &self.error,
            Error::QuickBooks(
                ProviderError::Refused(_) | ProviderError::NotPermitted(_) | ProviderError::WrongEnvironment(_)
            )
        )
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

/// The resolved parts of an invoice: the catalogue, and the ids of customer, items and term.
struct Prepared {
    catalogue: Arc<Catalogue>,
    customer: String,
    items: Vec<String>,
    term: Option<String>,
}

impl Worker<'_> {
    /// The `requestid` of a step of this generation of the intent.
    pub(super) fn request_id(&self, step: &str) -> String {
        request_id(self.context.tenant, &format!("{}/{}/{step}", self.invoice.intent.0, self.invoice.generation))
    }

    /// Makes the attempt. Returns the snapshot and the id of the customer.
    pub(super) async fn run(&self) -> Result<(Snapshot, String), Failed> {
        let mut tx = self.context.app.db.read().await?;
        let connection =
            quickbooks::find(&mut tx, &self.context.app.vault, self.context.tenant, self.invoice.connection).await?;
        let connection = connection.ok_or(Error::NotConnected)?;
        let mark = self.build_mark(&mut tx).await?;
        drop(tx);
        let is_sent = self.invoice.state == State::Sending;
        // The invoice of an earlier generation may exist although it was refused.
        let may_exist = is_sent || self.invoice.generation > 1;
        if may_exist || self.context.app.clock.now().duration_since(self.invoice.created_at) > UNSENT_TRUST_DURATION {
            let found = self.find_invoice(&connection).await.map_err(Failed::from);
            // A user who has allowed resending has checked in QuickBooks, so a refused query is ignored.
            if !(self.invoice.may_resend && found.as_ref().is_err_and(Failed::is_refused))
                && let Some(found) = found.map_err(|failed| self.keep_doubt(failed))?
            {
                let customer = self.invoice.customer.clone();
                let existing =
                    if let Choice::Existing(id) = &self.invoice.request.customer { Some(id.clone()) } else { None };
                return Ok((found, customer.or(existing).unwrap_or_default()));
            }
            if is_sent {
                self.check_resendable(&connection).await.map_err(|error| self.keep_doubt(error.into()))?;
            }
        }
        let prepared = self.prepare(&connection).await.map_err(|failed| self.keep_doubt(failed))?;
        let mut tx = self.context.app.db.begin().await?;
        self.lease.mark_sending(&mut tx).await?;
        if self.invoice.may_resend {
            invoices::revoke_resending(&mut tx, self.context.tenant, self.invoice.id, self.lease.owner).await?;
        }
        tx.commit().await?;
        match self.create_invoice(&connection, mark, &prepared).await {
            Ok(snapshot) => Ok((snapshot, prepared.customer)),
            Err(error) => {
                // Without access there was no call, and a provider that asks to wait has written nothing. An earlier attempt stays in doubt.
                let was_not_sent = matches!(
                    &error,
                    Error::NeedsReconnect
                        | Error::NotConnected
                        | Error::QuickBooks(
                            ProviderError::Busy(_) | ProviderError::TokenUnavailable | ProviderError::Misconfigured(_)
                        )
                );
                if was_not_sent && !self.is_in_doubt() {
                    let mut tx = self.context.app.db.begin().await?;
                    invoices::mark_unsent(&mut tx, self.context.tenant, self.invoice.id, self.lease.owner).await?;
                    tx.commit().await?;
                }
                // The gateway refuses before QuickBooks can recognise a repeated request, so an earlier attempt stays in doubt.
                match &error {
                    Error::QuickBooks(ProviderError::NotPermitted(_) | ProviderError::WrongEnvironment(_)) => {
                        Err(self.keep_doubt(error.into()))
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    /// Resolves the parts of the invoice: creates a new customer, items and term, and updates the customer.
    async fn prepare(&self, connection: &Connection) -> Result<Prepared, Failed> {
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
        Ok(Prepared { catalogue, customer, items, term })
    }

    /// Whether the invoice may exist in QuickBooks: it was sent without an answer, and no user has allowed resending it.
    fn is_in_doubt(&self) -> bool {
        self.invoice.state == State::Sending && !self.invoice.may_resend
    }

    /// Replaces a refusal by another lookup or by parking if the invoice is in doubt. A refused call proves nothing about the invoice that
    /// was sent before: if the refusal ended the doubt, the corrected form would create a second one.
    fn keep_doubt(&self, failed: Failed) -> Failed {
        if !self.is_in_doubt() || !failed.is_refused() {
            return failed;
        }
        tracing::warn!(tenant.id = %self.context.tenant.0, invoice.id = %self.invoice.id.0, error = %failed.error, "QuickBooks refused a call while an invoice is in doubt");
        let passed =
            self.context.app.clock.now().duration_since(self.invoice.sent_at.unwrap_or(self.invoice.created_at));
        if passed < LOOKUP_TIMEOUT { Error::NotYet(LOOKUP_INTERVAL) } else { Error::Parked(ParkReason::Doubt) }.into()
    }

    /// Checks that an invoice that was not found may be resent. Fails with the time of the next lookup, or with the reason for parking.
    async fn check_resendable(&self, connection: &Connection) -> Result<(), Error> {
        let passed =
            self.context.app.clock.now().duration_since(self.invoice.sent_at.unwrap_or(self.invoice.created_at));
        if passed < UNDER_WAY_DURATION {
            return Err(Error::NotYet(LOOKUP_INTERVAL));
        }
        if self.invoice.may_resend
            || (self.context.app.config.quickbooks_trust_requestid
                && repeats::are_recognised(self.context, connection, &self.request_id("repeat")).await?)
        {
            return Ok(());
        }
        Err(if passed < LOOKUP_TIMEOUT { Error::NotYet(LOOKUP_INTERVAL) } else { Error::Parked(ParkReason::Doubt) })
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

    async fn build_mark(&self, tx: &mut store::Tx) -> Result<Mark, Error> {
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

    async fn create_invoice(
        &self,
        connection: &Connection,
        mark: Mark,
        prepared: &Prepared,
    ) -> Result<Snapshot, Error> {
        let Prepared { catalogue, customer, items, term } = prepared;
        let request_id = self.request_id("invoice");
        let invoice = ResolvedInvoice {
            request: &self.invoice.request,
            mark,
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

    /// Stores the result of the attempt, in one transaction.
    pub(super) async fn store_result(&self, result: Result<(Snapshot, String), Failed>) -> Result<Attempt, Error> {
        let (tenant, id, now) = (self.context.tenant, self.invoice.id, self.context.app.clock.now());
        let mut tx = self.context.app.db.begin().await?;
        let attempt = match result {
            Ok((snapshot, customer)) => {
                if invoices::mark_issued(&mut tx, tenant, id, self.lease.owner, &snapshot, now).await? {
                    self.store_links(&mut tx, &snapshot, &customer).await?;
                    changes::expect_webhook(&mut tx, tenant, self.invoice.connection).await?;
                    history::announce_status(self.context, &mut tx, id).await?;
                    write_back::request_write_back(self.context, &mut tx, self.invoice.deal, self.invoice.created_by)
                        .await?;
                    let detail = json!({ "quickbooks_id": snapshot.quickbooks_id, "total": snapshot.total.amount(), "requestid": self.request_id("invoice") });
                    audit::record(
                        &mut tx,
                        tenant,
                        Some(self.invoice.created_by),
                        "invoice issued",
                        Some(id),
                        &detail,
                        now,
                    )
                    .await?;
                }
                Attempt::Done
            }
            Err(failed) if let Some((refusal, errors)) = self.explain_failure(&failed) => {
                tracing::info!(tenant.id = %tenant.0, invoice.id = %id.0, code = refusal.code, intuit_tid = refusal.call_id, "QuickBooks refused the invoice");
                let codes: Vec<String> = refusal.faults().into_iter().map(|fault| fault.code).collect();
                let detail = json!({ "code": codes.join(", "), "intuit_tid": refusal.call_id });
                if invoices::mark_refused(&mut tx, tenant, id, self.lease.owner, &errors).await? {
                    audit::record(
                        &mut tx,
                        tenant,
                        Some(self.invoice.created_by),
                        "invoice refused",
                        Some(id),
                        &detail,
                        now,
                    )
                    .await?;
                }
                // The refused object may have changed in QuickBooks, so the cached lists are dropped.
                self.context.app.catalogues.invalidate(&self.invoice.connection).await;
                Attempt::Done
            }
            Err(Failed { error, .. }) => {
                tracing::warn!(tenant.id = %tenant.0, invoice.id = %id.0, %error, "an attempt at issuing the invoice failed");
                self.lease.release_after_error(&mut tx, &error, self.invoice.attempts, self.invoice.created_at).await?
            }
        };
        tx.commit().await?;
        self.context.app.db.announce(tenant).await;
        Ok(attempt)
    }

    /// Links the party with the customer and the products with the items, and discards the draft.
    async fn store_links(&self, tx: &mut store::Tx, snapshot: &Snapshot, customer: &str) -> Result<(), Error> {
        let (tenant, invoice) = (self.context.tenant, self.invoice);
        if !customer.is_empty()
            && let Some(party) = form::to_party(invoice.organization, invoice.person)
        {
            let linked = links::LinkedCustomer { id: customer.to_owned(), name: snapshot.customer_name.clone() };
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

fn build_refusal(code: &str, detail: &str) -> Error {
    Error::QuickBooks(ProviderError::Refused(providers::Refusal {
        code: code.to_owned(),
        detail: detail.to_owned(),
        ..providers::Refusal::default()
    }))
}

//! Issuing an invoice, exactly once.
//!
//! Pressing the button writes the intent down and enqueues the work in one transaction; then the work runs, here or
//! after a crash on whoever finds it. Every write to QuickBooks has a `requestid` made of the intent and its
//! generation, so that the same write sent twice is one. Once the invoice may have been sent, it is looked for by
//! our mark before it is sent again. The answer, the links and the audit row are kept in one transaction.

use super::{Error, access, catalogue, deal};
use crate::{format::Writer, state::App};
use aws_lc_rs::digest;
use domain::{
    catalogue::Catalogue,
    draft::{self, Choice, DraftLine, FieldError, Form, FormField, Problem},
    ids::{DealId, InvoiceId, TenantId, UserId},
    invoice::Snapshot,
};
use jiff::SignedDuration;
use providers::{
    ProviderError,
    quickbooks::{NewCustomer, NewItem, Resolved},
};
use serde_json::json;
use std::{fmt::Write as _, sync::Arc, time::Duration};
use store::{
    audit, drafts,
    invoices::{self, Intent, Invoice, Placed, State},
    links,
    queue::IssueInvoice,
    quickbooks,
    quickbooks::Connection,
};
use uuid::Uuid;

/// A worker that says nothing for so long is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long the person waits before being told that we are still checking.
const PATIENCE: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(60);
/// Our clock and QuickBooks' may differ by so much when an invoice is looked for.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(15);
const BACK_OFF_MOST: Duration = Duration::from_secs(300);

/// What the person gets to see after pressing the button.
pub(crate) enum Pressed {
    /// Things to mend; nothing was sent, or QuickBooks refused it.
    Mend(Vec<FieldError>),
    /// It stands in QuickBooks.
    Issued(Box<Invoice>, Snapshot),
    /// It is under way, or its fate is being found out.
    Checking(InvoiceId),
    /// The same form made another invoice before, which stands.
    Different(Box<Invoice>),
}

/// Somebody pressed *Create invoice*.
pub(crate) async fn press(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    form: Form,
    writer: Writer,
) -> Result<Pressed, Error> {
    deal::keep(app, tenant, user, id, &form).await?;
    let connection = catalogue::connection(app, tenant).await?;
    let (of_deal, catalogue) =
        tokio::try_join!(deal::read(app, tenant, user, id), catalogue::catalogue(app, tenant, &connection))?;
    let items = catalogue.item_ids();
    let key = draft::intent_key(&form).ok_or(Error::NotFound)?;
    let checked = match draft::check(&form, &deal::rules(&catalogue, &items, writer)) {
        Ok(checked) => checked,
        Err(errors) => return Ok(Pressed::Mend(errors)),
    };
    let intent = Intent {
        id: InvoiceId(Uuid::now_v7()),
        key,
        connection: connection.id,
        deal: id,
        organization: of_deal.organization,
        person: of_deal.person,
        by: user,
        customer_name: if let Choice::New(name) = &checked.customer {
            name.clone()
        } else {
            form.customer_name.clone()
        },
        form,
        draft: checked,
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let invoice = match invoices::place(&mut tx, tenant, &intent, now).await? {
        Placed::New(invoice) => {
            app.db.enqueue(&mut tx, IssueInvoice { tenant, invoice }).await?;
            audit::record(
                &mut tx,
                tenant,
                Some(user),
                "invoice intended",
                Some(invoice),
                &json!({ "total": intent.draft.total, "currency": intent.draft.currency.code() }),
                now,
            )
            .await?;
            invoice
        }
        Placed::Known(known) => known.id,
        Placed::Different(known) => return Ok(Pressed::Different(known)),
    };
    tx.commit().await?;
    outcome(app, tenant, invoice, PATIENCE).await
}

/// How an intended invoice stands, after waiting a little for it to be settled.
pub(crate) async fn outcome(app: &App, tenant: TenantId, id: InvoiceId, patience: Duration) -> Result<Pressed, Error> {
    let until = tokio::time::Instant::now() + patience;
    loop {
        let mut tx = app.db.read().await?;
        let invoice = invoices::find(&mut tx, tenant, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        match &invoice.state {
            State::Issued(snapshot) => {
                let snapshot = snapshot.clone();
                return Ok(Pressed::Issued(Box::new(invoice), snapshot));
            }
            State::Refused(errors) => return Ok(Pressed::Mend(errors.clone())),
            State::Queued | State::Sending if tokio::time::Instant::now() >= until => return Ok(Pressed::Checking(id)),
            State::Queued | State::Sending => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// What became of one attempt.
pub(crate) enum Attempt {
    /// Nothing is left to do.
    Done,
    /// To be tried again after a while.
    Later(Duration),
}

/// Carries an intended invoice as far as it goes now.
pub(crate) async fn attempt(app: &App, tenant: TenantId, id: InvoiceId) -> Result<Attempt, Error> {
    let owner = Uuid::new_v4();
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let leased = invoices::lease(&mut tx, tenant, id, owner, now, now + LEASE).await?;
    let unfinished = match &leased {
        Some(_) => true,
        None => matches!(
            invoices::find(&mut tx, tenant, id).await?.map(|invoice| invoice.state),
            Some(State::Queued | State::Sending)
        ),
    };
    tx.commit().await?;
    let Some(invoice) = leased else {
        return Ok(if unfinished { Attempt::Later(HEARTBEAT) } else { Attempt::Done });
    };
    let worker = Worker { app, tenant, invoice: &invoice, owner };
    let ended = tokio::select! {
        ended = worker.run() => ended,
        () = worker.heart() => return Ok(Attempt::Later(HEARTBEAT)),
    };
    worker.settle(ended).await
}

/// One worker's hold on one invoice.
struct Worker<'a> {
    app: &'a App,
    tenant: TenantId,
    invoice: &'a Invoice,
    owner: Uuid,
}

impl Worker<'_> {
    /// Keeps the lease while the work goes on; returns when it was lost, and then nothing more may be sent.
    async fn heart(&self) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let kept = async {
                let now = self.app.clock.now();
                let mut tx = self.app.db.begin().await?;
                let kept =
                    invoices::extend(&mut tx, self.tenant, self.invoice.id, self.owner, now, now + LEASE).await?;
                tx.commit().await?;
                Ok::<bool, store::Error>(kept)
            };
            if !kept.await.unwrap_or(false) {
                return;
            }
        }
    }

    /// A `requestid`: the same for the same step of the same intent, however often and wherever it is made.
    fn request_id(&self, step: &str) -> String {
        let text = format!("{}/{}/{}/{step}", self.tenant.0, self.invoice.intent.0, self.invoice.generation);
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        hash.as_ref()[..16].iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    async fn run(&self) -> Result<(Snapshot, String), Error> {
        let mut tx = self.app.db.read().await?;
        let connection = quickbooks::find(&mut tx, &self.app.vault, self.tenant, self.invoice.connection).await?;
        drop(tx);
        let connection = connection.ok_or(Error::NotConnected)?;
        let catalogue = catalogue::catalogue(self.app, self.tenant, &connection).await?;
        if self.invoice.state == State::Sending
            && let Some(found) = self.find(&connection).await?
        {
            let customer = self.invoice.customer.clone();
            let existing =
                if let Choice::Existing(id) = &self.invoice.draft.customer { Some(id.clone()) } else { None };
            return Ok((found, customer.or(existing).unwrap_or_default()));
        }
        let customer = self.customer(&connection, &catalogue).await?;
        let mut items = Vec::new();
        for (at, line) in self.invoice.draft.lines.iter().enumerate() {
            items.push(self.item(&connection, &catalogue, at, line).await?);
        }
        let mut tx = self.app.db.begin().await?;
        let ours = invoices::sending(&mut tx, self.tenant, self.invoice.id, self.owner).await?;
        tx.commit().await?;
        if !ours {
            return Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT)));
        }
        let snapshot = self.create(&connection, &catalogue, &customer, items).await?;
        Ok((snapshot, customer))
    }

    async fn find(&self, connection: &Connection) -> Result<Option<Snapshot>, Error> {
        let (id, issued, since) = (self.invoice.id, self.invoice.draft.issued, self.invoice.created_at - CLOCKS_DIFFER);
        access::quickbooks(self.app, self.tenant, connection, |access| async move {
            access.api().find_invoice(id, issued, since).await
        })
        .await
    }

    async fn customer(&self, connection: &Connection, catalogue: &Catalogue) -> Result<String, Error> {
        let name = match (&self.invoice.draft.customer, &self.invoice.customer) {
            (Choice::Existing(id), _) | (Choice::New(_), Some(id)) => return Ok(id.clone()),
            (Choice::New(name), None) => name.clone(),
        };
        let draft = Arc::new(self.invoice.draft.clone());
        let request_id = self.request_id("customer");
        let (country, multicurrency) = (catalogue.country.clone(), catalogue.multicurrency);
        let created = access::quickbooks(self.app, self.tenant, connection, |access| {
            let (draft, name, request_id, country) =
                (Arc::clone(&draft), name.clone(), request_id.clone(), country.clone());
            async move {
                let customer = NewCustomer {
                    display_name: &name,
                    email: &draft.email,
                    tax_id: &draft.tax_id,
                    address: &draft.address,
                    currency: multicurrency.then(|| draft.currency.code()),
                    country: &country,
                };
                access.api().create_customer(&request_id, &customer).await
            }
        })
        .await?;
        let mut tx = self.app.db.begin().await?;
        invoices::customer_created(&mut tx, self.tenant, self.invoice.id, &created.id).await?;
        let detail = json!({ "customer": created.id, "requestid": request_id });
        audit::record(
            &mut tx,
            self.tenant,
            Some(self.invoice.created_by),
            "customer created",
            Some(self.invoice.id),
            &detail,
            self.app.clock.now(),
        )
        .await?;
        tx.commit().await?;
        Ok(created.id)
    }

    async fn item(
        &self,
        connection: &Connection,
        catalogue: &Catalogue,
        at: usize,
        line: &DraftLine,
    ) -> Result<String, Error> {
        let name = match &line.item {
            Choice::Existing(id) => return Ok(id.clone()),
            Choice::New(name) => name.clone(),
        };
        let settings = super::settings::current(self.app, self.tenant).await?;
        let chosen =
            settings.income_account.filter(|id| catalogue.income_accounts.iter().any(|account| account.id == *id));
        let Some(account) = chosen.or_else(|| catalogue.income_accounts.first().map(|account| account.id.clone()))
        else {
            return Err(refusal("no-income-account", "there is no income account for new items"));
        };
        let request_id = self.request_id(&format!("item {at}"));
        let price = (self.invoice.draft.currency == catalogue.home_currency).then_some(line.unit_price);
        let id = access::quickbooks(self.app, self.tenant, connection, |access| {
            let (name, account, request_id) = (name.clone(), account.clone(), request_id.clone());
            async move {
                // Names are unique: an item of this name is the one, ours of an earlier attempt or the company's.
                if let Some(known) = access.api().item_by_name(&name).await? {
                    return Ok(known);
                }
                let item = NewItem { name: &name, unit_price: price, income_account: &account };
                access.api().create_item(&request_id, &item).await
            }
        })
        .await?;
        self.app.catalogues.invalidate(&connection.id).await;
        Ok(id)
    }

    async fn create(
        &self,
        connection: &Connection,
        catalogue: &Arc<Catalogue>,
        customer: &str,
        items: Vec<String>,
    ) -> Result<Snapshot, Error> {
        let draft = Arc::new(self.invoice.draft.clone());
        let term = catalogue.term_for(draft.issued, draft.due).map(|term| term.id.clone());
        let request_id = self.request_id("invoice");
        let parts = Arc::new((customer.to_owned(), items, term, request_id));
        let id = self.invoice.id;
        access::quickbooks(self.app, self.tenant, connection, |access| {
            let (draft, parts, catalogue) = (Arc::clone(&draft), Arc::clone(&parts), Arc::clone(catalogue));
            async move {
                let (customer, items, term, request_id) = &*parts;
                let invoice = Resolved {
                    draft: &draft,
                    id,
                    customer,
                    items,
                    tax: &catalogue.tax,
                    term: term.as_deref(),
                    multicurrency: catalogue.multicurrency,
                };
                access.api().create_invoice(request_id, &invoice).await
            }
        })
        .await
    }

    /// Keeps what came out, in one transaction.
    async fn settle(&self, ended: Result<(Snapshot, String), Error>) -> Result<Attempt, Error> {
        let (tenant, id, now) = (self.tenant, self.invoice.id, self.app.clock.now());
        let mut tx = self.app.db.begin().await?;
        let attempt = match ended {
            Ok((snapshot, customer)) => {
                if invoices::issued(&mut tx, tenant, id, self.owner, &snapshot, now).await? {
                    self.remember(&mut tx, &customer).await?;
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
            Err(Error::QuickBooks(ProviderError::Refused(refusal))) => {
                tracing::info!(tenant.id = %tenant.0, invoice.id = %id.0, code = refusal.code, intuit_tid = refusal.call_id, "QuickBooks refused the invoice");
                let detail = json!({ "code": refusal.code, "intuit_tid": refusal.call_id });
                let errors = [explain(&refusal.code, &refusal.element, &refusal.detail)];
                if invoices::refused(&mut tx, tenant, id, self.owner, &errors).await? {
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
                // What was refused may have been changed in QuickBooks: do not believe the lists any longer.
                self.app.catalogues.invalidate(&self.invoice.connection).await;
                Attempt::Done
            }
            Err(error) => {
                let wait = match &error {
                    Error::QuickBooks(ProviderError::Busy(after)) => *after,
                    Error::NeedsReconnect | Error::NotConnected => Duration::from_secs(60),
                    _ => BACK_OFF_MOST.min(Duration::from_secs(1 << self.invoice.attempts.clamp(0, 9))),
                };
                tracing::warn!(tenant.id = %tenant.0, invoice.id = %id.0, %error, wait_s = wait.as_secs(), "the invoice is not settled yet");
                let at = now + SignedDuration::try_from(wait).unwrap_or(LEASE);
                invoices::postpone(&mut tx, tenant, id, self.owner, at).await?;
                Attempt::Later(wait)
            }
        };
        tx.commit().await?;
        Ok(attempt)
    }

    /// Links the party with the customer and the products with the items, and closes the form.
    async fn remember(&self, tx: &mut store::Tx, customer: &str) -> Result<(), Error> {
        let (tenant, invoice) = (self.tenant, self.invoice);
        if !customer.is_empty()
            && let Some(party) = deal::party(invoice.organization, invoice.person)
        {
            links::link_customer(tx, tenant, invoice.connection, party, customer).await?;
        }
        for line in &invoice.draft.lines {
            if let (Some(product), Choice::Existing(item)) = (line.product, &line.item) {
                links::link_item(tx, tenant, invoice.connection, product, item).await?;
            }
        }
        drafts::discard(tx, tenant, invoice.deal, invoice.created_by).await?;
        Ok(())
    }
}

fn refusal(code: &str, detail: &str) -> Error {
    Error::QuickBooks(ProviderError::Refused(providers::Refusal {
        code: code.to_owned(),
        detail: detail.to_owned(),
        element: String::new(),
        call_id: String::new(),
    }))
}

/// A refusal of QuickBooks, at the field that it is about.
fn explain(code: &str, element: &str, detail: &str) -> FieldError {
    let (field, problem) = match code {
        "6240" => (FormField::Customer, Problem::NameTaken),
        "6140" => (FormField::Number, Problem::NumberTaken),
        "6200" | "6210" => (FormField::Issued, Problem::PeriodClosed),
        "610" | "2500" if element.contains("ItemRef") => (FormField::Lines, Problem::Inactive),
        "610" | "2500" if element.contains("TaxCode") => (FormField::Lines, Problem::Unknown),
        "610" | "2500" if element.contains("Currency") => (FormField::Currency, Problem::Unknown),
        "610" | "2500" => (FormField::Customer, Problem::Inactive),
        "2210" => (FormField::Email, Problem::NotAnEmail),
        "6000" if detail.contains("currency") => (FormField::Currency, Problem::Refused(detail.to_owned())),
        _ => (FormField::Whole, Problem::Refused(detail.to_owned())),
    };
    FieldError { field, problem }
}

/// Hands out again what a crash left behind; how many.
pub(crate) async fn recover(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let orphans =
        invoices::orphans(&mut tx, now - SignedDuration::from_secs(5), now, now + SignedDuration::from_secs(30))
            .await?;
    for (tenant, invoice) in &orphans {
        app.db.enqueue(&mut tx, IssueInvoice { tenant: *tenant, invoice: *invoice }).await?;
    }
    tx.commit().await?;
    Ok(orphans.len())
}

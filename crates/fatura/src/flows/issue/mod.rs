//! Issuing an invoice, exactly once.
//!
//! Pressing the button writes the intent down and enqueues the work in one transaction; then the work runs, here or
//! after a crash on whoever finds it. Every write to QuickBooks has a `requestid` made of the intent and its
//! generation, so that the same write sent twice is one. Once the invoice may have been sent, it is looked for by
//! our mark before it is sent again. The answer, the links and the audit row are kept in one transaction.

mod customer;
mod explain;
mod locate;
mod worker;

use super::{
    Error, access,
    form::{self, Look},
    lease::{Attempt, HEARTBEAT_INTERVAL, OUTCOME_TIMEOUT, OperationLease, POLL_INTERVAL},
    ledger::{Question, Worth},
};
use crate::{format::Writer, state::App};
use domain::{
    form::{FieldError, Form, FormField, Problem, parse_intent_key},
    ids::{DealId, IntentKey, InvoiceId, TenantId, UserId},
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest},
};
use providers::ProviderError;
use serde_json::json;
use std::time::Duration;
use store::{
    audit, deals,
    invoices::{self, Intent, Invoice, InvoiceScope, Placed, State},
    links,
    queue::IssueInvoice,
};
use uuid::Uuid;
use worker::Worker;

/// What the person gets to see after pressing the button.
pub(crate) enum Pressed {
    /// Things to mend; nothing was sent, or QuickBooks refused it.
    Mend(Vec<FieldError>),
    /// QuickBooks has refused the invoice.
    Refused(InvoiceId, Vec<FieldError>),
    /// It stands in QuickBooks.
    Issued(Box<Invoice>, Snapshot),
    /// It waits to be sent.
    Waiting(Box<Invoice>),
    /// It was sent, and what became of it is being found out.
    Checking(InvoiceId),
    /// It goes no further without a person.
    Stuck(Box<Invoice>),
    /// The same form made another invoice before, which stands.
    Different(Box<Invoice>),
    /// Something has to be confirmed first; nothing was sent.
    Ask(Box<Question>),
}

/// Somebody pressed *Create invoice*. [`Error::AdminsOnly`] where the settings leave that to administrators.
pub(crate) async fn press(
    app: &App,
    tenant: TenantId,
    user: UserId,
    id: DealId,
    form: Form,
    writer: Writer,
) -> Result<Pressed, Error> {
    let (allowed, of_deal, look) = tokio::join!(
        form::require_creator(app, tenant, user),
        Box::pin(form::read(app, tenant, user, id)),
        Box::pin(form::look(app, tenant, id, &form))
    );
    // Where a provider does not answer, nothing that was typed is lost.
    if !matches!(allowed, Err(Error::AdminsOnly)) && !matches!(of_deal, Err(Error::NotFound)) {
        form::keep_submitted(app, tenant, user, id, &form).await?;
    }
    allowed?;
    let (of_deal, look) = (of_deal?, look?);
    let key = parse_intent_key(&form).ok_or(Error::NotFound)?;
    let checked = match look.check(&form, writer) {
        Ok(checked) => checked,
        Err(errors) => return Ok(Pressed::Mend(errors)),
    };
    if let Some(error) = taken(app, tenant, &look, key, &checked).await? {
        return Ok(Pressed::Mend(vec![error]));
    }
    let mut tx = app.db.read().await?;
    let item_links = links::list_items(&mut tx, tenant, look.connection.id).await?;
    drop(tx);
    let (organization, person) = (of_deal.organization, of_deal.person);
    let worth = Worth::new(of_deal, &look, &item_links);
    let connection = &look.connection;
    let intent = Intent {
        id: InvoiceId(Uuid::now_v7()),
        key,
        connection: connection.id,
        deal: id,
        organization,
        person,
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
    deals::lock(&mut tx, tenant, id).await?;
    let known = invoices::find_by_intent(&mut tx, tenant, key).await?;
    if known.is_none_or(|known| matches!(known.state, State::Refused(_))) {
        let earlier = invoices::list(&mut tx, tenant, InvoiceScope::Deal(id)).await?;
        if let Some(question) = worth.question(&intent.form, &intent.draft, &earlier, look.today) {
            return Ok(Pressed::Ask(Box::new(question)));
        }
    }
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
        // Another request has used the key for another deal meanwhile: that invoice is not this deal's to show.
        Placed::Different(known) if known.deal != id => return Err(Error::NotFound),
        Placed::Different(known) => return Ok(Pressed::Different(known)),
    };
    tx.commit().await?;
    outcome(app, tenant, invoice, OUTCOME_TIMEOUT).await
}

/// Looks, before anything is sent, whether a number given by hand is in use: by another invoice than this form's own.
async fn taken(
    app: &App,
    tenant: TenantId,
    look: &Look,
    key: IntentKey,
    checked: &InvoiceRequest,
) -> Result<Option<FieldError>, Error> {
    let Some(number) = checked.number.clone() else { return Ok(None) };
    let mut tx = app.db.read().await?;
    let known = invoices::find_by_intent(&mut tx, tenant, key).await?;
    drop(tx);
    if known.is_some_and(|known| !matches!(known.state, State::Refused(_))) {
        return Ok(None);
    }
    let is_taken = access::quickbooks(app, tenant, &look.connection, |access| {
        let number = number.clone();
        async move { access.api().is_number_taken(&number).await }
    });
    let error = FieldError { field: FormField::Number, problem: Problem::NumberTaken };
    Ok(is_taken.await?.then_some(error))
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
            State::Refused(errors) => return Ok(Pressed::Refused(id, errors.clone())),
            State::Queued | State::Sending if invoice.park_reason.is_some() => {
                return Ok(Pressed::Stuck(Box::new(invoice)));
            }
            State::Queued if tokio::time::Instant::now() >= until => return Ok(Pressed::Waiting(Box::new(invoice))),
            State::Sending if tokio::time::Instant::now() >= until => return Ok(Pressed::Checking(id)),
            State::Queued | State::Sending => tokio::time::sleep(POLL_INTERVAL).await,
        }
    }
}

/// Carries an intended invoice as far as it goes now.
pub(crate) async fn attempt(app: &App, tenant: TenantId, id: InvoiceId) -> Result<Attempt, Error> {
    let mut tx = app.db.begin().await?;
    let lease = OperationLease::new(app, tenant, id);
    let leased = invoices::claim(&mut tx, tenant, id, lease.owner, lease.since, lease.until()).await?;
    let unfinished = match &leased {
        Some(_) => true,
        None => invoices::find(&mut tx, tenant, id).await?.is_some_and(|invoice| invoice.is_under_way()),
    };
    tx.commit().await?;
    let Some(invoice) = leased else {
        return Ok(if unfinished { Attempt::Later(HEARTBEAT_INTERVAL) } else { Attempt::Done });
    };
    let worker = Worker { app, tenant, invoice: &invoice, lease: &lease };
    match lease.run_while_leased(Box::pin(worker.run())).await {
        Some(ended) => worker.settle(ended).await,
        None => Ok(Attempt::Later(HEARTBEAT_INTERVAL)),
    }
}

fn refusal(code: &str, detail: &str) -> Error {
    Error::QuickBooks(ProviderError::Refused(providers::Refusal {
        code: code.to_owned(),
        detail: detail.to_owned(),
        ..providers::Refusal::default()
    }))
}

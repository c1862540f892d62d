//! Submits forms: stores the intent of an invoice, has it issued, and waits for the outcome.
//!
//! The intent is stored once, in the transaction that takes the lease or enqueues a job. `operations::issue_invoice` issues the invoice.

use super::{
    Error, OUTCOME_TIMEOUT,
    context::{TenantContext, UserContext},
    drafts,
    form::{self, FormContext},
    ledger::{Question, Worth},
    outcome_waiter::OutcomeWaiter,
};
use crate::format::Writer;
use domain::{
    form::{FieldError, Form, FormField, Problem},
    ids::{DealId, IntentKey, InvoiceId},
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest},
};
use engine::Lease;
use riverqueue::JobArgs;
use serde_json::json;
use std::time::{Duration, Instant};
use store::{
    audit, deals,
    invoices::{self, Intent, Invoice, InvoiceScope, PlaceOutcome, State},
    links,
    queue::IssueInvoice,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The outcome of a submitted form.
pub(crate) enum SubmitOutcome {
    /// The form has errors; nothing was sent.
    Invalid(Vec<FieldError>),
    /// QuickBooks refused the invoice.
    Refused(InvoiceId, Vec<FieldError>),
    /// The invoice exists in QuickBooks.
    Issued(Box<Invoice>, Snapshot),
    /// The invoice waits to be sent.
    Waiting(Box<Invoice>),
    /// The invoice was sent without an answer, and is looked up.
    Checking(InvoiceId),
    /// The invoice is parked.
    Parked(Box<Invoice>),
    /// The intent key belongs to an earlier invoice with other content, which stays.
    Different(Box<Invoice>),
    /// The user has to answer a question first. Nothing was sent.
    Question(Box<Question>),
}

/// Submits a form: validates it, stores the intent and waits for the outcome. Fails with [`Error::AdminsOnly`] if the settings restrict
/// invoicing to administrators.
pub(crate) async fn submit(
    context: &UserContext,
    id: DealId,
    form: Form,
    writer: Writer,
) -> Result<SubmitOutcome, Error> {
    let turn = context.app.admission.wait_for_turn(context.tenant).await;
    let (allowed, of_deal, form_context) = tokio::join!(
        form::require_creator(context),
        Box::pin(form::read_deal_lines(context, id)),
        Box::pin(form::load_context(context, id, &form))
    );
    // The form is stored even if a provider does not answer.
    if !matches!(allowed, Err(Error::AdminsOnly)) && !matches!(of_deal, Err(Error::NotFound)) {
        drafts::save_submitted_draft(context, id, &form).await?;
    }
    allowed?;
    let (of_deal, form_context) = (of_deal?, form_context?);
    let key = form.intent.ok_or(Error::NotFound)?;
    let checked = match form_context.check(&form, writer) {
        Ok(checked) => checked,
        Err(errors) => return Ok(SubmitOutcome::Invalid(errors)),
    };
    if let Some(error) = find_taken_number(context, &form_context, key, &checked).await? {
        return Ok(SubmitOutcome::Invalid(vec![error]));
    }
    let mut tx = context.app.db.read().await?;
    let item_links = links::list_items(&mut tx, context.tenant, form_context.connection.id).await?;
    drop(tx);
    let (organization, person) = (of_deal.organization, of_deal.person);
    let worth = Worth::new(of_deal, &form_context.settings, &form_context.catalogue, &item_links, form_context.today);
    let intent = Intent {
        id: InvoiceId(Uuid::now_v7()),
        key,
        connection: form_context.connection.id,
        deal: id,
        organization,
        person,
        by: context.user,
        customer_name: if let Choice::New(name) = &checked.customer {
            name.clone()
        } else {
            form.customer_name.clone()
        },
        form,
        request: checked,
    };
    let placement = place_and_issue(context, intent, worth, form_context.today).await?;
    drop(turn);
    match placement {
        Placement::Enqueued(invoice) => wait_for_outcome(context, invoice, OUTCOME_TIMEOUT).await,
        Placement::Started(invoice, attempt) => {
            let begun = Instant::now();
            // The outcome is read from the row. If the attempt panics, its lease expires and the invoice is reclaimed.
            let _ = tokio::time::timeout(OUTCOME_TIMEOUT, attempt).await;
            wait_for_outcome(context, invoice, OUTCOME_TIMEOUT.saturating_sub(begun.elapsed())).await
        }
        Placement::Nothing(outcome) => Ok(outcome),
    }
}

/// The result of storing an intent.
enum Placement {
    /// It is stored, and a job issues the invoice.
    Enqueued(InvoiceId),
    /// It is stored, and a task of this process issues the invoice.
    Started(InvoiceId, JoinHandle<()>),
    /// Nothing is to be created.
    Nothing(SubmitOutcome),
}

/// Stores an intent and starts to issue its invoice. Both continue if the browser closes the connection.
async fn place_and_issue(
    context: &TenantContext,
    intent: Intent,
    worth: Worth,
    today: jiff::civil::Date,
) -> Result<Placement, Error> {
    let context = context.clone();
    let tracker = context.app.first_attempts.clone();
    let placing = tracker.clone().spawn(async move {
        let permit = context.app.admission.try_admit_first(context.tenant, IssueInvoice::KIND).await;
        let (placement, lease) = place_intent(&context, &intent, &worth, today, permit.is_some()).await?;
        let (Some(permit), Some(lease)) = (permit, lease) else { return Ok(placement) };
        let attempt = tracker.spawn((context.app.issue_invoice)(context.app.clone(), lease, permit));
        Ok(Placement::Started(lease.id, attempt))
    });
    placing.await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Error::NotYet(engine::HEARTBEAT_INTERVAL)),
    })
}

/// Stores an intent once. Claims its row for this process if `may_claim`; otherwise enqueues a job.
async fn place_intent(
    context: &TenantContext,
    intent: &Intent,
    worth: &Worth,
    today: jiff::civil::Date,
    may_claim: bool,
) -> Result<(Placement, Option<Lease<InvoiceId>>), Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let (id, key) = (intent.deal, intent.key);
    let mut tx = app.db.begin().await?;
    deals::lock(&mut tx, tenant, id).await?;
    let now = app.clock.now();
    let existing = invoices::find_by_intent(&mut tx, tenant, key).await?;
    if existing.is_none_or(|existing| matches!(existing.state, State::Refused(_))) {
        let earlier = invoices::list(&mut tx, tenant, InvoiceScope::Deal(id)).await?;
        if let Some(question) = worth.find_question(&intent.form, &intent.request, &earlier, today) {
            return Ok((Placement::Nothing(SubmitOutcome::Question(Box::new(question))), None));
        }
    }
    let invoice = match invoices::place(&mut tx, tenant, intent, now).await? {
        PlaceOutcome::New(invoice) => invoice,
        PlaceOutcome::Known(existing) => return Ok((Placement::Enqueued(existing.id), None)),
        // Another request has used the key for another deal meanwhile. Its invoice must not be shown here.
        PlaceOutcome::Different(existing) if existing.deal != id => return Err(Error::NotFound),
        PlaceOutcome::Different(existing) => return Ok((Placement::Nothing(SubmitOutcome::Different(existing)), None)),
    };
    let detail = json!({ "total": intent.request.total, "currency": intent.request.currency.code() });
    audit::record(&mut tx, tenant, Some(intent.by), "invoice intended", Some(invoice), &detail, now).await?;
    let lease = Lease::new(tenant, invoice, app.clock.now());
    let is_claimed = may_claim
        && invoices::claim(&mut tx, tenant, invoice, lease.owner, lease.since, lease.until()).await?.is_some();
    if !is_claimed {
        app.db.enqueue(&mut tx, IssueInvoice { tenant, invoice }).await?;
    }
    tx.commit().await?;
    Ok((Placement::Enqueued(invoice), is_claimed.then_some(lease)))
}

/// Checks whether another invoice has the typed number, before anything is sent.
async fn find_taken_number(
    context: &TenantContext,
    form_context: &FormContext,
    key: IntentKey,
    checked: &InvoiceRequest,
) -> Result<Option<FieldError>, Error> {
    let Some(number) = &checked.number else { return Ok(None) };
    let mut tx = context.app.db.read().await?;
    let existing = invoices::find_by_intent(&mut tx, context.tenant, key).await?;
    drop(tx);
    if existing.is_some_and(|existing| !matches!(existing.state, State::Refused(_))) {
        return Ok(None);
    }
    let is_taken =
        context.quickbooks(&form_context.connection).call(async |api| api.is_number_taken(number).await).await?;
    Ok(is_taken.then_some(FieldError { field: FormField::Number, problem: Problem::NumberTaken }))
}

/// Waits until an invoice is settled, for `timeout` at most, and returns its outcome.
pub(crate) async fn wait_for_outcome(
    context: &TenantContext,
    id: InvoiceId,
    timeout: Duration,
) -> Result<SubmitOutcome, Error> {
    let until = tokio::time::Instant::now() + timeout;
    let mut outcomes = OutcomeWaiter::new(&context.app, id.0);
    loop {
        let mut tx = context.app.db.read().await?;
        let invoice = invoices::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        match &invoice.state {
            State::Issued(snapshot) => {
                let snapshot = snapshot.clone();
                return Ok(SubmitOutcome::Issued(Box::new(invoice), snapshot));
            }
            State::Refused(errors) => return Ok(SubmitOutcome::Refused(id, errors.clone())),
            State::Queued | State::Sending if invoice.park_reason.is_some() => {
                return Ok(SubmitOutcome::Parked(Box::new(invoice)));
            }
            State::Queued if tokio::time::Instant::now() >= until => {
                return Ok(SubmitOutcome::Waiting(Box::new(invoice)));
            }
            State::Sending if tokio::time::Instant::now() >= until => return Ok(SubmitOutcome::Checking(id)),
            State::Queued | State::Sending => outcomes.wait().await,
        }
    }
}

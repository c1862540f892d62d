//! Requests that issued invoices are voided, deleted, corrected or e-mailed. `operations::change_invoice` carries them out.
//!
//! The request is stored and enqueued in one transaction. The job runs on any replica, also after a crash.

use super::{
    Error, OUTCOME_TIMEOUT, companies,
    context::{TenantContext, UserContext},
    outcome_waiter::OutcomeWaiter,
    rights, settings, sync,
};
use domain::{
    form::check_recipient,
    ids::{ActionId, InvoiceId},
    invoice::{InvoiceAction, Snapshot, Status, compute_status},
};
use providers::quickbooks::Payments;
use serde_json::json;
use std::time::Duration;
use store::{
    audit,
    invoice_actions::{self, ActionRequest, Reason, State},
    invoices::{self, Invoice, State as InvoiceState},
    queue::CarryOut,
    quickbooks,
};
use uuid::Uuid;

/// The outcome of an action at the time of the response.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// QuickBooks has carried out the action.
    Done,
    /// The action was not carried out.
    Refused(Reason),
    /// The action is not finished.
    Pending,
}

/// A requested action on an invoice.
pub(crate) struct ActionInput {
    pub(crate) invoice: InvoiceId,
    pub(crate) action: InvoiceAction,
    /// The state that the user saw.
    pub(crate) seen: String,
    pub(crate) recipient: String,
    /// The key of the submitted form. A form that is submitted twice requests one action.
    pub(crate) key: Option<Uuid>,
}

/// The state of an invoice before an e-mail: whether an earlier e-mail was sent.
fn describe_email_state(snapshot: &Snapshot) -> String {
    if snapshot.sent { "sent".to_owned() } else { String::new() }
}

/// The status of an issued invoice by its snapshot, on the current date of its company. `None` for any other invoice.
pub(crate) async fn find_status(context: &TenantContext, id: InvoiceId) -> Result<Option<Status>, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let Some(invoice) = invoices::find(&mut tx, tenant, id).await? else { return Ok(None) };
    let InvoiceState::Issued(snapshot) = &invoice.state else { return Ok(None) };
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, invoice.connection).await?;
    let zone = connection.map(|connection| connection.company.time_zone).unwrap_or_default();
    Ok(Some(compute_status(snapshot, app.clock.today(&zone))))
}

/// Requests an action and waits for its outcome. Fails with [`Error::AdminsOnly`] if the settings restrict the action to administrators.
pub(crate) async fn request(context: &UserContext, input: ActionInput) -> Result<Outcome, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let ActionInput { invoice, action, seen, recipient, key } = input;
    let settings = settings::find_settings(context).await?;
    let may = if action.is_irreversible() { settings.void } else { settings.create };
    if action != InvoiceAction::Send {
        rights::require(context, may).await?;
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let id = ActionId(key.unwrap_or_else(Uuid::now_v7));
    if let Some(existing) = invoice_actions::find(&mut tx, tenant, id).await? {
        drop(tx);
        let is_same = existing.request.invoice == invoice && existing.request.action == action;
        return if is_same { wait_for_outcome(context, id).await } else { Err(Error::NotFound) };
    }
    let found = invoices::find(&mut tx, tenant, invoice).await?.ok_or(Error::NotFound)?;
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, found.connection).await?;
    let InvoiceState::Issued(snapshot) = &found.state else { return Err(Error::NotFound) };
    let connection = companies::require_usable(connection)?;
    if !action.is_allowed(compute_status(snapshot, app.clock.today(&connection.company.time_zone))) {
        return Ok(Outcome::Refused(Reason::NotNow));
    }
    if action.depends_on_state() && action.seen_state(snapshot) != seen {
        return Ok(Outcome::Refused(Reason::Changed));
    }
    // Without an address QuickBooks would use its own, which the user did not choose.
    if action == InvoiceAction::Send && check_recipient(&recipient).is_some() {
        return Ok(Outcome::Refused(Reason::NoAddress));
    }
    let seen = if action == InvoiceAction::Send { describe_email_state(snapshot) } else { seen };
    let request = ActionRequest { id, invoice, action, seen, recipient, by: user };
    if !invoice_actions::request(&mut tx, tenant, &request, now).await? {
        return Ok(Outcome::Pending);
    }
    app.db.enqueue(&mut tx, CarryOut { tenant, action: request.id }).await?;
    let name = format!("{} wanted", action.name());
    audit::record(&mut tx, tenant, Some(user), &name, Some(invoice), &json!({ "act": request.id.0 }), now).await?;
    tx.commit().await?;
    app.db.announce(tenant).await;
    wait_for_outcome(context, request.id).await
}

/// Upper bound for reading the payments of an invoice. The question is then asked without them.
const PAYMENTS_DEADLINE: Duration = Duration::from_secs(3);

/// Lists the payments of an invoice, for the question before an irreversible action. `None` if QuickBooks does not answer in time. Fails with
/// [`Error::AdminsOnly`] like [`request`].
pub(crate) async fn list_payments(context: &UserContext, invoice: &Invoice) -> Result<Option<Payments>, Error> {
    rights::require(context, settings::find_settings(context).await?.void).await?;
    match tokio::time::timeout(PAYMENTS_DEADLINE, read_payments(context, invoice)).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => {
            tracing::warn!(tenant.id = %context.tenant.0, %error, "the payments of an invoice were not read");
            Ok(None)
        }
        Err(_) => {
            tracing::warn!(tenant.id = %context.tenant.0, "the payments of an invoice were not read in time");
            Ok(None)
        }
    }
}

async fn read_payments(context: &TenantContext, invoice: &Invoice) -> Result<Option<Payments>, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let InvoiceState::Issued(stored) = &invoice.state else { return Err(Error::NotFound) };
    let mut tx = app.db.read().await?;
    let connection =
        quickbooks::find(&mut tx, &app.vault, tenant, invoice.connection).await?.ok_or(Error::NotConnected)?;
    drop(tx);
    let id = &stored.quickbooks_id;
    let asked_at = app.clock.now();
    let read = context.quickbooks(&connection).call(async |api| api.read_payments(id).await).await?;
    let now = sync::merge_snapshots(stored, read.as_ref().map(|read| read.invoice.clone()));
    // The question shows the state that the panel shows.
    if now != *stored {
        let mut tx = app.db.begin().await?;
        sync::update_snapshot(context, &mut tx, invoice, &now, asked_at).await?;
        tx.commit().await?;
        app.db.announce(tenant).await;
    }
    Ok(read.map(|read| Payments { invoice: now, ..read }))
}

/// Waits for the outcome of an action, for [`OUTCOME_TIMEOUT`] at most.
async fn wait_for_outcome(context: &TenantContext, id: ActionId) -> Result<Outcome, Error> {
    let until = tokio::time::Instant::now() + OUTCOME_TIMEOUT;
    let mut outcomes = OutcomeWaiter::new(&context.app, id.0);
    loop {
        let mut tx = context.app.db.read().await?;
        let action = invoice_actions::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        match action.state {
            State::Done => return Ok(Outcome::Done),
            State::Refused(reason) => return Ok(Outcome::Refused(reason)),
            State::Queued | State::Sending if tokio::time::Instant::now() >= until => return Ok(Outcome::Pending),
            State::Queued | State::Sending => outcomes.wait().await,
        }
    }
}

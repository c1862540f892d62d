//! Voids, deletes, corrects and e-mails issued invoices, each exactly once.
//!
//! The request is stored and enqueued in one transaction. The job runs on any replica, also after a crash.
//! An irreversible action is carried out only on the state that the user saw: QuickBooks refuses a stale `SyncToken`, and the invoice is then
//! read again and compared.

use super::{
    Error, catalogue,
    change_waiter::ChangeWaiter,
    companies,
    context::{TenantContext, UserContext},
    lease::{Attempt, HEARTBEAT_INTERVAL, OUTCOME_TIMEOUT, OperationLease, UNDER_WAY_DURATION, request_id},
    refusals::find_cause_of_action,
    rights, settings, sync,
};
use domain::{
    form::check_recipient,
    ids::{ActionId, InvoiceId},
    invoice::{InvoiceAction, Snapshot, Status, compute_status},
    refusal::RefusalCause,
};
use providers::{ProviderError, quickbooks::Payments};
use serde_json::json;
use std::sync::OnceLock;
use std::time::Duration;
use store::{
    audit,
    invoice_actions::{self, ActionRequest, Reason, State, StoredAction},
    invoices::{self, Invoice, State as InvoiceState},
    leases::Progress,
    queue::CarryOut,
    quickbooks::{self, Connection},
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

/// Whether the state shows that the first e-mail was sent. After an earlier e-mail, it cannot show another one.
fn shows_first_email(seen: &str, is_sent: bool) -> bool {
    seen.is_empty() && is_sent
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
    let mut changes = ChangeWaiter::new(context);
    loop {
        let mut tx = context.app.db.read().await?;
        let action = invoice_actions::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        match action.state {
            State::Done => return Ok(Outcome::Done),
            State::Refused(reason) => return Ok(Outcome::Refused(reason)),
            State::Queued | State::Sending if tokio::time::Instant::now() >= until => return Ok(Outcome::Pending),
            State::Queued | State::Sending => changes.wait().await,
        }
    }
}

/// Makes one attempt at an action.
pub(crate) async fn carry_out(context: &TenantContext, id: ActionId) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.begin().await?;
    let lease = OperationLease::new(context, id);
    let Some((requested, progress)) =
        invoice_actions::claim(&mut tx, tenant, id, lease.owner, lease.since, lease.until()).await?
    else {
        let existing = invoice_actions::find(&mut tx, tenant, id).await?;
        let is_unfinished = existing.is_some_and(|action| action.is_under_way());
        return Ok(if is_unfinished { Attempt::Later(HEARTBEAT_INTERVAL) } else { Attempt::Done });
    };
    let invoice = invoices::find(&mut tx, tenant, requested.request.invoice).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    let refused = OnceLock::new();
    let worker = Worker { context, requested: &requested, progress, invoice: &invoice, lease: &lease, refused };
    match lease.run_while_leased(Box::pin(worker.run())).await {
        Some(result) => worker.store_result(result).await,
        None => Ok(Attempt::Later(HEARTBEAT_INTERVAL)),
    }
}

/// The result of an attempt: the current snapshot, and the reason if the action was not carried out.
type ActionResult = (Snapshot, Option<Reason>);

/// One attempt at an action.
struct Worker<'a> {
    context: &'a TenantContext,
    requested: &'a StoredAction,
    progress: Progress,
    invoice: &'a Invoice,
    lease: &'a OperationLease<'a, ActionId>,
    /// The code of a refusal and the id of the call, for the support of QuickBooks.
    refused: OnceLock<(String, Box<str>)>,
}

impl Worker<'_> {
    async fn run(&self) -> Result<ActionResult, Error> {
        let InvoiceState::Issued(stored) = &self.invoice.state else { return Err(Error::NotFound) };
        let mut tx = self.context.app.db.read().await?;
        let connection =
            quickbooks::find(&mut tx, &self.context.app.vault, self.context.tenant, self.invoice.connection).await?;
        drop(tx);
        let connection = connection.ok_or(Error::NotConnected)?;
        let mut current = stored.clone();
        for at in 0..self.count_checks() {
            if at > 0 {
                tokio::time::sleep(UNDER_WAY_DURATION.unsigned_abs()).await;
            }
            current = self.read_current(&connection, stored).await?;
            if self.requested.request.action == InvoiceAction::Send && self.is_sent(&connection, &current).await? {
                return Ok((current, None));
            }
            if let Some(end) = self.find_end(&current, &connection) {
                return Ok((current, end));
            }
        }
        // The snapshot may be newer than the request, which waited for its admission or after a crash.
        if self.count_checks() == 0
            && let Some(end) = self.find_end(&current, &connection)
        {
            return Ok((current, end));
        }
        // The first attempt uses the stored version. If it is stale, the second one uses the current version.
        for is_last in [false, true] {
            let mut tx = self.context.app.db.begin().await?;
            self.lease.mark_sending(&mut tx).await?;
            tx.commit().await?;
            match self.send_request(&connection, &current).await {
                Ok(done) => return Ok((done, None)),
                Err(Error::NotFound) if !is_last => {}
                Err(Error::QuickBooks(ProviderError::Refused(refusal))) => match refusal.code.as_str() {
                    "5010" | "610" if !is_last => {}
                    "5010" => return Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT_INTERVAL))),
                    code => {
                        let _ = self.refused.set((refusal.code.clone(), refusal.call_id));
                        let reason = self.explain_refusal(&current, code, refusal.detail);
                        return Ok((current, Some(reason)));
                    }
                },
                Err(Error::QuickBooks(ProviderError::NotPermitted(refusal))) if !self.is_in_doubt() => {
                    let _ = self.refused.set((refusal.code, refusal.call_id));
                    return Ok((current, Some(Reason::Explained(RefusalCause::Reconnect, refusal.detail))));
                }
                Err(Error::QuickBooks(ProviderError::WrongEnvironment(refusal))) if !self.is_in_doubt() => {
                    let _ = self.refused.set((refusal.code, refusal.call_id));
                    return Ok((current, Some(Reason::Explained(RefusalCause::Environment, refusal.detail))));
                }
                Err(error) => return Err(error),
            }
            current = self.read_current(&connection, &current).await?;
            if let Some(end) = self.find_end(&current, &connection) {
                return Ok((current, end));
            }
        }
        Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT_INTERVAL)))
    }

    /// Explains a refusal. No code is documented for deleting an invoice that has payments, so a refusal without another cause is explained
    /// by the payments.
    fn explain_refusal(&self, current: &Snapshot, code: &str, detail: String) -> Reason {
        let has_payments = current.balance.amount() < current.total.amount();
        let cause = find_cause_of_action(code);
        let is_about_them = match self.requested.request.action {
            InvoiceAction::Delete => matches!(cause, None | Some(RefusalCause::Deposited | RefusalCause::NotLinkable)),
            InvoiceAction::Void => cause == Some(RefusalCause::Deposited),
            InvoiceAction::Send | InvoiceAction::Correct => false,
        };
        match cause {
            _ if has_payments && is_about_them => Reason::HasPayments(detail),
            Some(cause) => Reason::Explained(cause, detail),
            None => Reason::Refused(detail),
        }
    }

    /// Whether an earlier attempt may have carried out the action.
    fn is_in_doubt(&self) -> bool {
        !matches!(self.progress, Progress::Queued)
    }

    /// The number of checks whether an earlier attempt succeeded. For an e-mail that another worker may still be sending, the second check
    /// waits, by a timer that does not depend on the clock. Other actions need no wait, because QuickBooks refuses a second one by its
    /// `SyncToken`.
    fn count_checks(&self) -> u8 {
        match (self.progress, self.requested.request.action) {
            (Progress::Queued, _) => 0,
            (Progress::Lost, InvoiceAction::Send) => 2,
            (Progress::Sending | Progress::Lost, _) => 1,
        }
    }

    /// Whether an e-mail that was requested without an answer was sent. The first e-mail shows in the state, a later one by its delivery
    /// time. If QuickBooks' clock is so far behind that the time is too early, the `requestid` prevents a second e-mail.
    async fn is_sent(&self, connection: &Connection, current: &Snapshot) -> Result<bool, Error> {
        let StoredAction { request, at, .. } = self.requested;
        if shows_first_email(&request.seen, current.sent) {
            return Ok(true);
        }
        let id = &current.quickbooks_id;
        let delivered = self.context.quickbooks(connection).call(async |api| api.read_delivery_time(id).await);
        Ok(delivered.await?.is_some_and(|delivered| delivered.as_second() >= at.as_second()))
    }

    /// Returns the end of the action if nothing is left to do: `Some(None)` if the invoice has the state after the action, or the reason if the
    /// action no longer applies.
    fn find_end(&self, current: &Snapshot, connection: &Connection) -> Option<Option<Reason>> {
        let request = &self.requested.request;
        let today = self.context.app.clock.today(&connection.company.time_zone);
        if request.action.depends_on_state() && request.action.is_done(current, self.invoice.request.total) {
            Some(None)
        } else if !request.action.is_allowed(compute_status(current, today)) {
            Some(Some(Reason::NotNow))
        } else if request.action.depends_on_state() && request.action.seen_state(current) != request.seen {
            Some(Some(Reason::Changed))
        } else {
            None
        }
    }

    /// Reads the current state of the invoice.
    async fn read_current(&self, connection: &Connection, stored: &Snapshot) -> Result<Snapshot, Error> {
        let id = &stored.quickbooks_id;
        let read = self.context.quickbooks(connection).call(async |api| api.read_invoice(id).await);
        Ok(sync::merge_snapshots(stored, read.await?))
    }

    async fn send_request(&self, connection: &Connection, current: &Snapshot) -> Result<Snapshot, Error> {
        let request = &self.requested.request;
        // The `requestid` of an e-mail stays the same if the invoice has changed since.
        let version = if request.action.depends_on_state() { current.sync_token.as_str() } else { "" };
        let step = format!("{}/{}/{version}", request.action.name(), request.id.0);
        let request_id = request_id(self.context.tenant, &step);
        // The other actions need no lists, so they continue while reads are refused.
        let catalogue = match request.action {
            InvoiceAction::Correct => Some(catalogue::read_catalogue(self.context, connection).await?),
            InvoiceAction::Void | InvoiceAction::Delete | InvoiceAction::Send => None,
        };
        let calling = self.context.quickbooks(connection).call(async |api| {
            let id = &current.quickbooks_id;
            match request.action {
                InvoiceAction::Void => api.void_invoice(&request_id, id, &current.sync_token).await,
                InvoiceAction::Delete => {
                    api.delete_invoice(&request_id, id, &current.sync_token).await?;
                    Ok(Snapshot { deleted: true, ..current.clone() })
                }
                InvoiceAction::Send => {
                    let to = (!request.recipient.is_empty()).then_some(request.recipient.as_str());
                    api.send_invoice(&request_id, id, to).await
                }
                InvoiceAction::Correct => {
                    let Some(catalogue) = &catalogue else { return Err(ProviderError::unknown("no tax rates")) };
                    api.correct_invoice(&request_id, id, &current.sync_token, &self.invoice.request, &catalogue.tax)
                        .await
                }
            }
        });
        calling.await
    }

    /// Stores the result of the attempt, in one transaction.
    async fn store_result(&self, result: Result<ActionResult, Error>) -> Result<Attempt, Error> {
        let (tenant, now) = (self.context.tenant, self.context.app.clock.now());
        let request = &self.requested.request;
        let mut tx = self.context.app.db.begin().await?;
        let attempt = match result {
            Ok((snapshot, refusal)) => {
                if invoice_actions::finish(&mut tx, tenant, request.id, self.lease.owner, refusal.as_ref()).await? {
                    sync::update_snapshot(self.context, &mut tx, self.invoice, &snapshot, now).await?;
                    let outcome = if refusal.is_some() { "refused" } else { "done" };
                    let mut detail = json!({ "act": request.id.0, "quickbooks_id": snapshot.quickbooks_id });
                    if let Some((code, call)) = self.refused.get() {
                        (detail["code"], detail["intuit_tid"]) = (json!(code), json!(call));
                    }
                    let name = format!("{} {outcome}", request.action.name());
                    audit::record(&mut tx, tenant, Some(request.by), &name, Some(self.invoice.id), &detail, now)
                        .await?;
                }
                Attempt::Done
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, action.id = %request.id.0, %error, "an attempt at an action failed");
                self.lease.release_after_error(&mut tx, &error, self.requested.attempts, self.requested.at).await?
            }
        };
        tx.commit().await?;
        self.context.app.db.announce(tenant).await;
        Ok(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::shows_first_email;

    /// After an earlier e-mail, the state must not make the second one count as sent.
    #[test]
    fn only_a_first_email_shows_in_the_state() {
        assert!(shows_first_email("", true));
        for (seen, is_sent) in [("", false), ("sent", false), ("sent", true)] {
            assert!(!shows_first_email(seen, is_sent), "{seen} {is_sent}");
        }
    }
}

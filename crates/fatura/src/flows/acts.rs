//! Voiding, deleting and e-mailing an invoice that stands, each once.
//!
//! The request is stored and enqueued in one transaction; the work runs here, or after a crash on any replica.
//! An action that cannot be undone is done only to the invoice that the person saw: QuickBooks refuses a stale `SyncToken`, and
//! then the invoice is read again and compared.

use super::{
    Error, catalogue, companies,
    context::{TenantContext, UserContext},
    lease::{
        Attempt, HEARTBEAT_INTERVAL, OUTCOME_TIMEOUT, OperationLease, POLL_INTERVAL, UNDER_WAY_DURATION, request_id,
    },
    refusals::find_cause_of_act,
    rights, settings, sync,
};
use domain::{
    form::check_recipient,
    ids::{ActId, InvoiceId},
    invoice::{Act, Snapshot, Status, compute_status},
    refusal::RefusalCause,
};
use providers::{ProviderError, quickbooks::Payments};
use serde_json::json;
use std::sync::OnceLock;
use std::time::Duration;
use store::{
    acts::{self, ActRequest, Reason, State, StoredAct},
    audit,
    invoices::{self, Invoice, State as InvoiceState},
    leases::Progress,
    queue::CarryOut,
    quickbooks::{self, Connection},
};
use uuid::Uuid;

/// How a wish stands when the person is answered.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// QuickBooks has carried it out.
    Done,
    /// It was not carried out.
    Refused(Reason),
    /// It is under way.
    Pending,
}

/// A requested action on an invoice.
pub(crate) struct ActInput {
    pub(crate) invoice: InvoiceId,
    pub(crate) act: Act,
    /// The state that the person saw.
    pub(crate) seen: String,
    pub(crate) recipient: String,
    /// Of the form that was pressed: pressed again, it is the same act.
    pub(crate) key: Option<Uuid>,
}

/// The state of the invoice before an e-mail: whether another e-mail was sent before.
fn sent_before(snapshot: &Snapshot) -> String {
    if snapshot.sent { "sent".to_owned() } else { String::new() }
}

/// Whether the first e-mail of an invoice was sent. After an earlier one, the state shows nothing.
fn shows_first_email(seen: &str, is_sent: bool) -> bool {
    seen.is_empty() && is_sent
}

/// The known status of an invoice that exists in QuickBooks, on the current date of its company. `None` for any other invoice.
pub(crate) async fn find_status(context: &TenantContext, id: InvoiceId) -> Result<Option<Status>, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let Some(invoice) = invoices::find(&mut tx, tenant, id).await? else { return Ok(None) };
    let InvoiceState::Issued(snapshot) = &invoice.state else { return Ok(None) };
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, invoice.connection).await?;
    let zone = connection.map(|connection| connection.company.time_zone).unwrap_or_default();
    Ok(Some(compute_status(snapshot, app.clock.today(&zone))))
}

/// Somebody has pressed. [`Error::AdminsOnly`] where the settings leave what
/// cannot be undone to administrators.
pub(crate) async fn request(context: &UserContext, wanted: ActInput) -> Result<Outcome, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let ActInput { invoice, act, seen, recipient, key } = wanted;
    let settings = settings::find_settings(context).await?;
    let may = if act.is_irreversible() { settings.void } else { settings.create };
    if act != Act::Send {
        rights::require(context, may).await?;
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let id = ActId(key.unwrap_or_else(Uuid::now_v7));
    if let Some(known) = acts::find(&mut tx, tenant, id).await? {
        drop(tx);
        let is_same = known.request.invoice == invoice && known.request.act == act;
        return if is_same { wait_for_outcome(context, id).await } else { Err(Error::NotFound) };
    }
    let found = invoices::find(&mut tx, tenant, invoice).await?.ok_or(Error::NotFound)?;
    let connection = quickbooks::find(&mut tx, &app.vault, tenant, found.connection).await?;
    let InvoiceState::Issued(snapshot) = &found.state else { return Err(Error::NotFound) };
    let connection = companies::require_usable(connection)?;
    if !act.is_allowed(compute_status(snapshot, app.clock.today(&connection.company.time_zone))) {
        return Ok(Outcome::Refused(Reason::NotNow));
    }
    if act.depends_on_state() && act.seen_state(snapshot) != seen {
        return Ok(Outcome::Refused(Reason::Changed));
    }
    // If the address was emptied, the e-mail does not go to the address in QuickBooks: nobody chose that one.
    if act == Act::Send && check_recipient(&recipient).is_some() {
        return Ok(Outcome::Refused(Reason::NoAddress));
    }
    let seen = if act == Act::Send { sent_before(snapshot) } else { seen };
    let request = ActRequest { id, invoice, act, seen, recipient, by: user };
    if !acts::request(&mut tx, tenant, &request, now).await? {
        return Ok(Outcome::Pending);
    }
    app.db.enqueue(&mut tx, CarryOut { tenant, act: request.id }).await?;
    let name = format!("{} wanted", act.name());
    audit::record(&mut tx, tenant, Some(user), &name, Some(invoice), &json!({ "act": request.id.0 }), now).await?;
    tx.commit().await?;
    app.db.announce(tenant).await;
    wait_for_outcome(context, request.id).await
}

/// How long somebody waits for the payments of an invoice before they are asked without them.
const PAYMENTS_DEADLINE: Duration = Duration::from_secs(3);

/// The payments of an invoice, for the question before an action that cannot be undone. `None` if QuickBooks does not answer in time.
/// [`Error::AdminsOnly`] as for [`request`].
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
    let InvoiceState::Issued(known) = &invoice.state else { return Err(Error::NotFound) };
    let mut tx = app.db.read().await?;
    let connection =
        quickbooks::find(&mut tx, &app.vault, tenant, invoice.connection).await?.ok_or(Error::NotConnected)?;
    drop(tx);
    let id = &known.quickbooks_id;
    let asked_at = app.clock.now();
    let read = context.quickbooks(&connection).call(async |api| api.read_payments(id).await).await?;
    let now = sync::merge_snapshots(known, read.as_ref().map(|read| read.invoice.clone()));
    // The question shows the state that the panel shows.
    if now != *known {
        let mut tx = app.db.begin().await?;
        sync::update_snapshot(context, &mut tx, invoice, &now, asked_at).await?;
        tx.commit().await?;
        app.db.announce(tenant).await;
    }
    Ok(read.map(|read| Payments { invoice: now, ..read }))
}

/// How an act stands, after waiting a little for its end.
async fn wait_for_outcome(context: &TenantContext, id: ActId) -> Result<Outcome, Error> {
    let until = tokio::time::Instant::now() + OUTCOME_TIMEOUT;
    loop {
        let mut tx = context.app.db.read().await?;
        let act = acts::find(&mut tx, context.tenant, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        match act.state {
            State::Done => return Ok(Outcome::Done),
            State::Refused(reason) => return Ok(Outcome::Refused(reason)),
            State::Queued | State::Sending if tokio::time::Instant::now() >= until => return Ok(Outcome::Pending),
            State::Queued | State::Sending => tokio::time::sleep(POLL_INTERVAL).await,
        }
    }
}

/// Carries a wish as far as it goes now.
pub(crate) async fn carry_out(context: &TenantContext, id: ActId) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.begin().await?;
    let lease = OperationLease::new(context, id);
    let Some((requested, progress)) = acts::claim(&mut tx, tenant, id, lease.owner, lease.since, lease.until()).await?
    else {
        let known = acts::find(&mut tx, tenant, id).await?;
        let unfinished = known.is_some_and(|act| act.is_under_way());
        return Ok(if unfinished { Attempt::Later(HEARTBEAT_INTERVAL) } else { Attempt::Done });
    };
    let invoice = invoices::find(&mut tx, tenant, requested.request.invoice).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    let refused = OnceLock::new();
    let worker = Worker { context, requested: &requested, progress, invoice: &invoice, lease: &lease, refused };
    match lease.run_while_leased(Box::pin(worker.run())).await {
        Some(ended) => worker.settle(ended).await,
        None => Ok(Attempt::Later(HEARTBEAT_INTERVAL)),
    }
}

/// The outcome of an attempt: the invoice as it is now, and why it was not carried out, if it was not.
type Ended = (Snapshot, Option<Reason>);

/// One attempt at an act.
struct Worker<'a> {
    context: &'a TenantContext,
    requested: &'a StoredAct,
    progress: Progress,
    invoice: &'a Invoice,
    lease: &'a OperationLease<'a, ActId>,
    /// Code and id of the call that QuickBooks refused, for its support.
    refused: OnceLock<(String, Box<str>)>,
}

impl Worker<'_> {
    async fn run(&self) -> Result<Ended, Error> {
        let InvoiceState::Issued(known) = &self.invoice.state else { return Err(Error::NotFound) };
        let mut tx = self.context.app.db.read().await?;
        let connection =
            quickbooks::find(&mut tx, &self.context.app.vault, self.context.tenant, self.invoice.connection).await?;
        drop(tx);
        let connection = connection.ok_or(Error::NotConnected)?;
        let mut current = known.clone();
        for at in 0..self.looks() {
            if at > 0 {
                tokio::time::sleep(UNDER_WAY_DURATION.unsigned_abs()).await;
            }
            current = self.read(&connection, known).await?;
            if self.requested.request.act == Act::Send && self.is_sent(&connection, &current).await? {
                return Ok((current, None));
            }
            if let Some(ended) = self.ended(&current, &connection) {
                return Ok((current, ended));
            }
        }
        // It may have been read anew since the person pressed: while the act waited for its turn, or a crash kept it waiting.
        if self.looks() == 0
            && let Some(ended) = self.ended(&current, &connection)
        {
            return Ok((current, ended));
        }
        // Once with what we know, and once more with what QuickBooks says when that was stale.
        for is_last in [false, true] {
            let mut tx = self.context.app.db.begin().await?;
            self.lease.mark_sending(&mut tx).await?;
            tx.commit().await?;
            match self.send(&connection, &current).await {
                Ok(done) => return Ok((done, None)),
                Err(Error::NotFound) if !is_last => {}
                Err(Error::QuickBooks(ProviderError::Refused(refusal))) => match refusal.code.as_str() {
                    "5010" | "610" if !is_last => {}
                    "5010" => return Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT_INTERVAL))),
                    code => {
                        let _ = self.refused.set((refusal.code.clone(), refusal.call_id));
                        let reason = self.refusal(&current, code, refusal.detail);
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
            current = self.read(&connection, &current).await?;
            if let Some(ended) = self.ended(&current, &connection) {
                return Ok((current, ended));
            }
        }
        Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT_INTERVAL)))
    }

    /// Why QuickBooks refused. No code is documented for deleting an invoice that has payments: what is not about something else
    /// is about them.
    fn refusal(&self, current: &Snapshot, code: &str, detail: String) -> Reason {
        let has_payments = current.balance.amount() < current.total.amount();
        let cause = find_cause_of_act(code);
        let is_about_them = match self.requested.request.act {
            Act::Delete => matches!(cause, None | Some(RefusalCause::Deposited | RefusalCause::NotLinkable)),
            Act::Void => cause == Some(RefusalCause::Deposited),
            Act::Send | Act::Correct => false,
        };
        match cause {
            _ if has_payments && is_about_them => Reason::HasPayments(detail),
            Some(cause) => Reason::Explained(cause, detail),
            None => Reason::Refused(detail),
        }
    }

    /// Whether an attempt before may have carried it out.
    fn is_in_doubt(&self) -> bool {
        !matches!(self.progress, Progress::Queued)
    }

    /// How often to look at what became of an attempt before. An e-mail that somebody else may be sending is waited for, by no clock that
    /// can be moved; of what cannot be undone QuickBooks refuses the second by its `SyncToken`.
    fn looks(&self) -> u8 {
        match (self.progress, self.requested.request.act) {
            (Progress::Queued, _) => 0,
            (Progress::Lost, Act::Send) => 2,
            (Progress::Sending | Progress::Lost, _) => 1,
        }
    }

    /// Whether an e-mail that was asked for without an answer went out. The first one shows, another by its time; where
    /// QuickBooks' clock is behind ours by more than it took, it relies on its `requestid`.
    async fn is_sent(&self, connection: &Connection, current: &Snapshot) -> Result<bool, Error> {
        let StoredAct { request, at, .. } = self.requested;
        if shows_first_email(&request.seen, current.sent) {
            return Ok(true);
        }
        let id = &current.quickbooks_id;
        let delivered = self.context.quickbooks(connection).call(async |api| api.read_delivery_time(id).await);
        Ok(delivered.await?.is_some_and(|delivered| delivered.as_second() >= at.as_second()))
    }

    /// Whether nothing is left to do with the invoice as it is now: because it is as the act leaves it, or because the act
    /// does not apply to it any more, and why.
    fn ended(&self, current: &Snapshot, connection: &Connection) -> Option<Option<Reason>> {
        let request = &self.requested.request;
        let today = self.context.app.clock.today(&connection.company.time_zone);
        if request.act.depends_on_state() && request.act.is_done(current, self.invoice.draft.total) {
            Some(None)
        } else if !request.act.is_allowed(compute_status(current, today)) {
            Some(Some(Reason::NotNow))
        } else if request.act.depends_on_state() && request.act.seen_state(current) != request.seen {
            Some(Some(Reason::Changed))
        } else {
            None
        }
    }

    /// The invoice as QuickBooks has it now.
    async fn read(&self, connection: &Connection, known: &Snapshot) -> Result<Snapshot, Error> {
        let id = &known.quickbooks_id;
        let read = self.context.quickbooks(connection).call(async |api| api.read_invoice(id).await);
        Ok(sync::merge_snapshots(known, read.await?))
    }

    async fn send(&self, connection: &Connection, current: &Snapshot) -> Result<Snapshot, Error> {
        let request = &self.requested.request;
        // An e-mail is the same one whatever has become of the invoice since.
        let version = if request.act.depends_on_state() { current.sync_token.as_str() } else { "" };
        let step = format!("{}/{}/{version}", request.act.name(), request.id.0);
        let request_id = request_id(self.context.tenant, &step);
        // The others need nothing but the invoice: they go on while reads are refused.
        let catalogue = match request.act {
            Act::Correct => Some(catalogue::read_catalogue(self.context, connection).await?),
            Act::Void | Act::Delete | Act::Send => None,
        };
        let calling = self.context.quickbooks(connection).call(async |api| {
            let id = &current.quickbooks_id;
            match request.act {
                Act::Void => api.void_invoice(&request_id, id, &current.sync_token).await,
                Act::Delete => {
                    api.delete_invoice(&request_id, id, &current.sync_token).await?;
                    Ok(Snapshot { deleted: true, ..current.clone() })
                }
                Act::Send => {
                    let to = (!request.recipient.is_empty()).then_some(request.recipient.as_str());
                    api.send_invoice(&request_id, id, to).await
                }
                Act::Correct => {
                    let Some(catalogue) = &catalogue else { return Err(ProviderError::unknown("no tax rates")) };
                    api.correct_invoice(&request_id, id, &current.sync_token, &self.invoice.draft, &catalogue.tax).await
                }
            }
        });
        calling.await
    }

    /// Keeps what came out, in one transaction.
    async fn settle(&self, ended: Result<Ended, Error>) -> Result<Attempt, Error> {
        let (tenant, now) = (self.context.tenant, self.context.app.clock.now());
        let request = &self.requested.request;
        let mut tx = self.context.app.db.begin().await?;
        let attempt = match ended {
            Ok((snapshot, refusal)) => {
                if acts::finish(&mut tx, tenant, request.id, self.lease.owner, refusal.as_ref()).await? {
                    sync::update_snapshot(self.context, &mut tx, self.invoice, &snapshot, now).await?;
                    let outcome = if refusal.is_some() { "refused" } else { "done" };
                    let mut detail = json!({ "act": request.id.0, "quickbooks_id": snapshot.quickbooks_id });
                    if let Some((code, call)) = self.refused.get() {
                        (detail["code"], detail["intuit_tid"]) = (json!(code), json!(call));
                    }
                    let name = format!("{} {outcome}", request.act.name());
                    audit::record(&mut tx, tenant, Some(request.by), &name, Some(self.invoice.id), &detail, now)
                        .await?;
                }
                Attempt::Done
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, act.id = %request.id.0, %error, "an act is not settled yet");
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

    /// An answer without a state, after an earlier e-mail, would let the second one count as sent.
    #[test]
    fn only_a_first_email_shows_in_the_state() {
        assert!(shows_first_email("", true));
        for (seen, is_sent) in [("", false), ("sent", false), ("sent", true)] {
            assert!(!shows_first_email(seen, is_sent), "{seen} {is_sent}");
        }
    }
}

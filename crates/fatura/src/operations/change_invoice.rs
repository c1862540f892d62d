//! Voids, deletes, corrects or e-mails an issued invoice.
//!
//! An irreversible action is carried out only on the state that the user saw: QuickBooks refuses a stale `SyncToken`, and the invoice is then
//! read again and compared.

use super::{classify, describe, request_id};
use crate::flows::{Error, catalogue, context::TenantContext, refusals::find_cause_of_action, sync};
use domain::{
    ids::ActionId,
    invoice::{InvoiceAction, Snapshot, compute_status},
    operation::{Failure, Operation, Phase, Repetition, Step},
    refusal::RefusalCause,
};
use engine::{Attempt, HEARTBEAT_INTERVAL, Kind, Lease};
use providers::ProviderError;
use serde_json::json;
use std::ops::ControlFlow;
use store::{
    Tx, audit,
    invoice_actions::{self, Reason, StoredAction},
    invoices::{self, Invoice, State as InvoiceState},
    quickbooks::{self, Connection},
};
use uuid::Uuid;

/// Makes one attempt at an action.
pub(crate) async fn attempt(context: &TenantContext, id: ActionId) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.begin().await?;
    let lease = Lease::new(tenant, id, app.clock.now());
    let Some((requested, phase)) =
        invoice_actions::claim(&mut tx, tenant, id, lease.owner, lease.since, lease.until()).await?
    else {
        let existing = invoice_actions::find(&mut tx, tenant, id).await?;
        let is_unfinished = existing.is_some_and(|action| action.is_under_way());
        return Ok(if is_unfinished { Attempt::Later(HEARTBEAT_INTERVAL) } else { Attempt::Done });
    };
    let invoice = invoices::find(&mut tx, tenant, requested.request.invoice).await?.ok_or(Error::NotFound)?;
    let InvoiceState::Issued(stored) = &invoice.state else { return Err(Error::NotFound) };
    tx.commit().await?;
    let current = stored.clone();
    let owner = lease.owner;
    let mut change =
        ChangeInvoice { context, requested: &requested, phase, invoice: &invoice, current, owner, sends: 0 };
    engine::attempt(app, &lease, &mut change).await
}

/// One action.
struct ChangeInvoice<'a> {
    context: &'a TenantContext,
    requested: &'a StoredAction,
    phase: Phase,
    invoice: &'a Invoice,
    /// The newest known state of the invoice: at first the stored one.
    current: Snapshot,
    owner: Uuid,
    /// The number of requests of this attempt.
    sends: u8,
}

/// The end of an action: the current state, and the reason if the action was not carried out.
struct Ended {
    snapshot: Snapshot,
    refusal: Option<Reason>,
}

/// Whether the state shows that the first e-mail was sent. After an earlier e-mail, it cannot show another one.
fn shows_first_email(seen: &str, is_sent: bool) -> bool {
    seen.is_empty() && is_sent
}

impl ChangeInvoice<'_> {
    async fn find_connection(&self) -> Result<Connection, Error> {
        let (app, tenant) = (&self.context.app, self.context.tenant);
        let mut tx = app.db.read().await?;
        quickbooks::find(&mut tx, &app.vault, tenant, self.invoice.connection).await?.ok_or(Error::NotConnected)
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

    /// Finds the end of the action if nothing is left to do: the invoice has the state after the action, or the action no longer applies.
    fn find_end(&self, connection: &Connection) -> Option<Ended> {
        let request = &self.requested.request;
        let current = &self.current;
        let today = self.context.app.clock.today(&connection.company.time_zone);
        let end = |refusal| Some(Ended { snapshot: current.clone(), refusal });
        if request.action.depends_on_state() && request.action.is_done(current, self.invoice.request.total) {
            end(None)
        } else if !request.action.is_allowed(compute_status(current, today)) {
            end(Some(Reason::NotNow))
        } else if request.action.depends_on_state() && request.action.seen_state(current) != request.seen {
            end(Some(Reason::Changed))
        } else {
            None
        }
    }

    async fn call(&self, connection: &Connection) -> Result<Snapshot, Error> {
        let current = &self.current;
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
}

impl Kind for ChangeInvoice<'_> {
    type Id = ActionId;
    type Done = Ended;
    type Prepared = Connection;
    type Error = Error;
    type StoreError = Error;
    const IS_SHOWN: bool = true;

    fn describe(&self) -> Operation {
        let repetition = match self.requested.request.action {
            InvoiceAction::Send => Repetition::Accepted,
            // QuickBooks refuses a second one by its `SyncToken`.
            InvoiceAction::Void | InvoiceAction::Delete | InvoiceAction::Correct => Repetition::Refused,
        };
        describe(self.phase, repetition, self.requested.at, self.requested.attempts)
    }

    fn classify(&self, step: Step, error: &Error) -> Failure {
        match error {
            Error::NotFound if step == Step::Send => Failure::Stale,
            Error::QuickBooks(ProviderError::Refused(refusal)) if step == Step::Send => match refusal.code.as_str() {
                "5010" => Failure::Stale,
                // The first request may name an invoice that was deleted since.
                "610" if self.sends < 2 => Failure::Stale,
                _ => Failure::Refused,
            },
            error => classify(&self.context.app, error),
        }
    }

    async fn look_up(&mut self) -> Result<Option<Ended>, Error> {
        let connection = self.find_connection().await?;
        let id = &self.current.quickbooks_id;
        let read = self.context.quickbooks(&connection).call(async |api| api.read_invoice(id).await).await?;
        self.current = sync::merge_snapshots(&self.current, read);
        if self.requested.request.action == InvoiceAction::Send && self.is_sent(&connection, &self.current).await? {
            return Ok(Some(Ended { snapshot: self.current.clone(), refusal: None }));
        }
        Ok(self.find_end(&connection))
    }

    async fn prepare(&mut self) -> Result<ControlFlow<Ended, Connection>, Error> {
        let connection = self.find_connection().await?;
        // The snapshot may be newer than the request, which waited for its admission or after a crash.
        Ok(match self.find_end(&connection) {
            Some(end) => ControlFlow::Break(end),
            None => ControlFlow::Continue(connection),
        })
    }

    async fn send(&mut self, connection: Connection) -> Result<Ended, Error> {
        self.sends = self.sends.saturating_add(1);
        Ok(Ended { snapshot: self.call(&connection).await?, refusal: None })
    }

    async fn record(&mut self, tx: &mut Tx, result: Result<Ended, Error>) -> Result<(), Error> {
        let (tenant, now) = (self.context.tenant, self.context.app.clock.now());
        let request = &self.requested.request;
        let mut call = None;
        let Ended { snapshot, refusal } = match result {
            Ok(ended) => ended,
            Err(Error::QuickBooks(ProviderError::Refused(refusal))) => {
                call = Some((refusal.code.clone(), refusal.call_id));
                let reason = self.explain_refusal(&self.current, &refusal.code, refusal.detail);
                Ended { snapshot: self.current.clone(), refusal: Some(reason) }
            }
            Err(Error::QuickBooks(ProviderError::NotPermitted(refusal))) => {
                call = Some((refusal.code, refusal.call_id));
                let reason = Reason::Explained(RefusalCause::Reconnect, refusal.detail);
                Ended { snapshot: self.current.clone(), refusal: Some(reason) }
            }
            Err(Error::QuickBooks(ProviderError::WrongEnvironment(refusal))) => {
                call = Some((refusal.code, refusal.call_id));
                let reason = Reason::Explained(RefusalCause::Environment, refusal.detail);
                Ended { snapshot: self.current.clone(), refusal: Some(reason) }
            }
            Err(error) => return Err(error),
        };
        if invoice_actions::finish(tx, tenant, request.id, self.owner, refusal.as_ref()).await? {
            sync::update_snapshot(self.context, tx, self.invoice, &snapshot, now).await?;
            let outcome = if refusal.is_some() { "refused" } else { "done" };
            let mut detail = json!({ "act": request.id.0, "quickbooks_id": snapshot.quickbooks_id });
            if let Some((code, id)) = call {
                (detail["code"], detail["intuit_tid"]) = (json!(code), json!(id));
            }
            let name = format!("{} {outcome}", request.action.name());
            audit::record(tx, tenant, Some(request.by), &name, Some(self.invoice.id), &detail, now).await?;
        }
        Ok(())
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

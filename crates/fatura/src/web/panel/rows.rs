//! The rows of a panel: one invoice each, with the actions that its state allows.

use super::super::refusals;
use crate::{
    flows::panel::{PanelContent, may_remove},
    format::Writer,
    state::App,
};
use domain::{
    ids::UserId,
    invoice::{InvoiceAction, Snapshot, Status, compute_status},
    settings::Settings,
};
use i18n_embed_fl::fl;
use jiff::{Timestamp, civil::Date};
use providers::quickbooks::{AppliedPayment, Payments};
use serde::Serialize;
use store::{
    invoice_actions::{self, Reason, StoredAction},
    invoices::{Invoice, State},
    parked::ParkReason,
    quickbooks,
};
use uuid::Uuid;

/// One invoice, formatted.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) number: Option<String>,
    pub(crate) customer: String,
    pub(crate) total: String,
    pub(crate) status: &'static str,
    pub(crate) badge: String,
    /// The unpaid amount, and for how many days it is overdue.
    pub(crate) note: Option<String>,
    /// A warning that the row may be out of date, because QuickBooks' answer cannot be read.
    pub(crate) unreadable: Option<String>,
    pub(crate) issued: String,
    pub(crate) due: String,
    /// Both dates in the long format.
    pub(crate) long_dates: String,
    /// Whether it was e-mailed; `None` for a voided or deleted invoice.
    pub(crate) sent: Option<String>,
    pub(crate) menu: Option<Menu>,
    /// The action that is in progress.
    pub(crate) pending: Option<String>,
    /// Why the last action was not carried out.
    pub(crate) refusal: Option<String>,
    /// The deal whose form can correct it, if QuickBooks refused it.
    pub(crate) correctable_deal: Option<i64>,
    /// Whether this user may remove it, because it was never sent or QuickBooks refused it.
    pub(crate) can_remove: bool,
    /// Whether it is parked.
    pub(crate) is_parked: bool,
    /// Whether a user may resend it, after checking in QuickBooks that it does not exist.
    pub(crate) may_resend: bool,
}

/// The actions on an invoice.
pub(crate) struct Menu {
    pub(crate) label: String,
    /// The displayed state; posted with irreversible actions.
    pub(crate) seen: String,
    pub(crate) link: String,
    pub(crate) can_send: bool,
    pub(crate) can_pdf: bool,
    pub(crate) void: Option<ConfirmationDialog>,
    pub(crate) delete: Option<ConfirmationDialog>,
    /// Whether only administrators may void and delete it.
    pub(crate) admins_only: bool,
}

/// The question before an irreversible action.
#[derive(Serialize)]
pub(crate) struct ConfirmationDialog {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) ok: String,
    /// Whether something was paid. The payments are read from QuickBooks when the user opens the question.
    #[serde(skip)]
    pub(crate) is_paid: bool,
}

/// The rights of the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permissions {
    void: bool,
    user: UserId,
    is_admin: bool,
}

impl Permissions {
    pub(crate) fn of(settings: &Settings, user: UserId, is_admin: bool) -> Self {
        Self { void: settings.void.includes(is_admin), user, is_admin }
    }
}

/// Builds the row of an invoice.
pub(super) fn build_row(
    app: &App,
    w: Writer,
    invoice: &Invoice,
    shown: &PanelContent,
    permissions: Permissions,
    format_time: impl Fn(&Timestamp) -> String,
) -> Row {
    match (&invoice.state, shown.connection(invoice)) {
        (State::Issued(snapshot), Some(connection)) => {
            let context = InvoiceContext {
                link: app.config.invoice_page(&connection.realm_id, &snapshot.quickbooks_id),
                is_connected: connection.state == quickbooks::State::Active,
                action: shown.actions.get(&invoice.id.0),
                today: app.clock.today(&connection.company.time_zone),
                permissions,
            };
            let mut row = build_issued_row(w, invoice, snapshot, context);
            if let Some(since) = &invoice.unreadable_since {
                row.unreadable = Some(fl!(w.t, "panel-unreadable", time = format_time(since)));
            }
            row
        }
        _ => build_unissued_row(w, invoice, permissions),
    }
}

/// The inputs of an issued invoice's row besides the invoice.
struct InvoiceContext<'a> {
    /// The invoice's page in QuickBooks.
    link: String,
    /// Whether the company is connected.
    is_connected: bool,
    /// The newest action on the invoice.
    action: Option<&'a StoredAction>,
    /// The current date of the company.
    today: Date,
    permissions: Permissions,
}

fn build_issued_row(w: Writer, invoice: &Invoice, snapshot: &Snapshot, context: InvoiceContext<'_>) -> Row {
    let InvoiceContext { link, is_connected, action, today, permissions } = context;
    let status = compute_status(snapshot, today);
    let number = display_number(snapshot);
    let is_partly = snapshot.balance.amount() < snapshot.total.amount() && !snapshot.balance.is_zero();
    let mut notes = Vec::new();
    if is_partly {
        let paid = w.amount(&snapshot.paid(), &snapshot.total.currency());
        notes.push(fl!(w.t, "panel-left-to-pay", amount = w.money(&snapshot.balance)));
        if status == Status::Overdue {
            notes.push(fl!(w.t, "panel-paid-so-far", amount = paid));
        }
    }
    if status == Status::Overdue {
        let days = snapshot.due.until(today).map(|span| span.get_days()).unwrap_or_default();
        notes.push(fl!(w.t, "panel-overdue-for", days = days));
    }
    let is_valid = !matches!(status, Status::Voided | Status::Deleted);
    let sent = is_valid.then(|| if snapshot.sent { fl!(w.t, "panel-sent") } else { fl!(w.t, "panel-not-sent") });
    let pending = action
        .filter(|action| matches!(action.state, invoice_actions::State::Queued | invoice_actions::State::Sending));
    let refusal = action.and_then(|action| match &action.state {
        invoice_actions::State::Refused(reason) => {
            Some(describe_refusal(w, action.request.action, reason, &w.badge(status)))
        }
        _ => None,
    });
    let menu = (status != Status::Deleted && pending.is_none()).then(|| Menu {
        label: fl!(w.t, "menu-label", number = number.as_str()),
        seen: snapshot.state_text(),
        link,
        can_send: is_connected && InvoiceAction::Send.is_allowed(status),
        can_pdf: is_connected,
        void: (is_connected && permissions.void && InvoiceAction::Void.is_allowed(status))
            .then(|| build_dialog(w, InvoiceAction::Void, snapshot, None)),
        delete: (is_connected && permissions.void && InvoiceAction::Delete.is_allowed(status))
            .then(|| build_dialog(w, InvoiceAction::Delete, snapshot, None)),
        admins_only: is_connected && !permissions.void && InvoiceAction::Delete.is_allowed(status),
    });
    let (issued, due) = (w.date(&snapshot.issued), w.date(&snapshot.due));
    Row {
        id: invoice.id.0,
        customer: snapshot.customer_name.clone(),
        total: w.money(&snapshot.total),
        status: status.name(),
        badge: w.badge(status),
        note: (!notes.is_empty()).then(|| notes.join(" · ")),
        unreadable: None,
        long_dates: format!("{} – {}", w.long_date(&snapshot.issued), w.long_date(&snapshot.due)),
        issued: fl!(w.t, "panel-issued", date = issued),
        due: fl!(w.t, "panel-due", due = due),
        sent,
        menu,
        pending: pending.map(|action| match action.request.action {
            _ if action.park_reason.is_some() => fl!(w.t, "status-stuck"),
            InvoiceAction::Void => fl!(w.t, "act-voiding"),
            InvoiceAction::Delete => fl!(w.t, "act-deleting"),
            InvoiceAction::Send => fl!(w.t, "act-sending"),
            InvoiceAction::Correct => fl!(w.t, "act-correcting"),
        }),
        refusal,
        correctable_deal: None,
        can_remove: false,
        is_parked: false,
        may_resend: false,
        number: Some(number),
    }
}

/// Returns the number of an invoice, or else its QuickBooks id.
fn display_number(snapshot: &Snapshot) -> String {
    snapshot.doc_number.clone().unwrap_or_else(|| format!("#{}", snapshot.quickbooks_id))
}

/// Builds the question before an irreversible action, with the paid amount and, if they were read, the payments.
pub(super) fn build_dialog(
    w: Writer,
    action: InvoiceAction,
    snapshot: &Snapshot,
    payments: Option<&Payments>,
) -> ConfirmationDialog {
    let (number, total) = (display_number(snapshot), w.money(&snapshot.total));
    let (title, consequence, ok) = if action == InvoiceAction::Delete {
        let text = fl!(w.t, "delete-text", total = total);
        (fl!(w.t, "delete-title", number = number), text, fl!(w.t, "delete-ok"))
    } else {
        let text = fl!(w.t, "void-text", total = total);
        (fl!(w.t, "void-title", number = number), text, fl!(w.t, "void-ok"))
    };
    let mut text = vec![consequence];
    let paid = snapshot.paid();
    if !paid.is_zero() {
        let amount = w.amount(&paid, &snapshot.total.currency());
        text.push(match payments.filter(|payments| !payments.payments.is_empty()) {
            Some(payments) => {
                let list = list_payments(w, payments);
                fl!(w.t, "paid-already-by", amount = amount, count = payments.count, payments = list)
            }
            None => fl!(w.t, "paid-already", amount = amount),
        });
        text.push(fl!(w.t, "payments-stay"));
        if action == InvoiceAction::Delete {
            text.push(fl!(w.t, "delete-text-paid"));
        }
    }
    ConfirmationDialog { title, text: text.join(" "), ok, is_paid: !paid.is_zero() }
}

/// Upper bound for the payments that a question lists.
const MAX_LISTED_PAYMENTS: usize = 5;

fn list_payments(w: Writer, payments: &Payments) -> String {
    let describe = |payment: &AppliedPayment| {
        let (amount, date) = (w.money(&payment.amount), w.date(&payment.date));
        if payment.is_credit {
            fl!(w.t, "paid-credit", amount = amount, date = date)
        } else {
            fl!(w.t, "paid-payment", amount = amount, date = date)
        }
    };
    let listed: Vec<String> = payments.payments.iter().take(MAX_LISTED_PAYMENTS).map(describe).collect();
    let more = payments.count.saturating_sub(listed.len());
    let listed = listed.join("; ");
    if more > 0 { fl!(w.t, "paid-more", payments = listed, count = more) } else { listed }
}

/// Describes why an action was not carried out.
pub(in crate::web) fn describe_refusal(w: Writer, action: InvoiceAction, reason: &Reason, badge: &str) -> String {
    let outcome = match action {
        InvoiceAction::Void => fl!(w.t, "act-not-voided"),
        InvoiceAction::Delete => fl!(w.t, "act-not-deleted"),
        InvoiceAction::Send => fl!(w.t, "act-not-sent"),
        InvoiceAction::Correct => fl!(w.t, "act-not-corrected"),
    };
    let cause = match reason {
        Reason::Changed => fl!(w.t, "act-changed", badge = badge),
        Reason::NotNow => fl!(w.t, "act-not-now", badge = badge),
        Reason::NoAddress => fl!(w.t, "act-no-address"),
        Reason::HasPayments(detail) => {
            let text = if action == InvoiceAction::Delete {
                fl!(w.t, "act-has-payments-delete")
            } else {
                fl!(w.t, "act-has-payments-void")
            };
            refusals::quote(w, &text, detail)
        }
        Reason::Explained(cause, detail) => refusals::describe_cause(w, *cause, detail),
        Reason::Refused(detail) => refusals::quote(w, "", detail),
    };
    format!("{outcome} {cause}")
}

/// Builds the row of an invoice that was refused or whose outcome is not known yet.
fn build_unissued_row(w: Writer, invoice: &Invoice, permissions: Permissions) -> Row {
    let refused = matches!(invoice.state, State::Refused(_));
    let is_doubt = invoice.park_reason == Some(ParkReason::Doubt);
    let (status, badge, note) = if refused {
        ("refused", fl!(w.t, "status-refused"), fl!(w.t, "panel-refused"))
    } else if is_doubt {
        ("stuck", fl!(w.t, "status-stuck"), fl!(w.t, "stuck-doubt"))
    } else if invoice.park_reason.is_some() {
        let note = match (&invoice.park_reason, &invoice.state) {
            (Some(ParkReason::Disconnected), State::Queued) => fl!(w.t, "panel-stuck-disconnected"),
            (_, State::Queued) => fl!(w.t, "panel-stuck-unsent"),
            _ => fl!(w.t, "panel-stuck"),
        };
        ("stuck", fl!(w.t, "status-stuck"), note)
    } else {
        ("checking", fl!(w.t, "status-checking"), fl!(w.t, "panel-checking"))
    };
    Row {
        id: invoice.id.0,
        number: None,
        customer: invoice.customer_name.clone(),
        total: w.amount(&invoice.request.total, &invoice.request.currency),
        status,
        badge,
        note: Some(note),
        unreadable: None,
        issued: fl!(w.t, "panel-issued", date = w.date(&invoice.request.issued)),
        due: fl!(w.t, "panel-due", due = w.date(&invoice.request.due)),
        long_dates: format!("{} – {}", w.long_date(&invoice.request.issued), w.long_date(&invoice.request.due)),
        sent: None,
        menu: None,
        pending: None,
        refusal: None,
        correctable_deal: refused.then_some(invoice.deal.0),
        can_remove: may_remove(invoice, permissions.user, permissions.is_admin),
        is_parked: invoice.park_reason.is_some(),
        may_resend: is_doubt,
    }
}

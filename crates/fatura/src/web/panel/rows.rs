//! One invoice as a panel shows it, with the menu that its state allows.

use super::super::refusals;
use crate::{
    flows::panel::{Shown, may_remove},
    format::Writer,
    state::App,
};
use domain::{
    ids::UserId,
    invoice::{Act, Snapshot, Status, compute_status},
    settings::Settings,
};
use i18n_embed_fl::fl;
use jiff::{Timestamp, civil::Date};
use providers::quickbooks::{AppliedPayment, Payments};
use serde::Serialize;
use store::{
    acts::{self, Reason, StoredAct},
    invoices::{Invoice, State},
    parked::ParkReason,
    quickbooks,
};
use uuid::Uuid;

/// One row.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) number: Option<String>,
    pub(crate) customer: String,
    pub(crate) total: String,
    pub(crate) status: &'static str,
    pub(crate) badge: String,
    /// The unpaid amount, and since when it is overdue.
    pub(crate) note: Option<String>,
    /// That what is shown may be old, because QuickBooks' answer cannot be read.
    pub(crate) unreadable: Option<String>,
    pub(crate) issued: String,
    pub(crate) due: String,
    /// Both dates in words.
    pub(crate) long_dates: String,
    /// Whether it was e-mailed; nothing where that does not matter.
    pub(crate) sent: Option<String>,
    pub(crate) menu: Option<Menu>,
    /// An act that is under way.
    pub(crate) pending: Option<String>,
    /// Why the last act was not carried out.
    pub(crate) refusal: Option<String>,
    /// The deal whose form mends it.
    pub(crate) mend: Option<i64>,
    /// Whether this user may remove it, because QuickBooks refused it.
    pub(crate) can_remove: bool,
    /// Whether somebody has to look.
    pub(crate) stuck: bool,
    /// Whether a person who has looked in QuickBooks may send it again.
    pub(crate) may_resend: bool,
}

/// The actions on an invoice.
pub(crate) struct Menu {
    pub(crate) label: String,
    /// The state that the person sees; sent with actions that cannot be undone.
    pub(crate) seen: String,
    pub(crate) link: String,
    pub(crate) can_send: bool,
    pub(crate) can_pdf: bool,
    pub(crate) void: Option<Dialogue>,
    pub(crate) delete: Option<Dialogue>,
    /// The role forbids voiding and deleting.
    pub(crate) admins_only: bool,
}

/// A question before an act.
#[derive(Serialize)]
pub(crate) struct Dialogue {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) ok: String,
    /// Something was paid: by which payments, QuickBooks has to be asked.
    #[serde(skip)]
    pub(crate) is_paid: bool,
}

/// The rights of the person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct May {
    void: bool,
    user: UserId,
    is_admin: bool,
}

impl May {
    pub(crate) fn of(settings: &Settings, user: UserId, is_admin: bool) -> Self {
        Self { void: settings.void.includes(is_admin), user, is_admin }
    }
}

/// The row of an invoice.
pub(super) fn row(
    app: &App,
    w: Writer,
    invoice: &Invoice,
    shown: &Shown,
    may: May,
    moment: impl Fn(&Timestamp) -> String,
) -> Row {
    match (&invoice.state, shown.connection(invoice)) {
        (State::Issued(snapshot), Some(connection)) => {
            let context = InvoiceContext {
                link: app.config.invoice_page(&connection.realm_id, &snapshot.quickbooks_id),
                works: connection.state == quickbooks::State::Active,
                act: shown.acts.get(&invoice.id.0),
                today: app.clock.today(&connection.company.time_zone),
                may,
            };
            let mut row = issued(w, invoice, snapshot, context);
            if let Some(since) = &invoice.unreadable_since {
                row.unreadable = Some(fl!(w.t, "panel-unreadable", time = moment(since)));
            }
            row
        }
        _ => unsettled(w, invoice, may),
    }
}

/// All that the row of an invoice in QuickBooks depends on beside the invoice.
struct InvoiceContext<'a> {
    /// The invoice's page in QuickBooks.
    link: String,
    /// Whether the company is connected.
    works: bool,
    /// The newest act on the invoice.
    act: Option<&'a StoredAct>,
    /// The current date of the company.
    today: Date,
    may: May,
}

fn issued(w: Writer, invoice: &Invoice, snapshot: &Snapshot, context: InvoiceContext<'_>) -> Row {
    let InvoiceContext { link, works, act, today, may } = context;
    let status = compute_status(snapshot, today);
    let number = number(snapshot);
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
    let stands = !matches!(status, Status::Voided | Status::Deleted);
    let sent = stands.then(|| if snapshot.sent { fl!(w.t, "panel-sent") } else { fl!(w.t, "panel-not-sent") });
    let pending = act.filter(|act| matches!(act.state, acts::State::Queued | acts::State::Sending));
    let refusal = act.and_then(|act| match &act.state {
        acts::State::Refused(reason) => Some(refused(w, act.request.act, reason, &w.badge(status))),
        _ => None,
    });
    let menu = (status != Status::Deleted && pending.is_none()).then(|| Menu {
        label: fl!(w.t, "menu-label", number = number.as_str()),
        seen: snapshot.state_text(),
        link,
        can_send: works && Act::Send.is_allowed(status),
        can_pdf: works,
        void: (works && may.void && Act::Void.is_allowed(status)).then(|| dialogue(w, Act::Void, snapshot, None)),
        delete: (works && may.void && Act::Delete.is_allowed(status)).then(|| dialogue(w, Act::Delete, snapshot, None)),
        admins_only: works && !may.void && Act::Delete.is_allowed(status),
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
        pending: pending.map(|act| match act.request.act {
            _ if act.park_reason.is_some() => fl!(w.t, "status-stuck"),
            Act::Void => fl!(w.t, "act-voiding"),
            Act::Delete => fl!(w.t, "act-deleting"),
            Act::Send => fl!(w.t, "act-sending"),
            Act::Correct => fl!(w.t, "act-correcting"),
        }),
        refusal,
        mend: None,
        can_remove: false,
        stuck: false,
        may_resend: false,
        number: Some(number),
    }
}

/// The name of an invoice: its number, or QuickBooks' own id.
fn number(snapshot: &Snapshot) -> String {
    snapshot.doc_number.clone().unwrap_or_else(|| format!("#{}", snapshot.quickbooks_id))
}

/// The question before an act that cannot be undone: with what was paid, and by which payments where they were read.
pub(super) fn dialogue(w: Writer, act: Act, snapshot: &Snapshot, payments: Option<&Payments>) -> Dialogue {
    let (number, total) = (number(snapshot), w.money(&snapshot.total));
    let (title, consequence, ok) = if act == Act::Delete {
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
                let list = list(w, payments);
                fl!(w.t, "paid-already-by", amount = amount, count = payments.count, payments = list)
            }
            None => fl!(w.t, "paid-already", amount = amount),
        });
        text.push(fl!(w.t, "payments-stay"));
        if act == Act::Delete {
            text.push(fl!(w.t, "delete-text-paid"));
        }
    }
    Dialogue { title, text: text.join(" "), ok, is_paid: !paid.is_zero() }
}

/// Payments that a question names one by one.
const PAYMENTS_NAMED: usize = 5;

fn list(w: Writer, payments: &Payments) -> String {
    let one = |payment: &AppliedPayment| {
        let (amount, date) = (w.money(&payment.amount), w.date(&payment.date));
        if payment.is_credit {
            fl!(w.t, "paid-credit", amount = amount, date = date)
        } else {
            fl!(w.t, "paid-payment", amount = amount, date = date)
        }
    };
    let named: Vec<String> = payments.payments.iter().take(PAYMENTS_NAMED).map(one).collect();
    let more = payments.count.saturating_sub(named.len());
    let named = named.join("; ");
    if more > 0 { fl!(w.t, "paid-more", payments = named, count = more) } else { named }
}

/// Why an act was not carried out, in words.
pub(in crate::web) fn refused(w: Writer, act: Act, reason: &Reason, badge: &str) -> String {
    let what = match act {
        Act::Void => fl!(w.t, "act-not-voided"),
        Act::Delete => fl!(w.t, "act-not-deleted"),
        Act::Send => fl!(w.t, "act-not-sent"),
        Act::Correct => fl!(w.t, "act-not-corrected"),
    };
    let why = match reason {
        Reason::Changed => fl!(w.t, "act-changed", badge = badge),
        Reason::NotNow => fl!(w.t, "act-not-now", badge = badge),
        Reason::NoAddress => fl!(w.t, "act-no-address"),
        Reason::HasPayments(detail) => {
            let why = if act == Act::Delete {
                fl!(w.t, "act-has-payments-delete")
            } else {
                fl!(w.t, "act-has-payments-void")
            };
            refusals::quote(w, &why, detail)
        }
        Reason::Explained(cause, detail) => refusals::word(w, *cause, detail),
        Reason::Refused(detail) => refusals::quote(w, "", detail),
    };
    format!("{what} {why}")
}

/// An invoice that is not known to stand.
fn unsettled(w: Writer, invoice: &Invoice, may: May) -> Row {
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
        total: w.amount(&invoice.draft.total, &invoice.draft.currency),
        status,
        badge,
        note: Some(note),
        unreadable: None,
        issued: fl!(w.t, "panel-issued", date = w.date(&invoice.draft.issued)),
        due: fl!(w.t, "panel-due", due = w.date(&invoice.draft.due)),
        long_dates: format!("{} – {}", w.long_date(&invoice.draft.issued), w.long_date(&invoice.draft.due)),
        sent: None,
        menu: None,
        pending: None,
        refusal: None,
        mend: refused.then_some(invoice.deal.0),
        can_remove: may_remove(invoice, may.user, may.is_admin),
        stuck: invoice.park_reason.is_some(),
        may_resend: is_doubt,
    }
}
